-- Gateways: who takes money from cards and accounts for the hospital, and gives it back. A gateway is asked outside of any
-- transaction, so what it is asked for is written down before, and what came of it after: shared::payments::gateways.

-- What a gateway is asked for, until it is known what came of it: a payment, or a part of a refund.
create table payments.errand (
    -- of the payment, or of the part
    id          uuid   primary key,
    kind        text   not null check (kind in ('charge', 'refund')),
    provider    text   not null,
    currency    text   not null,
    minor       bigint not null check (minor between 1 and 1000000000000),
    state       text   not null default 'pending' check (state in ('pending', 'done', 'failed')),
    -- how far the gateway said that it is: shared::payments::webhooks::AtGateway
    at_gateway  text   not null default 'created',
    -- why it failed
    code        text,
    -- what the gateway calls it, and what it calls the money once it has it
    reference   text,
    taken       text,
    -- what the payer's page needs to go on; forgotten at the end
    payer       text,
    -- which attempt is under way, how often it was asked for and when last, and when somebody looks again
    attempt     integer not null default 1,
    calls       integer not null default 0,
    begun_ms    bigint not null,
    asked_ms    bigint not null,
    try_ms      bigint not null,
    -- the call that is answered by what comes of it
    key         uuid   not null,
    by          uuid   not null,
    -- of a payment: what it is for, where it is taken, what it is taken from, and what was asked for in the one way to write it
    bill        uuid   references billing.bill (id),
    appointment uuid,
    till        text,
    source      text,
    asked       text,
    -- of a refund: the payment that it goes back to
    refund      uuid   references payments.refund (id),
    payment     uuid   references payments.payment (id),
    check (case kind when 'charge' then till is not null and asked is not null and (bill is null) <> (appointment is null)
        else refund is not null and payment is not null end)
);
create index errand_due on payments.errand (provider, try_ms) where state = 'pending';
create index errand_of_bill on payments.errand (bill) where state = 'pending';
create index errand_of_refund on payments.errand (refund) where refund is not null;
create index errand_of_payment on payments.errand (payment) where payment is not null;
create index errand_of_key on payments.errand (key);
create unique index errand_reference on payments.errand (provider, kind, reference) where reference is not null;
comment on table payments.errand is 'What gateways are asked for.';

-- What gateways say by themselves: each thing is kept once, and taken later.
create table payments.told (
    provider    text   not null,
    event       text   not null,
    arrived     bigint generated always as identity,
    -- as it was sent; forgotten once it was taken, since it may name the payer
    body        bytea,
    at_ms       bigint not null,
    tries       integer not null default 0,
    -- when somebody takes it in who is not about it already
    try_ms      bigint not null default 0,
    outcome     text,
    primary key (provider, event)
);
create index told_waiting on payments.told (arrived) where outcome is null;
create index told_old on payments.told (at_ms);
comment on table payments.told is 'What gateways said by themselves.';

grant select, insert on payments.errand, payments.told to wardbook_payments;
grant update (state, at_gateway, code, reference, taken, payer, attempt, calls, asked_ms, try_ms) on payments.errand to wardbook_payments;
grant update (body, tries, try_ms, outcome) on payments.told to wardbook_payments;
grant delete on payments.told to wardbook_payments;
-- an exception is written once for each cause
grant select (cause) on billing.exception to wardbook_payments;

-- The house gateway, for hospitals without another: a terminal at the counter took the money and printed a slip.
create schema house;
comment on schema house is 'What the terminals of the hospital took, by their slips.';
do $$ begin create role wardbook_house nologin; exception when duplicate_object or unique_violation then null; end $$;

create table house.charge (
    id          text   primary key,
    key         uuid   not null unique,
    payment     uuid   not null unique,
    slip        text   not null unique,
    currency    text   not null,
    minor       bigint not null check (minor > 0)
);
comment on table house.charge is 'Slips: each is good for one payment.';

create table house.refund (
    id          text   primary key,
    key         uuid   not null unique,
    errand      uuid   not null unique,
    charge      text   not null references house.charge (id),
    minor       bigint not null check (minor > 0)
);
create index house_refund_of on house.refund (charge);
comment on table house.refund is 'What went back to cards.';

-- Its own books, to be compared with the hospital's: what came and went, line by line.
create table house.entry (
    id          bigint generated always as identity primary key,
    charge      text   not null references house.charge (id),
    refund      text   unique references house.refund (id),
    -- what came, or less what went
    minor       bigint not null check (minor <> 0)
);
create index house_entry_of on house.entry (charge);
comment on table house.entry is 'What came and went. Nothing in it is ever changed.';
create trigger entry_is_kept before update or delete on house.entry
    for each row execute function billing.never();
create trigger entry_is_not_emptied before truncate on house.entry
    for each statement execute function billing.never();

revoke all on schema house from public;
grant usage on schema house to wardbook_house;
grant select, insert on house.charge, house.refund, house.entry to wardbook_house;
grant update (minor) on house.charge to wardbook_house;
