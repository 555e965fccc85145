//! Carries entries to the hub, in order, as often as it takes.

use super::{link, lock_first_keys};
use crate::base::Replica;
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::meta;
use crate::store::Lasting;
use ed25519_dalek::SigningKey;
use rusqlite::params;
use shared::audit::chain::{BATCH_ENTRIES, Batch, BatchAnswer, HubKey};
use shared::sync::wire;

/// Days for which entries that were sent stay here.
const KEPT_DAYS: i64 = 90;

/// Entries wait for each other so long, to travel together.
const GATHER_MS: i64 = 20_000;

/// Sends what waits, if the last time is a while ago. A hub that does not want entries gets everything else all the same.
pub(crate) async fn send_if_due(
    replica: &Replica,
    hub: &Hub,
    last_ms: &mut Option<i64>,
) -> Result<()> {
    let now = replica.now().0;
    if last_ms.is_some_and(|last| (0..GATHER_MS).contains(&(now - last))) {
        return Ok(());
    }
    *last_ms = Some(now);
    match send_all(replica, hub).await {
        Err(Error::Refused { status, .. }) if !matches!(status, 401 | 403 | 426) => {
            tracing::warn!(
                http.status = status,
                "The hub did not take the audit entries; they are kept"
            );
            Ok(())
        }
        other => other,
    }
}

/// Sends every entry that waits.
pub(crate) async fn send_all(replica: &Replica, hub: &Hub) -> Result<()> {
    let owner = replica.clone();
    let (waits, is_known) = tokio::task::spawn_blocking(move || {
        owner.settle_audit();
        owner.read(|db| {
            let waits = "select exists (select 1 from audit where is_sent = 0)";
            let waits: bool = db.prepare_cached(waits)?.query_row([], |row| row.get(0))?;
            Ok((waits, meta::AUDIT_HUB.get(db)?.is_some()))
        })
    })
    .await??;
    if !waits {
        return Ok(());
    }
    if !is_known {
        let key: HubKey = hub.json("/sync/v1/audit/key", replica.now()).await?;
        let owner = replica.clone();
        tokio::task::spawn_blocking(move || owner.know_hub(&key)).await??;
    }
    loop {
        let owner = replica.clone();
        let Some(batch) = tokio::task::spawn_blocking(move || owner.next_batch()).await?? else {
            return Ok(());
        };
        let answer: BatchAnswer = hub
            .post_frame("/sync/v1/audit", replica.now(), wire::encode(&batch))
            .await?;
        let last = batch.links.last().map_or(0, |link| link.seq);
        if answer.upto < last {
            return Err(Error::Nonsense("audit"));
        }
        let owner = replica.clone();
        let incarnation = batch.incarnation;
        tokio::task::spawn_blocking(move || owner.batch_arrived(incarnation, last)).await??;
    }
}

impl Replica {
    fn know_hub(&self, key: &HubKey) -> Result<()> {
        let device = self
            .read(|db| meta::DEVICE.get(db))?
            .ok_or(Error::NotEnrolled)?;
        self.write(Lasting::Yes, |db| {
            meta::AUDIT_HUB.set(db, key)?;
            lock_first_keys(db, device.id)
        })?;
        self.read(|db| {
            self.0.mirror.follow_audit(db);
            Ok(())
        })
    }

    /// Returns the next entries of the oldest chain that is not wholly sent, signed.
    fn next_batch(&self) -> Result<Option<Batch>> {
        self.read(|db| {
            let sql = "select incarnation, seq, entry, hash, seal from audit
                where is_sent = 0 order by incarnation, seq limit ?1";
            let links = db
                .prepare_cached(sql)?
                .query_map([BATCH_ENTRIES as i64], link)?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            let Some((incarnation, _)) = links.first() else {
                return Ok(None);
            };
            let incarnation = *incarnation;
            let of_one = |(of, link)| (of == incarnation).then_some(link);
            let links = links.into_iter().map_while(of_one).collect();
            let device = self.signing_device(db)?;
            let locked: Option<Vec<u8>> = db
                .prepare_cached("select locked from audit_chain where incarnation = ?1")?
                .query_row([incarnation], |row| row.get(0))?;
            let begun = serde_json::from_slice(&locked.unwrap_or_default());
            let begun = begun.map_err(|_| Error::Nonsense("json"))?;
            let secret = device.secret.ok_or(Error::Keychain("no signing key"))?;
            let key = SigningKey::from_bytes(&secret);
            Ok(Some(Batch::sign(
                device.id,
                incarnation,
                begun,
                links,
                &key,
            )))
        })
    }

    /// Marks what the hub has, and erases what it has had for long.
    fn batch_arrived(&self, incarnation: u16, upto: u64) -> Result<()> {
        let before = self.now().0 - KEPT_DAYS * 86_400_000;
        self.write(Lasting::Refetchable, |db| {
            let sql =
                "update audit set is_sent = 1 where incarnation = ?1 and seq <= ?2 and is_sent = 0";
            db.prepare_cached(sql)?
                .execute(params![incarnation, upto.cast_signed()])?;
            let sql = "delete from audit where is_sent = 1 and at_ms < ?1";
            db.prepare_cached(sql)?.execute([before])?;
            Ok(())
        })?;
        self.0.mirror.forget_audit(incarnation, upto);
        Ok(())
    }
}
