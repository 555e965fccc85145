-- Central staff at the web console: their sessions, and the second factor of those who decide what others may do.

-- A session is known by the hash of what its cookie holds: who reads this table cannot use it.
create table console_session (
    hash     bytea primary key,
    staff    uuid  not null references staff (id),
    began_at timestamptz not null default now(),
    -- noted once a minute at most
    seen_at  timestamptz not null default now()
);
create index console_session_staff on console_session (staff);
comment on table console_session is 'Who is signed in at the console, by the hash of the cookie.';

-- Codes that change every thirty seconds (RFC 6238).
create table second_factor (
    staff     uuid   primary key references staff (id),
    secret    bytea  not null,
    -- the newest step of which a code was used: each counts once
    last_step bigint not null default 0
);
comment on table second_factor is 'The second factor of members of staff, RFC 6238.';
