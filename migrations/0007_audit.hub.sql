-- Who did what, in one log that nobody changes unseen. What happened lies where it happened, in change, held_change,
-- audit_deed and audit_desk; a task of the hub gives each of these rows exactly one leaf of the log, in order, beside the
-- work: see sync-server/src/services/audit. Entries hold ids and codes, never names or anything clinical: shared::audit.

-- What the hub itself did or saw: sign-ins, enrolments, what administrators do, alarms. Written in the transaction of the
-- deed.
create table audit_deed (
    -- comes first, so that a transaction has its number before the row has its own: a row is looked for only when all
    -- transactions that could have made an earlier one have ended
    tx    xid8   not null default pg_current_xact_id(),
    id    bigint generated always as identity primary key,
    -- shared::audit::entry::Entry
    entry bytea  not null
);
comment on table audit_deed is 'What the hub itself did or saw, one row for each deed.';

-- The chains of the desks, as far as they came.
create table audit_chain (
    device      uuid    not null references device (id),
    incarnation integer not null,
    -- the place that comes next, the hash before it, and the key it is sealed with
    next_seq    bigint  not null,
    head        bytea   not null,
    seal_key    bytea,
    -- the first key, locked for this hub, as JSON
    begun       bytea   not null,
    primary key (device, incarnation)
);
comment on table audit_chain is 'The audit chains of the desks, as far as they came.';

-- What desks wrote down: every entry that ever came, also one that does not fit.
create table audit_desk (
    tx          xid8     not null default pg_current_xact_id(),
    id          bigint   generated always as identity primary key,
    device      uuid     not null,
    incarnation integer  not null,
    seq         bigint   not null,
    entry       bytea    not null,
    hash        bytea    not null,
    seal        bytea    not null,
    -- SHA-256 over all of it: two different entries at one place are both kept
    print       bytea    not null,
    -- what was wrong with it when it came: a code of shared::audit::chain::Flaw
    flaw        text,
    unique (device, incarnation, seq, print)
);
comment on table audit_desk is 'What desks wrote down: every entry that ever came, also one that does not fit.';

-- The word of each device on how far its chain went, batch by batch.
create table audit_signature (
    device      uuid    not null,
    incarnation integer not null,
    seq         bigint  not null,
    hash        bytea   not null,
    signature   bytea   not null,
    primary key (device, incarnation, seq, hash)
);
comment on table audit_signature is 'The signature of each device under the end of each batch of entries.';

-- The log: a leaf of a Merkle tree for everything that happened.
create table audit_log (
    -- counts from 0, without a gap
    leaf      bigint   primary key,
    -- where it happened: 1 change, 2 held_change, 3 audit_deed, 4 audit_desk
    source    smallint not null,
    source_id bigint   not null,
    entry     bytea    not null,
    -- SHA-256(0x00, entry), as in RFC 6962
    hash      bytea    not null,
    -- HMAC of leaf and hash with a key that is not in this database
    seal      bytea    not null,
    -- what entries are looked up by; the entry itself says the same, and a check compares them
    what      smallint not null,
    at_ms     bigint   not null,
    device    uuid     not null,
    staff     uuid,
    record    uuid,
    unique (source, source_id)
);
create index audit_log_record on audit_log (record, leaf) where record is not null;
create index audit_log_staff on audit_log (staff, leaf) where staff is not null;
create index audit_log_alarm on audit_log (leaf) where what = 41;
comment on table audit_log is 'Everything that happened, one leaf each, in the order in which the log took it.';

-- The root of the tree from time to time, signed. Also written to a file elsewhere.
create table audit_head (
    size      bigint primary key,
    root      bytea  not null,
    at_ms     bigint not null,
    signature bytea  not null
);
comment on table audit_head is 'Signed roots of the log. The same lines are in a file elsewhere.';

-- How large the tree is and what its root is made of. One row, and the lock of whoever adds to the log.
create table audit_tree (
    is_the_one boolean primary key default true check (is_the_one),
    size       bigint not null default 0,
    peaks      bytea  not null default ''
);
insert into audit_tree default values;
comment on table audit_tree is 'The tree over the log, as the roots of its whole subtrees.';

-- How far each source has been taken into the log.
create table audit_source (
    source smallint primary key,
    done   bigint   not null
);
insert into audit_source (source, done) values (1, 0), (2, 0), (3, 0), (4, 0);
comment on table audit_source is 'How far each source has been taken into the log.';

-- places for held changes, which are named by their hash
alter table held_change add column audit_id bigint generated always as identity;
create unique index held_change_audit on held_change (audit_id);

-- What is written here stays as it is.
create function audit_is_for_good() returns trigger language plpgsql as $$
begin
    raise exception 'audit entries are neither changed nor removed' using errcode = 'insufficient_privilege';
end
$$;
create trigger audit_deed_stays before update or delete or truncate on audit_deed
    for each statement execute function audit_is_for_good();
create trigger audit_desk_stays before update or delete or truncate on audit_desk
    for each statement execute function audit_is_for_good();
create trigger audit_signature_stays before update or delete or truncate on audit_signature
    for each statement execute function audit_is_for_good();
create trigger audit_log_stays before update or delete or truncate on audit_log
    for each statement execute function audit_is_for_good();
create trigger audit_head_stays before update or delete or truncate on audit_head
    for each statement execute function audit_is_for_good();
