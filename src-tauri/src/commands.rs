//! Everything the window can ask for: who asks, then the replica. The names are those of `Backend` in `ui/src/backend`.
//!
//! `(async)` keeps the work off the thread that draws.

use serde_json::Value;
use shared::audit::look::{ChainLook, LookProgress};
use shared::desk::{
    AuditTrail, Chart, Checked, Conflict, DeskState, Diary, DiaryAsk, FreeAsk, FreeSlot, Held,
    HistoryEntry, Likely, ListAsk, Page, Row, Save, SaveAnswer, Session, SyncStatus, Visit,
    Waiting,
};
use shared::emergency::summary::Summary;
use shared::emergency::{Emergency, OpeningLine, Review};
use shared::ids::{LookId, RecordId, StaffId, WardId};
use shared::payments::desk::{Account, ReceiptLine, TakeAsk};
use shared::record::Kind;
use shared::staff::Reference;
use tauri::{Builder, Runtime, State};

use crate::desk::{self, Answer, Desk, Person};
use crate::paper;

/// Most results of one search.
const RESULTS: u32 = 50;

/// Gives the window its commands.
pub(crate) fn register<R: Runtime>(builder: Builder<R>) -> Builder<R> {
    builder.invoke_handler(tauri::generate_handler![
        desk,
        reference,
        enrol,
        sign_in,
        sign_out,
        touch,
        list,
        search,
        likely,
        row,
        chart,
        day,
        diary,
        free,
        rebooking,
        unresolved,
        check,
        save,
        sign,
        resolve,
        history,
        audit_trail,
        audit_chain,
        audit_log,
        printed,
        print_slip,
        print_day_list,
        account,
        unposted,
        take_money,
        void_receipt,
        print_receipt,
        print_bill,
        conflicts,
        conflict_list,
        waiting,
        held,
        withdraw,
        restore,
        break_glass,
        emergency,
        emergency_search,
        emergency_summary,
        emergency_note,
        end_emergency,
        review_emergency,
        status,
        sync_now
    ])
}

// ---- before anybody signs in

#[tauri::command(async)]
fn desk(desk: State<'_, Desk>) -> Answer<DeskState> {
    let session = desk.somebody().map(|person| person.session);
    Ok(DeskState {
        session,
        ..desk.cabinet.desk()?
    })
}

#[tauri::command(async)]
fn reference(desk: State<'_, Desk>) -> Answer<Reference> {
    Ok(desk.cabinet.reference()?)
}

#[tauri::command]
async fn enrol(desk: State<'_, Desk>, hub: String, code: String, name: String) -> Answer<()> {
    desk.cabinet.enrol(&hub, &code, &name).await?;
    Ok(())
}

#[tauri::command]
async fn sign_in(
    desk: State<'_, Desk>,
    username: String,
    password: String,
    new_password: Option<String>,
) -> Answer<Session> {
    let chosen = new_password.as_deref();
    let signing = desk.cabinet.sign_in_choosing(&username, &password, chosen);
    let session = signing.await?;
    let actor = desk.cabinet.actor(&session)?;
    desk.seat(Person::new(session.clone(), actor, desk::now_ms()));
    Ok(session)
}

#[tauri::command(async)]
fn sign_out(desk: State<'_, Desk>) {
    if let (Some(person), Ok(replica)) = (desk.somebody(), desk.replica()) {
        replica.signed_out(person.actor.staff);
    }
    desk.leave();
}

/// Somebody is at the desk: the session goes on.
#[tauri::command(async)]
fn touch(desk: State<'_, Desk>) -> Answer<()> {
    desk.person()?;
    desk.touch(desk::now_ms());
    Ok(())
}

#[tauri::command(async)]
fn status(desk: State<'_, Desk>) -> Answer<SyncStatus> {
    Ok(desk.cabinet.status()?)
}

#[tauri::command(async)]
fn sync_now(desk: State<'_, Desk>) {
    desk.cabinet.nudge();
}

// ---- reading

#[tauri::command(async)]
fn list(desk: State<'_, Desk>, ask: ListAsk) -> Answer<Page> {
    desk.reader(ask.kind)?;
    Ok(desk.replica()?.list(&ask)?)
}

#[tauri::command(async)]
fn search(desk: State<'_, Desk>, text: String, limit: u32) -> Answer<Vec<Row>> {
    let reader = desk.reader(Kind::Patient)?;
    let rows = desk.replica()?.search(&text, limit.min(RESULTS))?;
    desk.replica()?
        .found(reader.actor.staff, rows.iter().map(|row| row.id));
    Ok(rows)
}

/// Who of those here may be the person on a form. Whoever is shown was found by a search.
#[tauri::command(async)]
fn likely(desk: State<'_, Desk>, draft: Value) -> Answer<Vec<Likely>> {
    let reader = desk.reader(Kind::Patient)?;
    let likely = desk.replica()?.likely(&draft)?;
    desk.replica()?
        .found(reader.actor.staff, likely.iter().map(|one| one.row.id));
    Ok(likely)
}

#[tauri::command(async)]
fn row(desk: State<'_, Desk>, kind: Kind, id: RecordId) -> Answer<Option<Row>> {
    desk.reader(kind)?;
    Ok(desk.replica()?.row(kind, id)?)
}

#[tauri::command(async)]
fn chart(desk: State<'_, Desk>, patient: RecordId) -> Answer<Option<Chart>> {
    let reader = desk.reader(Kind::Patient)?;
    let chart = desk.replica()?.chart(patient)?;
    if chart.is_some() {
        desk.replica()?.viewed(reader.actor.staff, patient);
    }
    Ok(chart.map(|chart| reader.part_of(chart)))
}

#[tauri::command(async)]
fn day(desk: State<'_, Desk>, ward: WardId, date: String) -> Answer<Vec<Visit>> {
    desk.reader(Kind::Patient)?.may_read(Kind::Appointment)?;
    Ok(desk.replica()?.day(ward, &date)?)
}

/// Returns slots that are free as far as this desk knows.
#[tauri::command(async)]
fn free(desk: State<'_, Desk>, ask: FreeAsk) -> Answer<Vec<FreeSlot>> {
    desk.reader(Kind::Appointment)?;
    Ok(desk.replica()?.free(&ask)?)
}

/// Returns the appointments that lost their slot, with whom to call.
#[tauri::command(async)]
fn rebooking(desk: State<'_, Desk>) -> Answer<Vec<Visit>> {
    desk.reader(Kind::Patient)?.may_read(Kind::Appointment)?;
    Ok(desk.replica()?.rebooking()?)
}

/// Returns the visits of which nobody has said what became of them.
#[tauri::command(async)]
fn unresolved(desk: State<'_, Desk>, ward: WardId) -> Answer<Vec<Visit>> {
    desk.reader(Kind::Patient)?.may_read(Kind::Appointment)?;
    Ok(desk.replica()?.unresolved(ward)?)
}

#[tauri::command(async)]
fn diary(desk: State<'_, Desk>, ask: DiaryAsk) -> Answer<Diary> {
    desk.reader(Kind::Patient)?.may_read(Kind::Appointment)?;
    Ok(desk.replica()?.diary(&ask)?)
}

#[tauri::command(async)]
fn history(desk: State<'_, Desk>, kind: Kind, id: RecordId) -> Answer<Vec<HistoryEntry>> {
    let reader = desk.reader(kind)?;
    let history = desk.replica()?.history(kind, id)?;
    desk.replica()?.history_read(reader.actor.staff, kind, id);
    Ok(history)
}

#[tauri::command(async)]
fn audit_trail(desk: State<'_, Desk>, patient: RecordId) -> Answer<AuditTrail> {
    let person = desk.person()?;
    Ok(desk.replica()?.audit_trail(&person.actor, patient)?)
}

#[tauri::command(async)]
fn audit_chain(desk: State<'_, Desk>) -> Answer<ChainLook> {
    let person = desk.person()?;
    Ok(desk.replica()?.audit_chain(&person.actor)?)
}

#[tauri::command]
async fn audit_log(
    desk: State<'_, Desk>,
    password: String,
    run: Option<LookId>,
) -> Answer<LookProgress> {
    let person = desk.person()?;
    let username = &person.session.staff.username;
    let cabinet = &desk.cabinet;
    let looked = cabinet
        .audit_log(&person.actor, username, &password, run)
        .await;
    Ok(looked?)
}

#[tauri::command(async)]
fn printed(desk: State<'_, Desk>, patient: RecordId) -> Answer<()> {
    let reader = desk.reader(Kind::Patient)?;
    desk.replica()?.printed(reader.actor.staff, patient);
    Ok(())
}

/// Returns the pages of the slip of an appointment. They stay in memory: the window prints them without a file.
#[tauri::command(async)]
fn print_slip(
    desk: State<'_, Desk>,
    appointment: RecordId,
    language: String,
) -> Answer<Vec<String>> {
    let reader = desk.reader(Kind::Appointment)?;
    reader.may_read(Kind::Patient)?;
    paper::slip(&desk.replica()?, &reader, appointment, &language)
}

/// Returns the pages of what a doctor has on a day, as far as this desk's ward knows.
#[tauri::command(async)]
fn print_day_list(
    desk: State<'_, Desk>,
    practitioner: StaffId,
    date: String,
    language: String,
) -> Answer<Vec<String>> {
    let reader = desk.reader(Kind::Appointment)?;
    reader.may_read(Kind::Patient)?;
    paper::day_list(&desk.replica()?, &reader, practitioner, &date, &language)
}

#[tauri::command(async)]
fn conflicts(desk: State<'_, Desk>, kind: Kind, id: RecordId) -> Answer<Vec<Conflict>> {
    desk.reader(kind)?;
    Ok(desk.replica()?.conflicts(kind, id)?)
}

#[tauri::command(async)]
fn conflict_list(desk: State<'_, Desk>) -> Answer<Vec<Row>> {
    let person = desk.person()?;
    Ok(desk
        .replica()?
        .conflict_list()?
        .into_iter()
        .filter(|row| person.reads(row.kind))
        .collect())
}

#[tauri::command(async)]
fn waiting(desk: State<'_, Desk>) -> Answer<Vec<Waiting>> {
    let person = desk.person()?;
    Ok(desk
        .replica()?
        .waiting()?
        .into_iter()
        .filter(|item| person.reads(item.kind))
        .collect())
}

#[tauri::command(async)]
fn held(desk: State<'_, Desk>) -> Answer<Vec<Held>> {
    let person = desk.person()?;
    Ok(desk
        .replica()?
        .held()?
        .into_iter()
        .filter(|item| person.reads(item.kind))
        .collect())
}

// ---- writing: the replica asks once more whether the person may

#[tauri::command(async)]
fn check(desk: State<'_, Desk>, kind: Kind, id: Option<RecordId>, draft: Value) -> Answer<Checked> {
    desk.reader(kind)?;
    Ok(desk.replica()?.check(kind, id, &draft)?)
}

#[tauri::command(async)]
fn save(desk: State<'_, Desk>, ask: Save) -> Answer<SaveAnswer> {
    let person = desk.person()?;
    Ok(desk.replica()?.save(&person.actor, &ask)?)
}

#[tauri::command(async)]
fn sign(desk: State<'_, Desk>, id: RecordId, heads: String) -> Answer<SaveAnswer> {
    let person = desk.person()?;
    Ok(desk.replica()?.sign(&person.actor, id, &heads)?)
}

#[tauri::command(async)]
fn resolve(
    desk: State<'_, Desk>,
    kind: Kind,
    id: RecordId,
    path: String,
    value: Value,
    heads: String,
) -> Answer<SaveAnswer> {
    let person = desk.person()?;
    Ok(desk
        .replica()?
        .resolve(&person.actor, kind, id, &path, &value, &heads)?)
}

#[tauri::command(async)]
fn withdraw(desk: State<'_, Desk>, held: String) -> Answer<()> {
    let person = desk.person()?;
    Ok(desk.replica()?.withdraw(&person.actor, &held)?)
}

#[tauri::command(async)]
fn restore(desk: State<'_, Desk>, held: String) -> Answer<()> {
    let person = desk.person()?;
    Ok(desk.replica()?.restore(&person.actor, &held)?)
}

// ---- money: the replica asks whether the person takes any

#[tauri::command(async)]
fn account(desk: State<'_, Desk>, patient: RecordId) -> Answer<Account> {
    let person = desk.person()?;
    Ok(desk.replica()?.account(&person.actor, patient)?)
}

/// Returns what was recorded here and is not in the hospital's books.
#[tauri::command(async)]
fn unposted(desk: State<'_, Desk>) -> Answer<Vec<ReceiptLine>> {
    let person = desk.person()?;
    Ok(desk.replica()?.unposted(&person.actor)?)
}

#[tauri::command(async)]
fn take_money(desk: State<'_, Desk>, ask: TakeAsk) -> Answer<ReceiptLine> {
    let person = desk.person()?;
    Ok(desk.replica()?.take_money(&person.actor, &ask)?)
}

#[tauri::command(async)]
fn void_receipt(
    desk: State<'_, Desk>,
    id: RecordId,
    number: String,
    reason: String,
) -> Answer<ReceiptLine> {
    let person = desk.person()?;
    Ok(desk
        .replica()?
        .void_receipt(&person.actor, id.0, &number, &reason)?)
}

/// Returns the pages of a receipt; from the second time on they say that they are a copy.
#[tauri::command(async)]
fn print_receipt(desk: State<'_, Desk>, number: String, language: String) -> Answer<Vec<String>> {
    let person = desk.person()?;
    let line = desk.replica()?.receipt(&person.actor, &number)?;
    paper::receipt(&desk.replica()?, &person, line, &language)
}

#[tauri::command(async)]
fn print_bill(desk: State<'_, Desk>, bill: RecordId, language: String) -> Answer<Vec<String>> {
    let person = desk.person()?;
    let known = desk.replica()?.bill(&person.actor, bill.0)?;
    paper::bill(&desk.replica()?, &person, known, &language)
}

// ---- emergency access: the cabinet asks for the role, the password and the reason

#[tauri::command]
async fn break_glass(desk: State<'_, Desk>, password: String, reason: String) -> Answer<Emergency> {
    let person = desk.person()?;
    let username = &person.session.staff.username;
    let cabinet = &desk.cabinet;
    let opened = cabinet
        .break_glass(&person.actor, username, &password, &reason)
        .await;
    Ok(opened?)
}

#[tauri::command(async)]
fn emergency(desk: State<'_, Desk>) -> Answer<Option<Emergency>> {
    let person = desk.person()?;
    Ok(desk.cabinet.emergency(&person.actor)?)
}

#[tauri::command(async)]
fn emergency_search(desk: State<'_, Desk>, text: String) -> Answer<Vec<Summary>> {
    let person = desk.person()?;
    Ok(desk.cabinet.emergency_search(&person.actor, &text)?)
}

#[tauri::command(async)]
fn emergency_summary(desk: State<'_, Desk>, patient: RecordId) -> Answer<Option<Summary>> {
    let person = desk.person()?;
    Ok(desk.cabinet.emergency_summary(&person.actor, patient)?)
}

#[tauri::command(async)]
fn emergency_note(
    desk: State<'_, Desk>,
    patient: Option<RecordId>,
    text: String,
) -> Answer<Emergency> {
    let person = desk.person()?;
    Ok(desk.cabinet.emergency_note(&person.actor, patient, &text)?)
}

#[tauri::command(async)]
fn end_emergency(desk: State<'_, Desk>) -> Answer<()> {
    let person = desk.person()?;
    desk.cabinet.end_emergency(&person.actor);
    Ok(())
}

#[tauri::command]
async fn review_emergency(
    desk: State<'_, Desk>,
    password: String,
    review: Option<Review>,
) -> Answer<Vec<OpeningLine>> {
    let person = desk.person()?;
    let username = &person.session.staff.username;
    let cabinet = &desk.cabinet;
    let listed = cabinet
        .review_emergency(&person.actor, username, &password, review)
        .await;
    Ok(listed?)
}
