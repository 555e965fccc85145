-- What the hub notes so that somebody can ask how it is.

-- Backups that were made of it. One that is put back knows those before it.
create table backup_made (
    id    bigint      generated always as identity primary key,
    at    timestamptz not null,
    bytes bigint      not null
);
comment on table backup_made is 'Backups that were made, as far as this program made them.';

-- Looks at the whole audit log.
create table audit_looked (
    id       bigint      generated always as identity primary key,
    at       timestamptz not null default now(),
    leaves   bigint      not null,
    is_whole boolean     not null
);
comment on table audit_looked is 'When all of the audit log was verified, and whether it was whole.';

-- how long an event waits
alter table event_inbox add column arrived_at timestamptz not null default now();
create index event_inbox_set_aside on event_inbox (arrived) where set_aside_at is not null and taken_at is null;
create index event_set_aside on event (seq) where set_aside_at is not null;

-- more of what each workstation says of itself and how it calls
alter table device_contact
    -- by which its clock was ahead of the hub's when it called
    add column ahead_ms          bigint,
    -- until when the certificate is good that it showed
    add column certificate_until timestamptz,
    -- megabytes that are free where it keeps its files
    add column free_mb           bigint,
    -- what it found when it compared its copy with the hub's: shared::health::Compared
    add column compared_at       timestamptz,
    add column compared_place    bigint,
    add column compared_records  bigint,
    add column compared_digest   text,
    add column compared_same     boolean;
