//! What travels with every push, so that loss, repetition, reordering, copies and old versions of a replica all show: pushes
//! of a device are counted from 1 in each incarnation, and each names the one before it by its hash.

use crate::ids::DeviceId;
use crate::planted::{self, Fault};
use crate::problem::Problem;
use crate::sync::wire::{Hash, hex, unhex};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Header that carries it; the signature of the call covers it.
pub const HEADER: &str = "wardbook-waybill";
/// Pushes of a device that the hub remembers, newest first.
pub const REMEMBERED: i64 = 64;

/// Where a push comes from, its place among the pushes of its device, and the hash of what it carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waybill {
    /// SHA-256 of the certificate of the hospital's authority.
    pub org: Hash,
    pub device: DeviceId,
    pub incarnation: u16,
    /// Counts from 1 in each incarnation.
    pub dseq: u64,
    /// Hash of the waybill before, also across incarnations; zeros for the first of all.
    pub prev: Hash,
    /// The desk's clock, milliseconds since 1970.
    pub sent_at_ms: i64,
    /// Milliseconds since the desk's program was started: goes on when its clock is set.
    pub boot_ms: u64,
    /// Made by chance when the program was started: what an earlier run left on the way is not a second replica.
    pub run: u64,
    /// The hub's clock as the desk reckons it from when it heard it last, milliseconds since 1970.
    pub anchor_ms: i64,
    /// SHA-256 of the frame.
    pub body: Hash,
    /// Whether this run of the program compared its place with the hub's. Until then it only takes for granted that it is
    /// where it left off, and being wrong proves nothing.
    pub is_settled: bool,
}

impl Waybill {
    /// Writes it as the value of [`HEADER`].
    pub fn text(&self) -> String {
        hex(&self.bytes())
    }

    /// Reads it; nothing when it is none.
    pub fn read(text: &str) -> Option<Self> {
        let bytes = unhex(text)?;
        let waybill: Self = postcard::from_bytes(&bytes).ok()?;
        (waybill.bytes() == bytes).then_some(waybill)
    }

    /// Returns what the next one calls it.
    pub fn hash(&self) -> Hash {
        Sha256::new_with_prefix(b"wardbook waybill 1\n")
            .chain_update(self.bytes())
            .finalize()
            .into()
    }

    /// Returns the place it takes.
    pub fn place(&self) -> Place {
        Place {
            incarnation: self.incarnation,
            dseq: self.dseq,
            hash: self.hash(),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        postcard::to_allocvec(self).expect("numbers and hashes are always written")
    }
}

/// Returns the path that is signed for a call with a waybill.
pub fn signed_path(path: &str, text: &str) -> String {
    format!("{path}\n{text}")
}

/// Where the pushes of a device have come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub incarnation: u16,
    /// 0 before the first push.
    pub dseq: u64,
    pub hash: Hash,
}

impl Place {
    /// Returns the number and the name of the one before for the next waybill of an incarnation.
    pub fn next(&self, incarnation: u16) -> (u64, Hash) {
        if incarnation == self.incarnation {
            (self.dseq + 1, self.hash)
        } else {
            (1, self.hash)
        }
    }
}

/// What the hub remembers of the place a waybill claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remembered {
    Nothing,
    /// A push with this body.
    Same,
    /// A push with another body.
    Other,
}

/// Where the hub has a device.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known {
    pub place: Place,
    /// The run that sent the newest push.
    pub run: u64,
    pub doubt: Option<Doubt>,
}

/// An old copy of a replica was put back: what it wrote until then is for a person to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The newest incarnation from before.
    pub incarnation: u16,
    /// When the replica found out, by its own clock.
    pub until_ms: i64,
}

impl Doubt {
    /// Says whether a change comes from before.
    pub fn is_about(&self, incarnation: u16, at_s: i64) -> bool {
        incarnation <= self.incarnation || at_s.saturating_mul(1_000) <= self.until_ms
    }
}

/// How a push that may be taken follows the ones before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The next one.
    Next,
    /// The newest one again: its answer was lost.
    Again,
    /// The first of a new incarnation, by a replica that knows all that came before.
    Begins,
    /// The first of a new incarnation, by a replica that does not: it was put back from an old copy.
    RolledBack,
}

/// Why a push may not be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Pushes between are missing.
    Gap,
    /// It was taken before, and others since.
    Replayed,
    /// Its place is taken: an earlier run of the desk left it on the way, or its desk does not know yet.
    Late,
    /// Its device went on to another incarnation.
    Superseded,
    /// One run sent two pushes for one place: it runs twice.
    Fork,
    /// Its device went on from an old copy, and this is the other replica.
    Cloned,
}

impl Flaw {
    /// Returns the code a person's sentence is looked up by.
    pub fn code(self) -> &'static str {
        match self {
            Flaw::Gap => "waybill.gap",
            Flaw::Replayed => "waybill.replayed",
            Flaw::Late => "waybill.late",
            Flaw::Superseded => "waybill.superseded",
            Flaw::Fork => "waybill.fork",
            Flaw::Cloned => "waybill.cloned",
        }
    }

    /// Says whether it proves that there are two replicas of one device.
    pub fn proves_two(self) -> bool {
        match self {
            Flaw::Fork | Flaw::Cloned => true,
            Flaw::Gap | Flaw::Replayed | Flaw::Late | Flaw::Superseded => false,
        }
    }

    /// Returns the problem to answer with.
    pub fn problem(self) -> Problem {
        Problem::new(self.code(), "")
    }
}

/// Decides whether a push follows.
pub fn follows(known: &Known, here: Remembered, waybill: &Waybill) -> Result<Step, Flaw> {
    if planted::is_on(Fault::AnyPlace) {
        return Ok(Step::Again);
    }
    let place = &known.place;
    let is_next = waybill.prev == place.hash;
    let taken = if waybill.run == known.run {
        Flaw::Fork
    } else {
        Flaw::Late
    };
    if waybill.incarnation > place.incarnation {
        return match (waybill.dseq, is_next) {
            (1, true) => Ok(Step::Begins),
            (1, false) => Ok(Step::RolledBack),
            _ => Err(Flaw::Gap),
        };
    }
    if waybill.incarnation < place.incarnation {
        // what was sent before is only late
        let is_alive = |doubt: Doubt| {
            waybill.incarnation <= doubt.incarnation && waybill.sent_at_ms > doubt.until_ms
        };
        return Err(match here {
            Remembered::Same => Flaw::Replayed,
            Remembered::Nothing | Remembered::Other if known.doubt.is_some_and(is_alive) => {
                Flaw::Cloned
            }
            Remembered::Nothing | Remembered::Other => Flaw::Superseded,
        });
    }
    match waybill.dseq.checked_sub(place.dseq) {
        Some(0) if here == Remembered::Same => Ok(Step::Again),
        Some(1) if is_next => Ok(Step::Next),
        // it follows another push than the one that is here
        Some(1) => Err(taken),
        Some(0) | None => Err(match here {
            Remembered::Same => Flaw::Replayed,
            Remembered::Other => taken,
            Remembered::Nothing => Flaw::Late,
        }),
        Some(_) => Err(Flaw::Gap),
    }
}

/// What the hub says of a device's pushes, `GET /sync/v1/standing` (JSON).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    pub place: Place,
    /// From the place that was asked about on, oldest first.
    pub pushes: Vec<Pushed>,
}

/// A push that the hub remembers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pushed {
    pub place: Place,
    /// The records it was about, each with the hash of the change.
    pub changes: Vec<(crate::ids::RecordId, Hash)>,
}

/// What a desk finds when it compares its place with the hub's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Both are at one place.
    Same,
    /// The hub is elsewhere, and nothing came in between that this desk did not make: only answers were lost.
    Moved,
    /// The hub had pushes of this device that this desk knows nothing of.
    RolledBack,
}

/// Compares the place of a desk with the hub's. A desk that does not know its place takes the hub's. `knows` says whether
/// a change is in the desk's replica.
pub fn compare<E>(
    own: Option<&Place>,
    standing: &Standing,
    mut knows: impl FnMut(&crate::ids::RecordId, &Hash) -> Result<bool, E>,
) -> Result<Found, E> {
    let Some(own) = own else {
        return Ok(Found::Moved);
    };
    let theirs = &standing.place;
    if own == theirs {
        return Ok(Found::Same);
    }
    if (theirs.incarnation, theirs.dseq) < (own.incarnation, own.dseq) {
        // the hub itself was put back: what it lost is offered to it again
        return Ok(Found::Moved);
    }
    if theirs.incarnation != own.incarnation {
        return Ok(Found::RolledBack);
    }
    let mut at = own.dseq;
    for pushed in &standing.pushes {
        if pushed.place.dseq == own.dseq && pushed.place.hash != own.hash {
            return Ok(Found::RolledBack);
        }
        if pushed.place.dseq <= own.dseq {
            continue;
        }
        at += 1;
        for (record, hash) in &pushed.changes {
            if pushed.place.dseq != at || !knows(record, hash)? {
                return Ok(Found::RolledBack);
            }
        }
    }
    let is_whole = at == theirs.dseq && theirs.dseq > own.dseq;
    Ok(if is_whole {
        Found::Moved
    } else {
        Found::RolledBack
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::RecordId;
    use uuid::Uuid;

    fn waybill(incarnation: u16, dseq: u64, prev: u8) -> Waybill {
        Waybill {
            org: [9; 32],
            device: DeviceId(Uuid::from_u128(1)),
            incarnation,
            dseq,
            prev: [prev; 32],
            sent_at_ms: 1_800_000_000_000,
            boot_ms: 5,
            run: 6,
            anchor_ms: -1,
            is_settled: true,
            body: [3; 32],
        }
    }

    #[test]
    fn it_is_read_as_it_was_written_and_every_part_counts() {
        let one = waybill(1, 2, 3);
        assert_eq!(Waybill::read(&one.text()).as_ref(), Some(&one));
        assert_eq!(Waybill::read(&one.text()[2..]), None);
        assert_eq!(Waybill::read(&format!("{}00", one.text())), None);
        let others = [
            waybill(2, 2, 3),
            waybill(1, 3, 3),
            waybill(1, 2, 4),
            Waybill {
                body: [4; 32],
                ..one.clone()
            },
            Waybill {
                org: [8; 32],
                ..one.clone()
            },
            Waybill {
                anchor_ms: 0,
                is_settled: true,
                ..one.clone()
            },
        ];
        for other in others {
            assert_ne!(other.hash(), one.hash(), "{other:?}");
        }
    }

    #[test]
    fn each_way_not_to_follow_has_its_own_name() {
        use Remembered::{Nothing, Other, Same};
        let place = Place {
            incarnation: 3,
            dseq: 7,
            hash: [7; 32],
        };
        let doubt = |incarnation, until_ms| {
            Some(Doubt {
                incarnation,
                until_ms,
            })
        };
        let (before, after) = (1_700_000_000_000, 1_900_000_000_000);
        let check = |bill: (u16, u64, u8), run, here, doubt, expect| {
            let known = Known { place, run, doubt };
            let said = follows(&known, here, &waybill(bill.0, bill.1, bill.2));
            assert_eq!(said, expect, "{bill:?} of a run where {run} was last");
        };
        check((3, 8, 7), 6, Nothing, None, Ok(Step::Next));
        check((3, 8, 7), 5, Nothing, None, Ok(Step::Next));
        check((3, 7, 6), 6, Same, None, Ok(Step::Again));
        check((4, 1, 7), 6, Nothing, None, Ok(Step::Begins));
        check((9, 1, 7), 6, Nothing, None, Ok(Step::Begins));
        check((4, 1, 5), 6, Nothing, None, Ok(Step::RolledBack));
        check((3, 9, 7), 6, Nothing, None, Err(Flaw::Gap));
        check((4, 2, 7), 6, Nothing, None, Err(Flaw::Gap));
        check((3, 5, 4), 6, Same, None, Err(Flaw::Replayed));
        check((2, 5, 4), 6, Same, doubt(2, before), Err(Flaw::Replayed));
        check((3, 5, 4), 6, Nothing, None, Err(Flaw::Late));
        // the same run twice is proof; of another run it may have been left on the way
        for (run, expect) in [(6, Flaw::Fork), (5, Flaw::Late)] {
            check((3, 7, 6), run, Other, None, Err(expect));
            check((3, 5, 4), run, Other, None, Err(expect));
            check((3, 8, 6), run, Nothing, None, Err(expect));
        }
        for here in [Nothing, Other] {
            check((2, 9, 4), 5, here, doubt(2, before), Err(Flaw::Cloned));
            check((2, 9, 4), 5, here, doubt(2, after), Err(Flaw::Superseded));
            check((2, 9, 4), 5, here, doubt(1, before), Err(Flaw::Superseded));
            check((2, 9, 4), 5, here, None, Err(Flaw::Superseded));
        }
    }

    #[test]
    fn a_desk_knows_a_lost_answer_from_pushes_it_did_not_make() {
        let place = |incarnation, dseq: u64| Place {
            incarnation,
            dseq,
            hash: [dseq as u8; 32],
        };
        let standing = |at: Place, pushes: &[u64]| Standing {
            place: at,
            pushes: pushes
                .iter()
                .map(|dseq| Pushed {
                    place: place(at.incarnation, *dseq),
                    changes: vec![(RecordId(Uuid::nil()), [*dseq as u8; 32])],
                })
                .collect(),
        };
        // it made the changes of the pushes up to the sixth
        let check = |own: Option<Place>, theirs: Standing, expect: Found| {
            let knows = |_: &RecordId, hash: &Hash| Ok::<_, ()>(hash[0] <= 6);
            assert_eq!(
                compare(own.as_ref(), &theirs, knows),
                Ok(expect),
                "{theirs:?}"
            );
        };
        let own = Some(place(1, 4));
        check(own, standing(place(1, 4), &[4]), Found::Same);
        check(own, standing(place(1, 6), &[4, 5, 6]), Found::Moved);
        check(own, standing(place(1, 7), &[4, 5, 6, 7]), Found::RolledBack);
        // what is not remembered any more could have been anything
        check(own, standing(place(1, 6), &[6]), Found::RolledBack);
        check(own, standing(place(2, 1), &[]), Found::RolledBack);
        check(own, standing(place(1, 3), &[]), Found::Moved);
        check(None, standing(place(5, 9), &[]), Found::Moved);
        let forked = Place {
            hash: [44; 32],
            ..place(1, 4)
        };
        check(
            Some(forked),
            standing(place(1, 5), &[4, 5]),
            Found::RolledBack,
        );
        check(Some(forked), standing(place(1, 4), &[4]), Found::RolledBack);
    }
}
