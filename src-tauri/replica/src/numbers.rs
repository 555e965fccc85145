//! Hospital numbers: given out of the device's blocks, at once or as soon as there are some.

use crate::base::Replica;
use crate::error::Result;
use crate::store::Lasting;
use crate::{held, meta, row};
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use shared::desk::Save;
use shared::document::{self, Write};
use shared::ids::{RecordId, StaffId};
use shared::patients;
use shared::record::Kind;

impl Replica {
    /// Gives a new patient a hospital number, or notes that they are to get one as soon as there are some.
    pub(crate) fn give_number(
        &self,
        db: &Connection,
        staff: StaffId,
        ask: &Save,
        draft: &mut Value,
    ) -> Result<()> {
        let refused = match &ask.held {
            Some(id) => held::get(db, id)?
                .is_some_and(|kept| kept.problems.iter().any(|p| p.code.starts_with("mrn."))),
            None => false,
        };
        let Some(members) = draft.as_object_mut() else {
            return Ok(());
        };
        if members.get("mrn").is_some_and(Value::is_string) && !refused {
            return Ok(());
        }
        members.remove("mrn");
        match meta::take_number(db)? {
            Some(number) => {
                members.insert("mrn".into(), json!(patients::mrn(number)));
            }
            None => note_numberless(db, ask.id, staff)?,
        }
        Ok(())
    }

    /// Gives hospital numbers to patients that were registered while there was none.
    pub(crate) fn give_numbers_late(&self) -> Result<()> {
        let items = self.write(Lasting::Yes, |db| {
            let sql = "select record, staff from numberless order by record";
            let waiting: Vec<([u8; 16], [u8; 16])> = db
                .prepare_cached(sql)?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<rusqlite::Result<_>>()?;
            let mut items = Vec::new();
            for (record, staff) in waiting {
                let id = RecordId(row::uuid(&record));
                let staff = StaffId(row::uuid(&staff));
                let stored = row::stored(db, Kind::Patient, id)?;
                if let Some(stored) = stored.filter(|stored| stored.body["mrn"].is_null()) {
                    let Some(number) = meta::take_number(db)? else {
                        break;
                    };
                    let writes = [Write {
                        path: "mrn".into(),
                        value: json!(patients::mrn(number)),
                    }];
                    let edited = document::write(
                        Kind::Patient,
                        &stored.doc,
                        &writes,
                        None,
                        &self.stamp(db, staff)?,
                    )?;
                    let edited = edited.expect("a number where there was none is a change");
                    let base = stored.heads.clone();
                    items.push(self.keep_unchecked(
                        db,
                        Kind::Patient,
                        id,
                        Some(&stored),
                        &edited,
                        base,
                        staff,
                    )?);
                }
                db.prepare_cached("delete from numberless where record = ?1")?
                    .execute([record])?;
            }
            self.0.mirror.note(&items);
            Ok(items)
        })?;
        self.tell(&items.iter().map(|item| (item.kind, item.record)).collect());
        Ok(())
    }
}

fn note_numberless(db: &Connection, id: RecordId, staff: StaffId) -> Result<()> {
    let sql = "insert or replace into numberless (record, staff) values (?1, ?2)";
    db.prepare_cached(sql)?
        .execute(params![id.0.as_bytes(), staff.0.as_bytes()])?;
    Ok(())
}
