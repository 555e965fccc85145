-- Keeps what a push found out about records $1 (all of whose documents were looked at where $2), in one statement.
-- Arrays $3..$12 are their items.
with looked as (
    select record, is_whole from unnest($1::uuid[], $2::boolean[]) as looked (record, is_whole)
),
-- another value joined, or an author went on: the item that replaces it is as old, and as much somebody's
replaced as (
    delete from conflict_item using looked
    where conflict_item.record = looked.record and is_whole and kind in (1, 2) and settled_at is null and id <> all($3::bytea[])
    returning conflict_item.record, kind, field, raised_at, owner
),
-- a rule that is kept again, a slot that was found, records that were parted
closed as (
    update conflict_item set settled_at = now(), action = 'changed' from looked
    where conflict_item.record = looked.record and (is_whole or field = 'slot') and (kind = 3 or field = 'late') and settled_at is null
        and id <> all($3::bytea[])
)
insert into conflict_item (id, kind, record, record_kind, chart, ward, field, body, raised_at, owner, settled_at, settled_by, action, change)
select new.id, new.kind, new.record, new.record_kind, new.chart, new.ward, new.field, new.body,
    coalesce((select min(raised_at) from replaced where replaced.record = new.record and replaced.kind = new.kind and replaced.field = new.field), now()),
    (select owner from replaced where replaced.record = new.record and replaced.kind = new.kind and replaced.field = new.field and owner is not null limit 1),
    case when new.change is not null then now() end, (select staff.id from staff where staff.id = new.settled_by),
    case when new.change is not null then 'written' end, new.change
from unnest($3::bytea[], $4::smallint[], $5::uuid[], $6::smallint[], $7::uuid[], $8::uuid[], $9::text[], $10::jsonb[], $11::uuid[], $12::bytea[])
    as new (id, kind, record, record_kind, chart, ward, field, body, settled_by, change)
on conflict (id) do update set
    ward = excluded.ward, chart = excluded.chart, body = excluded.body, change = excluded.change,
    -- what a person did about it stands until somebody settles it otherwise, or the rule is broken once more
    settled_at = case when excluded.change is distinct from conflict_item.change then excluded.settled_at
        when conflict_item.action = 'changed' then null else conflict_item.settled_at end,
    settled_by = case when excluded.change is distinct from conflict_item.change then excluded.settled_by else conflict_item.settled_by end,
    action = case when excluded.change is distinct from conflict_item.change then excluded.action
        when conflict_item.action = 'changed' then null else conflict_item.action end,
    undo = case when excluded.change is distinct from conflict_item.change then null else conflict_item.undo end
