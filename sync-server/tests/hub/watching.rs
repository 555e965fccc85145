//! Charges as a cashier watches them: no more is said than is known, and what nobody wants any more is let go of once.

use crate::bank::{Harm, Step};
use crate::gateways::{CHARGES, Till, charge, id_of, key};
use serde_json::{Value, json};
use sync_server::services::payments::errands::complete;
use sync_server::services::payments::gateways::{Provider, Secret, Settings};
use sync_server::world;
use uuid::Uuid;

const MINOR: i64 = 1_000;
/// Later than a call can be on its way.
const LONG_MS: i64 = 61_000;

/// A charge that waits for its payer.
fn waiting(bill: Uuid) -> Value {
    let mut charge = charge(bill, MINOR);
    charge["source"] = Value::Null;
    charge
}

async fn listed(till: &Till, bill: Uuid) -> Value {
    let path = format!("{CHARGES}?bill={bill}");
    let said = till.office.get(&till.clerk, &path).await;
    assert_eq!(said.status.as_u16(), 200, "{}", said.json());
    said.json()
}

/// How far the only charge of a bill is, and whether it can be let go of.
async fn state(till: &Till, bill: Uuid) -> (String, bool) {
    let page = listed(till, bill).await;
    let line = &page["lines"][0];
    let state = line["state"].as_str().expect("a state").to_owned();
    (state, line["may_cancel"] == true)
}

async fn cancel(till: &Till, charge: &Value) -> (u16, String) {
    let path = format!("{CHARGES}/cancel");
    let ask = json!({ "payment": charge["payment"] });
    let said = till.office.post(&till.clerk, &path, &ask).await;
    let code = match said.status.as_u16() {
        200 => String::new(),
        _ => said.code(),
    };
    (said.status.as_u16(), code)
}

async fn later(till: &Till, ms: i64) {
    let app = &till.office.hub.app;
    complete(app, app.now().0 + ms).await.expect("errands run");
}

#[tokio::test]
async fn a_cashier_is_told_how_far_a_charge_is_and_no_more() {
    let till = Till::with(Provider::Stripe).await;
    let (_, bill) = till.office.billed().await;
    let page = listed(&till, bill).await;
    assert_eq!(page, json!({ "gateway": "stripe", "lines": [] }));
    // the gateway did it and could not say so: nobody knows
    till.bank
        .harm(&[(Step::Begin, Harm::DoneAndCut), (Step::Look, Harm::Busy)]);
    let (key, charge) = (key(), waiting(bill));
    assert_eq!(till.charge(&key, &charge).await.status.as_u16(), 202);
    assert_eq!(state(&till, bill).await, ("unknown".into(), true));
    // it is looked up, and waits for the payer
    later(&till, LONG_MS).await;
    later(&till, 2 * LONG_MS).await;
    assert_eq!(state(&till, bill).await, ("waiting".into(), true));
    let line = listed(&till, bill).await["lines"][0].clone();
    assert!(line["payer"].is_string(), "{line}");
    assert_eq!(
        (&line["minor"], &line["receipt"]),
        (&json!(MINOR), &Value::Null)
    );
    till.bank.agree(id_of(&charge));
    till.settle("paid").await;
    assert_eq!(state(&till, bill).await, ("taken".into(), false));
    let line = listed(&till, bill).await["lines"][0].clone();
    assert!(
        line["receipt"].is_string() && line["payer"].is_null(),
        "{line}"
    );
    assert_eq!(cancel(&till, &charge).await, (409, "payment.over".into()));
    till.check("watched").await;
}

#[tokio::test]
async fn what_nobody_wants_any_more_is_let_go_of_and_can_be_paid_otherwise() {
    let till = Till::with(Provider::Stripe).await;
    let (_, bill) = till.office.billed().await;
    let (key, charge) = (key(), waiting(bill));
    assert_eq!(till.charge(&key, &charge).await.status.as_u16(), 202);
    // the call to let go is lost once: nothing is said to be over
    till.bank.harm(&[(Step::Cancel, Harm::Busy)]);
    assert_eq!(cancel(&till, &charge).await, (200, String::new()));
    later(&till, LONG_MS).await;
    later(&till, 2 * LONG_MS).await;
    till.settle("let go").await;
    assert_eq!(state(&till, bill).await, ("cancelled".into(), false));
    let said = till.charge(&key, &charge).await;
    assert_eq!(
        (said.status.as_u16(), said.code()),
        (422, "payment.cancelled".into())
    );
    // what it spoke for is free again
    let whole = crate::money::cash(bill, 1_050_000);
    let said = till
        .office
        .post(&till.clerk, crate::money::PAY, &whole)
        .await;
    assert_eq!(said.status.as_u16(), 201, "{}", said.json());
    assert_eq!(till.bank.captures(), 0);
    till.check("let go").await;
}

#[tokio::test]
async fn a_payer_who_is_quicker_has_paid() {
    let till = Till::with(Provider::Stripe).await;
    let (_, bill) = till.office.billed().await;
    till.bank.harm(&[(Step::Capture, Harm::DoneAndCut)]);
    let (key, charge) = (key(), crate::gateways::charge(bill, MINOR));
    assert_eq!(till.charge(&key, &charge).await.status.as_u16(), 202);
    assert_eq!(cancel(&till, &charge).await.0, 200);
    till.settle("too late").await;
    assert_eq!(state(&till, bill).await, ("taken".into(), false));
    assert_eq!(till.bank.captures(), 1);
    till.check("too late").await;
}

#[tokio::test]
async fn a_gateway_that_was_never_reached_is_not_asked_again() {
    let till = Till::with(Provider::Stripe).await;
    let (_, bill) = till.office.billed().await;
    till.bank.harm(&[(Step::Begin, Harm::Busy)]);
    let (key, charge) = (key(), waiting(bill));
    assert_eq!(till.charge(&key, &charge).await.status.as_u16(), 202);
    assert_eq!(cancel(&till, &charge).await.0, 200);
    // the call may still be on its way
    later(&till, 0).await;
    assert_eq!(state(&till, bill).await, ("cancelling".into(), false));
    later(&till, LONG_MS).await;
    assert_eq!(state(&till, bill).await, ("cancelled".into(), false));
    assert_eq!(till.bank.count("payment_intent"), 0);
    till.check("never reached").await;
}

#[tokio::test]
async fn an_order_that_stays_payable_is_not_let_go_of() {
    let till = Till::with(Provider::Razorpay).await;
    let (_, bill) = till.office.billed().await;
    let (key, charge) = (key(), waiting(bill));
    assert_eq!(till.charge(&key, &charge).await.status.as_u16(), 202);
    assert_eq!(state(&till, bill).await, ("waiting".into(), false));
    let said = cancel(&till, &charge).await;
    assert_eq!(said, (409, "payment.not_cancellable".into()));
    let unknown = json!({ "payment": world::new_id() });
    assert_eq!(
        cancel(&till, &unknown).await,
        (404, "payment.unknown".into())
    );
    till.office.check("an order").await;
}

#[tokio::test]
async fn the_hospitals_own_terminal_is_a_gateway_without_anything_installed() {
    let till = Till::with(Provider::Razorpay).await;
    let app = &till.office.hub.app;
    let house = Settings {
        provider: Provider::default(),
        key: Secret(String::new()),
        signed_with: Vec::new(),
        ..till.bank.settings(Provider::House)
    };
    app.gateways.set(&app.pool, house).expect("a gateway");
    let (_, bill) = till.office.billed().await;
    assert_eq!(listed(&till, bill).await["gateway"], "house");
    let mut charge = charge(bill, MINOR);
    charge["source"] = json!("0042");
    let said = till.charge(&key(), &charge).await;
    assert_eq!(said.status.as_u16(), 201, "{}", said.json());
    assert_eq!(state(&till, bill).await, ("taken".into(), false));
    // a slip is good for one payment
    charge["payment"] = json!(world::new_id());
    let said = till.charge(&key(), &charge).await;
    assert_eq!(said.code(), "payment.slip_used");
    let page = listed(&till, bill).await;
    assert_eq!(page["lines"][0]["code"], "payment.slip_used", "{page}");
    till.office.check("a terminal").await;
}
