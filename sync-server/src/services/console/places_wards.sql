-- Every ward, or one, with what still is there.
select ward.id, ward.name, (extract(epoch from closed_at) * 1000)::bigint as closed_ms,
    coalesce(lying.patients, 0) as patients, coalesce(coming.visits, 0) as visits,
    array(select device.name from device
        where device.ward = ward.id and number > 0 and revoked_at is null and wiped_at is null order by number) as desks,
    array(select department.name from department
        where department.ward = ward.id and department.closed_at is null order by name) as departments
from ward
left join (
    -- the living; a record that was replaced is not one more of them
    select record.ward, count(*) as patients from record
    where kind = 1 and record.ward is not null and ($1::uuid is null or record.ward = $1) and body ->> 'deceased' is null
        and not exists (
            select 1 from json_array_elements(case json_typeof(body -> 'link') when 'array' then body -> 'link' else '[]' end) link
            where link ->> 'type' = 'replaced-by' and link ->> 'ended' is null)
    group by record.ward
) lying on lying.ward = ward.id
left join (
    -- who waits for a place has no time yet
    select record.ward, count(*) as visits from record
    where kind = 2 and ($1::uuid is null or record.ward = $1)
        and (body ->> 'status' = 'waitlist' or body ->> 'status' in ('proposed', 'pending', 'booked') and at >= $2)
    group by record.ward
) coming on coming.ward = ward.id
where $1::uuid is null or ward.id = $1
order by ward.name
