-- Patients, as a report reads them. Both databases read this text: body is json at the hub and JSON text at a desk.
create view patients as
select id, ward, sort,
       body ->> 'mrn' as mrn,
       body ->> 'nationalId' as national_id,
       body ->> 'birthDate' as birth_date,
       body ->> 'gender' as gender,
       body ->> 'bloodGroup' as blood_group,
       body ->> 'bed' as bed,
       body ->> 'deceased' as deceased
from record where kind = 1;
