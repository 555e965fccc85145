//! The one door: every change, from wherever, becomes part of the hospital's record here and nowhere else.
//!
//! One transaction per push, one verdict per envelope. Rows are locked in this order, each sort in order of id: the
//! device, the records, their charts, the wards. The wards come last, so that places in their feeds are commit order.
//! Statements work on whole pushes; a single change costs the same few turns as five hundred.

use crate::app::App;
use crate::claims::{self, Answers, Claim, Left};
use crate::conflicts::keep;
use crate::error::{Error, Result};
use crate::sync::late;
use crate::sync::lock::{Locked, lock_device};
use crate::sync::store::{self, Stored};
use crate::sync::weigh::{self, After, Known, Letter, Source, Weighed};
use crate::sync::{fan, weigh::Before};
use shared::document::{Clock, Heads};
use shared::ids::{RecordId, WardId};
use shared::record::Kind;
use shared::sync::wire::{Envelope, Verdict};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use uuid::Uuid;

/// How often a push is tried when another one was in its way.
const TRIES: u32 = 6;
/// Up to this many envelopes are judged where they arrive; more go to a thread for long work.
const AT_ONCE: usize = 4;

/// Takes what can be taken of a push, and says of each envelope what became of it.
pub async fn accept(app: &App, source: &Source, envelopes: Vec<Envelope>) -> Result<Vec<Verdict>> {
    Ok(take(app, source, envelopes).await?.0)
}

/// The same; says too whether something is left to decide.
pub(crate) async fn take(
    app: &App,
    source: &Source,
    envelopes: Vec<Envelope>,
) -> Result<(Vec<Verdict>, Left)> {
    if envelopes.is_empty() && source.waybill.is_none() {
        // a desk of the version before that was loaded anew only says which incarnation it is now
        sqlx::query(NOTE_INCARNATION)
            .bind(source.device.0)
            .bind(i32::from(source.incarnation))
            .execute(&app.pool)
            .await?;
        return Ok((Vec::new(), Left::Nothing));
    }
    let by = source.clone();
    let letters = long(envelopes.len(), move || weigh::read(&by, envelopes)).await?;
    let letters = Arc::new(letters.map_err(Error::TooLarge)?);
    for _ in 1..TRIES {
        match attempt(app, source, &letters).await {
            Err(Refusal::Crossed) => {
                tracing::debug!("Two pushes were in each other's way; one is tried again")
            }
            Err(Refusal::Failed(error)) => return Err(error),
            Ok(taken) => return Ok(taken),
        }
    }
    attempt(app, source, &letters)
        .await
        .map_err(|refusal| match refusal {
            Refusal::Crossed => Error::Bug(anyhow::anyhow!(
                "a push was crossed by others {TRIES} times"
            )),
            Refusal::Failed(error) => error,
        })
}

const NOTE_INCARNATION: &str = "update device set incarnation = greatest(incarnation, $2)
    where id = $1 and revoked_at is null";

/// Why an attempt did not come to its end.
pub(crate) enum Refusal {
    /// Another transaction took what this one wanted: trying again sees it.
    Crossed,
    Failed(Error),
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        let code = error
            .as_database_error()
            .and_then(|said| said.code().map(|code| code.into_owned()));
        // serialization failure, deadlock, unique and exclusion violation
        match code.as_deref() {
            Some("40001" | "40P01" | "23505" | "23P01") => Refusal::Crossed,
            Some(_) | None => Refusal::Failed(error.into()),
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Refusal::Failed(error)
    }
}

async fn attempt(
    app: &App,
    source: &Source,
    letters: &Arc<Vec<Letter>>,
) -> Result<(Vec<Verdict>, Left), Refusal> {
    let wards = app.wards(&wards_of(letters)).await?;
    let mut tx = app.pool.begin().await?;
    let locked = match lock_device(&mut tx, source, letters, app.now()).await? {
        Ok(locked) => locked,
        Err(stopped) => {
            // what came is kept, and that it was stopped
            tx.commit().await?;
            return Err(stopped.into());
        }
    };
    let (records, mut charts) = lock_records(&mut tx, letters).await?;
    let mut more = charts_of(letters, &records);
    more.retain(|chart| !charts.contains_key(&RecordId(*chart)));
    if !more.is_empty() {
        charts.extend(lock_charts(&mut tx, more).await?);
    }
    let left = late::left(&mut tx, source, &charts).await?;
    let ahead = late::ahead(&mut tx, source, letters, &locked, app.now()).await?;
    let is_asked = claims::asks_when(letters) || late::matters(source, &locked);
    let made = if is_asked || !left.is_empty() {
        late::made_at(&mut tx, source, letters, &ahead, app.now()).await?
    } else {
        BTreeMap::new()
    };
    let late = late::late(letters, &locked, &made);
    let Locked { staff, doubt, .. } = locked;
    let known = Known {
        hours: claims::hours(&mut tx, app, letters, &records).await?,
        staff,
        records,
        documents: BTreeMap::new(),
        charts,
        wards,
        denied: BTreeMap::new(),
        today: app.today(),
        doubt,
        left,
        late,
        made,
        now_s: app.now().seconds(),
    };
    let (mut weighed, known) = decide(&mut tx, source, letters, known).await?;
    let answers = Answers::prepare(app, source, &weighed);
    let settled = claims::settle(&mut tx, source, letters, &weighed, &known, &answers).await?;
    let answers = answers.give(&settled.stand, &mut weighed, &known);
    let is_new = |after: &&After| !known.records.contains_key(&after.id);
    let counted = if source.ward.is_some() && !source.reviewed {
        weighed.records.iter().filter(is_new).count() as u64
    } else {
        0
    };
    let stored = store::store(&mut tx, source, letters, (&weighed, &answers), counted).await?;
    keep::keep(&mut tx, &weighed).await?;
    keep::doubts(&mut tx, source.device, &weighed).await?;
    let woken = match stored {
        Stored::Nothing => Vec::new(),
        Stored::Changes(ids) => {
            let claims = |after: &After| after.reclaimed && after.claim.is_some();
            if weighed.records.iter().any(claims) {
                // before the wards are locked, so that nobody waits behind us while we wait for another push
                sqlx::raw_sql("set constraints all immediate")
                    .execute(&mut *tx)
                    .await?;
            }
            fan::fan_out(&mut tx, source, letters, (&weighed, &answers), &known, &ids).await?
        }
    };
    tx.commit().await?;
    app.flush.wait(&app.pool).await?;
    // not before: whoever reads meanwhile would ask for a flush of their own
    for ward in &woken {
        app.news.wake(*ward);
    }
    if weighed.records.iter().any(|after| after.reclaimed) {
        app.told.announce();
    }
    app.quota.added(source.device, app.now().0, counted);
    app.news.announce(&app.pool, &woken).await?;
    Ok((weighed.verdicts, settled.left))
}

/// Weighs, and weighs again with the documents that turn out to be needed and without what other records turn out to
/// have, until nothing is wanted or claimed twice.
async fn decide(
    tx: &mut PgConnection,
    source: &Source,
    letters: &Arc<Vec<Letter>>,
    known: Known,
) -> Result<(Weighed, Arc<Known>), Refusal> {
    let mut known = Arc::new(known);
    loop {
        let (by, of, against) = (source.clone(), letters.clone(), known.clone());
        let weighed = long(letters.len(), move || weigh::weigh(&by, &of, &against)).await?;
        let denied = if weighed.wanted.is_empty() {
            claimed_twice(tx, &weighed.records).await?
        } else {
            Vec::new()
        };
        if denied.is_empty() && weighed.wanted.is_empty() {
            return Ok((weighed, known));
        }
        let mut next = Arc::into_inner(known)
            .ok_or_else(|| Error::Bug(anyhow::anyhow!("weighing has ended")))?;
        next.documents.extend(documents(tx, &weighed.wanted).await?);
        for (record, claim) in denied {
            next.denied.entry(record).or_default().insert(claim);
        }
        known = Arc::new(next);
    }
}

/// Returns the claims of these records that another record has already: one here before, or one earlier in the push.
async fn claimed_twice(
    tx: &mut PgConnection,
    records: &[After],
) -> sqlx::Result<Vec<(RecordId, Claim)>> {
    let reclaimed: Vec<Uuid> = records
        .iter()
        .filter(|after| after.reclaimed)
        .map(|after| after.id.0)
        .collect();
    let claims: BTreeSet<Claim> = records
        .iter()
        .filter_map(|after| after.claim.clone())
        .collect();
    if claims.is_empty() {
        return Ok(Vec::new());
    }
    let mut taken = claims::taken(tx, &claims, &reclaimed).await?;
    let mut twice = Vec::new();
    for after in records {
        if let Some(claim) = &after.claim
            && !taken.insert(claim.clone())
        {
            twice.push((after.id, claim.clone()));
        }
    }
    Ok(twice)
}

/// Returns documents as they were saved last. Their records are locked, and with them these.
async fn documents(
    tx: &mut PgConnection,
    wanted: &[RecordId],
) -> sqlx::Result<BTreeMap<RecordId, Vec<u8>>> {
    if wanted.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<(Uuid, Vec<u8>)> =
        sqlx::query_as("select record, doc from document where record = any($1)")
            .bind(wanted.iter().map(|record| record.0).collect::<Vec<_>>())
            .fetch_all(tx)
            .await?;
    // one that is lost is as good as empty: damaged, which is said of the change
    let mut found: BTreeMap<RecordId, Vec<u8>> =
        wanted.iter().map(|record| (*record, Vec::new())).collect();
    found.extend(
        rows.into_iter()
            .map(|(record, doc)| (RecordId(record), doc)),
    );
    Ok(found)
}

/// Locks the records of a push, and then their charts: all records before the first chart, each in order.
async fn lock_records(
    tx: &mut PgConnection,
    letters: &[Letter],
) -> sqlx::Result<(BTreeMap<RecordId, Before>, Charts)> {
    let ids: BTreeSet<Uuid> = letters.iter().map(|letter| letter.record.0).collect();
    let is_one = ids.len() == 1;
    let rows = sqlx::query(if is_one { LOCK_RECORD } else { LOCK_RECORDS })
        .bind(ids.into_iter().collect::<Vec<_>>())
        .fetch_all(tx)
        .await?;
    let charts = rows.iter().map(chart).collect();
    Ok((rows.iter().filter_map(before).collect(), charts))
}

fn before(row: &PgRow) -> Option<(RecordId, Before)> {
    let kind = u8::try_from(row.get::<i16, _>("kind"))
        .ok()
        .and_then(Kind::from_number)?;
    let Json(body) = row.get("body");
    let before = Before {
        kind,
        chart: RecordId(row.get("chart")),
        tail: row.get("tail"),
        body,
        heads: Heads::from_bytes(row.get("heads")),
        // one of another release is worth nothing, and then changes go the long way
        clock: Clock::from_bytes(row.get("clock")).unwrap_or_default(),
        conflicts: u32::try_from(row.get::<i32, _>("conflicts")).unwrap_or(u32::MAX),
    };
    Some((RecordId(row.get("id")), before))
}

const LOCK_RECORDS: &str = "with here as materialized (
        select id, kind, chart, body, tail, heads, clock, conflicts from record where id = any($1) order by id for update
    ), charts as materialized (
        select id, wards from chart where id = any(array(select chart from here)) order by id for update
    )
    select here.*, wards from here join charts on charts.id = here.chart";

const LOCK_RECORD: &str =
    "select record.id, kind, chart, body, tail, heads, clock, conflicts, wards
    from record join chart on chart.id = record.chart where record.id = any($1) for update";

/// Returns every chart the push can touch: those its records are part of, and those its changes name.
fn charts_of(letters: &[Letter], records: &BTreeMap<RecordId, Before>) -> BTreeSet<Uuid> {
    let mut charts: BTreeSet<Uuid> = records.values().map(|before| before.chart.0).collect();
    for letter in letters {
        let path = letter.kind.and_then(Kind::subject_path);
        let named: Vec<Uuid> = path
            .into_iter()
            .flat_map(|path| written(letter, path))
            .collect();
        if named.is_empty() && !records.contains_key(&letter.record) {
            charts.insert(letter.record.0);
        }
        charts.extend(named);
    }
    charts
}

fn wards_of(letters: &[Letter]) -> Vec<WardId> {
    letters
        .iter()
        .flat_map(|letter| written(letter, "ward"))
        .map(WardId)
        .collect()
}

/// Returns the ids that a change writes to a path.
fn written<'a>(letter: &'a Letter, path: &'a str) -> impl Iterator<Item = Uuid> + 'a {
    let writes = letter
        .seen
        .as_ref()
        .map(|seen| seen.writes.as_slice())
        .unwrap_or_default();
    writes
        .iter()
        .filter(move |write| write.path == path)
        .filter_map(|write| write.value.as_str()?.parse().ok())
}

/// Locks charts in order of id, making those that do not exist yet. New ones are seen by no ward.
async fn lock_charts(tx: &mut PgConnection, charts: BTreeSet<Uuid>) -> sqlx::Result<Charts> {
    let mut found = lock_existing(tx, charts.iter().copied().collect()).await?;
    let new: Vec<Uuid> = charts
        .into_iter()
        .filter(|chart| !found.contains_key(&RecordId(*chart)))
        .collect();
    if !new.is_empty() {
        let made =
            sqlx::query("insert into chart (id) select unnest($1::uuid[]) on conflict do nothing")
                .bind(&new)
                .execute(&mut *tx)
                .await?
                .rows_affected();
        if usize::try_from(made).is_ok_and(|made| made < new.len()) {
            // another push made some of them in between
            found.extend(lock_existing(tx, new).await?);
        }
    }
    Ok(found)
}

async fn lock_existing(tx: &mut PgConnection, charts: Vec<Uuid>) -> sqlx::Result<Charts> {
    let query = "select id as chart, wards from chart where id = any($1) order by id for update";
    let rows = sqlx::query(query).bind(charts).fetch_all(tx).await?;
    Ok(rows.iter().map(chart).collect())
}

/// Who sees each chart.
pub(crate) type Charts = BTreeMap<RecordId, BTreeSet<WardId>>;

fn chart(row: &PgRow) -> (RecordId, BTreeSet<WardId>) {
    let wards: Vec<Uuid> = row.get("wards");
    (
        RecordId(row.get("chart")),
        wards.into_iter().map(WardId).collect(),
    )
}

/// Runs work on a thread that may take long, unless it is short.
async fn long<R: Send + 'static>(
    size: usize,
    work: impl FnOnce() -> R + Send + 'static,
) -> Result<R> {
    if size <= AT_ONCE {
        Ok(work())
    } else {
        Ok(tokio::task::spawn_blocking(work).await?)
    }
}
