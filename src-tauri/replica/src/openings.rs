//! Openings of the emergency access as this desk keeps them: written down before anything is shown, sent before anything
//! else, as often as it takes.

use crate::audit;
use crate::base::Replica;
use crate::error::{Error, Result};
use crate::exchange::blocking;
use crate::hub::Hub;
use crate::store::Lasting;
use rusqlite::{Connection, params};
use shared::audit::entry::Entry;
use shared::emergency::Opening;

const CALL: &str = "/sync/v1/emergency/openings";
/// Openings that are sent in one go; the rest follows.
const AT_ONCE: u32 = 100;
/// Days for which what was sent stays here.
const KEPT_DAYS: i64 = 90;

/// Keeps an opening as it is now; an older version of it changes nothing.
pub(crate) fn put(db: &Connection, opening: &Opening) -> Result<()> {
    let body = serde_json::to_string(opening).map_err(|_| Error::Nonsense("json"))?;
    let sql = "insert into emergency_opening (id, from_ms, version, sent, body) values (?1, ?2, ?3, 0, ?4)
        on conflict (id) do update set version = ?3, body = ?4 where version < ?3";
    db.prepare_cached(sql)?.execute(params![
        opening.id.0.as_bytes(),
        opening.from_ms,
        opening.version,
        body
    ])?;
    Ok(())
}

/// Keeps openings that are known elsewhere.
pub(crate) fn put_all(db: &Connection, openings: &[Opening]) -> Result<()> {
    openings.iter().try_for_each(|opening| put(db, opening))
}

/// Says whether these are kept already, each as new as it is here.
pub(crate) fn has_all(db: &Connection, openings: &[Opening]) -> Result<bool> {
    let sql = "select count(*) from emergency_opening where id = ?1 and version >= ?2";
    for opening in openings {
        let known: u32 = db
            .prepare_cached(sql)?
            .query_row(params![opening.id.0.as_bytes(), opening.version], |row| {
                row.get(0)
            })?;
        if known == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Returns what is to be sent next: what the hub does not have as it is now, the oldest first.
pub(crate) fn unsent(db: &Connection) -> Result<Vec<Opening>> {
    first_unsent(db, AT_ONCE)
}

/// Returns everything that the hub does not have as it is now.
pub(crate) fn all_unsent(db: &Connection) -> Result<Vec<Opening>> {
    first_unsent(db, u32::MAX)
}

fn first_unsent(db: &Connection, limit: u32) -> Result<Vec<Opening>> {
    let sql =
        "select body from emergency_opening where sent < version order by from_ms, id limit ?1";
    let bodies = db
        .prepare_cached(sql)?
        .query_map([limit], |row| row.get::<_, String>(0))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let read = |body: &String| serde_json::from_str(body).ok();
    Ok(bodies.iter().filter_map(read).collect())
}

/// Sends what waits. What the hub does not want stays here, and holds up nothing else.
pub(crate) async fn send(replica: &Replica, hub: &Hub) -> Result<()> {
    let waiting = blocking(replica, |replica| replica.read(unsent)).await?;
    for opening in waiting {
        let sent: Result<()> = hub.post_json(CALL, replica.now(), &opening).await;
        match sent {
            Ok(()) => {}
            Err(Error::Refused { status, .. }) if !matches!(status, 401 | 403 | 426) => {
                tracing::error!(
                    http.status = status,
                    "The hub did not take an opening of the emergency access; it is kept"
                );
                continue;
            }
            Err(error) => return Err(error),
        }
        blocking(replica, move |replica| replica.opening_arrived(&opening)).await?;
    }
    Ok(())
}

impl Replica {
    /// Writes an opening and what the audit says of it in one transaction, and has it sent.
    pub(crate) fn keep_opening(&self, opening: &Opening, entry: Option<&Entry>) -> Result<()> {
        self.write(Lasting::Yes, |db| {
            put(db, opening)?;
            entry.map_or(Ok(()), |entry| audit::note(db, entry))
        })?;
        self.mirror_openings()?;
        self.0.clerk.saved();
        self.0.nudge.notify_one();
        Ok(())
    }

    fn mirror_openings(&self) -> Result<()> {
        self.read(|db| {
            self.0.mirror.follow_openings(db);
            Ok(())
        })
    }

    /// Marks what the hub has, and erases what it has had for long.
    fn opening_arrived(&self, opening: &Opening) -> Result<()> {
        let before = self.now().0 - KEPT_DAYS * 86_400_000;
        self.write(Lasting::Refetchable, |db| {
            let sql = "update emergency_opening set sent = max(sent, ?2) where id = ?1";
            db.prepare_cached(sql)?
                .execute(params![opening.id.0.as_bytes(), opening.version])?;
            let sql = "delete from emergency_opening where sent >= version and from_ms < ?1";
            db.prepare_cached(sql)?.execute([before])?;
            Ok(())
        })?;
        self.mirror_openings()
    }
}
