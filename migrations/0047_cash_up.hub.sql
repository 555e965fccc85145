-- The end of a day: drawers are counted, the day is closed, and what gateways paid out is compared. The rules are in
-- shared::billing::days, shared::payments::drawers and shared::payments::settlements.

-- Days that are closed. Each closes those before it as well.
create table billing.day_close (
    day       date   primary key,
    closed_ms bigint not null,
    by        uuid   not null
);
comment on table billing.day_close is 'Days of the books that are closed. A day is closed once.';
create trigger day_close_is_kept before update or delete on billing.day_close
    for each row execute function billing.never();
create trigger day_close_is_not_emptied before truncate on billing.day_close
    for each statement execute function billing.never();

-- In which day a journal is counted: the hospital's day on which it was written down, or the first that was open then.
alter table billing.journal add column day date;
alter table billing.journal disable trigger journal_is_kept;
update billing.journal set day = (to_timestamp(recorded_ms / 1000.0) at time zone hospital.zone)::date from hospital;
alter table billing.journal enable trigger journal_is_kept;
alter table billing.journal alter column day set not null;
create index journal_of_day on billing.journal (day, id);

-- Whoever writes a journal and whoever closes a day or counts a drawer wait for each other, so that nothing is written into a day that is
-- being closed. As the owner: the services may not read when it is where the hospital stands.
create function billing.count_in_open_day() returns trigger language plpgsql security definer set search_path = pg_catalog, public as $$
begin
    perform pg_advisory_xact_lock_shared(422776367987);
    new.day := greatest(
        (select (now() at time zone hospital.zone)::date from hospital),
        (select max(day) + 1 from billing.day_close));
    return new;
end $$;
create trigger journal_has_a_day before insert on billing.journal
    for each row execute function billing.count_in_open_day();

-- Drawers as they were counted.
create table payments.drawer_count (
    id       uuid    primary key,
    drawer   text    not null,
    currency text    not null check (currency ~ '^[A-Z]{3}$'),
    -- what the books said, what was in it, and what stayed for change
    expected bigint  not null,
    counted  bigint  not null check (counted >= 0),
    kept     bigint  not null check (kept between 0 and counted),
    -- lines of the books about the drawer then: more of them, and it has to be counted again
    lines    bigint  not null,
    -- what was asked for, in the one way to write it
    asked    text    not null,
    by       uuid    not null,
    at_ms    bigint  not null,
    number   bigint  generated always as identity unique
);
create index drawer_count_of on payments.drawer_count (drawer, currency, number desc);
comment on table payments.drawer_count is 'What was in drawers when somebody counted.';
create trigger drawer_count_is_kept before update or delete on payments.drawer_count
    for each row execute function billing.never();
create trigger drawer_count_is_not_emptied before truncate on payments.drawer_count
    for each statement execute function billing.never();

-- Files of gateways.
create table payments.settlement (
    id       bigint generated always as identity primary key,
    provider text   not null,
    -- the same file again is the same
    digest   bytea  not null unique,
    lines    integer not null,
    -- lines that no file had before
    new      integer not null,
    by       uuid   not null,
    at_ms    bigint not null
);
comment on table payments.settlement is 'Files of what gateways paid out.';
create table payments.settlement_line (
    provider   text   not null,
    -- the gateway's own name of it: files overlap
    reference  text   not null,
    kind       text   not null check (kind in ('charge', 'refund', 'other')),
    settlement bigint not null references payments.settlement (id),
    payment    uuid,
    currency   text   not null check (currency ~ '^[A-Z]{3}$'),
    minor      bigint not null check (minor >= 0),
    at_ms      bigint not null,
    primary key (provider, reference, kind)
);
comment on table payments.settlement_line is 'What gateways say they moved, each once.';
create trigger settlement_line_is_kept before update or delete on payments.settlement_line
    for each row execute function billing.never();

grant select, insert on billing.day_close to wardbook_payments;
grant select on billing.day_close to wardbook_billing;
grant select, insert on payments.drawer_count, payments.settlement, payments.settlement_line to wardbook_payments;
