//! Seeing the whole: who came, what was billed and received, what waits for a decision, and how far behind wards are.
//!
//! The hub counts. What counts as what is said here, so that a figure and the list behind it never differ.

use crate::conflicts::ItemKind;
use crate::ids::{DepartmentId, RecordId, StaffId, WardId};
use crate::ledger::{Account, Why};
use crate::money::currency::Currency;
use crate::problem::Problem;
use crate::scheduling::AppointmentStatus;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

/// Over how many days the whole can be seen, today as the last.
pub const SPANS: [u16; 4] = [1, 7, 30, 90];

/// Ages of open decisions that are told apart, in hours: at least so old.
pub const OLD_HOURS: [u32; 2] = [24, 168];

/// What a visit counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(export_to = "types.gen.ts")]
pub enum Turnout {
    /// The patient came.
    Came,
    /// The patient did not come.
    Missed,
    /// Nobody has said yet, or it has not begun.
    Expected,
}

impl Turnout {
    /// Returns what a visit of a status counts as; nothing for one that was given up, or has no time.
    pub fn of(status: AppointmentStatus) -> Option<Self> {
        match status {
            AppointmentStatus::Arrived
            | AppointmentStatus::CheckedIn
            | AppointmentStatus::Fulfilled => Some(Turnout::Came),
            AppointmentStatus::NoShow => Some(Turnout::Missed),
            AppointmentStatus::Proposed
            | AppointmentStatus::Pending
            | AppointmentStatus::Booked => Some(Turnout::Expected),
            AppointmentStatus::Waitlist
            | AppointmentStatus::Cancelled
            | AppointmentStatus::EnteredInError => None,
        }
    }

    /// Returns the statuses that count as it, in words.
    pub fn words(self) -> Vec<&'static str> {
        let all = AppointmentStatus::ALL.iter();
        all.filter(|status| Turnout::of(**status) == Some(self))
            .map(|status| status.word())
            .collect()
    }
}

/// What of the books a figure is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(export_to = "types.gen.ts")]
pub enum Takings {
    /// What bills came to, with tax, less what was taken back of them.
    Billed,
    /// Money that came in, less what was handed back or did not hold.
    Received,
}

impl Takings {
    /// Returns what lines on an account belong to; nothing for what is neither.
    pub fn of(account: &Account) -> Option<Self> {
        match account {
            Account::Revenue(_) | Account::TaxPayable => Some(Takings::Billed),
            Account::Cash(_)
            | Account::CardClearing(_)
            | Account::CardOffline
            | Account::Bank(_)
            // what a gateway keeps of a payout had come in all the same
            | Account::GatewayFees => Some(Takings::Received),
            Account::PatientReceivable
            | Account::InsurerReceivable
            | Account::PatientCredit
            | Account::RefundsPayable
            | Account::Contractual
            | Account::CashOverShort
            | Account::BadDebt => None,
        }
    }

    /// Returns the numbers of its accounts.
    pub fn accounts(self) -> Vec<i32> {
        let is_its = |number: &u16| {
            let mut parts = ["", "cheque"].iter();
            parts.any(|part| {
                Account::of(*number, part).and_then(|account| Takings::of(&account)) == Some(self)
            })
        };
        (1_000..6_000).filter(is_its).map(i32::from).collect()
    }

    /// Returns the word of journals that are none of it: that a drawer holds less than it should is no money handed back.
    pub fn left_out() -> &'static str {
        Why::Counted.word()
    }
}

/// Says over how many days somebody asks.
///
/// # Errors
/// When it is none of [`SPANS`].
pub fn span(days: u16) -> Result<u16, Problem> {
    if SPANS.contains(&days) {
        return Ok(days);
    }
    Err(Problem::new("shape", "days"))
}

/// A day of the hospital: from a moment on, until another, as [`crate::record::Keys::at`] is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    pub date: Date,
    pub from: String,
    pub until: String,
}

impl Day {
    /// Returns a day by the hospital's clock. It has 23 hours or 25 where the clock is changed.
    pub fn of(date: Date, zone: &TimeZone) -> Self {
        let next = date.tomorrow().unwrap_or(date);
        Self {
            date,
            from: midnight(date, zone),
            until: midnight(next, zone),
        }
    }
}

/// Returns when a day begins, without the letter of the zone: so it stands before `…:00Z` and `…:00.5Z` alike.
fn midnight(date: Date, zone: &TimeZone) -> String {
    let begins = date.to_zoned(zone.clone()).map(|at| at.timestamp());
    let text = begins.unwrap_or_default().to_string();
    text.trim_end_matches('Z').to_owned()
}

/// Returns the days from one to another, both with it, the earliest first.
pub fn days(from: Date, to: Date, zone: &TimeZone) -> Vec<Day> {
    from.series(jiff::Span::new().days(1))
        .take_while(|date| *date <= to)
        .map(|date| Day::of(date, zone))
        .collect()
}

/// Returns the first of so many days of which one is the last.
pub fn first_day(last: Date, span: u16) -> Date {
    last.saturating_sub(jiff::Span::new().days(i64::from(span) - 1))
}

/// How many visits came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct Turnouts {
    pub came: u32,
    pub missed: u32,
    pub expected: u32,
}

impl Turnouts {
    /// Counts so many more.
    pub fn add(&mut self, what: Turnout, count: u32) {
        match what {
            Turnout::Came => self.came += count,
            Turnout::Missed => self.missed += count,
            Turnout::Expected => self.expected += count,
        }
    }

    /// Returns how many of a thousand did not come, of those of whom it is known; nothing when that is nobody.
    pub fn missed_permille(self) -> Option<u32> {
        let known = u64::from(self.came) + u64::from(self.missed);
        if known == 0 {
            return None;
        }
        let rounded = (u64::from(self.missed) * 2_000 + known) / (2 * known);
        u32::try_from(rounded).ok()
    }
}

/// A day and its visits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct DayVisits {
    pub day: String,
    pub visits: Turnouts,
}

/// A department and its visits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct DepartmentVisits {
    pub department: Option<DepartmentId>,
    pub visits: Turnouts,
    /// Of a thousand who were to come, how many did not.
    pub missed_permille: Option<u32>,
}

/// A day and its money, in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct DayMoney {
    pub day: String,
    #[ts(type = "string")]
    pub currency: Currency,
    #[ts(type = "number")]
    pub billed_minor: i64,
    #[ts(type = "number")]
    pub received_minor: i64,
}

/// Open decisions of a kind: all of them, and those as old as each of [`OLD_HOURS`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct OpenItems {
    pub kind: ItemKind,
    pub open: u32,
    pub day_old: u32,
    pub week_old: u32,
}

/// How far behind a ward's workstations are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct WardLag {
    pub ward: WardId,
    /// Workstations that may work.
    pub desks: u32,
    /// Of them, how many the hub has never heard.
    pub unheard: u32,
    /// When the one was heard that is silent longest; nothing when none was.
    pub heard: Option<String>,
    /// How long ago that is, in whole minutes.
    pub silent_minutes: Option<u32>,
    /// Changes they had not sent when they were heard.
    pub unsent: u32,
}

/// The whole, as somebody sees it who may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct Overview {
    /// When it was counted, RFC 3339 in UTC.
    pub at: String,
    /// First and last day, by the hospital's calendar.
    pub from: String,
    pub to: String,
    /// Every day, the earliest first.
    pub days: Vec<DayVisits>,
    pub departments: Vec<DepartmentVisits>,
    /// Every day in each currency that moved; nothing for who may not read the books.
    pub money: Option<Vec<DayMoney>>,
    /// Kinds of which some are open.
    pub items: Vec<OpenItems>,
    pub lags: Vec<WardLag>,
}

/// A visit behind a figure. It names no patient: who sees the whole need not know who came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct VisitLine {
    pub id: RecordId,
    /// When it begins, RFC 3339 in UTC.
    pub at: String,
    pub status: AppointmentStatus,
    pub department: Option<DepartmentId>,
    pub practitioner: Option<StaffId>,
    pub ward: Option<WardId>,
}

/// A page of visits, the earliest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct VisitPage {
    pub lines: Vec<VisitLine>,
    pub next: Option<String>,
}

/// A journal behind a figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct TakingLine {
    #[ts(type = "number")]
    pub journal: i64,
    /// What happened, a word of [`Why`].
    pub why: String,
    pub bill: Option<Uuid>,
    pub day: String,
    #[ts(type = "string")]
    pub currency: Currency,
    #[ts(type = "number")]
    pub minor: i64,
    #[ts(type = "number")]
    pub occurred_ms: i64,
}

/// A page of journals, in the order in which they were written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct TakingPage {
    pub lines: Vec<TakingLine>,
    pub next: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn every_visit_counts_once_or_was_given_up() {
        let of = |turnout: Turnout| turnout.words();
        assert_eq!(of(Turnout::Came), ["arrived", "checked-in", "fulfilled"]);
        assert_eq!(of(Turnout::Missed), ["noshow"]);
        assert_eq!(of(Turnout::Expected), ["proposed", "pending", "booked"]);
    }

    #[test]
    fn only_whose_visit_is_over_is_part_of_the_rate() {
        let check = |came, missed, expect| {
            let visits = Turnouts {
                came,
                missed,
                expected: 9,
            };
            assert_eq!(visits.missed_permille(), expect, "{came} and {missed}");
        };
        check(0, 0, None);
        check(9, 0, Some(0));
        check(0, 4, Some(1_000));
        check(2, 1, Some(333));
        check(1, 2, Some(667));
        // half a thousandth is rounded up
        check(1_999, 1, Some(1));
        check(2_001, 1, Some(0));
        check(u32::MAX, u32::MAX, Some(500));
    }

    #[test]
    fn what_was_billed_and_received_are_accounts_of_the_chart() {
        let billed = [2_100, 4_000, 4_010, 4_020, 4_030, 4_040];
        assert_eq!(Takings::Billed.accounts(), billed);
        let received = [1_000, 1_010, 1_015, 1_020, 5_030];
        assert_eq!(Takings::Received.accounts(), received);
    }

    #[test]
    fn a_day_is_the_hospitals_and_has_23_or_25_hours_where_clocks_change() {
        let check = |zone: &str, day: Date, from: &str, until: &str| {
            let zone = TimeZone::get(zone).expect("a zone");
            let found = Day::of(day, &zone);
            let found = (found.from.as_str(), found.until.as_str());
            assert_eq!(found, (from, until), "{day}");
        };
        let (utc, london) = ("UTC", "Europe/London");
        check(
            utc,
            date(2027, 3, 28),
            "2027-03-28T00:00:00",
            "2027-03-29T00:00:00",
        );
        check(
            london,
            date(2027, 3, 28),
            "2027-03-28T00:00:00",
            "2027-03-28T23:00:00",
        );
        check(
            london,
            date(2027, 10, 31),
            "2027-10-30T23:00:00",
            "2027-11-01T00:00:00",
        );
        check(
            "Asia/Kolkata",
            date(2026, 12, 1),
            "2026-11-30T18:30:00",
            "2026-12-01T18:30:00",
        );
        // a visit at the first moment of a day is of that day, however it is written
        for at in ["2027-03-28T00:00:00Z", "2027-03-28T00:00:00.000Z"] {
            assert!(("2027-03-28T00:00:00".."2027-03-28T23:00:00").contains(&at));
        }
    }

    #[test]
    fn a_span_ends_today_and_every_day_of_it_is_there() {
        let last = date(2027, 3, 1);
        assert_eq!(first_day(last, 1), last);
        assert_eq!(first_day(last, 7), date(2027, 2, 23));
        let all = days(first_day(last, 90), last, &TimeZone::UTC);
        assert_eq!(all.len(), 90);
        let follow = all.windows(2).all(|two| two[0].until == two[1].from);
        assert!(follow, "no moment is of two days or of none");
        for days in SPANS {
            assert_eq!(span(days), Ok(days));
        }
        assert_eq!(span(2), Err(Problem::new("shape", "days")));
    }
}
