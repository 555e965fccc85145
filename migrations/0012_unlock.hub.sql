-- What the hospital says of its desks at every contact, and for how long staff may unlock them without the hub.

alter table hospital
    -- hours for which somebody may unlock a desk without the hub, after they signed in at it
    add column offline_hours  integer not null default 72 check (offline_hours between 1 and 336),
    -- grows when rules change in such a way that staff have to sign in at the hub again
    add column policy_version integer not null default 1 check (policy_version > 0);

alter table device
    -- words of shared::orders::Order
    add column ordered    text not null default 'active' check (ordered in ('active', 'suspend', 'wipe_after_upload', 'wipe_now')),
    add column ordered_at timestamptz,
    -- when the desk said that it has emptied itself
    add column wiped_at   timestamptz,
    -- the hub's half of a key to the desk's replica: 32 bytes by chance
    add column share      bytea not null default decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex');
comment on column device.share is 'The hub''s half of a key to the desk''s replica; the other half lies in the desk''s keychain.';
