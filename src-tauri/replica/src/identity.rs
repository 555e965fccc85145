//! Who this device is, and who may sit at it, as the hub says.

use crate::base::Replica;
use crate::error::{Error, Result};
use crate::hub::{self, Hub};
use crate::meta::{self, Device};
use crate::papers::{self, Papers, Request};
use crate::store::Lasting;
use crate::wrap;
use ed25519_dalek::SigningKey;
use shared::access::Actor;
use shared::clock::Now;
use shared::desk::Session;
use shared::device::Invitation;
use shared::ids::DeviceId;
use shared::problem::Problem;
use shared::staff::Staff;
use shared::sync::wire::{EnrolAsk, Enrolled, NumberBlock, SignInAsk, SignedIn, hex};
use shared::unlock::{IDLE_MINUTES, idle_minutes};
use std::time::Duration;

/// How long a person waits for the hub before their desk decides by itself.
pub(crate) const PATIENCE: Duration = Duration::from_secs(4);

/// What a device has when it has become known.
pub(crate) struct Known {
    pub(crate) device: Device,
    pub(crate) numbers: NumberBlock,
    /// The hub's half of a key to the replica, hex.
    pub(crate) share: String,
}

/// Makes a device known to a hub with a one-time code.
pub(crate) async fn enrol(
    hub: &str,
    code: &str,
    name: &str,
    signing: &wrap::Secret,
    at: Now,
) -> Result<Known> {
    let key = SigningKey::from_bytes(signing);
    let invitation = Invitation::read(hub, code).map_err(Error::Problems)?;
    let request = Request::new()?;
    let ask = EnrolAsk {
        code: invitation.code.clone(),
        name: name.trim().to_owned(),
        public_key: hex(key.verifying_key().as_bytes()),
        request: Some(request.text.clone()),
    };
    let (client, pinned) = papers::stranger(invitation.print.clone())?;
    let answer = hub::post_unsigned(&client, &invitation.hub, "/identity/v1/enrol", &ask);
    let known: Enrolled = answer
        .await
        .map_err(|error| pinned.trouble().unwrap_or(error))?;
    let given = known.admitted.as_ref();
    let papers = given.map(|admitted| request.granted(admitted, at));
    if let Some(print) = &invitation.print
        && !papers.as_ref().is_some_and(|papers| papers.are_of(print))
    {
        return Err(Error::Problems(vec![Problem::new(
            "enrol.other_hub",
            "hub",
        )]));
    }
    let device = Device {
        id: known.device,
        number: known.number,
        ward: known.ward,
        name: ask.name,
        hub: invitation.hub,
        secret: None,
        papers,
        hub_key: Some(known.hub_key),
    };
    tracing::info!(device.id = %device.id, ward = %device.ward, "This device is enrolled");
    Ok(Known {
        device,
        numbers: known.numbers,
        share: known.share,
    })
}

/// Asks the hub whether somebody's password is right.
pub(crate) async fn ask_hub(hub: &Hub, ask: &SignInAsk, at: Now) -> Result<SignedIn> {
    let call = hub.post_json::<SignedIn>("/identity/v1/sign-in", at, ask);
    match tokio::time::timeout(PATIENCE, call).await {
        Ok(answer) => answer,
        Err(_) => Err(Error::Unreachable("silence".into())),
    }
}

/// Returns what a person is told when the hub did not let them in; nothing when it did not say.
pub(crate) fn refusal(error: &Error) -> Option<Vec<Problem>> {
    match error {
        Error::Refused {
            status: 401 | 403 | 422 | 429,
            problems,
        } if problems.is_empty() => Some(vec![Problem::new("sign_in.wrong", "")]),
        Error::Refused {
            status: 401 | 403 | 422 | 429,
            problems,
        } => Some(problems.clone()),
        Error::Refused { .. }
        | Error::Problems(_)
        | Error::Sqlite(_)
        | Error::Column(_)
        | Error::Io(_)
        | Error::Document(_)
        | Error::Busy
        | Error::NotEnrolled
        | Error::Locked
        | Error::Keychain(_)
        | Error::Unreachable(_)
        | Error::Nonsense(_)
        | Error::Task(_) => None,
    }
}

impl Device {
    /// Returns the session of somebody at this device.
    pub(crate) fn session(&self, staff: Staff, idle: u32) -> Session {
        Session {
            roles: staff.roles.clone(),
            staff,
            ward: self.ward,
            device: self.number,
            idle_minutes: idle_minutes(idle),
        }
    }
}

/// Returns who acts when a person who signed in at a device does something.
pub(crate) fn actor(device: DeviceId, session: &Session) -> Actor {
    let Session {
        staff, roles, ward, ..
    } = session;
    Actor {
        staff: staff.id,
        roles: roles.clone(),
        ward: *ward,
        device,
    }
}

impl Replica {
    /// Makes this device known to a hub with a one-time code, for a replica without a cabinet: the signing key is kept in
    /// it. Only a device that is not known yet can be enrolled.
    pub async fn enrol(&self, hub: &str, code: &str, name: &str) -> Result<()> {
        if self.read(|db| meta::DEVICE.get(db))?.is_some() {
            return Err(Error::Problems(vec![Problem::new("enrol.already", "")]));
        }
        let secret = wrap::new_secret();
        let known = enrol(hub, code, name, &secret, self.now()).await?;
        let device = Device {
            secret: Some(*secret),
            ..known.device
        };
        self.settle(&device, &[known.numbers])
    }

    /// Writes down which device this is the replica of.
    pub(crate) fn settle(&self, device: &Device, numbers: &[NumberBlock]) -> Result<()> {
        let now = self.now().0;
        self.write(Lasting::Yes, |db| {
            meta::DEVICE.set(db, device)?;
            meta::CONTACT.set(db, &now)?;
            meta::NUMBERS.set(db, &numbers.to_vec())
        })?;
        self.copy_to_mirror()?;
        self.0.nudge.notify_one();
        self.tell_reloaded();
        Ok(())
    }

    /// Keeps the papers this device shows from now on.
    pub(crate) fn keep_papers(&self, papers: &Papers) -> Result<()> {
        self.write(Lasting::Yes, |db| {
            let device = meta::DEVICE.get(db)?.ok_or(Error::NotEnrolled)?;
            let papers = Some(papers.clone());
            meta::DEVICE.set(db, &Device { papers, ..device })
        })?;
        self.copy_to_mirror()
    }

    /// Signs a person in whom the hub knows; without the hub, a replica without a cabinet knows nobody.
    pub async fn sign_in(&self, username: &str, password: &str) -> Result<Session> {
        let ask = SignInAsk {
            username: username.trim().to_owned().into(),
            password: password.to_owned().into(),
            new_password: None.into(),
        };
        match ask_hub(&self.hub()?, &ask, self.now()).await {
            Ok(known) => Ok(self.device()?.session(known.staff, IDLE_MINUTES)),
            Err(error) => Err(match refusal(&error) {
                Some(problems) => Error::Problems(problems),
                None => Error::Problems(vec![Problem::new("sign_in.offline_unknown", "username")]),
            }),
        }
    }

    /// Returns who acts when a person who signed in here does something: the person, at this device.
    pub fn actor(&self, session: &Session) -> Result<Actor> {
        Ok(actor(self.device()?.id, session))
    }
}
