-- What desks added lately, so that a hub that is started again does not begin to count anew.

create table device_added (
    device  uuid   not null references device (id),
    -- minutes since 1970
    minute  bigint not null,
    records bigint not null,
    primary key (device, minute)
);
comment on table device_added is 'How many new records each workstation added in each minute of the last hours.';
