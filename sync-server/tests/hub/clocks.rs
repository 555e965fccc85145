//! TIM-3: a desk whose clock was set after it promised something is not held to the wrong time, and a person is told.

use crate::conflicts::{list, settle, undo};
use crate::console::Browser;
use crate::desk::{Made, codes};
use crate::events::{data, told};
use crate::slots::{HOUR_MS, House};
use jiff::ToSpan;
use jiff::civil::Weekday;
use reqwest::Method;
use serde_json::json;
use sha2::{Digest, Sha256};
use shared::clock::Now;
use shared::conflicts::settle::Choice;
use shared::document::{self, Stamp};
use shared::sync::waybill::{HEADER, Place, Waybill, signed_path};
use shared::sync::wire::{self, PushAnswer, Verdict};
use sync_server::world;

/// The first desk of a house, whose clock can be set.
struct Clocked<'a> {
    house: &'a House,
    place: Place,
    /// By how much its clock is ahead, and was when it heard the hub last.
    ahead_ms: i64,
    reckoned_ms: i64,
    /// So long ago it made the push that it sends.
    made_ago_ms: i64,
}

impl<'a> Clocked<'a> {
    fn new(house: &'a House) -> Self {
        Self {
            house,
            place: Place::default(),
            ahead_ms: 0,
            reckoned_ms: 0,
            made_ago_ms: 0,
        }
    }

    /// Sets the clock; the hub is heard once more before anything is sent.
    fn set(&mut self, ahead_ms: i64) {
        (self.ahead_ms, self.reckoned_ms) = (ahead_ms, ahead_ms);
    }

    async fn push(&mut self, made: &Made) -> Verdict {
        let desk = &self.house.desks[0];
        let body = wire::encode(&desk.push_of(vec![made.envelope()]));
        let (dseq, prev) = self.place.next(desk.incarnation);
        let clock_ms = world::now().0 + self.ahead_ms;
        let sent_at_ms = clock_ms - self.made_ago_ms;
        let waybill = Waybill {
            org: self.house.hub.app.authority.digest(),
            device: desk.enrolled.device,
            incarnation: desk.incarnation,
            dseq,
            prev,
            sent_at_ms,
            boot_ms: 1,
            run: 1,
            anchor_ms: sent_at_ms - self.reckoned_ms,
            is_settled: true,
            body: Sha256::digest(&body).into(),
        };
        let (path, text) = ("/sync/v1/push", waybill.text());
        let signed = signed_path(path, &text);
        let device = desk.enrolled.device;
        let header = wire::sign(&desk.key, device, "POST", &signed, clock_ms, &body);
        let more = [(HEADER, text.as_str())];
        let sent = desk.send_with(Method::POST, path, Some(header), body, &more);
        let verdict = sent.await.frame::<PushAnswer>().verdicts.remove(0);
        self.place = waybill.place();
        verdict
    }

    /// Sends something that has nothing to do with appointments.
    async fn push_other(&mut self) {
        let patient = self.house.desks[0].patient("Other");
        assert_eq!(self.push(&patient).await, Verdict::Taken);
    }

    /// An appointment that says it was made so long before it begins.
    fn before(&self, patient: usize, start_ms: i64, before_ms: i64) -> Made {
        let draft = self
            .house
            .visit(patient, &Now(start_ms).rfc3339(), "booked");
        let ago_ms = world::now().0 - (start_ms - before_ms);
        self.house.ago_as(0, &draft, ago_ms)
    }

    /// A change of it that says the same.
    fn edit(
        &self,
        made: &Made,
        (start_ms, before_ms): (i64, i64),
        draft: &serde_json::Value,
    ) -> Made {
        let stamp = Stamp {
            now: Now(start_ms - before_ms),
            ..self.house.desks[0].stamp()
        };
        let (doc, base) = (&made.edited.doc, &made.edited.heads);
        let edited = document::edit(made.kind, doc, base, draft, &stamp);
        Made {
            kind: made.kind,
            id: made.id,
            edited: edited.expect("the version is there").expect("it differs"),
        }
    }
}

/// Returns when the nth slot from ten o'clock of the last working day began.
fn began(nth: i64) -> i64 {
    let zone = jiff::tz::TimeZone::get("Europe/London").expect("the zone is known");
    let now = jiff::Timestamp::from_millisecond(world::now().0).expect("a time");
    let mut day = zone.to_datetime(now).date() - 1.day();
    while matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
        day -= 1.day();
    }
    let at = day.at(10, 0, 0, 0) + (nth * 30).minutes();
    let at = at.to_zoned(zone).expect("a time");
    at.timestamp().as_millisecond()
}

/// Lends the first desk a slot.
async fn lend(house: &House, start_ms: i64) {
    sqlx::query(
        "insert into booking (practitioner, day, starts_ms, ends_ms, slots, lent_to)
         values ($1, to_timestamp($2 / 1000)::date, $2, $2 + 1800000, 4, $3)",
    )
    .bind(house.hub.doctor.0)
    .bind(start_ms)
    .bind(house.desks[0].enrolled.device.0)
    .execute(&house.hub.app.pool)
    .await
    .expect("it is lent");
}

/// How many changes wait for a person because of their time.
async fn doubted(house: &House) -> i64 {
    sqlx::query_scalar("select count(*) from conflict_item where kind = 8 and settled_at is null")
        .fetch_one(&house.hub.app.pool)
        .await
        .expect("a count")
}

#[tokio::test]
async fn a_promise_stands_whose_desk_had_its_clock_set_back_since_and_a_person_is_told() {
    let house = House::new(1, 2).await;
    let start_ms = began(0);
    lend(&house, start_ms).await;
    let mut desk = Clocked::new(&house);
    desk.push_other().await;
    // three hours before; now the clock says that it was an hour after
    let promised = desk.before(0, start_ms, 3 * HOUR_MS);
    desk.set(-4 * HOUR_MS);
    assert_eq!(desk.push(&promised).await, Verdict::Taken);
    assert_eq!(house.status(&promised).await, "booked");
    let mut mia = Browser::of(&house.hub, "mia", "manager").await;
    let lines = list(&mut mia, "?kind=clock").await;
    let [line] = lines.as_slice() else {
        panic!("{lines:?}");
    };
    let rule = &line.rule;
    assert_eq!(rule.code, "appointment.time_uncertain");
    // to the second
    let says = |blank: &str, ms| rule.with[blank].starts_with(&Now(ms).rfc3339()[..19]);
    assert!(says("from", start_ms - 3 * HOUR_MS), "{rule:?}");
    assert!(says("until", start_ms + HOUR_MS), "{rule:?}");
    assert_eq!(
        (line.record, line.desk.as_deref()),
        (Some(promised.id), Some("Desk"))
    );
    // nothing is written: it was looked at, or not after all
    assert_eq!(settle(&mut mia, line, Choice::Dismiss).await.done, 1);
    assert_eq!(list(&mut mia, "?kind=clock").await, []);
    assert_eq!(undo(&mut mia, line).await.done, 1);
    assert_eq!(list(&mut mia, "?kind=clock").await.len(), 1);
    // all that was made before has come: from here on the clock is as sure as another
    let late = desk.before(1, began(1), 3 * HOUR_MS);
    assert_eq!(codes(&desk.push(&late).await), ["appointment.lead_time"]);
}

#[tokio::test]
async fn what_a_clock_was_counts_for_all_that_was_made_by_it() {
    let house = House::new(1, 1).await;
    let start_ms = began(0);
    let mut desk = Clocked::new(&house);
    desk.push_other().await;
    let promised = desk.before(0, start_ms, 3 * HOUR_MS);
    desk.set(-4 * HOUR_MS);
    // said again, since nobody knows whether it came: the promise is behind it
    desk.made_ago_ms = 6 * HOUR_MS;
    desk.push_other().await;
    desk.made_ago_ms = 0;
    assert_eq!(desk.push(&promised).await, Verdict::Taken);
    assert_eq!(doubted(&house).await, 1);
}

#[tokio::test]
async fn a_clock_that_was_set_since_the_hub_was_heard_leaves_the_time_open_too() {
    let house = House::new(1, 2).await;
    let start_ms = began(0);
    let mut desk = Clocked::new(&house);
    // nothing is known of it, and it says of itself that it is right
    desk.ahead_ms = -4 * HOUR_MS;
    let promised = desk.before(0, start_ms, 3 * HOUR_MS);
    assert_eq!(desk.push(&promised).await, Verdict::Taken);
    assert_eq!(doubted(&house).await, 1);
    // where the time makes no difference, nobody is asked
    desk.set(0);
    let early = desk.before(1, began(1), 30 * HOUR_MS);
    assert_eq!(desk.push(&early).await, Verdict::Taken);
    assert_eq!(doubted(&house).await, 1);
}

#[tokio::test]
async fn who_gives_up_pays_by_the_kinder_time_and_nobody_is_a_no_show_by_the_harder() {
    let house = House::new(1, 2).await;
    let (first_ms, second_ms) = (began(0), began(1));
    let mut desk = Clocked::new(&house);
    let first = desk.before(0, first_ms, 30 * HOUR_MS);
    let second = desk.before(1, second_ms, 30 * HOUR_MS);
    for made in [&first, &second] {
        assert_eq!(desk.push(made).await, Verdict::Taken);
    }
    house.close_window().await;
    for made in [&first, &second] {
        assert_eq!(house.status(made).await, "booked");
    }
    // three hours before, or an hour after
    let why = json!({ "status": "cancelled", "cancelReason": "ill" });
    let given_up = desk.edit(&first, (first_ms, 3 * HOUR_MS), &why);
    desk.set(-4 * HOUR_MS);
    assert_eq!(desk.push(&given_up).await, Verdict::Taken);
    let pool = &house.hub.app.pool;
    assert_eq!(told(pool, first.id).await, ["cancelled"]);
    assert_eq!(data(pool, first.id, 1).await["fee"], "nothing");
    assert_eq!(doubted(&house).await, 1);
    // an hour after it ended, or three before
    let missed = json!({ "status": "noshow" });
    let missed = desk.edit(&second, (second_ms, -HOUR_MS), &missed);
    desk.set(4 * HOUR_MS);
    let said = desk.push(&missed).await;
    assert_eq!(
        codes(&said),
        ["appointment.not_over", "appointment.time_uncertain"]
    );
}
