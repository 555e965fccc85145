-- Figures over days are counted by when visits begin. Only the place in the order is kept, so that a change of anything
-- else about a visit touches no index.
create index record_visit on record (at collate "C", id) where kind = 2;
