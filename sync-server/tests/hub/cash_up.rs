//! The end of a day: drawers counted, days closed once, gateways' files taken in once, and tables that are no formulas.

use crate::money::{Clerk, Office, PAY, Said, cash};
use futures::future::join_all;
use jiff::civil::Date;
use serde_json::{Value, json};
use shared::office::{DayPage, DayWhole, ExceptionPage};
use shared::sheet;
use sync_server::world;
use uuid::Uuid;

const COUNT: &str = "/console/v1/drawers/count";
const CLOSE: &str = "/console/v1/days/close";
const IMPORT: &str = "/console/v1/settlements";

fn count(counted: i64, left: i64) -> Value {
    json!({
        "count": world::new_id(), "drawer": "front", "counted": { "amount_minor": counted, "currency": "INR" }, "left_minor": left,
    })
}

async fn get(office: &Office, clerk: &Clerk, path: &str) -> Value {
    let said = office.get(clerk, path).await;
    assert_eq!(said.status.as_u16(), 200, "{path}: {}", said.json());
    said.json()
}

async fn on_drawer(office: &Office, part: &str) -> i64 {
    sqlx::query_scalar(
        "select coalesce(sum(debit - credit), 0)::bigint from billing.posting where account = 1000 and part = $1",
    )
    .bind(part)
    .fetch_one(office.pool())
    .await
    .expect("a sum")
}

async fn close(office: &Office, clerk: &Clerk, day: Date) -> Said {
    office.post(clerk, CLOSE, &json!({ "day": day })).await
}

#[tokio::test]
async fn a_drawer_is_counted_and_what_is_short_is_in_the_books_and_on_the_list() {
    let office = Office::of_fee(10_000).await;
    let clerk = office.clerk("billing").await;
    let (_, bill) = office.billed().await;
    office.post(&clerk, PAY, &cash(bill, 10_500)).await;
    let drawers = get(&office, &clerk, "/console/v1/drawers").await;
    assert_eq!(drawers[0]["has_moved"], true);
    assert!(
        drawers[0].get("expected").is_none(),
        "nobody is told before they count"
    );
    let ask = count(10_400, 500);
    let said = office.post(&clerk, COUNT, &ask).await;
    assert_eq!(said.status.as_u16(), 201, "{}", said.json());
    assert_eq!(said.json()["expected"], 10_500);
    assert_eq!(
        (
            on_drawer(&office, "front").await,
            on_drawer(&office, "safe").await
        ),
        (500, 9_900)
    );
    // under another key it is the same count, with another figure it is none
    assert_eq!(office.post(&clerk, COUNT, &ask).await.body, said.body);
    let mut other = ask.clone();
    other["left_minor"] = json!(400);
    assert_eq!(
        office.post(&clerk, COUNT, &other).await.code(),
        "drawer.exists_different"
    );
    let drawers = get(&office, &clerk, "/console/v1/drawers").await;
    assert_eq!(
        (&drawers[0]["has_moved"], &drawers[0]["counted"]["counted"]),
        (&json!(false), &json!(10_400))
    );
    office
        .post(&clerk, "/console/v1/books/reconcile", &json!({}))
        .await;
    let page = get(&office, &clerk, "/console/v1/books/exceptions").await;
    let page: ExceptionPage = serde_json::from_value(page).expect("a page");
    let kinds: Vec<_> = page
        .lines
        .iter()
        .map(|line| (line.kind.as_str(), line.expected, line.found))
        .collect();
    assert_eq!(kinds, [("DRAWER_COUNT", Some(10_500), Some(10_400))]);
    office.check("counted").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_while_somebody_counts_is_before_or_after_the_count() {
    let office = Office::of_fee(100).await;
    let clerk = office.clerk("billing").await;
    let mut bills = Vec::new();
    for _ in 0..20 {
        bills.push(office.billed().await.1);
    }
    let pays = join_all(bills.iter().map(|bill| {
        let pay = cash(*bill, 105);
        let (office, clerk) = (&office, &clerk);
        async move { office.post(clerk, PAY, &pay).await }
    }));
    let counts = async {
        let mut expected = Vec::new();
        for _ in 0..5 {
            let said = office.post(&clerk, COUNT, &count(0, 0)).await;
            // whoever waits too long asks again
            if said.status.as_u16() == 201 {
                expected.push(said.json()["expected"].as_i64().expect("an amount"));
            }
        }
        expected
    };
    let (paid, expected) = futures::join!(pays, counts);
    let taken = paid
        .iter()
        .filter(|said| said.status.as_u16() == 201)
        .count();
    let all = i64::try_from(taken).expect("few") * 105;
    // what was counted as missing is written off each time, and nothing twice
    let left = on_drawer(&office, "front").await;
    assert_eq!(expected.iter().sum::<i64>() + left, all);
    office.check("counting").await;
}

#[tokio::test]
async fn a_day_is_closed_once_after_its_drawers_are_counted() {
    let office = Office::of_fee(10_000).await;
    let (clerk, manager) = (office.clerk("billing").await, office.clerk("manager").await);
    let today = office.hub.app.today();
    let (_, bill) = office.billed().await;
    office.post(&clerk, PAY, &cash(bill, 10_500)).await;
    let uncounted = close(&office, &manager, today).await;
    assert_eq!(
        (uncounted.status.as_u16(), uncounted.code().as_str()),
        (409, "day.drawer_uncounted")
    );
    office.post(&clerk, COUNT, &count(10_500, 0)).await;
    assert_eq!(
        close(&office, &manager, today.tomorrow().expect("a day"))
            .await
            .code(),
        "day.ahead"
    );
    assert_eq!(
        close(&office, &office.clerk("admin").await, today)
            .await
            .code(),
        "not_allowed"
    );
    assert_eq!(close(&office, &manager, today).await.status.as_u16(), 201);
    for day in [today, today.yesterday().expect("a day")] {
        assert_eq!(close(&office, &manager, day).await.code(), "day.closed");
    }
}

#[tokio::test]
async fn what_comes_after_a_close_is_late_and_in_the_next_day() {
    let office = Office::of_fee(10_000).await;
    let (clerk, manager) = (office.clerk("billing").await, office.clerk("manager").await);
    let today = office.hub.app.today();
    let (told, bill) = office.billed().await;
    let (_, later) = office.billed().await;
    office.post(&clerk, PAY, &cash(bill, 10_500)).await;
    office.post(&clerk, COUNT, &count(10_500, 0)).await;
    assert_eq!(close(&office, &manager, today).await.status.as_u16(), 201);
    // an hour later somebody pays after all
    office.post(&clerk, PAY, &cash(later, 4_000)).await;
    let page = get(&office, &clerk, "/console/v1/days").await;
    let page: DayPage = serde_json::from_value(page).expect("a page");
    let days: Vec<_> = page
        .lines
        .iter()
        .map(|line| (line.day.clone(), line.closed.is_some(), line.late))
        .collect();
    let tomorrow = today.tomorrow().expect("a day").to_string();
    assert_eq!(days, [(tomorrow, false, 1), (today.to_string(), true, 0)]);
    let whole = |value: Value| serde_json::from_value::<DayWhole>(value).expect("a day");
    let open = whole(get(&office, &clerk, "/console/v1/days/one").await);
    assert_eq!(
        (open.late.len(), open.late[0].minor, open.late[0].bill),
        (1, 4_000, Some(later))
    );
    let closed = whole(
        get(
            &office,
            &clerk,
            &format!("/console/v1/days/one?day={today}"),
        )
        .await,
    );
    let cash: Vec<_> = closed
        .accounts
        .iter()
        .filter(|line| line.account == 1000)
        .map(|line| (line.part.as_str(), line.debit_minor))
        .collect();
    assert_eq!(cash, [("front", 10_500), ("safe", 10_500)]);
    assert_eq!(office.on(&told, 1100).await, 0);
    for changed in [
        "update billing.day_close set by = gen_random_uuid()",
        "delete from billing.day_close",
    ] {
        assert!(
            sqlx::query(changed).execute(office.pool()).await.is_err(),
            "{changed}"
        );
    }
    let late = "select count(*) from billing.journal where why = 'taken' and recorded_ms > (select max(closed_ms) from billing.day_close)
            and day <= (select max(day) from billing.day_close)";
    assert_eq!(
        office.count(late).await,
        0,
        "nothing is written into a day that is closed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_writes_into_a_day_while_it_is_closed() {
    let office = Office::of_fee(100).await;
    let clerk = office.clerk("billing").await;
    let today = office.hub.app.today();
    let mut bills = Vec::new();
    for _ in 0..30 {
        bills.push(office.billed().await.1);
    }
    // by card: no drawer has to be counted
    let card = |bill: Uuid| {
        let mut pay = cash(bill, 105);
        pay["how"] = json!({ "method": "card", "provider": "stripe" });
        pay
    };
    let pays: Vec<Value> = bills.iter().map(|bill| card(*bill)).collect();
    let pays = join_all(pays.iter().map(|pay| office.post(&clerk, PAY, pay)));
    let closes = join_all((0..5).map(|_| close(&office, &clerk, today)));
    let (_, closes) = futures::join!(pays, closes);
    let closed = closes
        .iter()
        .filter(|said| said.status.as_u16() == 201)
        .count();
    assert_eq!(
        closed,
        1,
        "{:?}",
        closes.iter().map(Said::code).collect::<Vec<_>>()
    );
    // of the closed day nothing is added any more
    let of_day = "select count(*) from billing.journal where day <= (select max(day) from billing.day_close)";
    let before = office.count(of_day).await;
    let (_, bill) = office.billed().await;
    office.post(&clerk, PAY, &card(bill)).await;
    assert_eq!(office.count(of_day).await, before);
}

#[tokio::test]
async fn a_gateways_file_is_taken_in_once_and_compared() {
    let office = Office::of_fee(10_000).await;
    let clerk = office.clerk("billing").await;
    let mut paid = Vec::new();
    for _ in 0..3 {
        let (_, bill) = office.billed().await;
        let mut pay = cash(bill, 10_500);
        pay["how"] = json!({ "method": "card", "provider": "stripe" });
        assert_eq!(office.post(&clerk, PAY, &pay).await.status.as_u16(), 201);
        paid.push(pay["payment"].as_str().expect("an id").to_owned());
    }
    // one is right, one differs, one is nobody's, one of ours is missing; and the file goes on for days
    let after = world::now().0 / 1_000 + 4 * 86_400;
    let file = format!(
        "reference,payment,kind,amount,currency,at\nch_1,{},charge,105.00,INR,{after}\nch_2,{},charge,95.00,INR,{after}\nch_3,,charge,7.00,INR,{after}\n",
        paid[0], paid[1],
    );
    let ask = |file: &str| json!({ "provider": "stripe", "file": file });
    let said = office.post(&clerk, IMPORT, &ask(&file)).await;
    assert_eq!(
        (said.status.as_u16(), &said.json()["new"]),
        (201, &json!(3)),
        "{}",
        said.json()
    );
    let again = office.post(&clerk, IMPORT, &ask(&file)).await;
    assert_eq!(
        (again.status.as_u16(), &again.json()["id"]),
        (200, &said.json()["id"])
    );
    // the next file overlaps
    let longer = format!("{file}ch_4,,refund,1.00,INR,{after}\n");
    assert_eq!(
        office.post(&clerk, IMPORT, &ask(&longer)).await.json()["new"],
        1
    );
    assert_eq!(
        office.post(&clerk, IMPORT, &ask("a,b\n1,2\n")).await.code(),
        "settlement.column"
    );
    assert_eq!(
        get(&office, &clerk, IMPORT).await.as_array().map(Vec::len),
        Some(2)
    );
    office
        .post(&clerk, "/console/v1/books/reconcile", &json!({}))
        .await;
    let page = get(&office, &clerk, "/console/v1/books/exceptions").await;
    let page: ExceptionPage = serde_json::from_value(page).expect("a page");
    let mut found: Vec<_> = page
        .lines
        .iter()
        .map(|line| (line.kind.as_str(), line.subject.as_deref().unwrap_or("")))
        .collect();
    found.sort_unstable();
    let expect = [
        ("CAPTURED_NOT_HERE", "ch_3"),
        ("CAPTURED_NOT_THERE", paid[2].as_str()),
        ("REFUNDED_NOT_HERE", "ch_4"),
        ("SETTLEMENT_DIFFERS", paid[1].as_str()),
    ];
    assert_eq!(found, expect);
}

#[tokio::test]
async fn the_books_are_given_out_as_a_table_without_formulas() {
    let office = Office::of_fee(10_000).await;
    let clerk = office.clerk("auditor").await;
    let (_, bill) = office.billed().await;
    let cashier = office.clerk("billing").await;
    let mut pay = cash(bill, 10_500);
    pay["till"] = json!("-front");
    pay["how"] = json!({ "method": "cash", "drawer": "-front" });
    assert_eq!(office.post(&cashier, PAY, &pay).await.status.as_u16(), 201);
    let said = office.get(&clerk, "/console/v1/books/export").await;
    let table = String::from_utf8(said.body.clone()).expect("a text");
    assert!(table.contains(",'-front,"), "{table}");
    let lines = sheet::read(&table).expect("a table");
    assert_eq!(
        lines.len(),
        5,
        "three lines of the bill, two of the payment"
    );
    let sum = |column: usize| -> i64 {
        let cells = lines.iter().map(|line| line[column].replace('.', ""));
        cells.map(|cell| cell.parse::<i64>().unwrap_or(0)).sum()
    };
    assert_eq!((sum(7), sum(8)), (21_000, 21_000), "debits and credits");
    let of = async |query: &str| {
        let said = office
            .get(&clerk, &format!("/console/v1/books/export?{query}"))
            .await;
        let table = String::from_utf8(said.body).expect("a text");
        sheet::read(&table).map(|lines| lines.len())
    };
    assert_eq!(of("account=1000&part=-front").await, Some(1));
    assert_eq!(of("until=2020-01-01").await, Some(0));
    assert_eq!(
        office
            .get(&clerk, "/console/v1/books/export?from=x")
            .await
            .code(),
        "http.malformed"
    );
    let cashier = office.clerk("pharmacist").await;
    assert_eq!(
        office
            .get(&cashier, "/console/v1/books/export")
            .await
            .code(),
        "not_allowed"
    );
}
