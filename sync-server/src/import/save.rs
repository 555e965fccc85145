//! Drafts into changes, and those through the one door.

use super::ids::Index;
use super::read::{About, Resource};
use super::report::{Outcome, Report};
use crate::app::App;
use crate::services::identity;
use crate::sync::accept::accept;
use crate::sync::weigh::Source;
use anyhow::Result;
use serde_json::{Value, json};
use shared::document::{self, Heads, Stamp};
use shared::ids::{DeviceId, HUB_NUMBER, RecordId, StaffId, WardId};
use shared::patients::mrn;
use shared::record::Kind;
use shared::sync::wire::{Envelope, Hash, PUSH_ENVELOPES, Verdict};
use sqlx::Row;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The hub as a device, and the name under which it imports: see migration 0002.
const HUB: DeviceId = DeviceId(Uuid::from_u128(0x8000_8000_0000_0000_0000));
const IMPORT: StaffId = StaffId(Uuid::from_u128(0x8000_8000_0000_0000_0001));
const INCARNATION: u16 = 1;

/// A record as the source has it.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) id: RecordId,
    pub(super) value: Value,
    /// The ward of a new record. One that is here stays where the hospital put it.
    pub(super) ward: Option<WardId>,
    pub(super) about: About,
    /// What to know about a record that was taken.
    pub(super) note: &'static str,
    /// Resources that became part of it.
    pub(super) parts: Vec<About>,
}

impl Draft {
    pub(super) fn new(resource: &Resource, index: &Index, value: Value) -> Self {
        Self {
            id: index.id_of(resource),
            value,
            ward: None,
            about: resource.about(),
            note: "",
            parts: Vec::new(),
        }
    }
}

/// What a record was when the import wrote it last.
struct Before {
    doc: Vec<u8>,
    base: Heads,
}

/// Takes drafts through the door.
pub(super) struct Saver {
    source: Source,
    done: BTreeSet<RecordId>,
}

impl Saver {
    pub(super) async fn open(app: &App) -> Result<Self> {
        // several imports at once would write under one name: the newer one gets a name of its own
        let incarnation: i32 = sqlx::query_scalar("update device set incarnation = greatest(incarnation, $2) where id = $1 returning incarnation")
            .bind(HUB.0)
            .bind(i32::from(INCARNATION))
            .fetch_one(&app.pool)
            .await?;
        let incarnation = u16::try_from(incarnation).unwrap_or(u16::MAX);
        let source = Source {
            device: HUB,
            number: HUB_NUMBER,
            incarnation,
            ward: None,
            waybill: None,
            reviewed: false,
            ahead_ms: None,
        };
        Ok(Self {
            source,
            done: BTreeSet::new(),
        })
    }

    /// Takes drafts of one kind, in pushes of the usual size.
    pub(super) async fn save(
        &mut self,
        app: &App,
        kind: Kind,
        drafts: Vec<Draft>,
        report: &mut Report,
    ) -> Result<()> {
        let mut new = Vec::new();
        for draft in drafts {
            if self.done.insert(draft.id) {
                new.push(draft);
            } else {
                report.note(&draft.about, Outcome::Skipped, "twice in the source");
            }
        }
        while !new.is_empty() {
            let rest = new.split_off(PUSH_ENVELOPES.min(new.len()));
            self.push(app, kind, new, report).await?;
            new = rest;
        }
        Ok(())
    }

    async fn push(
        &self,
        app: &App,
        kind: Kind,
        drafts: Vec<Draft>,
        report: &mut Report,
    ) -> Result<()> {
        let before = before(app, &drafts).await?;
        let mut numbers = self.numbers(app, kind, &drafts, &before).await?.into_iter();
        let stamp = Stamp {
            staff: IMPORT,
            now: app.now(),
            device: HUB_NUMBER,
            incarnation: self.source.incarnation,
        };
        let (mut envelopes, mut sent) = (Vec::new(), Vec::new());
        for draft in &drafts {
            let edited = match before.get(&draft.id) {
                None => Some(document::create(kind, &first(draft, &mut numbers), &stamp)),
                Some(before) => {
                    let base = document::body_at(kind, &before.doc, &before.base)?;
                    document::edit(
                        kind,
                        &before.doc,
                        &before.base,
                        &matched(kind, &base, &draft.value),
                        &stamp,
                    )?
                }
            };
            match edited {
                Some(edited) => {
                    envelopes.push(Envelope {
                        kind: kind.number(),
                        record: draft.id,
                        change: edited.change,
                    });
                    sent.push(draft);
                }
                None => note(report, draft, Outcome::AlreadyHere, ""),
            }
        }
        let verdicts = accept(app, &self.source, envelopes).await?;
        for (draft, verdict) in sent.into_iter().zip(verdicts) {
            let taken = if before.contains_key(&draft.id) {
                Outcome::Changed
            } else {
                Outcome::Taken
            };
            match verdict {
                Verdict::Taken => note(report, draft, taken, draft.note),
                Verdict::Had => note(report, draft, Outcome::AlreadyHere, ""),
                Verdict::Parked { .. } => note(report, draft, Outcome::Skipped, "parked"),
                Verdict::Held { problems } | Verdict::Refused { problems } => {
                    let why: Vec<String> = problems
                        .iter()
                        .map(|problem| format!("{} {}", problem.code, problem.field))
                        .collect();
                    note(
                        report,
                        draft,
                        Outcome::Skipped,
                        &format!("not valid: {}", why.join(", ")),
                    );
                }
            }
        }
        Ok(())
    }

    /// Takes a hospital number for each new patient whose own one cannot be used.
    async fn numbers(
        &self,
        app: &App,
        kind: Kind,
        drafts: &[Draft],
        before: &BTreeMap<RecordId, Before>,
    ) -> Result<Vec<u32>> {
        let needs = |draft: &&Draft| {
            kind == Kind::Patient && !before.contains_key(&draft.id) && draft.value["mrn"].is_null()
        };
        let count = u32::try_from(drafts.iter().filter(needs).count())?;
        if count == 0 {
            return Ok(Vec::new());
        }
        let mut tx = app.pool.begin().await?;
        let block = identity::give_numbers(&mut tx, HUB, count).await?;
        tx.commit().await?;
        Ok((block.from..block.until).collect())
    }
}

fn note(report: &mut Report, draft: &Draft, outcome: Outcome, reason: &str) {
    report.note(&draft.about, outcome, reason);
    let part_reason = if outcome == Outcome::Skipped {
        "patient_skipped"
    } else {
        ""
    };
    for part in &draft.parts {
        report.note(part, outcome, part_reason);
    }
}

/// Completes a draft of a record that is new here.
fn first(draft: &Draft, numbers: &mut impl Iterator<Item = u32>) -> Value {
    let mut value = draft.value.clone();
    if let Some(ward) = draft.ward {
        value["ward"] = json!(ward);
        if value["mrn"].is_null()
            && let Some(number) = numbers.next()
        {
            value["mrn"] = json!(mrn(number));
        }
    }
    value
}

/// Gives list elements of a draft the ids of those they are in the version the import wrote: the ones that say the same
/// in the member that tells them apart.
fn matched(kind: Kind, base: &Value, draft: &Value) -> Value {
    let mut value = draft.clone();
    for list in kind.lists() {
        let told_apart_by = match *list {
            "name" => ["use", "family", "given"].as_slice(),
            "telecom" => &["value"],
            "address" => &["line", "city"],
            "contact" => &["name", "relationship"],
            "allergy" => &["substance"],
            "alert" => &["text"],
            _ => &["medicine"],
        };
        let old = base[*list]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let mut used = BTreeSet::new();
        for element in value[*list].as_array_mut().into_iter().flatten() {
            let is_same = |old: &&Value| {
                told_apart_by
                    .iter()
                    .all(|member| old[*member] == element[*member])
            };
            if let Some(id) = old
                .iter()
                .filter(is_same)
                .filter_map(|old| old["id"].as_str())
                .find(|id| used.insert(id.to_string()))
            {
                element["id"] = json!(id);
            }
        }
    }
    // lists the draft has not are left as they are
    if let Some(members) = value.as_object_mut() {
        members.retain(|name, value| !(kind.lists().contains(&name.as_str()) && value.is_null()));
    }
    value
}

async fn before(app: &App, drafts: &[Draft]) -> Result<BTreeMap<RecordId, Before>> {
    let ids: Vec<Uuid> = drafts.iter().map(|draft| draft.id.0).collect();
    let rows = sqlx::query(
        "select record.id, document.doc || record.tail as doc, (select hash from change where record = record.id and device = $2 and staff = $3 order by id desc limit 1)
         from record join document on document.record = record.id where record.id = any($1)",
    )
    .bind(ids)
    .bind(HUB.0)
    .bind(IMPORT.0)
    .fetch_all(&app.pool)
    .await?;
    let row = |row: &sqlx::postgres::PgRow| {
        let hash: Hash = row.get::<Option<&[u8]>, _>("hash")?.try_into().ok()?;
        Some((
            RecordId(row.get("id")),
            Before {
                doc: row.get("doc"),
                base: Heads(vec![hash]),
            },
        ))
    };
    Ok(rows.iter().filter_map(row).collect())
}
