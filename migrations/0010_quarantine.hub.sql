-- What became of changes that were held: a person at the hub looks at each, and lets it in or refuses it for good.
alter table held_change add column decided_at timestamptz;
alter table held_change add column decided_by uuid references staff (id);
-- what the author is told; empty when it was let in
alter table held_change add column reason text;
comment on column held_change.decided_at is 'When a person at the hub decided. With taken_at the change was let in, without it refused.';
create index held_change_device on held_change (device, held_at);
