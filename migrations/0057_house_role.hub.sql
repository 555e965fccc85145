-- The hub may take on the role of the house's gateway too. What belongs to the books as a whole, and to no service, it reads and
-- writes as itself.
grant wardbook_house to wardbook_hub;
grant usage on schema billing, payments, house to wardbook_hub;
grant select on all tables in schema billing, payments, house to wardbook_hub;
grant insert, update on billing.reconciliation to wardbook_hub;
