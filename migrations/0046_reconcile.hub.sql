-- What does not add up: found every day and on demand, kept until a person settles it, and after.

alter table billing.exception
    -- what it is about, where that is no bill and no visit: a payment, a series, a journal
    add column subject text,
    add column currency text check (currency ~ '^[A-Z]{3}$'),
    -- the two figures that differ
    add column expected bigint,
    add column found    bigint,
    -- the last time it was found; nothing for what was told once
    add column seen_ms  bigint,
    add column settled_reason text check (settled_reason <> ''),
    add constraint exception_is_settled_whole check (
        (settled_at is null) = (settled_by is null) and (settled_at is null) = (settled_reason is null));

-- What was found stays as it was found, and who settled it stays who settled it.
create function billing.exception_is_kept() returns trigger language plpgsql as $$
begin
    if tg_op <> 'UPDATE' or old.settled_at is not null
        and (old.settled_at, old.settled_by, old.settled_reason) is distinct from (new.settled_at, new.settled_by, new.settled_reason)
        or (old.id, old.cause, old.kind, old.patient, old.bill, old.appointment, old.prepared, old.at_ms, old.subject, old.currency,
            old.expected, old.found) is distinct from
           (new.id, new.cause, new.kind, new.patient, new.bill, new.appointment, new.prepared, new.at_ms, new.subject, new.currency,
            new.expected, new.found) then
        raise exception 'what needs a person is kept' using errcode = 'check_violation', constraint = 'exception_is_kept';
    end if;
    return new;
end $$;
create trigger exception_is_kept before update or delete on billing.exception
    for each row execute function billing.exception_is_kept();
create trigger exception_is_not_emptied before truncate on billing.exception
    for each statement execute function billing.exception_is_kept();

-- Every time it was looked.
create table billing.reconciliation (
    id       bigint generated always as identity primary key,
    -- the hospital's day it is the daily one of; on demand otherwise
    day      date unique,
    by       uuid,
    begun_ms bigint  not null,
    ended_ms bigint  not null,
    -- what did not add up, and how much of it was not known before
    found    integer not null,
    new      integer not null,
    check ((day is null) <> (by is null))
);
comment on table billing.reconciliation is 'When the books were looked through, and what was found.';

grant update (seen_ms, settled_reason) on billing.exception to wardbook_billing;
