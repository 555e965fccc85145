-- Money at this desk: the bills of its ward's patients as the hub last told them, and what was given a number here.
create table bill (
    id      blob    primary key,  -- 16 bytes
    patient blob    not null,     -- 16 bytes
    bucket  integer not null,     -- the part of the ward's bills that it comes with
    number  integer not null,
    body    text    not null      -- shared::payments::desk::DeskBill
) without rowid;
create index bill_of_patient on bill (patient, number);
create index bill_of_bucket on bill (bucket);

-- Receipts, and documents that make one void. Nothing here is ever deleted or changed but its last two columns.
create table receipt (
    number     text    primary key,  -- 26A1-K7Q-000123
    id         blob    not null unique,
    patient    blob    not null,
    at_ms      integer not null,
    body       text    not null,     -- shared::payments::desk::Document
    is_printed integer not null default 0,
    outcome    text                  -- what became of it at the hub; nothing until it is known
) without rowid;
create index receipt_unposted on receipt (at_ms) where outcome is null;
create index receipt_of_patient on receipt (patient, at_ms);
