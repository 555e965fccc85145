-- Doctors' time: when they see patients, and what of it is given away. What a patient is told is in the appointment; who
-- really has the slot is here, where two can never have it. Written in the transaction of the change that asks for it.
create extension if not exists btree_gist;

-- When a doctor sees patients, where that is not whenever the clinic is open. See shared::scheduling::clinic::Schedule.
create table schedule (
    practitioner uuid  primary key references staff (id),
    -- hours of each day of the week, Monday first: [[{"from": "09:00:00", "to": "12:00:00"}], …]
    hours        jsonb not null,
    -- pauses of every day
    breaks       jsonb not null default '[]',
    -- first and last day of each leave
    leave        jsonb not null default '[]'
);
comment on table schedule is 'When a doctor sees patients. Who has no row does whenever the clinic is open, Monday to Friday.';
create trigger schedule_is_reference after insert or delete or update on schedule
    for each statement execute function reference_changed();

-- How much of a doctor's day is given away. Its row is the lock for the day, taken in order of doctor and day after the
-- charts and before the wards.
create table doctor_day (
    practitioner uuid    not null,
    -- the hospital's local day
    day          date    not null,
    -- appointments that count
    counted      integer not null default 0 check (counted >= 0),
    -- places lent to desks and not used yet
    lent         integer not null default 0 check (lent >= 0),
    -- slots given away or lent, the first of the day in the lowest bit: what the search reads
    slots        bigint  not null default 0,
    primary key (practitioner, day),
    constraint doctor_day_places check (counted + lent between 0 and 8)
);
comment on table doctor_day is 'How much of a doctor''s day is given away: never more than eight places, lent ones with them.';

-- A piece of a doctor's time that an appointment has, or that a desk was lent to give away by itself.
create table booking (
    id           bigint generated always as identity primary key,
    practitioner uuid   not null,
    day          date   not null,
    -- milliseconds since 1970
    starts_ms    bigint not null,
    ends_ms      bigint not null check (ends_ms > starts_ms),
    during       tstzrange not null generated always as
        (tstzrange(to_timestamp((starts_ms / 1000.0)::double precision), to_timestamp((ends_ms / 1000.0)::double precision))) stored,
    -- as doctor_day.slots
    slots        bigint not null,
    appointment  uuid   unique,
    patient      uuid,
    -- the desk it is lent to
    lent_to      uuid   references device (id),
    check ((appointment is null) = (patient is null) and (appointment is null) <> (lent_to is null)),
    -- only what holds a slot has a row: what is cancelled or waits for another has none
    constraint booking_of_doctor exclude using gist (practitioner with =, during with &&),
    constraint booking_of_patient exclude using gist (patient with =, during with &&) where (patient is not null)
);
create index booking_day on booking (practitioner, day);
create index booking_patient on booking (patient) where patient is not null;
create index booking_lent on booking (lent_to) where lent_to is not null;
comment on table booking is 'What of doctors'' time is given away, and to whom. Nobody is ever given what another has.';

create function doctor_day_follows() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' then
        update doctor_day d set (counted, lent, slots) =
            (select count(appointment), count(lent_to), coalesce(bit_or(b.slots), 0) from booking b
             where b.practitioner = old.practitioner and b.day = old.day)
        where d.practitioner = old.practitioner and d.day = old.day;
    end if;
    if tg_op = 'INSERT' then
        insert into doctor_day as d (practitioner, day, counted, lent, slots)
        values (new.practitioner, new.day, (new.appointment is not null)::int, (new.lent_to is not null)::int, new.slots)
        on conflict (practitioner, day) do update set
            counted = d.counted + excluded.counted, lent = d.lent + excluded.lent, slots = d.slots | excluded.slots;
    end if;
    return null;
end
$$;
create trigger booking_counts after insert or update or delete on booking
    for each row execute function doctor_day_follows();

-- Appointments that ask for a slot others may have asked for too: decided together when all were heard, or after a while.
create table booking_request (
    appointment  uuid   primary key,
    practitioner uuid   not null,
    patient      uuid   not null,
    day          date   not null,
    starts_ms    bigint not null,
    ends_ms      bigint not null,
    slots        bigint not null,
    -- when it was made, as shared::sync::late reckons it, and when it came
    made_ms      bigint not null,
    came_ms      bigint not null,
    device       uuid   not null,
    -- the change that asks
    change       bytea  not null
);
create index booking_request_day on booking_request (practitioner, day);
create index booking_request_patient on booking_request (patient);
comment on table booking_request is 'Appointments that wait for a decision about their slot.';

-- What was decided, one row for each decision: what the patient is told. The hub writes it into the appointment as well,
-- where every replica reads it.
create table booking_decision (
    id          bigint generated always as identity primary key,
    appointment uuid   not null,
    -- 'stands', 'waits', or why it was lost, as a code
    outcome     text   not null,
    decided_at  timestamptz not null default now(),
    -- when the appointment said so; a decision that a later change made pointless is never said
    said_at     timestamptz,
    is_pointless boolean not null default false
);
create index booking_decision_appointment on booking_decision (appointment);
create index booking_decision_unsaid on booking_decision (id) where said_at is null and not is_pointless;
comment on table booking_decision is 'What was decided about slots, in order.';

-- the name under which the hub decides
insert into staff (id, username, name, roles, is_active)
values ('00000000-0000-8000-8000-000000000002', 'wardbook', 'Wardbook', '{manager}', false);

-- Appointments that had a slot keep it. Two that overlap, or a ninth of a day, could be booked before: the later one is
-- left as it is, without a slot, since nobody was told otherwise.
do $$
declare
    one record;
    zone text := (select hospital.zone from hospital);
begin
    for one in
        select id, subject, (body ->> 'practitioner')::uuid as practitioner, at::timestamptz as starts,
               at::timestamptz + (body ->> 'minutes')::integer * interval '1 minute' as ends
        from record where kind = 2 and claim is not null and subject is not null order by at, id
    loop
        begin
            insert into booking (practitioner, day, starts_ms, ends_ms, slots, appointment, patient)
            values (one.practitioner, (one.starts at time zone zone)::date,
                (extract(epoch from one.starts) * 1000)::bigint, (extract(epoch from one.ends) * 1000)::bigint,
                coalesce((select bit_or(1::bigint << nth) from generate_series(0, 17) nth
                    where tsrange(one.starts at time zone zone, one.ends at time zone zone) &&
                          tsrange((one.starts at time zone zone)::date + time '09:00' + nth * interval '30 minutes',
                                  (one.starts at time zone zone)::date + time '09:30' + nth * interval '30 minutes')), 0),
                one.id, one.subject);
        exception when exclusion_violation or check_violation then
            null;
        end;
    end loop;
    update record set claim = null where kind = 2 and claim is not null;
end
$$;
