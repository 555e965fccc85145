//! Becoming known, hospital numbers, and signing in.

use crate::desk::{Desk, client, client_from, new_key};
use crate::trust;
use reqwest::StatusCode;
use serde_json::{Value, json};
use shared::sync::wire::{self, NumberBlock, SignedIn};
use shared::unlock::{GRANT, OfflineGrant};
use std::collections::BTreeSet;
use sync_server::services::devices;
use sync_server::testing::{PASSWORD, TestHub};

async fn enrol(hub: &TestHub, code: &str, key: &ed25519_dalek::SigningKey) -> (StatusCode, Value) {
    let ask = json!({ "code": code, "name": "Desk", "public_key": wire::hex(key.verifying_key().as_bytes()) });
    let answer = client()
        .post(format!("{}/identity/v1/enrol", hub.url()))
        .json(&ask)
        .send()
        .await
        .expect("the hub answers");
    (
        answer.status(),
        answer.json().await.expect("the hub answers"),
    )
}

#[tokio::test]
async fn a_code_works_once_and_again_only_for_the_same_key() {
    let hub = TestHub::start().await;
    let (code, key) = (hub.code(hub.ward).await, new_key());
    let typed = code.to_lowercase().replace('-', " ");
    let (status, first) = enrol(&hub, &typed, &key).await;
    assert_eq!(status, StatusCode::OK);
    let (_, again) = enrol(&hub, &code, &key).await;
    assert_eq!(again, first, "the first answer may have been lost");
    let (status, problem) = enrol(&hub, &code, &new_key()).await;
    assert_eq!(
        (status, &problem["problems"][0]["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("enrol.code_wrong"))
    );
    let (status, _) = enrol(&hub, &hub.code(hub.ward).await, &key).await;
    assert_eq!(status, StatusCode::CONFLICT, "a key belongs to one device");
}

#[tokio::test]
async fn a_code_has_five_tries_and_ten_minutes() {
    let hub = TestHub::start().await;
    let code = hub.code(hub.ward).await;
    let wrong = format!(
        "{}{}",
        &code[..6],
        if code.ends_with("22222") {
            "33333"
        } else {
            "22222"
        }
    );
    for _ in 0..5 {
        assert_eq!(
            enrol(&hub, &wrong, &new_key()).await.0,
            StatusCode::UNPROCESSABLE_ENTITY
        );
    }
    assert_eq!(
        enrol(&hub, &code, &new_key()).await.0,
        StatusCode::UNPROCESSABLE_ENTITY,
        "the right one comes too late"
    );
    let late = hub.code(hub.ward).await;
    sqlx::query("update enrol_code set expires_at = now() - interval '1 second'")
        .execute(&hub.app.pool)
        .await
        .unwrap();
    assert_eq!(
        enrol(&hub, &late, &new_key()).await.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let kept: Vec<String> = sqlx::query_scalar("select hash from enrol_code")
        .fetch_all(&hub.app.pool)
        .await
        .unwrap();
    assert!(kept.iter().all(|hash| hash.starts_with("$argon2id$")));
}

#[tokio::test]
async fn every_problem_of_an_enrolment_is_named() {
    let hub = TestHub::start().await;
    let ask = json!({ "code": "X", "name": " ", "public_key": "zz" });
    let answer = client()
        .post(format!("{}/identity/v1/enrol", hub.url()))
        .json(&ask)
        .send()
        .await
        .unwrap();
    let document: Value = answer.json().await.unwrap();
    let fields: Vec<&Value> = document["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| &problem["field"])
        .collect();
    assert_eq!(fields, ["name", "public_key"]);
}

#[tokio::test]
async fn hospital_numbers_are_given_to_one_device_only() {
    let hub = TestHub::start().await;
    let (one, other) = (
        Desk::new(&hub, hub.ward).await,
        Desk::new(&hub, hub.other_ward).await,
    );
    let asks = (0..10).map(async |n| {
        let desk = if n % 2 == 0 { &one } else { &other };
        desk.post("/sync/v1/numbers", &json!({}))
            .await
            .json::<NumberBlock>()
    });
    let mut blocks = futures::future::join_all(asks).await;
    blocks.extend([one.enrolled.numbers, other.enrolled.numbers]);
    let numbers: BTreeSet<u32> = blocks
        .iter()
        .flat_map(|block| block.from..block.until)
        .collect();
    assert_eq!(numbers.len(), 12 * wire::NUMBER_BLOCK as usize);
}

#[tokio::test]
async fn people_sign_in_with_their_password_and_guessing_becomes_slow() {
    let hub = TestHub::start().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let sign_in = async |username: &str, password: &str| {
        desk.post(
            "/identity/v1/sign-in",
            &json!({ "username": username, "password": password }),
        )
        .await
    };
    let signed_in: SignedIn = sign_in(" Doctor ", PASSWORD).await.json();
    assert_eq!(signed_in.staff.id, hub.doctor);
    let hub_key = shared::seal::public_key(&desk.enrolled.hub_key).unwrap();
    let grant: OfflineGrant = signed_in.grant.open(&hub_key, GRANT).unwrap();
    let hours = (grant.not_after_ms - sync_server::world::now().0) / 3_600_000;
    assert_eq!(
        (grant.staff, hours),
        (signed_in.staff, 71),
        "72 hours from now"
    );
    assert_eq!(
        (grant.device, signed_in.share),
        (desk.enrolled.device, desk.enrolled.share.clone())
    );
    for username in ["doctor", "nobody", "import"] {
        let answer = sign_in(username, "wrong").await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::UNAUTHORIZED, "sign_in.wrong")
        );
    }
    for _ in 0..4 {
        sign_in("nurse", "wrong").await;
    }
    assert_eq!(
        sign_in("nurse", "wrong").await.status,
        StatusCode::UNAUTHORIZED
    );
    let answer = sign_in("nurse", PASSWORD).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (StatusCode::TOO_MANY_REQUESTS, "sign_in.wait")
    );
    assert_eq!(
        sign_in("doctor", PASSWORD).await.status,
        StatusCode::OK,
        "others are not made to wait"
    );
    sqlx::query("update staff set is_active = false where username = 'reception'")
        .execute(&hub.app.pool)
        .await
        .unwrap();
    assert_eq!(sign_in("reception", PASSWORD).await.code(), "sign_in.wrong");
}

#[tokio::test]
async fn reference_data_has_a_version_that_grows_when_it_changes() {
    let hub = TestHub::start().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let read = async || {
        desk.get("/sync/v1/reference")
            .await
            .json::<shared::staff::Reference>()
    };
    let before = read().await;
    assert_eq!(
        (
            before.wards.len(),
            before.departments.len(),
            before.staff.len()
        ),
        // three people, and two names under which the hub writes
        (2, 2, 5)
    );
    assert_eq!(desk.feed(0).await.reference, before.version);
    // a doctor of whom nothing else is said works whenever the clinic is open
    assert_eq!(before.schedules.len(), 1);
    assert_eq!(before.schedules[0].practitioner, hub.doctor);
    assert_eq!(before.schedules[0].departments.len(), 2);
    // work on records is not a change of it
    desk.push(vec![desk.patient("A").envelope()]).await;
    assert_eq!(read().await.version, before.version);
    sqlx::query("insert into medicine (name) values ('Paracetamol 500 mg')")
        .execute(&hub.app.pool)
        .await
        .unwrap();
    let after = read().await;
    assert!(after.version > before.version);
    assert_eq!(after.medicines, ["Paracetamol 500 mg"]);
}

#[tokio::test]
async fn who_guesses_makes_nobody_else_wait() {
    let hub = TestHub::start().await;
    let (one, other) = (
        Desk::new(&hub, hub.ward).await,
        Desk::new(&hub, hub.ward).await,
    );
    let sign_in = async |desk: &Desk, password: &str| {
        let ask = json!({ "username": "nurse", "password": password });
        desk.post("/identity/v1/sign-in", &ask).await.status
    };
    for _ in 0..6 {
        sign_in(&one, "wrong").await;
    }
    assert_eq!(sign_in(&one, PASSWORD).await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        sign_in(&other, PASSWORD).await,
        StatusCode::OK,
        "another desk"
    );
    let one = one.moved([127, 0, 0, 9]);
    assert_eq!(
        sign_in(&one, PASSWORD).await,
        StatusCode::OK,
        "another address"
    );

    let enrol = async |address: [u8; 4], code: &str| {
        let key = wire::hex(new_key().verifying_key().as_bytes());
        let ask = json!({ "code": code, "name": "Desk", "public_key": key });
        let call = client_from(address)
            .post(format!("{}/identity/v1/enrol", hub.url()))
            .json(&ask);
        call.send().await.unwrap().status()
    };
    let code = hub.code(hub.ward).await;
    for _ in 0..21 {
        enrol([127, 0, 0, 9], "2222222222").await;
    }
    let guesser = enrol([127, 0, 0, 9], &code).await;
    assert_eq!(guesser, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(enrol([127, 0, 0, 1], &code).await, StatusCode::OK);
}

#[tokio::test]
async fn a_workstation_waits_until_somebody_else_lets_it_in() {
    let hub = trust::hub().await;
    let desk = Desk::pending(&hub, hub.ward).await;
    let paths = [
        "/sync/v1/feed?after=0",
        "/sync/v1/live?after=0",
        "/sync/v1/bootstrap",
        "/sync/v1/reference",
        "/sync/v1/standing?incarnation=0&dseq=0",
        "/identity/v1/state",
    ];
    for path in paths {
        let answer = desk.get(path).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::FORBIDDEN, "device.pending"),
            "{path}"
        );
    }
    let push = wire::encode(&desk.push_of(vec![desk.patient("A").envelope()]));
    let answer = desk
        .call(reqwest::Method::POST, "/sync/v1/push", push)
        .await;
    assert_eq!(answer.code(), "device.pending");
    let device = desk.enrolled.device;
    // the nurse gave the code
    let same = devices::approve(&hub.app, device, hub.nurse).await;
    assert_eq!(
        same.map_err(|error| error.code()),
        Err("device.same_person".into())
    );
    assert_eq!(
        desk.get("/identity/v1/state").await.code(),
        "device.pending"
    );
    devices::approve(&hub.app, device, hub.doctor)
        .await
        .unwrap();
    assert_eq!(desk.get("/identity/v1/state").await.status, StatusCode::OK);
    assert_eq!(desk.feed(0).await.items.len(), 0);
}
