//! What gateways paid out, kept and gave back: in the books once, and whatever does not fit is found.

use crate::gateways::{HAND_OUT, Till, charge, key, owed};
use crate::money::Said;
use serde_json::{Value, json};
use shared::office::ExceptionPage;
use sync_server::services::payments::gateways::Provider;
use sync_server::world;
use uuid::Uuid;

const IMPORT: &str = "/console/v1/settlements";
const HEADING: &str = "reference,payment,kind,amount,fee,currency,at,payout\n";

/// A gateway that charged 10 500.00 and gave 3 000.00 of it back, and what it calls both.
async fn moved() -> (Till, Uuid, String) {
    let till = Till::with(Provider::Stripe).await;
    let refund = owed(&till, 300_000).await;
    let said = till
        .office
        .post(&till.clerk, HAND_OUT, &json!({ "refund": refund }))
        .await;
    assert_eq!(said.json()["state"], "succeeded", "{}", said.json());
    let payment: Uuid = sqlx::query_scalar("select id from payments.payment")
        .fetch_one(till.office.pool())
        .await
        .expect("a payment");
    let reference =
        sqlx::query_scalar("select reference from payments.errand where kind = 'refund'")
            .fetch_one(till.office.pool())
            .await
            .expect("a refund");
    (till, payment, reference)
}

async fn import(till: &Till, lines: &[String]) -> Said {
    let file = format!("{HEADING}{}\n", lines.join("\n"));
    let ask = json!({ "provider": "stripe", "file": file });
    let said = till.office.post(&till.clerk, IMPORT, &ask).await;
    assert_eq!(said.status.as_u16(), 201, "{}", said.json());
    said
}

/// What was found, by its word and figures.
async fn found(till: &Till) -> Vec<(String, Option<i64>, Option<i64>)> {
    let look = "/console/v1/books/reconcile";
    till.office.post(&till.clerk, look, &json!({})).await;
    let page = till
        .office
        .get(&till.clerk, "/console/v1/books/exceptions")
        .await;
    let page: ExceptionPage = serde_json::from_value(page.json()).expect("a page");
    let lines = page.lines.into_iter();
    lines
        .map(|line| (line.kind, line.expected, line.found))
        .collect()
}

async fn on(till: &Till, account: i32) -> i64 {
    let sum =
        "select coalesce(sum(debit - credit), 0)::bigint from billing.posting where account = $1";
    let sum = sqlx::query_scalar(sum).bind(account);
    sum.fetch_one(till.office.pool()).await.expect("a sum")
}

/// A file in which everything fits, four days later.
fn lines(payment: Uuid, refund: &str) -> Vec<String> {
    let at = world::now().0 / 1_000 + 4 * 86_400;
    vec![
        format!("ch_1,{payment},charge,10500.00,100.00,INR,{at},po_1"),
        format!("{refund},,refund,3000.00,-10.00,INR,{at},po_1"),
        format!("fee_1,,fee,5.00,,INR,{at},po_1"),
        format!("po_1,,payout,7405.00,,INR,{at},"),
    ]
}

#[tokio::test]
async fn fees_and_payouts_are_in_the_books_once_and_clear_what_was_charged() {
    let (till, payment, refund) = moved().await;
    let lines = lines(payment, &refund);
    assert_eq!(on(&till, 1010).await, 750_000);
    import(&till, &lines[..2]).await;
    assert_eq!(
        (on(&till, 1010).await, on(&till, 5030).await),
        (741_000, 9_000)
    );
    // the next file overlaps, and a line stands in it twice
    let mut next = lines.clone();
    next.push(lines[3].clone());
    assert_eq!(import(&till, &next).await.json()["new"], 2);
    assert_eq!((on(&till, 1010).await, on(&till, 5030).await), (0, 9_500));
    assert_eq!(on(&till, 1020).await, 740_500);
    assert_eq!(found(&till).await, []);
    till.office.check("paid out").await;
}

/// Plants one error into the file and returns what is found.
async fn planted(change: impl Fn(&mut Vec<String>)) -> Vec<(String, Option<i64>, Option<i64>)> {
    let (till, payment, refund) = moved().await;
    let mut lines = lines(payment, &refund);
    change(&mut lines);
    import(&till, &lines).await;
    let found = found(&till).await;
    till.office.check("planted").await;
    found
}

#[tokio::test]
async fn each_error_of_a_gateways_file_is_found_alone() {
    let one = |kind: &str, expected: i64, found: i64| {
        vec![(kind.to_owned(), Some(expected), Some(found))]
    };
    let swap = |place: usize, from: &'static str, to: &'static str| {
        move |lines: &mut Vec<String>| lines[place] = lines[place].replace(from, to)
    };
    // it gave back more than was asked for, or less, and pays out accordingly
    let differs = planted(|lines| {
        swap(1, "3000.00", "3100.00")(lines);
        swap(3, "7405.00", "7305.00")(lines);
    });
    assert_eq!(differs.await, one("REFUND_DIFFERS", 300_000, 310_000));
    let unasked = planted(|lines| {
        let at = lines[3].split(',').nth(6).expect("a moment").to_owned();
        lines.push(format!("re_odd,,refund,1.00,,INR,{at},po_1"));
        swap(3, "7405.00", "7404.00")(lines);
    });
    assert_eq!(unasked.await, one("REFUNDED_NOT_HERE", 0, 100));
    let missing = planted(|lines| {
        lines.remove(1);
        swap(2, "7405.00", "10395.00")(lines);
    });
    let mut missing = missing.await;
    missing.sort();
    // what it does not know of it pays out: more than it charged
    let too_much = ("PAID_OUT_TOO_MUCH".to_owned(), Some(0), Some(-300_000));
    let not_there = ("REFUNDED_NOT_THERE".to_owned(), Some(300_000), Some(0));
    assert_eq!(missing, [too_much, not_there]);
    let short = planted(swap(3, "7405.00", "7400.00"));
    assert_eq!(short.await, one("PAYOUT_DIFFERS", 740_500, 740_000));
    let charged = planted(|lines| {
        swap(0, "10500.00", "10400.00")(lines);
        swap(3, "7405.00", "7305.00")(lines);
    });
    assert_eq!(
        charged.await,
        one("SETTLEMENT_DIFFERS", 1_050_000, 1_040_000)
    );
    // a payout that names no lines can still be more than there is
    let twice = planted(|lines| {
        let at = lines[3].split(',').nth(6).expect("a moment").to_owned();
        lines.push(format!("po_2,,payout,1.00,,INR,{at},"));
    });
    assert_eq!(twice.await, one("PAID_OUT_TOO_MUCH", 0, -100));
}

#[tokio::test]
async fn a_charge_that_is_under_way_is_nobodys_error() {
    let till = Till::with(Provider::Stripe).await;
    let (_, bill) = till.office.billed().await;
    let mut waiting = charge(bill, 1_000);
    waiting["source"] = Value::Null;
    assert_eq!(till.charge(&key(), &waiting).await.status.as_u16(), 202);
    assert_eq!(found(&till).await, []);
}
