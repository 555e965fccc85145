-- What the books need a person for stands in the list of decisions as well: read there, never copied, so that it is in both
-- or in neither. Somebody may look after it.
alter table billing.exception add column owner uuid;
grant update (owner) on billing.exception to wardbook_billing;

-- the list goes on where a page ended: by the moment in microseconds, and by the name that the list gives it
create index exception_waits on billing.exception ((at_ms * 1000), (int8send(id))) where settled_at is null;
create index exception_done on billing.exception (settled_at desc, (int8send(id)) desc) where settled_at is not null;

create trigger exception_is_told after insert or update of settled_at, owner on billing.exception
    for each statement execute function console_told('conflicts');
