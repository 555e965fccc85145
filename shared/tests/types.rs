//! Writes the TypeScript of everything a desk shows, and of who may do what, to `ui/src/backend/types.gen.ts`, and fails
//! when it was not current.

#![expect(
    clippy::disallowed_methods,
    reason = "a test reads and writes files of the project; the crate does not"
)]

use serde::Serialize;
use serde_json::Value;
use shared::access::table::{Reach, Right, TABLE, reach};
use shared::access::{Action, Actor, Role, Task, may, may_do};
use shared::administration::{
    DepartmentChange, DepartmentDraft, DepartmentLine, DepartmentNow, FactorAsk, FactorConfirm,
    FactorOffer, OneTime, PasswordChange, Places, PriceChange, PriceLine, PriceList, PriceState,
    Reset, Settings, SettingsChange, SettingsNow, StaffAdd, StaffChange, StaffReset, WardChange,
    WardDraft, WardLine, WardNow,
};
use shared::audit::entry::What;
use shared::audit::head::HeadLine;
use shared::audit::look::{BadEntry, ChainLook, LogLook, LookProgress};
use shared::billing::claims::ClaimState;
use shared::billing::claims::answers::Age;
use shared::billing::claims::excess::{Excess, Whose};
use shared::billing::{BillKind, BillState, Exception};
use shared::conflicts::list::{
    ConflictDone, ConflictLeft, ConflictLine, ConflictOwn, ConflictPage, ConflictSettle,
    ConflictUndo, ConflictWhole,
};
use shared::conflicts::settle::Choice;
use shared::conflicts::{Item, ItemKind, Settled, Side};
use shared::console::{
    Alarm, ConsoleDoor, ConsoleNews, ConsolePerson, DeviceApproval, DeviceLine, DeviceOrder,
    DevicePage, DeviceStanding, HeldDecided, HeldDecision, HeldLine, HeldPage, HeldState,
};
use shared::console::{
    HeldWhole, HoursChange, HoursChanged, LogLine, LogPage, LookRun, StaffActive, StaffChanged,
    StaffLine, StaffPage,
};
use shared::desk::{
    AuditLine, AuditTrail, Chart, Checked, Conflict, DeskState, Diary, DiaryAsk, FreeAsk, FreeSlot,
    Held, HistoryEntry, KeychainPlace, Likely, ListAsk, Page, Row, Save, SaveAnswer, Session,
};
use shared::desk::{FieldChange, Link, SyncState, SyncStatus, Version, Visit, Waiting};
use shared::emergency::summary::{Medicine, Summary};
use shared::emergency::{
    Emergency, Finding, LookedLine, NoteLine, OpeningLine, OpeningState, Review, ReviewLine,
};
use shared::health::{
    Check, EventAgain, EventLine, EventPage, Finding as HealthFinding, Grade as HealthGrade,
    HealthReport, Named,
};
use shared::ids::{DepartmentId, DeviceId, LookId, OpeningId, RecordId, StaffId, WardId};
use shared::matching::evidence::Reason;
use shared::matching::{Grade, Likeness};
use shared::merging::{LinkType, MergeAsk, MergeDone, Pair, PatientLink};
use shared::money::Money;
use shared::money::currency::Currency;
use shared::notices::{NoticeKind, NoticeLine, NoticePage, NoticeSaid, NoticeState, Telling};
use shared::office::bills::{
    BillLine, BillPage, BillWhole, JournalLine, LeftLine, OwedLine, PatientAccount, PaymentLine,
    RefundLine, RefundPage,
};
use shared::office::charges::{ChargeLine, ChargePage};
use shared::office::claims::{
    AgeLine, ClaimAct, ClaimLine, ClaimPage, ClaimWhole, CoverageLine, Direction, StepLine,
};
use shared::office::{
    AccountLine, ClosedBy, CountLine, DayLine, DayPage, DayWhole, DrawerLine, ExceptionLine,
    ExceptionPage, LateLine, Reconciled, SettleAsk, SettledBy, SettlementLine,
};
use shared::orders::Order;
use shared::overview::{
    DayMoney, DayVisits, DepartmentVisits, OpenItems, Overview, TakingLine, TakingPage, Takings,
    Turnout, Turnouts, VisitLine, VisitPage, WardLag,
};
use shared::patients::{
    Address, AddressUse, Alert, Allergy, BloodGroup, Contact, ContactPoint, ContactUse, Criticality,
};
use shared::patients::{Gender, HumanName, NameUse, Patient, Verification};
use shared::payments::charges::ChargeState;
use shared::payments::desk::{
    Account, BillHere, DeskBill, Outcome, ReceiptLine, TakeAsk, Tendered, Unposted,
};
use shared::prescriptions::{
    Frequency, Line, Prescription, PrescriptionStatus, Route, Signature, Standing, Unit,
};
use shared::problem::Problem;
use shared::record::Kind;
use shared::scheduling::adjudicate::Priority;
use shared::scheduling::clinic::{Hours, Schedule};
use shared::scheduling::leases::Promise;
use shared::scheduling::sheet::{Place, PlaceAt, Sheet};
use shared::scheduling::{Appointment, AppointmentStatus, Move, Offer};
use shared::staff::{Closed, Department, InUse, Reference, Staff, StaffDraft, Ward};
use ts_rs::{Config, TS};
use uuid::Uuid;

#[test]
fn the_types_of_the_screen_are_current() {
    let config = Config::default();
    let mut text =
        String::from("// Generated from shared/ by `cargo test -p shared`. Do not edit.\n");
    macro_rules! write {
        ($($name:ident)+) => {$(
            text.push_str("\nexport ");
            text.push_str(&$name::decl(&config));
            text.push('\n');
        )+};
    }
    write! {
        RecordId StaffId DeviceId WardId DepartmentId OpeningId LookId Kind Role Problem Patient HumanName ContactPoint Address Contact Allergy Alert PatientLink LinkType Gender NameUse ContactUse AddressUse
        Criticality Verification BloodGroup Appointment Priority Move Offer AppointmentStatus Prescription Line Signature
        PrescriptionStatus Unit Route Frequency Standing Staff Ward Department Hours Schedule Place PlaceAt Sheet Reference SyncState Row Page ListAsk Chart
        Visit DiaryAsk Diary FreeAsk Promise FreeSlot Save SaveAnswer HistoryEntry FieldChange Conflict Version Waiting Held Link SyncStatus Session DeskState KeychainPlace Checked What AuditLine AuditTrail
        Summary Medicine Emergency OpeningState Finding Review OpeningLine LookedLine NoteLine ReviewLine
        Grade Reason Likeness Likely
        Money BillKind BillState Exception DeskBill BillHere Outcome Tendered TakeAsk ReceiptLine Account Unposted
        BadEntry HeadLine LogLook LookProgress ChainLook
        ItemKind Item Side Settled Choice ConflictLine ConflictPage ConflictWhole ConflictSettle ConflictUndo ConflictOwn ConflictDone ConflictLeft MergeAsk MergeDone Pair
        ConsoleDoor ConsolePerson ConsoleNews HeldState HeldLine HeldWhole HeldPage HeldDecision HeldDecided DeviceStanding Alarm DeviceLine DevicePage
        DeviceApproval Order DeviceOrder StaffLine StaffPage StaffActive HoursChange HoursChanged LogLine LogPage LookRun
        Turnout Takings Turnouts DayVisits DepartmentVisits DayMoney OpenItems WardLag Overview VisitLine VisitPage TakingLine TakingPage
        NoticeState NoticeKind NoticeLine NoticePage Telling NoticeSaid
        StaffDraft StaffAdd StaffChange StaffChanged Reset StaffReset OneTime FactorAsk FactorOffer FactorConfirm PasswordChange
        Closed InUse WardLine DepartmentLine Places WardDraft WardNow WardChange DepartmentDraft DepartmentNow DepartmentChange
        PriceState PriceLine PriceList PriceChange Settings SettingsNow SettingsChange
        HealthGrade Check Named HealthFinding HealthReport EventLine EventPage EventAgain
        ExceptionLine ExceptionPage SettledBy Reconciled SettleAsk DrawerLine CountLine DayLine ClosedBy DayPage DayWhole AccountLine LateLine SettlementLine
        CoverageLine ClaimState ClaimAct Age AgeLine ClaimLine ClaimPage ClaimWhole StepLine Direction
        Excess Whose ChargeLine ChargePage ChargeState BillLine BillPage BillWhole JournalLine PaymentLine RefundLine RefundPage PatientAccount OwedLine LeftLine
    }
    text.push_str(&access());
    text.push_str(&minor_digits());
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../ui/src/backend/types.gen.ts"
    );
    let was = std::fs::read_to_string(path).unwrap_or_default();
    if was != text {
        std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/../ui/src/backend")).unwrap();
        std::fs::write(path, &text).unwrap();
    }
    assert!(
        was == text,
        "types.gen.ts was out of date and has been written again: look at the difference and run once more"
    );
}

/// Which buttons to offer: the answers of `may`, role by role and field by field.
fn access() -> String {
    let mut text = String::from(
        "\n/** What each role may read, and which fields it may write: as `shared/src/access` answers. */\n\
         export const access: Record<Role, Record<Kind, { reads: boolean, writes: readonly string[] }>> = {\n",
    );
    let id = Uuid::from_u128(1);
    for role in Role::ALL {
        let actor = Actor {
            staff: StaffId(id),
            roles: vec![role],
            ward: WardId(id),
            device: DeviceId(id),
        };
        text.push_str(&format!("  {}: {{\n", word(&role)));
        for kind in Kind::ALL {
            let reads = may(&actor, Action::Read(kind)).is_ok();
            let mut writes = fields(kind);
            writes.retain(|field| may(&actor, Action::Write(kind, field)).is_ok());
            text.push_str(&format!(
                "    {}: {{ reads: {reads}, writes: {writes:?} }},\n",
                kind.word()
            ));
        }
        text.push_str("  },\n");
    }
    text.push_str("};\n\n/** The tasks each role may do somewhere. */\nexport const tasks: Record<Role, readonly string[]> = {\n");
    for role in Role::ALL {
        let mut words = Task::ALL.to_vec();
        words.retain(|task| may_do(&[role], *task).is_ok());
        let words: Vec<&str> = words.into_iter().map(Task::word).collect();
        text.push_str(&format!("  {}: {words:?},\n", word(&role)));
    }
    text + "};\n" + &rights()
}

/// How many decimal places a currency has, where they are not two.
fn minor_digits() -> String {
    let others = Currency::all().filter(|currency| currency.exponent() != 2);
    let others = others.map(|currency| format!("{currency}: {}", currency.exponent()));
    let others: Vec<String> = others.collect();
    format!(
        "\n/** How many decimal places a currency has, where they are not two. */\nexport const minorDigits: Readonly<Record<string, number>> = {{ {} }};\n",
        others.join(", ")
    )
}

/// The table itself, for the screen that shows it.
fn rights() -> String {
    let mut text = String::from(
        "\n/** What somebody may do, by the words of the table. */\n\
         export interface Right { does: 'read' | 'write' | 'do', what: string, kind: Kind | null, state: string | null, fields: readonly string[], who: Record<Role, 'own' | 'any' | null> }\n\
         \n/** The table of `shared/src/access/table.rs`, line by line. */\nexport const rights: readonly Right[] = [\n",
    );
    for (right, _) in TABLE {
        let (does, what, kind, state, fields) = match right {
            Right::Read(kind) => ("read", kind.word().to_owned(), Some(kind), None, &[][..]),
            Right::Write(part, state) => (
                "write",
                camel(&format!("{part:?}")),
                Some(&part.kind()),
                Some(camel(&format!("{state:?}"))),
                part.fields(),
            ),
            Right::Do(task) => ("do", task.word().to_owned(), None, None, &[][..]),
        };
        let kind = kind.map_or("null".into(), |kind| format!("{:?}", kind.word()));
        let state = state.map_or("null".into(), |state| format!("{state:?}"));
        let who: Vec<String> = Role::ALL
            .into_iter()
            .map(|role| {
                let whose = match reach(role, *right) {
                    Some(Reach::OwnWard) => "\"own\"",
                    Some(Reach::Hospital) => "\"any\"",
                    None => "null",
                };
                format!("{}: {whose}", word(&role))
            })
            .collect();
        text.push_str(&format!(
            "  {{ does: {does:?}, what: {what:?}, kind: {kind}, state: {state}, fields: {fields:?}, who: {{ {} }} }},\n",
            who.join(", ")
        ));
    }
    text + "];\n"
}

/// A name as TypeScript writes it.
fn camel(name: &str) -> String {
    name[..1].to_lowercase() + &name[1..]
}

fn word(role: &Role) -> String {
    let word = serde_json::to_value(role).ok();
    let word = word.as_ref().and_then(Value::as_str);
    word.expect("a role is one word").to_owned()
}

fn fields(kind: Kind) -> Vec<String> {
    let members = match kind {
        Kind::Patient => members(&Patient::default()),
        Kind::Appointment => members(&Appointment::default()),
        Kind::Prescription => members(&Prescription::default()),
    };
    assert!(!members.is_empty(), "{kind:?} has fields");
    members
}

fn members(record: &impl Serialize) -> Vec<String> {
    let record = serde_json::to_value(record).ok();
    let record = record.as_ref().and_then(Value::as_object);
    let members = record.expect("a record is a JSON object").keys();
    let mut members: Vec<String> = members.cloned().collect();
    members.sort_unstable();
    members
}
