-- Prescriptions, as a report reads them. What a signature is worth is worked out in shared::prescriptions::standing.
create view prescriptions as
select id, ward, subject as patient, at as authored_on,
       body ->> 'status' as status,
       body ->> 'stopReason' as stop_reason,
       body ->> 'notes' as notes
from record where kind = 3;
