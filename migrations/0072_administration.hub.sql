-- What administrators do at the console: give passwords for once, have second factors set up anew, close wards, plan prices.

alter table staff
    -- the password was given by an administrator, and is good until then; none: it is their own
    add column once_until   timestamptz,
    -- until then the password alone is enough to set up a second factor, where there is none
    add column factor_until timestamptz,
    -- when an administrator gave a password last: what desks sealed under another is worth nothing since
    add column reset_at     timestamptz;

-- When somebody last signed in at each workstation with the hub, which is when what they unlock it with was sealed.
create table desk_sign_in (
    device uuid        not null references device (id),
    staff  uuid        not null references staff (id),
    at     timestamptz not null default clock_timestamp(),
    primary key (device, staff)
);
comment on table desk_sign_in is 'When each member of staff last signed in at each workstation with the hub.';

alter table console_session
    -- somebody who has no second factor yet and whose role asks for one: nothing but setting it up is open to them
    add column is_for_factor boolean not null default false;

-- Second factors that were shown to somebody who has not typed a code of them back yet.
create table second_factor_offer (
    staff   uuid        primary key references staff (id),
    secret  bytea       not null,
    made_at timestamptz not null default now()
);
comment on table second_factor_offer is 'Second factors that were shown to somebody and do not count yet.';

alter table ward add column closed_at timestamptz;
alter table department add column closed_at timestamptz;
create trigger ward_closing_is_reference after update of closed_at on ward
    for each statement execute function reference_changed();
-- desks ask who has to sign in again
create trigger staff_reset_is_reference after update of reset_at on staff
    for each statement execute function reference_changed();
-- a password that was used is shown as such
create trigger staff_once_is_told after update of once_until on staff
    for each row execute function console_told('reference');

-- When a price was said, by the hub's clock; none for those from before.
alter table billing.price add column said_ms bigint;
