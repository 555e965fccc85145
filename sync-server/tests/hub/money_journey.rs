//! Money at the console as people use it: Chromium, the built screens, this hub over TLS. The steps are in `ui/tests/money.mjs`.

use crate::console::{give_factor, hire};
use crate::money::{IsContested, Office, START_MS, Told, completed, visit};
use crate::trust::desk_of;
use shared::events::What;
use shared::sync::wire::{Verdict, hex};
use std::path::Path;
use sync_server::testing::PASSWORD;
use sync_server::world;
use tokio::process::Command;

/// Three bills of 21 000 of a patient whose name the hospital knows.
async fn make_bills(office: &Office) {
    let hub = &office.hub;
    let desk = desk_of(hub, hub.ward, hub.receptionist).await;
    let patient = desk.patient("García");
    assert_eq!(desk.push(vec![patient.envelope()]).await, [Verdict::Taken]);
    for _ in 0..3 {
        let mut told = Told {
            id: world::new_id(),
            patient: patient.id.0,
            nth: 0,
        };
        let booked = What::Scheduled(visit(&told));
        office.tell(&mut told, START_MS - 86_400_000, booked).await;
        let done = completed(&told, IsContested::No);
        office.tell(&mut told, START_MS, done).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn people_do_the_work_of_the_office_in_a_browser() {
    let office = Office::of_fee(2_000_000).await;
    let hub = &office.hub;
    let ui = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui");
    let screens = hub.app.screens.open(&ui.join("dist"));
    screens.expect("the screens are built: npm --prefix ui run build");
    hire(hub, "bela", "billing").await;
    hire(hub, "mia", "manager").await;
    give_factor(hub, "mia").await;
    make_bills(&office).await;
    let port = hub.serve_tls().await;
    let output = Command::new("node")
        .arg(ui.join("tests/money.mjs"))
        .env("ADDRESS", format!("https://localhost:{port}/"))
        .env("PASSWORD", PASSWORD)
        .env("SECRET", hex(&[7; 20]))
        .kill_on_drop(true)
        .output()
        .await
        .expect("node is there");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    office.check("a day in the office").await;
}
