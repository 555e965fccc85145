-- What the central console is told while somebody looks at it: that a list changed, never what is in it.

create function console_told() returns trigger language plpgsql as $$
begin
    perform pg_notify('wardbook_console', tg_argv[0]);
    return null;
end
$$;
comment on function console_told() is 'Says on the console''s line which list changed.';

-- row by row: a push that holds nothing says nothing, and does not wait for others that do
create trigger held_change_is_told after insert or update on held_change
    for each row execute function console_told('held');
create trigger device_is_told after insert or update of name, ward, approved_at, suspended_at, revoked_at, ordered, wiped_at on device
    for each row execute function console_told('devices');
create trigger device_alarm_is_told after insert on device_alarm
    for each row execute function console_told('devices');
create trigger reference_is_told after update of reference_version on hospital
    for each row execute function console_told('reference');
create trigger second_factor_is_told after insert or delete on second_factor
    for each row execute function console_told('reference');
create trigger emergency_opening_is_told after insert or update on emergency_opening
    for each row execute function console_told('emergency');
create trigger emergency_review_is_told after insert on emergency_review
    for each row execute function console_told('emergency');

-- a list of held work goes on where a page ended
create index held_change_page on held_change (held_at, hash);
create index held_change_waiting on held_change (held_at, hash) where taken_at is null and decided_at is null and resent_at is null;

-- When each workstation was heard last, and what it said of itself then. Apart from device, whose row a push locks.
create table device_contact (
    device  uuid        primary key references device (id),
    at      timestamptz not null,
    -- of the desk's program
    version text,
    -- changes it had not sent
    unsent  bigint
);
comment on table device_contact is 'When each workstation was heard last, and what it said of itself then.';
