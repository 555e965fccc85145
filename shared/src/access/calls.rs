//! What every call to the hub and every command of a desk's window needs, in one place.
//!
//! The hub serves no route that is not here, and a test compares the desk's commands with this list.

use super::table::{Right, TABLE, reach};
use super::{Role, Task};
use crate::record::Kind;

/// What whoever calls has to be or may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Anybody who reaches it.
    Nothing,
    /// A one-time code in the call itself.
    Code,
    /// The hospital's gateway for money, by its signature.
    Gateway,
    /// A known device, by its signature. It gets what its ward sees, whoever sits there.
    Device,
    /// The same, and each change is judged by what its author may write.
    DeviceAndAuthors,
    /// Somebody who is signed in at the desk.
    Person,
    /// Somebody who is signed in at the console.
    Central,
    /// Somebody who may read a kind of record.
    Read(Kind),
    /// Somebody who may read the kind that is asked for.
    ReadAsked,
    /// Somebody who may write each field that is written.
    WriteAsked,
    /// Somebody who may do a task.
    Do(Task),
    /// A known device, and the password of somebody who may do a task in the call itself.
    DeviceAndPassword(Task),
}

/// Calls that the hub answers: method, path, and what they need.
#[rustfmt::skip]
pub const HUB: &[(&str, &str, Needs)] = &[
    ("post", "/sync/v1/push", Needs::DeviceAndAuthors),
    ("get", "/sync/v1/feed", Needs::Device),
    ("get", "/sync/v1/live", Needs::Device),
    ("get", "/sync/v1/bootstrap", Needs::Device),
    ("get", "/sync/v1/bootstrap/{snapshot}/{segment}", Needs::Device),
    ("get", "/sync/v1/reference", Needs::Device),
    ("get", "/sync/v1/free", Needs::Device),
    ("get", "/sync/v1/leases", Needs::Device),
    ("get", "/sync/v1/digest", Needs::Device),
    ("get", "/sync/v1/held", Needs::Device),
    ("get", "/sync/v1/standing", Needs::Device),
    ("get", "/sync/v1/lineage", Needs::Device),
    ("post", "/sync/v1/missing", Needs::Device),
    ("post", "/sync/v1/numbers", Needs::Device),
    ("get", "/sync/v1/emergency", Needs::Device),
    ("get", "/sync/v1/emergency/keys", Needs::Device),
    ("post", "/sync/v1/emergency/openings", Needs::Device),
    ("post", "/sync/v1/emergency/review", Needs::DeviceAndPassword(Task::ReviewEmergency)),
    ("post", "/sync/v1/bills", Needs::Device),
    // each document is judged by what whoever gave it may do
    ("post", "/sync/v1/receipts", Needs::DeviceAndAuthors),
    ("get", "/sync/v1/audit/key", Needs::Device),
    ("post", "/sync/v1/audit", Needs::Device),
    ("post", "/sync/v1/audit/look", Needs::DeviceAndPassword(Task::ReadAudit)),
    ("post", "/identity/v1/enrol", Needs::Code),
    ("post", "/identity/v1/certificate", Needs::Device),
    ("get", "/identity/v1/state", Needs::Device),
    ("post", "/identity/v1/sign-in", Needs::Device),
    ("post", "/identity/v1/status", Needs::Device),
    ("post", "/identity/v1/wiped", Needs::Device),
    ("post", "/console/v1/sign-in", Needs::Nothing),
    ("get", "/console/v1/oidc", Needs::Nothing),
    ("get", "/console/v1/oidc/back", Needs::Nothing),
    ("get", "/console/v1/me", Needs::Central),
    ("post", "/console/v1/sign-out", Needs::Central),
    ("get", "/console/v1/door", Needs::Nothing),
    ("get", "/console/v1/live", Needs::Central),
    ("get", "/console/v1/reference", Needs::Central),
    // of money only with a right to read the books
    ("get", "/console/v1/overview", Needs::Do(Task::SeeOverview)),
    ("get", "/console/v1/overview/visits", Needs::Do(Task::SeeOverview)),
    ("get", "/console/v1/overview/takings", Needs::Do(Task::ReadBooks)),
    ("get", "/console/v1/notices", Needs::Do(Task::TellPatients)),
    ("post", "/console/v1/notices/said", Needs::Do(Task::TellPatients)),
    ("get", "/console/v1/held", Needs::Do(Task::ReviewHeld)),
    ("get", "/console/v1/held/one", Needs::Do(Task::ReviewHeld)),
    ("post", "/console/v1/held/decide", Needs::Do(Task::ReviewHeld)),
    ("get", "/console/v1/conflicts", Needs::Do(Task::SettleConflicts)),
    ("get", "/console/v1/conflicts/one", Needs::Do(Task::SettleConflicts)),
    ("post", "/console/v1/conflicts/settle", Needs::Do(Task::SettleConflicts)),
    ("post", "/console/v1/conflicts/undo", Needs::Do(Task::SettleConflicts)),
    ("post", "/console/v1/conflicts/own", Needs::Do(Task::SettleConflicts)),
    ("get", "/console/v1/patients/pair", Needs::Do(Task::MergePatients)),
    ("post", "/console/v1/patients/merge", Needs::Do(Task::MergePatients)),
    ("post", "/console/v1/patients/part", Needs::Do(Task::MergePatients)),
    ("post", "/fhir/Patient/$match", Needs::Do(Task::MergePatients)),
    ("get", "/console/v1/devices", Needs::Do(Task::RunDevices)),
    ("post", "/console/v1/devices/approve", Needs::Do(Task::RunDevices)),
    ("post", "/console/v1/devices/order", Needs::Do(Task::RunDevices)),
    ("get", "/console/v1/staff", Needs::Do(Task::RunStaff)),
    ("post", "/console/v1/staff", Needs::Do(Task::RunStaff)),
    ("post", "/console/v1/staff/change", Needs::Do(Task::RunStaff)),
    ("post", "/console/v1/staff/reset", Needs::Do(Task::RunStaff)),
    ("post", "/console/v1/staff/active", Needs::Do(Task::RunStaff)),
    ("get", "/console/v1/places", Needs::Do(Task::RunWards)),
    ("post", "/console/v1/places/ward", Needs::Do(Task::RunWards)),
    ("post", "/console/v1/places/department", Needs::Do(Task::RunWards)),
    ("get", "/console/v1/settings", Needs::Do(Task::ChooseSettings)),
    ("post", "/console/v1/settings", Needs::Do(Task::ChooseSettings)),
    // one's own, and nobody else's
    ("post", "/console/v1/account/factor", Needs::Central),
    ("post", "/console/v1/account/factor/confirm", Needs::Central),
    ("post", "/console/v1/account/password", Needs::Central),
    ("post", "/console/v1/hours", Needs::Do(Task::PlanHours)),
    ("get", "/console/v1/audit", Needs::Do(Task::SearchAudit)),
    ("post", "/console/v1/audit/look", Needs::Do(Task::SearchAudit)),
    ("get", "/console/v1/emergency", Needs::Do(Task::ReviewEmergency)),
    ("post", "/console/v1/emergency/review", Needs::Do(Task::ReviewEmergency)),
    ("get", "/console/v1/health", Needs::Do(Task::RunDevices)),
    ("get", "/console/v1/health/file", Needs::Do(Task::RunDevices)),
    ("get", "/console/v1/events", Needs::Do(Task::RunDevices)),
    ("post", "/console/v1/events/again", Needs::Do(Task::RunDevices)),
    ("post", "/console/v1/bills", Needs::Do(Task::Cashier)),
    ("post", "/console/v1/bills/void", Needs::Do(Task::Cashier)),
    ("post", "/console/v1/bills/search", Needs::Do(Task::Cashier)),
    ("post", "/console/v1/bills/one", Needs::Do(Task::Cashier)),
    ("post", "/console/v1/bills/account", Needs::Do(Task::Cashier)),
    ("post", "/console/v1/bills/credit", Needs::Do(Task::KeepBooks)),
    ("post", "/console/v1/bills/supplement", Needs::Do(Task::KeepBooks)),
    ("post", "/console/v1/payments", Needs::Do(Task::Cashier)),
    ("post", "/console/v1/payments/spend", Needs::Do(Task::Cashier)),
    ("get", "/console/v1/charges", Needs::Do(Task::Cashier)),
    ("post", "/console/v1/charges", Needs::Do(Task::Cashier)),
    ("post", "/console/v1/charges/cancel", Needs::Do(Task::Cashier)),
    ("post", "/gateways/v1/{provider}", Needs::Gateway),
    ("get", "/console/v1/refunds", Needs::Do(Task::AgreeRefund)),
    ("post", "/console/v1/refunds", Needs::Do(Task::Cashier)),
    ("post", "/console/v1/refunds/agree", Needs::Do(Task::AgreeRefund)),
    ("post", "/console/v1/refunds/hand-out", Needs::Do(Task::Cashier)),
    ("get", "/console/v1/books", Needs::Do(Task::ReadBooks)),
    ("get", "/console/v1/books/account", Needs::Do(Task::ReadBooks)),
    ("get", "/console/v1/books/exceptions", Needs::Do(Task::ReadBooks)),
    ("post", "/console/v1/books/settle", Needs::Do(Task::KeepBooks)),
    ("post", "/console/v1/books/reconcile", Needs::Do(Task::KeepBooks)),
    ("get", "/console/v1/books/export", Needs::Do(Task::ReadBooks)),
    ("get", "/console/v1/drawers", Needs::Do(Task::Cashier)),
    ("post", "/console/v1/drawers/count", Needs::Do(Task::Cashier)),
    ("get", "/console/v1/days", Needs::Do(Task::ReadBooks)),
    ("get", "/console/v1/days/one", Needs::Do(Task::ReadBooks)),
    ("post", "/console/v1/days/close", Needs::Do(Task::KeepBooks)),
    ("get", "/console/v1/settlements", Needs::Do(Task::ReadBooks)),
    ("post", "/console/v1/settlements", Needs::Do(Task::KeepBooks)),
    ("post", "/console/v1/insurance/coverages", Needs::Do(Task::Insure)),
    ("post", "/console/v1/insurance/coverage", Needs::Do(Task::Insure)),
    ("post", "/console/v1/insurance/coverage/end", Needs::Do(Task::Insure)),
    ("post", "/console/v1/insurance/claim", Needs::Do(Task::Insure)),
    ("post", "/console/v1/insurance/claim/act", Needs::Do(Task::Insure)),
    ("post", "/console/v1/insurance/claim/excess", Needs::Do(Task::Insure)),
    ("post", "/console/v1/insurance/answer", Needs::Do(Task::Insure)),
    ("post", "/console/v1/insurance/paid", Needs::Do(Task::Insure)),
    ("get", "/console/v1/insurance/claims", Needs::Do(Task::ReadBooks)),
    ("get", "/console/v1/insurance/claims/one", Needs::Do(Task::ReadBooks)),
    ("get", "/console/v1/prices", Needs::Do(Task::ReadBooks)),
    ("post", "/console/v1/prices", Needs::Do(Task::SetPrices)),
    ("get", "/health/live", Needs::Nothing),
    ("get", "/health/ready", Needs::Nothing),
    ("get", "/metrics", Needs::Nothing),
    ("get", "/openapi.json", Needs::Nothing),
];

/// Commands that a desk's window may give.
#[rustfmt::skip]
pub const DESK: &[(&str, Needs)] = &[
    ("desk", Needs::Nothing),
    ("reference", Needs::Nothing),
    ("enrol", Needs::Code),
    ("sign_in", Needs::Nothing),
    ("sign_out", Needs::Nothing),
    ("touch", Needs::Person),
    ("status", Needs::Nothing),
    ("sync_now", Needs::Nothing),
    ("list", Needs::ReadAsked),
    ("search", Needs::Read(Kind::Patient)),
    ("likely", Needs::Read(Kind::Patient)),
    ("row", Needs::ReadAsked),
    ("chart", Needs::Read(Kind::Patient)),
    ("day", Needs::Read(Kind::Patient)),
    ("diary", Needs::Read(Kind::Patient)),
    ("free", Needs::Read(Kind::Appointment)),
    ("rebooking", Needs::Read(Kind::Patient)),
    ("unresolved", Needs::Read(Kind::Patient)),
    ("history", Needs::ReadAsked),
    ("audit_trail", Needs::Do(Task::ReadAudit)),
    ("audit_chain", Needs::Do(Task::ReadAudit)),
    ("audit_log", Needs::Do(Task::ReadAudit)),
    ("printed", Needs::Read(Kind::Patient)),
    ("print_slip", Needs::Read(Kind::Appointment)),
    ("print_day_list", Needs::Read(Kind::Appointment)),
    ("account", Needs::Do(Task::Cashier)),
    ("unposted", Needs::Do(Task::Cashier)),
    ("take_money", Needs::Do(Task::Cashier)),
    ("void_receipt", Needs::Do(Task::Cashier)),
    ("print_receipt", Needs::Do(Task::Cashier)),
    ("print_bill", Needs::Do(Task::Cashier)),
    ("conflicts", Needs::ReadAsked),
    // these hold several kinds and leave out what the person may not read
    ("conflict_list", Needs::Person),
    ("waiting", Needs::Person),
    ("held", Needs::Person),
    ("check", Needs::ReadAsked),
    ("save", Needs::WriteAsked),
    ("sign", Needs::WriteAsked),
    ("resolve", Needs::WriteAsked),
    // whoever may read a record may say what becomes of held work on it
    ("withdraw", Needs::ReadAsked),
    ("restore", Needs::ReadAsked),
    ("break_glass", Needs::Do(Task::BreakGlass)),
    ("emergency", Needs::Do(Task::BreakGlass)),
    ("emergency_search", Needs::Do(Task::BreakGlass)),
    ("emergency_summary", Needs::Do(Task::BreakGlass)),
    ("emergency_note", Needs::Do(Task::BreakGlass)),
    ("end_emergency", Needs::Do(Task::BreakGlass)),
    ("review_emergency", Needs::Do(Task::ReviewEmergency)),
];

/// Returns what a route of the hub needs; nothing for one that was not declared.
pub fn of_route(method: &str, path: &str) -> Option<Needs> {
    let mut routes = HUB.iter();
    let found = routes.find(|(of, at, _)| of.eq_ignore_ascii_case(method) && *at == path);
    found.map(|(_, _, needs)| *needs)
}

/// Says whether a role may make a call at all. What it asks for or writes is judged besides.
pub fn may_call(role: Role, needs: Needs) -> bool {
    let has = |right| reach(role, right).is_some();
    match needs {
        Needs::Nothing
        | Needs::Code
        | Needs::Gateway
        | Needs::Device
        | Needs::DeviceAndAuthors
        | Needs::Person => true,
        Needs::Central => has(Right::Do(Task::UseConsole)),
        Needs::Read(kind) => has(Right::Read(kind)),
        Needs::ReadAsked => Kind::ALL.into_iter().any(|kind| has(Right::Read(kind))),
        Needs::WriteAsked => TABLE
            .iter()
            .any(|(right, _)| matches!(right, Right::Write(..)) && has(*right)),
        Needs::Do(task) | Needs::DeviceAndPassword(task) => has(Right::Do(task)),
    }
}
