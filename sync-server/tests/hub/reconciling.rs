//! The daily reconciliation over PostgreSQL: silent after every story that the rules allow, and one exception for each planted error.

use crate::money::{Clerk, IsContested, Office, PAY, START_MS, cancelled, cash, completed, missed};
use serde_json::{Value, json};
use shared::office::ExceptionPage;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use sync_server::world;

const EXCEPTIONS: &str = "/console/v1/books/exceptions";
const RECONCILE: &str = "/console/v1/books/reconcile";
const SETTLE: &str = "/console/v1/books/settle";

async fn found(office: &Office, clerk: &Clerk) -> (u64, u64) {
    let said = office.post(clerk, RECONCILE, &json!({})).await;
    assert_eq!(said.status.as_u16(), 200, "{}", said.json());
    let said: Value = said.json();
    let of = |name: &str| said[name].as_u64().expect("a number");
    (of("found"), of("new"))
}

async fn page(office: &Office, clerk: &Clerk, query: &str) -> ExceptionPage {
    let said = office.get(clerk, &format!("{EXCEPTIONS}{query}")).await;
    assert_eq!(said.status.as_u16(), 200, "{}", said.json());
    serde_json::from_value(said.json()).expect("a page")
}

/// Everything that usually happens to visits and their money.
async fn usual_day(office: &Office, clerk: &Clerk) {
    let (_, paid) = office.billed().await;
    office.post(clerk, PAY, &cash(paid, 10_500)).await;
    let refund = json!({
        "refund": world::new_id(), "of": { "bill": paid }, "amount": { "amount_minor": 3_500, "currency": "INR" }, "reason": "kindness",
    });
    office.post(clerk, "/console/v1/refunds", &refund).await;
    let (_, part) = office.billed().await;
    office.post(clerk, PAY, &cash(part, 4_000)).await;
    let (_, void) = office.billed().await;
    let ask = json!({ "bill": void, "reason": "a mistake" });
    office.post(clerk, "/console/v1/bills/void", &ask).await;
    let mut gone = office.visit().await;
    let mut deposit = cash(gone.id, 10_500);
    deposit["for"] = json!({ "visit": gone.id });
    office.post(clerk, PAY, &deposit).await;
    let late = cancelled(&gone, START_MS - 60_000);
    office.tell(&mut gone, START_MS - 60_000, late).await;
    let mut absent = office.visit().await;
    let no_show = missed(&absent);
    office
        .tell(&mut absent, START_MS + 1_800_000, no_show)
        .await;
    let mut came = office.visit().await;
    let done = completed(&came, IsContested::No);
    office.tell(&mut came, START_MS, done).await;
}

/// Writes into the database what no program may, as somebody who owns it could.
async fn tamper(office: &Office, statement: &str) {
    let mut db = PgConnection::connect_with(&office.hub.database())
        .await
        .expect("the database");
    let whole = format!("set session_replication_role = replica; {statement}");
    sqlx::raw_sql(AssertSqlSafe(whole))
        .execute(&mut db)
        .await
        .expect(statement);
}

/// An error, as SQL, and what it is called.
const PLANTED: [(&str, &str); 8] = [
    (
        "LEDGER_SUMS",
        "update billing.posting set credit = credit + 7 where line = 2 and journal = (select min(journal) from billing.posting where line = 2
            and credit > 0 and account = 4000)",
    ),
    (
        "BILL_BALANCE",
        "update billing.bill set applied = applied - 7 where applied = 4000",
    ),
    (
        "BILL_WITHOUT_JOURNAL",
        "insert into billing.bill (id, patient, kind, currency, net, tax, rate_basis_points, rate_version, issued_ms)
         values (gen_random_uuid(), gen_random_uuid(), 'supplement', 'INR', 100, 5, 500, 1, 0)",
    ),
    (
        "KEY_IN_PROGRESS",
        "insert into payments.once (scope, key, fingerprint, by, at_ms) values ('console', gen_random_uuid(), '', gen_random_uuid(), 1)",
    ),
    (
        "RECEIPT_POSTING",
        "update payments.payment set minor = minor + 1, kept = kept + 1 where minor = 4000",
    ),
    ("RECEIPT_SERIES", "update payments.series set last = last + 1"),
    (
        "EVENT_WAITS",
        "insert into billing.heard (appointment, nth, body, at) values (gen_random_uuid(), 2, '{}', now() - interval '61 minutes')",
    ),
    (
        "PAID_TWICE",
        "insert into payments.payment (id, bill, patient, currency, minor, applied, kept, method, account, part, receipt, asked, by, at_ms)
            select gen_random_uuid(), bill, patient, currency, minor, applied, kept, method, account, part,
                left(receipt, 9) || lpad(((select last from payments.series) + 1)::text, 6, '0'), asked, by, at_ms + 120000
            from payments.payment where minor = 4000;
         update payments.series set last = last + 1;
         insert into billing.journal (cause, why, currency, occurred_ms, recorded_ms, day)
            select 'payment:' || id, 'taken', currency, at_ms, at_ms, current_date from payments.payment order by number desc limit 1;
         insert into billing.posting (journal, line, account, part, debit) select max(id), 1, 1000, 'front', 4000 from billing.journal;
         insert into billing.posting (journal, line, account, credit) select max(id), 2, 2000, 4000 from billing.journal",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_planted_error_is_one_exception_and_a_usual_day_none() {
    for (kind, planted) in PLANTED {
        let office = Office::of_fee(10_000).await;
        let clerk = office.clerk("billing").await;
        usual_day(&office, &clerk).await;
        assert_eq!(found(&office, &clerk).await, (0, 0), "{kind}");
        tamper(&office, planted).await;
        found(&office, &clerk).await;
        let lines = page(&office, &clerk, "").await.lines;
        let mut kinds: Vec<&str> = lines.iter().map(|line| line.kind.as_str()).collect();
        // a journal whose sides differ makes its currency's differ
        kinds.dedup();
        assert_eq!(kinds, [kind], "{lines:?}");
        // it is the same one tomorrow
        let again = found(&office, &clerk).await;
        assert!(again.0 > 0 && again.1 == 0, "{kind}: {again:?}");
    }
}

#[tokio::test]
async fn what_is_settled_has_a_name_and_a_reason_and_stays() {
    let office = Office::of_fee(10_000).await;
    let clerk = office.clerk("billing").await;
    let auditor = office.clerk("auditor").await;
    usual_day(&office, &clerk).await;
    tamper(&office, PLANTED[1].1).await;
    assert_eq!(found(&office, &clerk).await, (1, 1));
    let line = page(&office, &clerk, "").await.lines.remove(0);
    assert_eq!((line.expected, line.found), (Some(6_507), Some(6_500)));
    let settle = async |clerk: &Clerk, reason: &str| {
        let ask = json!({ "exception": line.id, "reason": reason });
        office.post(clerk, SETTLE, &ask).await
    };
    assert_eq!(settle(&clerk, " ").await.code(), "required");
    assert_eq!(settle(&clerk, &"x".repeat(201)).await.code(), "too_long");
    assert_eq!(settle(&auditor, "fine").await.code(), "not_allowed");
    assert!(
        settle(&clerk, "typed wrong, bank asked")
            .await
            .status
            .is_success()
    );
    assert_eq!(settle(&clerk, "again").await.code(), "exception.settled");
    // found again it is known, and settled
    assert_eq!(found(&office, &clerk).await, (1, 0));
    assert_eq!(page(&office, &clerk, "").await.lines, []);
    let all = page(&office, &auditor, "?state=all").await;
    assert_eq!((all.lines.len(), all.open), (1, 0));
    let settled = all.lines[0].settled.as_ref().expect("it is settled");
    assert_eq!(settled.reason, "typed wrong, bank asked");
    for gone in [
        "delete from billing.exception",
        "truncate billing.exception",
        "update billing.exception set settled_reason = 'another'",
        "update billing.exception set settled_at = null, settled_by = null, settled_reason = null",
        "update billing.exception set found = expected",
    ] {
        // its owner is stopped as well
        let refused = office.hub.as_owner(gone).await.expect_err(gone);
        let constraint = refused.as_database_error().and_then(|one| one.constraint());
        assert_eq!(constraint, Some("exception_is_kept"), "{gone}");
    }
}

#[tokio::test]
async fn the_list_goes_on_page_by_page_and_today_is_looked_through_once() {
    let office = Office::of_fee(10_000).await;
    let clerk = office.clerk("manager").await;
    let many = "insert into billing.exception (cause, kind, at_ms) select 'made ' || n, 'RECEIPT_GAP', n from generate_series(1, 120) n";
    tamper(&office, many).await;
    for state in ["open", "all"] {
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let page = page(&office, &clerk, &format!("?state={state}{after}")).await;
            seen.extend(page.lines.iter().map(|line| line.id));
            let Some(next) = page.next else { break };
            after = format!("&after={next}");
        }
        assert_eq!(seen.len(), 120);
        assert!(seen.is_sorted() || seen.iter().rev().is_sorted(), "{state}");
    }
    sync_server::books::reconcile::daily(&office.hub.app)
        .await
        .expect("today's");
    sync_server::books::reconcile::daily(&office.hub.app)
        .await
        .expect("nothing more");
    let days = "select count(*) from billing.reconciliation where day is not null";
    assert_eq!(office.count(days).await, 1);
}
