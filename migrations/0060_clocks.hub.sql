-- By how much each workstation's clock was ahead when it pushed last, and before it was set while work from then may still
-- come: nobody can say for sure when such work was done.
alter table device
    add column clock_ahead_ms bigint,
    add column clock_was_ms   bigint;
