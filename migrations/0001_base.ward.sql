-- A ward's own copy of the hospital's record, in SQLite under SQLCipher.
-- Parted by lines that begin with "--:" because a first load fills the tables before it builds what searches them.

--: tables

-- Every record the ward may see: what screens read (body) beside the document it comes from (doc).
-- Small columns come first, so that scans for lists and digests do not read the long ones.
create table record (
    key        integer primary key,  -- also the row in record_text
    id         blob    not null,     -- 16 bytes
    kind       integer not null,
    conflicts  integer not null,
    ward       blob    not null,     -- 16 bytes, or none: x''
    subject    blob,                 -- the patient it belongs to
    at         text,                 -- when it takes place, RFC 3339 in UTC
    sort       text    not null,
    changed_by blob,
    changed_at integer not null,     -- seconds since 1970, by the clock of the desk that changed it
    heads      blob    not null,     -- 32 bytes each
    clock      blob,                 -- what spares loading the document for the next change; nothing until it was loaded once
    body       text    not null,
    doc        blob    not null
);
-- Records arrive in order of id, and the others concern few of them: these cost little during a first load, while making
-- one afterwards means reading the whole table.
create unique index record_id on record (id);
create index record_subject on record (subject, kind, at) where subject is not null;
create index record_at on record (kind, ward, at) where at is not null;
create index record_conflict on record (kind, sort) where conflicts > 0;

-- Changes the hub has not accepted yet, in the order in which this device made them.
create table outbox (
    lseq    integer primary key autoincrement,
    kind    integer not null,
    record  blob    not null,
    hash    blob    not null unique,
    change  blob    not null,
    writes  text    not null,        -- the command: what a person wrote, as JSON, to write it again if need be
    base    blob    not null,        -- heads the form was opened on
    staff   blob    not null,
    at_ms   integer not null,
    is_new  integer not null,        -- the first change of its record
    error   text,                    -- what went wrong the last time it was sent, as a code
    parked  integer not null default 0  -- how often the hub asked for what it builds on
);
create index outbox_record on outbox (record, lseq);

-- Changes the hub did not take, kept until a person deals with them.
create table held (
    id           text    primary key,
    kind         integer not null,
    record       blob    not null,
    writes       text    not null,
    fields       text    not null,   -- paths with what was there and what was written, as JSON
    problems     text    not null,   -- why, as JSON
    staff        blob    not null,
    at_ms        integer not null,
    is_new       integer not null,
    is_withdrawn integer not null
);
create index held_record on held (record);

-- Messages of the feed that could not be applied. They block nothing and are looked at by an administrator.
create table set_aside (
    place  integer primary key,
    kind   integer not null,
    record blob    not null,
    reason text    not null,
    bytes  blob    not null
);

-- Patients registered while the device had no hospital number left, and who registered them.
create table numberless (
    record blob primary key,
    staff  blob not null
);

-- Who signed in here before, so that they can without the hub.
create table pass (
    staff        blob    primary key,
    username     text    not null unique,
    hash         text    not null,   -- Argon2id
    not_after_ms integer not null,
    about        text    not null,   -- the person as the hub described them, as JSON
    wrong        integer not null,   -- wrong passwords in a row
    wait_until_ms integer not null
);

-- Who did what here, each entry chained to the one before it: see shared::audit. Entries that were sent stay for a
-- while, for those who may ask who looked.
create table audit (
    incarnation integer not null,
    seq         integer not null,
    at_ms       integer not null,    -- as the entry says
    record      blob,                -- as the entry says
    is_sent     integer not null,
    entry       blob    not null,
    hash        blob    not null,
    seal        blob    not null,
    primary key (incarnation, seq)
);
create index audit_record on audit (record, at_ms) where record is not null;
create index audit_unsent on audit (incarnation, seq) where is_sent = 0;

-- The first key of each chain, until the hub has it: in the clear only while this desk does not know the hub's key.
create table audit_chain (
    incarnation integer primary key,
    first       blob,
    locked      blob
);

-- How many records there are, so that a list can say so without counting.
create table tally (
    kind integer not null,
    ward blob    not null,
    n    integer not null,
    primary key (kind, ward)
) without rowid;

-- Everything there is one of: the device, its key, the place in the feed, the reference data.
create table meta (
    name  text primary key,
    value blob not null
) without rowid;

--: indexes

-- Names arrive in no order at all: this one is cheaper made at once.
create index record_list on record (kind, ward, sort, id);

--: counting

create trigger record_added after insert on record begin
    insert into tally (kind, ward, n) values (new.kind, new.ward, 1)
    on conflict (kind, ward) do update set n = n + 1;
end;
create trigger record_erased after delete on record begin
    update tally set n = n - 1 where kind = old.kind and ward = old.ward;
    delete from record_text where rowid = old.key;
end;
create trigger record_moved after update of ward on record when old.ward <> new.ward begin
    update tally set n = n - 1 where kind = old.kind and ward = old.ward;
    insert into tally (kind, ward, n) values (new.kind, new.ward, 1)
    on conflict (kind, ward) do update set n = n + 1;
end;

--: text

-- Folded words of records that are searched for. Nothing but the index is kept: no columns, no positions. The words are
-- parted by spaces already: another tokenizer would part words of some scripts once more. Beginnings of
-- 2 and 4 letters have an index of their own; 1 and 3 are found through the next longer one, and of longer beginnings
-- there are few.
create virtual table record_text using fts5 (
    words, content = '', contentless_delete = 1, detail = none, prefix = '2 4',
    tokenize = 'ascii'
);
