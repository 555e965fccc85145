//! Writes what was decided about a push: one statement for what was taken, one for what was not.

use crate::claims::{self, Answer};
use crate::deeds::HUB;
use crate::sync::weigh::{Letter, Source, Weighed, Written, heads_of};
use shared::ids::{DeviceId, RecordId};
use shared::planted::{self, Fault};
use shared::record::Kind;
use shared::sync::judge::inspect;
use shared::sync::resent::is_resent;
use shared::sync::wire::{Hash, Verdict};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What was written.
pub(crate) enum Stored {
    Nothing,
    /// The row of each change that was taken.
    Changes(BTreeMap<Hash, i64>),
}

/// Writes records, changes and held changes; `counted` of the records count for how much the device may add.
pub(crate) async fn store(
    tx: &mut PgConnection,
    source: &Source,
    letters: &[Letter],
    (weighed, answers): (&Weighed, &[Answer]),
    counted: u64,
) -> sqlx::Result<Stored> {
    keep_held(tx, source, letters, &weighed.verdicts).await?;
    if weighed.records.is_empty() {
        return Ok(Stored::Nothing);
    }
    let mut changes = Changes::default();
    for after in &weighed.records {
        for place in &after.taken {
            changes.add(&letters[*place], after.id.0, source.device);
        }
    }
    for answer in answers {
        changes.answer(answer);
    }
    let (mut rows, mut documents) = (Records::default(), Documents::default());
    for after in &weighed.records {
        rows.id.push(after.id.0);
        rows.kind.push(i16::from(after.kind.number()));
        rows.subject
            .push(after.keys.subject.map(|subject| subject.0));
        rows.chart.push(after.chart.0);
        rows.ward.push(after.keys.ward.map(|ward| ward.0));
        rows.at.push(after.keys.at.as_deref());
        rows.sort.push(&after.keys.sort);
        rows.body.push(after.merged.body.to_string());
        match after.written {
            Written::Anew => {
                rows.tail.push(&[]);
                documents.record.push(after.id.0);
                documents.doc.push(&after.merged.doc);
            }
            Written::Behind => rows.tail.push(&after.merged.doc),
        }
        rows.heads.push(heads_of(&after.merged));
        rows.clock.push(after.merged.clock.to_bytes());
        rows.claim
            .push(claims::of(after.kind, &after.merged.body).map(|claim| claim.to_string()));
        rows.conflicts
            .push(i32::try_from(after.merged.conflicts).unwrap_or(i32::MAX));
        rows.changed_by.push(after.changed_by.map(|staff| staff.0));
        rows.changed_at.push(after.changed_at);
    }
    let taken = sqlx::query(STORE)
        .bind(changes.device)
        .bind(changes.hash)
        .bind(changes.record)
        .bind(changes.staff)
        .bind(changes.bytes)
        .bind(rows.id)
        .bind(rows.kind)
        .bind(rows.subject)
        .bind(rows.chart)
        .bind(rows.ward)
        .bind(rows.at)
        .bind(rows.sort)
        .bind(rows.body)
        .bind(rows.tail)
        .bind(rows.heads)
        .bind(rows.clock)
        .bind(rows.claim)
        .bind(rows.conflicts)
        .bind(rows.changed_by)
        .bind(rows.changed_at)
        .bind(documents.record)
        .bind(documents.doc)
        .bind(i64::try_from(counted).unwrap_or(i64::MAX))
        .bind(source.device.0)
        .fetch_all(&mut *tx)
        .await?;
    let (held, taken): (Vec<PgRow>, Vec<PgRow>) = taken
        .into_iter()
        .partition(|row| row.get::<Option<&[u8]>, _>("held").is_some());
    settle_resent(tx, letters, weighed, &held).await?;
    let row = |row: &sqlx::postgres::PgRow| {
        Some((
            Hash::try_from(row.get::<&[u8], _>("hash")).ok()?,
            row.get("id"),
        ))
    };
    Ok(Stored::Changes(taken.iter().filter_map(row).collect()))
}

/// Settles what was held of the same records, where the push says the same and was taken.
async fn settle_resent(
    tx: &mut PgConnection,
    letters: &[Letter],
    weighed: &Weighed,
    held: &[PgRow],
) -> sqlx::Result<()> {
    let places = weighed.records.iter().flat_map(|after| &after.taken);
    let seen = places.filter_map(|place| {
        let letter = &letters[*place];
        Some((letter.record, letter.seen.as_ref().ok()?))
    });
    let seen: Vec<_> = seen.collect();
    let is_settled = |row: &&PgRow| {
        let Ok(waiting) = inspect(row.get("held")) else {
            return false;
        };
        let record = RecordId(row.get("record"));
        seen.iter()
            .any(|(of, seen)| *of == record && is_resent(&waiting.writes, &seen.writes))
    };
    let hashes: Vec<&[u8]> = held
        .iter()
        .filter(is_settled)
        .map(|row| row.get("hash"))
        .collect();
    if hashes.is_empty() {
        return Ok(());
    }
    sqlx::query("update held_change set resent_at = now() where hash = any($1)")
        .bind(hashes)
        .execute(tx)
        .await?;
    Ok(())
}

const STORE: &str = include_str!("store.sql");

#[derive(Default)]
struct Changes<'a> {
    device: Vec<Uuid>,
    hash: Vec<&'a [u8]>,
    record: Vec<Uuid>,
    staff: Vec<Option<Uuid>>,
    bytes: Vec<&'a [u8]>,
}

impl<'a> Changes<'a> {
    fn add(&mut self, letter: &'a Letter, record: Uuid, device: DeviceId) {
        if let Ok(seen) = &letter.seen {
            self.device.push(device.0);
            self.hash.push(&seen.hash);
            self.record.push(record);
            self.staff.push(seen.staff.map(|staff| staff.0));
            self.bytes.push(&letter.change);
        }
    }

    fn answer(&mut self, answer: &'a Answer) {
        self.device.push(HUB.0);
        self.hash.push(&answer.hash);
        self.record.push(answer.record.0);
        self.staff.push(Some(answer.staff.0));
        self.bytes.push(&answer.change);
    }
}

#[derive(Default)]
struct Records<'a> {
    id: Vec<Uuid>,
    kind: Vec<i16>,
    subject: Vec<Option<Uuid>>,
    chart: Vec<Uuid>,
    ward: Vec<Option<Uuid>>,
    at: Vec<Option<&'a str>>,
    sort: Vec<&'a str>,
    body: Vec<String>,
    tail: Vec<&'a [u8]>,
    heads: Vec<Vec<u8>>,
    clock: Vec<Vec<u8>>,
    claim: Vec<Option<String>>,
    conflicts: Vec<i32>,
    changed_by: Vec<Option<Uuid>>,
    changed_at: Vec<i64>,
}

/// Documents that were saved anew.
#[derive(Default)]
struct Documents<'a> {
    record: Vec<Uuid>,
    doc: Vec<&'a [u8]>,
}

/// Keeps what a person has to look at, and what can never be taken, with the reason: nothing is dropped.
pub(crate) async fn keep_held(
    tx: &mut PgConnection,
    source: &Source,
    letters: &[Letter],
    verdicts: &[Verdict],
) -> sqlx::Result<()> {
    if planted::is_on(Fault::HeldIsDropped) {
        return Ok(());
    }
    for (letter, verdict) in letters.iter().zip(verdicts) {
        let (problems, is_final) = match verdict {
            Verdict::Held { problems } => (problems, false),
            Verdict::Refused { problems } => (problems, true),
            Verdict::Taken | Verdict::Had | Verdict::Parked { .. } => continue,
        };
        let seen = letter.seen.as_ref().ok();
        let hash = seen.map_or_else(|| hash_of(&letter.change), |seen| seen.hash);
        sqlx::query(KEEP_HELD)
            .bind(hash.as_slice())
            .bind(letter.kind.map_or(0, |kind| i16::from(Kind::number(kind))))
            .bind(letter.record.0)
            .bind(source.device.0)
            .bind(seen.and_then(|seen| seen.staff).map(|staff| staff.0))
            .bind(is_final)
            .bind(sqlx::types::Json(problems))
            .bind(&letter.change)
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

const KEEP_HELD: &str =
    "insert into held_change (hash, kind, record, device, staff, is_final, problems, bytes)
    values ($1, $2, $3, $4, $5, $6, $7, $8)
    on conflict (hash) do update set problems = excluded.problems, is_final = excluded.is_final";

/// Names a change that could not be read.
fn hash_of(bytes: &[u8]) -> Hash {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).into()
}
