-- Emergency access: what is vital about in-patients of other wards, and when somebody asked for it.

-- Sealed by the hub under a key that is not here: it lies in the slots of those who may open it, under their passwords.
create table emergency_summary (
    patient blob primary key,        -- 16 bytes
    sealed  blob not null
) without rowid;

-- Every opening as it was last, until the hub has it; then for a while longer.
create table emergency_opening (
    id      blob    primary key,     -- 16 bytes
    from_ms integer not null,
    version integer not null,
    sent    integer not null,        -- the newest version the hub has
    body    text    not null         -- shared::emergency::Opening as JSON
) without rowid;
create index emergency_unsent on emergency_opening (from_ms) where sent < version;
