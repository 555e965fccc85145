//! What departments tell each other: told with the change, taken once by each consumer, whatever is cut, late or broken.

use crate::desk::slot;
use crate::slots::{HOUR_MS, House};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use shared::events::{Event, What, examples};
use shared::ids::RecordId;
use shared::record::Kind;
use shared::sample::Dice;
use shared::sync::wire::Verdict;
use sqlx::{PgConnection, PgPool, Row};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use sync_server::error::{Error, Result};
use sync_server::events::local::Local;
use sync_server::events::{Bus, Consumer, inbox, outbox};
use sync_server::services::notifications::Notifications;
use sync_server::testing::TestHub;
use tokio::sync::Notify;
use uuid::Uuid;

/// The last words of the types of what was told about a record, in order.
pub(crate) async fn told(pool: &PgPool, subject: RecordId) -> Vec<String> {
    let types: Vec<String> =
        sqlx::query_scalar("select type from event where subject = $1 order by nth")
            .bind(subject.0)
            .fetch_all(pool)
            .await
            .expect("what was told");
    let word = |name: &String| name.split('.').nth(3).expect("a type").to_owned();
    types.iter().map(word).collect()
}

pub(crate) async fn data(pool: &PgPool, subject: RecordId, nth: i32) -> Value {
    sqlx::query_scalar("select data from event where subject = $1 and nth = $2")
        .bind(subject.0)
        .bind(nth)
        .fetch_one(pool)
        .await
        .expect("it was told")
}

/// What is to be said to patients: which of the events about a record, and its word.
async fn open_notices(pool: &PgPool, subject: RecordId) -> Vec<(i32, String)> {
    sqlx::query_as(
        "select nth, kind from notice where appointment = $1 and not is_pointless and given_at is null",
    )
    .bind(subject.0)
    .fetch_all(pool)
    .await
    .expect("the notices")
}

/// Waits until just this is to be said about a record: the hub hands on by itself too.
async fn is_to_say(pool: &PgPool, subject: RecordId, nth: i32, kind: &str) {
    let until = std::time::Instant::now() + Duration::from_secs(30);
    loop {
        let open = open_notices(pool, subject).await;
        if open == [(nth, kind.to_owned())] {
            return;
        }
        assert!(std::time::Instant::now() < until, "to say: {open:?}");
        tokio::task::yield_now().await;
    }
}

/// Hands everything on and lets a consumer take it.
pub(crate) async fn settle(pool: &PgPool, bus: &dyn Bus, consumer: &dyn Consumer) {
    while outbox::hand_on(pool, bus).await.expect("it is handed on") > 0 {}
    while inbox::take(pool, consumer).await.expect("it is taken") > 0 {}
}

#[tokio::test]
async fn what_becomes_of_an_appointment_is_told_with_the_change() {
    let house = House::new(1, 1).await;
    let (desk, pool) = (&house.desks[0], &house.hub.app.pool);
    let asked = desk.make(Kind::Appointment, &house.visit(0, &slot(0), "pending"));
    assert_eq!(house.push(0, &asked).await, Verdict::Taken);
    // the hub has written that it stands
    assert_eq!(house.status(&asked).await, "booked");
    assert_eq!(told(pool, asked.id).await, ["scheduled"]);
    let first = desk.make(Kind::Appointment, &house.visit(0, &slot(1), "booked"));
    assert_eq!(house.push(0, &first).await, Verdict::Taken);
    let moved = desk.edit(
        &first,
        &json!({ "start": slot(2), "move": [{ "from": slot(1), "to": slot(2) }] }),
    );
    let noted = desk.edit(&moved, &json!({ "notes": "came by bus" }));
    let gone = desk.edit(
        &noted,
        &json!({ "status": "cancelled", "cancelReason": "ill" }),
    );
    for made in [&moved, &noted, &gone] {
        assert_eq!(house.push(0, made).await, Verdict::Taken);
    }
    assert_eq!(
        told(pool, first.id).await,
        ["scheduled", "rescheduled", "cancelled"]
    );
    assert_eq!(data(pool, first.id, 2).await["fromStart"], slot(1));
    assert_eq!(data(pool, first.id, 3).await["fee"], "nothing");
    let text = data(pool, first.id, 3).await.to_string();
    assert!(!text.contains("ill"), "{text}");
    // said again, it is no news
    assert_eq!(house.push(0, &gone).await, Verdict::Had);
    assert_eq!(told(pool, first.id).await.len(), 3);
    is_to_say(pool, first.id, 3, "cancelled").await;
    is_to_say(pool, asked.id, 1, "scheduled").await;
}

#[tokio::test]
async fn who_loses_a_slot_is_told_once_with_what_is_free() {
    let house = House::new(2, 2).await;
    let pool = &house.hub.app.pool;
    let first = house.ago(0, 0, &slot(0), 0);
    assert_eq!(house.push(0, &first).await, Verdict::Taken);
    // its desk thought that it was certain
    let desk = &house.desks[1];
    let second = desk.make(Kind::Appointment, &house.visit(1, &slot(0), "booked"));
    assert_eq!(house.push(1, &second).await, Verdict::Taken);
    assert_eq!(house.status(&second).await, "waitlist");
    sync_server::scheduling::decide::settle(&house.hub.app)
        .await
        .expect("nothing is left");
    assert_eq!(told(pool, second.id).await, ["needs_rebooking"]);
    let data = data(pool, second.id, 1).await;
    assert_eq!(data["why"], "slot.taken");
    assert_eq!(data["offers"].as_array().map(Vec::len), Some(3));
    is_to_say(pool, second.id, 1, "needs_rebooking").await;
}

/// A consumer that writes down what it takes, and fails where it is told to.
#[derive(Debug, Default)]
struct Clerk {
    name: &'static str,
    /// The event about this subject makes it fail; odd tries make it panic.
    poisoned_by: Option<RecordId>,
    tries: AtomicU32,
}

impl Consumer for Clerk {
    fn name(&self) -> &'static str {
        self.name
    }

    fn wants(&self, _: &What) -> bool {
        true
    }

    fn take<'a>(&'a self, tx: &'a mut PgConnection, event: &'a Event) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            sqlx::query("insert into took (consumer, event) values ($1, $2)")
                .bind(self.name)
                .bind(event.id())
                .execute(&mut *tx)
                .await?;
            if self.poisoned_by == Some(event.subject) {
                let tries = self.tries.fetch_add(1, Ordering::SeqCst);
                assert!(tries.is_multiple_of(2), "poison");
                return Err(Error::Unavailable);
            }
            Ok(())
        })
    }
}

/// Makes the table in which clerks write. It has no key: what is taken twice shows.
async fn desk_of_clerks(hub: &TestHub) {
    hub.as_owner("create table took (consumer text, event text)")
        .await
        .expect("a table");
}

async fn took(pool: &PgPool, consumer: &str) -> Vec<String> {
    sqlx::query_scalar("select event from took where consumer = $1 order by event")
        .bind(consumer)
        .fetch_all(pool)
        .await
        .expect("what was taken")
}

fn id(number: u128) -> RecordId {
    RecordId(Uuid::from_u128(number))
}

/// Events about as many subjects.
fn about(subjects: std::ops::Range<u128>) -> Vec<Event> {
    let one = |subject| Event {
        subject: id(subject),
        ..examples()[0].clone()
    };
    subjects.map(one).collect()
}

/// Every order of five.
pub(crate) fn orders() -> Vec<Vec<usize>> {
    let mut orders = vec![vec![]];
    for next in 0..5 {
        orders = orders
            .iter()
            .flat_map(|order: &Vec<usize>| {
                (0..=order.len()).map(move |place| {
                    let mut order = order.clone();
                    order.insert(place, next);
                    order
                })
            })
            .collect();
    }
    orders
}

#[tokio::test]
async fn in_whatever_order_five_events_come_and_however_often_the_same_is_said() {
    let mut hub = crate::trust::hub().await;
    // nobody else takes what arrives
    hub.stop_serving().await;
    let pool = &hub.app.pool;
    let five: Vec<Event> = examples().into_iter().take(5).collect();
    let orders = orders();
    assert_eq!(orders.len(), 120);
    for (nth, order) in orders.iter().enumerate() {
        let subject = id(1_000 + nth as u128);
        for place in order {
            let event = Event {
                subject,
                ..five[*place].clone()
            };
            // each of them twice, one after the other or together with what came before
            for _ in 0..2 {
                let some = std::slice::from_ref(&event);
                inbox::arrive(pool, &Notifications, some)
                    .await
                    .expect("it arrives");
            }
            if place % 2 == 0 {
                inbox::take(pool, &Notifications)
                    .await
                    .expect("it is taken");
            }
        }
        inbox::take(pool, &Notifications)
            .await
            .expect("it is taken");
        assert_eq!(
            open_notices(pool, subject).await,
            [(5, "no_show".into())],
            "{order:?}"
        );
        let noted: i64 = sqlx::query_scalar("select count(*) from notice where appointment = $1")
            .bind(subject.0)
            .fetch_one(pool)
            .await
            .expect("a count");
        assert_eq!(noted, 5, "{order:?}");
    }
}

/// A way to consumers on which the hub is killed: before it hands on, after it, or not at all.
#[derive(Debug)]
pub(crate) struct Deadly {
    local: Local,
    /// Which of the three comes next.
    fate: AtomicU32,
    is_there: Notify,
}

impl Deadly {
    pub(crate) fn to(pool: &PgPool, consumer: Arc<dyn Consumer>) -> Arc<Self> {
        Arc::new(Self {
            local: Local::new(pool.clone(), vec![consumer]),
            fate: AtomicU32::new(0),
            is_there: Notify::new(),
        })
    }

    /// Hands on until it is killed: before, after, or not at all.
    pub(crate) async fn hand_on(self: &Arc<Self>, pool: &PgPool, fate: u32) {
        self.fate.store(fate, Ordering::SeqCst);
        let (by, on) = (self.clone(), pool.clone());
        let mut handing = tokio::spawn(async move { outbox::hand_on(&on, by.as_ref()).await });
        tokio::select! {
            ended = &mut handing => {
                ended.expect("it ends").expect("it is handed on");
            }
            () = self.is_there.notified() => {
                handing.abort();
                assert!(handing.await.is_err(), "it is gone");
            }
        }
    }

    /// Gets no further.
    async fn stop(&self) {
        self.is_there.notify_one();
        std::future::pending::<()>().await;
    }
}

impl Bus for Deadly {
    fn publish<'a>(&'a self, events: &'a [Event]) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let fate = self.fate.load(Ordering::SeqCst);
            if fate == 0 {
                self.stop().await;
            }
            self.local.publish(events).await?;
            if fate == 1 {
                self.stop().await;
            }
            Ok(())
        })
    }
}

/// The fate of who is not killed.
pub(crate) const SAFE: u32 = 2;

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_commit_and_handing_on_nothing_is_lost_and_nothing_comes_twice() {
    let mut hub = crate::trust::hub().await;
    // nobody else hands on
    hub.stop_serving().await;
    desk_of_clerks(&hub).await;
    let seed = std::env::var("SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or(1);
    eprintln!("SEED={seed}");
    let mut dice = Dice::new(seed);
    let pool = &hub.app.pool;
    let clerk: Arc<dyn Consumer> = Arc::new(Clerk {
        name: "one",
        ..Clerk::default()
    });
    let bus = Deadly::to(pool, clerk.clone());
    let mut expect = Vec::new();
    for round in 0..200_u128 {
        let events = about(round * 3..round * 3 + 3);
        let mut tx = pool.begin().await.expect("a transaction");
        outbox::tell(&mut tx, &events).await.expect("it is told");
        if dice.below(4) == 0 {
            // killed before the commit: it never was
            drop(tx);
        } else {
            tx.commit().await.expect("it is committed");
            expect.extend(events.iter().map(Event::id));
        }
        let fate = u32::try_from(dice.below(3)).expect("a small number");
        bus.hand_on(pool, fate).await;
        if dice.below(2) == 0 {
            inbox::take(pool, clerk.as_ref())
                .await
                .expect("it is taken");
        }
    }
    bus.hand_on(pool, SAFE).await;
    settle(pool, bus.as_ref(), clerk.as_ref()).await;
    expect.sort_unstable();
    assert!(expect.len() > 300, "{}", expect.len());
    assert_eq!(took(pool, "one").await, expect);
}

#[tokio::test]
async fn an_event_that_always_fails_is_set_aside_and_nobody_waits_for_it() {
    let mut hub = crate::trust::hub().await;
    hub.stop_serving().await;
    desk_of_clerks(&hub).await;
    let pool = &hub.app.pool;
    let fussy = Arc::new(Clerk {
        name: "fussy",
        poisoned_by: Some(id(7)),
        ..Clerk::default()
    });
    let calm = Arc::new(Clerk {
        name: "calm",
        ..Clerk::default()
    });
    let bus = Local::new(pool.clone(), vec![fussy.clone(), calm.clone()]);
    let events = about(0..20);
    let mut tx = pool.begin().await.expect("a transaction");
    outbox::tell(&mut tx, &events).await.expect("it is told");
    tx.commit().await.expect("it is committed");
    settle(pool, &bus, calm.as_ref()).await;
    settle(pool, &bus, fussy.as_ref()).await;
    assert_eq!(took(pool, "calm").await.len(), 20);
    assert_eq!(took(pool, "fussy").await.len(), 19);
    let state = async || {
        let row = sqlx::query(
            "select tries, code, set_aside_at is not null as is_aside, try_at > now() as waits from event_inbox
             where consumer = 'fussy' and taken_at is null",
        )
        .fetch_one(pool)
        .await
        .expect("the one that failed");
        let (tries, code): (i32, String) = (row.get("tries"), row.get("code"));
        (
            tries,
            code,
            row.get::<bool, _>("is_aside"),
            row.get::<bool, _>("waits"),
        )
    };
    let (tries, code, is_aside, waits) = state().await;
    assert!(tries == 1 && !is_aside && waits, "{tries} {code}");
    for _ in 1..shared::events::TRIES {
        sqlx::query("update event_inbox set try_at = now() where consumer = 'fussy'")
            .execute(pool)
            .await
            .expect("its time has come");
        settle(pool, &bus, fussy.as_ref()).await;
    }
    let (tries, _, is_aside, _) = state().await;
    assert_eq!(
        (tries.unsigned_abs(), is_aside),
        (shared::events::TRIES, true)
    );
    sqlx::query("update event_inbox set try_at = now() where consumer = 'fussy'")
        .execute(pool)
        .await
        .expect("its time has come");
    assert_eq!(inbox::take(pool, fussy.as_ref()).await.expect("nothing"), 0);
    // what comes later is taken as ever
    inbox::arrive(pool, fussy.as_ref(), &about(20..21))
        .await
        .expect("it arrives");
    settle(pool, &bus, fussy.as_ref()).await;
    assert_eq!(took(pool, "fussy").await.len(), 20);
}

#[tokio::test]
async fn a_hub_that_serves_hands_on_by_itself() {
    let house = House::new(1, 1).await;
    let pool = &house.hub.app.pool;
    let made = house.ago(0, 0, &slot(0), HOUR_MS);
    assert_eq!(house.push(0, &made).await, Verdict::Taken);
    is_to_say(pool, made.id, 1, "scheduled").await;
}
