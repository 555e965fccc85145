//! Who did what at this desk: entries that are chained, sealed and carried to the hub. See `shared::audit`.

pub(crate) mod clerk;
mod log;
pub(crate) mod send;
mod trail;

use crate::base::Replica;
use crate::error::Result;
use crate::outbox::Item;
use crate::payments::receipts;
use crate::{Error, meta, rescue};
use rusqlite::types::Value;
use rusqlite::{Connection, params};
use shared::audit::Hash;
use shared::audit::chain::{Link, Pen};
use shared::audit::entry::{Entry, Place, What};
use shared::audit::start;
use shared::ids::{DeviceId, RecordId, StaffId};
use shared::problem::Problem;
use shared::record::Kind;
use shared::sync::wire::unhex;
use uuid::Uuid;

const ENTRY: &str = "incarnation, seq, at_ms, record, is_sent, entry, hash, seal";
const CHAIN: &str = "incarnation, first, locked";
/// Minutes in which a chart that a search found counts as opened from it.
const FOUND_MINUTES: i64 = 10;

impl Replica {
    /// Notes that a person opened a chart. Reading it again within an hour, without another in between, is the same view.
    pub fn viewed(&self, staff: StaffId, patient: RecordId) {
        let entry = self
            .entry(What::ChartViewed, staff)
            .about(Kind::Patient, patient);
        let is_found = self
            .0
            .clerk
            .was_found(staff, patient, entry.at_ms - FOUND_MINUTES * 60_000);
        let entry = if is_found {
            entry.because("search")
        } else {
            entry
        };
        self.0.clerk.saw(entry);
    }

    /// Remembers what a person's search found, so that opening one of them is known to come from it.
    pub fn found(&self, staff: StaffId, patients: impl Iterator<Item = RecordId>) {
        self.0.clerk.found(staff, self.now().0, patients.collect());
    }

    /// Notes that a person read who changed what in a record.
    pub fn history_read(&self, staff: StaffId, kind: Kind, record: RecordId) {
        self.0
            .clerk
            .saw(self.entry(What::HistoryRead, staff).about(kind, record));
    }

    /// Notes that a chart was printed.
    pub fn printed(&self, staff: StaffId, patient: RecordId) {
        let entry = self
            .entry(What::Printed, staff)
            .about(Kind::Patient, patient);
        self.0.clerk.note(entry);
    }

    /// Notes that a sheet about a record was printed; the code says which sheet.
    pub fn sheet_printed(&self, staff: StaffId, kind: Kind, record: RecordId, sheet: &str) {
        let entry = self.entry(What::Printed, staff).about(kind, record);
        self.0.clerk.note(entry.because(sheet));
    }

    /// Notes that a person left, and whether that was before the money they took was posted.
    pub fn signed_out(&self, staff: StaffId) {
        let entry = self.entry(What::SignedOut, staff);
        let unposted = self.read(receipts::count_unposted);
        let is_early = unposted.is_ok_and(|(count, _)| count > 0);
        self.0.clerk.note(if is_early {
            entry.because("money.unposted")
        } else {
            entry
        });
    }

    /// Notes that somebody signed in, or tried to: who it would have been, if this desk knows the name or its slot.
    pub fn sign_in_tried<T>(&self, username: &str, owner: Option<StaffId>, outcome: &Result<T>) {
        let Ok(called) = self.staff_called(username) else {
            return;
        };
        let staff = called.or(owner);
        let entry = match outcome {
            Ok(_) => Entry {
                staff,
                ..self.entry(What::SignedIn, StaffId(Uuid::nil()))
            },
            Err(Error::Problems(problems)) => {
                let code = problems
                    .first()
                    .map_or("", |problem: &Problem| &problem.code);
                let entry = self
                    .entry(What::UnlockFailed, StaffId(Uuid::nil()))
                    .because(code);
                Entry { staff, ..entry }
            }
            // nothing was tried that could have succeeded
            Err(_) => return,
        };
        self.0.clerk.note(entry);
    }

    fn staff_called(&self, username: &str) -> Result<Option<StaffId>> {
        let name = shared::search::fold(username);
        let reference = self.reference()?;
        let mut known = reference.staff.iter();
        let found = known.find(|staff| shared::search::fold(&staff.username) == name);
        Ok(found.map(|staff| staff.id))
    }

    /// Begins an entry of what a person does now. The device is put in when it is written.
    pub(crate) fn entry(&self, what: What, staff: StaffId) -> Entry {
        Entry::new(what, self.now().0, DeviceId(Uuid::nil()), Some(staff))
    }

    /// Writes down at once what was seen until now.
    pub fn settle_audit(&self) {
        self.0.clerk.settle();
    }
}

/// Notes a change that is being saved, in its transaction.
pub(crate) fn saved(db: &Connection, item: &Item) -> Result<()> {
    let entry = Entry::new(
        What::ChangeSaved,
        item.at_ms,
        DeviceId(Uuid::nil()),
        Some(item.staff),
    );
    note(db, &entry.about(item.kind, item.record).of(item.hash))
}

/// Writes an entry at the end of the chain.
pub(crate) fn note(db: &Connection, entry: &Entry) -> Result<()> {
    let Some(device) = meta::DEVICE.get(db)? else {
        // nobody works at a desk that is not enrolled
        return Ok(());
    };
    let mut pen = pen(db, device.id, entry.at_ms)?;
    let entry = Entry {
        device: device.id,
        ..entry.clone()
    };
    write(db, &mut pen, &entry)?;
    meta::AUDIT_PEN.set(db, &pen)
}

/// Takes up the chain where it ends. A replica in a new incarnation begins a new one, which names the end of the last.
fn pen(db: &Connection, device: DeviceId, at_ms: i64) -> Result<Pen> {
    let incarnation = meta::INCARNATION.get(db)?.unwrap_or(0);
    let last = meta::AUDIT_PEN.get(db)?;
    if let Some(pen) = last.as_ref().filter(|pen| pen.incarnation == incarnation) {
        return Ok(pen.clone());
    }
    let first = chance();
    db.prepare_cached("insert or replace into audit_chain (incarnation, first) values (?1, ?2)")?
        .execute(params![incarnation, first])?;
    lock_first_keys(db, device)?;
    let mut pen = Pen::begin(device, incarnation, first);
    let entry = Entry::new(What::ChainBegan, at_ms, device, None);
    let entry = match last {
        Some(last) => entry.of(last.head).at_place(Place {
            incarnation: last.incarnation,
            seq: last.seq,
        }),
        None => entry,
    };
    write(db, &mut pen, &entry)?;
    Ok(pen)
}

/// Locks the first keys of chains for the hub and forgets them, if its key is known.
fn lock_first_keys(db: &Connection, device: DeviceId) -> Result<()> {
    let hub = meta::AUDIT_HUB.get(db)?.and_then(|hub| unhex(&hub.lock));
    let hub = hub.and_then(|key| {
        ed25519_dalek::VerifyingKey::from_bytes(key.as_slice().try_into().ok()?).ok()
    });
    let Some(hub) = hub else {
        return Ok(());
    };
    let open = db
        .prepare_cached("select incarnation, first from audit_chain where first is not null")?
        .query_map([], |row| {
            Ok((row.get::<_, u16>(0)?, row.get::<_, Hash>(1)?))
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    for (incarnation, first) in open {
        let locked = start::lock(&first, device, incarnation, &hub, &chance());
        let locked = serde_json::to_vec(&locked).map_err(|_| Error::Nonsense("json"))?;
        db.prepare_cached(
            "update audit_chain set first = null, locked = ?2 where incarnation = ?1",
        )?
        .execute(params![incarnation, locked])?;
    }
    Ok(())
}

fn write(db: &Connection, pen: &mut Pen, entry: &Entry) -> Result<()> {
    let link = pen.write(entry);
    let sql = "insert into audit (incarnation, seq, at_ms, record, is_sent, entry, hash, seal)
        values (?1, ?2, ?3, ?4, 0, ?5, ?6, ?7)";
    let record = entry.record.map(|(_, record)| record.0.into_bytes());
    db.prepare_cached(sql)?.execute(params![
        pen.incarnation,
        link.seq.cast_signed(),
        entry.at_ms,
        record,
        link.entry,
        link.hash,
        link.seal
    ])?;
    Ok(())
}

/// Reads links out of `incarnation, seq, entry, hash, seal`.
fn link(row: &rusqlite::Row<'_>) -> rusqlite::Result<(u16, Link)> {
    let link = Link {
        seq: row.get::<_, i64>(1)?.cast_unsigned(),
        entry: row.get(2)?,
        hash: row.get(3)?,
        seal: row.get(4)?,
    };
    Ok((row.get(0)?, link))
}

/// Copies what can be read of the chains into another generation. The end of the last one travels with `meta`.
pub(crate) fn copy(old: &Connection, new: &Connection) -> Result<()> {
    rescue::copy_rows(old, new, "audit", ENTRY)?;
    rescue::copy_rows(old, new, "audit_chain", CHAIN)
}

/// What of the chains lies in the second copy of unsent work: rows as they are, and where the last chain ends.
#[derive(Debug, Default)]
pub(crate) struct Copied {
    pub(crate) pen: Option<Pen>,
    entries: Vec<Vec<Value>>,
    chains: Vec<Vec<Value>>,
}

/// Returns what was not sent, and where the last chain ends.
pub(crate) fn copied(db: &Connection) -> Result<Copied> {
    copied_after(db, None)
}

/// Returns what was not sent after a place.
pub(crate) fn copied_after(db: &Connection, last: Option<(u16, u64)>) -> Result<Copied> {
    let (incarnation, seq) = last.unwrap_or((0, 0));
    let after = format!("is_sent = 0 and (incarnation, seq) > ({incarnation}, {seq})");
    Ok(Copied {
        pen: meta::AUDIT_PEN.get(db)?,
        entries: rescue::rows_of(db, &format!("select {ENTRY} from audit where {after}"))?,
        chains: rescue::rows_of(db, &format!("select {CHAIN} from audit_chain"))?,
    })
}

/// Puts it beside what is there.
pub(crate) fn put_copied(db: &Connection, copied: &Copied) -> Result<()> {
    let entries = copied.entries.iter();
    entries
        .map(|row| ("audit", ENTRY, row))
        .chain(copied.chains.iter().map(|row| ("audit_chain", CHAIN, row)))
        .try_for_each(|(table, columns, row)| rescue::insert(db, table, columns, row))?;
    match &copied.pen {
        Some(pen) => meta::AUDIT_PEN.set(db, pen),
        None => Ok(()),
    }
}

/// Forgets what the hub has.
pub(crate) fn forget_sent(db: &Connection, incarnation: u16, upto: u64) -> Result<()> {
    db.prepare_cached("delete from audit where incarnation = ?1 and seq <= ?2")?
        .execute(params![incarnation, upto.cast_signed()])?;
    Ok(())
}

/// Says whether one end of the chains lies behind another.
pub(crate) fn is_behind(one: Option<&Pen>, other: Option<&Pen>) -> bool {
    let place = |pen: Option<&Pen>| pen.map(|pen| (pen.incarnation, pen.seq));
    place(one) < place(other)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a key has to be chance; nothing is decided by it"
)]
fn chance() -> Hash {
    rand::random()
}
