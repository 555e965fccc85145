-- What patients have to be told, as those see it who tell them: by phone, since nothing is sent by itself.
alter table notice
    -- who told the patient
    add column given_by uuid references staff (id),
    -- how often somebody rang and nobody answered, and when last
    add column tries    integer not null default 0 check (tries >= 0),
    add column tried_at timestamptz;

-- a list goes on where a page ended
create index notice_to_say on notice (start_ms, appointment, nth) where not is_pointless and given_at is null;
drop index notice_open;
create index notice_given on notice (at_ms desc, appointment desc, nth desc) where given_at is not null;
create index notice_unsaid on notice (at_ms desc, appointment desc, nth desc) where given_at is null;
create index notice_of_patient on notice (patient, at_ms desc);
