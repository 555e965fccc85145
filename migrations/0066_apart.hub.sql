-- Services in several processes: what the one with the record makes of what those with the money tell, and what a broker may have
-- forgotten.

-- What patients have to be told about money: each bill and each payment once.
create table notice_of_money (
    -- the bill or the payment, and which event about it
    subject     uuid    not null,
    nth         integer not null,
    kind        text    not null check (kind in ('bill', 'receipt')),
    patient     uuid    not null,
    bill        uuid,
    minor       bigint  not null,
    currency    text    not null,
    at_ms       bigint  not null,
    given_at    timestamptz,
    primary key (subject, nth)
);
create index notice_of_money_open on notice_of_money (at_ms) where given_at is null;
comment on table notice_of_money is 'What patients have to be told about bills and payments.';

-- what was handed on last is handed on again to a broker that was away
create index event_handed_on on event (published_at) where published_at is not null;
