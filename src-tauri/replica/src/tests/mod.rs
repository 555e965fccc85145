//! What a replica promises, on real encrypted files.

mod auditing;
mod booking;
mod chances;
mod comparing;
mod corruption;
mod damage;
mod disk;
mod emergency;
mod emptying;
mod exchange;
mod hospital;
mod leaving;
mod likely;
mod looking;
mod payments;
mod permissions;
pub(crate) mod planted;
mod reading;
mod receiving;
mod saving;
mod sheets;
mod signing_in;
mod stand_in;
mod stolen;
mod tried;
mod unresolved;

use crate::base::{Options, Replica};
use crate::meta::{self, Device};
use crate::store::Lasting;
use serde_json::{Value, json};
use shared::access::{Actor, Role};
use shared::clock::Now;
use shared::desk::{Row, Save, SaveAnswer};
use shared::ids::{DeviceId, RecordId, StaffId, WardId};
use shared::problem::Problem;
use shared::record::Kind;
use shared::sync::wire::NumberBlock;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use uuid::Uuid;

/// 2027-03-01T09:00:00Z.
pub(super) const NOON_MS: i64 = 1_803_891_600_000;

/// A desk with its directory.
pub(super) struct Desk {
    pub(super) replica: Replica,
    pub(super) dir: TempDir,
    pub(super) actor: Actor,
}

pub(super) fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number)
}

pub(super) fn record(number: u128) -> RecordId {
    RecordId(id(number))
}

pub(super) fn ward() -> WardId {
    WardId(id(1))
}

pub(crate) fn device(number: u32) -> Device {
    let (id, name) = (
        DeviceId(id(100 + u128::from(number))),
        format!("desk {number}"),
    );
    Device {
        id,
        number,
        ward: ward(),
        name,
        hub: "http://127.0.0.1:1".into(),
        secret: Some([number as u8; 32]),
        papers: None,
        hub_key: None,
    }
}

pub(super) fn open(dir: &Path) -> Replica {
    open_with(dir, [7; 32], None).expect("the replica opens")
}

pub(super) fn open_with(dir: &Path, key: [u8; 32], hub: Option<String>) -> crate::Result<Replica> {
    Replica::open_at(
        &Options {
            dir: dir.to_owned(),
            key,
            hub,
        },
        Arc::new(|| Now(NOON_MS)),
    )
}

impl Desk {
    /// An enrolled desk that has loaded an empty ward.
    pub(super) fn new(number: u32) -> Self {
        let dir = TempDir::new().expect("a directory");
        let replica = open(dir.path());
        replica
            .write(Lasting::Yes, |db| {
                meta::DEVICE.set(db, &device(number))?;
                meta::LOADED.set(db, &true)?;
                meta::NUMBERS.set(
                    db,
                    &vec![NumberBlock {
                        from: number * 1_000,
                        until: number * 1_000 + 500,
                    }],
                )
            })
            .expect("the device is written down");
        let mirrored = replica.read(|db| {
            replica.0.mirror.copy(db);
            Ok(())
        });
        mirrored.expect("the mirror is written");
        let actor = actor(number, &[Role::Doctor], &device(number));
        Self {
            replica,
            dir,
            actor,
        }
    }

    pub(super) fn save(&self, ask: &Save) -> Result<Row, Vec<Problem>> {
        match self
            .replica
            .save(&self.actor, ask)
            .expect("the disk is fine")
        {
            SaveAnswer::Saved { row } => Ok(row),
            SaveAnswer::Problems { problems } => Err(problems),
        }
    }

    /// Registers a patient.
    pub(super) fn register(&self, number: u128, family: &str) -> Row {
        self.save(&new(Kind::Patient, number, person(family)))
            .expect("a sound patient is saved")
    }

    /// Changes a record from the version a row shows.
    pub(super) fn edit(&self, row: &Row, draft: Value) -> Row {
        self.save(&Save {
            kind: row.kind,
            id: row.id,
            base: Some(row.heads.clone()),
            draft,
            held: None,
        })
        .expect("saved")
    }

    pub(super) fn row(&self, number: u128) -> Option<Row> {
        self.replica
            .row(Kind::Patient, record(number))
            .expect("readable")
    }

    pub(super) fn unsent(&self) -> Vec<crate::outbox::Item> {
        self.replica.read(crate::outbox::all).expect("readable")
    }

    /// Closes the replica and opens it again.
    pub(super) fn reopened(self) -> Self {
        let Desk {
            replica,
            dir,
            actor,
        } = self;
        drop(replica);
        Self {
            replica: open(dir.path()),
            dir,
            actor,
        }
    }
}

pub(super) fn actor(number: u32, roles: &[Role], device: &Device) -> Actor {
    Actor {
        staff: StaffId(id(200 + u128::from(number))),
        roles: roles.to_vec(),
        ward: device.ward,
        device: device.id,
    }
}

pub(super) fn person(family: &str) -> Value {
    json!({ "name": [{ "family": family, "given": "Ana María" }], "birthDate": "1984-03-05", "ward": ward(),
        "telecom": [{ "value": "+34 600 123 456" }], "gender": "female" })
}

pub(super) fn new(kind: Kind, number: u128, draft: Value) -> Save {
    Save {
        kind,
        id: record(number),
        base: None,
        draft,
        held: None,
    }
}

pub(super) fn codes(problems: &[Problem]) -> Vec<&str> {
    problems
        .iter()
        .map(|problem| problem.code.as_str())
        .collect()
}
