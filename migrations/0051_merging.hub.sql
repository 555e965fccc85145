-- Records of one person. A merge is written into both records (shared::merging); this is how far it has come, and what it
-- moved, so that it can be taken back.
create table patient_merge (
    id         bigint generated always as identity primary key,
    gone       uuid        not null,
    kept       uuid        not null,
    -- appointments and prescriptions that went to the record that is kept, also those that came later
    moved      uuid[]      not null default '{}',
    by         uuid        not null references staff (id),
    at         timestamptz not null default now(),
    undone_by  uuid references staff (id),
    undone_at  timestamptz,
    -- set once both records say so: what is not is gone on with
    said_at    timestamptz,
    parted_at  timestamptz,
    check (gone <> kept)
);
create unique index patient_merge_gone on patient_merge (gone) where undone_at is null;
comment on table patient_merge is 'Records that were replaced by others, and those that were parted again.';

-- What patients are looked up by when one may be registered twice: keys of shared::matching::blocks.
create table patient_key (
    record uuid not null,
    key    text not null,
    primary key (record, key)
);
create index patient_key_key on patient_key (key);
comment on table patient_key is 'Coarse views of patients. Two that share one are compared.';

-- Which version of each patient the keys are of.
create table patient_keyed (
    record uuid  primary key,
    heads  bytea not null
);
comment on table patient_keyed is 'The version of each patient that was looked at for likely duplicates.';
