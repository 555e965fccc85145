//! Signing in: the hub decides when it answers; otherwise the password, the keychain and the hub's grant together do.

use crate::cabinet::Cabinet;
use crate::contact::{self, Moment};
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::identity::{self, ask_hub};
use crate::meta;
use crate::slots::{Slot, Slots};
use crate::summaries;
use crate::tried::Typed;
use crate::wrap::{self, Secret, Wrapped};
use serde::{Deserialize, Serialize};
use shared::desk::Session;
use shared::emergency::keys;
use shared::ids::StaffId;
use shared::orders::Order;
use shared::problem::Problem;
use shared::seal::public_key;
use shared::staff::Staff;
use shared::sync::wire::{SignInAsk, SignedIn, hex, unhex};
use shared::unlock::{self, Facts, GRANT, Here, OfflineGrant, Tries};
use zeroize::Zeroizing;

/// What the keychain keeps of one person. Without it their slot opens nothing, however often an old file is put back.
#[derive(Clone, Serialize, Deserialize)]
struct Person {
    pepper: [u8; 32],
    tries: Tries,
}

/// What the key of the emergency summaries is sealed for in a slot.
const EMERGENCY: &str = "wardbook emergency slot 1";
const EMERGENCY_OWN: &str = "wardbook emergency own 1";

/// What somebody proves who they are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    SignIn,
    /// At a desk that is open already: a clock that was set back does not stand in the way of an emergency.
    Emergency,
}

/// A password on its way through.
pub(crate) struct Attempt {
    /// Folded username.
    who: String,
    salt: [u8; 16],
    stretched: Secret,
}

impl Cabinet {
    /// Signs a person in, and opens the replica if it is not open: asked of the hub, or, when it does not answer, with
    /// what the hub granted before.
    pub async fn sign_in(&self, username: &str, password: &str) -> Result<Session> {
        self.sign_in_choosing(username, password, None).await
    }

    /// The same of somebody who chooses a password instead of the one they were given for once, which the hub has to hear.
    pub async fn sign_in_choosing(
        &self,
        username: &str,
        password: &str,
        chosen: Option<&str>,
    ) -> Result<Session> {
        // a tenth wrong password takes what tells whose it was
        let staff = self.owner_of_slot(&shared::search::fold(username.trim()));
        let typed = Typed {
            username,
            password,
            chosen,
        };
        let outcome = self.prove(typed, Why::SignIn).await;
        let outcome = outcome.map(|(session, _)| session);
        let (cabinet, username) = (self.clone(), username.to_owned());
        let noting = move || {
            let noted = cabinet.note_try(&username, staff, &outcome);
            (outcome, noted)
        };
        let (outcome, noted) = tokio::task::spawn_blocking(noting).await?;
        if let Err(error) = noted {
            tracing::error!(%error, "Could not write down that somebody tried to sign in");
        }
        outcome
    }

    /// The same, and keeps what the password was stretched to.
    pub(crate) async fn prove(&self, typed: Typed<'_>, why: Why) -> Result<(Session, Attempt)> {
        let ask = SignInAsk {
            username: typed.username.trim().to_owned().into(),
            password: typed.password.to_owned().into(),
            new_password: typed.chosen.map(str::to_owned).into(),
        };
        // what is chosen opens the slot from now on
        let (opens, is_chosen) = (
            typed.chosen.unwrap_or(typed.password),
            typed.chosen.is_some(),
        );
        let who = shared::search::fold(&ask.username);
        let (hub, salt) = self.before(&who)?;
        let (cost, secret) = (self.0.cost, Zeroizing::new(opens.to_owned()));
        // stretching takes as long as asking: both at once
        let stretching = tokio::task::spawn_blocking(move || wrap::stretch(&secret, &salt, cost));
        let (stretched, answer) = futures::join!(stretching, ask_hub(&hub, &ask, self.now()));
        let attempt = Attempt {
            who,
            salt,
            stretched: stretched??,
        };
        // an answer to another call, or of another hub, is none
        let answer = answer.and_then(|known| {
            let moment = hub.heard().ok_or(Error::Nonsense("contact"))?;
            Ok((known, moment))
        });
        let refused = answer.as_ref().err().and_then(identity::refusal);
        if answer.as_ref().is_err_and(contact::is_stopped)
            && let Err(error) = self.hear().await
        {
            tracing::debug!(%error, "Could not hear what the hub orders");
        }
        let cabinet = self.clone();
        tokio::task::spawn_blocking(move || {
            let session = match (answer, refused) {
                (Ok((known, moment)), _) => cabinet.welcome(&attempt, &known, moment),
                (Err(_), Some(problems)) => {
                    cabinet.turned_away(&attempt, &problems)?;
                    Err(Error::Problems(problems))
                }
                (Err(_), None) if is_chosen => Err(problem("sign_in.choose_online", "newPassword")),
                (Err(_), None) => cabinet.recall(&attempt, why),
            };
            Ok((session?, attempt))
        })
        .await?
    }

    fn before(&self, who: &str) -> Result<(Hub, [u8; 16])> {
        let state = self.state();
        let slots = state.slots.as_ref().ok_or(Error::NotEnrolled)?;
        let salt = slots.people.get(who).map(|slot| slot.salt);
        Ok((self.hub(slots)?, salt.unwrap_or_else(wrap::chance)))
    }

    /// Prepares calls to the hub that do not need the replica.
    pub(crate) fn hub(&self, slots: &Slots) -> Result<Hub> {
        let mut device = slots.device.clone();
        device.secret = self.signing()?.map(|signing| *signing);
        Hub::new(device, self.0.places.hub.as_deref(), Default::default())
    }

    /// Lets somebody in whom the hub knows, and makes or renews their slot.
    fn welcome(&self, attempt: &Attempt, known: &SignedIn, moment: Moment) -> Result<Session> {
        let slots = self.slots()?;
        let grant = self
            .grant(&slots, &known.grant)
            .ok_or(Error::Nonsense("grant"))?;
        let (old, person) = (slots.people.get(&attempt.who), self.person(&attempt.who)?);
        let opened = old
            .zip(person.as_ref())
            .and_then(|(slot, person)| self.try_slot(attempt, slot, person).transpose())
            .transpose()?;
        let key = match self.key_of_open().or(opened.clone()) {
            Some(key) => key,
            None => self.key_of_hub(&slots, known)?,
        };
        // a slot that this password does not open is an older password's: its part in the keychain goes with it
        let person = match person.filter(|_| opened.is_some()) {
            Some(person) => Person {
                tries: Tries::default(),
                ..person
            },
            None => Person {
                pepper: wrap::chance(),
                tries: Tries::default(),
            },
        };
        self.keep_person(&attempt.who, &person)?;
        let slot = Slot {
            salt: attempt.salt,
            key: wrap::wrap(
                &self.key_for(attempt, &person)?,
                key.as_ref(),
                &about(&grant),
            ),
            emergency: self.seal_emergency(
                attempt,
                &person,
                &known.emergency,
                EMERGENCY,
                &grant,
            )?,
            emergency_own: self.seal_emergency(
                attempt,
                &person,
                &known.emergency_own,
                EMERGENCY_OWN,
                &grant,
            )?,
            grant: known.grant.clone(),
            tries: Tries::default(),
        };
        let hub_half = self.seal_for_hub(&known.share, &slots.device, &key)?;
        self.change(|slots| {
            slots.people.insert(attempt.who.clone(), slot);
            slots.hub = Some(hub_half);
            slots.heard(moment);
        })?;
        self.open(&key, &[])?;
        Ok(slots
            .device
            .session(known.staff.clone(), grant.idle_minutes))
    }

    /// Lets somebody in whom the hub granted it before, if this password opens their slot.
    fn recall(&self, attempt: &Attempt, why: Why) -> Result<Session> {
        let slots = self.slots()?;
        let slot = slots.people.get(&attempt.who);
        let person = self.person(&attempt.who)?;
        let tries = self.tries(slot, person.as_ref());
        let now = self.now().0;
        let facts = Facts {
            order: slots.order,
            latest_ms: match why {
                Why::SignIn => slots.latest_ms,
                Why::Emergency => now,
            },
            contact_ms: slots.contact_ms,
            tries,
        };
        self.allowed(&facts, now)?;
        let (Some(slot), Some(person)) = (slot, person) else {
            return Err(problem("sign_in.offline_unknown", "username"));
        };
        let Some(key) = self.try_slot(attempt, slot, &person)? else {
            self.failed(&attempt.who, &person, tries.failed(now))?;
            return Err(problem("sign_in.wrong", "password"));
        };
        let grant = self
            .grant(&slots, &slot.grant)
            .ok_or_else(|| problem("sign_in.grant_invalid", ""))?;
        let here = Here {
            device: slots.device.id,
            ward: slots.device.ward,
            policy_version: slots.policy_version,
        };
        self.granted(&grant, &here, now - slots.ahead_ms)?;
        let tries = Tries::default();
        self.keep_person(&attempt.who, &Person { tries, ..person })?;
        self.change(|slots| {
            slots.latest_ms = slots.latest_ms.max(now);
            if let Some(slot) = slots.people.get_mut(&attempt.who) {
                slot.tries = tries;
            }
        })?;
        self.open(&key, &[])?;
        if slots.order != Order::Active {
            // its work is sent now, and then it is emptied
            return Err(problem("device.emptying", ""));
        }
        let idle = grant.idle_minutes;
        let staff = self.as_known_now(grant.staff)?;
        Ok(slots.device.session(staff, idle))
    }

    /// Counts what the hub refused, and takes a slot away that opens with a password the hub does not know any more.
    fn turned_away(&self, attempt: &Attempt, problems: &[Problem]) -> Result<()> {
        if !problems
            .iter()
            .any(|problem| problem.code == "sign_in.wrong")
        {
            return Ok(());
        }
        let slots = self.slots()?;
        let (Some(slot), Some(person)) =
            (slots.people.get(&attempt.who), self.person(&attempt.who)?)
        else {
            return Ok(());
        };
        match self.try_slot(attempt, slot, &person)? {
            Some(_) => self.take_slot(&attempt.who),
            None => {
                let tries = self.tries(Some(slot), Some(&person));
                self.failed(&attempt.who, &person, tries.failed(self.now().0))
            }
        }
    }

    /// The higher count of the two places counts.
    fn tries(&self, slot: Option<&Slot>, person: Option<&Person>) -> Tries {
        let (here, there) = (slot.map(|slot| slot.tries), person.map(|one| one.tries));
        if self.is_planted("trust the file") {
            return here.unwrap_or_default();
        }
        here.max(there).unwrap_or_default()
    }

    /// Counts a wrong password in both places; after the last one the slot goes.
    fn failed(&self, who: &str, person: &Person, tries: Tries) -> Result<()> {
        if tries.are_spent() && !self.is_planted("keep the slot") {
            tracing::warn!("Too many wrong passwords: a slot was removed");
            return self.take_slot(who);
        }
        let person = Person {
            tries,
            ..person.clone()
        };
        self.keep_person(who, &person)?;
        self.change(|slots| {
            if let Some(slot) = slots.people.get_mut(who) {
                slot.tries = tries;
            }
        })
    }

    /// Takes away what a person opens the replica with: first the part without which an old file opens nothing.
    pub(crate) fn take_slot(&self, who: &str) -> Result<()> {
        if !self.is_planted("keep the pepper") {
            self.0.keychain.remove(&self.name_of(who)?)?;
        }
        self.change(|slots| {
            slots.people.remove(who);
        })
    }

    /// What the hub has told since counts more than what it granted: roles can be fewer, and who left stays out.
    fn as_known_now(&self, mut staff: Staff) -> Result<Staff> {
        let replica = self.replica()?;
        let reference = replica.read(|db| meta::REFERENCE.get(db))?;
        let newer = reference
            .and_then(|reference| reference.staff.into_iter().find(|one| one.id == staff.id));
        if let Some(newer) = newer {
            if !newer.is_active {
                self.take_slots_of(|one| one.id == staff.id)?;
                return Err(problem("sign_in.wrong", "username"));
            }
            staff.roles.retain(|role| newer.roles.contains(role));
        }
        Ok(staff)
    }

    fn allowed(&self, facts: &Facts, now_ms: i64) -> Result<()> {
        let mut facts = *facts;
        if self.is_planted("no delay") {
            facts.tries.last_ms = i64::MIN / 2;
        }
        if self.is_planted("believe the clock") {
            facts.latest_ms = i64::MIN / 2;
        }
        unlock::may_try(&facts, now_ms).map_err(one)
    }

    fn granted(&self, grant: &OfflineGrant, here: &Here, hub_now_ms: i64) -> Result<()> {
        if self.is_planted("grants last for ever") {
            return Ok(());
        }
        grant.check(here, hub_now_ms).map_err(one)
    }

    /// Returns a grant if this desk's hub signed it.
    fn grant(&self, slots: &Slots, grant: &shared::seal::Sealed) -> Option<OfflineGrant> {
        if self.is_planted("believe any grant") {
            return serde_json::from_str(&grant.text).ok();
        }
        grant.open(&public_key(slots.device.hub_key.as_deref()?)?, GRANT)
    }

    pub(crate) fn slots(&self) -> Result<Slots> {
        self.state().slots.clone().ok_or(Error::NotEnrolled)
    }

    fn key_of_open(&self) -> Option<Secret> {
        self.state().open.as_ref().map(|open| open.key.clone())
    }

    fn key_of_hub(&self, slots: &Slots, known: &SignedIn) -> Result<Secret> {
        let wrapped = slots.hub.as_ref();
        let half = self.hub_half(&known.share)?;
        wrapped
            .and_then(|wrapped| wrap::unwrap_key(&half, wrapped, &slots.device.id.to_string()))
            .ok_or_else(|| problem("sign_in.needs_colleague", ""))
    }

    /// Tries a password on a slot: the replica's key, or nothing.
    fn try_slot(&self, attempt: &Attempt, slot: &Slot, person: &Person) -> Result<Option<Secret>> {
        let Ok(grant) = serde_json::from_str::<OfflineGrant>(&slot.grant.text) else {
            return Ok(None);
        };
        let key = self.key_for(attempt, person)?;
        Ok(wrap::unwrap_key(&key, &slot.key, &about(&grant)))
    }

    /// The key a slot is sealed under: the password, the desk's keychain, and the person's part of the keychain.
    fn key_for(&self, attempt: &Attempt, person: &Person) -> Result<Secret> {
        self.key_to(attempt, person, "wardbook slot 1")
    }

    fn key_to(&self, attempt: &Attempt, person: &Person, purpose: &str) -> Result<Secret> {
        let secret = self
            .device_secret()?
            .ok_or(Error::Keychain("nothing in it for this desk"))?;
        let parts: [&[u8]; 3] = [attempt.stretched.as_ref(), secret.as_ref(), &person.pepper];
        Ok(wrap::derive(&parts, purpose))
    }

    /// Seals a key to the emergency summaries for somebody who may open them, apart from the replica's.
    fn seal_emergency(
        &self,
        attempt: &Attempt,
        person: &Person,
        key: &Option<String>,
        purpose: &str,
        grant: &OfflineGrant,
    ) -> Result<Option<Wrapped>> {
        let key = key.as_deref().and_then(unhex);
        let Some(key) = key.map(Zeroizing::new) else {
            return Ok(None);
        };
        let under = self.key_to(attempt, person, purpose)?;
        Ok(Some(wrap::wrap(&under, &key, &about(grant))))
    }

    /// Returns the keys of the emergency summaries that this password opens, the newest first: what they were changed to, and
    /// what came with the last sign-in. While they are changed, some summaries lie under either.
    pub(crate) fn emergency_keys(&self, attempt: &Attempt, staff: StaffId) -> Result<Vec<Secret>> {
        let slots = self.slots()?;
        let (slot, person) = (slots.people.get(&attempt.who), self.person(&attempt.who)?);
        let Some((slot, person)) = slot.zip(person) else {
            return Ok(Vec::new());
        };
        let Ok(grant) = serde_json::from_str::<OfflineGrant>(&slot.grant.text) else {
            return Ok(Vec::new());
        };
        let open = |wrapped: &Option<Wrapped>, purpose| -> Result<Option<Secret>> {
            let under = self.key_to(attempt, &person, purpose)?;
            let wrapped = wrapped.as_ref();
            Ok(wrapped.and_then(|wrapped| wrap::unwrap_key(&under, wrapped, &about(&grant))))
        };
        let kept = self.replica()?.read(|db| summaries::key_of(db, staff))?;
        let newest = match (open(&slot.emergency_own, EMERGENCY_OWN)?, kept) {
            (Some(own), Some(kept)) => keys::unseal(&own, slots.device.id, &kept),
            (_, _) => None,
        };
        let newest = newest.map(Zeroizing::new);
        Ok(newest
            .into_iter()
            .chain(open(&slot.emergency, EMERGENCY)?)
            .collect())
    }

    /// The name of a person's part of the keychain: says nothing without the desk's own.
    pub(crate) fn name_of(&self, who: &str) -> Result<String> {
        let secret = self
            .device_secret()?
            .ok_or(Error::Keychain("nothing in it for this desk"))?;
        let name = wrap::derive(&[secret.as_ref(), who.as_bytes()], "wardbook person 1");
        Ok(format!("person.{}", hex(&name[..8])))
    }

    fn person(&self, who: &str) -> Result<Option<Person>> {
        let kept = self.0.keychain.get(&self.name_of(who)?)?;
        Ok(kept.and_then(|kept| serde_json::from_slice(&kept).ok()))
    }

    fn keep_person(&self, who: &str, person: &Person) -> Result<()> {
        let text = Zeroizing::new(serde_json::to_vec(person).expect("bytes and numbers"));
        self.0.keychain.set(&self.name_of(who)?, &text)
    }

    /// Says whether a test takes this control away, to see that something notices.
    #[cfg(test)]
    pub(crate) fn is_planted(&self, fault: &str) -> bool {
        self.0.planted.has(fault)
    }

    #[cfg(not(test))]
    pub(crate) fn is_planted(&self, _fault: &str) -> bool {
        false
    }
}

/// What a slot is sealed with beside its key: whose it is, where, and under which rules.
fn about(grant: &OfflineGrant) -> String {
    let OfflineGrant {
        staff,
        device,
        policy_version,
        ..
    } = grant;
    format!("{} {device} {policy_version}", staff.id)
}

fn one(problem: Problem) -> Error {
    Error::Problems(vec![problem])
}

fn problem(code: &str, field: &str) -> Error {
    one(Problem::new(code, field))
}
