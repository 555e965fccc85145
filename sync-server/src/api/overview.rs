//! The shapes of the whole in figures, and of what they count.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// How many visits came to what.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Turnouts {
    came: u32,
    missed: u32,
    /// Nobody has said yet, or it has not begun
    expected: u32,
}

/// A day and its visits.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct DayVisits {
    day: String,
    visits: Turnouts,
}

/// A department and its visits.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DepartmentVisits {
    department: Option<Uuid>,
    visits: Turnouts,
    /// Of a thousand who were to come, how many did not
    missed_permille: Option<u32>,
}

/// A day and its money, in one currency.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DayMoney {
    day: String,
    currency: String,
    billed_minor: i64,
    received_minor: i64,
}

/// Open decisions of a kind.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OpenItems {
    kind: String,
    open: u32,
    day_old: u32,
    week_old: u32,
}

/// How far behind a ward's workstations are.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WardLag {
    ward: Uuid,
    /// Workstations that may work
    desks: u32,
    /// Of them, how many were never heard
    unheard: u32,
    /// When the one was heard that is silent longest
    heard: Option<String>,
    silent_minutes: Option<u32>,
    /// Changes they had not sent when they were heard
    unsent: u32,
}

/// The whole in figures.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Overview {
    /// When it was counted
    at: String,
    from: String,
    to: String,
    days: Vec<DayVisits>,
    departments: Vec<DepartmentVisits>,
    /// Nothing for who may not read the books
    money: Option<Vec<DayMoney>>,
    items: Vec<OpenItems>,
    lags: Vec<WardLag>,
}

/// A visit of a figure. It names no patient.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct VisitLine {
    id: Uuid,
    at: String,
    /// FHIR appointmentstatus
    status: String,
    department: Option<Uuid>,
    practitioner: Option<Uuid>,
    ward: Option<Uuid>,
}

/// A page of visits.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct VisitPage {
    lines: Vec<VisitLine>,
    next: Option<String>,
}

/// A journal of a figure.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TakingLine {
    journal: i64,
    why: String,
    bill: Option<Uuid>,
    day: String,
    currency: String,
    /// What it adds to the figure, in minor units
    minor: i64,
    occurred_ms: i64,
}

/// A page of journals.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct TakingPage {
    lines: Vec<TakingLine>,
    next: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::tests::check;
    use shared::conflicts::ItemKind;
    use shared::ids::{DepartmentId, RecordId, StaffId, WardId};
    use shared::money::currency::Currency;
    use shared::overview as own;
    use shared::scheduling::AppointmentStatus;

    fn text(word: &str) -> String {
        word.to_owned()
    }

    fn rupees() -> Currency {
        Currency::parse("INR").expect("a currency")
    }

    #[test]
    fn the_description_of_the_figures_is_that_of_the_messages() {
        let visits = own::Turnouts {
            came: 1,
            missed: 2,
            expected: 3,
        };
        check::<Overview>(&own::Overview {
            at: text("A"),
            from: text("B"),
            to: text("C"),
            days: vec![own::DayVisits {
                day: text("D"),
                visits,
            }],
            departments: vec![own::DepartmentVisits {
                department: Some(DepartmentId(Uuid::nil())),
                visits,
                missed_permille: Some(4),
            }],
            money: Some(vec![own::DayMoney {
                day: text("E"),
                currency: rupees(),
                billed_minor: 5,
                received_minor: 6,
            }]),
            items: vec![own::OpenItems {
                kind: ItemKind::Money,
                open: 7,
                day_old: 8,
                week_old: 9,
            }],
            lags: vec![own::WardLag {
                ward: WardId(Uuid::nil()),
                desks: 10,
                unheard: 11,
                heard: Some(text("F")),
                silent_minutes: Some(12),
                unsent: 13,
            }],
        });
    }

    #[test]
    fn the_description_of_what_figures_count_is_that_of_the_messages() {
        check::<VisitPage>(&own::VisitPage {
            lines: vec![own::VisitLine {
                id: RecordId(Uuid::nil()),
                at: text("A"),
                status: AppointmentStatus::Booked,
                department: Some(DepartmentId(Uuid::nil())),
                practitioner: Some(StaffId(Uuid::nil())),
                ward: Some(WardId(Uuid::nil())),
            }],
            next: Some(text("B")),
        });
        check::<TakingPage>(&own::TakingPage {
            lines: vec![own::TakingLine {
                journal: 1,
                why: text("A"),
                bill: Some(Uuid::nil()),
                day: text("B"),
                currency: rupees(),
                minor: 2,
                occurred_ms: 3,
            }],
            next: Some(text("C")),
        });
    }
}
