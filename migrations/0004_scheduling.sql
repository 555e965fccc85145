-- Appointments, as a report reads them.
create view appointments as
select id, ward, subject as patient, at as starts_at,
       body ->> 'practitioner' as practitioner,
       body ->> 'department' as department,
       body ->> 'minutes' as minutes,
       body ->> 'status' as status,
       body ->> 'reason' as reason
from record where kind = 2;
