-- Money at ward desks: what desks number receipts with, and what they gave a number to.

alter table hospital
    -- the hospital's part of the number of a receipt: 26A1-K7Q-000123
    add column facility text not null default 'A1' check (facility ~ '^[0-9A-Z]{2}$');

-- What each life of a desk numbers receipts with: one that is put back from a copy, or begun anew, gets another.
create table payments.desk_series (
    code        text    primary key check (code ~ '^[0-9]{2}[0-9A-Z]{2}-[0-9A-Z]{3}$'),
    device      uuid    not null,
    incarnation integer not null,
    year        integer not null,
    -- the highest number that came
    last        integer not null default 0 check (last between 0 and 999999)
);
-- below nothing: given before the hub was put back from a copy, and named by the desk
create unique index desk_series_of on payments.desk_series (device, incarnation, year) where incarnation >= 0;
comment on table payments.desk_series is 'Series of receipts that desks give out.';

-- Everything with such a number, as the desk told it. What came once under a number is what it stands for.
create table payments.document (
    series  text    not null references payments.desk_series (code),
    number  integer not null check (number between 1 and 999999),
    id      uuid    not null unique,
    by      uuid    not null,
    body    jsonb   not null,
    -- shared::payments::desk::Outcome
    outcome jsonb   not null,
    -- by the desk's clock, and when it came; milliseconds since 1970
    at_ms   bigint  not null,
    came_ms bigint  not null,
    primary key (series, number)
);
create index document_voids on payments.document ((body -> 'what' -> 'void' ->> 'of')) where body -> 'what' ? 'void';
comment on table payments.document is 'Receipts of desks, and documents that make one void. Each is posted once.';

-- What came under a number that stands for something else. A person finds out which of the two is right.
create table payments.document_doubled (
    id      uuid   primary key,
    device  uuid   not null,
    number  text   not null,
    body    jsonb  not null,
    came_ms bigint not null
);
comment on table payments.document_doubled is 'Documents of desks whose number stands for something else.';

create trigger document_is_kept before delete on payments.document
    for each row execute function billing.never();
create trigger document_is_not_emptied before truncate on payments.document
    for each statement execute function billing.never();

grant select (facility) on hospital to wardbook_payments;
grant select, insert on payments.desk_series, payments.document, payments.document_doubled to wardbook_payments;
grant update (last) on payments.desk_series to wardbook_payments;
-- the same exception is written once
grant select (cause) on billing.exception to wardbook_payments;
