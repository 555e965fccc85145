-- How far a workstation is trusted: it uses a one-time code that one person gave, and waits until another lets it in.

alter table enrol_code
    add column issued_by uuid references staff (id);
comment on column enrol_code.issued_by is 'Who gave the code; somebody else has to let the workstation in.';

alter table device
    add column invited_by   uuid references staff (id),
    add column approved_by  uuid references staff (id),
    add column approved_at  timestamptz,
    add column suspended_at timestamptz;
-- workstations of before were let in by whoever gave the code
update device set approved_at = enrolled_at;
-- words of shared::device::DeviceState
alter table device add column state text not null generated always as (
    case when revoked_at is not null then 'revoked'
         when suspended_at is not null then 'suspended'
         when approved_at is null then 'pending'
         else 'active' end
) stored;
comment on column device.state is 'How far it is trusted: pending, active, suspended or revoked.';

-- Every push of a workstation has a number and names the one before: shared::sync::waybill.
alter table device
    -- the newest push: its incarnation, number and hash
    add column push_incarnation integer not null default 0,
    add column dseq             bigint  not null default 0,
    add column push_hash        bytea   not null default decode(repeat('00', 32), 'hex'),
    -- chance that names the run of the desk's program which sent it
    add column push_run         bigint  not null default 0,
    -- the newest incarnation from before an old copy of the replica was put back, and until when it wrote: what it
    -- still sends of that time is looked at by a person
    add column doubted          integer,
    add column doubted_ms       bigint;

-- The newest pushes of each workstation: what was taken can be told from what another replica sends in its place.
create table device_push (
    device      uuid    not null references device (id),
    incarnation integer not null,
    dseq        bigint  not null,
    hash        bytea   not null,
    -- SHA-256 of the frame
    body        bytea   not null,
    -- record and hash of each change, 16 and 32 bytes, one after the other
    changes     bytea   not null,
    primary key (device, incarnation, dseq)
);
comment on table device_push is 'The newest pushes of each workstation.';

-- Signs that there are two replicas of one workstation, or an old one.
create table device_alarm (
    id          bigint generated always as identity primary key,
    device      uuid    not null references device (id),
    at          timestamptz not null default now(),
    -- code of shared::sync::waybill
    code        text    not null,
    incarnation integer not null,
    dseq        bigint  not null
);
create index device_alarm_device on device_alarm (device, id);
comment on table device_alarm is 'Signs that there are two replicas of one workstation, or an old one.';
