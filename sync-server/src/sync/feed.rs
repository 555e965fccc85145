//! `GET /sync/v1/feed`: what the hub took, in order, for the ward of the device that asks.

use crate::app::App;
use crate::error::{Error, Result};
use crate::session::{Device, Signed};
use crate::sync::fan::What;
use crate::sync::push::framed;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use futures::TryStreamExt;
use serde::Deserialize;
use shared::ids::RecordId;
use shared::problem::Problem;
use shared::sync::lineage::OTHER_LINEAGE;
use shared::sync::wire::{FeedItem, FeedPage, PAGE_BYTES, VERSION};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

/// A page is not cut inside a push unless it grows to this: what a desk takes in one message.
const PAGE_BYTES_MAX: usize = 4 * PAGE_BYTES;
/// What an item weighs beside its bytes.
const ITEM_BYTES: usize = 24;

/// Where to go on.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct After {
    /// The place up to which the desk has everything
    #[serde(default)]
    pub(crate) after: u64,
    /// The lineage that the place is of; a desk of the version before does not say
    pub(crate) of: Option<Uuid>,
}

impl After {
    /// Refuses a place that is of another lineage.
    pub(crate) fn check(self, app: &App) -> Result<()> {
        if self.of.is_none_or(|of| of == app.lineage) {
            return Ok(());
        }
        Err(Error::Clash(Problem::new(OTHER_LINEAGE, "of")))
    }
}

/// Returns what happened in the device's ward after a place, at once
#[utoipa::path(
    get, path = "/sync/v1/feed", operation_id = "feed", tag = "sync", params(After),
    responses(
        (status = 200, description = "A frame of `FeedPage`", content_type = "application/vnd.wardbook.frame", body = Vec<u8>),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("device" = []))
)]
pub(crate) async fn feed(
    State(app): State<App>,
    Query(after): Query<After>,
    headers: HeaderMap,
    signed: Signed,
) -> Result<Response> {
    after.check(&app)?;
    let now_ms = app.now().0;
    app.listeners
        .note(&app.pool, (signed.device.id, signed.unsent), now_ms)
        .await?;
    let page = page(&app, &signed.device, after.after).await?;
    Ok(framed(version_asked(&headers)?, &page))
}

/// Header by which a desk of the version before says so, in calls that send no frame.
const VERSION_HEADER: &str = "wardbook-version";

/// Returns the version to answer in.
pub(crate) fn version_asked(headers: &HeaderMap) -> Result<u8> {
    let Some(value) = headers.get(VERSION_HEADER) else {
        return Ok(VERSION);
    };
    let version = value
        .to_str()
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    if (shared::sync::wire::OLDEST..=VERSION).contains(&version) {
        return Ok(version);
    }
    Err(crate::sync::push::refuse(
        shared::sync::wire::FrameError::Version(version),
    ))
}

/// Reads one page.
pub(crate) async fn page(app: &App, device: &Device, after: u64) -> Result<FeedPage> {
    let from = i64::try_from(after).unwrap_or(i64::MAX);
    let mut page = FeedPage {
        to: after,
        more: false,
        reference: device.reference,
        now_ms: app.now().0,
        items: Vec::new(),
    };
    let (mut bytes, mut push, mut is_behind) = (0, None, false);
    let mut rows = sqlx::query(PAGE)
        .bind(device.ward.0)
        .bind(from)
        .fetch(&app.pool);
    while let Some(row) = rows.try_next().await? {
        let of: i64 = row.get("push");
        let is_full = bytes >= PAGE_BYTES && push != Some(of) || bytes >= PAGE_BYTES_MAX;
        if is_full {
            page.more = true;
            break;
        }
        push = Some(of);
        is_behind = row.get("is_behind");
        page.reference = u64::try_from(row.get::<i64, _>("reference_version")).unwrap_or_default();
        let item = item(&row, device)?;
        bytes += ITEM_BYTES + weight(&item);
        page.to = u64::try_from(row.get::<i64, _>("seq")).unwrap_or_default();
        page.items.push(item);
    }
    drop(rows);
    if is_behind {
        // a place that a crash takes back would be given twice
        app.flush.wait(&app.pool).await?;
    }
    if page.items.len() == ROWS_MAX {
        page.more = true;
    }
    if page.items.is_empty() {
        page.reference = check_place(app, device, from).await?;
    }
    Ok(page)
}

/// Rows read for one page, at most: so that little is read in vain.
const ROWS_MAX: usize = 4_000;

const PAGE: &str = "select feed.seq, feed.what, feed.kind, feed.record, feed.push, feed.device, feed.incarnation,
           change.hash, case when feed.what = 1 then change.bytes end as bytes, record.body::text as body, document.doc || record.tail as doc,
           (select reference_version from hospital) as reference_version,
           (select pg_current_wal_flush_lsn() < pg_current_wal_insert_lsn()) as is_behind
    from feed
    left join change on change.id = feed.change
    left join record on feed.what = 2 and record.id = feed.record
    left join document on document.record = record.id
    where feed.ward = $1 and feed.seq > $2
    order by feed.seq limit 4000";

/// Returns the version of the reference data, having looked at the place: one that the hub never gave means that the hub
/// was restored from a copy, and the desk has to load anew.
async fn check_place(app: &App, device: &Device, from: i64) -> Result<u64> {
    let (last, reference): (i64, i64) =
        sqlx::query_as("select seq, reference_version from ward, hospital where id = $1")
            .bind(device.ward.0)
            .fetch_one(&app.pool)
            .await?;
    if from > last {
        return Err(Error::Clash(
            Problem::new("feed.ahead", "after").with("last", last),
        ));
    }
    Ok(u64::try_from(reference).unwrap_or_default())
}

fn item(row: &PgRow, device: &Device) -> Result<FeedItem> {
    let kind = u8::try_from(row.get::<i16, _>("kind")).unwrap_or_default();
    let record = RecordId(row.get("record"));
    let broken = || {
        Error::Bug(anyhow::anyhow!(
            "the feed names something that is not there"
        ))
    };
    let hash: Option<&[u8]> = row.get("hash");
    let is_echo = row.get::<Option<uuid::Uuid>, _>("device") == Some(device.id.0)
        && row.get::<Option<i32>, _>("incarnation") == Some(device.incarnation);
    if let Some(hash) = hash.filter(|_| is_echo) {
        return Ok(FeedItem::Echo {
            hash: hash.try_into().map_err(|_| broken())?,
        });
    }
    match What::from_number(row.get("what")).ok_or_else(broken)? {
        What::Change => {
            let change: Option<Vec<u8>> = row.get("bytes");
            Ok(FeedItem::Change {
                kind,
                record,
                change: change.ok_or_else(broken)?,
            })
        }
        What::Whole => {
            let (body, doc): (Option<&str>, Option<Vec<u8>>) = (row.get("body"), row.get("doc"));
            Ok(FeedItem::Whole {
                kind,
                record,
                body: body.ok_or_else(broken)?.to_owned(),
                doc: doc.ok_or_else(broken)?,
            })
        }
        What::Forget => Ok(FeedItem::Forget { kind, record }),
    }
}

fn weight(item: &FeedItem) -> usize {
    match item {
        FeedItem::Change { change, .. } => change.len(),
        FeedItem::Whole { body, doc, .. } => body.len() + doc.len(),
        FeedItem::Forget { .. } => 0,
        FeedItem::Echo { hash } => hash.len(),
    }
}
