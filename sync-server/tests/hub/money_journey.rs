//! Money at the console as people use it: Chromium, the built screens, this hub over TLS. The steps are in `ui/tests/money.mjs`.

use crate::console::{give_factor, hire};
use crate::console_journey::walk;
use crate::money::{IsContested, Office, START_MS, Told, completed, visit};
use crate::trust::desk_of;
use shared::events::What;
use shared::sync::wire::Verdict;
use std::time::Duration;
use sync_server::services::payments::gateways::{Provider, Secret, Settings};
use sync_server::world;

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
    hire(hub, "bela", "billing").await;
    hire(hub, "mia", "manager").await;
    give_factor(hub, "mia").await;
    make_bills(&office).await;
    let house = Settings {
        provider: Provider::House,
        url: None,
        key: Secret(String::new()),
        signed_with: Vec::new(),
        patience: Duration::from_secs(1),
    };
    hub.app
        .gateways
        .set(&hub.app.pool, house)
        .expect("a gateway");
    walk(hub, "money.mjs").await;
    office.check("a day in the office").await;
}
