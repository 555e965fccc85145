-- Who may call the hub: people, and the computers they sit at.

-- Departments, each with the ward whose desk runs its diary.
create table department (
    id   uuid primary key,
    name text not null unique,
    ward uuid not null references ward (id)
);
comment on table department is 'Departments, each with the ward whose desk runs its diary.';

-- Members of staff.
create table staff (
    id            uuid    primary key,
    username      text    not null unique,
    name          text    not null,
    -- words of shared::access::Role
    roles         text[]  not null,
    -- departments a doctor sees patients in
    departments   uuid[]  not null default '{}',
    -- Argon2id; none: cannot sign in
    password_hash text,
    is_active     boolean not null default true
);
comment on table staff is 'Members of staff.';

-- Workstations. Number 0 is the hub itself, for what it imports.
create table device (
    id          uuid    primary key,
    -- names the device inside changes and makes its hospital numbers
    number      bigint  not null unique check (number between 0 and 4294967295),
    name        text    not null,
    ward        uuid    references ward (id),
    -- Ed25519; none: cannot call
    public_key  bytea   unique,
    -- the newest incarnation of its replica that was seen
    incarnation integer not null default 0,
    enrolled_at timestamptz not null default now(),
    seen_at     timestamptz,
    revoked_at  timestamptz
);
create sequence device_number as bigint minvalue 1;
comment on table device is 'Workstations that may call the hub. Number 0 is the hub itself.';

-- One-time codes an administrator gives to a workstation.
create table enrol_code (
    -- its first four characters, by which it is found
    handle      text    primary key,
    -- Argon2id of the whole code
    hash        text    not null,
    ward        uuid    not null references ward (id),
    tries_left  integer not null default 5,
    expires_at  timestamptz not null,
    -- the device that used it, which may ask again when the answer was lost
    used_by     uuid    references device (id)
);
comment on table enrol_code is 'One-time codes for new workstations: five tries, ten minutes.';

-- Hospital numbers set aside for a device, so that it can give them without the network.
create table number_block (
    first    bigint primary key,
    until    bigint not null,
    device   uuid   not null references device (id),
    given_at timestamptz not null default now(),
    check (until > first)
);
comment on table number_block is 'Hospital numbers set aside for a device: first up to, not including, until.';

-- Names of medicines to pick from.
create table medicine (
    name text primary key
);
comment on table medicine is 'Names of medicines to pick from.';

-- The version grows with every change of reference data, and serving hubs are told.
create function reference_changed() returns trigger language plpgsql as $$
begin
    update hospital set reference_version = reference_version + 1;
    perform pg_notify('wardbook_news', 'reference');
    return null;
end
$$;
create trigger ward_is_reference after insert or delete or update of name on ward
    for each statement execute function reference_changed();
create trigger department_is_reference after insert or delete or update on department
    for each statement execute function reference_changed();
create trigger staff_is_reference after insert or delete or update of username, name, roles, departments, is_active on staff
    for each statement execute function reference_changed();
create trigger medicine_is_reference after insert or delete or update on medicine
    for each statement execute function reference_changed();

-- the hub itself, and the name under which it imports
insert into device (id, number, name) values ('00000000-0000-8000-8000-000000000000', 0, 'hub');
insert into staff (id, username, name, roles, is_active)
values ('00000000-0000-8000-8000-000000000001', 'import', 'Import', '{doctor}', false);
