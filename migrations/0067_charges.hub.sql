-- Charges as a cashier watches them: what nobody knows is said to be unknown, and what nobody wants any more is let go of.

alter table payments.errand
    -- why it is not known what the gateway made of the last call
    add column doubt       text,
    -- who does not want it any more
    add column unwanted_by uuid;
grant update (doubt, unwanted_by) on payments.errand to wardbook_payments;
create index errand_charge_of_bill on payments.errand (bill, begun_ms) where kind = 'charge' and bill is not null;
