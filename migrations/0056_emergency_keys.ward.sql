-- The key of the emergency summaries, sealed by the hub for each of those who may open them.
create table emergency_key (
    staff  blob primary key,         -- 16 bytes
    sealed blob not null
) without rowid;
