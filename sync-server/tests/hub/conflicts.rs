//! What two wards wrote apart from each other, from its cause until it is settled and opened again: with a real hub and
//! real replicas.

use crate::console::Browser;
use crate::desk::slot;
use crate::real::RealDesk;
use crate::slots::House;
use crate::trust::hub;
use replica::Courier;
use serde_json::{Value, json};
use shared::conflicts::list::{
    ConflictDone, ConflictLine, ConflictPage, ConflictSettle, ConflictUndo, ConflictWhole,
};
use shared::conflicts::settle::Choice;
use shared::desk::{Save, SaveAnswer};
use shared::ids::RecordId;
use shared::record::Kind;
use shared::sync::wire::Verdict;
use std::collections::BTreeSet;
use sync_server::testing::TestHub;
use sync_server::world;

/// A patient of two wards, and a desk of each.
pub(crate) struct Wards {
    pub(crate) hub: TestHub,
    pub(crate) one: RealDesk,
    pub(crate) other: RealDesk,
    pub(crate) patient: RecordId,
    pub(crate) order: RecordId,
}

impl Wards {
    pub(crate) async fn new() -> Self {
        let hub = hub().await;
        let one = RealDesk::beside(&hub).await;
        let other = RealDesk::new(&hub, &hub.url(), hub.other_ward).await;
        let (patient, order) = (RecordId(world::new_id()), RecordId(world::new_id()));
        let phone = json!([{ "value": "020 1111" }]);
        let draft = json!({ "name": [{ "family": "García", "given": "Ada" }], "ward": hub.ward, "bed": "A-1", "telecom": phone });
        save(&one, Kind::Patient, patient, draft);
        let line = json!([{ "medicine": "Digoxin", "dose": "1", "unit": "mg", "route": "oral", "frequency": "QD" }]);
        let draft =
            json!({ "patient": patient, "ward": hub.other_ward, "status": "draft", "line": line });
        save(&one, Kind::Prescription, order, draft);
        let wards = Self {
            hub,
            one,
            other,
            patient,
            order,
        };
        wards.exchange().await;
        wards
    }

    /// Sends and fetches until both replicas have everything.
    pub(crate) async fn exchange(&self) {
        for desk in [&self.one, &self.other, &self.one, &self.other] {
            Courier::round(&desk.replica).await.expect("exchanged");
        }
    }

    /// What both desks show and contend of a record: the same.
    pub(crate) fn same(&self, kind: Kind, id: RecordId) -> Value {
        let shown = |desk: &RealDesk| {
            let row = desk
                .replica
                .row(kind, id)
                .expect("readable")
                .expect("the desk has it");
            (row.body, row.heads, row.conflicts)
        };
        let (one, other) = (shown(&self.one), shown(&self.other));
        assert_eq!(one, other, "both replicas hold the same");
        json!({ "body": one.0, "conflicts": one.2 })
    }
}

/// Saves a record at a desk on top of what the desk shows.
pub(crate) fn save(desk: &RealDesk, kind: Kind, id: RecordId, draft: Value) {
    let base = desk
        .replica
        .row(kind, id)
        .expect("readable")
        .map(|row| row.heads);
    let ask = Save {
        kind,
        id,
        base,
        draft,
        held: None,
    };
    let answer = desk
        .replica
        .save(&desk.actor, &ask)
        .expect("it can be saved");
    assert!(matches!(answer, SaveAnswer::Saved { .. }), "{answer:?}");
}

pub(crate) async fn tell<T: serde::de::DeserializeOwned>(
    browser: &mut Browser,
    path: &str,
    said: &impl serde::Serialize,
) -> T {
    let answer = browser.post(path, &json!(said)).await;
    let status = answer.status();
    let text = answer.text().await.expect("an answer");
    assert_eq!(status.as_u16(), 200, "{text}");
    serde_json::from_str(&text).expect("the answer is JSON")
}

pub(crate) async fn settle(
    browser: &mut Browser,
    line: &ConflictLine,
    choice: Choice,
) -> ConflictDone {
    let said = ConflictSettle {
        ids: vec![line.id.clone()],
        choice,
    };
    tell(browser, "/console/v1/conflicts/settle", &said).await
}

pub(crate) async fn undo(browser: &mut Browser, line: &ConflictLine) -> ConflictDone {
    let said = ConflictUndo {
        ids: vec![line.id.clone()],
    };
    tell(browser, "/console/v1/conflicts/undo", &said).await
}

pub(crate) async fn list(browser: &mut Browser, narrow: &str) -> Vec<ConflictLine> {
    let page: ConflictPage = browser
        .json(&format!("/console/v1/conflicts{narrow}"))
        .await;
    page.lines
}

pub(crate) async fn whole(browser: &mut Browser, line: &ConflictLine) -> ConflictWhole {
    browser
        .json(&format!("/console/v1/conflicts/one?hash={}", line.id))
        .await
}

/// How often something was written into the hub's log.
pub(crate) async fn noted(hub: &TestHub, word: &str) -> i64 {
    sqlx::query_scalar(
        "select count(*) from audit_deed where position(convert_to($1, 'UTF8') in entry) > 0",
    )
    .bind(word)
    .fetch_one(&hub.app.pool)
    .await
    .expect("the deeds")
}

/// Two wards give one patient two beds while they cannot hear each other; the item of it.
async fn two_beds(wards: &Wards, mia: &mut Browser) -> ConflictLine {
    for (desk, bed) in [(&wards.one, "A-2"), (&wards.other, "A-3")] {
        save(desk, Kind::Patient, wards.patient, json!({ "bed": bed }));
    }
    wards.exchange().await;
    assert_eq!(wards.same(Kind::Patient, wards.patient)["conflicts"], 1);
    list(mia, "?kind=hard").await.remove(0)
}

#[tokio::test]
async fn two_beds_for_one_patient_are_shown_with_who_gave_them() {
    let wards = Wards::new().await;
    let mut mia = Browser::of(&wards.hub, "mia", "manager").await;
    assert_eq!(list(&mut mia, "").await, [], "an ordinary day has no items");
    let line = two_beds(&wards, &mut mia).await;
    assert_eq!(
        (line.field.as_str(), line.ward),
        ("bed", Some(wards.hub.ward))
    );
    assert_eq!(line.about.as_deref(), Some("García, Ada"));
    let looked = whole(&mut mia, &line).await;
    assert!(looked.may_settle && !looked.may_keep_both);
    let shown = wards.same(Kind::Patient, wards.patient);
    assert_eq!(
        (&looked.item.before, &looked.now),
        (&vec![json!("A-1")], &vec![shown["body"]["bed"].clone()])
    );
    let sides = looked.item.sides.iter();
    let said: BTreeSet<&str> = sides.filter_map(|side| side.values[0].as_str()).collect();
    assert_eq!(said, BTreeSet::from(["A-2", "A-3"]));
    assert_eq!(looked.desks, ["Desk", "Desk"]);
    assert_eq!(
        noted(&wards.hub, "conflict").await,
        1,
        "who looked is written down"
    );
}

#[tokio::test]
async fn what_is_settled_at_the_centre_reaches_both_wards_and_can_be_taken_back() {
    let wards = Wards::new().await;
    let mut mia = Browser::of(&wards.hub, "mia", "manager").await;
    let line = two_beds(&wards, &mut mia).await;
    let looked = whole(&mut mia, &line).await;
    let place = looked
        .item
        .sides
        .iter()
        .position(|side| side.values != looked.now);
    let side = place.expect("what does not show") as u32;
    let done = settle(&mut mia, &line, Choice::Take { side }).await;
    assert_eq!((done.done, done.left), (1, Vec::new()));
    wards.exchange().await;
    let after = wards.same(Kind::Patient, wards.patient);
    let taken = &looked.item.sides[side as usize].values[0];
    assert_eq!(
        (&after["body"]["bed"], &after["conflicts"]),
        (taken, &json!(0))
    );
    assert_eq!(list(&mut mia, "").await, []);
    let settled = list(&mut mia, "?state=settled").await.remove(0);
    assert_eq!(
        (settled.action.as_deref(), settled.can_undo),
        (Some("take"), true)
    );
    assert_eq!(
        noted(&wards.hub, "take").await,
        1,
        "who settled it is written down"
    );
    let again = settle(&mut mia, &line, Choice::Keep).await;
    assert_eq!(again.left[0].problem.code, "conflict.settled");
    assert_eq!(undo(&mut mia, &line).await.done, 1);
    wards.exchange().await;
    assert_eq!(
        wards.same(Kind::Patient, wards.patient)["body"]["bed"],
        looked.now[0],
        "as it was"
    );
    assert_eq!(
        list(&mut mia, "").await[0].id,
        line.id,
        "it waits for somebody again"
    );
    assert_eq!(settle(&mut mia, &line, Choice::Restore).await.done, 1);
    wards.exchange().await;
    assert_eq!(
        wards.same(Kind::Patient, wards.patient)["body"]["bed"],
        "A-1"
    );
}

#[tokio::test]
async fn a_dose_and_its_unit_changed_apart_are_settled_by_a_doctor_at_their_ward() {
    let wards = Wards::new().await;
    let row = |desk: &RealDesk| {
        desk.replica
            .row(Kind::Prescription, wards.order)
            .expect("readable")
            .expect("it is there")
    };
    let id = row(&wards.one).body["line"][0]["id"].clone();
    for (desk, mut line) in [
        (&wards.one, json!({ "dose": "125" })),
        (&wards.other, json!({ "unit": "mcg" })),
    ] {
        line["id"] = id.clone();
        save(
            desk,
            Kind::Prescription,
            wards.order,
            json!({ "line": [line] }),
        );
    }
    wards.exchange().await;
    assert_eq!(wards.same(Kind::Prescription, wards.order)["conflicts"], 1);
    let mut mia = Browser::of(&wards.hub, "mia", "manager").await;
    let item = list(&mut mia, "?kind=soft").await.remove(0);
    let looked = whole(&mut mia, &item).await;
    assert_eq!(looked.now, [json!("125"), json!("mcg")]);
    assert!(
        !looked.may_settle,
        "the clinical manager orders no medicines"
    );
    let done = settle(&mut mia, &item, Choice::Keep).await;
    assert_eq!(
        (done.done, done.left[0].problem.code.as_str()),
        (0, "not_allowed")
    );
    let conflicts = wards
        .other
        .replica
        .conflicts(Kind::Prescription, wards.order)
        .expect("readable");
    assert_eq!(conflicts.len(), 2, "both fields are shown together");
    assert_eq!(conflicts[0].rule.code, "rule.together");
    let (desk, path) = (&wards.other, &conflicts[0].path);
    let heads = row(desk).heads;
    let answer = desk.replica.resolve(
        &desk.actor,
        Kind::Prescription,
        wards.order,
        path,
        &json!("125"),
        &heads,
    );
    assert!(matches!(answer, Ok(SaveAnswer::Saved { .. })), "{answer:?}");
    wards.exchange().await;
    assert_eq!(wards.same(Kind::Prescription, wards.order)["conflicts"], 0);
    let settled = list(&mut mia, "?state=settled").await.remove(0);
    assert_eq!(
        (settled.id.as_str(), settled.action.as_deref()),
        (item.id.as_str(), Some("written"))
    );
    assert_eq!(settled.settled_by, Some(wards.hub.doctor));
    assert_eq!(list(&mut mia, "").await, []);
}

#[tokio::test]
async fn no_allergy_and_an_allergy_wait_until_one_of_them_is_taken_back() {
    let wards = Wards::new().await;
    let allergy =
        json!({ "allergy": [{ "substance": "Penicillin", "verification": "confirmed" }] });
    save(&wards.one, Kind::Patient, wards.patient, allergy);
    save(
        &wards.other,
        Kind::Patient,
        wards.patient,
        json!({ "noKnownAllergies": true }),
    );
    wards.exchange().await;
    let mut mia = Browser::of(&wards.hub, "mia", "manager").await;
    let item = list(&mut mia, "?kind=invariant").await.remove(0);
    assert_eq!(item.rule.code, "allergy.none_and_some");
    assert_eq!(settle(&mut mia, &item, Choice::Dismiss).await.done, 1);
    assert_eq!(list(&mut mia, "").await, []);
    assert_eq!(undo(&mut mia, &item).await.done, 1);
    assert_eq!(list(&mut mia, "").await.len(), 1);
    save(
        &wards.other,
        Kind::Patient,
        wards.patient,
        json!({ "noKnownAllergies": false }),
    );
    wards.exchange().await;
    assert_eq!(wards.same(Kind::Patient, wards.patient)["conflicts"], 0);
    assert_eq!(list(&mut mia, "").await, []);
    assert_eq!(
        list(&mut mia, "?state=settled").await[0].action.as_deref(),
        Some("changed")
    );
}

#[tokio::test]
async fn who_lost_a_slot_is_an_item_until_they_have_another() {
    let house = House::new(2, 2).await;
    let first = house.ago(0, 0, &slot(0), 0);
    let second = house.ago(1, 1, &slot(0), 0);
    assert_eq!(house.push(0, &first).await, Verdict::Taken);
    assert_eq!(house.push(1, &second).await, Verdict::Taken);
    let mut mia = Browser::of(&house.hub, "mia", "manager").await;
    let item = list(&mut mia, "?kind=invariant").await.remove(0);
    assert_eq!(
        (item.rule.code.as_str(), item.record),
        ("slot.taken", Some(second.id))
    );
    let heads: Vec<u8> = sqlx::query_scalar(
        "select document.doc || record.tail from record join document on record = id where id = $1",
    )
    .bind(second.id.0)
    .fetch_one(&house.hub.app.pool)
    .await
    .expect("the appointment");
    let mut now = second;
    now.edited.heads = shared::document::heads(&heads).expect("heads");
    now.edited.doc = heads;
    let rebooked = house.desks[1].edit(
        &now,
        &json!({ "start": slot(1), "status": "pending", "lost": null }),
    );
    let rebooked_without =
        house.desks[1].edit(&now, &json!({ "start": slot(1), "status": "pending" }));
    // what the hub decided is the hub's to take back
    assert!(matches!(
        house.push(1, &rebooked).await,
        Verdict::Held { .. }
    ));
    assert_eq!(house.push(1, &rebooked_without).await, Verdict::Taken);
    assert_eq!(list(&mut mia, "?kind=invariant").await, []);
}
