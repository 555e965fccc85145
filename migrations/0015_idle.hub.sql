-- After how many minutes a desk that nobody touches asks for the password again.
alter table hospital add column idle_minutes integer not null default 10 check (idle_minutes between 1 and 60);
