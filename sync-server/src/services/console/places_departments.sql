-- Every department, or one, with what still is there.
select department.id, department.name, department.ward, (extract(epoch from closed_at) * 1000)::bigint as closed_ms,
    coalesce(coming.visits, 0) as visits,
    array(select staff.name from staff
        where department.id = any(staff.departments) and is_active order by staff.name) as doctors
from department
left join (
    -- who waits for a place has no time yet
    select body ->> 'department' as department, count(*) as visits from record
    where kind = 2 and ($1::uuid is null or body ->> 'department' = $1::text)
        and (body ->> 'status' = 'waitlist' or body ->> 'status' in ('proposed', 'pending', 'booked') and at >= $2)
    group by body ->> 'department'
) coming on coming.department = department.id::text
where $1::uuid is null or department.id = $1
order by department.name
