//! Money that goes back, by two where it is much; and the books, for those who answer for them.

use crate::money::{Clerk, Office, PAY, Said, cash, happen};
use serde_json::{Value, json};
use sync_server::world;
use uuid::Uuid;

async fn refund(office: &Office, clerk: &Clerk, bill: Uuid, minor: i64) -> (Uuid, Said) {
    refund_of(office, clerk, json!({ "bill": bill }), minor).await
}

async fn refund_of(office: &Office, clerk: &Clerk, of: Value, minor: i64) -> (Uuid, Said) {
    let id = world::new_id();
    let ask = json!({
        "refund": id, "of": of, "amount": { "amount_minor": minor, "currency": "INR" }, "reason": "kindness",
    });
    (id, office.post(clerk, "/console/v1/refunds", &ask).await)
}

async fn decide(office: &Office, clerk: &Clerk, what: &str, body: Value) -> (u16, String) {
    let said = office
        .post(clerk, &format!("/console/v1/refunds/{what}"), &body)
        .await;
    let word = match said.status.is_success() {
        true => said.json()["state"].as_str().unwrap_or_default().to_owned(),
        false => said.code(),
    };
    (said.status.as_u16(), word)
}

fn found(status: u16, word: &str) -> (u16, String) {
    (status, word.into())
}

#[tokio::test]
async fn much_goes_back_only_when_two_people_say_so() {
    let office = Office::of_fee(10_000_000).await;
    let [first, second] = [office.clerk("billing").await, office.clerk("manager").await];
    let (_, bill) = office.billed().await;
    let mut pay = cash(bill, 10_500_000);
    pay["how"] = json!({ "method": "card", "provider": "stripe" });
    assert_eq!(office.post(&first, PAY, &pay).await.status.as_u16(), 201);
    let (id, said) = refund(&office, &first, bill, 1_000_001).await;
    assert_eq!(
        (said.status.as_u16(), &said.json()["state"]),
        (201, &json!("requires_action"))
    );
    let of = |id: Uuid| json!({ "refund": id });
    assert_eq!(
        decide(&office, &first, "hand-out", of(id)).await,
        found(409, "refund.needs_second")
    );
    assert_eq!(
        decide(&office, &first, "agree", of(id)).await,
        found(409, "refund.same_person")
    );
    // it is spoken for before anybody agreed
    let (_, said) = refund(&office, &first, bill, 9_500_000).await;
    assert_eq!(
        (said.status.as_u16(), said.code()),
        (422, "refund.exceeds_paid".into())
    );
    assert_eq!(
        office
            .count("select count(*) from billing.journal where why = 'credited'")
            .await,
        0
    );
    assert_eq!(
        decide(&office, &second, "agree", of(id)).await,
        found(200, "pending")
    );
    assert_eq!(
        decide(&office, &second, "agree", of(id)).await,
        found(409, "refund.state")
    );
    assert_eq!(
        decide(&office, &first, "hand-out", of(id)).await,
        found(200, "succeeded")
    );
    assert_eq!(
        decide(&office, &first, "hand-out", of(id)).await,
        found(409, "refund.state")
    );
    let card = "select (sum(debit) - sum(credit))::bigint from billing.posting where account = 1010 and part = 'stripe'";
    assert_eq!(office.count(card).await, 10_500_000 - 1_000_001);
    office.check("two people").await;
}

#[tokio::test]
async fn cash_goes_back_above_its_own_limit_only_when_somebody_else_agreed() {
    let office = Office::of_fee(1_000_000).await;
    let [first, second] = [office.clerk("billing").await, office.clerk("billing").await];
    let (_, bill) = office.billed().await;
    assert_eq!(
        office
            .post(&first, PAY, &cash(bill, 1_050_000))
            .await
            .status
            .as_u16(),
        201
    );
    let (small, said) = refund(&office, &first, bill, 200_000).await;
    assert_eq!(said.json()["state"], "pending");
    let out = |id: Uuid| json!({ "refund": id, "drawer": "front" });
    assert_eq!(
        decide(&office, &first, "hand-out", out(small)).await,
        found(200, "succeeded")
    );
    let (large, _) = refund(&office, &first, bill, 200_001).await;
    assert_eq!(
        decide(&office, &first, "hand-out", out(large)).await,
        found(409, "refund.needs_second")
    );
    // the way it came is cash too
    let by_its_way = json!({ "refund": large });
    assert_eq!(
        decide(&office, &first, "hand-out", by_its_way.clone()).await,
        found(409, "refund.needs_second")
    );
    assert_eq!(
        decide(&office, &second, "agree", by_its_way.clone()).await,
        found(200, "pending")
    );
    assert_eq!(
        decide(&office, &second, "hand-out", out(large)).await,
        found(409, "refund.same_person")
    );
    assert_eq!(
        decide(&office, &first, "hand-out", by_its_way).await,
        found(200, "succeeded")
    );
    office.check("cash").await;
}

#[tokio::test]
async fn what_a_cancellation_gives_back_is_handed_out_by_the_way_it_came() {
    let office = Office::of_fee(10_000).await;
    let clerk = office.clerk("billing").await;
    let mut told = office.visit().await;
    for step in ["deposit 4000", "deposit 6500", "cancel 90"] {
        assert_eq!(happen(&office, &clerk, &mut told, step).await, None);
    }
    let list = office.get(&clerk, "/console/v1/refunds").await.json()["lines"].clone();
    assert_eq!(
        (&list[0]["minor"], &list[0]["state"]),
        (&json!(5_250), &json!("pending"))
    );
    let id: Uuid = serde_json::from_value(list[0]["id"].clone()).expect("an id");
    assert_eq!(
        decide(&office, &clerk, "hand-out", json!({ "refund": id })).await,
        found(200, "succeeded")
    );
    // the latest first: all of it came with the second deposit
    let refunded: Vec<i64> =
        sqlx::query_scalar("select refunded from payments.payment order by number")
            .fetch_all(office.pool())
            .await
            .expect("payments");
    assert_eq!(refunded, [0, 5_250]);
    assert_eq!(
        office.get(&clerk, "/console/v1/refunds").await.json()["lines"],
        json!([])
    );
    office.check("handed out").await;
}

#[tokio::test]
async fn the_books_are_shown_to_those_who_answer_for_them() {
    let office = Office::of_fee(10_000).await;
    let clerk = office.clerk("billing").await;
    let (_, bill) = office.billed().await;
    assert_eq!(
        office
            .post(&clerk, PAY, &cash(bill, 10_500))
            .await
            .status
            .as_u16(),
        201
    );
    for role in ["billing", "manager", "admin", "auditor"] {
        let reader = office.clerk(role).await;
        let said = office.get(&reader, "/console/v1/books").await;
        assert_eq!(said.status.as_u16(), 200, "{role}");
        let lines = said.json();
        let lines = lines.as_array().expect("accounts");
        let sum = |side: &str| {
            lines
                .iter()
                .filter_map(|line| line[side].as_i64())
                .sum::<i64>()
        };
        assert_eq!((sum("debit_minor"), sum("credit_minor")), (21_000, 21_000));
    }
    let pharmacist = office.clerk("pharmacist").await;
    assert_eq!(
        office
            .get(&pharmacist, "/console/v1/books")
            .await
            .status
            .as_u16(),
        403
    );
    let page = office
        .get(&clerk, "/console/v1/books/account?account=1000&part=front")
        .await
        .json();
    let after = &page[0]["journal"];
    assert_eq!(
        (&page[0]["why"], &page[0]["debit_minor"]),
        (&json!("taken"), &json!(10_500))
    );
    let path = format!("/console/v1/books/account?account=1000&part=front&after={after}");
    assert_eq!(office.get(&clerk, &path).await.json(), json!([]));
    let admin = office.clerk("admin").await;
    let price = json!({ "department": null, "net": { "amount_minor": 1, "currency": "INR" }, "from": office.hub.app.today(), "base": 1 });
    assert_eq!(
        office
            .post(&clerk, "/console/v1/prices", &price)
            .await
            .status
            .as_u16(),
        403
    );
    assert_eq!(
        office
            .post(&admin, "/console/v1/prices", &price)
            .await
            .status
            .as_u16(),
        200
    );
}

#[tokio::test]
async fn what_was_paid_too_much_or_too_early_goes_back_once() {
    let office = Office::of_fee(10_000).await;
    let clerk = office.clerk("billing").await;
    let (_, bill) = office.billed().await;
    let mut pay = cash(bill, 11_000);
    pay["keeps_rest"] = json!(true);
    assert_eq!(
        office.post(&clerk, PAY, &pay).await.json()["kept"]["amount_minor"],
        500
    );
    let of = json!({ "payment": pay["payment"] });
    let (_, said) = refund_of(&office, &clerk, of.clone(), 501).await;
    assert_eq!(
        (said.status.as_u16(), said.code()),
        (422, "refund.exceeds_paid".into())
    );
    let (_, said) = refund_of(&office, &clerk, of.clone(), 0).await;
    assert_eq!(
        (said.status.as_u16(), said.code()),
        (422, "money.out_of_range".into())
    );
    let (id, said) = refund_of(&office, &clerk, of.clone(), 500).await;
    assert_eq!(said.json()["state"], "pending");
    office.check("owed").await;
    let (_, said) = refund_of(&office, &clerk, of, 1).await;
    assert_eq!(said.code(), "refund.exceeds_paid");
    let out = json!({ "refund": id, "drawer": "front" });
    assert_eq!(
        decide(&office, &clerk, "hand-out", out).await,
        found(200, "succeeded")
    );
    // a deposit of a visit that is still to come, and one that paid a bill meanwhile
    let mut told = office.visit().await;
    let mut deposit = cash(Uuid::nil(), 10_600);
    deposit["for"] = json!({ "visit": told.id });
    assert_eq!(
        office.post(&clerk, PAY, &deposit).await.status.as_u16(),
        201
    );
    let of = json!({ "payment": deposit["payment"] });
    let (_, said) = refund_of(&office, &clerk, of.clone(), 50).await;
    assert_eq!(said.status.as_u16(), 201);
    assert_eq!(happen(&office, &clerk, &mut told, "complete").await, None);
    let (_, said) = refund_of(&office, &clerk, of.clone(), 51).await;
    assert_eq!(said.code(), "refund.exceeds_paid");
    let (_, said) = refund_of(&office, &clerk, of, 50).await;
    assert_eq!(said.status.as_u16(), 201);
    let (_, said) = refund_of(&office, &clerk, json!({ "payment": Uuid::nil() }), 1).await;
    assert_eq!(
        (said.status.as_u16(), said.code()),
        (404, "payment.unknown".into())
    );
    office.check("too early").await;
}
