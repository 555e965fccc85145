-- Charts whose patient went to another ward: the ward they left forgets them after a while.

create table chart_leaving (
    chart        uuid   not null references chart (id),
    ward         uuid   not null references ward (id),
    -- since when nothing of the chart is this ward's, and when the ward was told to forget it; milliseconds since 1970
    since_ms     bigint not null,
    forgotten_ms bigint,
    primary key (chart, ward)
);
create index chart_leaving_due on chart_leaving (since_ms) where forgotten_ms is null;
comment on table chart_leaving is 'Wards that a chart left. What they wrote before they forgot it is still taken.';
-- most charts are seen by one ward, and those are never looked at
create index chart_shared on chart (id) where cardinality(wards) > 1;
