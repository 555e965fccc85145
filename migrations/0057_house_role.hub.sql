-- What the house keeps is reached under a role of its own too, which the hub may take on.
grant wardbook_house to wardbook_hub;
