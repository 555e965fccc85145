-- Why a part of a bill that nobody paid was taken back.

create table billing.credit_note (
    id     uuid   primary key,
    bill   uuid   not null references billing.bill (id),
    minor  bigint not null check (minor > 0),
    reason text   not null check (reason <> ''),
    by     uuid   not null,
    at_ms  bigint not null
);
comment on table billing.credit_note is 'Parts of bills that were taken back, and why.';
create trigger credit_note_is_kept before update or delete on billing.credit_note for each row execute function billing.never();
grant select, insert on billing.credit_note to wardbook_payments;
