//! When a desk may be opened without the hub: grants, delays after wrong passwords, the clock, and how long a replica
//! may go without contact.

use crate::ids::{DeviceId, WardId};
use crate::orders::Order;
use crate::problem::Problem;
use crate::staff::Staff;
use serde::{Deserialize, Serialize};

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Hours for which somebody may unlock a desk without the hub after they signed in at it; the hospital may choose up to
/// [`GRANT_HOURS_MAX`].
pub const GRANT_HOURS: u32 = 72;
pub const GRANT_HOURS_MAX: u32 = 14 * 24;
/// Wrong passwords in a row after which only the hub can let this person in again.
pub const WRONG_AT_MOST: u32 = 10;
/// Longest wait after a wrong password.
const LONGEST_WAIT_MS: i64 = 300 * SECOND;
/// How far a clock may be behind the latest time that was seen on it.
pub const CLOCK_BACK_MS: i64 = 5 * MINUTE;
/// Without contact for longer a replica can be read but not written, and then not even opened.
const READ_ONLY_AFTER_MS: i64 = 30 * DAY;
const LOCKED_AFTER_MS: i64 = 45 * DAY;
/// How long anybody stays signed in without a password: a shift.
const SHIFT_MS: i64 = 12 * HOUR;
/// Minutes after which the screen locks at a desk that nobody touches; the hospital may choose up to [`IDLE_MINUTES_MAX`].
pub const IDLE_MINUTES: u32 = 10;
pub const IDLE_MINUTES_MAX: u32 = 60;
/// How much longer the session behind the screen lasts.
const BEHIND_MS: i64 = 5 * MINUTE;
/// What the signature of a grant is for.
pub const GRANT: &str = "offline grant";

/// The hub's word that a person may unlock one desk for a while without asking.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OfflineGrant {
    /// Who, with the roles of the session.
    pub staff: Staff,
    pub device: DeviceId,
    pub wards: Vec<WardId>,
    /// Milliseconds since 1970 by the hub's clock.
    pub not_after_ms: i64,
    /// Grants from before the hospital changed its rules are worth nothing.
    pub policy_version: u32,
    /// After how many minutes the screen locks that nobody touches.
    #[serde(default = "default_idle")]
    pub idle_minutes: u32,
}

/// What a hub of before did not choose.
fn default_idle() -> u32 {
    IDLE_MINUTES
}

impl OfflineGrant {
    /// Says whether the grant lets its owner in here and now. `now_ms` is the hub's time as this desk knows it.
    pub fn check(&self, here: &Here, now_ms: i64) -> Result<(), Problem> {
        let is_for_here = self.device == here.device && self.wards.contains(&here.ward);
        if !is_for_here || !self.staff.is_active {
            return Err(Problem::new("sign_in.grant_invalid", ""));
        }
        if now_ms > self.not_after_ms || self.policy_version < here.policy_version {
            return Err(Problem::new("sign_in.expired", ""));
        }
        Ok(())
    }
}

/// The desk a grant has to be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Here {
    pub device: DeviceId,
    pub ward: WardId,
    /// The newest the hub told.
    pub policy_version: u32,
}

/// Returns how many hours a hospital's choice comes to.
pub fn grant_hours(chosen: u32) -> u32 {
    chosen.clamp(1, GRANT_HOURS_MAX)
}

/// Returns how many minutes a hospital's choice comes to.
pub fn idle_minutes(chosen: u32) -> u32 {
    chosen.clamp(1, IDLE_MINUTES_MAX)
}

/// Wrong passwords of one person in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Tries {
    pub wrong: u32,
    /// When the last one was, milliseconds since 1970.
    pub last_ms: i64,
}

impl Tries {
    /// Returns the tries after one more wrong password.
    #[must_use]
    pub fn failed(self, now_ms: i64) -> Self {
        Self {
            wrong: self.wrong.saturating_add(1),
            last_ms: now_ms,
        }
    }

    /// Returns the milliseconds until the next try.
    pub fn wait_ms(self, now_ms: i64) -> i64 {
        let wait = delay_ms(self.wrong);
        // a clock that went back a little must not make the wait longer
        (self.last_ms + wait - now_ms).clamp(0, wait)
    }

    /// Says whether only the hub can let this person in again.
    pub fn are_spent(self) -> bool {
        self.wrong >= WRONG_AT_MOST
    }
}

/// Returns the wait after so many wrong passwords: 1, 2, 4 … 300 seconds.
pub fn delay_ms(wrong: u32) -> i64 {
    match wrong {
        0 => 0,
        wrong => (SECOND << (wrong - 1).min(20)).min(LONGEST_WAIT_MS),
    }
}

/// Says whether a clock was set back: it is behind the latest time seen on it.
pub fn is_set_back(latest_ms: i64, now_ms: i64) -> bool {
    now_ms < latest_ms - CLOCK_BACK_MS
}

/// How old a replica's last contact makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    Fresh,
    /// Readable; what is written would be too far from the hospital's record.
    ReadOnly,
    /// Closed until the hub was heard.
    Locked,
}

/// Returns what the time since the last contact means.
pub fn age(contact_ms: i64, now_ms: i64) -> Age {
    match now_ms - contact_ms {
        since if since > LOCKED_AFTER_MS => Age::Locked,
        since if since > READ_ONLY_AFTER_MS => Age::ReadOnly,
        _ => Age::Fresh,
    }
}

/// What counts before a password is even tried without the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// What the hub last said of this desk.
    pub order: Order,
    /// The latest time seen on this clock.
    pub latest_ms: i64,
    pub contact_ms: i64,
    pub tries: Tries,
}

/// Says whether a password may be tried without the hub.
pub fn may_try(facts: &Facts, now_ms: i64) -> Result<(), Problem> {
    match facts.order {
        Order::Active | Order::WipeAfterUpload => {}
        Order::Suspend => return Err(Problem::new("device.suspended", "")),
        Order::WipeNow => return Err(Problem::new("device.wiped", "")),
    }
    if is_set_back(facts.latest_ms, now_ms) {
        return Err(Problem::new("sign_in.clock_back", ""));
    }
    if age(facts.contact_ms, now_ms) == Age::Locked {
        return Err(Problem::new("replica.too_old", ""));
    }
    if facts.tries.are_spent() {
        return Err(Problem::new("sign_in.locked_out", "password"));
    }
    let wait = facts.tries.wait_ms(now_ms);
    if wait > 0 {
        let seconds = (wait + SECOND - 1) / SECOND;
        return Err(Problem::new("sign_in.wait", "password").with("seconds", seconds));
    }
    Ok(())
}

/// Says whether a session is over: a shift has passed, or nobody touched the desk for so many minutes and those in which
/// the screen should have locked it by itself.
pub fn session_is_over(since_ms: i64, touched_ms: i64, idle: u32, now_ms: i64) -> bool {
    let untouched_ms = i64::from(idle_minutes(idle)) * MINUTE + BEHIND_MS;
    now_ms - since_ms > SHIFT_MS || now_ms - touched_ms > untouched_ms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::StaffId;
    use uuid::Uuid;

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn here() -> Here {
        Here {
            device: DeviceId(id(1)),
            ward: WardId(id(2)),
            policy_version: 3,
        }
    }

    fn grant() -> OfflineGrant {
        let staff = Staff {
            id: StaffId(id(4)),
            username: "ada".into(),
            name: "Ada".into(),
            roles: vec![],
            departments: vec![],
            is_active: true,
        };
        OfflineGrant {
            staff,
            device: here().device,
            wards: vec![here().ward],
            not_after_ms: 1_000,
            policy_version: 3,
            idle_minutes: IDLE_MINUTES,
        }
    }

    fn facts() -> Facts {
        Facts {
            order: Order::Active,
            latest_ms: 0,
            contact_ms: 0,
            tries: Tries::default(),
        }
    }

    #[test]
    fn a_grant_of_a_hub_that_does_not_say_when_to_lock_locks_after_ten_minutes() {
        let mut text = serde_json::to_value(grant()).expect("JSON");
        text.as_object_mut()
            .expect("an object")
            .remove("idle_minutes");
        let read: OfflineGrant = serde_json::from_value(text).expect("a grant");
        assert_eq!(read.idle_minutes, 10);
    }

    fn code<T>(result: Result<T, Problem>) -> String {
        result
            .err()
            .map_or_else(|| "yes".into(), |problem| problem.code)
    }

    #[test]
    fn a_grant_is_for_one_desk_until_a_moment() {
        let check = |grant: OfflineGrant, now: i64, expect: &str| {
            assert_eq!(code(grant.check(&here(), now)), expect);
        };
        check(grant(), 1_000, "yes");
        check(grant(), 1_001, "sign_in.expired");
        let mut other = grant();
        other.device = DeviceId(id(9));
        check(other, 0, "sign_in.grant_invalid");
        let mut elsewhere = grant();
        elsewhere.wards = vec![WardId(id(9))];
        check(elsewhere, 0, "sign_in.grant_invalid");
        let mut gone = grant();
        gone.staff.is_active = false;
        check(gone, 0, "sign_in.grant_invalid");
        let mut old = grant();
        old.policy_version = 2;
        check(old, 0, "sign_in.expired");
    }

    #[test]
    fn a_hospital_chooses_from_one_hour_to_a_fortnight() {
        assert_eq!((grant_hours(0), grant_hours(72)), (1, 72));
        assert_eq!(grant_hours(u32::MAX), 336);
    }

    #[test]
    fn every_wrong_password_doubles_the_wait_up_to_five_minutes() {
        let waits: Vec<i64> = (0..=11).map(|wrong| delay_ms(wrong) / SECOND).collect();
        assert_eq!(waits, [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(delay_ms(u32::MAX), 300_000);
        let once = Tries::default().failed(10_000);
        assert_eq!((once.wait_ms(10_000), once.wait_ms(10_999)), (1_000, 1));
        assert_eq!(once.wait_ms(11_000), 0);
        assert_eq!(once.wait_ms(0), 1_000, "never longer than the wait itself");
    }

    #[test]
    fn the_tenth_wrong_password_is_the_last() {
        let nine = Tries {
            wrong: 9,
            last_ms: 0,
        };
        assert!(!nine.are_spent());
        assert!(nine.failed(0).are_spent());
    }

    #[test]
    fn a_clock_may_be_five_minutes_behind_itself() {
        assert!(!is_set_back(10 * MINUTE, 5 * MINUTE));
        assert!(is_set_back(10 * MINUTE, 5 * MINUTE - 1));
        assert!(!is_set_back(0, i64::MAX));
    }

    #[test]
    fn a_replica_ages_by_days_without_contact() {
        let check = |days: i64, more: i64, expect: Age| {
            assert_eq!(age(1_000, 1_000 + days * DAY + more), expect);
        };
        check(0, 0, Age::Fresh);
        check(30, 0, Age::Fresh);
        check(30, 1, Age::ReadOnly);
        check(45, 0, Age::ReadOnly);
        check(45, 1, Age::Locked);
        check(-5, 0, Age::Fresh);
    }

    #[test]
    fn a_password_is_tried_only_when_nothing_speaks_against_it() {
        let check = |facts: Facts, now: i64, expect: &str| {
            assert_eq!(code(may_try(&facts, now)), expect);
        };
        let with = |order: Order| Facts { order, ..facts() };
        check(facts(), 0, "yes");
        check(with(Order::WipeAfterUpload), 0, "yes");
        check(with(Order::Suspend), 0, "device.suspended");
        check(with(Order::WipeNow), 0, "device.wiped");
        let late = Facts {
            latest_ms: HOUR,
            ..facts()
        };
        check(late, 0, "sign_in.clock_back");
        check(facts(), 46 * DAY, "replica.too_old");
        check(facts(), 31 * DAY, "yes");
        let mut tried = facts();
        tried.tries = Tries {
            wrong: 3,
            last_ms: 0,
        };
        check(tried, 3_999, "sign_in.wait");
        check(tried, 4_000, "yes");
        tried.tries.wrong = 10;
        check(tried, DAY, "sign_in.locked_out");
    }

    #[test]
    fn nobody_stays_signed_in_for_longer_than_a_shift_or_at_a_desk_nobody_touches() {
        let check = |since: i64, touched: i64, idle: u32, now: i64, expect: bool| {
            assert_eq!(session_is_over(since, touched, idle, now), expect);
        };
        check(0, 0, IDLE_MINUTES, 15 * MINUTE, false);
        check(0, 0, IDLE_MINUTES, 15 * MINUTE + 1, true);
        check(0, 0, 1, 6 * MINUTE + 1, true);
        check(0, 0, 60, 65 * MINUTE, false);
        // who chooses more than is allowed gets what is
        check(0, 0, u32::MAX, 65 * MINUTE + 1, true);
        check(0, 0, 0, 6 * MINUTE, false);
        check(0, 12 * HOUR, IDLE_MINUTES, 12 * HOUR, false);
        check(0, 12 * HOUR, IDLE_MINUTES, 12 * HOUR + 1, true);
    }
}
