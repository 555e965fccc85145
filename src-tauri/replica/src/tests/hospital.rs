//! The office of the hub that stands in: who works here, what it signs, what it orders. And a desk that belongs to it.

use super::planted::Planted;
use super::stand_in::{StandIn, start};
use super::*;
use crate::Cabinet;
use crate::cabinet::Places;
use crate::store::lock;
use crate::wrap::Cost;
use ed25519_dalek::SigningKey;
use shared::desk::Session;
use shared::emergency::keys::own;
use shared::orders::{Allowed, Contact, Order, STATUS, Status, StatusAsk};
use shared::seal::Sealed;
use shared::staff::Staff;
use shared::sync::wire::{Enrolled, SignInAsk, SignedIn, hex};
use shared::unlock::{GRANT, OfflineGrant};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};

pub(super) const HOUR: i64 = 3_600_000;
pub(super) const RIGHT: &str = "correct horse";

/// What the hub that stands in says.
pub(super) struct Office {
    pub(super) key: SigningKey,
    pub(super) order: Order,
    pub(super) left: Vec<StaffId>,
    pub(super) password: String,
    pub(super) grant_ms: i64,
    /// What those get who may open the emergency access.
    pub(super) emergency: Option<[u8; 32]>,
    pub(super) idle_minutes: u32,
    pub(super) clock: Arc<AtomicI64>,
    /// How long each desk took that said it was empty.
    pub(super) wiped: Vec<u64>,
}

impl Default for Office {
    fn default() -> Self {
        Self {
            key: SigningKey::from_bytes(&[5; 32]),
            order: Order::Active,
            left: Vec::new(),
            password: RIGHT.into(),
            grant_ms: 72 * HOUR,
            emergency: Some([9; 32]),
            idle_minutes: shared::unlock::IDLE_MINUTES,
            clock: Arc::new(AtomicI64::new(NOON_MS)),
            wiped: Vec::new(),
        }
    }
}

pub(super) fn member(username: &str) -> Staff {
    let number = 201 + u128::from(username.as_bytes()[0]);
    Staff {
        id: StaffId(id(number)),
        username: username.into(),
        name: format!("Zz{username}zz"),
        roles: vec![Role::Doctor, Role::Nurse],
        departments: vec![],
        is_active: true,
    }
}

fn problems(status: u16, code: &str) -> (u16, Vec<u8>) {
    let body = json!({ "problems": [Problem::new(code, "")] });
    (status, body.to_string().into_bytes())
}

fn said(message: &impl serde::Serialize) -> (u16, Vec<u8>) {
    (200, serde_json::to_vec(message).expect("JSON"))
}

impl Office {
    fn now(&self) -> i64 {
        self.clock.load(Ordering::SeqCst)
    }

    /// The header of an answer to a desk that was not stopped.
    pub(super) fn word(&self, authorization: &str) -> String {
        if authorization.is_empty() || self.order.leaves() != Allowed::Everything {
            return String::new();
        }
        let contact = Contact {
            now_ms: self.now(),
            policy_version: 1,
        };
        let word = contact.sign(&self.key, authorization);
        format!("{}: {word}\r\n", shared::orders::CONTACT_HEADER)
    }

    /// What a desk gets that was stopped.
    pub(super) fn refusal(&self, path: &str) -> Option<(u16, Vec<u8>)> {
        let is_office = ["/identity/v1/status", "/identity/v1/wiped"].contains(&path);
        match self.order.leaves() {
            Allowed::Everything => None,
            Allowed::Sending
                if [
                    "/sync/v1/push",
                    "/sync/v1/emergency/openings",
                    "/sync/v1/receipts",
                ]
                .contains(&path)
                    || path.starts_with("/sync/v1/audit") =>
            {
                None
            }
            Allowed::Sending | Allowed::Nothing if is_office => None,
            Allowed::Sending => Some(problems(403, "device.wiped")),
            Allowed::Nothing => Some(problems(403, "device.suspended")),
        }
    }

    pub(super) fn grant(&self, username: &str) -> Sealed {
        let grant = OfflineGrant {
            staff: member(username),
            device: device(1).id,
            wards: vec![ward()],
            not_after_ms: self.now() + self.grant_ms,
            policy_version: 1,
            idle_minutes: self.idle_minutes,
        };
        Sealed::new(&self.key, GRANT, &grant)
    }

    /// Answers what has to do with desks and staff.
    pub(super) fn respond(&mut self, path: &str, body: &[u8]) -> Option<(u16, Vec<u8>)> {
        let share = hex(&[3; 32]);
        Some(match path {
            "/identity/v1/enrol" => said(&Enrolled {
                admitted: None,
                device: device(1).id,
                number: 1,
                ward: ward(),
                numbers: NumberBlock {
                    from: 1_000,
                    until: 1_500,
                },
                hub_key: hex(self.key.verifying_key().as_bytes()),
                share,
            }),
            "/identity/v1/sign-in" => {
                let ask: SignInAsk = serde_json::from_slice(body).ok()?;
                if *ask.password != self.password {
                    return Some(problems(401, "sign_in.wrong"));
                }
                said(&SignedIn {
                    staff: member(&ask.username),
                    grant: self.grant(&ask.username),
                    share,
                    emergency: self.emergency.map(|key| hex(&key)),
                    emergency_own: self.emergency.map(|_| hex(&own_key(&ask.username))),
                })
            }
            "/identity/v1/status" => {
                let ask: StatusAsk = serde_json::from_slice(body).ok()?;
                let status = Status {
                    device: device(1).id,
                    nonce: ask.nonce,
                    order: self.order,
                    left: self.left.clone(),
                    policy_version: 1,
                    now_ms: self.now(),
                };
                said(&Sealed::new(&self.key, STATUS, &status))
            }
            "/identity/v1/wiped" => {
                let wiped: shared::orders::Wiped = serde_json::from_slice(body).ok()?;
                self.wiped.push(wiped.took_ms);
                said(&())
            }
            _ => return None,
        })
    }
}

/// A desk of the hospital, with its keychain in a folder of its own.
pub(super) struct Locker {
    pub(super) hub: Arc<StandIn>,
    pub(super) address: String,
    pub(super) clock: Arc<AtomicI64>,
    pub(super) cabinet: Option<Cabinet>,
    pub(super) root: TempDir,
    faults: Vec<String>,
}

impl Locker {
    /// A new desk, enrolled and open, with nobody signed in.
    pub(super) async fn new() -> Self {
        Self::with(&[]).await
    }

    pub(super) async fn with(faults: &[&str]) -> Self {
        let (hub, address) = start();
        let clock = lock(&hub.office).clock.clone();
        let mut locker = Self {
            hub,
            address,
            clock,
            cabinet: None,
            root: TempDir::new().expect("a directory"),
            faults: faults.iter().map(|fault| (*fault).to_owned()).collect(),
        };
        locker.find();
        let cabinet = locker.cabinet();
        cabinet
            .enrol(&locker.address, "CODE", "Zzdeskzz")
            .await
            .expect("enrolled");
        locker
    }

    pub(super) fn dir(&self) -> PathBuf {
        self.root.path().join("desk")
    }

    pub(super) fn keychain(&self) -> PathBuf {
        self.root.path().join("keychain")
    }

    pub(super) fn places(&self) -> Places {
        Places {
            dir: self.dir(),
            keychain: Some(self.keychain()),
            hub: None,
        }
    }

    fn find(&mut self) {
        let clock = self.clock.clone();
        let now: crate::Clock = Arc::new(move || Now(clock.load(Ordering::SeqCst)));
        // what ran before lets go of the desk a moment after it was told to end
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(5);
        let cabinet = loop {
            match Cabinet::find_at(&self.places(), now.clone(), Cost::SMALL) {
                Err(crate::Error::Busy) if std::time::Instant::now() < deadline => {
                    std::thread::sleep(std::time::Duration::from_millis(2));
                }
                found => break found.expect("found"),
            }
        };
        let planted: &Planted = &cabinet.0.planted;
        self.faults.iter().for_each(|fault| planted.plant(fault));
        self.cabinet = Some(cabinet);
    }

    pub(super) fn cabinet(&self) -> Cabinet {
        self.cabinet.clone().expect("the program runs")
    }

    /// Ends the program and starts it again.
    pub(super) fn restart(&mut self) {
        self.stop();
        self.find();
    }

    pub(super) fn stop(&mut self) {
        if let Some(cabinet) = self.cabinet.take() {
            cabinet.close().expect("closed");
        }
    }

    pub(super) fn wait(&self, ms: i64) {
        self.clock.fetch_add(ms, Ordering::SeqCst);
    }

    pub(super) fn go_offline(&self) {
        self.hub.is_down.store(true, Ordering::SeqCst);
    }

    pub(super) fn go_online(&self) {
        self.hub.is_down.store(false, Ordering::SeqCst);
    }

    pub(super) fn office(&self) -> std::sync::MutexGuard<'_, Office> {
        lock(&self.hub.office)
    }

    /// Signs somebody in; the code of the first problem when that fails.
    pub(super) async fn sign_in(&self, who: &str, password: &str) -> Result<Session, String> {
        let answer = self.cabinet().sign_in(who, password).await;
        answer.map_err(|error| error.problems().remove(0).code)
    }

    /// The code, or `yes`.
    pub(super) async fn answer(&self, who: &str, password: &str) -> String {
        match self.sign_in(who, password).await {
            Ok(_) => "yes".into(),
            Err(code) => code,
        }
    }

    /// Tries wrong passwords, each as soon as it may be tried.
    pub(super) async fn guess(&self, who: &str, times: u32) {
        for _ in 0..times {
            self.wait(301_000);
            assert_eq!(self.answer(who, "wrong").await, "sign_in.wrong");
        }
        self.wait(301_000);
    }

    /// Saves a patient at the open desk.
    pub(super) fn register(&self, number: u128, family: &str) -> SaveAnswer {
        let actor = actor(1, &[Role::Doctor], &device(1));
        let replica = self.cabinet().replica().expect("open");
        let ask = new(Kind::Patient, number, person(family));
        replica.save(&actor, &ask).expect("the disk is fine")
    }
}

impl Locker {
    /// The desk's own secret, as somebody with the keychain finds it.
    pub(super) fn secret(&self) -> crate::wrap::Secret {
        let file = self.keychain().join("desk.keychain");
        let kept = crate::keychain::Keychain::file(file).get("device");
        crate::wrap::secret(&kept.expect("readable").expect("there")).expect("32 bytes")
    }
}

/// Somebody's own key at the desk.
pub(super) fn own_key(username: &str) -> [u8; 32] {
    own(&[8; 32], member(username).id)
}
