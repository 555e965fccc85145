//! A real replica at a hub, as several tests need it.

use replica::{Options, Replica};
use serde_json::Value;
use shared::access::{Actor, Role};
use shared::desk::{Save, SaveAnswer};
use shared::ids::{DeviceId, RecordId, WardId};
use shared::problem::Problem;
use shared::record::Kind;
use std::path::Path;
use sync_server::testing::TestHub;
use tempfile::TempDir;

/// A replica that a hub has let in, and who works at it.
pub(crate) struct RealDesk {
    pub(crate) replica: Replica,
    pub(crate) actor: Actor,
    pub(crate) dir: TempDir,
}

/// Opens the replica in a directory.
pub(crate) fn open(dir: &Path, url: Option<&str>) -> Replica {
    let options = Options {
        dir: dir.to_owned(),
        key: [7; 32],
        hub: url.map(str::to_owned),
    };
    Replica::open(&options).expect("the replica opens")
}

impl RealDesk {
    /// A new desk of the hub's first ward, close to its hub.
    pub(crate) async fn beside(hub: &TestHub) -> Self {
        Self::new(hub, &hub.url(), hub.ward).await
    }

    /// A new desk of a ward that reaches its hub at an address; a doctor works at it.
    pub(crate) async fn new(hub: &TestHub, url: &str, ward: WardId) -> Self {
        let dir = TempDir::new().expect("a directory");
        let replica = open(dir.path(), Some(url));
        replica
            .enrol(&hub.url(), &hub.code(ward).await, "Desk")
            .await
            .expect("the code is right");
        hub.approve().await;
        let device = sqlx::query_scalar("select id from device order by number desc limit 1");
        let device = device.fetch_one(&hub.app.pool).await;
        let actor = Actor {
            staff: hub.doctor,
            roles: vec![Role::Doctor],
            ward,
            device: DeviceId(device.expect("it was enrolled just now")),
        };
        Self {
            replica,
            actor,
            dir,
        }
    }

    /// Saves a patient; what it is now, or why not.
    pub(crate) fn save(
        &self,
        id: RecordId,
        base: Option<String>,
        draft: Value,
    ) -> Result<String, Vec<Problem>> {
        save(&self.replica, &self.actor, id, base, draft)
    }
}

/// The same for whoever sits at a replica.
pub(crate) fn save(
    replica: &Replica,
    actor: &Actor,
    id: RecordId,
    base: Option<String>,
    draft: Value,
) -> Result<String, Vec<Problem>> {
    let ask = Save {
        kind: Kind::Patient,
        id,
        base,
        draft,
        held: None,
    };
    match replica.save(actor, &ask) {
        Ok(SaveAnswer::Saved { row }) => Ok(row.heads),
        Ok(SaveAnswer::Problems { problems }) => Err(problems),
        Err(error) => Err(error.problems()),
    }
}
