//! Two ward desks and the hub as real processes: both take money without the network, one is killed with its receipt unsent, and what
//! is sent comes twice. In the end the books hold each receipt once, and what contradicts them is looked at.
//!
//! A failing run prints its seed; `SEED=n cargo test -p sync-server --test cashiers` replays the choices.

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
use serde_json::{Value, json};
use shared::sample::Dice;
use sqlx::{PgConnection, Row};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};
use sync_server::testing::proxy::Proxy;
use sync_server::world;
use uuid::Uuid;

/// Rounds of cuts, money, kills and repeats.
const ROUNDS: usize = 4;
const GROSS: i64 = 10_500;

struct Side {
    desk: Desk,
    wire: Proxy,
    /// Numbers that were said to be taken. What is answered is remembered here, outside the system.
    said: BTreeSet<String>,
}

impl Side {
    async fn open(hub: &Hub, dir: &Path) -> Self {
        let wire = Proxy::start(hub.addr).await.unwrap();
        let mut desk = Desk::new(dir, &wire.url());
        let enrol = json!({ "do": "enrol", "code": hub.code("Medical A") });
        let answer = until(|| {
            let answer = desk.ask(&enrol)?;
            let is_late = answer["why"].to_string().contains("unreach");
            (!is_late).then_some(answer)
        });
        assert_eq!(answer["ok"], true, "{answer}");
        hub.approve();
        let said = BTreeSet::new();
        Self { desk, wire, said }
    }

    fn account(&mut self, patient: Uuid) -> Option<Value> {
        let ask = json!({ "do": "account", "patient": patient });
        self.desk.ask(&ask)
    }

    /// Takes money; killed on the way, it says what it still said.
    fn take(&mut self, dice: &mut Dice, bill: Uuid, minor: i64, is_killed: bool) {
        let ask = json!({ "id": world::new_id(), "bill": bill, "how": "cash", "reference": null, "minor": minor,
            "tenderedMinor": null });
        let take = json!({ "do": "take", "ask": ask });
        let answers: Vec<Value> = if is_killed {
            self.desk.tell(&take);
            std::thread::sleep(Duration::from_micros(dice.below(4_000) as u64));
            self.desk.kill()
        } else {
            self.desk.ask(&take).into_iter().collect()
        };
        for answer in answers {
            let number = answer["number"].as_str();
            let number = number.unwrap_or_else(|| panic!("refused at the desk: {answer}"));
            self.said.insert(number.to_owned());
        }
    }
}

async fn database(hub: &Hub) -> PgConnection {
    let deadline = Instant::now() + LONGEST;
    loop {
        if let Some(db) = hub.database().await {
            return db;
        }
        assert!(Instant::now() < deadline, "PostgreSQL does not come back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Bills a patient, as a visit does.
async fn bill(hub: &Hub, patient: Uuid) -> Uuid {
    let (id, mut db) = (world::new_id(), database(hub).await);
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!(
        "begin;
         insert into billing.bill (id, patient, kind, currency, net, tax, rate_basis_points, rate_version, issued_ms)
            values ('{id}', '{patient}', 'supplement', 'GBP', 10000, 500, 500, 1, 1900000000000);
         insert into billing.journal (cause, why, currency, patient, bill, occurred_ms, recorded_ms)
            values ('test:{id}', 'issued', 'GBP', '{patient}', '{id}', 0, 0);
         insert into billing.posting (journal, line, account, debit, credit)
            select journal.id, line, account, debit, credit from billing.journal, (values
                (1, 1100, 10500, 0), (2, 4000, 0, 10000), (3, 2100, 0, 500)) lines (line, account, debit, credit)
            where cause = 'test:{id}';
         commit"
    )))
    .execute(&mut db)
    .await
    .unwrap();
    id
}

/// Registers a patient at one desk, and waits until both know of them.
fn admit(sides: &mut [Side; 2]) -> Uuid {
    let patient = world::new_id();
    let reference = until(|| {
        let reference = sides[0].desk.ask(&json!({ "do": "reference" }))?;
        reference["staff"][0].is_object().then_some(reference)
    });
    let mut staff = reference["staff"].as_array().unwrap().iter();
    let doctor = staff.find(|one| one["roles"][0] == "doctor").unwrap();
    let mut wards = reference["wards"].as_array().unwrap().iter();
    let ward = wards.find(|one| one["name"] == "Medical A").unwrap();
    let draft = json!({ "name": [{ "family": "García", "given": "Ada" }], "ward": ward["id"] });
    let save = json!({ "do": "save", "kind": "patient", "id": patient, "staff": doctor["id"], "draft": draft, "isNew": true });
    let saved = sides[0].desk.ask(&save).unwrap();
    assert!(saved["problems"].is_null(), "{saved}");
    let known = json!({ "do": "row", "kind": "patient", "id": patient });
    until(|| sides[1].desk.ask(&known).filter(|row| !row.is_null()));
    patient
}

fn wait_for_bill(side: &mut Side, patient: Uuid, bill: Uuid) {
    until(|| {
        let said = side.account(patient)?;
        let bills = said["account"]["bills"].as_array()?;
        let is_here = bills.iter().any(|one| one["bill"]["id"] == json!(bill));
        (is_here && said["account"]["canNumber"] == true).then_some(())
    });
}

/// Everything is sent, with faults on the way.
async fn heal(dice: &mut Dice, hub: &mut Hub, sides: &mut [Side; 2], patient: Uuid) {
    for side in sides.iter_mut() {
        let cut = if dice.below(2) == 0 {
            0
        } else {
            100 + dice.below(1_500) as u64
        };
        side.wire.set_answers_end_after(cut);
        side.wire.set_cut(false);
        side.desk.start();
    }
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(dice.below(300) as u64)).await;
        let which = dice.below(2);
        match dice.below(4) {
            0 => drop(sides[which].desk.kill()),
            1 => {
                hub.kill();
                hub.restart();
            }
            2 => sides[which].wire.repeat(1 + dice.below(8)).await,
            _ => sides[which].wire.drop_connections(),
        }
    }
    for side in sides.iter_mut() {
        side.wire.set_answers_end_after(0);
        side.desk.kill();
        until(|| {
            let said = side.account(patient)?;
            (said["unposted"] == 0).then_some(())
        });
        side.wire.repeat(4).await;
    }
}

/// Each statement finds what is wrong.
const WRONG: [&str; 6] = [
    "select 'journal ' || journal from billing.posting group by journal having sum(debit) <> sum(credit)",
    "select 'receivable ' || bill.id from billing.bill where net + tax - applied <> (select sum(debit - credit)
        from billing.posting join billing.journal on journal.id = journal where account = 1100 and journal.bill = bill.id)",
    "select 'in hand' where (select coalesce(sum(debit - credit), 0) from billing.posting where account = 1000)
        <> (select coalesce(sum(minor - refunded), 0) from payments.payment)",
    "select 'kept' where (select coalesce(sum(credit - debit), 0) from billing.posting where account = 2000)
        <> (select coalesce(sum(kept - released), 0) from payments.payment)",
    "select 'series ' || code from payments.desk_series where last <> (select count(*) from payments.document where series = code)",
    "select kind from billing.exception where kind <> 'DUPLICATE_COLLECTION'",
];

async fn check(hub: &Hub, sides: &[Side; 2], told: &str) {
    let mut db = database(hub).await;
    for wrong in WRONG {
        let found = sqlx::query(wrong).fetch_optional(&mut db).await.unwrap();
        let found = found.map(|row| row.get::<String, _>(0));
        assert_eq!(found, None, "{told}: {wrong}");
    }
    let receipts: Vec<String> = sqlx::query_scalar("select receipt from payments.payment")
        .fetch_all(&mut db)
        .await
        .unwrap();
    let posted: BTreeSet<String> = receipts.iter().cloned().collect();
    assert_eq!(posted.len(), receipts.len(), "{told}: posted once");
    for side in sides {
        let lost: Vec<_> = side.said.difference(&posted).collect();
        assert!(
            lost.is_empty(),
            "{told}: said to be taken, and lost: {lost:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_desks_took_apart_is_in_the_books_once() {
    let seed = std::env::var("SEED").map_or(1, |seed| seed.parse().unwrap());
    println!("SEED={seed}");
    let mut dice = Dice::new(seed);
    let folder = folder();
    let mut hub = Hub::start(&folder.path().join("hub"));
    let a = Side::open(&hub, &folder.path().join("a")).await;
    let b = Side::open(&hub, &folder.path().join("b")).await;
    let mut sides = [a, b];
    let patient = admit(&mut sides);
    for round in 0..ROUNDS {
        let told = format!("seed {seed}, round {round}");
        let both = bill(&hub, patient).await;
        let one = bill(&hub, patient).await;
        for side in &mut sides {
            wait_for_bill(side, patient, both);
            wait_for_bill(side, patient, one);
            side.wire.set_cut(true);
        }
        // the same bill at both desks: one of them is a surprise
        for side in &mut sides {
            side.take(&mut dice, both, GROSS, false);
        }
        // and one is killed about when its receipt is on the disk
        let which = dice.below(2);
        sides[which].take(&mut dice, one, 4_000, true);
        sides[which].take(&mut dice, one, 1_000, false);
        heal(&mut dice, &mut hub, &mut sides, patient).await;
        check(&hub, &sides, &told).await;
        let mut db = database(&hub).await;
        let kept: i64 =
            sqlx::query_scalar("select sum(kept)::bigint from payments.payment where bill = $1")
                .bind(both)
                .fetch_one(&mut db)
                .await
                .unwrap();
        assert_eq!(kept, GROSS, "{told}: the second stays the patient's");
        let looked: i64 =
            sqlx::query_scalar("select count(*) from billing.exception where bill = $1")
                .bind(both)
                .fetch_one(&mut db)
                .await
                .unwrap();
        assert_eq!(looked, 1, "{told}: and somebody looks at it");
    }
    let taken: usize = sides.iter().map(|side| side.said.len()).sum();
    assert!(taken >= ROUNDS * 3, "{taken}");
}
