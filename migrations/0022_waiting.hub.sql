-- Who waits for a slot, and what presses most.

-- What presses more goes first: 0 emergency, 1 urgent, 2 routine.
alter table booking_request add column priority smallint not null default 2 check (priority between 0 and 2);

-- People on the waiting list, kept beside their appointments, which say the same.
create table waiting (
    appointment  uuid     primary key,
    patient      uuid     not null,
    -- nothing when anybody of the department will do
    practitioner uuid,
    department   uuid,
    -- not before this moment, and since when they wait: milliseconds since 1970
    from_ms      bigint   not null,
    since_ms     bigint   not null,
    -- who lost a slot to somebody else goes before who only waits
    is_lost      boolean  not null,
    priority     smallint not null check (priority between 0 and 2),
    -- what was offered last and when; the offer is theirs for a while
    offered_by   uuid,
    offered_start_ms bigint,
    offered_ms   bigint,
    check ((offered_ms is null) = (offered_start_ms is null) and (offered_ms is null) = (offered_by is null))
);
comment on table waiting is 'Who waits for a slot, and what was offered to them.';
comment on column waiting.offered_by is 'The doctor whose slot was offered.';
