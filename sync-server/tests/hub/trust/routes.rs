//! Every route × every caller: role, ward and state of the device. Nothing is left undeclared, and nothing unasked.

use crate::desk::{Answer, Desk, new_key};
use crate::trust::{hub, people};
use reqwest::Method;
use serde_json::json;
use shared::access::calls::{HUB, Needs};
use shared::emergency::Opening;
use shared::ids::{DeviceId, OpeningId, RecordId};
use shared::sync::lineage::Hashes;
use shared::sync::wire::{self, Envelope, Manifest, Verdict};
use std::time::{Duration, Instant};
use sync_server::testing::{PASSWORD, TestHub};
use sync_server::world;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DeviceState {
    Active,
    Pending,
    Suspended,
    Revoked,
    Unknown,
}

impl DeviceState {
    const ALL: [DeviceState; 5] = [
        DeviceState::Active,
        DeviceState::Unknown,
        DeviceState::Pending,
        DeviceState::Suspended,
        DeviceState::Revoked,
    ];

    /// What makes a device that was active so.
    fn sql(self) -> &'static str {
        match self {
            DeviceState::Active | DeviceState::Unknown => {
                "update device set approved_at = now() where id = $1"
            }
            DeviceState::Pending => "update device set approved_at = null where id = $1",
            DeviceState::Suspended => {
                "update device set approved_at = now(), suspended_at = now() where id = $1"
            }
            DeviceState::Revoked => "update device set revoked_at = now() where id = $1",
        }
    }

    /// The answer to one that may not work.
    fn refusal(self) -> (u16, &'static str) {
        match self {
            DeviceState::Active => (200, ""),
            DeviceState::Unknown => (401, "device.unknown"),
            DeviceState::Pending => (403, "device.pending"),
            DeviceState::Suspended => (403, "device.suspended"),
            DeviceState::Revoked => (403, "device.revoked"),
        }
    }
}

/// What a desk may ask and say that was stopped.
const ORDERS: [&str; 2] = ["/identity/v1/status ", "/identity/v1/wiped "];

/// A call of a route as it is made by a desk. A new route has no call here, and fails.
fn call_of(
    desk: &Desk,
    hub: &TestHub,
    route: (&str, &str),
    (snapshot, username): (u64, &str),
) -> (Method, String, Vec<u8>) {
    let (method, path) = route;
    let json = |value: serde_json::Value| serde_json::to_vec(&value).expect("it is JSON");
    let (path, body) = match path {
        "/sync/v1/push" => (
            path.into(),
            wire::encode(&desk.push_of(vec![desk.patient("R").envelope()])),
        ),
        "/sync/v1/feed" | "/sync/v1/live" => (format!("{path}?after=0"), Vec::new()),
        "/sync/v1/bootstrap/{snapshot}/{segment}" => {
            (format!("/sync/v1/bootstrap/{snapshot}/0"), Vec::new())
        }
        "/sync/v1/emergency" => (format!("{path}?after=0"), Vec::new()),
        "/sync/v1/emergency/openings" => {
            let (id, staff) = (OpeningId(world::new_id()), desk.staff);
            let opening = Opening::begin(id, staff, "Collapsed in the lift", world::now());
            (path.into(), serde_json::to_vec(&opening).expect("JSON"))
        }
        // a right password of somebody who is no clinical manager
        "/sync/v1/audit/look" => (
            path.into(),
            json(json!({ "username": "doctor", "password": PASSWORD, "run": null })),
        ),
        "/sync/v1/emergency/review" => (
            path.into(),
            json(json!({ "username": "doctor", "password": PASSWORD, "review": null })),
        ),
        "/sync/v1/numbers" => (path.into(), json(json!({}))),
        "/sync/v1/bills" => (path.into(), json(json!({ "known": [] }))),
        "/sync/v1/receipts" => (
            path.into(),
            json(json!({ "incarnation": 1, "documents": [] })),
        ),
        // nobody is told whether this is nearly a code
        "/identity/v1/enrol" => (
            path.into(),
            json(json!({ "code": "x", "name": "", "public_key": "" })),
        ),
        "/identity/v1/sign-in" => (
            path.into(),
            json(json!({ "username": username, "password": PASSWORD })),
        ),
        "/sync/v1/audit" => (path.into(), b"not a batch".to_vec()),
        "/console/v1/sign-in" | "/identity/v1/certificate" => (path.into(), b"{}".to_vec()),
        "/sync/v1/lineage" => (format!("{path}?after=0"), Vec::new()),
        "/sync/v1/missing" => (path.into(), wire::encode(&Hashes::default())),
        "/sync/v1/standing" => (format!("{path}?incarnation=1&dseq=0"), Vec::new()),
        "/identity/v1/status" => (path.into(), json(json!({ "nonce": "n", "staff": [] }))),
        "/identity/v1/wiped" => (path.into(), json(json!({ "at_ms": 0, "took_ms": 0 }))),
        // this hub has no gateway
        "/gateways/v1/{provider}" => ("/gateways/v1/stripe".into(), b"{}".to_vec()),
        "/identity/v1/state"
        | "/console/v1/oidc"
        | "/console/v1/oidc/back"
        | "/console/v1/me"
        | "/console/v1/sign-out"
        | "/console/v1/door"
        | "/console/v1/live"
        | "/console/v1/reference"
        | "/console/v1/overview"
        | "/console/v1/overview/visits"
        | "/console/v1/overview/takings"
        | "/console/v1/notices"
        | "/console/v1/notices/said"
        | "/console/v1/held"
        | "/console/v1/held/one"
        | "/console/v1/held/decide"
        | "/console/v1/conflicts"
        | "/console/v1/conflicts/one"
        | "/console/v1/conflicts/settle"
        | "/console/v1/conflicts/undo"
        | "/console/v1/conflicts/own"
        | "/console/v1/patients/pair"
        | "/console/v1/patients/merge"
        | "/console/v1/patients/part"
        | "/fhir/Patient/$match"
        | "/console/v1/devices"
        | "/console/v1/devices/approve"
        | "/console/v1/devices/order"
        | "/console/v1/staff"
        | "/console/v1/staff/change"
        | "/console/v1/staff/reset"
        | "/console/v1/staff/active"
        | "/console/v1/places"
        | "/console/v1/places/ward"
        | "/console/v1/places/department"
        | "/console/v1/settings"
        | "/console/v1/account/factor"
        | "/console/v1/account/factor/confirm"
        | "/console/v1/account/password"
        | "/console/v1/hours"
        | "/console/v1/audit"
        | "/console/v1/audit/look"
        | "/console/v1/emergency"
        | "/console/v1/emergency/review"
        | "/console/v1/health"
        | "/console/v1/health/file"
        | "/console/v1/events"
        | "/console/v1/events/again"
        | "/console/v1/bills"
        | "/console/v1/bills/void"
        | "/console/v1/bills/search"
        | "/console/v1/bills/one"
        | "/console/v1/bills/account"
        | "/console/v1/bills/credit"
        | "/console/v1/bills/supplement"
        | "/console/v1/payments"
        | "/console/v1/payments/spend"
        | "/console/v1/charges"
        | "/console/v1/charges/cancel"
        | "/console/v1/refunds"
        | "/console/v1/refunds/agree"
        | "/console/v1/refunds/hand-out"
        | "/console/v1/books"
        | "/console/v1/books/account"
        | "/console/v1/books/exceptions"
        | "/console/v1/books/settle"
        | "/console/v1/books/export"
        | "/console/v1/drawers"
        | "/console/v1/drawers/count"
        | "/console/v1/days"
        | "/console/v1/days/one"
        | "/console/v1/days/close"
        | "/console/v1/settlements"
        | "/console/v1/insurance/coverages"
        | "/console/v1/insurance/coverage"
        | "/console/v1/insurance/coverage/end"
        | "/console/v1/insurance/claim"
        | "/console/v1/insurance/claim/act"
        | "/console/v1/insurance/claim/excess"
        | "/console/v1/insurance/answer"
        | "/console/v1/insurance/paid"
        | "/console/v1/insurance/claims"
        | "/console/v1/insurance/claims/one"
        | "/console/v1/books/reconcile"
        | "/console/v1/prices"
        | "/sync/v1/bootstrap"
        | "/sync/v1/free"
        | "/sync/v1/leases"
        | "/sync/v1/reference"
        | "/sync/v1/digest"
        | "/sync/v1/held"
        | "/sync/v1/audit/key"
        | "/sync/v1/emergency/keys"
        | "/health/live"
        | "/health/ready"
        | "/metrics"
        | "/openapi.json" => (path.into(), Vec::new()),
        other => unreachable!("{other} has no call in this test: {}", hub.url()),
    };
    (method.to_uppercase().parse().expect("a method"), path, body)
}

async fn call(
    desk: &Desk,
    state: DeviceState,
    (method, path, body): (Method, String, Vec<u8>),
) -> Answer {
    let (key, device) = match state {
        DeviceState::Active
        | DeviceState::Pending
        | DeviceState::Suspended
        | DeviceState::Revoked => (desk.key.clone(), desk.enrolled.device),
        DeviceState::Unknown => (new_key(), DeviceId(world::new_id())),
    };
    let header = wire::sign(&key, device, method.as_str(), &path, world::now().0, &body);
    desk.send(method, &path, Some(header), body).await
}

fn check(needs: Needs, state: DeviceState, answer: &Answer, cell: &str) {
    let status = answer.status.as_u16();
    match needs {
        // these want a body or a visit elsewhere first; who calls is not what they ask
        Needs::Nothing if cell.contains("/console/") => {
            assert!((200..500).contains(&status), "{cell}: {status}");
            assert!(
                !String::from_utf8_lossy(&answer.body).contains("device."),
                "{cell}"
            );
        }
        Needs::Nothing => assert_eq!(status, 200, "{cell}"),
        Needs::Code | Needs::Gateway => assert!((400..500).contains(&status), "{cell}: {status}"),
        // a call that no page of the console made is refused before it is asked who made it
        Needs::Central | Needs::Do(_) => {
            assert!([401, 403].contains(&status), "{cell}: {status}");
        }
        Needs::DeviceAndPassword(_) if state == DeviceState::Active => {
            assert_eq!(
                (status, answer.code()),
                (403, "not_allowed".into()),
                "{cell}"
            );
        }
        Needs::Device | Needs::DeviceAndAuthors if state == DeviceState::Active => {
            // a message that is none is the desk's fault, not that it may not send one
            let wants_a_message = cell.contains("/audit ") || cell.contains("/certificate ");
            let is_out_of_turn = cell.contains("/identity/v1/wiped ") && status == 409;
            assert!(
                status == 200 || wants_a_message && status == 400 || is_out_of_turn,
                "{cell}: {status} {}",
                String::from_utf8_lossy(&answer.body)
            );
        }
        // one that was stopped may ask for its orders, and say that it did as it was told
        Needs::Device
            if state != DeviceState::Unknown && ORDERS.iter().any(|path| cell.contains(path)) =>
        {
            assert!([200, 403, 409].contains(&status), "{cell}: {status}");
        }
        Needs::Device | Needs::DeviceAndAuthors | Needs::DeviceAndPassword(_) => {
            let found = (status, answer.code());
            let (status, code) = state.refusal();
            assert_eq!(found, (status, code.to_owned()), "{cell}");
        }
        Needs::Person | Needs::Read(_) | Needs::ReadAsked | Needs::WriteAsked => {
            unreachable!("the hub has no such route yet: {cell}")
        }
    }
}

async fn snapshot_of(desk: &Desk) -> u64 {
    desk.get("/sync/v1/bootstrap")
        .await
        .frame::<Manifest>()
        .snapshot
}

/// The wards a desk can be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Own,
    Other,
    /// Its ward was taken from it: it is as good as unknown.
    None,
}

async fn change(hub: &TestHub, statement: &'static str, desk: &Desk) {
    sqlx::query(statement)
        .bind(desk.enrolled.device.0)
        .execute(&hub.app.pool)
        .await
        .expect("the hub answers");
}

/// What the device of a call is to the hub. One that nobody let in may be on no ward as well.
fn known(state: DeviceState, of: Of) -> DeviceState {
    match of {
        Of::Own | Of::Other => state,
        Of::None => DeviceState::Unknown,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_answers_every_caller_as_declared() {
    let hub = hub().await;
    let people = people(&hub).await;
    // each role signs in as itself
    let same = "update staff set password_hash = (select password_hash from staff where username = 'doctor')
        where username like 'one %'";
    sqlx::query(same).execute(&hub.app.pool).await.unwrap();
    let mut cells = 0;
    for of in [Of::Own, Of::Other, Of::None] {
        let ward = if of == Of::Other {
            hub.other_ward
        } else {
            hub.ward
        };
        let mut desk = Desk::new(&hub, ward).await;
        desk.push(vec![desk.patient("News").envelope()]).await;
        let snapshot = snapshot_of(&desk).await;
        if of == Of::None {
            change(&hub, "update device set ward = null where id = $1", &desk).await;
        }
        for state in DeviceState::ALL {
            change(&hub, state.sql(), &desk).await;
            for (role, staff) in &people {
                desk.staff = *staff;
                let username = format!("one {role:?}").to_lowercase();
                for (method, path, needs) in HUB {
                    let call_of = call_of(&desk, &hub, (method, path), (snapshot, &username));
                    let answer = call(&desk, state, call_of).await;
                    let cell = format!("{method} {path} {state:?} {role:?} {of:?}");
                    check(*needs, known(state, of), &answer, &cell);
                    if *path == "/identity/v1/sign-in" && known(state, of) == DeviceState::Active {
                        let session: serde_json::Value = answer.json();
                        assert_eq!(session["staff"]["id"], json!(staff), "{cell}");
                    }
                    cells += 1;
                }
            }
        }
    }
    assert_eq!(cells, 3 * 5 * 10 * HUB.len(), "every cell");
}

#[tokio::test]
async fn an_id_of_another_ward_is_answered_like_one_that_nobody_has() {
    let hub = hub().await;
    let (here, there) = (
        Desk::new(&hub, hub.ward).await,
        Desk::new(&hub, hub.other_ward).await,
    );
    here.push(vec![here.patient("Here").envelope()]).await;
    there.push(vec![there.patient("There").envelope()]).await;
    let (own, foreign) = (snapshot_of(&here).await, snapshot_of(&there).await);
    let segment = async |snapshot: u64| here.get(&format!("/sync/v1/bootstrap/{snapshot}/0")).await;
    assert_eq!(segment(own).await.status.as_u16(), 200);
    let said = |answer: Answer| {
        let mut document: serde_json::Value =
            serde_json::from_slice(&answer.body).expect("a problem");
        document["request"] = json!("");
        (answer.status, document)
    };
    assert_eq!(said(segment(foreign).await), said(segment(999_999).await));
    assert_eq!(segment(foreign).await.status.as_u16(), 404);
    // every route that takes an id in its address is in this test; a gateway is named there, and signs what it says
    let taking: Vec<&str> = HUB
        .iter()
        .map(|(_, path, _)| *path)
        .filter(|path| path.contains('{') && !path.contains("{provider}"))
        .collect();
    assert_eq!(taking, ["/sync/v1/bootstrap/{snapshot}/{segment}"]);
    // decisions are those about a device's own work
    let held: Vec<wire::Decided> = here.get("/sync/v1/held").await.json();
    assert_eq!(held, []);
}

/// The middle of the times that calls took.
fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[tokio::test]
async fn a_push_to_a_record_of_another_ward_is_answered_like_one_to_nothing() {
    let hub = hub().await;
    let (here, there) = (
        Desk::new(&hub, hub.ward).await,
        Desk::new(&hub, hub.other_ward).await,
    );
    let foreign = there.patient("There");
    let visit = there.appointment(&hub, foreign.id, hub.other_ward, "2090-01-02T09:00:00Z");
    there.push(vec![foreign.envelope(), visit.envelope()]).await;
    // its id and even its versions are known to whoever was there once
    let edits = [
        here.edit(&foreign, &json!({ "bed": "A-1" })),
        here.edit(&visit, &json!({ "minutes": 45 })),
    ];
    let (mut to_foreign, mut to_nothing) = (Vec::new(), Vec::new());
    for _ in 0..30 {
        for edit in &edits {
            let nobodys = Envelope {
                record: RecordId(world::new_id()),
                ..edit.envelope()
            };
            let wrong_kind = Envelope {
                kind: if edit.envelope().kind == 1 { 2 } else { 1 },
                ..edit.envelope()
            };
            let begun = Instant::now();
            let said = here.push(vec![edit.envelope()]).await;
            to_foreign.push(begun.elapsed());
            let begun = Instant::now();
            let nothing = here.push(vec![nobodys]).await;
            to_nothing.push(begun.elapsed());
            assert_eq!(said, nothing, "not even by what is missing");
            assert!(matches!(said[0], Verdict::Parked { .. }));
            assert_eq!(here.push(vec![wrong_kind]).await, nothing);
        }
    }
    let (foreign, nothing) = (middle(to_foreign), middle(to_nothing));
    assert!(
        foreign < nothing * 3 && nothing < foreign * 3,
        "one class of time: {foreign:?} and {nothing:?}"
    );
    let held: i64 = sqlx::query_scalar("select count(*) from held_change")
        .fetch_one(&hub.app.pool)
        .await
        .unwrap();
    assert_eq!(held, 0, "neither leaves anything");
}
