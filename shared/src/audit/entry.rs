//! One entry: ids, codes and times. It has no room for a name or for anything clinical.

use super::Hash;
use crate::ids::{DeviceId, RecordId, StaffId};
use crate::record::Kind;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

/// Letters of a reason, at most.
pub const REASON_CHARS: usize = 48;
/// Bytes of an entry, at most.
pub const ENTRY_BYTES: usize = 200;
const FORM: u8 = 1;

macro_rules! deeds {
    ($($(#[$doc:meta])* $name:ident = $number:literal $word:literal)+) => {
        /// What was done.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
        #[serde(rename_all = "camelCase")]
        #[ts(export_to = "types.gen.ts")]
        pub enum What {
            $($(#[$doc])* $name,)+
        }

        impl What {
            /// Every deed.
            pub const ALL: &[What] = &[$(What::$name),+];

            /// Returns its number in an entry. Numbers are never used again for something else.
            pub fn number(self) -> u16 {
                match self { $(What::$name => $number,)+ }
            }

            /// Returns its word in lists and logs.
            pub fn word(self) -> &'static str {
                match self { $(What::$name => $word,)+ }
            }

            fn of_number(number: u16) -> Option<Self> {
                match number { $($number => Some(What::$name),)+ _ => None }
            }
        }
    };
}

deeds! {
    // at a desk
    /// A desk's chain begins; `of` is the last hash of the chain before it.
    ChainBegan = 1 "chain.began"
    /// A chart was opened; the reason says `search` when a search led there.
    ChartViewed = 2 "chart.viewed"
    HistoryRead = 3 "history.read"
    /// A change was written at a desk; `of` is its hash. The hub's entry for it is `ChangeTaken` or `ChangeHeld`.
    ChangeSaved = 4 "change.saved"
    SignedIn = 5 "desk.signed_in"
    SignedOut = 6 "desk.signed_out"
    UnlockFailed = 7 "desk.unlock_failed"
    Printed = 8 "chart.printed"
    HeldWithdrawn = 9 "held.withdrawn"
    HeldRestored = 10 "held.restored"
    ConflictSettled = 11 "conflict.settled"
    AuditRead = 12 "audit.read"
    /// Emergency access was opened: DICOM 110127 "Emergency Override Started", purpose of use ETREAT.
    EmergencyOpened = 13 "emergency.opened"
    // at the hub
    /// The hub took a change; `of` is its hash.
    ChangeTaken = 32 "change.taken"
    /// The hub kept a change for a person to look at; `of` is its hash.
    ChangeHeld = 33 "change.held"
    /// The hub refused a change for good; `of` is its hash.
    ChangeRefused = 34 "change.refused"
    DeviceEnrolled = 35 "device.enrolled"
    DeviceRevoked = 36 "device.revoked"
    /// The hub found a person's password to be right.
    PasswordRight = 37 "staff.signed_in"
    PasswordWrong = 38 "staff.password_wrong"
    CodeMade = 39 "device.code_made"
    StaffChanged = 40 "staff.changed"
    /// A desk's chain is not whole; the reason says how, `place` where.
    Alarm = 41 "audit.alarm"
    /// Anything else an administrator does; the reason says what.
    Administered = 42 "hub.administered"
    /// A clinical manager looked at what an emergency access was used for; the reason says what they found.
    EmergencyReviewed = 43 "emergency.reviewed"
    /// Money was taken, given back or written off, or a price was set; the reason says what.
    MoneyMoved = 44 "money.moved"
}

/// A place in the chain of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The incarnation of the replica that wrote it.
    pub incarnation: u16,
    /// Counts from 1.
    pub seq: u64,
}

/// Why, as a code such as `search`: small letters, digits, dots and underscores.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reason(String);

impl Reason {
    /// Reads a reason; nothing when it is not a code. A sentence never is.
    pub fn parse(text: &str) -> Option<Self> {
        let is_code = (1..=REASON_CHARS).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'_');
        is_code.then(|| Self(text.to_owned()))
    }

    /// Returns the code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who did what, where and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub what: What,
    /// Milliseconds since 1970, by the clock of whoever wrote the entry.
    pub at_ms: i64,
    /// Where it was done; the hub has the id of device number 0.
    pub device: DeviceId,
    /// Nobody: nobody is known to have done it.
    pub staff: Option<StaffId>,
    pub record: Option<(Kind, RecordId)>,
    pub of: Option<Hash>,
    pub place: Option<Place>,
    pub reason: Option<Reason>,
}

impl Entry {
    /// Makes an entry of what somebody, or nobody known, did.
    pub fn new(what: What, at_ms: i64, device: DeviceId, staff: Option<StaffId>) -> Self {
        Self {
            what,
            at_ms,
            device,
            staff,
            record: None,
            of: None,
            place: None,
            reason: None,
        }
    }

    /// Says which record it is about.
    #[must_use]
    pub fn about(self, kind: Kind, record: RecordId) -> Self {
        let record = Some((kind, record));
        Self { record, ..self }
    }

    /// Says which change, or which chain, it is about.
    #[must_use]
    pub fn of(self, hash: Hash) -> Self {
        let of = Some(hash);
        Self { of, ..self }
    }

    /// Says which place of a device's chain it is about.
    #[must_use]
    pub fn at_place(self, place: Place) -> Self {
        let place = Some(place);
        Self { place, ..self }
    }

    /// Says why. What is not a code is left out.
    #[must_use]
    pub fn because(self, reason: &str) -> Self {
        let reason = Reason::parse(reason);
        Self { reason, ..self }
    }

    /// Returns the one way to write it: numbers with the high byte first, absent parts as a zero byte.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![FORM];
        bytes.extend(self.what.number().to_be_bytes());
        bytes.extend(self.at_ms.to_be_bytes());
        bytes.extend(self.device.0.as_bytes());
        put(&mut bytes, self.staff.map(|staff| staff.0.into_bytes()));
        let record = self.record.map(|(kind, id)| {
            let mut part = [0; 17];
            part[0] = kind.number();
            part[1..].copy_from_slice(id.0.as_bytes());
            part
        });
        put(&mut bytes, record);
        put(&mut bytes, self.of);
        let place = self.place.map(|place| {
            let mut part = [0; 10];
            part[..2].copy_from_slice(&place.incarnation.to_be_bytes());
            part[2..].copy_from_slice(&place.seq.to_be_bytes());
            part
        });
        put(&mut bytes, place);
        let reason = self.reason.as_ref().map_or("", Reason::as_str);
        bytes.push(u8::try_from(reason.len()).expect("a reason has at most 48 letters"));
        bytes.extend(reason.as_bytes());
        bytes
    }

    /// Reads an entry; nothing when these are not exactly the bytes of one.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let [FORM] = take::<1>(&mut rest)? else {
            return None;
        };
        let entry = Self {
            what: What::of_number(u16::from_be_bytes(take(&mut rest)?))?,
            at_ms: i64::from_be_bytes(take(&mut rest)?),
            device: DeviceId(Uuid::from_bytes(take(&mut rest)?)),
            staff: get(&mut rest)?.map(|id| StaffId(Uuid::from_bytes(id))),
            record: match get::<17>(&mut rest)? {
                Some([kind, id @ ..]) => {
                    Some((Kind::from_number(kind)?, RecordId(Uuid::from_bytes(id))))
                }
                None => None,
            },
            of: get(&mut rest)?,
            place: get(&mut rest)?.map(|[i0, i1, seq @ ..]: [u8; 10]| Place {
                incarnation: u16::from_be_bytes([i0, i1]),
                seq: u64::from_be_bytes(seq),
            }),
            reason: reason(&mut rest)?,
        };
        rest.is_empty().then_some(entry)
    }
}

fn put<const N: usize>(bytes: &mut Vec<u8>, part: Option<[u8; N]>) {
    bytes.push(u8::from(part.is_some()));
    bytes.extend(part.into_iter().flatten());
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (part, left) = rest.split_first_chunk::<N>()?;
    *rest = left;
    Some(*part)
}

/// Reads a part that may be absent; nothing at all when it is neither.
fn get<const N: usize>(rest: &mut &[u8]) -> Option<Option<[u8; N]>> {
    match take::<1>(rest)? {
        [0] => Some(None),
        [1] => take(rest).map(Some),
        [_] => None,
    }
}

fn reason(rest: &mut &[u8]) -> Option<Option<Reason>> {
    let [length] = take::<1>(rest)?;
    let (text, left) = rest.split_at_checked(usize::from(length))?;
    *rest = left;
    if text.is_empty() {
        return Some(None);
    }
    Reason::parse(std::str::from_utf8(text).ok()?).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Entry {
        let id = |n: u128| Uuid::from_u128(n);
        Entry::new(
            What::Alarm,
            1_803_891_600_123,
            DeviceId(id(1)),
            Some(StaffId(id(2))),
        )
        .about(Kind::Patient, RecordId(id(3)))
        .of([4; 32])
        .at_place(Place {
            incarnation: 5,
            seq: 6,
        })
        .because("chain.gap")
    }

    #[test]
    fn an_entry_is_read_as_it_was_written_and_nothing_else_is() {
        let bare = Entry::new(What::SignedOut, -1, DeviceId(Uuid::nil()), None);
        for entry in [full(), bare] {
            let bytes = entry.to_bytes();
            assert!(bytes.len() <= ENTRY_BYTES);
            assert_eq!(Entry::from_bytes(&bytes), Some(entry));
            for cut in 0..bytes.len() {
                assert_eq!(Entry::from_bytes(&bytes[..cut]), None, "cut at {cut}");
            }
            assert_eq!(Entry::from_bytes(&[&bytes[..], &[0]].concat()), None);
        }
    }

    #[test]
    fn what_is_read_is_written_with_the_same_bytes() {
        let bytes = full().to_bytes();
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut other = bytes.clone();
                other[at] ^= 1 << bit;
                if let Some(entry) = Entry::from_bytes(&other) {
                    assert_eq!(entry.to_bytes(), other, "byte {at} bit {bit}");
                }
            }
        }
    }

    #[test]
    fn a_sentence_is_no_reason() {
        for (text, expect) in [
            ("search", true),
            ("chain.gap_2", true),
            ("", false),
            ("Ada has a rash", false),
            ("Ada", false),
            ("é", false),
        ] {
            assert_eq!(Reason::parse(text).is_some(), expect, "{text}");
        }
        assert!(Reason::parse(&"a".repeat(REASON_CHARS + 1)).is_none());
        assert_eq!(full().because("a name").reason, None);
    }

    #[test]
    fn numbers_and_words_are_each_used_once() {
        for one in What::ALL {
            assert_eq!(What::of_number(one.number()), Some(*one));
            let same = |other: &&What| other.word() == one.word();
            assert_eq!(What::ALL.iter().filter(same).count(), 1);
        }
    }
}
