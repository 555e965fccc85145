//! What comes in: taken once, in any order, and never at the expense of the rest.

use crate::desk::{Desk, codes};
use reqwest::{Method, StatusCode};
use serde_json::json;
use shared::record::Kind;
use shared::sync::wire::{self, Envelope, PUSH_ENVELOPES, PushAnswer, PushV1, Verdict};
use sqlx::Row;
use sync_server::testing::TestHub;

#[tokio::test]
async fn a_change_is_taken_once_however_often_it_arrives() {
    let hub = TestHub::start().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let patient = desk.patient("Okafor");
    assert_eq!(desk.push(vec![patient.envelope()]).await, [Verdict::Taken]);
    assert_eq!(
        desk.push(vec![patient.envelope(), patient.envelope()])
            .await,
        [Verdict::Had, Verdict::Had]
    );
    let edited = desk.edit(&patient, &json!({ "bed": "A-1" }));
    // the same twice in one push
    assert_eq!(
        desk.push(vec![edited.envelope(), edited.envelope()]).await,
        [Verdict::Taken, Verdict::Had]
    );
    let counted: (i64, i64) =
        sqlx::query_as("select (select count(*) from change), (select count(*) from feed)")
            .fetch_one(&hub.app.pool)
            .await
            .unwrap();
    assert_eq!(counted, (2, 2));
}

#[tokio::test]
async fn the_same_push_sent_many_times_at_once_has_one_effect() {
    let hub = TestHub::start().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let envelopes: Vec<Envelope> = (0..20)
        .map(|n| desk.patient(&format!("P{n}")).envelope())
        .collect();
    let pushes = futures::future::join_all((0..8).map(|_| desk.push(envelopes.clone()))).await;
    let taken = pushes
        .iter()
        .flatten()
        .filter(|verdict| **verdict == Verdict::Taken)
        .count();
    let had = pushes
        .iter()
        .flatten()
        .filter(|verdict| **verdict == Verdict::Had)
        .count();
    assert_eq!((taken, had), (20, 140));
}

#[tokio::test]
async fn changes_in_the_wrong_order_are_parked_until_their_parents_are_here() {
    let hub = TestHub::start().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let first = desk.patient("Haddad");
    let second = desk.edit(&first, &json!({ "bed": "A-2" }));
    let third = desk.edit(&second, &json!({ "bed": "A-3" }));
    let verdicts = desk.push(vec![third.envelope(), first.envelope()]).await;
    assert_eq!(
        verdicts,
        [
            Verdict::Parked {
                missing: vec![second.edited.hash]
            },
            Verdict::Taken
        ]
    );
    assert_eq!(
        desk.push(vec![second.envelope(), third.envelope()]).await,
        [Verdict::Taken, Verdict::Taken]
    );
    let bed: String = sqlx::query_scalar("select body ->> 'bed' from record")
        .fetch_one(&hub.app.pool)
        .await
        .unwrap();
    assert_eq!(bed, "A-3");
}

#[tokio::test]
async fn one_bad_record_never_blocks_the_others() {
    let hub = TestHub::start().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let (good, other) = (desk.patient("Good"), desk.patient("Other"));
    let nameless = desk.make(Kind::Patient, &json!({ "bed": "A-1" }));
    let mut broken = desk.patient("Broken").envelope();
    broken.change.truncate(20);
    let mut unknown_kind = desk.patient("Kind").envelope();
    unknown_kind.kind = 99;
    let child = desk.edit(&nameless, &json!({ "bed": "A-2" }));
    let push = vec![
        good.envelope(),
        nameless.envelope(),
        broken.clone(),
        unknown_kind,
        child.envelope(),
        other.envelope(),
    ];
    let verdicts = desk.push(push).await;
    assert_eq!(verdicts[0], Verdict::Taken);
    assert!(matches!(verdicts[1], Verdict::Held { .. }));
    assert_eq!(codes(&verdicts[1]), ["patient.name_required"]);
    assert!(matches!(verdicts[2], Verdict::Refused { .. }));
    assert_eq!(codes(&verdicts[3]), ["record.kind"]);
    assert!(
        matches!(verdicts[4], Verdict::Parked { .. }),
        "it waits for what it builds on"
    );
    assert_eq!(verdicts[5], Verdict::Taken);
    // nothing is dropped: the hub keeps what it did not take, with the reason
    let kept: Vec<(Vec<u8>, bool)> =
        sqlx::query_as("select bytes, is_final from held_change order by is_final, kind")
            .fetch_all(&hub.app.pool)
            .await
            .unwrap();
    assert_eq!(kept.len(), 3);
    assert_eq!(kept[0], (nameless.edited.change.clone(), false));
    assert!(
        kept.iter()
            .any(|(bytes, is_final)| *bytes == broken.change && *is_final)
    );
}

#[tokio::test]
async fn a_number_given_twice_is_held_and_the_rest_is_taken() {
    let hub = TestHub::start().await;
    let (here, there) = (
        Desk::new(&hub, hub.ward).await,
        Desk::new(&hub, hub.other_ward).await,
    );
    let mrn = shared::patients::mrn(7);
    let with_mrn = |desk: &Desk| {
        desk.make(
            Kind::Patient,
            &json!({ "mrn": mrn, "name": [{ "family": "A" }], "ward": desk.enrolled.ward }),
        )
    };
    let (first, second) = (with_mrn(&here), with_mrn(&there));
    assert_eq!(here.push(vec![first.envelope()]).await, [Verdict::Taken]);
    let free = there.patient("Free");
    let verdicts = there
        .push(
            [&second, &free, &second]
                .map(|made| made.envelope())
                .to_vec(),
        )
        .await;
    assert_eq!(codes(&verdicts[0]), ["mrn.taken"]);
    assert_eq!(verdicts[1], Verdict::Taken);
    assert_eq!(codes(&verdicts[2]), ["mrn.taken"]);
    assert!(matches!(&verdicts[0], Verdict::Held { problems } if problems[0].field == "mrn"));
}

#[tokio::test]
async fn a_message_of_the_version_before_is_understood_and_answered_in_it() {
    let hub = TestHub::start().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let push = PushV1 {
        device: desk.enrolled.device,
        incarnation: 1,
        envelopes: vec![desk.patient("Old").envelope()],
    };
    let answer = desk
        .call(Method::POST, "/sync/v1/push", wire::encode_as(1, &push))
        .await;
    assert_eq!(wire::Frame::open(&answer.body).unwrap().version, 1);
    assert_eq!(answer.frame::<PushAnswer>().verdicts, [Verdict::Taken]);
}

#[tokio::test]
async fn messages_that_cannot_be_read_change_nothing_and_say_why() {
    let hub = TestHub::start().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let whole = wire::encode(&desk.push_of(vec![desk.patient("Whole").envelope()]));
    let check = async |body: Vec<u8>, status: StatusCode, code: &str| {
        let answer = desk.call(Method::POST, "/sync/v1/push", body).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code));
    };
    let changed = |at: usize, byte: u8| {
        let mut frame = whole.clone();
        frame[at] = byte;
        frame
    };
    check(changed(2, 0), StatusCode::UPGRADE_REQUIRED, "frame.version").await;
    check(changed(2, 3), StatusCode::UPGRADE_REQUIRED, "frame.version").await;
    check(
        whole[..whole.len() - 5].to_vec(),
        StatusCode::BAD_REQUEST,
        "frame.damaged",
    )
    .await;
    check(
        whole[..10].to_vec(),
        StatusCode::BAD_REQUEST,
        "frame.not_ours",
    )
    .await;
    check(
        changed(whole.len() - 1, !whole[whole.len() - 1]),
        StatusCode::BAD_REQUEST,
        "frame.damaged",
    )
    .await;
    check(Vec::new(), StatusCode::BAD_REQUEST, "frame.not_ours").await;
    check(
        wire::encode(&"something else"),
        StatusCode::BAD_REQUEST,
        "frame.shape",
    )
    .await;
    // a frame that claims to unpack to more than is allowed
    check(
        [&whole[..8], &[255; 4], &whole[12..]].concat(),
        StatusCode::PAYLOAD_TOO_LARGE,
        "frame.too_long",
    )
    .await;
    check(
        vec![0; wire::FRAME_BYTES + 1000],
        StatusCode::PAYLOAD_TOO_LARGE,
        "frame.too_long",
    )
    .await;
    let many = vec![desk.patient("Many").envelope(); PUSH_ENVELOPES + 1];
    check(
        wire::encode(&desk.push_of(many)),
        StatusCode::PAYLOAD_TOO_LARGE,
        "push.too_many",
    )
    .await;
    let count: i64 = sqlx::query_scalar("select count(*) from change")
        .fetch_one(&hub.app.pool)
        .await
        .unwrap();
    assert_eq!(count, 0);
}

#[tokio::test]
async fn a_desk_cannot_write_into_a_chart_its_ward_does_not_see() {
    let hub = TestHub::start().await;
    let (here, there) = (
        Desk::new(&hub, hub.ward).await,
        Desk::new(&hub, hub.other_ward).await,
    );
    let patient = here.patient("Private");
    assert_eq!(here.push(vec![patient.envelope()]).await, [Verdict::Taken]);
    // an appointment of its own would make its ward see the whole chart
    let foreign = there.appointment(&hub, patient.id, hub.other_ward, "2027-03-01T09:00:00Z");
    assert_eq!(
        codes(&there.push(vec![foreign.envelope()]).await[0]),
        ["not_allowed"]
    );
    assert_eq!(there.feed(0).await.items, []);
}

#[tokio::test]
async fn changes_are_judged_by_what_their_author_may_do() {
    let hub = TestHub::start().await;
    let mut desk = Desk::new(&hub, hub.ward).await;
    let patient = desk.patient("Roles");
    assert_eq!(desk.push(vec![patient.envelope()]).await, [Verdict::Taken]);
    desk.staff = hub.receptionist;
    let clinical = desk.edit(&patient, &json!({ "bloodGroup": "A+" }));
    assert_eq!(
        codes(&desk.push(vec![clinical.envelope()]).await[0]),
        ["not_allowed"]
    );
    desk.staff = shared::ids::StaffId(sync_server::world::new_id());
    let unknown = desk.edit(&patient, &json!({ "bed": "A-9" }));
    assert_eq!(
        codes(&desk.push(vec![unknown.envelope()]).await[0]),
        ["staff.unknown"]
    );
    // a change under another device's name
    desk.staff = hub.doctor;
    let mut forged = Desk::new(&hub, hub.ward).await;
    forged.staff = hub.doctor;
    let theirs = forged.edit(&patient, &json!({ "bed": "A-10" }));
    assert!(matches!(
        desk.push(vec![theirs.envelope()]).await[0],
        Verdict::Refused { .. }
    ));
}

#[tokio::test]
async fn a_form_opened_on_an_older_version_is_merged_with_what_happened_since() {
    let hub = TestHub::start().await;
    let (here, there) = (
        Desk::new(&hub, hub.ward).await,
        Desk::new(&hub, hub.ward).await,
    );
    let patient = here.patient("Form");
    let bed = here.edit(&patient, &json!({ "bed": "A-1" }));
    assert_eq!(
        here.push(vec![patient.envelope(), bed.envelope()]).await,
        [Verdict::Taken, Verdict::Taken]
    );
    // the other desk has both changes; its form was opened before the second
    let late = shared::document::edit(
        Kind::Patient,
        &bed.edited.doc,
        &patient.edited.heads,
        &json!({ "bloodGroup": "A+" }),
        &there.stamp(),
    );
    let late = late.unwrap().unwrap();
    let envelope = Envelope {
        kind: 1,
        record: patient.id,
        change: late.change,
    };
    assert_eq!(there.push(vec![envelope]).await, [Verdict::Taken]);
    let body: serde_json::Value = sqlx::query_scalar("select body from record")
        .fetch_one(&hub.app.pool)
        .await
        .unwrap();
    assert_eq!(
        (&body["bed"], &body["bloodGroup"]),
        (&json!("A-1"), &json!("A+"))
    );
}

#[tokio::test]
async fn a_document_lengthened_many_times_holds_every_change() {
    let hub = TestHub::start().await;
    let (here, there) = (
        Desk::new(&hub, hub.ward).await,
        Desk::new(&hub, hub.ward).await,
    );
    let first = here.patient("Long");
    here.push(vec![first.envelope()]).await;
    // long enough that the tail is folded into the document on the way
    let mut last = here.edit(&first, &json!({ "bed": "A" }));
    here.push(vec![last.envelope()]).await;
    let mut heads = Vec::new();
    for bed in 0..80 {
        last = here.edit(&last, &json!({ "bed": format!("A-{bed}") }));
        heads.push(last.edited.hash);
        assert_eq!(here.push(vec![last.envelope()]).await, [Verdict::Taken]);
    }
    // what was written apart goes the long way, and what comes twice is known
    let apart = there.edit(&first, &json!({ "bloodGroup": "A+" }));
    assert_eq!(there.push(vec![apart.envelope()]).await, [Verdict::Taken]);
    assert_eq!(here.push(vec![last.envelope()]).await, [Verdict::Had]);
    heads.push(apart.edited.hash);

    let sql = "select doc || tail as doc, body, heads from record join document on record = id";
    let row = sqlx::query(sql).fetch_one(&hub.app.pool).await.unwrap();
    let (doc, body): (Vec<u8>, serde_json::Value) = (row.get("doc"), row.get("body"));
    let whole = shared::document::merge(Kind::Patient, Some(&doc), &[]).unwrap();
    assert_eq!(
        (&whole.body, whole.heads.to_bytes()),
        (&body, row.get("heads"))
    );
    assert_eq!(
        (&body["bed"], &body["bloodGroup"]),
        (&json!("A-79"), &json!("A+"))
    );
    for hash in heads {
        let found = shared::document::changes(&doc, &[hash]).unwrap();
        assert!(!found.is_empty());
    }
}
