//! Two desks give away the same slots while apart, and the hub is killed between taking a visit, deciding about it and saying
//! so: every visit that was saved is decided once and told once, no slot is given twice, and both desks show what the hub has.
//! `SEED=n` repeats the choices, `WARDBOOK_KILLS=n` kills the hub so often.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on says where it stands"
)]

#[expect(dead_code, reason = "each test program takes what it needs")]
mod faults;

use faults::desk::Desk;
use faults::hub::Hub;
use faults::{LONGEST, folder, until};
use jiff::ToSpan;
use serde_json::{Value, json};
use shared::document::Heads;
use shared::sample::Dice;
use sqlx::{PgConnection, Row};
use std::path::Path;
use std::time::{Duration, Instant};
use sync_server::testing::proxy::Proxy;

/// Kills of the hub.
const KILLS: usize = 30;
/// Slots that both desks give away before each.
const SLOTS: usize = 2;
/// The hub is killed within so many milliseconds after both desks could reach it.
const WITHIN_MS: usize = 600;

struct Side {
    desk: Desk,
    wire: Proxy,
    doctor: Value,
    department: Value,
    /// The department's.
    ward: Value,
    own_ward: Value,
    visits: Vec<String>,
}

impl Side {
    async fn new(hub: &Hub, folder: &Path, ward: &str) -> Self {
        let wire = Proxy::start(hub.addr).await.unwrap();
        let mut desk = Desk::new(&folder.join(ward), &wire.url());
        let enrol = json!({ "do": "enrol", "code": hub.code(ward) });
        until(|| desk.ask(&enrol).filter(|answer| answer["ok"] == true));
        hub.approve();
        let reference = until(|| {
            let reference = desk.ask(&json!({ "do": "reference" }))?;
            let staff = reference["staff"].as_array();
            let is_there = staff.is_some_and(|all| !all.is_empty());
            is_there.then_some(reference)
        });
        let all = |what: &str| reference[what].as_array().unwrap().clone();
        let is_doctor = |one: &&Value| one["roles"][0] == "doctor" && one["isActive"] == true;
        // the same one for both
        let staff = all("staff");
        let doctors = staff.iter().filter(is_doctor);
        let doctor = doctors.min_by_key(|one| one["id"].to_string()).unwrap();
        let department = doctor["departments"][0].clone();
        let (wards, departments) = (all("wards"), all("departments"));
        let own = wards.iter().find(|one| one["name"] == ward).unwrap();
        let of = departments.iter().find(|one| one["id"] == department);
        Self {
            desk,
            wire,
            own_ward: own["id"].clone(),
            doctor: doctor["id"].clone(),
            ward: of.unwrap()["ward"].clone(),
            department,
            visits: Vec::new(),
        }
    }

    fn save(&mut self, kind: &str, id: &str, draft: &Value) {
        let save = json!({ "do": "save", "kind": kind, "id": id, "staff": self.doctor, "draft": draft, "isNew": true });
        let answer = self.desk.ask(&save).unwrap();
        assert!(answer["problems"].is_null(), "{answer}");
    }

    /// Gives a slot to a patient of its own.
    fn book(&mut self, dice: &mut Dice, start: &str) {
        let visit = dice.id(2).to_string();
        let patient = self.register(dice);
        let draft = json!({ "patient": patient, "practitioner": self.doctor, "department": self.department, "ward": self.ward,
            "start": start, "minutes": 30, "status": "pending" });
        self.save("appointment", &visit, &draft);
        self.visits.push(visit);
    }

    /// Writes something that is not about a slot, so that the hub hears of this desk.
    fn register(&mut self, dice: &mut Dice) -> String {
        let patient = dice.id(1).to_string();
        let draft =
            json!({ "name": [{ "family": "García", "given": "Ada" }], "ward": self.own_ward });
        self.save("patient", &patient, &draft);
        patient
    }

    /// Lets it reach the hub, and send at once what it has.
    fn meet(&mut self) {
        self.wire.set_cut(false);
        self.desk.ask(&json!({ "do": "hurry" }));
    }
}

/// The nth slot of Mondays, a few of each: who waits for one counts as well.
fn start(nth: usize) -> String {
    let (week, place) = (nth / SLOTS, nth % SLOTS);
    let monday = jiff::civil::date(2028, 1, 3) + (7 * i64::try_from(week).unwrap()).days();
    let at = monday.at(9, 0, 0, 0) + (30 * i64::try_from(place).unwrap()).minutes();
    let zone = jiff::tz::TimeZone::get("Europe/London").unwrap();
    at.to_zoned(zone).unwrap().timestamp().to_string()
}

async fn count(db: &mut PgConnection, query: &'static str) -> Option<i64> {
    sqlx::query_scalar(query).fetch_one(db).await.ok()
}

const DECIDED: &str = "select count(*) from record where kind = 2 and at >= '2028' and body ->> 'status' in ('booked', 'waitlist')";
/// Visits of which not just one thing was decided, told and said.
const NOT_ONCE: &str = "select count(*) from record where kind = 2 and at >= '2028' and (
    (select count(*) from booking_decision where appointment = record.id and not is_pointless) <> 1 or
    (select count(*) from event where subject = record.id and type not like '%slot_offered%') <> 1)";
const BOOKED: &str = "select count(distinct at) from record join booking on appointment = record.id
    where kind = 2 and at >= '2028' and body ->> 'status' = 'booked'";
/// Pairs of visits that stand at one time, of one doctor or one patient.
const TWICE: &str = "select count(*) from record one join record other on one.id < other.id and one.at = other.at
    and (one.body ->> 'practitioner' = other.body ->> 'practitioner' or one.subject = other.subject)
    where one.kind = 2 and other.kind = 2 and one.body ->> 'status' = 'booked' and other.body ->> 'status' = 'booked'";
const OVERBOOKED: &str = "select count(*) from doctor_day where counted + lent > 8";
/// Those who lost a slot and of whom nobody is to tell them.
const NOT_TOLD: &str =
    "select count(*) from record where kind = 2 and at >= '2028' and body ->> 'status' = 'waitlist'
    and (select count(*) from notice where appointment = record.id and not is_pointless) <> 1";
const HELD: &str = "select count(*) from held_change";

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_is_killed_while_it_decides_decides_everything_once() {
    let named = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let seed = named("SEED").unwrap_or(1);
    let kills = named("WARDBOOK_KILLS").map_or(KILLS, |kills| kills as usize);
    println!("SEED={seed}");
    let mut dice = Dice::new(seed);
    let folder = folder();
    let mut hub = Hub::start(&folder.path().join("hub"));
    hub.wait();
    let mut sides = [
        Side::new(&hub, folder.path(), "Medical A").await,
        Side::new(&hub, folder.path(), "Surgical B").await,
    ];
    for kill in 0..kills {
        sides.iter().for_each(|side| side.wire.set_cut(true));
        for place in 0..SLOTS {
            let start = start(kill * SLOTS + place);
            sides
                .iter_mut()
                .for_each(|side| side.book(&mut dice, &start));
        }
        hub.wait();
        sides.iter_mut().for_each(Side::meet);
        std::thread::sleep(Duration::from_millis(dice.below(WITHIN_MS) as u64));
        hub.kill();
        hub.restart();
    }
    let slots = i64::try_from(kills * SLOTS).unwrap();
    settle(&mut hub, &mut sides, &mut dice, 2 * slots, seed).await;
    let mut db = hub.database().await.unwrap();
    let expect = [
        (BOOKED, slots),
        (NOT_ONCE, 0),
        (TWICE, 0),
        (OVERBOOKED, 0),
        (HELD, 0),
    ];
    for (query, expect) in expect {
        let found = count(&mut db, query).await;
        assert_eq!(found, Some(expect), "SEED={seed}: {query}");
    }
    must_agree(&mut db, &mut sides, seed).await;
}

/// Waits until everything is decided, said and told. What desks write meanwhile says that nobody brings anything older.
async fn settle(hub: &mut Hub, sides: &mut [Side; 2], dice: &mut Dice, visits: i64, seed: u64) {
    let deadline = Instant::now() + LONGEST;
    loop {
        hub.wait();
        for side in sides.iter_mut() {
            side.register(dice);
            side.meet();
        }
        let mut counts = Vec::new();
        if let Some(mut db) = hub.database().await {
            for query in [DECIDED, NOT_TOLD] {
                counts.push(count(&mut db, query).await);
            }
        }
        if counts == [Some(visits), Some(0)] {
            return;
        }
        if Instant::now() > deadline {
            let said: Vec<_> = sides
                .iter_mut()
                .map(|side| side.desk.ask(&json!({ "do": "status" })))
                .collect();
            panic!("SEED={seed}: decided and not told are {counts:?}, of {visits}; {said:?}");
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Each desk comes to show what the hub has of each visit that it saved.
async fn must_agree(db: &mut PgConnection, sides: &mut [Side; 2], seed: u64) {
    for side in sides {
        for visit in side.visits.clone() {
            let row = sqlx::query("select body, heads from record where id = $1::uuid")
                .bind(&visit)
                .fetch_one(&mut *db)
                .await
                .unwrap_or_else(|error| panic!("SEED={seed}: {visit} was saved: {error}"));
            let heads = Heads::from_bytes(row.get("heads")).to_string();
            let ask = json!({ "do": "row", "kind": "appointment", "id": visit });
            let shown = until(|| side.desk.ask(&ask).filter(|shown| shown["heads"] == heads));
            let body: Value = row.get::<sqlx::types::Json<Value>, _>("body").0;
            assert_eq!(shown["body"], body, "SEED={seed}");
        }
    }
}
