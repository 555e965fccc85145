//! The whole product as two wards see it: a real hub with its own PostgreSQL, two real windows in WebKit on displays that
//! nobody sees, and a cable to the hub that is pulled and put back. Leaves a picture of every screen.

#[expect(dead_code, reason = "each test program takes what it needs")]
mod ward;

use drive::{Stop, tour};
use std::io::Read;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;
use ward::{Desk, Hospital, Patient, has_word_on_disk};

const FIRST: Patient = Patient {
    family: "Quillfeather",
    given: "Isolde",
    born: "14-Jul-1945",
    phone: "020 7946 0991",
};
const SECOND: Patient = Patient {
    family: "Ottershaw",
    given: "Bram",
    born: "2-Mar-1988",
    phone: "020 7946 0992",
};
const THIRD: Patient = Patient {
    family: "Wrenfield",
    given: "Maud",
    born: "21-Sep-1990",
    phone: "020 7946 0993",
};
const FOURTH: Patient = Patient {
    family: "Larkspur",
    given: "Edwin",
    born: "3-Jan-1961",
    phone: "020 7946 0994",
};

#[tokio::test]
async fn two_wards_work_through_a_cut_and_agree_again() -> anyhow::Result<()> {
    let hospital = Hospital::open().await?;
    let told = story(&hospital).await;
    if told.is_err() {
        hospital.a.shoot("failure").await?;
        hospital.b.shoot("failure").await?;
    }
    told?;
    hospital.close().await
}

async fn story(hospital: &Hospital) -> anyhow::Result<()> {
    work_through_a_cut(hospital).await?;
    take_money_without_the_hub(hospital).await?;
    disagree_and_decide(hospital).await?;
    promise_and_ask(hospital).await?;
    give_one_slot_away_twice(hospital).await?;
    treat_a_stranger(hospital).await?;
    stay_in_the_program(&hospital.a).await?;
    look_at_every_screen(hospital).await
}

/// Cash is taken on A while the network is gone, and followed into the hospital's books.
async fn take_money_without_the_hub(hospital: &Hospital) -> anyhow::Result<()> {
    let Hospital { a, cable, .. } = hospital;
    let patient = a.open(&FIRST).await?;
    hospital.bill(&patient)?;
    a.switch_to("paul").await?;
    let cashier = format!("#/cashier/{patient}");
    a.window.go(&cashier).await?;
    a.window.find("pay-given").await?;
    cable.pull();
    a.window.find("cashier-offline").await?;
    a.window.type_into("pay-given", "200").await?;
    a.window.until_words("95.00 GBP").await?;
    a.window.press("pay-submit").await?;
    a.window.find("taken").await?;
    a.window
        .until_attribute("receipt-state", "data-state", "recorded")
        .await?;
    a.window
        .until_attribute("sync-line", "data-unposted", "1")
        .await?;
    a.shoot("offline-receipt").await?;
    a.window.go("#/sync/shutdown").await?;
    a.window.find("shutdown-unposted").await?;
    a.shoot("offline-unposted").await?;
    assert_eq!(hospital.sql("select count(*) from payments.payment")?, "0");
    cable.mend();
    a.window
        .until_attribute("shutdown-answer", "data-safe", "true")
        .await?;
    a.window.go(&cashier).await?;
    a.window
        .until_attribute("receipt-state", "data-state", "posted")
        .await?;
    a.shoot("posted-receipt").await?;
    let books = "select minor, applied, kept from payments.payment";
    assert_eq!(hospital.sql(books)?, "10500|10500|0");
    a.switch_to("ada").await?;
    a.until_all_is_accepted().await
}

/// Somebody of the other ward collapses while the network is gone: A reads what is vital about them for an hour.
async fn treat_a_stranger(hospital: &Hospital) -> anyhow::Result<()> {
    let Hospital { a, b, cable, .. } = hospital;
    let stranger = b.open(&SECOND).await?;
    b.edit(&stranger, "Bed", "B-31").await?;
    b.until_all_is_accepted().await?;
    // with the network, the desk asks for whoever came since
    a.break_glass(SECOND.family).await?;
    a.window.press("emergency-end").await?;
    a.window.find("emergency-ended").await?;
    cable.pull();
    a.window
        .until_attribute("sync-line", "data-link", "offline")
        .await?;
    a.break_glass(SECOND.family).await?;
    a.window.press("emergency-found").await?;
    a.window.find("emergency-summary").await?;
    for words in ["B-31", "read only", "will be reviewed"] {
        a.window.until_words(words).await?;
    }
    a.shoot("emergency-offline").await?;
    assert!(
        !has_word_on_disk(&a.dir, "Collapsed in the lift")?,
        "the reason can be read on the disk"
    );
    a.window.press("emergency-end").await?;
    a.window.find("emergency-ended").await?;
    a.shoot("emergency-ended").await?;
    cable.mend();
    a.until_all_is_accepted().await
}

/// A page that is elsewhere.
const PAGE: &str = "a-page-outside-wardbook";

/// Whatever a page tries, the window shows this program alone, and calls nobody.
async fn stay_in_the_program(desk: &Desk) -> anyhow::Result<()> {
    let outside = TcpListener::bind("127.0.0.1:0")?;
    outside.set_nonblocking(true)?;
    let address = format!("http://{}/{PAGE}", outside.local_addr()?);
    let before = desk.window.address().await?;
    for attempt in [
        "location.href = arguments[0]",
        "location.assign(arguments[0].replace('http:', 'https:'))",
        "window.open(arguments[0])",
        "location.href = 'data:text/html,elsewhere'",
        "const a = document.createElement('a'); a.href = arguments[0]; document.body.append(a); a.click(); a.remove()",
        "const f = document.createElement('form'); f.action = arguments[0]; document.body.append(f); f.submit(); f.remove()",
        "const f = document.createElement('iframe'); f.src = arguments[0]; document.body.append(f); f.remove()",
        "const i = new Image(); i.src = arguments[0]; fetch(arguments[0]).catch(() => {})",
        "const s = document.createElement('script'); s.textContent = 'window.isTaken = 1'; document.body.append(s); s.remove()",
        "const s = document.createElement('script'); s.src = arguments[0]; document.body.append(s); s.remove()",
    ] {
        desk.window
            .run(attempt, vec![address.clone().into()])
            .await?;
        desk.window.find("sync-line").await?;
        let here =
            "return [location.protocol, typeof window.isTaken, typeof window.__TAURI__].join()";
        let here = desk.window.run(here, vec![]).await?;
        assert_eq!(here, "tauri:,undefined,undefined", "{attempt}");
    }
    assert_eq!(desk.window.address().await?, before);
    // others on this computer may knock at any port; the window would ask for the page
    while let Ok((mut caller, _)) = outside.accept() {
        caller.set_nonblocking(false)?;
        caller.set_read_timeout(Some(Duration::from_secs(1)))?;
        let mut asked = [0; 1_000];
        let read = caller.read(&mut asked).unwrap_or(0);
        let asked = String::from_utf8_lossy(&asked[..read]);
        assert!(!asked.contains(PAGE), "the window asked outside: {asked}");
    }
    Ok(())
}

/// Registered, booked and prescribed on A without a network; seen on B as soon as there is one.
async fn work_through_a_cut(hospital: &Hospital) -> anyhow::Result<()> {
    let Hospital { a, b, cable, .. } = hospital;
    let visit = hospital.visit_at_b("toBeConfirmed").await?;
    cable.pull();
    let patient = a.register(&FIRST).await?;
    a.window
        .until_attribute("sync-mark", "data-state", "saved")
        .await?;
    a.book(&patient, &visit).await?;
    a.prescribe(&patient).await?;
    a.window
        .until_attribute("sync-line", "data-link", "offline")
        .await?;
    let waiting = a.waiting().await?;
    assert!(
        waiting >= 3,
        "{waiting} changes wait after a registration, a booking and a prescription"
    );
    a.shoot("offline-chart").await?;
    a.window.go("#/sync").await?;
    a.window.find("waiting-item").await?;
    assert_eq!(a.window.count("waiting-item").await?, waiting);
    a.shoot("offline-waiting").await?;
    a.window.go("#/sync/shutdown").await?;
    a.shoot("offline-shutdown").await?;
    assert!(!b.finds(&FIRST).await?, "what only A knows is not on B");

    cable.mend();
    for desk in [a, b] {
        desk.until_all_is_accepted().await?;
    }
    b.window.search(FIRST.family, FIRST.family).await?;
    b.window.go(&format!("#/patients/{patient}")).await?;
    for words in [FIRST.family, &visit.time, "Paracetamol", "Signed by"] {
        b.window.until_words(words).await?;
    }
    b.window
        .until_attribute("sync-mark", "data-state", "accepted")
        .await?;
    b.shoot("arrived-chart").await?;
    for desk in [a, b] {
        assert!(
            !has_word_on_disk(&desk.dir, FIRST.family)?,
            "{} can be read on the disk",
            FIRST.family
        );
    }
    Ok(())
}

/// Both change the bed of one patient, apart from each other; both see it, one decides, both have that.
async fn disagree_and_decide(hospital: &Hospital) -> anyhow::Result<()> {
    let Hospital { a, b, cable, .. } = hospital;
    let patient = a.open(&FIRST).await?;
    cable.pull();
    a.edit(&patient, "Bed", "A-11").await?;
    b.edit(&patient, "Bed", "B-22").await?;
    cable.mend();
    for desk in [a, b] {
        desk.until_all_is_accepted().await?;
        desk.window
            .go(&format!("#/conflicts/patient/{patient}"))
            .await?;
        desk.window.find("conflict-field").await?;
        for bed in ["A-11", "B-22"] {
            desk.window.until_words(bed).await?;
        }
        desk.shoot("conflict").await?;
    }
    a.window.go("#/sync/conflicts").await?;
    a.window.find("conflict-item").await?;
    a.shoot("conflict-list").await?;
    a.keep(&patient, "A-11").await?;
    for desk in [a, b] {
        desk.until_all_is_accepted().await?;
        desk.window.go(&format!("#/patients/{patient}")).await?;
        desk.window.until_words("A-11").await?;
        desk.window
            .until_attribute("sync-mark", "data-state", "accepted")
            .await?;
    }
    Ok(())
}

/// Two patients are booked without a network: one in a slot that is this desk's to give, one in any other. Both come to stand.
async fn promise_and_ask(hospital: &Hospital) -> anyhow::Result<()> {
    let Hospital { b, cable, .. } = hospital;
    let own = hospital.visit_at_b("confirmed").await?;
    let other = hospital.visit_at_b("toBeConfirmed").await?;
    cable.pull();
    b.window
        .until_attribute("sync-line", "data-link", "offline")
        .await?;
    let mut booked = Vec::new();
    for (patient, visit, status, words) in [
        (&THIRD, &own, "booked", "Booked"),
        (&FOURTH, &other, "pending", "To be confirmed"),
    ] {
        let patient = b.register(patient).await?;
        b.book(&patient, visit).await?;
        b.window.until_words(words).await?;
        b.until_visits_are(&patient, &[status]).await?;
        b.shoot(&format!("booked-{status}")).await?;
        booked.push(patient);
    }
    cable.mend();
    b.until_all_is_accepted().await?;
    for patient in &booked {
        b.until_visits_are(patient, &["booked"]).await?;
        b.window.go(&format!("#/patients/{patient}")).await?;
        b.window.until_words("Booked").await?;
    }
    Ok(())
}

/// Both book one doctor for one time, apart from each other; one stands, and whoever lost takes what is offered.
async fn give_one_slot_away_twice(hospital: &Hospital) -> anyhow::Result<()> {
    let Hospital { a, b, cable, .. } = hospital;
    let first = a.open(&FIRST).await?;
    let slot = hospital.visit_at_b("toBeConfirmed").await?;
    cable.pull();
    let second = b.register(&SECOND).await?;
    a.book(&first, &slot).await?;
    b.book(&second, &slot).await?;
    cable.mend();
    b.window.go("#/today").await?;
    b.window.find("rebooking-link").await?;
    b.shoot("needs-rebooking").await?;
    b.window.press("rebooking-link").await?;
    b.window.find("rebook-item").await?;
    assert_eq!(b.window.count("rebook-item").await?, 1);
    b.shoot("rebooking").await?;
    b.window.press("take-offer").await?;
    b.until_nobody_is_lost().await?;
    for desk in [a, b] {
        desk.until_all_is_accepted().await?;
        desk.until_nobody_is_lost().await?;
        desk.until_visits_are(&first, &["booked", "booked"]).await?;
    }
    b.until_visits_are(&second, &["booked"]).await
}

/// Every screen of both desks in light and dark, with nothing for axe to find.
async fn look_at_every_screen(hospital: &Hospital) -> anyhow::Result<()> {
    let axe = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/node_modules/axe-core/axe.min.js"),
    )?;
    let patient = hospital.a.open(&FIRST).await?;
    let stops = Stop::all(&patient);
    for desk in [&hospital.a, &hospital.b] {
        let pictures = tour(&desk.window, &stops, &desk.pictures, Some(&axe)).await?;
        assert_eq!(pictures.len(), stops.len() * 2);
    }
    Ok(())
}
