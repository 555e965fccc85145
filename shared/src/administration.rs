//! What administrators say at the console of staff, wards, departments and prices, and what they are told. The hub describes
//! the same in `sync-server/src/api/administration.rs`.

use crate::ids::{DepartmentId, StaffId, WardId};
use crate::money::Money;
use crate::phi::Phi;
use crate::planted::{self, Fault};
use crate::problem::{Problem, Problems};
use crate::staff::{Department, InUse, NAME_CHARS, StaffDraft, Ward};
use crate::unlock::{GRANT_HOURS_MAX, IDLE_MINUTES_MAX};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Says whether something may be replaced that somebody saw as `base` and that is as `now`.
///
/// # Errors
/// The code given, when somebody else changed it meanwhile.
pub fn may_replace<T: PartialEq>(now: &T, base: &T, code: &str) -> Result<(), Problem> {
    if now == base || planted::is_on(Fault::NewestWordWins) {
        return Ok(());
    }
    Err(Problem::new(code, ""))
}

/// Adds somebody who starts to work here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export_to = "types.gen.ts")]
pub struct StaffAdd {
    pub username: String,
    pub draft: StaffDraft,
}

/// Says something else of somebody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export_to = "types.gen.ts")]
pub struct StaffChange {
    pub staff: StaffId,
    /// As it was when the form was opened.
    pub base: StaffDraft,
    pub draft: StaffDraft,
}

/// What somebody gets anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export_to = "types.gen.ts")]
pub enum Reset {
    Password,
    /// Their authenticator is worth nothing from then on, and a password for once lets them set up another.
    SecondFactor,
}

/// Gives somebody a password for once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export_to = "types.gen.ts")]
pub struct StaffReset {
    pub staff: StaffId,
    pub what: Reset,
    /// Until when the one was good that was given last, as the list showed it.
    pub base: Option<String>,
}

/// A password for once. It is shown to one administrator, once.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct OneTime {
    pub staff: StaffId,
    pub username: String,
    #[serde(with = "crate::phi::on_the_wire")]
    #[ts(type = "string")]
    pub password: Phi<String>,
    /// RFC 3339 in UTC.
    pub until: String,
}

/// Asks for a second factor of one's own.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export_to = "types.gen.ts")]
pub struct FactorAsk {
    /// Six digits of the one they have; nothing when they have none.
    pub code: Option<String>,
}

/// A second factor that somebody is offered. It counts from the first code on that is typed back.
#[derive(Clone, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct FactorOffer {
    /// What an authenticator reads, `otpauth://…`.
    #[serde(with = "crate::phi::on_the_wire")]
    #[ts(type = "string")]
    pub address: Phi<String>,
    /// The same to be typed.
    #[serde(with = "crate::phi::on_the_wire")]
    #[ts(type = "string")]
    pub secret: Phi<String>,
    /// The same to be scanned: a line for each row, `#` for a dark square.
    #[serde(with = "crate::phi::on_the_wire")]
    #[ts(type = "Array<string>")]
    pub squares: Phi<Vec<String>>,
}

/// Types a code of the offered second factor back.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export_to = "types.gen.ts")]
pub struct FactorConfirm {
    pub code: String,
}

/// Chooses another password for oneself.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(export_to = "types.gen.ts")]
pub struct PasswordChange {
    #[serde(with = "crate::phi::on_the_wire")]
    #[ts(type = "string")]
    pub password: Phi<String>,
    #[serde(with = "crate::phi::on_the_wire")]
    #[ts(type = "string")]
    pub new_password: Phi<String>,
}

/// A ward as the console lists it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct WardLine {
    pub ward: Ward,
    pub in_use: InUse,
    /// RFC 3339 in UTC; nothing while it is open.
    pub closed: Option<String>,
}

/// A department as the console lists it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct DepartmentLine {
    pub department: Department,
    pub in_use: InUse,
    pub closed: Option<String>,
}

/// Every ward and department, by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct Places {
    pub wards: Vec<WardLine>,
    pub departments: Vec<DepartmentLine>,
}

/// Opens a ward, or gives one another name, closes it or opens it again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export_to = "types.gen.ts")]
pub struct WardChange {
    /// Nothing for a new one.
    pub base: Option<WardNow>,
    pub draft: WardDraft,
}

/// What is said of a ward.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(export_to = "types.gen.ts")]
pub struct WardDraft {
    pub name: String,
    pub is_open: bool,
}

/// Which ward, as it was when the form was opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export_to = "types.gen.ts")]
pub struct WardNow {
    pub id: WardId,
    pub draft: WardDraft,
}

/// Opens a department, or says something else of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export_to = "types.gen.ts")]
pub struct DepartmentChange {
    pub base: Option<DepartmentNow>,
    pub draft: DepartmentDraft,
}

/// What is said of a department.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(export_to = "types.gen.ts")]
pub struct DepartmentDraft {
    pub name: String,
    /// Whose desk runs its diary.
    pub ward: WardId,
    pub is_open: bool,
}

/// Which department, as it was when the form was opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export_to = "types.gen.ts")]
pub struct DepartmentNow {
    pub id: DepartmentId,
    pub draft: DepartmentDraft,
}

/// A price of a consultation, and since when or from when it is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct PriceLine {
    #[ts(type = "number")]
    pub id: i64,
    /// Nothing: wherever no price of its own is set.
    pub department: Option<DepartmentId>,
    /// Before tax.
    pub net: Money,
    /// RFC 3339 in UTC; nothing for one that always was.
    pub from: Option<String>,
    pub by: StaffId,
    /// When it was said; nothing where that was not noted yet.
    pub said: Option<String>,
    pub state: PriceState,
}

/// What becomes of a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export_to = "types.gen.ts")]
pub enum PriceState {
    /// It is asked from a later day on.
    Planned,
    /// It is asked now.
    InForce,
    /// It was asked before.
    Past,
    /// Another was said for the same time before it was ever asked.
    Replaced,
}

/// Every price, department by department, the latest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct PriceList {
    pub lines: Vec<PriceLine>,
    /// What tax comes to, in hundredths of a per cent. It is part of the program.
    pub tax_basis_points: u32,
    /// In which currency there are prices; nothing while there are none.
    pub currency: Option<String>,
}

/// Says what consultations cost from a day on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export_to = "types.gen.ts")]
pub struct PriceChange {
    pub department: Option<DepartmentId>,
    pub net: Money,
    /// From the beginning of this day; today is from now on.
    #[ts(type = "string")]
    pub from: Date,
    /// The price that was said last for the same department when the form was opened.
    #[ts(type = "number | null")]
    pub base: Option<i64>,
}

/// What a hospital chooses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(export_to = "types.gen.ts")]
pub struct Settings {
    /// Its name, as every screen and sheet has it.
    pub hospital: String,
    /// Minutes after which a desk locks that nobody touches.
    pub idle_minutes: u32,
    /// Hours for which staff unlock a desk without the hub after they signed in at it.
    pub offline_hours: u32,
}

impl Settings {
    /// Returns everything that cannot be so.
    pub fn check(&self) -> Vec<Problem> {
        let within = |value: u32, most: u32, field: &str| {
            let bounds = Problem::new("settings.out_of_range", field);
            (!(1..=most).contains(&value)).then(|| bounds.with("max", most))
        };
        Problems::default()
            .unless(!self.hospital.trim().is_empty(), "required", "hospital")
            .at_most(&self.hospital, NAME_CHARS, "hospital")
            .add(within(self.idle_minutes, IDLE_MINUTES_MAX, "idleMinutes"))
            .add(within(self.offline_hours, GRANT_HOURS_MAX, "offlineHours"))
            .into()
    }
}

/// What a hospital chooses, and what is chosen elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct SettingsNow {
    pub settings: Settings,
    /// IANA time zone: what was written would be of another day in another.
    pub zone: String,
    /// The two letters on receipts.
    pub facility: String,
    /// Above what two people agree to money that goes back, if there are prices.
    pub refund_limit: Option<Money>,
    pub cash_refund_limit: Option<Money>,
}

/// Chooses otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export_to = "types.gen.ts")]
pub struct SettingsChange {
    /// As it was when the form was opened.
    pub base: Settings,
    pub draft: Settings,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_keep_their_bounds() {
        let check = |hospital: &str, idle_minutes, offline_hours, expect: &[&str]| {
            let settings = Settings {
                hospital: hospital.into(),
                idle_minutes,
                offline_hours,
            };
            let found = settings.check();
            let fields: Vec<&str> = found.iter().map(|it| it.field.as_str()).collect();
            assert_eq!(fields, expect);
        };
        check("St Columba's", 10, 72, &[]);
        check("St Columba's", 60, 336, &[]);
        check(" ", 0, 0, &["hospital", "idleMinutes", "offlineHours"]);
        check("x", 61, 337, &["idleMinutes", "offlineHours"]);
    }

    #[test]
    fn what_somebody_else_changed_meanwhile_is_not_overwritten() {
        assert_eq!(may_replace(&1, &1, "staff.changed"), Ok(()));
        let clash = may_replace(&2, &1, "staff.changed");
        assert_eq!(clash, Err(Problem::new("staff.changed", "")));
    }
}
