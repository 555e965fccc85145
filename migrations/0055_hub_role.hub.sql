-- The hub works under a role of its own, which owns nothing. What was done is written down by it and never changed: not by a
-- mistake, nor by whoever gets it to run something else. Migrations, and nothing else, are run by the owner.
--
-- It belongs to the whole server, so another database of it may have made it.
do $$ begin create role wardbook_hub nologin; exception when duplicate_object or unique_violation then null; end $$;
grant wardbook_hub to current_user;
grant wardbook_billing, wardbook_payments to wardbook_hub;

grant select, insert, update, delete on all tables in schema public to wardbook_hub;
grant usage, select, update on all sequences in schema public to wardbook_hub;
alter default privileges in schema public grant select, insert, update, delete on tables to wardbook_hub;
alter default privileges in schema public grant usage, select, update on sequences to wardbook_hub;

-- what happened, and what is kept of it
revoke update, delete on audit_deed, audit_desk, audit_signature, audit_log, audit_head, change from wardbook_hub;
revoke insert, update, delete on migration from wardbook_hub;
