//! Merges two records of one person, and parts them again: written into both as changes of whoever says so. What belongs to the
//! record that is replaced goes to the other, also what comes later from a desk that had not heard of it.

use crate::app::App;
use crate::deeds::{HUB, deed, note};
use crate::error::{Error, Result};
use crate::scheduling::write::source;
use crate::sync::accept::accept;
use serde_json::{Value, json};
use shared::audit::entry::What;
use shared::document::{self, Heads, Stamp};
use shared::ids::{HUB_NUMBER, RecordId, StaffId};
use shared::merging::{LinkType, MergeAsk, MergeDone, linked, may_merge, parted, replaced_by};
use shared::problem::Problem;
use shared::record::Kind;
use shared::sync::wire::{Envelope, Verdict};
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use std::time::Duration;
use uuid::Uuid;

/// How often is looked for what came later.
const EVERY: Duration = Duration::from_secs(2);
/// Records that are moved in one go.
const AT_ONCE: i64 = 200;

/// Goes on with what was begun and moves what came later, until it is dropped.
pub(crate) async fn run(app: App) {
    loop {
        if let Err(error) = go_on(&app).await {
            tracing::warn!(
                error.code = error.code(),
                "Merged records could not be gone on with; it is tried again"
            );
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// A record as it is now.
struct Now {
    id: RecordId,
    kind: Kind,
    body: Value,
    doc: Vec<u8>,
    heads: Heads,
}

fn now(row: &PgRow) -> Option<Now> {
    let Json(body) = row.get("body");
    Some(Now {
        id: RecordId(row.get("id")),
        kind: u8::try_from(row.get::<i16, _>("kind"))
            .ok()
            .and_then(Kind::from_number)?,
        body,
        doc: row.get("doc"),
        heads: Heads::from_bytes(row.get("heads")),
    })
}

macro_rules! records {
    ($which:literal) => {
        concat!("select id, kind, body, heads, document.doc || record.tail as doc from record join document on document.record = record.id ", $which)
    };
}

async fn patient(app: &App, id: RecordId, field: &str) -> Result<Now> {
    let row = sqlx::query(records!("where id = $1 and kind = 1"))
        .bind(id.0)
        .fetch_optional(&app.pool)
        .await?;
    let found = row.as_ref().and_then(now);
    found.ok_or_else(|| Error::Missing(Problem::new("record.gone", field)))
}

/// Replaces one patient's record by another.
pub(crate) async fn merge(app: &App, by: StaffId, ask: MergeAsk) -> Result<MergeDone> {
    let (gone, kept) = (
        patient(app, ask.gone, "gone").await?,
        patient(app, ask.kept, "kept").await?,
    );
    may_merge((gone.id, &gone.body), (kept.id, &kept.body))
        .map_err(|problem| Error::Invalid(vec![problem]))?;
    let mut tx = app.pool.begin().await?;
    let begun: Option<i64> = sqlx::query_scalar("insert into patient_merge (gone, kept, by) values ($1, $2, $3) on conflict do nothing returning id")
        .bind(gone.id.0)
        .bind(kept.id.0)
        .bind(by.0)
        .fetch_optional(&mut *tx)
        .await?;
    let id = begun.ok_or_else(|| Error::Clash(Problem::new("merge.replaced", "gone")))?;
    let merged = deed(What::Administered, HUB, Some(by)).because("patient.merged");
    note(&mut tx, &merged.about(Kind::Patient, gone.id)).await?;
    crate::duplicates::close(&mut tx, ask, by, "merged").await?;
    tx.commit().await?;
    say(app, id).await?;
    redirect(app, id).await
}

/// Parts two records that were merged: each has again what belonged to it.
pub(crate) async fn part(app: &App, by: StaffId, ask: MergeAsk) -> Result<MergeDone> {
    let mut tx = app.pool.begin().await?;
    let found: Option<i64> = sqlx::query_scalar(
        "update patient_merge set undone_by = $3, undone_at = now() where gone = $1 and kept = $2 and undone_at is null returning id",
    )
    .bind(ask.gone.0)
    .bind(ask.kept.0)
    .bind(by.0)
    .fetch_optional(&mut *tx)
    .await?;
    let id = found.ok_or_else(|| Error::Missing(Problem::new("merge.none", "gone")))?;
    let undone = deed(What::Administered, HUB, Some(by)).because("patient.parted");
    note(&mut tx, &undone.about(Kind::Patient, ask.gone)).await?;
    crate::duplicates::close(&mut tx, ask, by, "parted").await?;
    tx.commit().await?;
    unsay(app, id).await
}

/// Goes on with merges that were begun, and moves what came later to records that were replaced.
pub async fn go_on(app: &App) -> Result<()> {
    let open: Vec<(i64, bool, bool)> = sqlx::query_as(
        "select id, undone_at is not null, said_at is null from patient_merge
         where (undone_at is null and (said_at is null or exists (select 1 from record where chart = gone and kind <> 1))) or (undone_at is not null and parted_at is null)
         order by id limit $1",
    )
    .bind(AT_ONCE)
    .fetch_all(&app.pool)
    .await?;
    for (id, is_undone, is_unsaid) in open {
        if is_undone {
            unsay(app, id).await?;
            continue;
        }
        if is_unsaid {
            say(app, id).await?;
        }
        redirect(app, id).await?;
    }
    Ok(())
}

/// A merge as it is kept.
struct Kept {
    ask: MergeAsk,
    by: StaffId,
    moved: Vec<Uuid>,
}

async fn kept(app: &App, id: i64) -> Result<Kept> {
    let row = sqlx::query(
        "select gone, kept, coalesce(undone_by, by) as by, moved from patient_merge where id = $1",
    )
    .bind(id)
    .fetch_one(&app.pool)
    .await?;
    let ask = MergeAsk {
        gone: RecordId(row.get("gone")),
        kept: RecordId(row.get("kept")),
    };
    Ok(Kept {
        ask,
        by: StaffId(row.get("by")),
        moved: row.get("moved"),
    })
}

/// Writes into both records that the one is replaced by the other. Safe to repeat.
async fn say(app: &App, id: i64) -> Result<()> {
    let Kept { ask, by, .. } = kept(app, id).await?;
    let (gone, stays) = (
        patient(app, ask.gone, "gone").await?,
        patient(app, ask.kept, "kept").await?,
    );
    let mut drafts = Vec::new();
    if replaced_by(&gone.body) != Some(ask.kept) {
        drafts.push((gone, linked(ask.kept, LinkType::ReplacedBy)));
    }
    if parted(&stays.body, ask.gone, "").is_none() {
        drafts.push((stays, linked(ask.gone, LinkType::Replaces)));
    }
    if write(app, by, drafts).await? {
        note_done(
            app,
            "update patient_merge set said_at = now() where id = $1",
            id,
        )
        .await?;
    }
    Ok(())
}

async fn note_done(app: &App, sql: &'static str, id: i64) -> Result<()> {
    sqlx::query(sql).bind(id).execute(&app.pool).await?;
    Ok(())
}

/// Moves what belongs to the record that was replaced.
async fn redirect(app: &App, id: i64) -> Result<MergeDone> {
    let mut done = MergeDone::default();
    loop {
        let Kept { ask, by, .. } = kept(app, id).await?;
        let rows = sqlx::query(records!(
            "where chart = $1 and kind <> 1 order by id limit $2"
        ))
        .bind(ask.gone.0)
        .bind(AT_ONCE)
        .fetch_all(&app.pool)
        .await?;
        let all: Vec<Now> = rows.iter().filter_map(now).collect();
        if all.is_empty() {
            return Ok(done);
        }
        // noted before it is done: whatever is on the list goes back, if it is there to go
        sqlx::query("update patient_merge set moved = array(select unnest(moved) union select unnest($2::uuid[])) where id = $1")
            .bind(id)
            .bind(all.iter().map(|one| one.id.0).collect::<Vec<_>>())
            .execute(&app.pool)
            .await?;
        let count = all.len();
        if !move_to(app, by, all, ask.kept).await? {
            return Ok(done);
        }
        done.moved += u32::try_from(count).unwrap_or_default();
    }
}

/// Ends the links of both records, and moves back what was moved. Safe to repeat.
async fn unsay(app: &App, id: i64) -> Result<MergeDone> {
    let Kept { ask, by, moved } = kept(app, id).await?;
    let at = app.now().rfc3339();
    let mut drafts = Vec::new();
    for (record, other) in [(ask.gone, ask.kept), (ask.kept, ask.gone)] {
        let found = patient(app, record, "gone").await?;
        if let Some(draft) = parted(&found.body, other, &at) {
            drafts.push((found, draft));
        }
    }
    let rows = sqlx::query(records!("where id = any($1) and chart = $2 order by id"))
        .bind(&moved)
        .bind(ask.kept.0)
        .fetch_all(&app.pool)
        .await?;
    let back: Vec<Now> = rows.iter().filter_map(now).collect();
    let count = back.len();
    let is_said = write(app, by, drafts).await?;
    if is_said && move_to(app, by, back, ask.gone).await? {
        note_done(
            app,
            "update patient_merge set parted_at = now() where id = $1",
            id,
        )
        .await?;
    }
    Ok(MergeDone {
        moved: u32::try_from(count).unwrap_or_default(),
    })
}

async fn move_to(app: &App, by: StaffId, all: Vec<Now>, patient: RecordId) -> Result<bool> {
    let draft = |one: Now| {
        let path = one.kind.subject_path().unwrap_or("patient");
        (one, json!({ path: patient }))
    };
    write(app, by, all.into_iter().map(draft).collect()).await
}

/// Writes drafts; says whether all say so now. What does not was changed meanwhile, and is gone on with.
async fn write(app: &App, by: StaffId, drafts: Vec<(Now, Value)>) -> Result<bool> {
    let source = source(app);
    let stamp = Stamp {
        staff: by,
        now: app.now(),
        device: HUB_NUMBER,
        incarnation: source.incarnation,
    };
    let mut envelopes = Vec::new();
    for (record, says) in drafts {
        match document::edit(record.kind, &record.doc, &record.heads, &says, &stamp) {
            Ok(Some(edited)) => envelopes.push(Envelope {
                kind: record.kind.number(),
                record: record.id,
                change: edited.change,
            }),
            Ok(None) => {}
            Err(_) => return Err(Error::Invalid(vec![Problem::new("record.damaged", "")])),
        }
    }
    if envelopes.is_empty() {
        return Ok(true);
    }
    let verdicts = accept(app, &source, envelopes).await?;
    Ok(verdicts
        .iter()
        .all(|verdict| matches!(verdict, Verdict::Taken | Verdict::Had)))
}
