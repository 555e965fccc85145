-- Between the booking and the visit the hub looks for what is near: whom to remind, and who did not come.
create index booking_starts on booking (starts_ms) where appointment is not null;
