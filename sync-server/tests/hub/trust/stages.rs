//! Every stage stops what is its to stop, with a code of its own, and leaves nothing behind.

use crate::desk::{Desk, Made, codes, new_key};
use crate::trust::hub;
use reqwest::Method;
use serde_json::{Value, json};
use shared::clock::Now;
use shared::document::{self, Stamp, Write};
use shared::forged::Parts;
use shared::record::Kind;
use shared::sync::stage::Stage;
use shared::sync::wire::{self, Envelope, PUSH_ENVELOPES, Verdict};
use sync_server::testing::TestHub;
use sync_server::world;

/// Something a hostile desk sends, and the code it is stopped with.
struct Attempt {
    stage: Stage,
    code: &'static str,
    envelope: Envelope,
}

fn attempt(stage: Stage, code: &'static str, made: &Made, change: Vec<u8>) -> Attempt {
    let envelope = Envelope {
        change,
        ..made.envelope()
    };
    Attempt {
        stage,
        code,
        envelope,
    }
}

fn parts(made: &Made) -> Parts {
    Parts::of(&made.edited.change).expect("an honest change")
}

fn written(desk: &Desk, made: &Made, path: &str, value: Value, stamp: Option<Stamp>) -> Vec<u8> {
    let write = Write {
        path: path.into(),
        value,
    };
    let stamp = stamp.unwrap_or_else(|| desk.stamp());
    let edited = document::write(made.kind, &made.edited.doc, &[write], None, &stamp);
    edited.expect("its own").expect("it differs").change
}

/// Bombs and damage, which are stopped before anything is unpacked or believed.
fn unreadable(made: &Made) -> Vec<Attempt> {
    let (size, content) = (Stage::Size, Stage::Content);
    let with = |parts: Parts| parts.bytes();
    let mut message = parts(made);
    message.message = vec![b'0'; 300];
    let nested = parts(made).with_columns(&[
        (0x15, vec![1, 3, b'b', b'e', b'd']),
        (0x34, vec![1]),
        (0x42, vec![1, 0]),
        (0x56, vec![1, 0]),
        (0x70, vec![1, 0]),
    ]);
    vec![
        attempt(size, "change.too_long", made, vec![0; 300 << 10]),
        attempt(
            size,
            "change.too_many_ops",
            made,
            with(parts(made).bomb(60_000, 0, "bed")),
        ),
        attempt(
            size,
            "change.too_many_ops",
            made,
            with(parts(made).bomb(1, 1 << 40, "bed")),
        ),
        attempt(size, "change.message_too_long", made, with(message)),
        attempt(
            content,
            "change.malformed",
            made,
            made.edited.change[..30].to_vec(),
        ),
        attempt(content, "change.malformed", made, made.edited.doc.clone()),
        attempt(
            content,
            "change.shape",
            made,
            with(parts(made).bomb(2, 0, &"x".repeat(1_000))),
        ),
        attempt(content, "change.shape", made, with(nested)),
    ]
}

/// Changes that can be read, but do not follow from what is here.
fn out_of_order(desk: &Desk, other: &Desk, made: &Made) -> Vec<Attempt> {
    let order = Stage::Order;
    let bed = |stamp: Option<Stamp>| written(desk, made, "bed", json!("A-1"), stamp);
    let honest = || Parts::of(&bed(None)).expect("an honest change");
    let changed = |change: fn(&mut Parts)| {
        let mut parts = honest();
        change(&mut parts);
        parts.bytes()
    };
    let theirs = Stamp {
        staff: desk.staff,
        ..other.stamp()
    };
    let newer = Stamp {
        incarnation: desk.incarnation + 1,
        ..desk.stamp()
    };
    let later = Stamp {
        now: Now(i64::MAX / 4),
        ..desk.stamp()
    };
    let early = Stamp {
        now: Now(0),
        ..desk.stamp()
    };
    vec![
        attempt(order, "change.actor", made, bed(Some(theirs))),
        attempt(order, "change.actor", made, bed(Some(newer))),
        attempt(order, "change.time", made, bed(Some(later))),
        attempt(order, "change.time", made, bed(Some(early))),
        attempt(order, "change.seq", made, changed(|parts| parts.seq += 1)),
        attempt(
            order,
            "change.start_op",
            made,
            changed(|parts| parts.start_op += 100_000),
        ),
        attempt(
            order,
            "change.start_op",
            made,
            changed(|parts| parts.start_op = 1),
        ),
        attempt(
            order,
            "change.second_beginning",
            made,
            changed(|parts| parts.deps.clear()),
        ),
    ]
}

/// Changes that are in order, but not their author's to make or not sound.
fn not_right(hub: &TestHub, desk: &Desk, made: &Made, taken_mrn: &str) -> Vec<Attempt> {
    let (permission, soundness) = (Stage::Permission, Stage::Soundness);
    let by = |staff| {
        Some(Stamp {
            staff,
            ..desk.stamp()
        })
    };
    let write = |path: &str, value: Value| written(desk, made, path, value, None);
    let clerk = written(desk, made, "bloodGroup", json!("A+"), by(hub.receptionist));
    let nobody = shared::ids::StaffId(world::new_id());
    let unknown = written(desk, made, "bed", json!("A-1"), by(nobody));
    let name = format!(
        "name/{}/family",
        made.edited.body["name"][0]["id"].as_str().unwrap_or("")
    );
    let given = name.replace("family", "given");
    let nameless = [name.as_str(), given.as_str()].map(|path| Write {
        path: path.into(),
        value: Value::Null,
    });
    let nameless = document::write(
        Kind::Patient,
        &made.edited.doc,
        &nameless,
        None,
        &desk.stamp(),
    );
    let nameless = nameless.expect("its own").expect("it differs").change;
    vec![
        attempt(permission, "not_allowed", made, clerk),
        attempt(
            permission,
            "field.unknown",
            made,
            write("shoeSize", json!(44)),
        ),
        attempt(permission, "staff.unknown", made, unknown),
        attempt(soundness, "patient.name_required", made, nameless),
        attempt(
            soundness,
            "birth_date.in_future",
            made,
            write("birthDate", json!("2999-01-01")),
        ),
        attempt(soundness, "shape", made, write("gender", json!("\0"))),
        attempt(soundness, "mrn.taken", made, write("mrn", json!(taken_mrn))),
        attempt(
            soundness,
            "ward.unknown",
            made,
            write("ward", json!(world::new_id())),
        ),
    ]
}

#[tokio::test]
async fn every_stage_stops_what_is_its_to_stop() {
    let hub = hub().await;
    let (desk, other) = (
        Desk::new(&hub, hub.ward).await,
        Desk::new(&hub, hub.ward).await,
    );
    let mrn = shared::patients::mrn(77);
    let first = desk.make(
        Kind::Patient,
        &json!({ "mrn": mrn, "name": [{ "family": "A" }], "ward": hub.ward }),
    );
    let made = desk.patient("Stages");
    assert_eq!(
        desk.push(vec![first.envelope(), made.envelope()]).await,
        [Verdict::Taken, Verdict::Taken]
    );
    let before = counts(&hub).await;
    let mut stages = Vec::new();
    let sets = [
        unreadable(&made),
        out_of_order(&desk, &other, &made),
        not_right(&hub, &desk, &made, &mrn),
    ];
    for attempts in sets {
        // each set at once: what is wrong with one change is not the others' affair
        let envelopes = attempts
            .iter()
            .map(|attempt| attempt.envelope.clone())
            .collect();
        let verdicts = desk.push(envelopes).await;
        for (attempt, verdict) in attempts.iter().zip(&verdicts) {
            let found = codes(verdict).first().cloned().unwrap_or_default();
            assert_eq!(found, attempt.code, "{verdict:?}");
            assert_eq!(Stage::of(&found), attempt.stage);
            stages.push(attempt.stage);
        }
        assert_eq!(
            counts(&hub).await.0,
            before.0,
            "nothing became part of the record"
        );
    }
    let kept = counts(&hub).await.1;
    assert!(kept > 15, "{kept}: what is not taken is kept, each once");
    stages.extend([Stage::Call, Stage::Device, Stage::Written]);
    stages.sort_unstable();
    stages.dedup();
    assert_eq!(
        stages,
        Stage::ALL,
        "the other three have tests of their own"
    );
}

async fn counts(hub: &TestHub) -> (i64, i64) {
    sqlx::query_as("select (select count(*) from change), (select count(*) from held_change)")
        .fetch_one(&hub.app.pool)
        .await
        .expect("the hub answers")
}

#[tokio::test]
async fn a_call_that_is_not_ours_or_not_its_devices_is_not_even_read() {
    let hub = hub().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let check = |code: String, expect: &str, stage: Stage| {
        assert_eq!(code, expect);
        assert_eq!(Stage::of(&code), stage);
    };
    let push = |body: Vec<u8>| desk.call(Method::POST, "/sync/v1/push", body);
    check(
        push(b"hello".to_vec()).await.code(),
        "frame.not_ours",
        Stage::Call,
    );
    let many = vec![desk.patient("Many").envelope(); PUSH_ENVELOPES + 1];
    let many = wire::encode(&desk.push_of(many));
    check(push(many).await.code(), "push.too_many", Stage::Call);
    let body = wire::encode(&desk.push_of(vec![desk.patient("A").envelope()]));
    let (path, now) = ("/sync/v1/push", world::now().0);
    let header = wire::sign(&new_key(), desk.enrolled.device, "POST", path, now, &body);
    let answer = desk.send(Method::POST, path, Some(header), body).await;
    check(answer.code(), "device.signature", Stage::Device);
    assert_eq!(counts(&hub).await, (0, 0));
}

#[tokio::test]
async fn a_push_that_would_unpack_to_too_much_is_cut_smaller_by_its_desk() {
    let hub = hub().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let long = |n: u32| {
        let draft = json!({ "name": [{ "family": format!("L{n}") }], "notes": "x".repeat(19_000), "ward": hub.ward });
        desk.make(Kind::Patient, &draft).envelope()
    };
    let envelopes: Vec<Envelope> = (0..12).map(long).collect();
    let body = wire::encode(&desk.push_of(envelopes.clone()));
    let answer = desk.call(Method::POST, "/sync/v1/push", body).await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (413, "push.too_large")
    );
    for half in envelopes.chunks(6) {
        assert!(
            desk.push(half.to_vec())
                .await
                .iter()
                .all(|verdict| *verdict == Verdict::Taken)
        );
    }
}

#[tokio::test]
async fn what_is_acknowledged_was_written() {
    let hub = hub().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let (good, bad) = (
        desk.patient("Good"),
        desk.make(Kind::Patient, &json!({ "bed": "A-1" })),
    );
    let verdicts = desk.push(vec![good.envelope(), bad.envelope()]).await;
    assert_eq!(verdicts[0], Verdict::Taken);
    assert_eq!(codes(&verdicts[1]), ["patient.name_required"]);
    assert_eq!(counts(&hub).await, (1, 1));
    // and what cannot be written is not acknowledged
    hub.as_owner("alter table record rename to elsewhere")
        .await
        .unwrap();
    let body = wire::encode(&desk.push_of(vec![desk.patient("Lost").envelope()]));
    let answer = desk.call(Method::POST, "/sync/v1/push", body).await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (500, "hub.failed")
    );
    assert_eq!(Stage::of("hub.failed"), Stage::Written);
}
