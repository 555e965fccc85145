-- A charge that comes after a visit was billed has a bill of its own, which names the first one.

alter table billing.bill
    -- the bill that it adds to, and what was charged late
    add column adds_to uuid references billing.bill (id),
    add column what    text check (what <> ''),
    add constraint bill_adds_to_one check ((adds_to is null) = (what is null) and (adds_to is null or kind = 'supplement'));
create index bill_supplements on billing.bill (adds_to) where adds_to is not null;

create or replace function billing.bill_is_kept() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or (old.id, old.number, old.patient, old.appointment, old.kind, old.currency, old.net, old.tax,
            old.rate_basis_points, old.rate_version, old.issued_ms, old.replaces, old.based_on, old.adds_to, old.what) is distinct from
        (new.id, new.number, new.patient, new.appointment, new.kind, new.currency, new.net, new.tax,
            new.rate_basis_points, new.rate_version, new.issued_ms, new.replaces, new.based_on, new.adds_to, new.what)
        or (old.void_reason is not null and new.void_reason is distinct from old.void_reason) then
        raise exception 'a bill that was issued is kept' using errcode = 'check_violation', constraint = 'bill_is_kept';
    end if;
    return new;
end $$;
