//! One leaf of the log as the database keeps it.

use super::key::AuditKey;
use shared::audit::entry::{Entry, What};
use shared::audit::{Hash, seal, tree};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// A leaf with the columns it is looked up by.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Leaf {
    pub(super) leaf: i64,
    pub(super) source: i16,
    pub(super) source_id: i64,
    pub(super) entry: Vec<u8>,
    pub(super) hash: Vec<u8>,
    pub(super) seal: Vec<u8>,
    what: i16,
    at_ms: i64,
    device: Uuid,
    staff: Option<Uuid>,
    record: Option<Uuid>,
}

impl Leaf {
    /// Makes the leaf of an entry.
    pub(super) fn new(
        key: &AuditKey,
        leaf: u64,
        source: i16,
        source_id: i64,
        entry: &Entry,
    ) -> Self {
        let bytes = entry.to_bytes();
        let hash = tree::leaf(&bytes);
        Self {
            leaf: leaf.cast_signed(),
            source,
            source_id,
            seal: seal_of(key, leaf, &hash).to_vec(),
            hash: hash.to_vec(),
            entry: bytes,
            what: entry.what.number().cast_signed(),
            at_ms: entry.at_ms,
            device: entry.device.0,
            staff: entry.staff.map(|staff| staff.0),
            record: entry.record.map(|(_, record)| record.0),
        }
    }

    pub(super) fn read(row: &PgRow) -> Self {
        Self {
            leaf: row.get("leaf"),
            source: row.get("source"),
            source_id: row.get("source_id"),
            entry: row.get("entry"),
            hash: row.get("hash"),
            seal: row.get("seal"),
            what: row.get("what"),
            at_ms: row.get("at_ms"),
            device: row.get("device"),
            staff: row.get("staff"),
            record: row.get("record"),
        }
    }

    /// Says what is wrong with a leaf that stands at a place; the entry when nothing is.
    pub(super) fn check(&self, key: &AuditKey, place: u64) -> Result<Entry, &'static str> {
        if self.leaf != place.cast_signed() {
            return Err("missing");
        }
        let entry = Entry::from_bytes(&self.entry).ok_or("not an entry")?;
        let right = Self::new(key, place, self.source, self.source_id, &entry);
        if right.hash != self.hash {
            return Err("not what its hash says");
        }
        if right.seal != self.seal {
            return Err("not sealed by this hub at this place");
        }
        if right != *self {
            return Err("listed under something else than it says");
        }
        Ok(entry)
    }

    /// Returns the device it says it was made at.
    pub(super) fn at_device(&self) -> Uuid {
        self.device
    }

    /// Says what it is, for a list.
    pub(super) fn word(&self) -> &'static str {
        let what = What::ALL
            .iter()
            .find(|what| what.number().cast_signed() == self.what);
        what.map_or("unknown", |what| what.word())
    }
}

fn seal_of(key: &AuditKey, leaf: u64, hash: &Hash) -> Hash {
    seal::mac(&key.leaf, &[&leaf.to_be_bytes(), hash])
}

pub(super) const COLUMNS: &str =
    "leaf, source, source_id, entry, hash, seal, what, at_ms, device, staff, record";

/// Writes leaves.
pub(super) async fn insert(db: &mut PgConnection, leaves: &[Leaf]) -> sqlx::Result<()> {
    fn all<T>(leaves: &[Leaf], part: impl Fn(&Leaf) -> T) -> Vec<T> {
        leaves.iter().map(part).collect()
    }
    sqlx::query(INSERT)
        .bind(all(leaves, |leaf| leaf.leaf))
        .bind(all(leaves, |leaf| leaf.source))
        .bind(all(leaves, |leaf| leaf.source_id))
        .bind(all(leaves, |leaf| leaf.entry.clone()))
        .bind(all(leaves, |leaf| leaf.hash.clone()))
        .bind(all(leaves, |leaf| leaf.seal.clone()))
        .bind(all(leaves, |leaf| leaf.what))
        .bind(all(leaves, |leaf| leaf.at_ms))
        .bind(all(leaves, |leaf| leaf.device))
        .bind(all(leaves, |leaf| leaf.staff))
        .bind(all(leaves, |leaf| leaf.record))
        .execute(db)
        .await?;
    Ok(())
}

const INSERT: &str = "insert into audit_log
        (leaf, source, source_id, entry, hash, seal, what, at_ms, device, staff, record)
    select * from unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::bytea[], $5::bytea[], $6::bytea[],
        $7::smallint[], $8::bigint[], $9::uuid[], $10::uuid[], $11::uuid[])";
