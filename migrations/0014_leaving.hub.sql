-- Since when somebody works here no more: what they made before is theirs, what came after is looked at.

alter table staff add column left_at timestamptz;
comment on column staff.left_at is 'When the account was closed; none while it is open, and for one that never was.';
create function staff_leaves() returns trigger language plpgsql as $$
begin
    new.left_at = case when new.is_active then null else clock_timestamp() end;
    return new;
end
$$;
create trigger staff_leaves before update of is_active on staff
    for each row when (old.is_active <> new.is_active) execute function staff_leaves();

comment on column device.ordered_at is 'Since when it may at most send what it has; a stricter order later does not move it. None while it may go on.';
update device set ordered_at = null where ordered = 'active';
