//! Bills out of what becomes of visits, through the database: every row of the tables, and whatever the order.

use crate::money::vectors::story::Story;
use crate::money::vectors::{Random, lines};
use crate::money::{
    Clerk, IsContested, Office, START_MS, Told, cancelled, completed, event, happen, missed, visit,
};
use serde_json::{Value, json};
use shared::billing::facts::Course;
use shared::events::What;
use shared::ledger::Account;
use sqlx::Row;
use sync_server::world;

const TABLE: &str = include_str!("../../../shared/tests/vectors/late_facts.csv");

async fn course(office: &Office, told: &Told) -> String {
    sqlx::query_scalar("select course from billing.visit where appointment = $1")
        .bind(told.id)
        .fetch_one(office.pool())
        .await
        .expect("the visit")
}

/// The bills of a visit as the table shows them, and what is owed of them.
async fn bills(office: &Office, clerk: &Clerk, told: &Told) -> (String, i64) {
    let ask = serde_json::json!({ "patient": told.patient, "before": null });
    let said = office.post(clerk, "/console/v1/bills", &ask).await;
    let bills = said.json();
    let bills = bills.as_array().expect("bills").iter().rev();
    let word =
        |bill: &serde_json::Value, name: &str| bill[name].as_str().expect("a word").to_owned();
    let shown = bills
        .clone()
        .map(|bill| format!("{} {}", word(bill, "kind"), word(bill, "state")));
    let owed = bills
        .clone()
        .filter_map(|bill| bill["balance"]["amount_minor"].as_i64());
    (shown.collect::<Vec<_>>().join(" + "), owed.sum())
}

async fn exception(office: &Office, told: &Told) -> String {
    let kind: Option<String> = sqlx::query_scalar(
        "select kind from billing.exception where appointment = $1 order by id desc limit 1",
    )
    .bind(told.id)
    .fetch_optional(office.pool())
    .await
    .expect("exceptions");
    kind.unwrap_or_default()
}

#[tokio::test]
async fn what_is_heard_late_or_twice_or_otherwise_comes_to_what_the_table_says() {
    let office = Office::of_fee(10_000).await;
    let clerk = office.clerk("billing").await;
    let mut rows = 0;
    for line in lines(TABLE) {
        // how far a clock is to be trusted is no part of an event
        if line[0].contains("doubtful") || line[0].contains("sure") {
            continue;
        }
        rows += 1;
        let mut told = office.visit().await;
        let mut refusal = String::new();
        for step in line[0].split(';').map(str::trim) {
            if let Some(code) = happen(&office, &clerk, &mut told, step).await {
                refusal = code;
            }
        }
        let (shown, owed) = bills(&office, &clerk, &told).await;
        let found = [
            course(&office, &told).await,
            shown,
            owed.to_string(),
            office.on(&told, 2050).await.to_string(),
            office.on(&told, 2000).await.to_string(),
            exception(&office, &told).await,
            refusal,
        ];
        assert_eq!(found.as_slice(), &line[1..], "{}", line[0]);
    }
    assert_eq!(rows, 38, "every row that is told by events");
    office.check("the table").await;
}

#[tokio::test]
async fn the_hub_does_what_the_rules_do_whatever_happens() {
    let office = Office::of_fee(12_345).await;
    let clerk = office.clerk("billing").await;
    let words = [
        "complete",
        "complete_other",
        "complete_early",
        "no_show",
        "cancel",
        "cancel",
        "cash",
        "card",
        "keep",
        "deposit",
        "void",
        "refund",
        "refund",
    ];
    let mut random = Random::from_env();
    for _ in 0..25 {
        let mut told = office.visit().await;
        let mut story = Story::of_fee(12_345);
        let mut events = Vec::new();
        for _ in 0..12 {
            let word = words[usize::try_from(random.below(13)).expect("few")];
            let minor = match random.below(2) {
                0 => story.owed().max(1),
                _ => 1 + random.below(15_000),
            };
            let step = match word {
                "cancel" => format!("cancel {}", random.below(300) - 60),
                "deposit" if story.visit.course != Course::Booked => continue,
                word => format!("{word} {minor}"),
            };
            story.refusal = None;
            story.happen(&step);
            let refused = happen(&office, &clerk, &mut told, &step).await;
            events.push(step);
            let so_far = events.join("; ");
            let expect = story.refusal.as_ref().map(|problem| problem.code.clone());
            assert_eq!(refused, expect, "{so_far}");
            let on = [1100, 2000, 2050, 2100, 4000];
            let accounts = [
                Account::PatientReceivable,
                Account::PatientCredit,
                Account::RefundsPayable,
                Account::TaxPayable,
                Account::Revenue(shared::ledger::Revenue::Consultation),
            ];
            for (number, account) in on.into_iter().zip(accounts) {
                assert_eq!(
                    office.on(&told, number).await,
                    story.on(account),
                    "{number}: {so_far}"
                );
            }
        }
    }
    office.check("whatever happens").await;
}

fn orders(of: &[usize]) -> Vec<Vec<usize>> {
    if of.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for first in of {
        let rest: Vec<usize> = of.iter().copied().filter(|other| other != first).collect();
        all.extend(
            orders(&rest)
                .into_iter()
                .map(|order| [vec![*first], order].concat()),
        );
    }
    all
}

#[tokio::test]
async fn five_events_come_to_the_same_in_all_their_orders_and_each_twice() {
    let office = Office::of_fee(10_000).await;
    let mut outcomes = std::collections::BTreeSet::new();
    let all = orders(&[0, 1, 2, 3, 4]);
    assert_eq!(all.len(), 120);
    for order in all {
        let told = Told {
            id: world::new_id(),
            patient: world::new_id(),
            nth: 0,
        };
        let early = START_MS - 3 * 86_400_000;
        let minutes = |count: i64| START_MS - count * 60_000;
        let events = [
            event(&told, 1, early, What::Scheduled(visit(&told))),
            event(&told, 2, START_MS + 1_800_000, missed(&told)),
            event(&told, 3, minutes(90), cancelled(&told, minutes(90))),
            event(&told, 4, minutes(130), cancelled(&told, minutes(130))),
            event(&told, 5, START_MS + 1, completed(&told, IsContested::Yes)),
        ];
        for nth in order.iter().chain(&order) {
            office.deliver(&events[*nth]).await;
        }
        let rows = sqlx::query(
            "select kind, (void_reason is not null)::text as void, net + tax - applied as owed from billing.bill where appointment = $1 order by kind",
        )
        .bind(told.id)
        .fetch_all(office.pool())
        .await
        .expect("bills");
        let bills: Vec<(String, String, i64)> = rows
            .iter()
            .map(|row| (row.get(0), row.get(1), row.get(2)))
            .collect();
        outcomes.insert(format!(
            "{bills:?} {} {}",
            course(&office, &told).await,
            exception(&office, &told).await
        ));
    }
    assert_eq!(outcomes.len(), 1, "{outcomes:#?}");
    assert!(
        outcomes
            .iter()
            .all(|one| one.ends_with("cancelled COMPLETE_AFTER_CANCEL")),
        "{outcomes:?}"
    );
    office.check("all orders").await;
}

#[tokio::test]
async fn the_fee_is_the_one_when_the_visit_was_booked_and_one_booked_again_is_another_visit() {
    let office = Office::of_fee(10_000).await;
    let clerk = office.clerk("billing").await;
    let mut told = office.visit().await;
    office.price(99_999).await;
    happen(&office, &clerk, &mut told, "cancel 90").await;
    assert_eq!(
        bills(&office, &clerk, &told).await,
        ("cancellation open".into(), 5_250)
    );
    let again = What::Scheduled(visit(&told));
    office.tell(&mut told, START_MS - 3_600_000, again).await;
    happen(&office, &clerk, &mut told, "cancel 30").await;
    let expect = ("cancellation open + cancellation open".into(), 10_500);
    assert_eq!(bills(&office, &clerk, &told).await, expect);
    office.check("booked again").await;
}

#[tokio::test]
async fn where_nothing_costs_anything_nothing_is_billed() {
    let office = Office::of_fee(10_000).await;
    let hub = &office.hub;
    hub.as_owner("delete from billing.price")
        .await
        .expect("no prices");
    let told = Told {
        id: world::new_id(),
        patient: world::new_id(),
        nth: 0,
    };
    office
        .deliver(&event(
            &told,
            1,
            START_MS,
            completed(&told, IsContested::No),
        ))
        .await;
    assert_eq!(office.count("select count(*) from billing.bill").await, 0);
    assert_eq!(
        office
            .count("select count(*) from billing.heard where outcome = 'no_price'")
            .await,
        1
    );
}

#[tokio::test]
async fn nothing_in_the_books_is_ever_changed_and_no_journal_is_lopsided() {
    let office = Office::of_fee(10_000).await;
    let (_, bill) = office.billed().await;
    for statement in [
        "update billing.posting set debit = debit + 1 where debit > 0",
        "delete from billing.posting",
        "truncate billing.posting",
        "update billing.journal set why = 'paid_out'",
        "delete from billing.journal",
        "update billing.bill set net = net + 1",
        "update billing.bill set currency = 'EUR'",
        "delete from billing.bill",
        "update billing.bill set applied = net + tax + 1",
        "update billing.bill set applied = -1",
        "insert into billing.posting (journal, line, account, debit) select id, 9, 1000, 5 from billing.journal",
        "insert into billing.posting (journal, line, account) select id, 9, 1000 from billing.journal",
    ] {
        let done = office.hub.as_owner(statement).await;
        let error = done.expect_err(statement);
        let code = error
            .as_database_error()
            .and_then(|said| said.code().map(|code| code.into_owned()));
        assert_eq!(code.as_deref(), Some("23514"), "{statement}: {error}");
    }
    // what is void stays void
    let clerk = office.clerk("billing").await;
    let void = serde_json::json!({ "bill": bill, "reason": "a mistake" });
    assert!(
        office
            .post(&clerk, "/console/v1/bills/void", &void)
            .await
            .status
            .is_success()
    );
    let done = sqlx::query("update billing.bill set void_reason = null")
        .execute(office.pool())
        .await;
    assert!(done.is_err());
    office.check("after all that").await;
}

#[tokio::test]
async fn neither_service_can_read_a_chart_or_change_the_books() {
    let office = Office::of_fee(10_000).await;
    let denied = [
        ("wardbook_billing", "select 1 from public.record"),
        ("wardbook_billing", "select 1 from public.staff"),
        ("wardbook_billing", "select 1 from payments.payment"),
        ("wardbook_billing", "update billing.posting set debit = 1"),
        ("wardbook_billing", "delete from billing.journal"),
        ("wardbook_billing", "update billing.bill set net = 1"),
        ("wardbook_payments", "select 1 from public.record"),
        ("wardbook_payments", "select 1 from billing.heard"),
        (
            "wardbook_payments",
            "insert into billing.bill default values",
        ),
        ("wardbook_payments", "update billing.bill set net = 1"),
        ("wardbook_payments", "update billing.visit set fee = 1"),
        ("wardbook_payments", "delete from payments.payment"),
        ("wardbook_payments", "update payments.payment set minor = 1"),
    ];
    for (role, statement) in denied {
        let mut tx = office.pool().begin().await.expect("a transaction");
        let role = sqlx::AssertSqlSafe(format!("set local role {role}"));
        sqlx::query(role)
            .execute(&mut *tx)
            .await
            .expect("the role is there");
        let error = sqlx::query(statement)
            .execute(&mut *tx)
            .await
            .expect_err(statement);
        let code = error
            .as_database_error()
            .and_then(|said| said.code().map(|code| code.into_owned()));
        assert_eq!(code.as_deref(), Some("42501"), "{statement}: {error}");
    }
}

#[tokio::test]
async fn a_cashier_finds_a_bill_and_sees_all_of_it_and_that_is_noted() {
    let office = Office::of_fee(10_000).await;
    let (clerk, manager) = (office.clerk("billing").await, office.clerk("manager").await);
    let (told, bill) = office.billed().await;
    let (_, other) = office.billed().await;
    let post = async |clerk: &Clerk, path: &str, body: Value| {
        let path = format!("/console/v1/bills/{path}");
        office.post(clerk, &path, &body).await
    };
    let found = async |ask: Value| {
        let said = post(&clerk, "search", ask).await.json();
        let lines = said["lines"].as_array().expect("lines").iter();
        let id = |line: &Value| line["id"].as_str().unwrap_or_default().to_owned();
        lines.map(id).collect::<Vec<_>>()
    };
    let [first, second] = [bill, other].map(|id| id.to_string());
    assert_eq!(found(json!({})).await, [second.clone(), first.clone()]);
    assert_eq!(
        found(json!({ "text": "1" })).await,
        std::slice::from_ref(&first)
    );
    assert_eq!(
        found(json!({ "text": "nobody" })).await,
        Vec::<String>::new()
    );
    assert_eq!(
        found(json!({ "state": "paid" })).await,
        Vec::<String>::new()
    );
    assert_eq!(
        found(json!({ "state": "open", "before": "2" })).await,
        [first]
    );
    office
        .post(&clerk, crate::money::PAY, &crate::money::cash(bill, 4_000))
        .await;
    let whole = post(&clerk, "one", json!({ "bill": bill })).await.json();
    assert_eq!(
        (&whole["line"]["balance"], &whole["line"]["state"]),
        (&json!(6_500), &json!("partially_paid"))
    );
    assert_eq!(
        (
            whole["payments"].as_array().map(Vec::len),
            whole["journals"].as_array().map(Vec::len)
        ),
        (Some(1), Some(2))
    );
    let looked =
        "select count(*) from audit_deed where position(convert_to('bill', 'UTF8') in entry) > 0";
    assert_eq!(office.count(looked).await, 1);
    let account = post(&clerk, "account", json!({ "patient": told.patient }))
        .await
        .json();
    assert_eq!(
        account["owed"],
        json!([{ "currency": "INR", "receivable": 6_500, "credit": 0, "payable": 0 }])
    );
    assert_eq!(
        post(&manager, "one", json!({ "bill": bill })).await.code(),
        "not_allowed"
    );
    assert_eq!(
        post(&clerk, "one", json!({ "bill": world::new_id() }))
            .await
            .code(),
        "bill.unknown"
    );
}

#[tokio::test]
async fn a_credit_note_takes_back_what_nobody_paid_and_no_more() {
    let office = Office::of_fee(10_000).await;
    let clerk = office.clerk("billing").await;
    let (told, bill) = office.billed().await;
    office
        .post(&clerk, crate::money::PAY, &crate::money::cash(bill, 4_000))
        .await;
    let credit = async |minor: i64, reason: &str| {
        let amount = json!({ "amount_minor": minor, "currency": "INR" });
        let ask =
            json!({ "credit": world::new_id(), "bill": bill, "amount": amount, "reason": reason });
        office.post(&clerk, "/console/v1/bills/credit", &ask).await
    };
    assert_eq!(
        credit(6_501, "hardship").await.code(),
        "bill.credit_too_much"
    );
    assert_eq!(credit(500, " ").await.code(), "required");
    assert_eq!(credit(0, "hardship").await.code(), "money.out_of_range");
    assert_eq!(credit(500, "hardship").await.json()["amount_minor"], 6_000);
    assert_eq!(credit(6_000, "hardship").await.json()["amount_minor"], 0);
    assert_eq!(credit(1, "hardship").await.code(), "bill.credit_too_much");
    // of 10 500 with a tax of 500, 4 000 with 190 are left
    assert_eq!(
        (office.on(&told, 4000).await, office.on(&told, 2100).await),
        (3_810, 190)
    );
    office.check("credited").await;
}
