//! The console as people use it: Chromium or Firefox, the built screens, this hub over TLS. The steps are in `ui/tests/console.mjs`
//! and `ui/tests/administration.mjs`.

use crate::console::{give_factor, hire};
use crate::desk::Desk;
use crate::overview::plant_visit;
use crate::trust::{desk_of, hub};
use serde_json::json;
use shared::clock::Now;
use shared::emergency::Opening;
use shared::ids::OpeningId;
use shared::record::Kind;
use shared::sync::wire::{Verdict, hex};
use std::path::Path;
use sync_server::testing::{PASSWORD, TestHub};
use sync_server::{duplicates, world};
use tokio::process::Command;

const HOUR_MS: i64 = 3_600_000;

/// Two pieces of held work, an opening of the emergency access, and a workstation that waits.
async fn make_work(hub: &TestHub) {
    let desk = desk_of(hub, hub.ward, hub.receptionist).await;
    for name in ["García", "Okonkwo"] {
        let patient = desk.patient(name);
        assert_eq!(desk.push(vec![patient.envelope()]).await, [Verdict::Taken]);
        let blood = desk.edit(&patient, &json!({ "bloodGroup": "A+" }));
        let verdict = desk.push(vec![blood.envelope()]).await.pop();
        assert!(matches!(verdict, Some(Verdict::Held { .. })), "{verdict:?}");
    }
    let begun = Now(world::now().0 - 3 * HOUR_MS);
    let id = OpeningId(world::new_id());
    let opening = Opening::begin(id, hub.doctor, "Collapsed in the lift", begun);
    let answer = desk.post("/sync/v1/emergency/openings", &opening).await;
    assert_eq!(answer.status.as_u16(), 200);
    let waits = Desk::pending(hub, hub.ward).await;
    sqlx::query("update device set name = 'Trolley' where id = $1")
        .bind(waits.enrolled.device.0)
        .execute(&hub.app.pool)
        .await
        .expect("it has a name");
}

/// Two patients whose beds two desks wrote apart, and somebody who was registered twice.
async fn make_decisions(hub: &TestHub) {
    let one = desk_of(hub, hub.ward, hub.receptionist).await;
    let other = desk_of(hub, hub.ward, hub.nurse).await;
    for name in ["Ferreira", "Nakamura"] {
        let patient = one.patient(name);
        let beds = [
            one.edit(&patient, &json!({ "bed": "A-02" })),
            other.edit(&patient, &json!({ "bed": "A-03" })),
        ];
        one.push(vec![patient.envelope(), beds[0].envelope()]).await;
        assert_eq!(other.push(vec![beds[1].envelope()]).await, [Verdict::Taken]);
    }
    for given in ["Amara", "Amarah"] {
        let draft = json!({ "name": [{ "family": "Adeyemi", "given": given }], "birthDate": "1984-03-05", "gender": "female",
            "telecom": [{ "value": "020 7946 0101" }], "nationalId": "AB 12 34 56 C", "ward": hub.ward });
        let patient = one.make(Kind::Patient, &draft);
        assert_eq!(one.push(vec![patient.envelope()]).await, [Verdict::Taken]);
    }
    duplicates::sweep(&hub.app).await.expect("looked for");
}

/// Visits of today: two came, one did not.
async fn make_visits(hub: &TestHub) {
    let noon = format!("{}T12:00:00Z", hub.app.today());
    for status in ["fulfilled", "arrived", "noshow"] {
        plant_visit(hub, &noon, status, Some(hub.department.0)).await;
    }
}

/// Runs the steps of a file of `ui/tests` in a browser, with the built screens and this hub over TLS.
pub(crate) async fn walk(hub: &TestHub, steps: &str) {
    let ui = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui");
    let screens = hub.app.screens.open(&ui.join("dist"));
    screens.expect("the screens are built: npm --prefix ui run build");
    let port = hub.serve_tls().await;
    let output = Command::new("node")
        .arg(ui.join("tests").join(steps))
        .env("ADDRESS", format!("https://localhost:{port}/"))
        .env("PASSWORD", PASSWORD)
        .env("SECRET", hex(&[7; 20]))
        .kill_on_drop(true)
        .output()
        .await
        .expect("node is there");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_say_who_works_here_where_and_what_it_costs_in_a_browser() {
    let hub = hub().await;
    for username in ["wei", "alma"] {
        hire(&hub, username, "admin").await;
        give_factor(&hub, username).await;
    }
    walk(&hub, "administration.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_do_the_work_of_the_centre_in_a_browser() {
    let hub = hub().await;
    for (username, role) in [("mia", "manager"), ("wei", "admin")] {
        hire(&hub, username, role).await;
        give_factor(&hub, username).await;
    }
    make_decisions(&hub).await;
    make_work(&hub).await;
    make_visits(&hub).await;
    walk(&hub, "console.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_the_centre_opens_in_firefox() {
    let hub = hub().await;
    for (username, role) in [("mia", "manager"), ("wei", "admin")] {
        hire(&hub, username, role).await;
        give_factor(&hub, username).await;
    }
    hire(&hub, "bela", "billing").await;
    make_decisions(&hub).await;
    make_work(&hub).await;
    make_visits(&hub).await;
    walk(&hub, "firefox.mjs").await;
}
