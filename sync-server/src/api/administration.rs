//! The shapes of what administrators say of staff, wards, departments and prices.

use super::money::Money;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A ward.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Ward {
    id: Uuid,
    name: String,
}

/// A department and its ward.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Department {
    id: Uuid,
    name: String,
    ward: Uuid,
}

/// Wards and departments that were closed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Closed {
    wards: Vec<Ward>,
    departments: Vec<Department>,
}

/// What is said of somebody who works here.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct StaffDraft {
    #[schema(min_length = 1, max_length = 80)]
    name: String,
    /// Words of the roles
    #[schema(min_items = 1)]
    roles: Vec<String>,
    /// Where a doctor sees patients
    departments: Vec<Uuid>,
}

/// Adds somebody.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct StaffAdd {
    #[schema(min_length = 2, max_length = 60)]
    username: String,
    draft: StaffDraft,
}

/// Says something else of somebody.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct StaffChange {
    staff: Uuid,
    /// As it was when the form was opened
    base: StaffDraft,
    draft: StaffDraft,
}

/// Gives somebody a password for once.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct StaffReset {
    staff: Uuid,
    /// `password`, or `second_factor` for both
    what: String,
    /// Until when the one was good that was given last, as the list showed it
    base: Option<String>,
}

/// A password for once.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OneTime {
    staff: Uuid,
    username: String,
    password: String,
    until: String,
}

/// Asks for a second factor of one's own.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct FactorAsk {
    /// Six digits of the one they have
    code: Option<String>,
}

/// A second factor that somebody is offered.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct FactorOffer {
    /// What an authenticator reads
    address: String,
    /// To be typed
    secret: String,
    /// To be scanned: a line for each row, `#` for a dark square
    squares: Vec<String>,
}

/// A code of the offered second factor.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct FactorConfirm {
    code: String,
}

/// Another password for oneself.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PasswordChange {
    password: String,
    #[schema(min_length = 15, max_length = 200)]
    new_password: String,
}

/// What still is on a ward, or belongs to a department.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct InUse {
    patients: u32,
    desks: Vec<String>,
    departments: Vec<String>,
    doctors: Vec<String>,
    /// Still to come, with who waits for one
    visits: u32,
}

/// A ward as the console lists it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WardLine {
    ward: Ward,
    in_use: InUse,
    /// Since when; none while it is open
    closed: Option<String>,
}

/// A department as the console lists it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DepartmentLine {
    department: Department,
    in_use: InUse,
    closed: Option<String>,
}

/// Every ward and department.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Places {
    wards: Vec<WardLine>,
    departments: Vec<DepartmentLine>,
}

/// What is said of a ward.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WardDraft {
    #[schema(min_length = 1, max_length = 80)]
    name: String,
    is_open: bool,
}

/// Which ward, as it was when the form was opened.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct WardNow {
    id: Uuid,
    draft: WardDraft,
}

/// Opens a ward, or says something else of one.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct WardChange {
    /// None for a new one
    base: Option<WardNow>,
    draft: WardDraft,
}

/// What is said of a department.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DepartmentDraft {
    #[schema(min_length = 1, max_length = 80)]
    name: String,
    /// Whose desk runs its diary
    ward: Uuid,
    is_open: bool,
}

/// Which department, as it was when the form was opened.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct DepartmentNow {
    id: Uuid,
    draft: DepartmentDraft,
}

/// Opens a department, or says something else of one.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct DepartmentChange {
    /// None for a new one
    base: Option<DepartmentNow>,
    draft: DepartmentDraft,
}

/// A price of a consultation.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PriceLine {
    id: i64,
    /// Wherever no price of its own is set, if empty
    department: Option<Uuid>,
    /// Before tax
    net: Money,
    /// None for one that always was
    from: Option<String>,
    by: Uuid,
    /// When it was said
    said: Option<String>,
    /// `planned`, `in_force`, `past` or `replaced`
    state: String,
}

/// Every price.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PriceList {
    lines: Vec<PriceLine>,
    /// In hundredths of a per cent
    tax_basis_points: u32,
    currency: Option<String>,
}

/// What consultations cost from a day on.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct PriceChange {
    department: Option<Uuid>,
    /// Before tax
    net: Money,
    /// Today is from now on
    #[schema(format = Date)]
    from: String,
    /// The price that was said last for the department when the form was opened
    base: Option<i64>,
}

/// What a hospital chooses.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Settings {
    #[schema(min_length = 1, max_length = 80)]
    hospital: String,
    #[schema(minimum = 1, maximum = 60)]
    idle_minutes: u32,
    #[schema(minimum = 1, maximum = 336)]
    offline_hours: u32,
}

/// What a hospital chooses, and what is chosen elsewhere.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SettingsNow {
    settings: Settings,
    /// IANA time zone
    zone: String,
    /// Two letters on receipts
    facility: String,
    /// Above what two people agree, if there are prices
    refund_limit: Option<Money>,
    cash_refund_limit: Option<Money>,
}

/// Chooses otherwise.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct SettingsChange {
    /// As it was when the form was opened
    base: Settings,
    draft: Settings,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::tests::check;
    use jiff::civil::date;
    use shared::access::Role;
    use shared::administration as own;
    use shared::ids::{DepartmentId, StaffId, WardId};
    use shared::money::currency::Currency;
    use shared::staff as people;

    fn text(word: &str) -> String {
        word.to_owned()
    }

    fn draft() -> people::StaffDraft {
        people::StaffDraft {
            name: text("A"),
            roles: vec![Role::Doctor],
            departments: vec![DepartmentId(Uuid::nil())],
        }
    }

    #[test]
    fn the_description_of_staff_is_that_of_the_messages() {
        let staff = StaffId(Uuid::nil());
        check::<StaffAdd>(&own::StaffAdd {
            username: text("A"),
            draft: draft(),
        });
        check::<StaffChange>(&own::StaffChange {
            staff,
            base: draft(),
            draft: draft(),
        });
        check::<StaffReset>(&own::StaffReset {
            staff,
            what: own::Reset::SecondFactor,
            base: Some(text("A")),
        });
        check::<OneTime>(&own::OneTime {
            staff,
            username: text("A"),
            password: text("B").into(),
            until: text("C"),
        });
    }

    #[test]
    fn the_description_of_accounts_is_that_of_the_messages() {
        check::<FactorAsk>(&own::FactorAsk {
            code: Some(text("A")),
        });
        check::<FactorOffer>(&own::FactorOffer {
            address: text("A").into(),
            secret: text("B").into(),
            squares: vec![text("C")].into(),
        });
        check::<FactorConfirm>(&own::FactorConfirm { code: text("A") });
        check::<PasswordChange>(&own::PasswordChange {
            password: text("A").into(),
            new_password: text("B").into(),
        });
    }

    #[test]
    fn the_description_of_places_is_that_of_the_messages() {
        let in_use = people::InUse {
            patients: 1,
            desks: vec![text("A")],
            departments: vec![text("B")],
            doctors: vec![text("C")],
            visits: 2,
        };
        let (id, ward) = (DepartmentId(Uuid::nil()), WardId(Uuid::nil()));
        let name = text("A");
        check::<Places>(&own::Places {
            wards: vec![own::WardLine {
                ward: people::Ward { id: ward, name },
                in_use: in_use.clone(),
                closed: Some(text("B")),
            }],
            departments: vec![own::DepartmentLine {
                department: people::Department {
                    id,
                    name: text("A"),
                    ward,
                },
                in_use,
                closed: Some(text("B")),
            }],
        });
        let draft = own::WardDraft {
            name: text("A"),
            is_open: true,
        };
        check::<WardChange>(&own::WardChange {
            base: Some(own::WardNow {
                id: ward,
                draft: draft.clone(),
            }),
            draft,
        });
        let draft = own::DepartmentDraft {
            name: text("A"),
            ward,
            is_open: true,
        };
        check::<DepartmentChange>(&own::DepartmentChange {
            base: Some(own::DepartmentNow {
                id,
                draft: draft.clone(),
            }),
            draft,
        });
    }

    #[test]
    fn the_description_of_settings_is_that_of_the_messages() {
        let settings = own::Settings {
            hospital: text("A"),
            idle_minutes: 1,
            offline_hours: 2,
        };
        let net = shared::money::Money::new(1, Currency::parse("INR").expect("a currency"));
        check::<SettingsNow>(&own::SettingsNow {
            settings: settings.clone(),
            zone: text("B"),
            facility: text("C"),
            refund_limit: Some(net),
            cash_refund_limit: Some(net),
        });
        let base = settings.clone();
        let draft = settings;
        check::<SettingsChange>(&own::SettingsChange { base, draft });
    }

    #[test]
    fn the_description_of_prices_is_that_of_the_messages() {
        let currency = Currency::parse("INR").expect("a currency");
        let net = shared::money::Money::new(1, currency);
        check::<PriceList>(&own::PriceList {
            lines: vec![own::PriceLine {
                id: 1,
                department: Some(DepartmentId(Uuid::nil())),
                net,
                from: Some(text("A")),
                by: StaffId(Uuid::nil()),
                said: Some(text("B")),
                state: own::PriceState::InForce,
            }],
            tax_basis_points: 500,
            currency: Some(text("INR")),
        });
        check::<PriceChange>(&own::PriceChange {
            department: Some(DepartmentId(Uuid::nil())),
            net,
            from: date(2027, 3, 1),
            base: Some(1),
        });
    }
}
