-- A hub that was put back from a backup begins a new lineage: shared::sync::lineage.

alter table hospital add column lineage uuid not null default gen_random_uuid();
comment on column hospital.lineage is 'Names the hub since it was last put back from a backup, so that desks notice.';

-- Where each lineage ended that this hub had before.
create table lineage_end (
    number   bigint      generated always as identity primary key,
    lineage  uuid        not null unique,
    ended_at timestamptz not null default now()
);
comment on table lineage_end is 'The lineages that ended when the hub was put back from a backup, in order.';

create table lineage_place (
    number bigint not null references lineage_end,
    ward   uuid   not null references ward,
    -- place of the last item that is in both lineages
    place  bigint not null,
    primary key (number, ward)
);
comment on table lineage_place is 'The last item of each ward''s feed that a lineage has in common with the one after it.';
