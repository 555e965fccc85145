//! Razorpay: an order that the payer pays on Razorpay's page, the payment of it that is captured, and refunds of that.

use super::super::errands::Errand;
use super::line::{Answer, Body, read, unread};
use super::{Gateway, Line, Returned, Said, Secret, Settings, Signed, Told, Trouble, header};
use anyhow::Context;
use axum::http::HeaderMap;
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::money::Money;
use shared::money::currency::Currency;
use shared::payments::gateways::key_of;
use shared::payments::refunds::RefundStep;
use shared::payments::webhooks::{AtGateway, check_age, check_razorpay};
use shared::problem::Problem;
use uuid::Uuid;

const URL: &str = "https://api.razorpay.com";
const KEY: &str = "X-Refund-Idempotency";

/// The hospital at Razorpay.
#[derive(Debug)]
pub(super) struct Razorpay {
    line: Line,
    signed_with: Vec<Secret>,
}

impl Razorpay {
    pub(super) fn new(settings: Settings) -> anyhow::Result<Self> {
        let url = settings.url.as_deref().unwrap_or(URL);
        let key = settings.key.0.split_once(':');
        let (id, secret) = key.context("Razorpay's key and its secret, with a colon between")?;
        let known_by = (Secret(id.to_owned()), Secret(secret.to_owned()));
        Ok(Self {
            line: Line::new(url, known_by, settings.patience)?,
            signed_with: settings.signed_with,
        })
    }

    /// Finds the payment of an order that is furthest along.
    async fn paid(&self, order: Told) -> Result<Told, Trouble> {
        let path = format!("/v1/orders/{}/payments", order.reference);
        let all: List = read(done(self.line.get(&path, &[]).await?)?)?;
        let payments = all.items.into_iter().map(read::<Payment>);
        let payments: Vec<Payment> = payments.collect::<Result<_, _>>()?;
        let told = payments.into_iter().filter_map(Payment::told);
        // of several that are as far, always the same
        let furthest = told.max_by_key(|told| (told.state, told.taken.clone()));
        Ok(match furthest {
            Some(told) => Told {
                payment: order.payment,
                ..told
            },
            None => order,
        })
    }

    async fn order(&self, errand: &Errand) -> Result<Option<Told>, Trouble> {
        if let Some(id) = &errand.reference {
            let answer = self.line.get(&format!("/v1/orders/{id}"), &[]).await?;
            return read::<Order>(done(answer)?)?
                .told()
                .ok_or_else(unread)
                .map(Some);
        }
        let asked = [("receipt", errand.id.to_string())];
        let all: List = read(done(self.line.get("/v1/orders", &asked).await?)?)?;
        let orders = all.items.into_iter().map(read::<Order>);
        let orders: Vec<Order> = orders.collect::<Result<_, _>>()?;
        let first = orders.into_iter().min_by_key(|order| order.created_at);
        Ok(first.and_then(Order::told))
    }
}

#[derive(Deserialize)]
struct List {
    items: Vec<Value>,
}

#[derive(Deserialize)]
struct Order {
    id: String,
    amount: i64,
    currency: String,
    receipt: Option<String>,
    created_at: i64,
}

impl Order {
    fn told(self) -> Option<Told> {
        Some(Told {
            payment: self.receipt.and_then(|id| Uuid::parse_str(&id).ok()),
            payer: Some(self.id.clone()),
            reference: self.id,
            taken: None,
            amount: Money::new(self.amount, Currency::parse(&self.currency)?),
            state: AtGateway::Created,
            refunded: 0,
        })
    }
}

#[derive(Deserialize)]
struct Payment {
    id: String,
    amount: i64,
    currency: String,
    status: String,
    #[serde(default)]
    amount_refunded: i64,
    order_id: Option<String>,
    #[serde(default)]
    notes: Value,
}

impl Payment {
    fn told(self) -> Option<Told> {
        let state = match self.status.as_str() {
            "authorized" => AtGateway::Authorized,
            "captured" if self.amount_refunded > 0 => AtGateway::PartiallyRefunded,
            "captured" => AtGateway::Captured,
            "refunded" => AtGateway::Refunded,
            "failed" => AtGateway::Failed,
            _ => AtGateway::Created,
        };
        Some(Told {
            payment: id_in(&self.notes, "payment"),
            reference: self.order_id?,
            taken: Some(self.id),
            amount: Money::new(self.amount, Currency::parse(&self.currency)?),
            state,
            refunded: self.amount_refunded,
            payer: None,
        })
    }
}

#[derive(Deserialize)]
struct Refund {
    id: String,
    amount: i64,
    currency: String,
    payment_id: String,
    status: String,
    #[serde(default)]
    notes: Value,
}

impl Refund {
    fn returned(self) -> Option<Returned> {
        let step = match self.status.as_str() {
            "processed" => RefundStep::Succeeded,
            "failed" => RefundStep::Failed,
            _ => RefundStep::Pending,
        };
        Some(Returned {
            errand: id_in(&self.notes, "refund"),
            reference: self.id,
            of: self.payment_id,
            amount: Money::new(self.amount, Currency::parse(&self.currency)?),
            step,
        })
    }
}

/// Notes are an object, or an empty list where there are none.
fn id_in(notes: &Value, name: &str) -> Option<Uuid> {
    notes[name].as_str().and_then(|id| Uuid::parse_str(id).ok())
}

fn done(answer: Answer) -> Result<Value, Trouble> {
    match answer {
        Answer::Done(json) => Ok(json),
        Answer::Refused(_) => Err(Trouble::Refused("payment.gateway_refused".into())),
    }
}

fn returned(json: Value) -> Result<Returned, Trouble> {
    read::<Refund>(json)?.returned().ok_or_else(unread)
}

impl Gateway for Razorpay {
    fn name(&self) -> &'static str {
        "razorpay"
    }

    fn charge<'a>(&'a self, errand: &'a Errand) -> BoxFuture<'a, Result<Told, Trouble>> {
        Box::pin(async move {
            // it keeps no names of calls: an order that was made twice is paid once, and ours is the one that the payer is shown
            let order = json!({
                "amount": errand.amount.minor, "currency": errand.amount.currency, "receipt": errand.id,
                "notes": { "payment": errand.id },
            });
            let answer = self.line.post("/v1/orders", None, Body::Json(&order));
            read::<Order>(done(answer.await?)?)?
                .told()
                .ok_or_else(unread)
        })
    }

    fn find<'a>(&'a self, errand: &'a Errand) -> BoxFuture<'a, Result<Option<Told>, Trouble>> {
        Box::pin(async move {
            match self.order(errand).await? {
                Some(order) => self.paid(order).await.map(Some),
                None => Ok(None),
            }
        })
    }

    fn capture<'a>(
        &'a self,
        errand: &'a Errand,
        at: &'a Told,
    ) -> BoxFuture<'a, Result<Told, Trouble>> {
        Box::pin(async move {
            let id = at.taken.as_deref().ok_or_else(unread)?;
            let body = json!({ "amount": errand.amount.minor, "currency": errand.amount.currency });
            let path = format!("/v1/payments/{id}/capture");
            let answer = self.line.post(&path, None, Body::Json(&body)).await?;
            let told = read::<Payment>(done(answer)?)?.told().ok_or_else(unread)?;
            Ok(Told {
                payment: at.payment,
                ..told
            })
        })
    }

    fn cancel<'a>(&'a self, _: &'a Told) -> BoxFuture<'a, Result<Told, Trouble>> {
        // an order stays payable
        Box::pin(async move { Err(Trouble::Refused("payment.not_cancellable".into())) })
    }

    fn refund<'a>(&'a self, errand: &'a Errand) -> BoxFuture<'a, Result<Returned, Trouble>> {
        Box::pin(async move {
            let id = errand.taken.as_deref().ok_or_else(unread)?;
            let body = json!({
                "amount": errand.amount.minor, "speed": "normal", "receipt": errand.id, "notes": { "refund": errand.id },
            });
            let named = Some((KEY, key_of(errand.id, errand.attempt).to_string()));
            let path = format!("/v1/payments/{id}/refund");
            let answer = self.line.post(&path, named, Body::Json(&body));
            returned(done(answer.await?)?)
        })
    }

    fn find_refund<'a>(
        &'a self,
        errand: &'a Errand,
    ) -> BoxFuture<'a, Result<Option<Returned>, Trouble>> {
        Box::pin(async move {
            let id = errand.taken.as_deref().ok_or_else(unread)?;
            let asked = [("count", "100".to_owned())];
            let path = format!("/v1/payments/{id}/refunds");
            let all: List = read(done(self.line.get(&path, &asked).await?)?)?;
            let all = all.items.into_iter().map(returned);
            let all: Vec<Returned> = all.collect::<Result<_, _>>()?;
            Ok(all.into_iter().find(|one| one.errand == Some(errand.id)))
        })
    }

    fn check(&self, headers: &HeaderMap, body: &[u8], now_s: i64) -> Result<Signed, Problem> {
        let signature = header(headers, "x-razorpay-signature")?;
        let secrets: Vec<&[u8]> = self
            .signed_with
            .iter()
            .map(|secret| secret.0.as_bytes())
            .collect();
        check_razorpay(signature, body, &secrets)?;
        let shape = || Problem::new("shape", "");
        let json: Value = serde_json::from_slice(body).map_err(|_| shape())?;
        check_age(json["created_at"].as_i64().ok_or_else(shape)?, now_s)?;
        let event = header(headers, "x-razorpay-event-id")?.to_owned();
        Ok(Signed { event })
    }

    fn read(&self, body: &[u8]) -> Vec<Said> {
        let Ok(mut json) = serde_json::from_slice::<Value>(body) else {
            return Vec::new();
        };
        let mut part = |name: &str| json["payload"][name]["entity"].take();
        let payment: Option<Payment> = serde_json::from_value(part("payment")).ok();
        let refund = returned(part("refund")).ok();
        let payment = payment.and_then(Payment::told).map(Said::Payment);
        payment
            .into_iter()
            .chain(refund.map(Said::Refund))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_sample<T: for<'de> Deserialize<'de>>(text: &str) -> T {
        serde_json::from_str(text).expect("a sample")
    }

    #[test]
    fn what_is_published_is_read() {
        let order: Order = read_sample(include_str!(
            "../../../../../shared/tests/vectors/gateways/razorpay_order.json"
        ));
        let told = order.told().expect("an order");
        assert_eq!((told.amount.minor, told.state), (500, AtGateway::Created));
        assert_eq!(told.payment, None);
        let refund: Refund = read_sample(include_str!(
            "../../../../../shared/tests/vectors/gateways/razorpay_refund.json"
        ));
        let returned = refund.returned().expect("a refund");
        assert_eq!(
            (returned.of.as_str(), returned.step),
            ("pay_FIKOnlyii5QGNx", RefundStep::Succeeded)
        );
    }

    #[test]
    fn a_payment_is_as_far_as_its_status_says() {
        let check = |status: &str, refunded: i64, expect: AtGateway| {
            let mut json: Value = read_sample(include_str!(
                "../../../../../shared/tests/vectors/gateways/razorpay_payment.json"
            ));
            json["status"] = json!(status);
            json["amount_refunded"] = json!(refunded);
            json["order_id"] = json!("order_1");
            let payment: Payment = read(json).expect("a payment");
            assert_eq!(payment.told().expect("of an order").state, expect);
        };
        check("created", 0, AtGateway::Created);
        check("authorized", 0, AtGateway::Authorized);
        check("captured", 0, AtGateway::Captured);
        check("captured", 1, AtGateway::PartiallyRefunded);
        check("refunded", 500, AtGateway::Refunded);
        check("failed", 0, AtGateway::Failed);
    }
}
