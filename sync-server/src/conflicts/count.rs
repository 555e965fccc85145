//! Counts open items: those of a list, and those of each kind by their age.

use super::list::{Narrow, narrowed};
use super::money;
use crate::app::App;
use crate::error::Result;
use shared::conflicts::ItemKind;
use shared::ids::WardId;
use shared::overview::{OLD_HOURS, OpenItems};
use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder, Row};

/// Open items of a list are counted up to so many, at which nobody counts any more.
const COUNTED: i64 = 10_000;
const HOUR_US: i64 = 3_600_000_000;

/// Returns before which moment something is so old, microseconds since 1970.
pub(crate) fn before_us(app: &App, hours: u32) -> i64 {
    app.now().0 * 1_000 - i64::from(hours) * HOUR_US
}

/// Counts the open items of a list.
pub(crate) async fn waiting(app: &App, narrow: Narrow) -> Result<u32> {
    let narrow = Narrow {
        is_settled: false,
        ..narrow
    };
    let mut items = QueryBuilder::new("select count(*) from (select from conflict_item where ");
    narrowed(&mut items, narrow);
    let mut count = up_to_counted(app, items).await?;
    if money::is_listed(narrow) {
        let mut sql =
            QueryBuilder::new("select count(*) from (select from billing.exception where ");
        money::narrowed(&mut sql, narrow);
        count += up_to_counted(app, sql).await?;
    }
    Ok(u32::try_from(count.min(COUNTED)).unwrap_or(u32::MAX))
}

async fn up_to_counted(app: &App, mut sql: QueryBuilder<Postgres>) -> Result<i64> {
    sql.push(" limit ").push_bind(COUNTED).push(") as open");
    Ok(sql.build_query_scalar().fetch_one(&app.pool).await?)
}

/// Counts all open items by kind and age, of one ward or of all; those of the books for who may read them.
pub(crate) async fn by_kind(
    app: &App,
    ward: Option<WardId>,
    may_read_books: bool,
) -> Result<Vec<OpenItems>> {
    let [day_us, week_us] = OLD_HOURS.map(|hours| before_us(app, hours));
    let rows = sqlx::query(
        "select kind, count(*) as open, count(*) filter (where raised_at < 'epoch'::timestamptz + $2 * interval '1 microsecond') as day_old,
            count(*) filter (where raised_at < 'epoch'::timestamptz + $3 * interval '1 microsecond') as week_old
         from conflict_item where settled_at is null and ($1::uuid is null or ward = $1) group by kind",
    )
    .bind(ward.map(|ward| ward.0))
    .bind(day_us)
    .bind(week_us)
    .fetch_all(&app.pool)
    .await?;
    let of_row = |row: &PgRow| {
        let number = u8::try_from(row.get::<i16, _>("kind")).ok()?;
        Some(open_items(ItemKind::from_number(number)?, row))
    };
    let mut found: Vec<OpenItems> = rows.iter().filter_map(of_row).collect();
    let everything = Narrow {
        ward,
        may_read_books,
        ..Narrow::default()
    };
    if money::is_listed(everything) {
        let row = sqlx::query(
            "select count(*) as open, count(*) filter (where at_ms * 1000 < $1) as day_old, count(*) filter (where at_ms * 1000 < $2) as week_old
             from billing.exception where settled_at is null",
        )
        .bind(day_us)
        .bind(week_us)
        .fetch_one(&app.pool)
        .await?;
        found.push(open_items(ItemKind::Money, &row));
    }
    found.retain(|items| items.open > 0);
    found.sort_unstable_by_key(|items| items.kind);
    Ok(found)
}

fn open_items(kind: ItemKind, row: &PgRow) -> OpenItems {
    let count = |column: &str| u32::try_from(row.get::<i64, _>(column)).unwrap_or(u32::MAX);
    OpenItems {
        kind,
        open: count("open"),
        day_old: count("day_old"),
        week_old: count("week_old"),
    }
}
