-- What departments tell each other: written with the change that causes it, and taken by each consumer once.

-- Everything that was told, in the order in which it was. The last one of an appointment says what others know of it.
create table event (
    -- the record it is about, and which event about it: its id is both. Two that tell the same at once cannot
    subject     uuid    not null,
    nth         integer not null check (nth > 0),
    seq         bigint  generated always as identity unique,
    -- shared::events::What
    type        text    not null,
    data        jsonb   not null,
    at_ms       bigint  not null,
    recorded_ms bigint  not null,
    -- another change says otherwise: what others know of the record is the event before it
    is_contested boolean not null default false,
    published_at timestamptz,
    -- this program cannot read it: a person looks at it, and nothing waits for it
    set_aside_at timestamptz,
    primary key (subject, nth)
);
create index event_unpublished on event (seq) where published_at is null and set_aside_at is null;
comment on table event is 'What was told, and whether it was handed on.';

-- What has arrived for a consumer: each event once, however often it comes.
create table event_inbox (
    consumer     text   not null,
    event        text   not null,
    arrived      bigint generated always as identity,
    -- the event as it travels
    body         jsonb  not null,
    tries        integer not null default 0,
    try_at       timestamptz not null default now(),
    taken_at     timestamptz,
    -- it failed too often: a person looks at it, and nothing waits for it
    set_aside_at timestamptz,
    -- of the last failure
    code         text,
    primary key (consumer, event)
);
create index event_inbox_due on event_inbox (consumer, arrived) where taken_at is null and set_aside_at is null;
comment on table event_inbox is 'Events that arrived for consumers, and what became of them.';

-- What somebody has to be told, and has not been: the newest about an appointment counts.
create table notice (
    appointment  uuid    not null,
    nth          integer not null,
    -- as the event's type: scheduled, rescheduled, cancelled, completed, no_show, reminder, needs_rebooking
    kind         text    not null,
    patient      uuid    not null,
    start_ms     bigint  not null,
    at_ms        bigint  not null,
    -- nothing is to be said: it was, something newer is, or there is nobody to hear it
    is_pointless boolean not null,
    given_at     timestamptz,
    primary key (appointment, nth)
);
create index notice_open on notice (start_ms) where not is_pointless and given_at is null;
comment on table notice is 'What patients have to be told about their appointments.';
