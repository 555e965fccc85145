//! Whether everything is as it was written: this desk's own chain, and the log of the hub, which the hub looks at.

use crate::base::Replica;
use crate::cabinet::Cabinet;
use crate::error::{Error, Result};
use crate::meta;
use shared::access::{Actor, may_read_audit};
use shared::audit::chain::HubKey;
use shared::audit::entry::What;
use shared::audit::head::{HeadLine, SignedHead};
use shared::audit::look::{BadEntry, ChainLook, LookAsk, LookProgress};
use shared::ids::LookId;
use shared::problem::Problem;
use shared::sync::wire::unhex;

impl Replica {
    /// Looks at this desk's own chain, link by link. Looking is itself noted.
    pub fn audit_chain(&self, actor: &Actor) -> Result<ChainLook> {
        may_read_audit(&actor.roles).map_err(|problem| Error::Problems(vec![problem]))?;
        self.0.clerk.saw(self.entry(What::AuditRead, actor.staff));
        self.settle_audit();
        let (entries, unsent): (i64, i64) = self.read(|db| {
            let sql = "select count(*), count(*) filter (where is_sent = 0) from audit";
            Ok(db.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
        })?;
        let bad = self.first_bad_entry()?.map(|(place, flaw)| BadEntry {
            place: format!("{}.{}", place.incarnation, place.seq),
            why: flaw.code().into(),
        });
        Ok(ChainLook {
            entries: entries.cast_unsigned(),
            unsent: unsent.cast_unsigned(),
            bad,
        })
    }
}

impl Cabinet {
    /// Has the hub look at its whole log, for somebody who proves who they are. The hub alone can do this; what it says of
    /// a signed head is believed only if its key signed it.
    pub async fn audit_log(
        &self,
        actor: &Actor,
        username: &str,
        password: &str,
        run: Option<LookId>,
    ) -> Result<LookProgress> {
        may_read_audit(&actor.roles).map_err(|problem| Error::Problems(vec![problem]))?;
        let replica = self.replica()?;
        let ask = LookAsk {
            username: username.to_owned().into(),
            password: password.to_owned().into(),
            run,
        };
        let hub = replica.hub()?;
        let answer: LookProgress = hub
            .post_json("/sync/v1/audit/look", replica.now(), &ask)
            .await?;
        let head = answer.found.as_ref().and_then(|found| found.head.as_ref());
        let key = replica.read(|db| meta::AUDIT_HUB.get(db))?;
        if head.is_some_and(|head| !is_signed(head, key.as_ref())) {
            return Err(Error::Problems(vec![Problem::new("audit.head_forged", "")]));
        }
        Ok(answer)
    }
}

/// Says whether the hub that this desk knows signed a head.
fn is_signed(head: &HeadLine, hub: Option<&HubKey>) -> bool {
    let key = hub
        .and_then(|hub| unhex(&hub.sign)?.try_into().ok())
        .and_then(|bytes| ed25519_dalek::VerifyingKey::from_bytes(&bytes).ok());
    SignedHead::from_texts(head)
        .zip(key)
        .is_some_and(|(head, key)| head.is_signed_by(&key))
}
