-- Held changes that somebody wrote again and that were taken then.
alter table held_change add column resent_at timestamptz;
comment on column held_change.resent_at is 'When a change was taken that says the same: nobody has to decide any more.';
