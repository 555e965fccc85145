-- The key of the summaries at a desk is changed when somebody may not open them any more, and every month.

alter table device
    -- what everybody's own key at this desk is made of: it never leaves the hub and never changes
    add column emergency_secret bytea not null default decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'),
    add column emergency_key_at timestamptz not null default now();
comment on column device.emergency_secret is 'What the own keys of those are made of who may open the summaries at this desk.';

-- Who was given the key at a desk, and their own.
create table emergency_holder (
    device uuid not null references device (id),
    staff  uuid not null references staff (id),
    primary key (device, staff)
);
comment on table emergency_holder is 'Who can open the summaries at each desk.';
