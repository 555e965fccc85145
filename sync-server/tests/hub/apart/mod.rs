//! Billing and payments as a process of their own, told what happens by a broker: the same story ends in the same books, and
//! whatever is killed when, each event has its effect once.
//!
//! A failing run prints its seed; `SEED=n ROUNDS=n cargo test -p sync-server --test hub apart` replays the choices.

mod hospital;
pub(crate) mod process;

use crate::killed::ask;
use crate::money::{PAY, cash};
use crate::slots::House;
use crate::visits::known;
use hospital::{Hospital, Shape};
use reqwest::StatusCode;
use serde_json::{Value, json};
use shared::sample::Dice;
use shared::sync::wire::Verdict;
use std::collections::BTreeSet;
use std::time::Duration;
use sync_server::world;

const MINUTE_MS: i64 = 60_000;
const FEE: i64 = 10_000;
const GROSS: i64 = 10_500;
/// Kills where `ROUNDS` says nothing else: of each side and of the broker.
const ROUNDS: usize = 9;
/// Visits that are told in each round, and how far apart, at most.
const VISITS: usize = 40;
const APART_MS: usize = 20;

/// What came of the story, in words that are the same wherever it happened.
async fn story(shape: Shape) -> Vec<String> {
    let mut house = House::new(1, 4).await;
    // the processes are the hub from now on
    house.hub.stop_serving().await;
    let mut visits = Vec::new();
    for nth in 0..4 {
        let ago_ms = (100 + 31 * i64::try_from(nth).expect("few")) * MINUTE_MS;
        visits.push(known(&house, nth, -ago_ms).await);
    }
    // nobody notes by itself who did not come
    house.silence(0).await;
    let desk = house.desks.remove(0);
    let hospital = Hospital::new(house.hub, FEE, shape).await;
    hospital.is_ready().await;
    // three were seen, and one did not come
    let said = ["fulfilled", "fulfilled", "fulfilled", "noshow"];
    let edits = visits.iter().zip(said);
    let edits = edits.map(|(visit, status)| desk.edit(visit, &json!({ "status": status })));
    let verdicts = desk.push(edits.map(|edit| edit.envelope()).collect()).await;
    assert_eq!(verdicts, [const { Verdict::Taken }; 4]);
    hospital.until_settled(4, 0).await;
    let clerk = hospital.office.clerk("billing").await;
    for (visit, minor) in visits.iter().zip([GROSS, 4_000]) {
        let bill = hospital.bill_of(visit.id.0).await;
        let paid = hospital.office.post(&clerk, PAY, &cash(bill, minor)).await;
        assert_eq!(paid.status, StatusCode::CREATED, "{}", paid.code());
    }
    hospital.until_settled(4, 2).await;
    hospital.check("the story").await;
    let [trial, bills, notices] = [TRIAL, BILLS, NOTICES].map(|query| hospital.lines(query));
    [trial.await, bills.await, notices.await].concat()
}

const TRIAL: &str = "select account || ' ' || sum(debit) || ' ' || sum(credit) from billing.posting group by account order by account";
const BILLS: &str = "select kind || ' ' || net || ' ' || tax || ' ' || applied || ' ' || coalesce(void_reason, 'stands')
    from billing.bill order by kind, applied";
const NOTICES: &str = "select kind || ' ' || minor from notice_of_money order by kind, minor";

#[tokio::test(flavor = "multi_thread")]
async fn one_process_and_two_come_to_the_same_books() {
    let together = story(Shape::Together).await;
    assert!(
        together.contains(&format!("consultation {FEE} 500 {GROSS} stands")),
        "{together:?}"
    );
    assert!(together.contains(&"receipt 4000".to_owned()));
    assert_eq!(story(Shape::Apart).await, together);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_process_has_its_own_services_and_says_how_the_line_is() {
    let mut house = House::new(1, 1).await;
    house.hub.stop_serving().await;
    let desk = house.desks.remove(0);
    let mut hospital = Hospital::new(house.hub, FEE, Shape::Apart).await;
    hospital.is_ready().await;
    let there = hospital.money_addr();
    // the one door has everything, the other process its own alone
    let of_desk = desk.post("/sync/v1/bills", &json!({ "known": [] })).await;
    assert_eq!(of_desk.status, StatusCode::OK);
    for path in ["/sync/v1/feed", "/console/v1/me"] {
        assert_eq!(hospital.get(there, path).await.0, StatusCode::NOT_FOUND);
    }
    let unsigned = hospital.get(there, "/console/v1/books").await.0;
    assert_eq!(unsigned, StatusCode::UNAUTHORIZED);
    hospital.until_doctor_says("health.nats_ok").await;
    // without the money everybody else goes on, and what it is told waits
    hospital.money().kill();
    let clerk = hospital.office.clerk("billing").await;
    let pay = cash(world::new_id(), 1);
    let said = hospital.office.post(&clerk, PAY, &pay).await;
    assert_eq!(said.status, StatusCode::SERVICE_UNAVAILABLE);
    let patient = desk.patient("Alone");
    assert_eq!(desk.push(vec![patient.envelope()]).await, [Verdict::Taken]);
    hospital.tell_of_another_time().await;
    hospital.tell_visit().await;
    hospital.until_doctor_says("health.nats_unheard").await;
    hospital.money().start();
    hospital.until_settled(1, 0).await;
    // without the broker as well
    hospital.broker().kill();
    hospital.until_ready_says("away").await;
    assert_eq!(hospital.doctor().await, ["health.nats_away"]);
    hospital.tell_visit().await;
    let unsent = hospital.lines("select type from event where published_at is null");
    assert_eq!(unsent.await.len(), 2);
    hospital.broker().start();
    hospital.until_ready_says("ok").await;
    hospital.until_settled(2, 0).await;
    hospital.check("apart").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_fetched_and_could_not_be_kept_is_fetched_again() {
    let mut house = House::new(0, 0).await;
    house.hub.stop_serving().await;
    let hospital = Hospital::new(house.hub, FEE, Shape::Apart).await;
    hospital.is_ready().await;
    let closed = hospital.close_inbox().await;
    hospital.tell_visit().await;
    hospital.until_inbox_waits(2).await;
    hospital.end_who_waits().await;
    drop(closed);
    hospital.until_settled(1, 0).await;
}

/// Pays bills through the one door, each under one key until somebody says that it is paid.
async fn pay(hospital: &Hospital, bills: Vec<uuid::Uuid>) {
    let clerk = hospital.office.clerk("billing").await;
    let http = crate::desk::client();
    for bill in bills {
        let (key, body) = (world::new_id().to_string(), cash(bill, GROSS));
        let said = ask((&http, hospital.addr()), &clerk, PAY, (&key, &body)).await;
        let said: Value = serde_json::from_slice(&said).expect("JSON");
        assert!(said["receipt"].is_string(), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_killed_each_event_has_its_effect_once() {
    let named = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let seed = named("SEED").unwrap_or(1);
    let rounds = named("ROUNDS").map_or(ROUNDS, |rounds| rounds as usize);
    eprintln!("SEED={seed}");
    let mut dice = Dice::new(seed);
    let mut house = House::new(0, 0).await;
    house.hub.stop_serving().await;
    let mut hospital = Hospital::new(house.hub, FEE, Shape::Apart).await;
    hospital.is_ready().await;
    let (mut told, mut paid) = (0, BTreeSet::new());
    for round in 0..rounds {
        let bills = hospital.unpaid().await;
        paid.extend(bills.iter().copied());
        let pauses: Vec<u64> = (0..VISITS).map(|_| dice.below(APART_MS) as u64).collect();
        let [soon, later] = [dice.below(600), dice.below(600)].map(|ms| ms as u64);
        let mut victim = hospital.take_victim(round);
        let telling = async {
            for pause in pauses {
                hospital.tell_visit().await;
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
        };
        let killing = async {
            tokio::time::sleep(Duration::from_millis(soon)).await;
            victim.kill();
            tokio::time::sleep(Duration::from_millis(later)).await;
            victim.start();
        };
        tokio::join!(telling, killing, pay(&hospital, bills));
        hospital.give_back(round, victim);
        told += VISITS;
    }
    hospital.until_settled(told, paid.len()).await;
    // at last the broker comes back with nothing of what it had, while something waits for the money
    hospital.money().kill();
    hospital.tell_visit().await;
    hospital.until_handed_on().await;
    hospital.broker().kill();
    hospital.forget();
    hospital.broker().start();
    hospital.money().start();
    hospital.until_settled(told + 1, paid.len()).await;
    hospital.check(&format!("seed {seed}")).await;
}
