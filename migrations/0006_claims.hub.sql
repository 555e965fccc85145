-- What only one record may have: a hospital number, a doctor's slot. claims.rs says what a record claims. Asserted at the
-- hub alone: on a desk it would make receiving fail. Checked when the transaction ends, so that one push may free a slot
-- and give it away again.
alter table record add constraint record_claim unique (claim) deferrable initially deferred;
