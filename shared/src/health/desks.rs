//! The workstations: who is silent, stopped, wrong about the time, old or nearly full, and who holds something else than the hub.

use super::{Check, DAY_MS, Finding, Grade, MINUTE_MS, Named};
use crate::clock::Now;
use crate::console::DeviceStanding;
use crate::ids::WardId;
use crate::problem::Problem;

/// A workstation that was not heard for longer is silent.
const SILENT_MS: i64 = DAY_MS;
/// A clock that is further off is wrong.
const CLOCK_MS: i64 = 2 * MINUTE_MS;
/// Megabytes below which a workstation's disk is nearly full.
const LOW_MB: u32 = 2_048;
/// Days before its end when a certificate should have been renewed long ago.
const CERTIFICATE_DAYS: i64 = 14;
/// A workstation compares once a day.
const COMPARED_MS: i64 = 3 * DAY_MS;

/// What is known of a workstation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskSeen {
    pub named: Named,
    pub ward: Option<WardId>,
    pub standing: DeviceStanding,
    pub enrolled_ms: i64,
    pub seen_ms: Option<i64>,
    pub unsent: Option<u32>,
    pub version: Option<String>,
    pub has_alarm: bool,
    /// By which its clock was ahead when it called last.
    pub ahead_ms: Option<i64>,
    pub free_mb: Option<u32>,
    pub certificate_ms: Option<i64>,
    /// What it said of its copy when it compared it last.
    pub copy: Option<Compared>,
}

/// What a workstation said of its copy of the ward's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    pub at_ms: i64,
    /// The place of the feed up to which it had everything.
    pub place: u64,
    pub records: u32,
    /// [`crate::sync::digest::Digest::short`].
    pub digest: String,
    /// It was the same as the hub's then.
    pub is_same: bool,
}

/// What the hub has for a ward, as far as it was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WardSeen {
    pub ward: WardId,
    /// The last place of its feed.
    pub place: u64,
    /// Records and their digest, where a workstation says it is at that place.
    pub held: Option<(u32, String)>,
}

impl DeskSeen {
    fn is_active(&self) -> bool {
        self.standing == DeviceStanding::Active
    }

    fn silent_ms(&self, now: Now) -> i64 {
        now.0 - self.seen_ms.unwrap_or(self.enrolled_ms)
    }

    fn is_silent(&self, now: Now) -> bool {
        self.is_active() && self.silent_ms(now) > SILENT_MS
    }

    fn has_unsent(&self) -> bool {
        self.unsent.is_some_and(|unsent| unsent > 0)
    }

    /// It works, so that what it said of itself is of today.
    fn is_heard(&self, now: Now) -> bool {
        self.is_active() && !self.is_silent(now)
    }
}

fn which(all: &[DeskSeen], is_one: impl Fn(&DeskSeen) -> bool) -> Vec<Named> {
    let those = all.iter().filter(|desk| is_one(desk));
    those.map(|desk| desk.named.clone()).collect()
}

/// Says what is the matter with workstations, each thing with those it is about.
pub fn desks(all: &[DeskSeen], program: &str, now: Now) -> Vec<Finding> {
    let say = |grade, said, desks| Finding::about(grade, Check::Desks, said, desks);
    let code = |code: &str| Problem::new(code, "");
    let is_stopped = |desk: &DeskSeen| match desk.standing {
        DeviceStanding::Suspended | DeviceStanding::WipeAfterUpload | DeviceStanding::WipeNow => {
            true
        }
        DeviceStanding::Pending
        | DeviceStanding::Active
        | DeviceStanding::Revoked
        | DeviceStanding::Emptied => false,
    };
    let lost = |desk: &DeskSeen| desk.is_silent(now) && desk.has_unsent();
    let silent = |desk: &DeskSeen| desk.is_silent(now) && !desk.has_unsent();
    let wrong_clock =
        |desk: &DeskSeen| desk.is_heard(now) && desk.ahead_ms.is_some_and(|ms| ms.abs() > CLOCK_MS);
    let is_full =
        |desk: &DeskSeen| desk.is_heard(now) && desk.free_mb.is_some_and(|mb| mb < LOW_MB);
    let is_other = |desk: &DeskSeen| {
        desk.is_heard(now) && desk.version.as_deref().is_some_and(|its| its != program)
    };
    let found: Vec<Finding> = [
        say(Grade::Broken, code("health.desks_unsent"), which(all, lost)),
        say(Grade::Look, code("health.desks_silent"), which(all, silent)),
        say(
            Grade::Look,
            code("health.desks_alarm"),
            which(all, |desk| desk.is_active() && desk.has_alarm),
        ),
        say(
            Grade::Look,
            code("health.desks_clock"),
            which(all, wrong_clock),
        ),
        say(Grade::Look, code("health.desks_full"), which(all, is_full)),
        say(
            Grade::Look,
            code("health.desks_version").with("program", program),
            which(all, is_other),
        ),
        say(
            Grade::Look,
            code("health.desks_stopped"),
            which(all, is_stopped),
        ),
        say(
            Grade::Look,
            code("health.desks_pending"),
            which(all, |desk| desk.standing == DeviceStanding::Pending),
        ),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !found.is_empty() {
        return found;
    }
    let count = which(all, DeskSeen::is_active).len();
    let said = code("health.desks_ok").with("count", count);
    vec![Finding::new(Check::Desks, Grade::Ok, said)]
}

/// Says whether workstations hold what the hub holds for their ward. What differs is loaded anew by the workstation itself, so
/// which records it were is not known here.
pub fn copies(all: &[DeskSeen], wards: &[WardSeen], now: Now) -> Vec<Finding> {
    let is_other = |desk: &DeskSeen| {
        let Some(copy) = desk.copy.as_ref().filter(|_| desk.is_active()) else {
            return false;
        };
        let ward = wards.iter().find(|ward| Some(ward.ward) == desk.ward);
        let held = ward.filter(|ward| ward.place == copy.place);
        let now_differs = held
            .and_then(|ward| ward.held.as_ref())
            .is_some_and(|(records, digest)| (*records, digest) != (copy.records, &copy.digest));
        !copy.is_same || now_differs
    };
    let is_old = |desk: &DeskSeen| {
        let compared_ms = desk
            .copy
            .as_ref()
            .map_or(desk.enrolled_ms, |copy| copy.at_ms);
        desk.is_heard(now) && now.0 - compared_ms > COMPARED_MS
    };
    let say = |grade, said, desks| Finding::about(grade, Check::Copies, said, desks);
    let other = Problem::new("health.copies_differ", "");
    let old = Problem::new("health.copies_old", "");
    let found: Vec<Finding> = [
        say(Grade::Broken, other, which(all, is_other)),
        say(
            Grade::Look,
            old,
            which(all, |desk| is_old(desk) && !is_other(desk)),
        ),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !found.is_empty() {
        return found;
    }
    let count = which(all, |desk| desk.is_active() && desk.copy.is_some()).len();
    let said = Problem::new("health.copies_same", "").with("count", count);
    vec![Finding::new(Check::Copies, Grade::Ok, said)]
}

/// Says whose certificates end soon: the hub's authority, and workstations that should have renewed theirs.
pub fn certificates(authority_ms: Option<i64>, all: &[DeskSeen], now: Now) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(until_ms) = authority_ms.filter(|until_ms| until_ms - now.0 < 365 * DAY_MS) {
        let said = Problem::new("health.certificates_authority", "");
        let said = said.with("until", Now(until_ms).rfc3339());
        found.push(Finding::new(Check::Certificates, Grade::Broken, said));
    }
    let ends = |desk: &DeskSeen| {
        let left_ms = desk.certificate_ms.map(|until_ms| until_ms - now.0);
        desk.is_active() && left_ms.is_some_and(|left_ms| left_ms < CERTIFICATE_DAYS * DAY_MS)
    };
    let said = Problem::new("health.certificates_desks", "");
    found.extend(Finding::about(
        Grade::Look,
        Check::Certificates,
        said,
        which(all, ends),
    ));
    if found.is_empty() {
        let said = Problem::new("health.certificates_ok", "");
        found.push(Finding::new(Check::Certificates, Grade::Ok, said));
    }
    found
}

/// Says who has not been heard since the hub was put back from a backup: what they alone have is still missing.
pub fn put_back(at_ms: Option<i64>, all: &[DeskSeen]) -> Finding {
    let Some(at_ms) = at_ms else {
        let said = Problem::new("health.put_back_never", "");
        return Finding::new(Check::PutBack, Grade::Ok, said);
    };
    let at = Now(at_ms).rfc3339();
    let missing = which(all, |desk| {
        desk.is_active() && desk.seen_ms.is_none_or(|seen_ms| seen_ms < at_ms)
    });
    let said = Problem::new("health.put_back_waits", "").with("at", &at);
    Finding::about(Grade::Look, Check::PutBack, said, missing).unwrap_or_else(|| {
        let said = Problem::new("health.put_back_done", "").with("at", &at);
        Finding::new(Check::PutBack, Grade::Ok, said)
    })
}

#[cfg(test)]
#[path = "desks_tests.rs"]
mod tests;
