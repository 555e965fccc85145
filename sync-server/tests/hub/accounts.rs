//! What is told about money, and what is billed of what others tell: once, in whatever order, whoever is killed.

use crate::events::{Deadly, SAFE, data, orders, settle, told};
use crate::money::{IsContested, Office, PAY, START_MS, Told, cash, completed, event, visit};
use serde_json::json;
use shared::events::accounts::{Accounts, Ordered};
use shared::events::{Event, Rescheduled, What};
use shared::ids::{RecordId, StaffId};
use shared::money::Money;
use shared::money::currency::Currency;
use shared::sample::Dice;
use sqlx::PgPool;
use std::sync::Arc;
use sync_server::events::{inbox, outbox};
use sync_server::services::billing::Billing;
use sync_server::world;
use uuid::Uuid;

fn ordered(patient: Uuid, visit: Option<Uuid>, net: i64) -> Ordered {
    Ordered {
        patient: RecordId(patient),
        appointment: visit.map(RecordId),
        net: Money::new(net, Currency::parse("INR").expect("a currency")),
    }
}

/// Something that was ordered and is done.
fn done(what: Accounts) -> Event {
    Event {
        subject: RecordId(world::new_id()),
        nth: 1,
        at_ms: START_MS,
        recorded_ms: START_MS,
        what: What::Accounts(what),
    }
}

/// A visit, what was prescribed at it and what was tested.
fn story() -> Vec<Event> {
    let (id, patient) = (world::new_id(), world::new_id());
    let told = Told {
        id,
        patient,
        nth: 0,
    };
    let moved = What::Rescheduled(Rescheduled {
        visit: visit(&told),
        from_practitioner: StaffId(Uuid::nil()),
        from_start: jiff::Timestamp::UNIX_EPOCH,
    });
    vec![
        event(&told, 1, START_MS - 3_000, What::Scheduled(visit(&told))),
        event(&told, 2, START_MS - 2_000, moved),
        event(&told, 3, START_MS, completed(&told, IsContested::No)),
        done(Accounts::OrderCompleted(ordered(patient, Some(id), 333))),
        done(Accounts::TestCompleted(ordered(patient, Some(id), 110))),
    ]
}

async fn count(pool: &PgPool, statement: &'static str) -> i64 {
    let count = sqlx::query_scalar(statement).fetch_one(pool).await;
    count.expect("a count")
}

const CREATED: &str = "select count(distinct subject) from event where type = 'org.wardbook.bill.created.v1' and nth = 1";

#[tokio::test]
async fn in_whatever_order_it_is_told_each_thing_is_billed_once() {
    let mut office = Office::of_fee(10_000).await;
    office.hub.stop_serving().await;
    let pool = office.pool();
    for order in orders() {
        let story = story();
        for place in order {
            for _ in 0..2 {
                let one = std::slice::from_ref(&story[place]);
                inbox::arrive(pool, &Billing, one)
                    .await
                    .expect("it arrives");
            }
            if place % 2 == 0 {
                inbox::take(pool, &Billing).await.expect("it is taken");
            }
        }
        while inbox::take(pool, &Billing).await.expect("it is taken") > 0 {}
    }
    assert_eq!(count(pool, "select count(*) from billing.bill").await, 360);
    assert_eq!(count(pool, CREATED).await, 360);
    let sums = "select count(*) from billing.bill where (kind, net + tax) in (('consultation', 10500), ('pharmacy', 350), ('lab', 116))";
    assert_eq!(count(pool, sums).await, 360);
    let revenue =
        "select sum(credit - debit)::bigint from billing.posting where account in (4030, 4040)";
    assert_eq!(count(pool, revenue).await, 120 * (333 + 110));
    // nobody has anything to do with what was only told
    let left = "select count(*) from event_inbox where taken_at is null";
    assert_eq!(count(pool, left).await, 0);
    office.check("in every order").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_commit_and_handing_on_each_order_is_billed_once() {
    let mut office = Office::of_fee(10_000).await;
    office.hub.stop_serving().await;
    let pool = office.pool();
    let seed = std::env::var("SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or(1);
    eprintln!("SEED={seed}");
    let mut dice = Dice::new(seed);
    let bus = Deadly::to(pool, Arc::new(Billing));
    let mut expect = 0;
    for _ in 0..200 {
        let order = done(Accounts::OrderCompleted(ordered(
            world::new_id(),
            None,
            500,
        )));
        let mut tx = pool.begin().await.expect("a transaction");
        outbox::tell(&mut tx, &[order]).await.expect("it is told");
        if dice.below(4) == 0 {
            drop(tx);
        } else {
            tx.commit().await.expect("it is committed");
            expect += 1;
        }
        let fate = u32::try_from(dice.below(3)).expect("a small number");
        bus.hand_on(pool, fate).await;
        if dice.below(2) == 0 {
            inbox::take(pool, &Billing).await.expect("it is taken");
        }
    }
    bus.hand_on(pool, SAFE).await;
    settle(pool, bus.as_ref(), &Billing).await;
    assert!(expect > 100, "{expect}");
    assert_eq!(
        count(pool, "select count(*) from billing.bill").await,
        expect
    );
    assert_eq!(count(pool, CREATED).await, expect);
    office.check("killed").await;
}

#[tokio::test]
async fn what_is_billed_and_paid_is_told_with_what_causes_it() {
    let office = Office::of_fee(10_000).await;
    let clerk = office.clerk("billing").await;
    let (visit, bill) = office.billed().await;
    let pool = office.pool();
    assert_eq!(told(pool, RecordId(bill)).await, ["created"]);
    let of_bill = data(pool, RecordId(bill), 1).await;
    assert_eq!(
        of_bill,
        json!({
            "patient": visit.patient, "appointment": visit.id, "basedOn": null, "addsTo": null, "kind": "consultation",
            "net": { "amount_minor": 10_000, "currency": "INR" }, "gross": { "amount_minor": 10_500, "currency": "INR" },
        })
    );
    let pay = cash(bill, 4_000);
    let payment: Uuid = serde_json::from_value(pay["payment"].clone()).expect("an id");
    let key = world::new_id().to_string();
    for _ in 0..2 {
        let said = office.under(&clerk, PAY, &key, &pay).await;
        assert_eq!(said.status.as_u16(), 201);
    }
    assert_eq!(told(pool, RecordId(payment)).await, ["completed"]);
    let paid = data(pool, RecordId(payment), 1).await;
    assert_eq!(
        (&paid["method"], &paid["applied"]["amount_minor"]),
        (&json!("cash"), &json!(4_000))
    );
    // what was refused is told to nobody
    let too_much = cash(bill, 6_501);
    let refused: Uuid = serde_json::from_value(too_much["payment"].clone()).expect("an id");
    assert_eq!(
        office.post(&clerk, PAY, &too_much).await.status.as_u16(),
        422
    );
    assert!(told(pool, RecordId(refused)).await.is_empty());
}
