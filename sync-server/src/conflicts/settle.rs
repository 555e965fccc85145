//! Settles items: what a person decides is an ordinary change of theirs, made at the hub, that goes through the one door.

use super::money;
use crate::app::App;
use crate::deeds::{HUB, deed};
use crate::error::{Error, Result};
use crate::sync::accept::accept;
use crate::sync::weigh::Source;
use serde_json::Value;
use shared::access::{Actor, Task, may_do};
use shared::audit::entry::{Entry, What};
use shared::conflicts::list::{AT_ONCE, ConflictDone, ConflictLeft};
use shared::conflicts::settle::{Choice, Settlement, settle as choose};
use shared::conflicts::{Item, ItemKind};
use shared::document::{self, Edited, Stamp, Write};
use shared::ids::{HUB_NUMBER, RecordId, StaffId};
use shared::problem::Problem;
use shared::record::Kind;
use shared::sync::allow;
use shared::sync::wire::{Envelope, Hash, Verdict, hex, unhex};
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use std::collections::BTreeMap;
use uuid::Uuid;

/// An item that is to be settled, or opened again.
struct Kept {
    id: Vec<u8>,
    kind: Option<ItemKind>,
    item: Item,
    record: Option<(Kind, RecordId)>,
    is_settled: bool,
    /// It was settled without writing anything.
    is_looked_at: bool,
    undo: Option<Vec<Write>>,
}

/// A record as it is while items of it are settled one after the other.
struct Now {
    body: Value,
    doc: Vec<u8>,
}

/// What is done about an item.
struct Done {
    id: Vec<u8>,
    about: Option<(Kind, RecordId)>,
    /// The place of its change among those that are sent; nothing when nothing is written.
    sent: Option<usize>,
    hash: Option<Hash>,
    undo: Vec<Write>,
}

/// Reads names of items, each once.
fn names(ids: &[String]) -> Result<Vec<Vec<u8>>> {
    if ids.len() > AT_ONCE {
        return Err(Error::Invalid(vec![
            Problem::new("conflict.too_many", "ids").with("max", AT_ONCE),
        ]));
    }
    let read =
        |id: &String| unhex(id).ok_or_else(|| Error::Missing(Problem::new("conflict.gone", "ids")));
    let mut names: Vec<Vec<u8>> = ids.iter().map(read).collect::<Result<_>>()?;
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

/// Settles items, each by the same choice.
pub(crate) async fn settle(
    app: &App,
    actor: &Actor,
    ids: &[String],
    choice: &Choice,
) -> Result<ConflictDone> {
    let names = names(ids)?;
    let (mut desk, stamp) = Desk::new(app, actor).await?;
    desk.left.extend(money::elsewhere(&names));
    let (rows, mut records) = open(app, names).await?;
    for row in rows {
        let found = match row.may_be_settled() {
            Err(problem) => Err(problem),
            Ok(()) => match (
                row.record,
                row.record.and_then(|(_, id)| records.get_mut(&id)),
            ) {
                (Some((kind, id)), Some(now)) => choose(kind, &row.item, &now.body, choice, &stamp)
                    .and_then(|settlement| desk.write((kind, id), now, settlement, &stamp)),
                // a workstation's, not a record's
                (_, _) => Ok((None, None, Vec::new())),
            },
        };
        desk.note(row, found);
    }
    desk.send(choice.word()).await
}

/// Opens items again: writes what their records said before they were settled.
pub(crate) async fn undo(app: &App, actor: &Actor, ids: &[String]) -> Result<ConflictDone> {
    let names = names(ids)?;
    let (mut desk, stamp) = Desk::new(app, actor).await?;
    desk.left.extend(money::elsewhere(&names));
    let (rows, mut records) = open(app, names).await?;
    for row in rows {
        let found = match (row.is_settled, &row.undo, row.record) {
            (false, _, _) => Err(Problem::new("conflict.open", "ids")),
            (true, None, _) if row.is_looked_at => Ok((None, None, Vec::new())),
            (true, Some(writes), Some((kind, id))) => {
                let settlement = Settlement {
                    writes: writes.clone(),
                    undo: Vec::new(),
                };
                match records.get_mut(&id) {
                    Some(now) => desk.write((kind, id), now, settlement, &stamp),
                    None => Err(Problem::new("conflict.gone", "ids")),
                }
            }
            (true, _, _) => Err(Problem::new("conflict.not_undone", "ids")),
        };
        desk.note(row, found);
    }
    desk.send(UNDONE).await
}

/// The word of what was taken back.
const UNDONE: &str = "undone";

impl Kept {
    fn may_be_settled(&self) -> Result<(), Problem> {
        match (self.is_settled, self.kind) {
            (true, _) => Err(Problem::new("conflict.settled", "ids")),
            (false, Some(ItemKind::Quarantine)) => Err(Problem::new("conflict.elsewhere", "ids")),
            (false, _) => Ok(()),
        }
    }
}

async fn open(app: &App, names: Vec<Vec<u8>>) -> Result<(Vec<Kept>, BTreeMap<RecordId, Now>)> {
    let rows = sqlx::query(
        "select id, kind, record, record_kind, body, settled_at is not null as is_settled, action, undo from conflict_item where id = any($1) order by id",
    )
    .bind(&names)
    .fetch_all(&app.pool)
    .await?;
    let items: Vec<Kept> = rows.iter().map(row).collect();
    let mut wanted: Vec<Uuid> = items
        .iter()
        .filter_map(|item| item.record)
        .map(|(_, id)| id.0)
        .collect();
    wanted.dedup();
    let rows = sqlx::query("select id, body, document.doc || record.tail as doc from record join document on document.record = record.id where id = any($1)")
        .bind(&wanted)
        .fetch_all(&app.pool)
        .await?;
    let now = |row: &PgRow| {
        let Json(body) = row.get("body");
        (
            RecordId(row.get("id")),
            Now {
                body,
                doc: row.get("doc"),
            },
        )
    };
    Ok((items, rows.iter().map(now).collect()))
}

fn row(row: &PgRow) -> Kept {
    let number = |column: &str| {
        row.get::<Option<i16>, _>(column)
            .and_then(|number| u8::try_from(number).ok())
    };
    let kind = number("record_kind").and_then(Kind::from_number);
    let Json(item) = row.get("body");
    Kept {
        id: row.get("id"),
        kind: number("kind").and_then(ItemKind::from_number),
        item,
        record: kind.zip(row.get::<Option<Uuid>, _>("record").map(RecordId)),
        is_settled: row.get("is_settled"),
        is_looked_at: matches!(row.get("action"), Some("keep" | "dismiss")),
        undo: row
            .get::<Option<Json<Vec<Write>>>, _>("undo")
            .map(|Json(undo)| undo),
    }
}

/// What is written for an item: the place of its change, its hash, and what takes it back.
type Written = (Option<usize>, Option<Hash>, Vec<Write>);

/// The hub, as a desk at which a person writes.
struct Desk<'a> {
    app: &'a App,
    actor: &'a Actor,
    source: Source,
    envelopes: Vec<Envelope>,
    done: Vec<Done>,
    left: Vec<ConflictLeft>,
}

impl<'a> Desk<'a> {
    async fn new(app: &'a App, actor: &'a Actor) -> Result<(Self, Stamp)> {
        let source = crate::scheduling::write::source(app);
        let stamp = Stamp {
            staff: actor.staff,
            now: app.now(),
            device: HUB_NUMBER,
            incarnation: source.incarnation,
        };
        let desk = Self {
            app,
            actor,
            source,
            envelopes: Vec::new(),
            done: Vec::new(),
            left: Vec::new(),
        };
        Ok((desk, stamp))
    }

    /// Writes into a record what is allowed to whoever sits here.
    fn write(
        &mut self,
        (kind, record): (Kind, RecordId),
        now: &mut Now,
        settlement: Settlement,
        stamp: &Stamp,
    ) -> Result<Written, Problem> {
        if settlement.writes.is_empty() {
            return Ok((None, None, Vec::new()));
        }
        if let Some(problem) =
            allow::forbidden(kind, &now.body, &settlement.writes, self.actor).pop()
        {
            return Err(problem);
        }
        let edited = document::write(kind, &now.doc, &settlement.writes, None, stamp);
        let Ok(Some(Edited {
            doc,
            change,
            hash,
            body,
            ..
        })) = edited
        else {
            return Err(Problem::new("record.damaged", ""));
        };
        *now = Now { body, doc };
        self.envelopes.push(Envelope {
            kind: kind.number(),
            record,
            change,
        });
        Ok((Some(self.envelopes.len() - 1), Some(hash), settlement.undo))
    }

    fn note(&mut self, row: Kept, found: Result<Written, Problem>) {
        match found {
            Ok((sent, hash, undo)) => self.done.push(Done {
                id: row.id,
                about: row.record,
                sent,
                hash,
                undo,
            }),
            Err(problem) => self.left.push(ConflictLeft {
                id: hex(&row.id),
                problem,
            }),
        }
    }

    /// Sends the changes, and notes what was done about which item.
    async fn send(mut self, word: &str) -> Result<ConflictDone> {
        let envelopes = std::mem::take(&mut self.envelopes);
        let verdicts = if envelopes.is_empty() {
            Vec::new()
        } else {
            accept(self.app, &self.source, envelopes).await?
        };
        let mut done = Vec::with_capacity(self.done.len());
        for one in self.done {
            match one.sent.and_then(|sent| verdicts.get(sent)) {
                None | Some(Verdict::Taken | Verdict::Had) => done.push(one),
                Some(Verdict::Held { problems } | Verdict::Refused { problems }) => {
                    let problem = problems
                        .first()
                        .cloned()
                        .unwrap_or_else(|| Problem::new("change.malformed", ""));
                    self.left.push(ConflictLeft {
                        id: hex(&one.id),
                        problem,
                    });
                }
                Some(Verdict::Parked { .. }) => {
                    self.left.push(ConflictLeft {
                        id: hex(&one.id),
                        problem: Problem::new("change.parents_missing", ""),
                    });
                }
            }
        }
        note(self.app, self.actor.staff, &done, word).await?;
        Ok(ConflictDone {
            done: u32::try_from(done.len()).unwrap_or(u32::MAX),
            left: self.left,
        })
    }
}

/// Writes down who did what about items, in the list and in the audit log.
async fn note(app: &App, by: StaffId, done: &[Done], word: &str) -> Result<()> {
    if done.is_empty() {
        return Ok(());
    }
    let entry = |one: &Done| {
        let entry: Entry = deed(What::ConflictSettled, HUB, Some(by)).because(word);
        let entry = match one.about {
            Some((kind, record)) => entry.about(kind, record),
            None => entry,
        };
        match one.hash {
            Some(hash) => entry.of(hash).to_bytes(),
            None => entry.to_bytes(),
        }
    };
    let undo = |one: &Done| (!one.undo.is_empty()).then(|| Json(one.undo.clone()));
    let mut tx = app.pool.begin().await?;
    sqlx::query(if word == UNDONE { NOTE_UNDONE } else { NOTE })
        .bind(done.iter().map(|one| one.id.as_slice()).collect::<Vec<_>>())
        .bind(done.iter().map(undo).collect::<Vec<_>>())
        .bind(by.0)
        .bind(word)
        .execute(&mut *tx)
        .await?;
    sqlx::query("insert into audit_deed (entry) select unnest($1::bytea[])")
        .bind(done.iter().map(entry).collect::<Vec<_>>())
        .execute(&mut *tx)
        .await?;
    Ok(tx.commit().await?)
}

const NOTE: &str = "update conflict_item set settled_at = coalesce(settled_at, now()), settled_by = $3, action = $4, undo = done.undo
    from unnest($1::bytea[], $2::jsonb[]) as done (id, undo) where conflict_item.id = done.id";
const NOTE_UNDONE: &str = "update conflict_item set settled_at = null, settled_by = null, action = null, undo = null, owner = coalesce(owner, $3)
    from unnest($1::bytea[], $2::jsonb[]) as done (id, undo) where conflict_item.id = done.id and $4 <> ''";

/// Says who looks after items; of the books' only by who may read them.
pub(crate) async fn own(
    app: &App,
    actor: &Actor,
    ids: &[String],
    owner: Option<StaffId>,
) -> Result<ConflictDone> {
    let names = names(ids)?;
    let numbers: Vec<i64> = names
        .iter()
        .filter_map(|name| money::number(name))
        .collect();
    let of_books = if numbers.is_empty() {
        0
    } else {
        may_do(&actor.roles, Task::ReadBooks).map_err(Error::Forbidden)?;
        money::own(app, actor.staff, &numbers, owner).await?
    };
    let done = sqlx::query("update conflict_item set owner = $3 where id = any($1) and settled_at is null and (owner is null or owner = $2 or $3 is not null)")
        .bind(names)
        .bind(actor.staff.0)
        .bind(owner.map(|owner| owner.0))
        .execute(&app.pool)
        .await?;
    Ok(ConflictDone {
        done: u32::try_from(done.rows_affected() + of_books).unwrap_or(u32::MAX),
        left: Vec::new(),
    })
}
