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
