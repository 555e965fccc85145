//! `GET /sync/v1/bootstrap`: a first load, as segments that are made once and served as they are.
//!
//! A snapshot is read in one repeatable-read transaction beside the writers: it holds everything up to the place `upto`
//! in the ward's feed and nothing after it. One page of records is in memory at a time. The segments are files below
//! the data directory, the list of them is a row; a snapshot without a row is rubbish of a build that was cut short.

use crate::app::App;
use crate::error::{Error, Result};
use crate::session::{Device, Signed};
use crate::sync::feed::version_asked;
use crate::sync::push::framed;
use anyhow::Context;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use metrics::histogram;
use sha2::{Digest, Sha256};
use shared::ids::{RecordId, StaffId, WardId};
use shared::problem::Problem;
use shared::sync::wire::{
    self, Hash, MEDIA_TYPE, Manifest, SEGMENT_RECORDS, Segment, SegmentRecord,
};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tokio::task::JoinHandle;
use uuid::Uuid;

/// A snapshot is used again until this share of its records, in per cent, has changed since.
const STALE_PERCENT: i64 = 20;
/// Changes below which a snapshot is used again however small the ward is.
const STALE_CHANGES_MIN: i64 = 200;
/// Snapshots kept of each ward: one is in use while the next is made.
const KEPT: i64 = 2;
/// Unpacked bytes at which a segment ends early.
const SEGMENT_BYTES: usize = 6 << 20;

/// Lets one build per ward run at a time; the others wait for its result.
#[derive(Debug, Default)]
pub(crate) struct Builders(Mutex<BTreeMap<WardId, Arc<tokio::sync::Mutex<()>>>>);

impl Builders {
    fn of(&self, ward: WardId) -> Arc<tokio::sync::Mutex<()>> {
        self.0
            .lock()
            .map(|mut wards| wards.entry(ward).or_default().clone())
            .unwrap_or_default()
    }
}

/// Returns what a first load of the device's ward consists of
#[utoipa::path(
    get, path = "/sync/v1/bootstrap", operation_id = "bootstrap", tag = "sync",
    responses(
        (status = 200, description = "A frame of `Manifest`", content_type = "application/vnd.wardbook.frame", body = Vec<u8>),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("device" = []))
)]
pub(crate) async fn bootstrap(
    State(app): State<App>,
    headers: HeaderMap,
    signed: Signed,
) -> Result<Response> {
    let version = version_asked(&headers)?;
    let ward = signed.device.ward;
    let turn = app.builders.of(ward);
    let _mine = turn.lock().await;
    let manifest = match newest(&app, ward).await? {
        Some(manifest) if is_fresh(&app, &manifest).await? => manifest,
        Some(_) | None => {
            // in a task of its own: a desk that hangs up does not stop the work the next one needs
            let building = app.clone();
            tokio::spawn(async move { build(&building, ward).await }).await??
        }
    };
    Ok(framed(version, &manifest))
}

/// Returns one segment of a first load
#[utoipa::path(
    get, path = "/sync/v1/bootstrap/{snapshot}/{segment}", operation_id = "bootstrap_segment", tag = "sync",
    params(("snapshot" = i64, Path, description = "From the manifest"), ("segment" = u32, Path, description = "From 0")),
    responses(
        (status = 200, description = "A frame of `Segment`", content_type = "application/vnd.wardbook.frame", body = Vec<u8>),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("device" = []))
)]
pub(crate) async fn segment(
    State(app): State<App>,
    Path((snapshot, segment)): Path<(i64, u32)>,
    signed: Signed,
) -> Result<Response> {
    let Device { ward, .. } = signed.device;
    // the ward is part of the path, so nobody reads another ward's
    let file = folder(&app, ward, snapshot).join(file_name(segment));
    match tokio::fs::read(file).await {
        Ok(bytes) => Ok(([(header::CONTENT_TYPE, MEDIA_TYPE)], bytes).into_response()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(Error::Missing(Problem::new("snapshot.gone", "")))
        }
        Err(error) => Err(Error::Bug(
            anyhow::Error::new(error).context("reading a segment"),
        )),
    }
}

fn folder(app: &App, ward: WardId, snapshot: i64) -> PathBuf {
    app.data
        .join("snapshots")
        .join(ward.to_string())
        .join(snapshot.to_string())
}

fn file_name(segment: u32) -> String {
    format!("{segment:05}.frame")
}

async fn newest(app: &App, ward: WardId) -> Result<Option<Manifest>> {
    let row = sqlx::query("select id, upto, records, hashes, lengths from snapshot where ward = $1 order by id desc limit 1")
        .bind(ward.0)
        .fetch_optional(&app.pool)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let id: i64 = row.get("id");
    let hashes: Vec<u8> = row.get("hashes");
    let lengths: Vec<i32> = row.get("lengths");
    let segments: Vec<(Hash, u32)> = hashes
        .chunks_exact(32)
        .zip(lengths)
        .filter_map(|(hash, length)| Some((hash.try_into().ok()?, u32::try_from(length).ok()?)))
        .collect();
    // somebody may have emptied the data directory
    let last = u32::try_from(segments.len())
        .unwrap_or_default()
        .checked_sub(1);
    if last.is_some_and(|last| !folder(app, ward, id).join(file_name(last)).exists()) {
        return Ok(None);
    }
    let number = |name: &str| u64::try_from(row.get::<i64, _>(name)).unwrap_or_default();
    let (snapshot, upto, records) = (number("id"), number("upto"), number("records"));
    Ok(Some(Manifest {
        snapshot,
        ward,
        upto,
        records,
        segments,
        now_ms: app.now().0,
    }))
}

async fn is_fresh(app: &App, manifest: &Manifest) -> Result<bool> {
    let last: i64 = sqlx::query_scalar("select seq from ward where id = $1")
        .bind(manifest.ward.0)
        .fetch_one(&app.pool)
        .await?;
    let since = last - i64::try_from(manifest.upto).unwrap_or(i64::MAX);
    let records = i64::try_from(manifest.records).unwrap_or(i64::MAX);
    Ok((0..STALE_CHANGES_MIN.max(records.saturating_mul(STALE_PERCENT) / 100)).contains(&since))
}

/// Makes a snapshot of a ward and forgets all but the newest ones.
async fn build(app: &App, ward: WardId) -> Result<Manifest> {
    let begun = std::time::Instant::now();
    let mut tx = app.pool.begin().await?;
    sqlx::raw_sql("set transaction isolation level repeatable read read only")
        .execute(&mut *tx)
        .await?;
    let upto: i64 = sqlx::query_scalar("select seq from ward where id = $1")
        .bind(ward.0)
        .fetch_one(&mut *tx)
        .await?;
    let id: i64 = sqlx::query_scalar("select nextval(pg_get_serial_sequence('snapshot', 'id'))")
        .fetch_one(&app.pool)
        .await?;
    let mut files = Files::new(folder(app, ward, id)).await?;
    let mut after = Uuid::nil();
    loop {
        let rows = read_page(&mut tx, ward, after).await?;
        let Some(last) = rows.last() else { break };
        after = last.get("id");
        // the next page is read while this one is packed
        files.write(rows).await?;
    }
    tx.commit().await?;
    let Files {
        hashes,
        lengths,
        records,
        ..
    } = files.finish().await?;
    sqlx::query("insert into snapshot (id, ward, upto, records, hashes, lengths) overriding system value values ($1, $2, $3, $4, $5, $6)")
        .bind(id)
        .bind(ward.0)
        .bind(upto)
        .bind(records)
        .bind(hashes)
        .bind(lengths)
        .execute(&app.pool)
        .await?;
    forget_old(app, ward).await?;
    histogram!("wardbook_snapshot_seconds").record(begun.elapsed());
    tracing::info!(ward = %ward, records, duration_ms = begun.elapsed().as_millis(), "Made a first load");
    newest(app, ward)
        .await?
        .ok_or_else(|| Error::Bug(anyhow::anyhow!("the snapshot just made is not there")))
}

async fn read_page(tx: &mut PgConnection, ward: WardId, after: Uuid) -> sqlx::Result<Vec<PgRow>> {
    sqlx::query(READ_PAGE)
        .bind(ward.0)
        .bind(after)
        .bind(i64::try_from(SEGMENT_RECORDS).unwrap_or(i64::MAX))
        .fetch_all(tx)
        .await
}

const READ_PAGE: &str = "select record.id, record.kind, record.body::text as body,
           document.doc || record.tail as doc, record.conflicts,
           record.changed_by, record.changed_at
    from record join chart on chart.id = record.chart join document on document.record = record.id
    where $1 = any(chart.wards) and record.id > $2
    order by record.id limit $3";

/// Hash and length of each segment of a page.
type Packed = Vec<(Hash, u32)>;

/// The files of a snapshot while it is made.
struct Files {
    folder: PathBuf,
    /// The page that is being packed.
    packing: Option<JoinHandle<anyhow::Result<Packed>>>,
    /// Number of the next segment. A page is one segment unless its records are long.
    next: u32,
    hashes: Vec<u8>,
    lengths: Vec<i32>,
    records: i64,
}

impl Files {
    async fn new(folder: PathBuf) -> Result<Self> {
        tokio::fs::create_dir_all(&folder)
            .await
            .context("making the folder of a first load")?;
        Ok(Self {
            folder,
            packing: None,
            next: 0,
            hashes: Vec::new(),
            lengths: Vec::new(),
            records: 0,
        })
    }

    async fn write(&mut self, rows: Vec<PgRow>) -> Result<()> {
        self.wait().await?;
        self.records += i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let (folder, first) = (self.folder.clone(), self.next);
        self.packing = Some(tokio::task::spawn_blocking(move || {
            let mut written = Vec::new();
            for (number, segment) in (first..).zip(segments_of(&rows)) {
                let frame = wire::encode(&segment);
                let length =
                    u32::try_from(frame.len()).context("a segment is shorter than 4 GiB")?;
                written.push((Hash::from(Sha256::digest(&frame)), length));
                std::fs::write(folder.join(file_name(number)), &frame)
                    .context("writing a segment")?;
            }
            Ok(written)
        }));
        Ok(())
    }

    async fn wait(&mut self) -> Result<()> {
        let Some(packing) = self.packing.take() else {
            return Ok(());
        };
        for (hash, length) in packing.await?? {
            self.hashes.extend(hash);
            self.lengths.push(i32::try_from(length).unwrap_or(i32::MAX));
            self.next += 1;
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<Self> {
        self.wait().await?;
        Ok(self)
    }
}

fn segments_of(rows: &[PgRow]) -> Vec<Segment> {
    let mut segments = vec![Segment::default()];
    let mut bytes = 0;
    for row in rows {
        let body = row.get::<String, _>("body");
        let doc: Vec<u8> = row.get("doc");
        if bytes > SEGMENT_BYTES {
            segments.push(Segment::default());
            bytes = 0;
        }
        bytes += body.len() + doc.len();
        let record = SegmentRecord {
            kind: u8::try_from(row.get::<i16, _>("kind")).unwrap_or_default(),
            id: RecordId(row.get("id")),
            body,
            doc,
            conflicts: u32::try_from(row.get::<i32, _>("conflicts")).unwrap_or_default(),
            changed_by: row.get::<Option<Uuid>, _>("changed_by").map(StaffId),
            changed_at: row.get("changed_at"),
        };
        segments
            .last_mut()
            .expect("there is one from the start")
            .records
            .push(record);
    }
    segments
}

async fn forget_old(app: &App, ward: WardId) -> Result<()> {
    let old: Vec<i64> = sqlx::query_scalar(
        "delete from snapshot where ward = $1 and id not in (select id from snapshot where ward = $1 order by id desc limit $2)
         returning id",
    )
    .bind(ward.0)
    .bind(KEPT)
    .fetch_all(&app.pool)
    .await?;
    for id in old {
        if let Err(error) = tokio::fs::remove_dir_all(folder(app, ward, id)).await {
            tracing::warn!(%error, "Could not remove an old first load");
        }
    }
    Ok(())
}
