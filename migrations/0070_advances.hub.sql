-- Money that a patient leaves with the hospital without a bill, and bills that are paid with what was left.

create table payments.spending (
    id      uuid   primary key,
    payment uuid   not null references payments.payment (id),
    bill    uuid   not null references billing.bill (id),
    minor   bigint not null check (minor > 0),
    by      uuid   not null,
    at_ms   bigint not null
);
create index spending_of_payment on payments.spending (payment);
create index spending_of_bill on payments.spending (bill);
comment on table payments.spending is 'Bills that were paid with what an earlier payment left with the hospital.';
create trigger spending_is_kept before update or delete on payments.spending
    for each row execute function billing.never();
create trigger spending_is_not_emptied before truncate on payments.spending
    for each statement execute function billing.never();
grant select, insert on payments.spending to wardbook_payments;
grant select on payments.spending to wardbook_hub;
create index payment_of_patient on payments.payment (patient, number) where kept > 0;
