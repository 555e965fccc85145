-- The hub works for the house gateway too, under the role that it has for that.

do $$ begin create role wardbook_hub nologin; exception when duplicate_object or unique_violation then null; end $$;
grant wardbook_house to wardbook_hub;
