-- Emergency access: summaries of all in-patients for the desks of other wards, and who opened them when and why.

-- The key under which summaries lie at a desk, 32 bytes by chance. Given with a sign-in to those who may open them.
alter table device
    add column emergency_key bytea not null default decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex');
comment on column device.emergency_key is 'The key under which the summaries of in-patients lie at this desk.';

-- The summary of every in-patient, made from the chart when a desk asks and something changed since.
create table emergency_summary (
    patient uuid   primary key,
    -- where they lie; none when they are no in-patient any more
    ward    uuid,
    -- grows with every change of any summary: desks ask for what came after one
    seq     bigint not null,
    -- shared::emergency::summary::Summary; none when they are no in-patient any more
    body    jsonb
);
create index emergency_summary_seq on emergency_summary (seq);
comment on table emergency_summary is 'What an emergency needs to know of every in-patient.';

-- How far the feed of each ward has been looked through for changed charts.
create table emergency_upto (
    ward uuid   primary key references ward (id),
    seq  bigint not null
);
comment on table emergency_upto is 'How far the feed of each ward has been looked through for summaries.';

-- The newest seq of a summary. One row, and the lock of whoever makes summaries.
create table emergency_tally (
    is_the_one boolean primary key default true check (is_the_one),
    seq        bigint  not null default 0
);
insert into emergency_tally default values;
comment on table emergency_tally is 'The newest place of a summary: one row.';

-- Every time that somebody opened them, as the desk reported it last.
create table emergency_opening (
    device     uuid        not null references device (id),
    id         uuid        not null,
    version    integer     not null,
    -- as the desk says; somebody whom nobody knows is a flaw, not a reason to forget it
    staff      uuid        not null,
    from_ms    bigint      not null,
    -- shared::emergency::Opening
    body       jsonb       not null,
    -- shared::problem::Problem: what is not as it should be
    flaws      jsonb       not null,
    arrived_at timestamptz not null default now(),
    primary key (device, id)
);
create index emergency_opening_staff on emergency_opening (staff, from_ms);
comment on table emergency_opening is 'Every time that somebody opened the emergency access.';

-- What clinical managers found.
create table emergency_review (
    number  bigint      generated always as identity primary key,
    device  uuid        not null,
    opening uuid        not null,
    -- what was added later is reviewed again
    version integer     not null,
    by      uuid        not null references staff (id),
    at      timestamptz not null default now(),
    finding text        not null check (finding in ('accepted', 'questioned')),
    words   text        not null,
    foreign key (device, opening) references emergency_opening (device, id)
);
create index emergency_review_opening on emergency_review (device, opening);
comment on table emergency_review is 'What clinical managers found about each opening.';
