-- The hub's own: what the hospital holds, and the order in which each ward learns of it.
-- Nothing but sync-server/src/sync/accept.rs writes record, document, change, chart, feed and held_change.

-- The hospital itself: one row.
create table hospital (
    is_the_one        boolean primary key default true check (is_the_one),
    name              text    not null default 'Wardbook',
    -- IANA time zone: decides what day it is
    zone              text    not null default 'Europe/London',
    -- the next hospital number that was never given to a device
    next_number       bigint  not null default 1,
    -- grows with every change of what desks know as reference data
    reference_version bigint  not null default 1
);
insert into hospital default values;
comment on table hospital is 'The hospital itself: one row.';

-- Wards: what a replica is scoped to, each with its own feed.
create table ward (
    id   uuid   primary key,
    name text   not null unique,
    -- place of the last item of the ward's feed; locked last in every transaction, so places follow commits
    seq  bigint not null default 0
);
comment on column ward.seq is 'Place of the last item of the feed. Locked last, in order of id, so that places are commit order without gaps.';

-- Every record, as it is now.
create table record (
    id         uuid     primary key,
    -- 1 patient, 2 appointment, 3 prescription: see shared::record::Kind
    kind       smallint not null,
    -- the patient it belongs to; none for a patient
    subject    uuid,
    -- the patient whose chart it is part of: subject, or itself
    chart      uuid     not null,
    -- the ward the record itself names; who may see it is in chart.wards
    ward       uuid,
    -- when it takes place, RFC 3339 in UTC: text, as on the desks, and sorted as text
    at         text,
    sort       text     not null,
    -- what screens and reports read; always the reading of the document
    body       json     not null,
    -- changes that came since the row in document was written; the document is that row with these behind it
    tail       bytea    not null,
    -- hashes of its last changes, 32 bytes each, sorted
    heads      bytea    not null,
    -- shared::document::Clock: what lets a change that follows directly be taken without loading the document
    clock      bytea    not null,
    -- what no other record may have: see claims.rs
    claim      text,
    -- fields on which two places disagree
    conflicts  integer  not null,
    changed_by uuid,
    -- by the clock of the desk, seconds since 1970
    changed_at bigint   not null
)
-- A change rewrites the row. With room on its page and nothing indexed changed, that touches no index; and packing or
-- moving out what is a few hundred bytes would cost more than it saves.
with (fillfactor = 70, toast_tuple_target = 8160);
create index record_chart on record (chart);
comment on table record is 'Every record, as it is now: what screens read beside the document it comes from.';

-- The Automerge document of every record with its whole history, as it was saved last: see record.tail.
create table document (
    record uuid  primary key,
    doc    bytea not null
) with (toast_tuple_target = 8160);
alter table document alter column doc set storage external;
comment on table document is 'The document of every record as it was saved last. With record.tail behind it, it is the document now.';

-- Every change ever taken, as it came.
create table change (
    id       bigint generated always as identity primary key,
    -- SHA-256 by Automerge: the change's name everywhere
    hash     bytea    not null unique,
    record   uuid     not null,
    device   uuid     not null,
    staff    uuid     not null,
    bytes    bytea    not null,
    taken_at timestamptz not null default now()
);
alter table change alter column bytes set storage external;
-- what the hub itself brought in: an import that is repeated goes on from there
create index change_imported on change (record, id) where device = '00000000-0000-8000-8000-000000000000';
comment on table change is 'Every change ever taken, as it came.';

-- A patient's chart: the patient and all that belongs to them. Its row is the lock for all of them.
create table chart (
    id    uuid   primary key,
    -- every ward that ever was named by a record of the chart: these see the whole chart
    wards uuid[] not null default '{}'
);
comment on table chart is 'A patient with all records of theirs, and the wards that see them. Locked, in order of id, before any of its records changes.';

-- What each ward learns, in order.
create table feed (
    ward        uuid     not null references ward (id),
    seq         bigint   not null,
    -- 1 a change, 2 a record that is new to the ward, 3 a record it sees no more
    what        smallint not null,
    kind        smallint not null,
    record      uuid     not null,
    -- the change that caused it; none for a back-fill
    change      bigint,
    -- who made the change and in which incarnation: that replica has it and gets only its hash
    device      uuid,
    incarnation integer,
    -- items of one push: a page is not cut inside
    push        bigint   not null,
    primary key (ward, seq)
);
create sequence push_number;
comment on table feed is 'What each ward learns, in order and without a gap.';

-- Changes the hub did not take and a person has to look at. The desk keeps them as well; nothing is dropped.
create table held_change (
    hash     bytea    primary key,
    kind     smallint not null,
    record   uuid     not null,
    device   uuid     not null,
    staff    uuid,
    -- held: a person may put it right; refused: it can never be taken as it is
    is_final boolean  not null,
    -- shared::problem::Problem as JSON
    problems jsonb    not null,
    bytes    bytea    not null,
    held_at  timestamptz not null default now(),
    -- set when the same change was taken after all
    taken_at timestamptz
);
create index held_change_record on held_change (record);
comment on table held_change is 'Changes the hub did not take, kept with the reason.';

-- First loads that were made, newest last. The bytes are files below the data directory.
create table snapshot (
    id       bigint generated always as identity primary key,
    ward     uuid   not null references ward (id),
    -- the place in the feed up to which it holds everything
    upto     bigint not null,
    records  bigint not null,
    -- SHA-256 of each segment one after the other, and their lengths
    hashes   bytea  not null,
    lengths  integer[] not null,
    made_at  timestamptz not null default now()
);
create index snapshot_ward on snapshot (ward, id);
comment on table snapshot is 'First loads that were made. The segments themselves are files, served as they are.';
