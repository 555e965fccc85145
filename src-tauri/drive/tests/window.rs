//! The whole product as two wards see it: a real hub with its own PostgreSQL, two real windows in WebKit on displays that
//! nobody sees, and a cable to the hub that is pulled and put back. Leaves a picture of every screen.

#[expect(dead_code, reason = "each test program takes what it needs")]
mod ward;

use drive::{Stop, tour};
use std::io::Read;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;
use ward::{Desk, Hospital, Patient, Visit, has_word_on_disk};

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
    disagree_and_decide(hospital).await?;
    give_one_slot_away_twice(hospital).await?;
    treat_a_stranger(hospital).await?;
    stay_in_the_program(&hospital.a).await?;
    look_at_every_screen(hospital).await
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
    cable.pull();
    let patient = a.register(&FIRST).await?;
    a.window
        .until_attribute("sync-mark", "data-state", "saved")
        .await?;
    a.book(&patient, &hospital.visit_at_b("14:30")).await?;
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
    for words in [FIRST.family, "14:30", "Paracetamol", "Signed by"] {
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

/// Both book one doctor for one time; the hub takes the first, and a person gives the other another time.
async fn give_one_slot_away_twice(hospital: &Hospital) -> anyhow::Result<()> {
    let Hospital { a, b, cable, .. } = hospital;
    let first = a.open(&FIRST).await?;
    cable.pull();
    let second = b.register(&SECOND).await?;
    let slot = hospital.visit_at_b("10:00");
    a.book(&first, &slot).await?;
    b.book(&second, &slot).await?;
    cable.mend();
    let loser = hospital.loser().await?;
    loser.window.go("#/sync/held").await?;
    loser.window.find("held-item").await?;
    loser.shoot("held-item").await?;
    loser.window.press("held-edit").await?;
    loser.window.find("book-submit").await?;
    loser.shoot("held-form").await?;
    loser
        .window
        .pick(
            "Time",
            Visit {
                time: "10:30",
                ..slot
            }
            .time,
        )
        .await?;
    loser.window.press("book-submit").await?;
    loser
        .window
        .until_attribute("sync-line", "data-held", "0")
        .await?;
    for desk in [a, b] {
        desk.until_all_is_accepted().await?;
    }
    Ok(())
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
