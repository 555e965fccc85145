//! The list of what was decided without asking anybody: narrowed, owned, settled in bulk, and by whom.

use crate::conflicts::{Wards, list, save, settle, tell, undo, whole};
use crate::console::Browser;
use crate::desk::Desk;
use crate::trust::{desk_of, hub};
use serde_json::{Value, json};
use shared::access::Role;
use shared::conflicts::list::{ConflictDone, ConflictOwn, ConflictSettle, ConflictUndo};
use shared::conflicts::settle::Choice;
use shared::console::HeldDecision;
use shared::record::Kind;
use shared::sync::wire::Verdict;
use sync_server::testing::TestHub;

#[tokio::test]
async fn held_work_and_old_replicas_are_items_until_somebody_decides() {
    let hub = hub().await;
    let desk = desk_of(&hub, hub.ward, hub.receptionist).await;
    let patient = desk.patient("Held");
    assert_eq!(desk.push(vec![patient.envelope()]).await, [Verdict::Taken]);
    let blood = desk.edit(&patient, &json!({ "bloodGroup": "A+" }));
    assert!(matches!(
        desk.push(vec![blood.envelope()]).await[0],
        Verdict::Held { .. }
    ));
    sqlx::query("insert into device_alarm (device, code, incarnation, dseq) values ($1, 'device.rolled_back', 1, 1)")
        .bind(desk.enrolled.device.0)
        .execute(&hub.app.pool)
        .await
        .expect("an alarm");
    let mut mia = Browser::of(&hub, "mia", "manager").await;
    let held = list(&mut mia, "?kind=quarantine").await.remove(0);
    assert_eq!(
        (held.rule.code.as_str(), held.desk.as_deref()),
        ("not_allowed", Some("Desk"))
    );
    assert_eq!(
        settle(&mut mia, &held, Choice::Dismiss).await.left[0]
            .problem
            .code,
        "conflict.elsewhere"
    );
    let said = HeldDecision {
        hash: held.id.clone(),
        refusal: Some("Ask the doctor".into()),
    };
    assert_eq!(
        mia.say("/console/v1/held/decide", &said).await,
        Vec::<String>::new()
    );
    assert_eq!(list(&mut mia, "?kind=quarantine").await, []);
    let settled = list(&mut mia, "?state=settled").await.remove(0);
    assert_eq!(
        (settled.action.as_deref(), settled.can_undo),
        (Some("refused"), false)
    );
    let stale = list(&mut mia, "?kind=stale").await.remove(0);
    assert_eq!(
        (stale.rule.code.as_str(), stale.ward),
        ("device.rolled_back", Some(hub.ward))
    );
    assert_eq!(settle(&mut mia, &stale, Choice::Dismiss).await.done, 1);
    assert_eq!(list(&mut mia, "").await, []);
    assert_eq!(undo(&mut mia, &stale).await.done, 1);
    assert_eq!(list(&mut mia, "").await.len(), 1);
}

/// Two desks write beds of these patients apart.
async fn contend(hub: &TestHub, names: &[&str]) {
    let (one, other) = (
        Desk::new(hub, hub.ward).await,
        Desk::new(hub, hub.ward).await,
    );
    for name in names {
        let patient = one.patient(name);
        let (a, b) = (
            one.edit(&patient, &json!({ "bed": "A-2" })),
            other.edit(&patient, &json!({ "bed": "A-3" })),
        );
        assert_eq!(
            one.push(vec![patient.envelope(), a.envelope()]).await,
            [Verdict::Taken, Verdict::Taken]
        );
        assert_eq!(other.push(vec![b.envelope()]).await, [Verdict::Taken]);
    }
}

#[tokio::test]
async fn items_are_narrowed_owned_and_settled_in_bulk() {
    let hub = hub().await;
    contend(&hub, &["One", "Two", "Three"]).await;
    let mut mia = Browser::of(&hub, "mia", "manager").await;
    let all = list(&mut mia, "").await;
    assert_eq!(all.len(), 3);
    assert_eq!(list(&mut mia, &format!("?ward={}", hub.ward)).await, all);
    assert_eq!(
        list(&mut mia, &format!("?ward={}", hub.other_ward)).await,
        []
    );
    assert_eq!(list(&mut mia, "?kind=soft").await, []);
    assert_eq!(list(&mut mia, "?hours=1").await, [], "they are younger");
    assert_eq!(list(&mut mia, "?hours=0").await, all);
    for wrong in ["?kind=nonsense", "?after=nonsense", "?unknown=1"] {
        assert_eq!(
            mia.get(&format!("/console/v1/conflicts{wrong}"))
                .await
                .status()
                .as_u16(),
            400,
            "{wrong}"
        );
    }
    let own = ConflictOwn {
        ids: vec![all[0].id.clone()],
        is_mine: true,
    };
    let done: ConflictDone = tell(&mut mia, "/console/v1/conflicts/own", &own).await;
    assert_eq!(done.done, 1);
    let me: Value = mia.json("/console/v1/me").await;
    let mine = list(
        &mut mia,
        &format!("?owner={}", me["staff"].as_str().expect("an id")),
    )
    .await;
    assert_eq!((mine.len(), &mine[0].id), (1, &all[0].id));
    let ids: Vec<String> = all.iter().map(|line| line.id.clone()).collect();
    let many = ConflictSettle {
        ids: vec![ids[0].clone(); 501],
        choice: Choice::Keep,
    };
    assert_eq!(
        mia.say("/console/v1/conflicts/settle", &many).await,
        ["conflict.too_many"]
    );
    let said = ConflictSettle {
        ids: ids.clone(),
        choice: Choice::Restore,
    };
    let done: ConflictDone = tell(&mut mia, "/console/v1/conflicts/settle", &said).await;
    assert_eq!((done.done, done.left), (3, Vec::new()));
    assert_eq!(list(&mut mia, "").await, []);
    let done: ConflictDone = tell(
        &mut mia,
        "/console/v1/conflicts/undo",
        &ConflictUndo { ids },
    )
    .await;
    assert_eq!(done.done, 3);
    assert_eq!(list(&mut mia, "").await.len(), 3);
}

#[tokio::test]
async fn an_item_that_gains_a_side_stays_as_old_and_as_much_somebodys() {
    let hub = hub().await;
    let desks = [
        Desk::new(&hub, hub.ward).await,
        Desk::new(&hub, hub.ward).await,
        Desk::new(&hub, hub.ward).await,
    ];
    let patient = desks[0].patient("Three");
    assert_eq!(
        desks[0].push(vec![patient.envelope()]).await,
        [Verdict::Taken]
    );
    let mut mia = Browser::of(&hub, "mia", "manager").await;
    for (nth, desk) in desks.iter().enumerate() {
        let bed = desk.edit(&patient, &json!({ "bed": format!("A-{nth}") }));
        assert_eq!(desk.push(vec![bed.envelope()]).await, [Verdict::Taken]);
        if nth == 1 {
            sqlx::query("update conflict_item set raised_at = '2020-01-01T00:00:00Z', owner = $1")
                .bind(hub.doctor.0)
                .execute(&hub.app.pool)
                .await
                .expect("it is old");
        }
    }
    let lines = list(&mut mia, "").await;
    assert_eq!(
        (lines.len(), lines[0].raised_at.as_str(), lines[0].owner),
        (1, "2020-01-01T00:00:00Z", Some(hub.doctor))
    );
    assert_eq!(whole(&mut mia, &lines[0]).await.item.sides.len(), 3);
}

#[tokio::test]
async fn an_item_is_settled_by_who_may_write_what_it_is_about() {
    let wards = Wards::new().await;
    let allergy = json!({ "allergy": [{ "substance": "Latex", "verification": "confirmed" }] });
    save(&wards.one, Kind::Patient, wards.patient, allergy);
    wards.exchange().await;
    let row = wards
        .one
        .replica
        .row(Kind::Patient, wards.patient)
        .expect("readable")
        .expect("it is there");
    let id = row.body["allergy"][0]["id"].clone();
    for (desk, reaction) in [(&wards.one, "Rash"), (&wards.other, "Fever")] {
        save(
            desk,
            Kind::Patient,
            wards.patient,
            json!({ "allergy": [{ "id": id, "reaction": reaction }] }),
        );
    }
    wards.exchange().await;
    let mut mia = Browser::of(&wards.hub, "mia", "manager").await;
    let item = list(&mut mia, "").await.remove(0);
    assert_eq!(
        settle(&mut mia, &item, Choice::Both).await.left[0]
            .problem
            .code,
        "not_allowed"
    );
    let mut pia = Browser::of(&wards.hub, "pia", "pharmacist").await;
    assert!(whole(&mut pia, &item).await.may_keep_both);
    assert_eq!(settle(&mut pia, &item, Choice::Both).await.done, 1);
    wards.exchange().await;
    let reaction =
        wards.same(Kind::Patient, wards.patient)["body"]["allergy"][0]["reaction"].clone();
    let said = reaction.as_str().expect("a reaction");
    assert!(said.contains("Rash") && said.contains("Fever"), "{said}");
    let mut wei = Browser::of(&wards.hub, "wei", "admin").await;
    assert_eq!(
        wei.get("/console/v1/conflicts").await.status().as_u16(),
        403
    );
    assert!(shared::access::may_do(&[Role::Admin], shared::access::Task::SettleConflicts).is_err());
}
