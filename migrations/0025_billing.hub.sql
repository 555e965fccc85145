-- Money: what visits cost, what was billed and paid, and the books that show that it all adds up. The hub alone writes it.
-- Amounts are whole minor units. The rules are in shared::billing, shared::payments and shared::ledger; what is checked here
-- again is what must hold whatever a program does: two equal sides, nothing changed afterwards, nothing paid twice.

create schema billing;
create schema payments;
comment on schema billing is 'Visits as far as money is concerned, bills, and the books.';
comment on schema payments is 'Payments, refunds, receipts, and what was answered to whom.';

-- Each service works under a role of its own that cannot read a chart. They belong to the whole server, so another database
-- of it may have made them.
do $$ begin create role wardbook_billing nologin; exception when duplicate_object or unique_violation then null; end $$;
do $$ begin create role wardbook_payments nologin; exception when duplicate_object or unique_violation then null; end $$;

-- What a consultation costs from a moment on, net.
create table billing.price (
    id          bigint generated always as identity primary key,
    -- nothing: wherever no price of its own is set
    department  uuid,
    net         bigint not null check (net between 0 and 1000000000000),
    currency    text   not null check (currency ~ '^[A-Z]{3}$'),
    from_ms     bigint not null,
    by          uuid   not null
);
create index price_of on billing.price (department, from_ms desc);
comment on table billing.price is 'What a consultation costs. A later price never touches a visit that was booked before.';

-- A visit as it was told, and what became of its money.
create table billing.visit (
    appointment uuid   primary key,
    patient     uuid   not null,
    start_ms    bigint not null,
    -- the net fee and the tax rate as they were when it was booked
    fee         bigint not null check (fee >= 0),
    currency    text   not null check (currency ~ '^[A-Z]{3}$'),
    rate_basis_points integer not null check (rate_basis_points >= 0),
    rate_version      integer not null,
    -- booked, completed, cancelled, no_show
    course      text   not null check (course in ('booked', 'completed', 'cancelled', 'no_show')),
    -- when it was cancelled, and what that costs: nothing, half, whole
    cancelled_ms bigint,
    cancel_fee   text check (cancel_fee in ('nothing', 'half', 'whole')),
    -- which completion it was
    completed    bigint,
    -- it was given up and booked again so often
    round       integer not null default 0,
    -- the bill that stands for it
    bill        uuid,
    -- what was paid for it beforehand, and is not applied
    deposit     bigint not null default 0 check (deposit >= 0),
    -- the last event about it that was acted on
    nth         integer not null default 0,
    check ((course = 'cancelled') = (cancelled_ms is not null and cancel_fee is not null))
);
comment on table billing.visit is 'Visits, as far as money is concerned.';

-- Events about visits, which come in any order and are acted on in theirs.
create table billing.heard (
    appointment uuid    not null,
    nth         integer not null,
    body        jsonb   not null,
    -- what it came to: done, nothing, or the code of what was refused. Empty: one before it is missing
    outcome     text,
    at          timestamptz not null default now(),
    primary key (appointment, nth)
);
create index heard_waiting on billing.heard (at) where outcome is null;
comment on table billing.heard is 'What was heard of visits, and what it came to.';

create table billing.bill (
    id          uuid   primary key,
    number      bigint generated always as identity unique,
    patient     uuid   not null,
    appointment uuid,
    round       integer not null default 0,
    kind        text   not null check (kind in ('consultation', 'cancellation', 'no_show', 'supplement')),
    currency    text   not null check (currency ~ '^[A-Z]{3}$'),
    net         bigint not null check (net >= 0),
    tax         bigint not null check (tax >= 0),
    rate_basis_points integer not null,
    rate_version      integer not null,
    issued_ms   bigint not null,
    -- sums: see shared::billing::Bill
    applied     bigint not null default 0 check (applied >= 0),
    benefit     bigint not null default 0 check (benefit >= 0),
    contractual bigint not null default 0 check (contractual >= 0),
    forgiven    bigint not null default 0 check (forgiven >= 0),
    returned    bigint not null default 0 check (returned between 0 and applied),
    taken_back      bigint not null default 0 check (taken_back between 0 and net + tax),
    taken_back_tax  bigint not null default 0 check (taken_back_tax between 0 and tax),
    void_reason text check (void_reason <> ''),
    voided_by   uuid,
    replaces    uuid references billing.bill (id),
    constraint bill_is_not_overpaid check (applied + benefit + contractual + forgiven <= net + tax),
    constraint bill_is_not_void_and_paid check (void_reason is null or applied = 0)
);
-- a visit is billed once for each thing, however often it is told
create unique index bill_of_visit on billing.bill (appointment, round, kind) where kind <> 'supplement';
create index bill_of_patient on billing.bill (patient, number);
comment on table billing.bill is 'Bills. What was billed never changes; what was paid of it does.';

-- The books. Nothing in them is ever changed: what was wrong is reversed.
create table billing.journal (
    id          bigint generated always as identity primary key,
    -- what it was written for: each thing is written once
    cause       text   not null unique,
    why         text   not null,
    currency    text   not null check (currency ~ '^[A-Z]{3}$'),
    patient     uuid,
    bill        uuid   references billing.bill (id),
    appointment uuid,
    by          uuid,
    -- when it happened, and when the hub wrote it down
    occurred_ms bigint not null,
    recorded_ms bigint not null,
    reverses    bigint references billing.journal (id)
);
create index journal_of_bill on billing.journal (bill) where bill is not null;
create index journal_of_patient on billing.journal (patient, id) where patient is not null;
comment on table billing.journal is 'Everything that ever moved money, in the order in which the hub learned of it.';

create table billing.posting (
    journal     bigint not null references billing.journal (id),
    line        integer not null,
    -- the chart of accounts is shared::ledger::Account
    account     integer not null,
    -- which drawer, which provider
    part        text   not null default '',
    debit       bigint not null default 0,
    credit      bigint not null default 0,
    primary key (journal, line),
    constraint posting_has_one_side check (debit >= 0 and credit >= 0 and (debit = 0) <> (credit = 0))
);
create index posting_of_account on billing.posting (account, part, journal);
comment on table billing.posting is 'The lines of the journals.';

create function billing.balances() returns trigger language plpgsql as $$
begin
    if (select coalesce(sum(debit - credit), 0) from billing.posting where journal = new.journal) <> 0 then
        raise exception 'a journal has two equal sides' using errcode = 'check_violation', constraint = 'journal_balances';
    end if;
    return null;
end $$;
create constraint trigger journal_balances after insert on billing.posting
    deferrable initially deferred for each row execute function billing.balances();

create function billing.never() returns trigger language plpgsql as $$
begin
    raise exception 'the books are never changed' using errcode = 'check_violation', constraint = 'books_are_kept';
end $$;
create trigger journal_is_kept before update or delete on billing.journal
    for each row execute function billing.never();
create trigger posting_is_kept before update or delete on billing.posting
    for each row execute function billing.never();
create trigger journal_is_not_emptied before truncate on billing.journal
    for each statement execute function billing.never();
create trigger posting_is_not_emptied before truncate on billing.posting
    for each statement execute function billing.never();

-- What a bill is about never changes.
create function billing.bill_is_kept() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or (old.id, old.number, old.patient, old.appointment, old.kind, old.currency, old.net, old.tax,
            old.rate_basis_points, old.rate_version, old.issued_ms, old.replaces) is distinct from
        (new.id, new.number, new.patient, new.appointment, new.kind, new.currency, new.net, new.tax,
            new.rate_basis_points, new.rate_version, new.issued_ms, new.replaces)
        or (old.void_reason is not null and new.void_reason is distinct from old.void_reason) then
        raise exception 'a bill that was issued is kept' using errcode = 'check_violation', constraint = 'bill_is_kept';
    end if;
    return new;
end $$;
create trigger bill_is_kept before update or delete on billing.bill
    for each row execute function billing.bill_is_kept();

-- What a person has to look at: shared::billing::Exception.
create table billing.exception (
    id          bigint generated always as identity primary key,
    cause       text   not null unique,
    kind        text   not null,
    patient     uuid,
    bill        uuid,
    appointment uuid,
    -- what a person would have to write, if that is known
    prepared    jsonb,
    at_ms       bigint not null,
    settled_at  timestamptz,
    settled_by  uuid
);
create index exception_open on billing.exception (id) where settled_at is null;
comment on table billing.exception is 'What the rules cannot put right by themselves.';

-- What is owed to patients, and how far that is: shared::payments::refunds.
create table payments.refund (
    id          uuid   primary key,
    -- what it was asked for with, or the event that caused it
    cause       text   not null unique,
    bill        uuid,
    -- the one payment that left it with the hospital
    payment     uuid,
    appointment uuid,
    patient     uuid   not null,
    currency    text   not null,
    minor       bigint not null check (minor > 0),
    state       text   not null check (state in ('pending', 'requires_action', 'succeeded', 'failed', 'canceled')),
    -- whether the books say already that it is owed
    is_owed     boolean not null,
    reason      text   not null,
    -- nobody: the rules
    asked_by    uuid,
    agreed_by   uuid,
    handed_by   uuid,
    at_ms       bigint not null,
    check (state <> 'succeeded' or is_owed),
    constraint refund_by_two check (agreed_by is distinct from asked_by or agreed_by is null)
);
create index refund_open on payments.refund (at_ms, id) where state in ('pending', 'requires_action');
create index refund_of_bill on payments.refund (bill) where bill is not null;
comment on table payments.refund is 'What goes back to patients.';

create table payments.payment (
    id          uuid   primary key,
    bill        uuid,
    appointment uuid,
    patient     uuid   not null,
    currency    text   not null,
    minor       bigint not null check (minor between 1 and 1000000000000),
    -- of it: what paid the bill, and what stays the patient's
    applied     bigint not null check (applied >= 0),
    kept        bigint not null check (kept >= 0),
    -- what of that is to be paid back
    released    bigint not null default 0 check (released between 0 and kept),
    -- what of it went back
    refunded    bigint not null default 0,
    method      jsonb  not null,
    account     integer not null,
    part        text   not null,
    receipt     text   not null unique,
    -- what was asked for, in the one way to write it
    asked       text   not null,
    by          uuid   not null,
    at_ms       bigint not null,
    number      bigint generated always as identity unique,
    constraint payment_parts check (applied + kept = minor),
    constraint payment_is_not_over_refunded check (refunded between 0 and minor)
);
create index payment_of_bill on payments.payment (bill, number) where bill is not null;
create index payment_of_visit on payments.payment (appointment, number) where appointment is not null;
comment on table payments.payment is 'Money that came in. Each is taken once.';

-- Series of receipts, of each till and year.
create table payments.series (
    till        text    not null,
    year        integer not null,
    code        text    not null unique,
    last        integer not null default 0 check (last between 0 and 999999),
    primary key (till, year)
);
create sequence payments.series_letters minvalue 0 maxvalue 46655 start 0;
comment on table payments.series is 'Which receipt was given last, by till and year.';

-- What was asked for under a key, and what was answered: the same again gets the same, byte for byte.
create table payments.once (
    -- who may ask: the console, or a device
    scope       text   not null,
    key         uuid   not null,
    fingerprint bytea  not null,
    by          uuid   not null,
    at_ms       bigint not null,
    status      integer,
    body        bytea,
    primary key (scope, key)
);
create index once_old on payments.once (at_ms);
comment on table payments.once is 'Keys of calls that move money, for 400 days.';

revoke all on schema billing, payments from public;
grant usage on schema billing to wardbook_billing, wardbook_payments;
grant usage on schema payments to wardbook_payments, wardbook_billing;
grant select, insert on billing.price, billing.visit, billing.heard, billing.bill, billing.journal, billing.posting, billing.exception
    to wardbook_billing;
grant update (bill, deposit, course, cancelled_ms, cancel_fee, completed, round, nth, start_ms) on billing.visit to wardbook_billing;
grant update (outcome) on billing.heard to wardbook_billing;
grant update (applied, benefit, contractual, forgiven, returned, taken_back, taken_back_tax, void_reason, voided_by)
    on billing.bill to wardbook_billing, wardbook_payments;
grant update (settled_at, settled_by) on billing.exception to wardbook_billing;
-- what the rules give back to a patient is theirs to be handed out
grant insert on payments.refund to wardbook_billing;
-- a payment, its bill and its journal are one transaction
grant select on billing.bill, billing.visit, billing.journal, billing.posting to wardbook_payments;
grant update (deposit) on billing.visit to wardbook_payments;
grant insert on billing.journal, billing.posting, billing.exception to wardbook_payments;
grant select, insert on payments.payment, payments.refund, payments.series, payments.once to wardbook_payments;
grant update (refunded, released) on payments.payment to wardbook_payments;
grant update (state, is_owed, agreed_by, handed_by) on payments.refund to wardbook_payments;
grant update (last) on payments.series to wardbook_payments;
grant update (status, body) on payments.once to wardbook_payments;
grant delete on payments.once to wardbook_payments;
grant usage on sequence payments.series_letters to wardbook_payments;
