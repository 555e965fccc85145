-- Records this ward is to forget, kept for as long as unsent or held work is about their chart.
create table leaving (
    record blob    primary key,
    kind   integer not null
) without rowid;
