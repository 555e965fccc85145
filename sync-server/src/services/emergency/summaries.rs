//! `GET /sync/v1/emergency`: what an emergency needs to know of the in-patients of other wards, sealed for the desk that
//! asks.
//!
//! Summaries are made when a desk asks and something changed since: the feeds of the wards say which charts did.

use crate::app::App;
use crate::error::Result;
use crate::session::{Device, Signed};
use crate::sync::feed::{After, version_asked};
use crate::sync::push::framed;
use crate::world;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::Value;
use shared::emergency::summary::{PAGE_SUMMARIES, SummaryItem, SummaryPage, seal, summary};
use shared::ids::RecordId;
use shared::record::Kind;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Charts that are read together.
const CHARTS: usize = 500;

/// Returns sealed summaries of the in-patients of other wards that changed after a place
#[utoipa::path(
    get, path = "/sync/v1/emergency", operation_id = "emergency_summaries", tag = "sync", params(After),
    responses(
        (status = 200, description = "A frame of `SummaryPage`", content_type = "application/vnd.wardbook.frame", body = Vec<u8>),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("device" = []))
)]
pub(crate) async fn summaries(
    State(app): State<App>,
    Query(after): Query<After>,
    headers: HeaderMap,
    signed: Signed,
) -> Result<Response> {
    let version = version_asked(&headers)?;
    let mut tx = app.pool.begin().await?;
    let upto = refresh(&mut tx).await?;
    let page = page(&mut tx, &signed.device, after.after, upto).await?;
    tx.commit().await?;
    Ok(framed(version, &page))
}

async fn page(
    db: &mut PgConnection,
    device: &Device,
    after: u64,
    upto: i64,
) -> Result<SummaryPage> {
    let asked = i64::try_from(after).unwrap_or(i64::MAX);
    // a hub that was put back from a copy counts anew
    let is_whole = asked == 0 || asked > upto;
    let from = if is_whole { 0 } else { asked };
    let key: Vec<u8> = sqlx::query_scalar("select emergency_key from device where id = $1")
        .bind(device.id.0)
        .fetch_one(&mut *db)
        .await?;
    let key: [u8; 32] = key
        .try_into()
        .map_err(|_| anyhow::anyhow!("a key has 32 bytes"))?;
    let rows = sqlx::query(
        "select patient, ward, seq, body from emergency_summary where seq > $1 order by seq limit $2",
    )
    .bind(from)
    .bind(PAGE_SUMMARIES as i64)
    .fetch_all(db)
    .await?;
    let more = rows.len() == PAGE_SUMMARIES;
    let last = rows.last().map(|row| row.get::<i64, _>("seq"));
    let to = last.filter(|_| more).unwrap_or(upto);
    // who has nothing yet need not hear of those who went
    let is_news = |item: &SummaryItem| !is_whole || matches!(item, SummaryItem::Here { .. });
    let items = rows.iter().map(|row| item(row, device, &key));
    Ok(SummaryPage {
        to: to.unsigned_abs(),
        more,
        is_whole,
        items: items.filter(is_news).collect(),
    })
}

/// What a desk's own ward sees is in its replica already, and read there by those who may.
fn item(row: &PgRow, device: &Device, key: &[u8; 32]) -> SummaryItem {
    let patient = RecordId(row.get("patient"));
    let body: Option<Value> = row.get("body");
    let is_own = row.get::<Option<Uuid>, _>("ward") == Some(device.ward.0);
    let summary = body.filter(|_| !is_own);
    match summary.and_then(|body| serde_json::from_value(body).ok()) {
        Some(summary) => SummaryItem::Here {
            patient,
            sealed: seal(key, world::nonce(), device.id, &summary),
        },
        None => SummaryItem::Gone { patient },
    }
}

/// Makes the summaries of charts that changed. Returns the newest place; whoever else makes some waits.
async fn refresh(db: &mut PgConnection) -> Result<i64> {
    let mut seq: i64 = sqlx::query_scalar("select seq from emergency_tally for update")
        .fetch_one(&mut *db)
        .await?;
    let behind = sqlx::query(
        "select ward.id, ward.seq, emergency_upto.seq as done from ward left join emergency_upto on ward = ward.id
         where ward.seq > coalesce(emergency_upto.seq, -1)",
    )
    .fetch_all(&mut *db)
    .await?;
    let before = seq;
    for ward in behind {
        let (id, upto): (Uuid, i64) = (ward.get("id"), ward.get("seq"));
        let charts = match ward.get::<Option<i64>, _>("done") {
            Some(done) => changed(db, id, done, upto).await?,
            None => all_of(db, id).await?,
        };
        for some in charts.chunks(CHARTS) {
            seq = renew(db, some, seq).await?;
        }
        sqlx::query("insert into emergency_upto (ward, seq) values ($1, $2) on conflict (ward) do update set seq = $2")
            .bind(id)
            .bind(upto)
            .execute(&mut *db)
            .await?;
    }
    if seq > before {
        sqlx::query("update emergency_tally set seq = $1")
            .bind(seq)
            .execute(db)
            .await?;
    }
    Ok(seq)
}

async fn all_of(db: &mut PgConnection, ward: Uuid) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar(
        "select id from record where kind = 1 and ward = $1 and body ->> 'bed' <> ''",
    )
    .bind(ward)
    .fetch_all(db)
    .await
}

/// Returns the charts that changed in a part of a ward's feed, of those who are in-patients or were.
async fn changed(
    db: &mut PgConnection,
    ward: Uuid,
    done: i64,
    upto: i64,
) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar(
        "select distinct patient.id from feed
             join record on record.id = feed.record
             join record patient on patient.id = record.chart and patient.kind = 1
             left join emergency_summary known on known.patient = patient.id
         where feed.ward = $1 and feed.seq > $2 and feed.seq <= $3
             and (patient.body ->> 'bed' <> '' or known.patient is not null)",
    )
    .bind(ward)
    .bind(done)
    .bind(upto)
    .fetch_all(db)
    .await
}

/// Makes some summaries anew; those that come out the same keep their place.
async fn renew(db: &mut PgConnection, charts: &[Uuid], seq: i64) -> Result<i64> {
    let rows = sqlx::query(
        "select id, kind, chart, body from record where chart = any($1) and kind in (1, 3) order by chart, id",
    )
    .bind(charts)
    .fetch_all(&mut *db)
    .await?;
    let mut orders: BTreeMap<Uuid, Vec<Value>> = BTreeMap::new();
    let mut patients: BTreeMap<Uuid, Value> = BTreeMap::new();
    for row in rows {
        let (chart, body) = (row.get("chart"), row.get("body"));
        if row.get::<i16, _>("kind") == i16::from(Kind::Patient.number()) {
            patients.insert(chart, body);
        } else {
            orders.entry(chart).or_default().push(body);
        }
    }
    let (mut wards, mut bodies) = (Vec::new(), Vec::new());
    for chart in charts {
        let orders = orders.remove(chart).unwrap_or_default();
        let made = patients
            .get(chart)
            .and_then(|patient| summary(RecordId(*chart), patient, &orders));
        let ward = made.as_ref().and_then(|made| made.patient.ward);
        wards.push(ward.map(|ward| ward.0));
        let body = made.map(serde_json::to_value).transpose();
        bodies.push(body.map_err(anyhow::Error::from)?);
    }
    let newest: Option<i64> = sqlx::query_scalar(KEEP)
        .bind(charts)
        .bind(wards)
        .bind(seq)
        .bind(bodies)
        .fetch_one(&mut *db)
        .await?;
    Ok(newest.unwrap_or(seq))
}

const KEEP: &str = "with kept as (
        insert into emergency_summary (patient, ward, seq, body)
        select patient, ward, $3 + nth, body
        from unnest($1::uuid[], $2::uuid[], $4::jsonb[]) with ordinality as new (patient, ward, body, nth)
        on conflict (patient) do update set ward = excluded.ward, seq = excluded.seq, body = excluded.body
        where emergency_summary.body is distinct from excluded.body
        returning seq
    )
    select max(seq) from kept";
