-- What only one record may have. Asserted at the hub alone: on a desk it would make receiving fail.
-- Checked when the transaction ends, so that one push may free a slot and give it away again.

-- A hospital number belongs to one patient.
alter table record add constraint record_mrn
    exclude using btree ((body ->> 'mrn') with =) where (kind = 1) deferrable initially deferred;

-- A doctor sees one patient at a time. The states are those of AppointmentStatus::holds_slot.
create function slot_of(body jsonb) returns text language sql immutable parallel safe as
$$ select (body ->> 'practitioner') || ' ' || (body ->> 'start') $$;
alter table record add constraint record_slot
    exclude using btree (slot_of(body) with =)
    where (kind = 2 and (body ->> 'status') in ('booked', 'arrived', 'checked-in', 'fulfilled', 'noshow'))
    deferrable initially deferred;
