//! What is charged after a visit was billed has a bill of its own, which names the first one.

use crate::money::{Office, PAY, cash};
use serde_json::{Value, json};
use sync_server::world;
use uuid::Uuid;

const ADD: &str = "/console/v1/bills/supplement";

fn ask(first: Uuid, minor: i64) -> Value {
    json!({
        "bill": world::new_id(), "adds_to": first, "what": " Dressing ", "net": { "amount_minor": minor, "currency": "INR" },
    })
}

#[tokio::test]
async fn a_late_charge_is_billed_once_beside_what_was_issued() {
    let office = Office::of_fee(10_000).await;
    let clerk = office.clerk("billing").await;
    let (told, first) = office.billed().await;
    office.post(&clerk, PAY, &cash(first, 10_500)).await;
    let (key, ask) = (world::new_id().to_string(), ask(first, 4_000));
    let said = office.under(&clerk, ADD, &key, &ask).await;
    assert_eq!(said.status.as_u16(), 201, "{}", said.json());
    let line = said.json();
    assert_eq!(
        (&line["kind"], &line["gross"]["amount_minor"]),
        (&json!("supplement"), &json!(4_200))
    );
    assert!(line["number"].as_i64() > Some(1), "{line}");
    // again it is the same, under another key it is there already
    assert_eq!(office.under(&clerk, ADD, &key, &ask).await.body, said.body);
    assert_eq!(office.post(&clerk, ADD, &ask).await.code(), "bill.exists");
    assert_eq!(office.on(&told, 1100).await, 4_200);
    let whole = async |bill: Uuid| {
        let ask = json!({ "bill": bill });
        office
            .post(&clerk, "/console/v1/bills/one", &ask)
            .await
            .json()
    };
    let of_first = whole(first).await;
    assert_eq!(of_first["line"]["state"], "paid", "the first one stays");
    let [supplement] = &of_first["supplements"].as_array().expect("a list")[..] else {
        unreachable!("there is one: {of_first}")
    };
    assert_eq!(
        (&supplement["what"], &supplement["adds_to"]),
        (&json!("Dressing"), &json!(first))
    );
    let id: Uuid = serde_json::from_value(supplement["id"].clone()).expect("an id");
    assert_eq!(whole(id).await["first"], of_first["line"]["number"]);
    // others are told, and it is paid and looked through like any other
    let told = "select count(*) from event where type = 'org.wardbook.bill.created.v1' and data ->> 'addsTo' is not null";
    assert_eq!(office.count(told).await, 1);
    let paid = office.post(&clerk, PAY, &cash(id, 4_200)).await;
    assert_eq!(paid.status.as_u16(), 201, "{}", paid.json());
    office
        .post(&clerk, "/console/v1/books/reconcile", &json!({}))
        .await;
    let odd = "select count(*) from billing.exception";
    assert_eq!(office.count(odd).await, 0);
    office.check("a supplement").await;
}

#[tokio::test]
async fn a_supplement_to_what_is_none_is_refused_and_what_it_says_is_kept() {
    let office = Office::of_fee(10_000).await;
    let clerk = office.clerk("billing").await;
    let (_, first) = office.billed().await;
    let code = async |ask: Value| office.post(&clerk, ADD, &ask).await.code();
    assert_eq!(code(ask(world::new_id(), 1)).await, "bill.unknown");
    assert_eq!(code(ask(first, 0)).await, "money.out_of_range");
    let mut unsaid = ask(first, 1);
    unsaid["what"] = json!(" ");
    assert_eq!(code(unsaid).await, "required");
    let late = ask(first, 100);
    office.post(&clerk, ADD, &late).await;
    let late: Uuid = serde_json::from_value(late["bill"].clone()).expect("an id");
    assert_eq!(code(ask(late, 1)).await, "bill.no_supplement");
    let void = json!({ "bill": first, "reason": "a mistake" });
    office.post(&clerk, "/console/v1/bills/void", &void).await;
    assert_eq!(code(ask(first, 1)).await, "bill.void");
    for column in ["adds_to = id", "what = 'something else'"] {
        let change = format!("update billing.bill set {column} where kind = 'supplement'");
        let kept = sqlx::raw_sql(sqlx::AssertSqlSafe(change))
            .execute(office.pool())
            .await;
        let error = kept.expect_err("what a bill is about never changes");
        assert!(
            error.to_string().contains("kept") || error.to_string().contains("denied"),
            "{error}"
        );
    }
    let manager = office.clerk("manager").await;
    let said = office.post(&manager, ADD, &ask(first, 1)).await;
    assert_ne!(said.status.as_u16(), 403, "who keeps the books may");
    let pharmacist = office.clerk("pharmacist").await;
    let said = office.post(&pharmacist, ADD, &ask(first, 1)).await;
    assert_eq!(said.code(), "not_allowed");
    office.check("refused").await;
}
