//! What was billed and what came in, by the days in which the books count it.

use super::Range;
use crate::app::App;
use crate::books::currency;
use crate::error::Result;
use shared::money::currency::Currency;
use shared::overview::{DayMoney, TakingLine, Takings, days};
use sqlx::Row;
use sqlx::postgres::PgRow;
use std::collections::BTreeMap;

/// Adds up what each day brought, in each currency that moved; a day on which nothing did says so.
pub(crate) async fn count(app: &App, range: Range) -> Result<Vec<DayMoney>> {
    let rows = sqlx::query(
        "select day::text as day, currency,
            coalesce(sum(credit - debit) filter (where account = any($3)), 0)::bigint as billed,
            coalesce(sum(debit - credit) filter (where account = any($4) and why <> $5), 0)::bigint as received
         from billing.journal join billing.posting on posting.journal = journal.id
         where day >= $1::date and day <= $2::date group by day, currency order by currency, day",
    )
    .bind(range.from.to_string())
    .bind(range.to.to_string())
    .bind(Takings::Billed.accounts())
    .bind(Takings::Received.accounts())
    .bind(Takings::left_out())
    .fetch_all(&app.pool)
    .await?;
    let mut found: BTreeMap<&str, BTreeMap<&str, (i64, i64)>> = BTreeMap::new();
    for row in &rows {
        let of_currency = found.entry(row.get("currency")).or_default();
        of_currency.insert(row.get("day"), (row.get("billed"), row.get("received")));
    }
    let all = days(range.from, range.to, &app.zone());
    let mut lines = Vec::with_capacity(all.len() * found.len());
    for (letters, moved) in found {
        let currency = currency(letters)?;
        lines.extend(all.iter().map(|day| {
            let day = day.date.to_string();
            let (billed_minor, received_minor) =
                moved.get(day.as_str()).copied().unwrap_or_default();
            DayMoney {
                day,
                currency,
                billed_minor,
                received_minor,
            }
        }));
    }
    Ok(lines)
}

/// Which journals a list has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Which {
    pub(crate) of: Takings,
    pub(crate) range: Range,
    pub(crate) currency: Currency,
    /// Behind this one.
    pub(crate) after: i64,
}

/// Lists the journals of a figure, each with what it adds to it.
pub(crate) async fn list(app: &App, which: Which, most: i64) -> Result<Vec<TakingLine>> {
    let (debit_grows, leaves_out) = match which.of {
        Takings::Billed => (-1, ""),
        Takings::Received => (1, Takings::left_out()),
    };
    let rows = sqlx::query(
        "select journal.id, why, bill, day::text as day, currency, occurred_ms, (sum(debit - credit) * $6)::bigint as minor
         from billing.journal join billing.posting on posting.journal = journal.id
         where day >= $1::date and day <= $2::date and currency = $3 and account = any($4) and journal.id > $5 and why <> $7
         group by journal.id having sum(debit - credit) <> 0 order by journal.id limit $8",
    )
    .bind(which.range.from.to_string())
    .bind(which.range.to.to_string())
    .bind(which.currency.letters())
    .bind(which.of.accounts())
    .bind(which.after)
    .bind(debit_grows)
    .bind(leaves_out)
    .bind(most)
    .fetch_all(&app.pool)
    .await?;
    rows.iter().map(line).collect()
}

fn line(row: &PgRow) -> Result<TakingLine> {
    Ok(TakingLine {
        journal: row.get("id"),
        why: row.get("why"),
        bill: row.get("bill"),
        day: row.get("day"),
        currency: currency(row.get("currency"))?,
        minor: row.get("minor"),
        occurred_ms: row.get("occurred_ms"),
    })
}
