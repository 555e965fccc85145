//! An office of the hospital for tests: visits that are told, clerks at the console, and what must hold of the books.

use crate::desk::client;
use reqwest::header::COOKIE;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use shared::events::{Cancelled, Closed, Event, Visit, What};
use shared::ids::{RecordId, StaffId};
use shared::scheduling::rules::{Fee, cancellation};
use sqlx::{PgPool, Row};
use std::time::{Duration, Instant};
use sync_server::events::inbox;
use sync_server::services::billing::Billing;
use sync_server::testing::TestHub;
use sync_server::world;
use uuid::Uuid;

/// The tables of the rules, and one visit told in words.
#[path = "../../../shared/tests/vectors/mod.rs"]
#[expect(dead_code, reason = "each test program takes what it needs")]
pub(crate) mod vectors;

pub(crate) use vectors::story::START_MS;

const MINUTE_MS: i64 = 60_000;
/// How long an event may take to be taken.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Office {
    pub(crate) hub: TestHub,
    http: Client,
}

/// Somebody at the console.
#[derive(Clone, Debug)]
pub(crate) struct Clerk {
    pub(crate) cookie: String,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Said {
    pub(crate) status: StatusCode,
    pub(crate) is_replayed: bool,
    pub(crate) body: Vec<u8>,
}

impl Said {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub(crate) fn code(&self) -> String {
        let code = self.json()["problems"][0]["code"]
            .as_str()
            .map(str::to_owned);
        code.unwrap_or_default()
    }
}

/// A visit that was told so often.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) id: Uuid,
    pub(crate) patient: Uuid,
    pub(crate) nth: u32,
}

impl Office {
    /// An office where every visit costs so much, net.
    pub(crate) async fn of_fee(net: i64) -> Self {
        Self::at(TestHub::start().await, net).await
    }

    /// The office of a hospital.
    pub(crate) async fn at(hub: TestHub, net: i64) -> Self {
        let http = client();
        let office = Self { hub, http };
        office.price(net).await;
        office
    }

    pub(crate) async fn price(&self, net: i64) {
        sqlx::query(
            "insert into billing.price (net, currency, from_ms, by) values ($1, 'INR', 0, $2)",
        )
        .bind(net)
        .bind(self.hub.nurse.0)
        .execute(self.pool())
        .await
        .expect("a price");
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.hub.app.pool
    }

    /// Somebody of a role who is signed in.
    pub(crate) async fn clerk(&self, role: &str) -> Clerk {
        let (staff, token) = (world::new_id(), world::new_id().simple().to_string());
        sqlx::query("insert into staff (id, username, name, roles) values ($1, $2, $2, array[$3])")
            .bind(staff)
            .bind(format!("{role} {staff}"))
            .bind(role)
            .execute(self.pool())
            .await
            .expect("somebody is hired");
        sqlx::query("insert into console_session (hash, staff) values ($1, $2)")
            .bind(Sha256::digest(token.as_bytes()).to_vec())
            .bind(staff)
            .execute(self.pool())
            .await
            .expect("they are signed in");
        let cookie = format!("__Host-wardbook={token}");
        Clerk { cookie }
    }

    pub(crate) async fn get(&self, clerk: &Clerk, path: &str) -> Said {
        let call = self.http.get(format!("{}{path}", self.hub.url()));
        Self::said(call.header(COOKIE, &clerk.cookie)).await
    }

    /// Asks under a key of its own.
    pub(crate) async fn post(&self, clerk: &Clerk, path: &str, body: &Value) -> Said {
        self.under(clerk, path, &world::new_id().to_string(), body)
            .await
    }

    pub(crate) async fn under(&self, clerk: &Clerk, path: &str, key: &str, body: &Value) -> Said {
        let text = serde_json::to_vec(body).expect("JSON");
        self.bytes(clerk, path, Some(key), text).await
    }

    pub(crate) async fn bytes(
        &self,
        clerk: &Clerk,
        path: &str,
        key: Option<&str>,
        body: Vec<u8>,
    ) -> Said {
        let call = self.http.post(format!("{}{path}", self.hub.url()));
        let call = call
            .header(COOKIE, &clerk.cookie)
            .header("x-wardbook-console", "1");
        let call = call.header("content-type", "application/json").body(body);
        let call = match key {
            Some(key) => call.header("idempotency-key", key),
            None => call,
        };
        Self::said(call).await
    }

    async fn said(call: reqwest::RequestBuilder) -> Said {
        let answer = call.send().await.expect("the hub answers");
        Said {
            status: answer.status(),
            is_replayed: answer.headers().contains_key("idempotent-replayed"),
            body: answer.bytes().await.expect("a body").to_vec(),
        }
    }

    /// A visit that was booked.
    pub(crate) async fn visit(&self) -> Told {
        let mut told = Told {
            id: world::new_id(),
            patient: world::new_id(),
            nth: 0,
        };
        let booked = What::Scheduled(visit(&told));
        self.tell(&mut told, START_MS - 3 * 86_400_000, booked)
            .await;
        told
    }

    /// Tells something about a visit, and lets billing take it.
    pub(crate) async fn tell(&self, told: &mut Told, at_ms: i64, what: What) {
        told.nth += 1;
        self.deliver(&event(told, told.nth, at_ms, what)).await;
    }

    pub(crate) async fn deliver(&self, event: &Event) {
        inbox::arrive(self.pool(), &Billing, std::slice::from_ref(event))
            .await
            .expect("it arrives");
        inbox::take(self.pool(), &Billing)
            .await
            .expect("it is taken");
        // the hub that is serving may have been about it already
        let begun = Instant::now();
        while !self.is_taken(event).await {
            assert!(begun.elapsed() < PATIENCE, "nobody took {}", event.id());
            tokio::task::yield_now().await;
        }
    }

    async fn is_taken(&self, event: &Event) -> bool {
        sqlx::query_scalar(
            "select taken_at is not null from event_inbox where consumer = 'billing' and event = $1",
        )
        .bind(event.id())
        .fetch_one(self.pool())
        .await
        .expect("it arrived")
    }

    /// The bill that stands for a visit.
    pub(crate) async fn bill(&self, told: &Told) -> Option<Uuid> {
        sqlx::query_scalar("select bill from billing.visit where appointment = $1")
            .bind(told.id)
            .fetch_one(self.pool())
            .await
            .expect("the visit")
    }

    /// A visit that was made and billed.
    pub(crate) async fn billed(&self) -> (Told, Uuid) {
        let mut told = self.visit().await;
        let done = completed(&told, IsContested::No);
        self.tell(&mut told, START_MS, done).await;
        let bill = self.bill(&told).await.expect("a bill");
        (told, bill)
    }

    /// What is on an account for one visit, on the side that grows it.
    pub(crate) async fn on(&self, told: &Told, account: i32) -> i64 {
        sqlx::query_scalar(
            "select coalesce(abs(sum(debit - credit)), 0)::bigint from billing.posting join billing.journal on journal.id = journal
             where appointment = $1 and account = $2",
        )
        .bind(told.id)
        .bind(account)
        .fetch_one(self.pool())
        .await
        .expect("a sum")
    }

    pub(crate) async fn count(&self, statement: &'static str) -> i64 {
        sqlx::query_scalar(statement)
            .fetch_one(self.pool())
            .await
            .expect("a count")
    }

    /// Says what must hold of the books, of payments and of receipts: each statement finds what is wrong.
    pub(crate) async fn check(&self, told: &str) {
        for wrong in WRONG {
            let found = sqlx::query(wrong)
                .fetch_optional(self.pool())
                .await
                .expect("a check");
            let found = found.map(|row| row.get::<String, _>(0));
            assert_eq!(found, None, "{told}: {wrong}");
        }
    }
}

const WRONG: [&str; 11] = [
    "select 'kept' where (select coalesce(sum(credit - debit), 0) from billing.posting where account = 2000)
        <> (select coalesce(sum(deposit), 0) from billing.visit)
         + (select coalesce(sum(kept - released), 0) from payments.payment where bill is not null or appointment is null)",
    "select 'journal ' || journal from billing.posting group by journal having sum(debit) <> sum(credit)",
    "select 'receivable of ' || bill.id from billing.bill left join (
        select bill, sum(debit - credit) as owed from billing.posting join billing.journal on journal.id = journal
        where account = 1100 group by bill) books on books.bill = bill.id
     where coalesce(owed, 0) <> case when void_reason is null
        then net + tax - applied - benefit - contractual - forgiven else 0 end",
    "select 'bill without a journal ' || id from billing.bill where not exists (
        select 1 from billing.journal where journal.bill = bill.id and why = 'issued')",
    "select 'account ' || account from billing.posting where account in (1015, 1100, 1110) group by account
     having sum(debit - credit) < 0",
    "select 'account ' || account from billing.posting where account in (2000, 2050, 2100, 4000, 4010, 4020) group by account
     having sum(credit - debit) < 0",
    "select 'owed' where (select coalesce(sum(credit - debit), 0) from billing.posting where account = 2050)
        <> (select coalesce(sum(minor), 0) from payments.refund where is_owed and state <> 'succeeded')",
    "select 'in hand' where (select coalesce(sum(debit - credit), 0) from billing.posting where account < 1100 or account in (5010, 5030))
        <> (select coalesce(sum(minor - refunded), 0) from payments.payment) + (select coalesce(sum(paid), 0) from insurance.claim)",
    "select 'series ' || code from payments.series where last <> (select count(*) from payments.payment
        where receipt like code || '-%' and split_part(receipt, '-', 3)::integer between 1 and last)",
    "select 'series of a desk ' || code from payments.desk_series where last <> (
        select count(*) from payments.document where series = code and number between 1 and last)
        and not exists (select 1 from billing.exception where kind = 'RECEIPT_GAP' and settled_at is null
            and starts_with(cause, 'gap:' || code))",
    "select 'document ' || series || number from payments.document where (outcome ->> 'outcome' in ('posted', 'excepted')) <>
        exists (select 1 from payments.payment where payment.id = document.id)",
];

/// Whether an appointment shows something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IsContested {
    Yes,
    No,
}

pub(crate) fn visit(told: &Told) -> Visit {
    let at = |ms: i64| jiff::Timestamp::from_millisecond(ms).expect("a moment");
    Visit {
        patient: RecordId(told.patient),
        practitioner: StaffId(Uuid::nil()),
        department: None,
        ward: None,
        start: at(START_MS),
        end: at(START_MS + 30 * MINUTE_MS),
    }
}

pub(crate) fn event(told: &Told, nth: u32, at_ms: i64, what: What) -> Event {
    Event {
        subject: RecordId(told.id),
        nth,
        at_ms,
        recorded_ms: START_MS + 86_400_000 + i64::from(nth),
        what,
    }
}

pub(crate) fn completed(told: &Told, is_contested: IsContested) -> What {
    What::Completed(closed(told, is_contested))
}

pub(crate) fn missed(told: &Told) -> What {
    What::NoShow(closed(told, IsContested::No))
}

fn closed(told: &Told, is_contested: IsContested) -> Closed {
    Closed {
        visit: visit(told),
        is_automatic: false,
        is_contested: is_contested == IsContested::Yes,
    }
}

pub(crate) fn cancelled(told: &Told, at_ms: i64) -> What {
    What::Cancelled(Cancelled {
        visit: visit(told),
        fee: cancellation(START_MS, at_ms).unwrap_or(Fee::Whole),
        is_contested: false,
    })
}

/// A payment in cash at the front.
pub(crate) fn cash(bill: Uuid, minor: i64) -> Value {
    json!({
        "payment": world::new_id(), "for": { "bill": bill }, "till": "front", "how": { "method": "cash", "drawer": "front" },
        "amount": { "amount_minor": minor, "currency": "INR" },
    })
}

pub(crate) const PAY: &str = "/console/v1/payments";

/// Lets one event of the tables happen; says whether the hub refused it.
pub(crate) async fn happen(
    office: &Office,
    clerk: &Clerk,
    told: &mut Told,
    event: &str,
) -> Option<String> {
    let mut words = event.split_whitespace();
    let word = words.next().expect("a word");
    let minor = words.next().map_or(0, vectors::number);
    let what = match word {
        "complete" | "complete_early" => completed(told, IsContested::No),
        "complete_other" => completed(told, IsContested::Yes),
        "no_show" => missed(told),
        "cancel" => cancelled(told, START_MS - minor * MINUTE_MS),
        _ => return at_the_counter(office, clerk, told, (word, minor)).await,
    };
    let at_ms = match word {
        "complete_early" => START_MS - 1,
        "cancel" => START_MS - minor * MINUTE_MS,
        "complete_other" => START_MS + 31 * MINUTE_MS,
        _ => START_MS + 30 * MINUTE_MS,
    };
    office.tell(told, at_ms, what).await;
    let outcome: Option<String> =
        sqlx::query_scalar("select outcome from billing.heard where appointment = $1 and nth = $2")
            .bind(told.id)
            .bind(i32::try_from(told.nth).expect("few"))
            .fetch_one(office.pool())
            .await
            .expect("it was heard");
    let outcome = outcome.expect("it was acted on");
    (outcome != "done").then_some(outcome)
}

async fn at_the_counter(
    office: &Office,
    clerk: &Clerk,
    told: &Told,
    (word, minor): (&str, i64),
) -> Option<String> {
    let bill = office.bill(told).await;
    if word != "deposit" && bill.is_none() {
        return Some("bill.none".into());
    }
    let bill = bill.unwrap_or_default();
    let amount = json!({ "amount_minor": minor, "currency": "INR" });
    let mut pay = cash(bill, minor);
    let (path, body) = match word {
        "cash" => (PAY, pay),
        "keep" => {
            pay["keeps_rest"] = json!(true);
            (PAY, pay)
        }
        "card" => {
            pay["how"] = json!({ "method": "card", "provider": "stripe" });
            (PAY, pay)
        }
        "deposit" => {
            pay["for"] = json!({ "visit": told.id });
            (PAY, pay)
        }
        "void" => (
            "/console/v1/bills/void",
            json!({ "bill": bill, "reason": "a mistake" }),
        ),
        "refund" => (
            "/console/v1/refunds",
            json!({ "refund": world::new_id(), "of": { "bill": bill }, "amount": amount, "reason": "kindness" }),
        ),
        _ => unreachable!("{word} does not happen at a counter"),
    };
    let said = office.post(clerk, path, &body).await;
    (!said.status.is_success()).then(|| said.code())
}
