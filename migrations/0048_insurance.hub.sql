-- Insurance: who covers a patient, what insurers were asked for a bill, what they said and what they paid. The rules are in
-- shared::billing::claims.

create schema insurance;
comment on schema insurance is 'Coverage of patients, and claims.';

-- FHIR Coverage.
create table insurance.coverage (
    id         uuid   primary key,
    patient    uuid   not null,
    payor      text   not null check (payor <> ''),
    -- the number the patient has with it
    subscriber text   not null check (subscriber <> ''),
    -- which insurer is asked first
    place      integer not null check (place between 1 and 9),
    from_day   date   not null,
    until_day  date,
    by         uuid   not null,
    at_ms      bigint not null,
    check (until_day >= from_day)
);
create index coverage_of on insurance.coverage (patient, place);
comment on table insurance.coverage is 'Who covers a patient, and from when until when.';

-- FHIR Claim.
create table insurance.claim (
    id          uuid    primary key,
    bill        uuid    not null references billing.bill (id),
    coverage    uuid    not null references insurance.coverage (id),
    version     integer not null check (version > 0),
    -- the version it takes the place of
    before      uuid    references insurance.claim (id),
    patient     uuid    not null,
    currency    text    not null check (currency ~ '^[A-Z]{3}$'),
    submitted   bigint  not null check (submitted > 0),
    served      date    not null,
    state       text    not null,
    benefit     bigint  not null default 0 check (benefit >= 0),
    contractual bigint  not null default 0 check (contractual >= 0),
    paid        bigint  not null default 0 check (paid between 0 and benefit),
    made_ms     bigint  not null,
    submitted_ms bigint,
    -- the answer that it is as of
    answer      text,
    number      bigint  generated always as identity unique,
    constraint claim_of_bill unique (bill, coverage, version),
    constraint claim_covers_no_more check (benefit + contractual <= submitted)
);
create index claim_page on insurance.claim (state, number);
comment on table insurance.claim is 'What insurers were asked for bills.';

-- What happened to claims, and by whom.
create table insurance.step (
    claim  uuid    not null references insurance.claim (id),
    nth    integer not null,
    state  text    not null,
    -- what money moved, if any
    minor  bigint,
    by     uuid    not null,
    at_ms  bigint  not null,
    primary key (claim, nth)
);
comment on table insurance.step is 'What happened to claims, in order.';
create trigger step_is_kept before update or delete on insurance.step for each row execute function billing.never();

-- FHIR ClaimResponse, as it came. The same one again is the same.
create table insurance.answer (
    claim       uuid    not null references insurance.claim (id),
    id          text    not null,
    version     integer not null,
    outcome     text    not null check (outcome in ('queued', 'complete', 'error', 'partial')),
    benefit     bigint  not null,
    contractual bigint  not null,
    body        text    not null,
    by          uuid    not null,
    at_ms       bigint  not null,
    primary key (claim, id, version)
);
comment on table insurance.answer is 'What insurers said of claims, all of it.';
create trigger answer_is_kept before update or delete on insurance.answer for each row execute function billing.never();

revoke all on schema insurance from public;
grant usage on schema insurance to wardbook_payments;
grant select, insert on insurance.coverage, insurance.claim, insurance.step, insurance.answer to wardbook_payments;
grant update (until_day) on insurance.coverage to wardbook_payments;
grant update (state, benefit, contractual, paid, submitted_ms, answer) on insurance.claim to wardbook_payments;
-- on which day a visit was
grant select on hospital to wardbook_payments;
