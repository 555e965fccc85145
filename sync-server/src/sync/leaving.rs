//! Takes charts from wards that their patients left, a week later: their desks are told to forget them.

use crate::app::App;
use crate::sync::fan;
use shared::clock::Now;
use shared::ids::{RecordId, WardId};
use shared::record::Kind;
use shared::sync::leaving::{KEEP_MS, Tie, has_left};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use uuid::Uuid;

/// How often charts are looked through.
const EVERY: Duration = Duration::from_secs(3_600);
/// Charts looked at in one statement, and taken away in one transaction.
const AT_ONCE: i64 = 500;
const TAKEN_AT_ONCE: i64 = 50;

/// Looks every hour, until it is dropped.
pub(crate) async fn run(app: App) {
    loop {
        match sweep(&app, app.now()).await {
            Ok(0) => {}
            Ok(charts) => tracing::info!(charts, "Wards were told to forget charts that left them"),
            Err(error) => tracing::warn!(
                error.code = crate::error::Error::from(error).code(),
                "Charts that left their wards could not be looked through; it is tried again"
            ),
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Notes which charts left which wards, and has those forgotten that left long ago; returns how many.
pub async fn sweep(app: &App, now: Now) -> sqlx::Result<u64> {
    // what came back may leave again
    sqlx::query(
        "delete from chart_leaving using chart
         where chart.id = chart_leaving.chart and forgotten_ms is not null and chart_leaving.ward = any(chart.wards)",
    )
    .execute(&app.pool)
    .await?;
    let mut after = Uuid::nil();
    loop {
        let mut tx = app.pool.begin().await?;
        let charts = sqlx::query("select id, wards from chart where cardinality(wards) > 1 and id > $1 order by id limit $2")
            .bind(after)
            .bind(AT_ONCE)
            .fetch_all(&mut *tx)
            .await?;
        let Some(last) = charts.last() else { break };
        after = last.get("id");
        let left = left(&mut tx, &charts, now).await?;
        note(&mut tx, &charts, &left, now).await?;
        tx.commit().await?;
    }
    let mut forgotten = 0;
    loop {
        let some = forget_some(app, now).await?;
        forgotten += some.1;
        if some.0 == 0 {
            return Ok(forgotten);
        }
    }
}

/// A chart and a ward that sees it and has nothing to do with it.
type Left = BTreeSet<(Uuid, Uuid)>;

async fn left(tx: &mut PgConnection, charts: &[PgRow], now: Now) -> sqlx::Result<Left> {
    let ids: Vec<Uuid> = charts.iter().map(|row| row.get("id")).collect();
    let rows = sqlx::query("select id, chart, ward, at from record where chart = any($1)")
        .bind(ids)
        .fetch_all(tx)
        .await?;
    let mut ties: BTreeMap<Uuid, Vec<Tie>> = BTreeMap::new();
    for row in rows {
        let (id, chart): (Uuid, Uuid) = (row.get("id"), row.get("chart"));
        let at = row.get::<Option<String>, _>("at");
        let tie = Tie {
            is_head: id == chart,
            ward: row.get::<Option<Uuid>, _>("ward").map(WardId),
            // a time that cannot be read is one that has not come
            at_ms: at.map(|at| {
                let read = at.parse::<jiff::Timestamp>();
                read.map_or(i64::MAX, jiff::Timestamp::as_millisecond)
            }),
        };
        ties.entry(chart).or_default().push(tie);
    }
    let mut left = Left::new();
    for chart in charts {
        let id: Uuid = chart.get("id");
        let ties = ties.get(&id).map(Vec::as_slice).unwrap_or_default();
        let wards = chart.get::<Vec<Uuid>, _>("wards").into_iter();
        left.extend(
            wards
                .filter(|ward| has_left(WardId(*ward), ties, now.0))
                .map(|ward| (id, ward)),
        );
    }
    Ok(left)
}

async fn note(tx: &mut PgConnection, charts: &[PgRow], left: &Left, now: Now) -> sqlx::Result<()> {
    let looked: Vec<Uuid> = charts.iter().map(|row| row.get("id")).collect();
    let (gone, from): (Vec<Uuid>, Vec<Uuid>) = left.iter().copied().unzip();
    sqlx::query(
        "delete from chart_leaving where forgotten_ms is null and chart = any($1)
            and (chart, ward) not in (select * from unnest($2::uuid[], $3::uuid[]))",
    )
    .bind(looked)
    .bind(&gone)
    .bind(&from)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "insert into chart_leaving (chart, ward, since_ms)
         select chart, ward, $3 from unnest($1::uuid[], $2::uuid[]) as left_by (chart, ward)
         on conflict (chart, ward) do nothing",
    )
    .bind(gone)
    .bind(from)
    .bind(now.0)
    .execute(&mut *tx)
    .await?;
    Ok(())
}

/// Has some charts forgotten that are due; returns how many were looked at, and how many forgotten.
async fn forget_some(app: &App, now: Now) -> sqlx::Result<(usize, u64)> {
    let mut tx = app.pool.begin().await?;
    let due: Vec<(Uuid, Uuid)> = sqlx::query_as(
        "select chart, ward from chart_leaving where forgotten_ms is null and since_ms <= $1 order by chart, ward limit $2",
    )
    .bind(now.0.saturating_sub(KEEP_MS))
    .bind(TAKEN_AT_ONCE)
    .fetch_all(&mut *tx)
    .await?;
    let (ids, _): (Vec<Uuid>, Vec<Uuid>) = due.iter().copied().unzip();
    let charts =
        sqlx::query("select id, wards from chart where id = any($1) order by id for update")
            .bind(&ids)
            .fetch_all(&mut *tx)
            .await?;
    // whoever wrote in between has the last word
    let left = left(&mut tx, &charts, now).await?;
    let gone: Left = due
        .iter()
        .copied()
        .filter(|pair| left.contains(pair))
        .collect();
    let stays = due.iter().copied().filter(|pair| !left.contains(pair));
    settle(&mut tx, stays.collect(), None).await?;
    settle(&mut tx, gone.clone(), Some(now)).await?;
    let woken = take(&mut tx, &gone).await?;
    tx.commit().await?;
    for ward in &woken {
        app.news.wake(*ward);
    }
    app.news.announce(&app.pool, &woken).await?;
    Ok((due.len(), gone.len() as u64))
}

/// Writes down that wards were told to forget charts, or that they need not after all.
async fn settle(tx: &mut PgConnection, pairs: Left, forgotten: Option<Now>) -> sqlx::Result<()> {
    let (charts, wards): (Vec<Uuid>, Vec<Uuid>) = pairs.into_iter().unzip();
    let statement = match forgotten {
        Some(_) => {
            "update chart_leaving set forgotten_ms = $3 where (chart, ward) in (select * from unnest($1::uuid[], $2::uuid[]))"
        }
        None => {
            "delete from chart_leaving where $3::bigint is null and (chart, ward) in (select * from unnest($1::uuid[], $2::uuid[]))"
        }
    };
    sqlx::query(statement)
        .bind(charts)
        .bind(wards)
        .bind(forgotten.map(|now| now.0))
        .execute(tx)
        .await?;
    Ok(())
}

/// Takes charts from wards, and tells these in their feeds. The charts are locked; the wards are last, as everywhere.
async fn take(tx: &mut PgConnection, gone: &Left) -> sqlx::Result<Vec<WardId>> {
    let (charts, wards): (Vec<Uuid>, Vec<Uuid>) = gone.iter().copied().unzip();
    // one at a time, as two wards may lose one chart
    for (chart, ward) in gone {
        sqlx::query("update chart set wards = array_remove(wards, $2) where id = $1")
            .bind(chart)
            .bind(ward)
            .execute(&mut *tx)
            .await?;
    }
    // the patient last: what belongs to somebody is never without them
    let rows = sqlx::query(
        "select record.id, record.kind, gone.ward from record
         join unnest($1::uuid[], $2::uuid[]) as gone (chart, ward) on gone.chart = record.chart
         order by gone.ward, record.chart, record.kind desc, record.id",
    )
    .bind(charts)
    .bind(wards)
    .fetch_all(&mut *tx)
    .await?;
    let mut lost: BTreeMap<WardId, Vec<(Kind, RecordId)>> = BTreeMap::new();
    for row in rows {
        let number = u8::try_from(row.get::<i16, _>("kind")).ok();
        if let Some(kind) = number.and_then(Kind::from_number) {
            let lost = lost.entry(WardId(row.get("ward"))).or_default();
            lost.push((kind, RecordId(row.get("id"))));
        }
    }
    fan::forget(tx, &lost).await?;
    Ok(lost.into_keys().collect())
}
