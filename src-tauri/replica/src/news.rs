//! What the screen is told: which record changed, and how desk and hub stand with each other.

use crate::error::Result;
use crate::store::lock;
use crate::{Replica, held, meta, outbox, payments, row};
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::clock::Now;
use shared::desk::{Held, Link, SyncState, SyncStatus, Waiting};
use shared::document::draft_of;
use shared::ids::RecordId;
use shared::patients::Patient;
use shared::problem::Problem;
use shared::record::{self, Kind};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{Notify, broadcast};

/// Events a slow listener may be behind before it is told that everything may have changed.
const BACKLOG: usize = 1_024;
/// Records of one page of the feed above which the screen is told once that everything may have changed.
pub(crate) const MANY: usize = 200;
/// A clock this far off is shown, seconds.
const CLOCK_OFF_S: i64 = 120;
/// Waiting changes that are listed, at most.
const WAITING: u32 = 1_000;

/// Something the screen may want to show.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Changed {
        kind: Kind,
        id: RecordId,
    },
    Status(Box<SyncStatus>),
    /// Anything may have changed: read again what is shown.
    Reloaded,
}

/// How the courier last found things. Not written down.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Weather {
    link: Link,
    trouble: Option<Problem>,
    progress: Option<(u64, u64)>,
}

#[derive(Debug)]
pub(crate) struct News {
    sender: broadcast::Sender<Event>,
    weather: Mutex<Weather>,
    /// A save could not be written: stays until one can.
    disk: Mutex<Option<Problem>>,
    pub(crate) dirty: Notify,
    /// A courier runs and sends status at its own pace.
    pub(crate) is_paced: AtomicBool,
}

impl Default for News {
    fn default() -> Self {
        let weather = Weather {
            link: Link::Offline,
            trouble: None,
            progress: None,
        };
        Self {
            sender: broadcast::channel(BACKLOG).0,
            weather: Mutex::new(weather),
            disk: Mutex::default(),
            dirty: Notify::new(),
            is_paced: AtomicBool::new(false),
        }
    }
}

impl Replica {
    /// Returns the events from now on. Whoever is too slow gets an error from the channel and reads everything again.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.0.news.sender.subscribe()
    }

    /// Tells the screen that records changed, and the status with them.
    pub(crate) fn tell(&self, changed: &BTreeSet<(Kind, RecordId)>) {
        self.0.diary.changed(changed);
        if changed.len() > MANY {
            self.send(Event::Reloaded);
        } else {
            changed.iter().for_each(|(kind, id)| {
                self.send(Event::Changed {
                    kind: *kind,
                    id: *id,
                })
            });
        }
        self.tell_status();
    }

    /// Tells the screen that everything may have changed.
    pub(crate) fn tell_reloaded(&self) {
        self.0.diary.reloaded();
        self.send(Event::Reloaded);
        self.tell_status();
    }

    /// Tells the screen the status: soon when a courier paces it, at once when there is none.
    pub(crate) fn tell_status(&self) {
        if self.0.news.is_paced.load(Ordering::Relaxed) {
            self.0.news.dirty.notify_one()
        } else {
            self.send_status()
        }
    }

    /// Sends the status now.
    pub(crate) fn send_status(&self) {
        if self.0.news.sender.receiver_count() == 0 {
            return;
        }
        match self.status() {
            Ok(status) => self.send(Event::Status(Box::new(status))),
            Err(error) => tracing::warn!(%error, "Could not work out the status"),
        }
    }

    fn send(&self, event: Event) {
        // nobody listening is no failure
        let _ = self.0.news.sender.send(event);
    }

    /// Notes how the courier finds things.
    pub(crate) fn set_link(&self, link: Link, trouble: Option<Problem>) {
        let mut weather = lock(&self.0.news.weather);
        let is_new = weather.link != link || weather.trouble != trouble;
        weather.link = link;
        weather.trouble = trouble;
        drop(weather);
        if is_new {
            self.tell_status();
        }
    }

    /// Notes how far a load or a push is.
    pub(crate) fn set_progress(&self, progress: Option<(u64, u64)>) {
        lock(&self.0.news.weather).progress = progress;
        self.tell_status();
    }

    /// Notes that the disk does, or does not, take what is saved.
    pub(crate) fn set_disk(&self, problem: Option<Problem>) {
        let mut disk = lock(&self.0.news.disk);
        if *disk != problem {
            *disk = problem;
            drop(disk);
            self.tell_status();
        }
    }

    /// Returns how desk and hub stand with each other.
    pub fn status(&self) -> Result<SyncStatus> {
        let weather = lock(&self.0.news.weather).clone();
        let disk = lock(&self.0.news.disk).clone();
        let bytes = self.store().bytes();
        self.read(|db| {
            let ahead_s = meta::AHEAD.get(db)?.unwrap_or(0) / 1_000;
            let conflicts = "select count(*) from record where conflicts > 0";
            let waiting = outbox::count(db)?;
            let unposted = payments::standing(db)?;
            let money = unposted.as_ref().map_or(0, |money| money.count);
            self.0.heard.note_unsent(waiting.saturating_add(money));
            self.0.heard.note_free(self.0.dir.free_mb());
            Ok(SyncStatus {
                link: weather.link,
                waiting,
                held: held::count(db)?,
                conflicts: db
                    .prepare_cached(conflicts)?
                    .query_row([], |row| row.get(0))?,
                unposted,
                synced_at: meta::SYNCED.get(db)?.map(|ms| Now(ms).rfc3339()),
                progress: weather.progress,
                trouble: disk.or(weather.trouble).or(set_aside(db)?),
                clock_ahead_s: (ahead_s.abs() > CLOCK_OFF_S).then_some(ahead_s),
                numbers_left: meta::numbers_left(db)?,
                replica_bytes: bytes as f64,
                notice: meta::NOTICE.get(db)?.map(|code| Problem::new(&code, "")),
            })
        })
    }

    /// Returns the changes the hub has not accepted yet, oldest first.
    pub fn waiting(&self) -> Result<Vec<Waiting>> {
        self.read(|db| {
            let sql = "select kind, record, writes, is_new, staff, at_ms, error from outbox order by lseq limit ?1";
            let mut statement = db.prepare_cached(sql)?;
            let mut rows = statement.query([WAITING])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let (kind, record) = (row::kind(row.get(0)?), RecordId(row::uuid(row.get_ref(1)?.as_blob()?)));
                let writes: Vec<shared::document::Write> = row::json(row.get_ref(2)?.as_str()?);
                let names: BTreeSet<&str> = writes.iter().filter_map(|write| write.path.split('/').next()).collect();
                let about = self.about(db, kind, record, None)?;
                found.push(Waiting {
                    kind,
                    record,
                    patient: about.0,
                    patient_name: about.1,
                    fields: names.into_iter().map(str::to_owned).collect(),
                    is_new: row.get(3)?,
                    staff: shared::ids::StaffId(row::uuid(row.get_ref(4)?.as_blob()?)),
                    at: Now(row.get(5)?).rfc3339(),
                    state: if self.0.flight.has(record) { SyncState::Sent } else { SyncState::Saved },
                    last_error: row.get(6)?,
                });
            }
            Ok(found)
        })
    }

    /// Returns the work the hub did not take, oldest first, withdrawn pieces among it.
    pub fn held(&self) -> Result<Vec<Held>> {
        self.read(|db| {
            let found = held::all(db)?.into_iter().map(|kept| {
                let body = row::find(db, &self.0.flight, kept.kind, kept.record)?
                    .map_or(Value::Null, |row| row.body);
                let draft = draft_of(kept.kind, &body, &kept.writes);
                let about = self.about(db, kept.kind, kept.record, Some(&draft))?;
                Ok(Held {
                    id: kept.id,
                    kind: kept.kind,
                    record: kept.record,
                    patient: about.0,
                    patient_name: about.1,
                    problems: kept.problems,
                    fields: kept.fields,
                    draft,
                    is_new: kept.is_new,
                    staff: kept.staff,
                    at: Now(kept.at_ms).rfc3339(),
                    is_withdrawn: kept.is_withdrawn,
                })
            });
            found.collect()
        })
    }

    /// Returns the patient a record is about, and their name as lists show it.
    fn about(
        &self,
        db: &Connection,
        kind: Kind,
        id: RecordId,
        draft: Option<&Value>,
    ) -> Result<(Option<RecordId>, String)> {
        let row = row::find(db, &self.0.flight, kind, id)?;
        let Some(body) = draft.or(row.as_ref().map(|row| &row.body)) else {
            return Ok((None, String::new()));
        };
        let subject = match kind {
            Kind::Patient => return Ok((row.as_ref().map(|row| row.id), name(body))),
            Kind::Appointment | Kind::Prescription => record::keys(kind, body).subject,
        };
        let Some(subject) = subject else {
            return Ok((None, String::new()));
        };
        let patient = row::find(db, &self.0.flight, Kind::Patient, subject)?;
        Ok((
            Some(subject),
            patient
                .map(|patient| name(&patient.body))
                .unwrap_or_default(),
        ))
    }
}

fn name(body: &Value) -> String {
    let patient: Option<Patient> = record::parse(body).ok();
    let Some(name) = patient.as_ref().and_then(Patient::display_name) else {
        return String::new();
    };
    let parts = [name.family.as_deref(), name.given.as_deref()];
    parts
        .into_iter()
        .flatten()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(", ")
}

fn set_aside(db: &Connection) -> Result<Option<Problem>> {
    let count: u32 = db
        .prepare_cached("select count(*) from set_aside")?
        .query_row(params![], |row| row.get(0))?;
    Ok((count > 0).then(|| Problem::new("feed.set_aside", "").with("count", count)))
}
