//! Where what happened lies, and the entry each row of it is in the log.

use shared::audit::entry::{Entry, What};
use shared::ids::{DeviceId, RecordId, StaffId};
use shared::record::Kind;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// A table whose rows are things that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Change,
    Held,
    Deed,
    Desk,
}

/// Every source, in the order in which the log takes them.
pub(super) const ALL: [Source; 4] = [Source::Change, Source::Held, Source::Deed, Source::Desk];

impl Source {
    pub(super) fn number(self) -> i16 {
        match self {
            Source::Change => 1,
            Source::Held => 2,
            Source::Deed => 3,
            Source::Desk => 4,
        }
    }

    pub(super) fn of_number(number: i16) -> Option<Self> {
        ALL.into_iter().find(|source| source.number() == number)
    }

    /// Its table and the column that counts its rows.
    pub(super) fn table(self) -> (&'static str, &'static str) {
        match self {
            Source::Change => ("change", "id"),
            Source::Held => ("held_change", "audit_id"),
            Source::Deed => ("audit_deed", "id"),
            Source::Desk => ("audit_desk", "id"),
        }
    }

    fn columns(self) -> &'static str {
        match self {
            Source::Change => {
                "source.id, source.hash, source.record, source.device, source.staff,
                 (extract(epoch from source.taken_at) * 1000)::bigint as at_ms, record.kind"
            }
            Source::Held => {
                "audit_id as id, hash, record, device, staff, kind, is_final,
                 problems -> 0 ->> 'code' as code, (extract(epoch from held_at) * 1000)::bigint as at_ms"
            }
            Source::Deed | Source::Desk => "id, entry",
        }
    }

    fn from(self) -> &'static str {
        match self {
            // a record never goes and never changes its kind
            Source::Change => "change source left join record on record.id = source.record",
            Source::Held => "held_change",
            Source::Deed => "audit_deed",
            Source::Desk => "audit_desk",
        }
    }

    fn id(self) -> &'static str {
        match self {
            Source::Change => "source.id",
            Source::Held => "audit_id",
            Source::Deed | Source::Desk => "id",
        }
    }

    /// Reads the next rows after one place up to another: the id of each, and its entry if it has one in the log.
    pub(super) async fn after(
        self,
        db: &mut PgConnection,
        done: i64,
        upto: i64,
        most: i64,
    ) -> sqlx::Result<Vec<(i64, Option<Entry>)>> {
        let (columns, from, id) = (self.columns(), self.from(), self.id());
        let sql = format!(
            "select {columns} from {from} where {id} > $1 and {id} <= $2 order by {id} limit $3"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(done)
            .bind(upto)
            .bind(most)
            .fetch_all(db)
            .await?;
        Ok(rows
            .iter()
            .map(|row| (row.get("id"), self.entry(row)))
            .collect())
    }

    /// Reads rows by their ids.
    pub(super) async fn some(
        self,
        db: &mut PgConnection,
        ids: &[i64],
    ) -> sqlx::Result<Vec<(i64, Option<Entry>)>> {
        let (columns, from, id) = (self.columns(), self.from(), self.id());
        let sql = format!("select {columns} from {from} where {id} = any($1) order by {id}");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(ids)
            .fetch_all(db)
            .await?;
        Ok(rows
            .iter()
            .map(|row| (row.get("id"), self.entry(row)))
            .collect())
    }

    fn entry(self, row: &PgRow) -> Option<Entry> {
        match self {
            Source::Change => Some(changed(row, What::ChangeTaken)),
            Source::Held => {
                let what = if row.get("is_final") {
                    What::ChangeRefused
                } else {
                    What::ChangeHeld
                };
                let code: Option<String> = row.get("code");
                Some(changed(row, what).because(&code.unwrap_or_default()))
            }
            Source::Deed => Entry::from_bytes(row.get("entry")),
            // a change that was saved at a desk has its entry when the hub takes or holds it
            Source::Desk => {
                Entry::from_bytes(row.get("entry")).filter(|entry| entry.what != What::ChangeSaved)
            }
        }
    }

    /// Says whether an entry is still what its row says. Why a change is held may be said anew later.
    pub(super) fn is_still(self, logged: &Entry, now: &Entry) -> bool {
        match self {
            Source::Change | Source::Deed | Source::Desk => logged == now,
            Source::Held => {
                let but_why = |entry: &Entry| Entry {
                    what: What::ChangeHeld,
                    reason: None,
                    ..entry.clone()
                };
                but_why(logged) == but_why(now)
            }
        }
    }
}

fn changed(row: &PgRow, what: What) -> Entry {
    let staff = row.get::<Option<Uuid>, _>("staff").map(StaffId);
    let entry = Entry::new(what, row.get("at_ms"), DeviceId(row.get("device")), staff);
    let kind = row.get::<Option<i16>, _>("kind");
    let kind = kind.and_then(|kind| Kind::from_number(u8::try_from(kind).ok()?));
    // a change that could not even be read names no kind
    let entry = match kind {
        Some(kind) => entry.about(kind, RecordId(row.get("record"))),
        None => entry,
    };
    match row.get::<Vec<u8>, _>("hash").try_into() {
        Ok(hash) => entry.of(hash),
        Err(_) => entry,
    }
}
