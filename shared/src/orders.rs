//! What the hub says of a desk at every contact, before anything else: go on, stop, or be emptied.

use crate::ids::{DeviceId, StaffId};
use crate::planted::{self, Fault};
use crate::problem::Problem;
use crate::sync::wire::{hex, unhex};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a desk has to do. A stricter order comes later in this list.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS,
)]
#[serde(rename_all = "snake_case")]
#[ts(export_to = "types.gen.ts")]
pub enum Order {
    /// Go on.
    #[default]
    Active,
    /// Lock, and stay locked until told otherwise.
    Suspend,
    /// Send what is unsent, then empty the desk.
    WipeAfterUpload,
    /// Empty the desk now.
    WipeNow,
}

impl Order {
    /// Every order, mildest first.
    pub const ALL: [Order; 4] = [
        Order::Active,
        Order::Suspend,
        Order::WipeAfterUpload,
        Order::WipeNow,
    ];

    /// Returns the word it is kept as.
    pub fn word(self) -> &'static str {
        match self {
            Order::Active => "active",
            Order::Suspend => "suspend",
            Order::WipeAfterUpload => "wipe_after_upload",
            Order::WipeNow => "wipe_now",
        }
    }

    /// Reads a word; one that nobody knows stops the desk, as whatever is newer is not milder.
    pub fn of_word(word: &str) -> Order {
        let found = Order::ALL.into_iter().find(|order| order.word() == word);
        found.unwrap_or(Order::Suspend)
    }

    /// Says what a desk under this order may still do at the hub, beside asking for its orders.
    pub fn leaves(self) -> Allowed {
        match self {
            Order::Active => Allowed::Everything,
            Order::WipeAfterUpload => Allowed::Sending,
            Order::Suspend | Order::WipeNow => Allowed::Nothing,
        }
    }

    /// Says whether this may be ordered of a desk by somebody who typed its name: what cannot be taken back is for nobody
    /// who has the wrong line before them.
    ///
    /// # Errors
    /// `device.name_differs`.
    pub fn may_be_given(self, name: &str, typed: &str) -> Result<(), Problem> {
        let is_right = match self {
            Order::Active | Order::Suspend => true,
            Order::WipeAfterUpload | Order::WipeNow => name.trim() == typed.trim(),
        };
        if is_right || planted::is_on(Fault::AnyNameWipes) {
            return Ok(());
        }
        Err(Problem::new("device.name_differs", "name").with("name", name))
    }
}

/// What a desk may do at the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    Everything,
    /// Send work that was made before, and get nothing.
    Sending,
    Nothing,
}

/// What the signature of a status is for.
pub const STATUS: &str = "status";
/// Members of staff a desk may ask about at once.
pub const STAFF_AT_MOST: usize = 500;

/// A desk's first question at every contact, `POST /identity/v1/status` (JSON, signed by the device).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusAsk {
    /// Made by chance for this question, so that an old answer cannot be given again.
    pub nonce: String,
    /// Who can unlock this desk.
    pub staff: Vec<StaffId>,
}

/// The hub's answer, signed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    pub device: DeviceId,
    pub nonce: String,
    pub order: Order,
    /// Those of the staff asked about who have to sign in at the hub again before they unlock this desk: they work here no
    /// more, or got another password.
    pub left: Vec<StaffId>,
    pub policy_version: u32,
    /// The hub's clock, milliseconds since 1970.
    pub now_ms: i64,
}

impl Status {
    /// Says whether this answers the question of a device.
    pub fn answers(&self, device: DeviceId, ask: &StatusAsk) -> bool {
        self.device == device && self.nonce == ask.nonce
    }
}

/// Header of every answer to a desk that may go on: the hub's word that it heard just this call.
pub const CONTACT_HEADER: &str = "wardbook-contact";

/// When the hub heard a desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The hub's clock, milliseconds since 1970.
    pub now_ms: i64,
    pub policy_version: u32,
}

impl Contact {
    /// Returns the value of [`CONTACT_HEADER`] for the call that had this signature header.
    pub fn sign(self, key: &SigningKey, authorization: &str) -> String {
        let signature = key.sign(&self.signed_text(authorization));
        let (now, version) = (self.now_ms, self.policy_version);
        format!("{now}.{version}.{}", hex(&signature.to_bytes()))
    }

    /// Reads the header of an answer to a call; nothing when the owner of the key did not make it for just this call.
    pub fn read(header: &str, key: &VerifyingKey, authorization: &str) -> Option<Self> {
        let mut parts = header.split('.');
        let contact = Self {
            now_ms: parts.next()?.parse().ok()?,
            policy_version: parts.next()?.parse().ok()?,
        };
        let signature = Signature::from_slice(&unhex(parts.next()?)?).ok()?;
        let text = contact.signed_text(authorization);
        key.verify_strict(&text, &signature).ok()?;
        Some(contact)
    }

    fn signed_text(self, authorization: &str) -> Vec<u8> {
        let (now, version) = (self.now_ms, self.policy_version);
        format!("wardbook hub 1\ncontact\n{authorization}\n{now}\n{version}").into_bytes()
    }
}

/// What a desk says when it has emptied itself, `POST /identity/v1/wiped` (JSON, signed by the device).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wiped {
    /// When, by the desk's clock, milliseconds since 1970.
    pub at_ms: i64,
    /// How long it took.
    pub took_ms: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn orders_are_kept_as_words_and_an_unknown_one_stops_the_desk() {
        for order in Order::ALL {
            assert_eq!(Order::of_word(order.word()), order);
            let json = serde_json::to_string(&order).unwrap();
            assert_eq!(json, format!("\"{}\"", order.word()));
        }
        assert_eq!(Order::of_word("explode"), Order::Suspend);
        assert!(Order::ALL.is_sorted());
    }

    #[test]
    fn a_stopped_desk_gets_nothing_and_one_that_is_emptied_may_still_send() {
        let leaves = Order::ALL.map(Order::leaves);
        let expect = [
            Allowed::Everything,
            Allowed::Nothing,
            Allowed::Sending,
            Allowed::Nothing,
        ];
        assert_eq!(leaves, expect);
    }

    #[test]
    fn the_word_that_a_call_was_heard_is_for_that_call_alone() {
        let key = SigningKey::from_bytes(&[1; 32]);
        let contact = Contact {
            now_ms: -5,
            policy_version: 2,
        };
        let header = contact.sign(&key, "Device a.1.b");
        let read = |header: &str, call: &str| Contact::read(header, &key.verifying_key(), call);
        assert_eq!(read(&header, "Device a.1.b"), Some(contact));
        assert_eq!(read(&header, "Device a.2.b"), None);
        assert_eq!(read(&header.replacen("-5", "-6", 1), "Device a.1.b"), None);
        assert_eq!(read("", "Device a.1.b"), None);
    }

    #[test]
    fn an_answer_belongs_to_one_question_of_one_device() {
        let (one, other) = (DeviceId(Uuid::from_u128(1)), DeviceId(Uuid::from_u128(2)));
        let ask = |nonce: &str| StatusAsk {
            nonce: nonce.into(),
            staff: vec![],
        };
        let status = Status {
            device: one,
            nonce: "a".into(),
            order: Order::Active,
            left: vec![],
            policy_version: 1,
            now_ms: 0,
        };
        assert!(status.answers(one, &ask("a")));
        assert!(!status.answers(other, &ask("a")));
        assert!(!status.answers(one, &ask("b")));
    }
}
