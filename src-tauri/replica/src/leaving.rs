//! What this ward is to forget: erased with every trace, but not while unsent or held work is about it.

use crate::base::Replica;
use crate::error::Result;
use crate::payments::bills;
use crate::store::Lasting;
use crate::{meta, row};
use rusqlite::{Connection, params};
use shared::ids::RecordId;
use shared::record::Kind;

/// Pages of the search index that are merged while nobody can save.
const PAGES_AT_ONCE: i64 = 200;

/// Notes that a record is to be forgotten.
pub(crate) fn note(db: &Connection, kind: Kind, record: RecordId) -> Result<()> {
    db.prepare_cached("insert or ignore into leaving (record, kind) values (?1, ?2)")?
        .execute(params![record.0.as_bytes(), kind.number()])?;
    Ok(())
}

/// Notes that the ward sees it again.
pub(crate) fn came_back(db: &Connection, record: RecordId) -> Result<()> {
    db.prepare_cached("delete from leaving where record = ?1")?
        .execute([record.0.as_bytes()])?;
    Ok(())
}

/// Erases what is to be forgotten of the charts nobody has work on, and returns it.
pub(crate) fn erase(db: &Connection) -> Result<Vec<(Kind, RecordId)>> {
    let free = db
        .prepare_cached(FREE)?
        .query_map([], |row| {
            let id = RecordId(row::uuid(row.get_ref(1)?.as_blob()?));
            Ok((row::kind(row.get(0)?), id))
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    for (_, record) in &free {
        row::erase(db, *record)?;
        bills::forget(db, *record)?;
        came_back(db, *record)?;
    }
    if !free.is_empty() {
        meta::UNTIDY.set(db, &true)?;
    }
    Ok(free)
}

const FREE: &str = "with worked_on as (
        select record from outbox union select record from held where is_withdrawn = 0
    ), busy as (
        select coalesce(record.subject, worked_on.record) as chart
        from worked_on left join record on record.id = worked_on.record
    )
    select leaving.kind, leaving.record from leaving left join record on record.id = leaving.record
    where coalesce(record.subject, leaving.record) not in (select chart from busy)";

impl Replica {
    /// Erases what may be forgotten by now, and the traces of it: words of the search index, and pages in the log.
    pub(crate) fn forget_what_left(&self) -> Result<()> {
        let (is_leaving, is_untidy) = self.read(|db| {
            let sql = "select exists (select 1 from leaving)";
            let is_leaving: bool = db.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
            Ok((is_leaving, meta::UNTIDY.get(db)? == Some(true)))
        })?;
        if !is_leaving && !is_untidy {
            return Ok(());
        }
        let erased = self.write(Lasting::Refetchable, |db| erase(db))?;
        if !erased.is_empty() || is_untidy {
            self.tidy()?;
        }
        self.tell(&erased.into_iter().collect());
        Ok(())
    }

    /// The search index keeps the words of what was erased until it is merged, and the log the pages.
    fn tidy(&self) -> Result<()> {
        let mut pages = -PAGES_AT_ONCE;
        loop {
            let done = self.write(Lasting::Refetchable, |db| {
                let count =
                    || db.query_row("select total_changes()", [], |row| row.get::<_, i64>(0));
                let before = count()?;
                db.prepare_cached(
                    "insert into record_text (record_text, rank) values ('merge', ?1)",
                )?
                .execute([pages])?;
                Ok(count()? - before)
            })?;
            if done < 2 {
                break;
            }
            pages = PAGES_AT_ONCE;
        }
        self.write(Lasting::Refetchable, |db| meta::UNTIDY.clear(db))?;
        self.store().empty_log()?;
        self.0.mirror.empty_log();
        Ok(())
    }
}
