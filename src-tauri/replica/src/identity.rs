//! Who this device is, and who may sit at it: asked of the hub, and known without it for a while.

use crate::base::Replica;
use crate::error::{Error, Result};
use crate::hub::{self, Hub};
use crate::meta::{self, Device};
use crate::papers::{self, Request};
use crate::row;
use crate::store::Lasting;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use rusqlite::{OptionalExtension, params};
use shared::access::Actor;
use shared::desk::Session;
use shared::device::Invitation;
use shared::problem::Problem;
use shared::staff::Staff;
use shared::sync::wire::{EnrolAsk, Enrolled, SignInAsk, SignedIn, hex};
use std::time::Duration;

/// How long a person waits for the hub before this desk decides by itself.
const PATIENCE: Duration = Duration::from_secs(4);
/// Wrong passwords in a row before the desk makes people wait.
const WRONG_AT_MOST: u32 = 10;
/// First wait after too many wrong passwords, milliseconds; it doubles up to an hour.
const FIRST_WAIT_MS: i64 = 30_000;
const LONGEST_WAIT_MS: i64 = 3_600_000;

impl Replica {
    /// Makes this device known to a hub with a one-time code. Only a device that is not known yet can be enrolled.
    pub async fn enrol(&self, hub: &str, code: &str, name: &str) -> Result<()> {
        if self.read(|db| meta::DEVICE.get(db))?.is_some() {
            return Err(problem("enrol.already", ""));
        }
        let secret = random_bytes();
        let key = ed25519_dalek::SigningKey::from_bytes(&secret);
        let public_key = hex(key.verifying_key().as_bytes());
        let invitation = Invitation::read(hub, code).map_err(Error::Problems)?;
        let request = Request::new()?;
        let ask = EnrolAsk {
            code: invitation.code.clone(),
            name: name.trim().to_owned(),
            public_key,
            request: Some(request.text.clone()),
        };
        let (client, pinned) = papers::stranger(invitation.print.clone())?;
        let answer = hub::post_unsigned(&client, &invitation.hub, "/identity/v1/enrol", &ask);
        let known: Enrolled = answer
            .await
            .map_err(|error| pinned.trouble().unwrap_or(error))?;
        let given = known.admitted.as_ref();
        let papers = given.map(|admitted| request.granted(admitted, self.now()));
        if let Some(print) = &invitation.print
            && !papers.as_ref().is_some_and(|papers| papers.are_of(print))
        {
            return Err(problem("enrol.other_hub", "hub"));
        }
        let device = Device {
            id: known.device,
            number: known.number,
            ward: known.ward,
            name: ask.name,
            hub: invitation.hub,
            secret,
            papers,
        };
        self.write(Lasting::Yes, |db| {
            meta::DEVICE.set(db, &device)?;
            meta::NUMBERS.set(db, &vec![known.numbers])
        })?;
        self.copy_to_mirror()?;
        tracing::info!(device.id = %device.id, ward = %device.ward, "This device is enrolled");
        self.0.nudge.notify_one();
        self.tell_reloaded();
        Ok(())
    }

    /// Signs a person in: asked of the hub, or, when it does not answer, known from an earlier time here.
    pub async fn sign_in(&self, username: &str, password: &str) -> Result<Session> {
        let device = self
            .read(|db| meta::DEVICE.get(db))?
            .ok_or(Error::NotEnrolled)?;
        let hub = Hub::new(device.clone(), self.0.hub.as_deref())?;
        let ask = SignInAsk {
            username: username.trim().to_owned().into(),
            password: password.to_owned().into(),
        };
        let call = hub.post_json::<SignedIn>("/identity/v1/sign-in", self.now(), &ask);
        let staff = match tokio::time::timeout(PATIENCE, call).await {
            Ok(Ok(signed_in)) => {
                let (replica, known) = (self.clone(), signed_in.clone());
                tokio::task::spawn_blocking(move || replica.remember(&ask, &known)).await??;
                signed_in.staff
            }
            Ok(Err(Error::Refused {
                status: 401 | 403,
                problems,
            })) => {
                let wrong = vec![Problem::new("sign_in.wrong", "")];
                return Err(Error::Problems(if problems.is_empty() {
                    wrong
                } else {
                    problems
                }));
            }
            Ok(Err(Error::Unreachable(_) | Error::Nonsense(_) | Error::Refused { .. }))
            | Err(_) => {
                let replica = self.clone();
                tokio::task::spawn_blocking(move || replica.recall(&ask)).await??
            }
            Ok(Err(error)) => return Err(error),
        };
        Ok(Session {
            roles: staff.roles.clone(),
            staff,
            ward: device.ward,
            device: device.number,
        })
    }

    /// Returns who acts when a person who signed in here does something: the person, at this device.
    pub fn actor(&self, session: &Session) -> Result<Actor> {
        let device = self
            .read(|db| meta::DEVICE.get(db))?
            .ok_or(Error::NotEnrolled)?;
        let Session {
            staff, roles, ward, ..
        } = session;
        Ok(Actor {
            staff: staff.id,
            roles: roles.clone(),
            ward: *ward,
            device: device.id,
        })
    }

    /// Keeps what is needed to know a person without the hub: a hash of the password, never the password.
    pub(crate) fn remember(&self, ask: &SignInAsk, known: &SignedIn) -> Result<()> {
        let salt =
            SaltString::encode_b64(&random_bytes()[..16]).map_err(|_| Error::Nonsense("salt"))?;
        let hash = hasher()
            .hash_password(ask.password.as_bytes(), &salt)
            .map_err(|_| Error::Nonsense("hash"))?;
        let (hash, about) = (
            hash.to_string(),
            serde_json::to_string(&known.staff).map_err(|_| Error::Nonsense("json"))?,
        );
        self.write(Lasting::Yes, |db| {
            let sql = "insert or replace into pass (staff, username, hash, not_after_ms, about, wrong, wait_until_ms)
                values (?1, ?2, ?3, ?4, ?5, 0, 0)";
            let username = shared::search::fold(&ask.username);
            db.prepare_cached(sql)?.execute(params![known.staff.id.0.as_bytes(), username, hash, known.not_after_ms, about])?;
            Ok(())
        })
    }

    /// Knows a person without the hub.
    pub(crate) fn recall(&self, ask: &SignInAsk) -> Result<Staff> {
        let username = shared::search::fold(&ask.username);
        let sql = "select staff, hash, not_after_ms, about, wrong, wait_until_ms from pass where username = ?1";
        let (pass, ahead, reference) = self.read(|db| {
            let pass = db.prepare_cached(sql)?.query_row([&username], |row| {
                Ok(Pass {
                    staff: row.get(0)?,
                    hash: row.get(1)?,
                    not_after_ms: row.get(2)?,
                    about: row.get(3)?,
                    wrong: row.get(4)?,
                    wait_until_ms: row.get(5)?,
                })
            });
            Ok((
                pass.optional()?,
                meta::AHEAD.get(db)?.unwrap_or(0),
                meta::REFERENCE.get(db)?,
            ))
        })?;
        let pass = pass.ok_or_else(|| problem("sign_in.offline_unknown", "username"))?;
        let now = self.now().0;
        if now < pass.wait_until_ms {
            let seconds = (pass.wait_until_ms - now) / 1_000 + 1;
            return Err(Error::Problems(vec![
                Problem::new("sign_in.wait", "password").with("seconds", seconds),
            ]));
        }
        let is_right = PasswordHash::new(&pass.hash).is_ok_and(|hash| {
            hasher()
                .verify_password(ask.password.as_bytes(), &hash)
                .is_ok()
        });
        let wrong = if is_right { 0 } else { pass.wrong + 1 };
        if wrong != pass.wrong {
            let wait_until = if wrong >= WRONG_AT_MOST {
                now + wait_ms(wrong - WRONG_AT_MOST)
            } else {
                0
            };
            self.write(Lasting::Yes, |db| {
                let sql = "update pass set wrong = ?2, wait_until_ms = ?3 where staff = ?1";
                db.prepare_cached(sql)?
                    .execute(params![pass.staff, wrong, wait_until])?;
                Ok(())
            })?;
        }
        if !is_right {
            return Err(problem("sign_in.wrong", "password"));
        }
        // by the hub's clock: a desk's own is wrong by hours
        if now - ahead > pass.not_after_ms {
            return Err(problem("sign_in.expired", ""));
        }
        let about: Staff =
            serde_json::from_str(&pass.about).map_err(|_| Error::Nonsense("json"))?;
        let id = row::uuid(&pass.staff);
        // what the hub has told since counts more than what it told at sign-in
        let newer = reference
            .and_then(|reference| reference.staff.into_iter().find(|staff| staff.id.0 == id));
        let staff = newer.unwrap_or(about);
        if staff.is_active {
            Ok(staff)
        } else {
            Err(problem("sign_in.wrong", "username"))
        }
    }
}

struct Pass {
    staff: [u8; 16],
    hash: String,
    not_after_ms: i64,
    about: String,
    wrong: u32,
    wait_until_ms: i64,
}

fn wait_ms(over: u32) -> i64 {
    (FIRST_WAIT_MS << over.min(10)).min(LONGEST_WAIT_MS)
}

/// Argon2id as OWASP has it: 19 MiB, two passes, one lane.
fn hasher() -> Argon2<'static> {
    let params = Params::new(19_456, 2, 1, None).expect("these parameters are within bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a key and a salt have to be chance; nothing is decided by them"
)]
fn random_bytes() -> [u8; 32] {
    rand::random()
}

fn problem(code: &str, field: &str) -> Error {
    Error::Problems(vec![Problem::new(code, field)])
}
