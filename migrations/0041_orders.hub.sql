-- What a pharmacy handed out and what a laboratory found is billed too, and what becomes of money is told to whoever wants to know.

alter table billing.bill drop constraint bill_kind_check;
alter table billing.bill add constraint bill_kind_check
    check (kind in ('consultation', 'cancellation', 'no_show', 'supplement', 'pharmacy', 'lab'));
-- the order that a bill is for: each is billed once, however often it is told
alter table billing.bill add column based_on uuid unique;
-- a visit may have any number of orders
drop index billing.bill_of_visit;
create unique index bill_of_visit on billing.bill (appointment, round, kind) where kind not in ('supplement', 'pharmacy', 'lab');

-- what is told is written with what causes it; nothing of it is read there
grant insert on event to wardbook_billing, wardbook_payments;
