//! Faults that tests plant: each takes one control away, and a test shows that the others notice.
//!
//! Without the feature `planted`, which only tests ask for, none of them exists.

/// A control that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Every role may read and write everything.
    AnyRoleMayAll,
    /// The state of a record is not looked at.
    AnyState,
    /// What is set and set back in one change is not looked at.
    NetDifference,
    /// A change may carry another device's or person's name.
    AnyAuthor,
    /// The number of a change's first operation is not compared with its parents.
    AnyStartOp,
    /// Operations are not counted before they are unpacked.
    AnySize,
    /// When a change says it was made is not looked at.
    AnyTime,
    /// A record may hold anything.
    AnyContent,
    /// A ward may write into every chart.
    AnyWard,
    /// What is not taken is not kept.
    HeldIsDropped,
    /// A device may send as much as it likes that is not taken.
    NoThrottle,
    /// A device that was revoked is heard.
    RevokedIsHeard,
    /// Whoever opened the emergency access may review that.
    OwnReview,
    /// Work made after its desk was stopped or its author left is taken.
    AnyTimeAfterStop,
    /// A ward keeps what left it for ever.
    NothingLeaves,
    /// A ward learns which records other wards have.
    ForeignIdsShow,
    /// A push may take any place among those of its device.
    AnyPlace,
    /// Who gave a code may let the workstation in.
    SamePerson,
    /// A certificate is good for ever.
    ExpiredIsGood,
    /// Older TLS is spoken too.
    OlderTls,
    /// A device may have any number of pushes worked on at once.
    ManyAtOnce,
    /// A device may add any number of records.
    NoQuota,
    /// A body may take as long as it likes.
    SlowBodies,
    /// The hub shows one certificate for ever.
    OldCertificate,
    /// What was written again waits for a person all the same.
    ResentWaits,
    /// A slot is given to whoever asks.
    AnySlot,
    /// A doctor sees any number of patients a day.
    AnyDay,
    /// What a desk was lent is given to others too.
    AnyLease,
    /// Of several who want a slot, whoever came first has it.
    FirstCome,
    /// Nobody waits for a desk that could know who came.
    UnheardNoShow,
    /// A consumer does not look whether it has heard an event.
    HeardTwice,
    /// An event counts as handed on before it is.
    ToldEarly,
    /// A workstation is emptied by whoever has the wrong one before them.
    AnyNameWipes,
    /// A list that refreshes itself keeps a session of the console alive.
    ListsKeepSessions,
    /// Doctors' hours that somebody else changed meanwhile are overwritten.
    NewestHoursWin,
    /// What an administrator says overwrites what another said meanwhile.
    NewestWordWins,
    /// Administrators choose their own roles, and the last one may go.
    OwnRoles,
    /// A password that an administrator gave is for ever.
    OnceIsForEver,
    /// A password alone is enough to set up a second factor.
    AnyoneSetsUp,
    /// Desks keep what opens with a password that was reset.
    ResetIsNotHeard,
    /// A ward is closed with patients on it.
    ClosesInUse,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Fault; 41] = [
        Fault::AnyRoleMayAll,
        Fault::AnyState,
        Fault::NetDifference,
        Fault::AnyAuthor,
        Fault::AnyStartOp,
        Fault::AnySize,
        Fault::AnyTime,
        Fault::AnyContent,
        Fault::AnyWard,
        Fault::HeldIsDropped,
        Fault::NoThrottle,
        Fault::RevokedIsHeard,
        Fault::OwnReview,
        Fault::AnyTimeAfterStop,
        Fault::NothingLeaves,
        Fault::ForeignIdsShow,
        Fault::AnyPlace,
        Fault::SamePerson,
        Fault::ExpiredIsGood,
        Fault::OlderTls,
        Fault::ManyAtOnce,
        Fault::NoQuota,
        Fault::SlowBodies,
        Fault::OldCertificate,
        Fault::ResentWaits,
        Fault::AnySlot,
        Fault::AnyDay,
        Fault::AnyLease,
        Fault::FirstCome,
        Fault::UnheardNoShow,
        Fault::HeardTwice,
        Fault::ToldEarly,
        Fault::AnyNameWipes,
        Fault::ListsKeepSessions,
        Fault::NewestHoursWin,
        Fault::NewestWordWins,
        Fault::OwnRoles,
        Fault::OnceIsForEver,
        Fault::AnyoneSetsUp,
        Fault::ResetIsNotHeard,
        Fault::ClosesInUse,
    ];
}

/// Says whether a control was taken away.
#[cfg(not(feature = "planted"))]
#[inline]
pub const fn is_on(_: Fault) -> bool {
    false
}

#[cfg(feature = "planted")]
pub use switch::{is_on, plant};

#[cfg(feature = "planted")]
mod switch {
    use super::Fault;
    use std::sync::atomic::{AtomicU8, Ordering};

    static PLANTED: AtomicU8 = AtomicU8::new(0);

    /// Takes a control away in the whole process, or gives all back.
    pub fn plant(fault: Option<Fault>) {
        PLANTED.store(fault.map_or(0, |fault| fault as u8 + 1), Ordering::SeqCst);
    }

    /// Says whether a control was taken away.
    pub fn is_on(fault: Fault) -> bool {
        PLANTED.load(Ordering::Relaxed) == fault as u8 + 1
    }
}
