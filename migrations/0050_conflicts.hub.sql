-- What was decided without asking anybody, for people to look at: an item each. Items of records are read off their
-- documents (shared::conflicts) in the transaction that takes a change; others come from triggers below.
create table conflict_item (
    -- names the item at every desk as well; of held work, the hash of the change
    id          bytea       primary key,
    -- number of shared::conflicts::ItemKind
    kind        smallint    not null,
    record      uuid,
    record_kind smallint,
    -- the patient it is about
    chart       uuid,
    -- the ward that sees it
    ward        uuid,
    device      uuid,
    field       text        not null,
    -- shared::conflicts::Item
    body        jsonb       not null,
    raised_at   timestamptz not null default now(),
    -- who looks after it
    owner       uuid references staff (id),
    settled_at  timestamptz,
    settled_by  uuid references staff (id),
    -- what was done, a code: a word of shared::conflicts::settle::Choice, or how it closed by itself
    action      text,
    -- the change that settled it
    change      bytea,
    -- what would take that back: paths and values
    undo        jsonb
);
comment on table conflict_item is 'What was decided without asking anybody, open or settled.';
-- a list goes on where a page ended, whatever it is narrowed to
create index conflict_item_open on conflict_item (raised_at, id) where settled_at is null;
create index conflict_item_kind on conflict_item (kind, raised_at, id) where settled_at is null;
create index conflict_item_ward on conflict_item (ward, raised_at, id) where settled_at is null;
create index conflict_item_owner on conflict_item (owner, raised_at, id) where settled_at is null;
create index conflict_item_settled on conflict_item (settled_at desc, id desc) where settled_at is not null;
create index conflict_item_record on conflict_item (record);

-- Returns the body of an item that nobody reads off a document.
create function conflict_body(id bytea, kind text, rule jsonb) returns jsonb language sql immutable as $$
    select jsonb_build_object('id', encode(id, 'hex'), 'kind', kind, 'rule', rule, 'paths', '[]'::jsonb,
        'before', '[]'::jsonb, 'sides', '[]'::jsonb, 'settled', null)
$$;
create function conflict_rule(code text) returns jsonb language sql immutable as $$
    select jsonb_build_object('code', code, 'field', '', 'with', '{}'::jsonb)
$$;

create function conflict_of_held() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into conflict_item (id, kind, record, record_kind, chart, ward, device, field, body, raised_at)
        values (new.hash, 5, new.record, new.kind, (select chart from record where id = new.record),
            (select ward from device where id = new.device), new.device, '',
            conflict_body(new.hash, 'quarantine', coalesce(new.problems -> 0, conflict_rule('change.malformed'))), new.held_at)
        on conflict (id) do nothing;
    elsif coalesce(new.taken_at, new.decided_at, new.resent_at) is not null
        and coalesce(old.taken_at, old.decided_at, old.resent_at) is null then
        update conflict_item set settled_at = now(), settled_by = new.decided_by,
            action = case when new.taken_at is not null then 'released' when new.decided_at is not null then 'refused' else 'resent' end
        where id = new.hash and settled_at is null;
    end if;
    return null;
end
$$;
comment on function conflict_of_held() is 'Held work is an item until somebody decides about it.';
create trigger held_change_is_an_item after insert or update on held_change
    for each row execute function conflict_of_held();

create function conflict_of_alarm() returns trigger language plpgsql as $$
declare
    name bytea := sha256(convert_to('alarm ' || new.id, 'UTF8'));
begin
    insert into conflict_item (id, kind, ward, device, field, body, raised_at)
    values (name, 6, (select ward from device where id = new.device), new.device, '',
        conflict_body(name, 'stale', conflict_rule(new.code)), new.at);
    return null;
end
$$;
comment on function conflict_of_alarm() is 'That an old replica was used is an item until somebody has looked at it.';
create trigger device_alarm_is_an_item after insert on device_alarm
    for each row execute function conflict_of_alarm();

-- what waits already
insert into conflict_item (id, kind, record, record_kind, chart, ward, device, field, body, raised_at)
select hash, 5, held.record, held.kind, record.chart, device.ward, held.device, '',
    conflict_body(hash, 'quarantine', coalesce(problems -> 0, conflict_rule('change.malformed'))), held_at
from held_change held left join record on record.id = held.record left join device on device.id = held.device
where taken_at is null and decided_at is null and resent_at is null;

-- once for each statement: many are settled at once
create trigger conflict_item_is_told after insert or update or delete on conflict_item
    for each statement execute function console_told('conflicts');
