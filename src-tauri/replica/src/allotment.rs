//! What the hub lent this desk of doctors' time: asked for beside the exchange, and given away without asking again.
//!
//! What was given away is kept from the save on until the hub says anew what is lent; whatever is unsent then still counts as given.

use crate::base::Replica;
use crate::error::Result;
use crate::exchange::blocking;
use crate::hub::Hub;
use crate::meta;
use crate::store::Lasting;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::ids::StaffId;
use shared::record::{self, Kind};
use shared::scheduling::Appointment;
use shared::scheduling::leases::{Allotment, Lent};
use shared::scheduling::visit::{start_ms, wants_slot};
use std::collections::BTreeSet;

/// How often the hub is asked while nothing was given away.
const AGAIN_MS: i64 = 60_000;

/// What the hub said last.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Lending {
    /// By this computer's clock.
    at_ms: i64,
    lent: Vec<Lent>,
}

/// Returns what this desk may promise.
pub(crate) fn read(db: &Connection) -> Result<Allotment> {
    let lending = meta::LENT.get(db)?.unwrap_or_default();
    let given = meta::GIVEN.get(db)?.unwrap_or_default();
    Ok(Allotment::new(lending.lent, given))
}

/// Notes that a slot is given away.
pub(crate) fn give(db: &Connection, practitioner: StaffId, start_ms: i64) -> Result<()> {
    let mut given = meta::GIVEN.get(db)?.unwrap_or_default();
    given.push((practitioner, start_ms));
    meta::GIVEN.set(db, &given)
}

/// Asks what is lent, when it may be something else than before.
pub(crate) async fn refresh(replica: &Replica, hub: &Hub) -> Result<()> {
    let now_ms = replica.now().0;
    let is_due = blocking(replica, move |replica| {
        replica.read(|db| {
            let asked = meta::LENT.get(db)?.map(|lending| lending.at_ms);
            let is_old = asked.is_none_or(|at_ms| !(0..AGAIN_MS).contains(&(now_ms - at_ms)));
            Ok(is_old || !meta::GIVEN.get(db)?.unwrap_or_default().is_empty())
        })
    })
    .await?;
    if !is_due {
        return Ok(());
    }
    let lent: Vec<Lent> = hub.json("/sync/v1/leases", replica.now()).await?;
    blocking(replica, move |replica| {
        replica.keep_lent(Lending {
            at_ms: now_ms,
            lent,
        })
    })
    .await
}

impl Replica {
    /// Puts what the hub said in the place of what it said before.
    pub(crate) fn keep_lent(&self, lending: Lending) -> Result<()> {
        self.write(Lasting::Refetchable, |db| {
            let given: Vec<(StaffId, i64)> = unsent(db)?.into_iter().collect();
            meta::GIVEN.set(db, &given)?;
            meta::LENT.set(db, &lending)
        })
    }
}

/// Returns the slots that unsent appointments want: the hub did not know of them when it answered.
fn unsent(db: &Connection) -> Result<BTreeSet<(StaffId, i64)>> {
    let sql = "select body from record where kind = ?1 and id in (select record from outbox where kind = ?1)";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([Kind::Appointment.number()])?;
    let mut found = BTreeSet::new();
    while let Some(row) = rows.next()? {
        let body: Value = serde_json::from_str(row.get_ref(0)?.as_str()?).unwrap_or(Value::Null);
        if let Ok(body) = record::parse::<Appointment>(&body)
            && wants_slot(body.status)
        {
            found.extend(body.practitioner.zip(start_ms(&body)));
        }
    }
    Ok(found)
}

#[cfg(test)]
impl Lending {
    /// What a hub lent a desk a moment ago.
    pub(crate) fn of(lent: Vec<Lent>, at_ms: i64) -> Self {
        Self { at_ms, lent }
    }
}
