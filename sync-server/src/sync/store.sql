-- Everything a push adds to the hospital's record, in one statement. Arrays $1..$5 are changes, $6..$20 are records,
-- $21..$22 are documents saved anew, $23 is how many of the records count for how much the device $24 may add.
with taken as (
    insert into change (hash, record, device, staff, bytes)
    select hash, record, device, staff, bytes
    from unnest($1::uuid[], $2::bytea[], $3::uuid[], $4::uuid[], $5::bytea[]) as new (device, hash, record, staff, bytes)
    on conflict (hash) do nothing
    returning id, hash
),
kept as (
    insert into record (id, kind, subject, chart, ward, at, sort, body, tail, heads, clock, claim, conflicts, changed_by, changed_at)
    select id, kind, subject, chart, ward, at, sort, body::json, tail, heads, clock, claim, conflicts, changed_by, changed_at
    from unnest($6::uuid[], $7::smallint[], $8::uuid[], $9::uuid[], $10::uuid[], $11::text[], $12::text[],
                $13::text[], $14::bytea[], $15::bytea[], $16::bytea[], $17::text[], $18::integer[], $19::uuid[], $20::bigint[])
        as new (id, kind, subject, chart, ward, at, sort, body, tail, heads, clock, claim, conflicts, changed_by, changed_at)
    on conflict (id) do update set
        subject = excluded.subject, chart = excluded.chart, ward = excluded.ward, at = excluded.at, sort = excluded.sort,
        body = excluded.body, tail = excluded.tail, heads = excluded.heads, clock = excluded.clock,
        claim = excluded.claim, conflicts = excluded.conflicts, changed_by = excluded.changed_by, changed_at = excluded.changed_at
),
saved as (
    insert into document (record, doc)
    select record, doc from unnest($21::uuid[], $22::bytea[]) as new (record, doc)
    on conflict (record) do update set doc = excluded.doc
),
counted as (
    insert into device_added (device, minute, records)
    select $24, floor(extract(epoch from now()) / 60)::bigint, $23::bigint where $23::bigint > 0
    on conflict (device, minute) do update set records = device_added.records + excluded.records
),
forgotten as (
    delete from device_added where device = $24 and minute < floor(extract(epoch from now()) / 60)::bigint - 120 and $23::bigint > 0
),
freed as (
    update held_change set taken_at = now() where hash = any($2::bytea[]) and taken_at is null
)
select id, hash, null::uuid as record, null::bytea as held from taken
union all
-- what waits for a person to decide about these records
select 0, hash, record, bytes from held_change
where record = any($3::uuid[]) and hash <> all($2::bytea[])
    and taken_at is null and decided_at is null and resent_at is null
