//! Stripe: payment intents that are captured when the payer agreed, and refunds of them.

use super::super::errands::Errand;
use super::line::{Answer, Body, read, unread};
use super::{Gateway, Line, Returned, Said, Secret, Settings, Signed, Told, Trouble, header};
use axum::http::HeaderMap;
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::Value;
use shared::money::Money;
use shared::money::currency::Currency;
use shared::payments::gateways::key_of;
use shared::payments::refunds::RefundStep;
use shared::payments::webhooks::{AtGateway, check_stripe};
use shared::problem::Problem;
use std::collections::BTreeMap;
use uuid::Uuid;

const URL: &str = "https://api.stripe.com";
const KEY: &str = "Idempotency-Key";
/// Things of one page of a list, and pages that are looked through, at most.
const PAGE: usize = 100;
const PAGES: usize = 20;
/// How far Stripe's clock and ours may be apart.
const OFF_BY_S: i64 = 300;
/// Stripe divides these into hundredths, which ISO 4217 does not.
const OTHERWISE: [&str; 2] = ["ISK", "UGX"];

/// The hospital at Stripe.
#[derive(Debug)]
pub(super) struct Stripe {
    line: Line,
    signed_with: Vec<Secret>,
}

impl Stripe {
    pub(super) fn new(settings: Settings) -> anyhow::Result<Self> {
        let url = settings.url.as_deref().unwrap_or(URL);
        let known_by = (settings.key, Secret(String::new()));
        Ok(Self {
            line: Line::new(url, known_by, settings.patience)?,
            signed_with: settings.signed_with,
        })
    }

    /// Looks through lists for the one thing that is ours.
    async fn search<T>(
        &self,
        path: &str,
        asked: &[(&str, String)],
        ours: impl Fn(Value) -> Option<T>,
    ) -> Result<Option<T>, Trouble> {
        let mut after: Option<String> = None;
        for _ in 0..PAGES {
            let mut asked = asked.to_vec();
            asked.push(("limit", PAGE.to_string()));
            asked.extend(after.map(|id| ("starting_after", id)));
            let List { data, has_more } = read(done(self.line.get(path, &asked).await?)?)?;
            let last = data.last().and_then(|one| one["id"].as_str());
            after = last.filter(|_| has_more).map(str::to_owned);
            if let Some(found) = data.into_iter().find_map(&ours) {
                return Ok(Some(found));
            }
            if after.is_none() {
                return Ok(None);
            }
        }
        Err(Trouble::Unknown("gateway.too_many".into()))
    }
}

#[derive(Deserialize)]
struct List {
    data: Vec<Value>,
    #[serde(default)]
    has_more: bool,
}

/// A payment intent, as far as it is of interest.
#[derive(Deserialize)]
struct Intent {
    id: String,
    amount: i64,
    #[serde(default)]
    amount_received: i64,
    currency: String,
    status: String,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    #[serde(default)]
    client_secret: Option<String>,
    #[serde(default)]
    last_payment_error: Option<Value>,
}

impl Intent {
    fn told(self) -> Option<Told> {
        let state = match self.status.as_str() {
            "requires_capture" => AtGateway::Authorized,
            "succeeded" => AtGateway::Captured,
            "canceled" => AtGateway::Failed,
            "requires_payment_method" if self.last_payment_error.is_some() => AtGateway::Failed,
            _ => AtGateway::Created,
        };
        // what came in is what counts once something did
        let minor = match state {
            AtGateway::Captured => self.amount_received,
            AtGateway::Created
            | AtGateway::Authorized
            | AtGateway::Failed
            | AtGateway::PartiallyRefunded
            | AtGateway::Refunded => self.amount,
        };
        Some(Told {
            payment: id_in(&self.metadata, "payment"),
            taken: state.is_captured().then(|| self.id.clone()),
            reference: self.id,
            amount: Money::new(minor, currency(&self.currency)?),
            state,
            refunded: 0,
            payer: self.client_secret,
        })
    }
}

/// A charge: what came of an intent.
#[derive(Deserialize)]
struct Charge {
    amount: i64,
    amount_captured: i64,
    amount_refunded: i64,
    currency: String,
    captured: bool,
    refunded: bool,
    payment_intent: Option<String>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

impl Charge {
    fn told(self) -> Option<Told> {
        let state = match () {
            () if self.refunded => AtGateway::Refunded,
            () if self.amount_refunded > 0 => AtGateway::PartiallyRefunded,
            () if self.captured => AtGateway::Captured,
            () => AtGateway::Authorized,
        };
        let minor = if self.captured {
            self.amount_captured
        } else {
            self.amount
        };
        let reference = self.payment_intent?;
        Some(Told {
            payment: id_in(&self.metadata, "payment"),
            taken: self.captured.then(|| reference.clone()),
            reference,
            amount: Money::new(minor, currency(&self.currency)?),
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
    status: Option<String>,
    payment_intent: Option<String>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

impl Refund {
    fn returned(self) -> Option<Returned> {
        let word = self.status.as_deref().unwrap_or("pending");
        let step = RefundStep::ALL
            .into_iter()
            .find(|step| step.word() == word)?;
        Some(Returned {
            errand: id_in(&self.metadata, "refund"),
            reference: self.id,
            of: self.payment_intent?,
            amount: Money::new(self.amount, currency(&self.currency)?),
            step,
        })
    }
}

fn id_in(metadata: &BTreeMap<String, String>, name: &str) -> Option<Uuid> {
    metadata.get(name).and_then(|id| Uuid::parse_str(id).ok())
}

fn currency(letters: &str) -> Option<Currency> {
    Currency::parse(&letters.to_ascii_uppercase())
}

fn told(json: Value) -> Result<Told, Trouble> {
    read::<Intent>(json)?.told().ok_or_else(unread)
}

fn returned(json: Value) -> Result<Returned, Trouble> {
    read::<Refund>(json)?.returned().ok_or_else(unread)
}

/// A refusal is that of a payer's bank, or of ours to ask.
fn refused(error: &Value) -> Trouble {
    let code = match error["error"]["type"].as_str() {
        Some("card_error") => "payment.declined",
        Some(_) | None => "payment.gateway_refused",
    };
    Trouble::Refused(code.into())
}

fn done(answer: Answer) -> Result<Value, Trouble> {
    match answer {
        Answer::Done(json) => Ok(json),
        Answer::Refused(error) => Err(refused(&error)),
    }
}

/// Says whether Stripe counts an amount as we do: some currencies it divides otherwise, and of those with thousandths it wants
/// whole hundredths.
fn check(amount: Money) -> Result<(), Trouble> {
    let is_whole = amount.currency.exponent() < 3 || amount.minor % 10 == 0;
    if is_whole && !OTHERWISE.contains(&amount.currency.letters()) {
        return Ok(());
    }
    Err(Trouble::Refused("payment.gateway_currency".into()))
}

impl Gateway for Stripe {
    fn name(&self) -> &'static str {
        "stripe"
    }

    fn charge<'a>(&'a self, errand: &'a Errand) -> BoxFuture<'a, Result<Told, Trouble>> {
        Box::pin(async move {
            check(errand.amount)?;
            let currency = errand.amount.currency.letters().to_ascii_lowercase();
            let mut fields = vec![
                ("amount", errand.amount.minor.to_string()),
                ("currency", currency),
                ("capture_method", "manual".to_owned()),
                ("metadata[payment]", errand.id.to_string()),
                ("payment_method_types[]", "card".to_owned()),
            ];
            if let Some(source) = &errand.source {
                fields.push(("payment_method", source.clone()));
                fields.push(("confirm", "true".to_owned()));
            }
            let named = Some((KEY, key_of(errand.id, errand.attempt).to_string()));
            let answer = self
                .line
                .post("/v1/payment_intents", named, Body::Form(&fields));
            told(done(answer.await?)?)
        })
    }

    fn find<'a>(&'a self, errand: &'a Errand) -> BoxFuture<'a, Result<Option<Told>, Trouble>> {
        Box::pin(async move {
            if let Some(id) = &errand.reference {
                let path = format!("/v1/payment_intents/{id}");
                return told(done(self.line.get(&path, &[]).await?)?).map(Some);
            }
            // its search is behind by up to an hour, the list is not
            let from_s = errand.begun_ms / 1000 - OFF_BY_S;
            let until_s = errand.asked_ms / 1000 + OFF_BY_S;
            let asked = [
                ("created[gte]", from_s.to_string()),
                ("created[lte]", until_s.to_string()),
            ];
            let ours = |json: Value| {
                told(json)
                    .ok()
                    .filter(|told| told.payment == Some(errand.id))
            };
            self.search("/v1/payment_intents", &asked, ours).await
        })
    }

    fn capture<'a>(
        &'a self,
        errand: &'a Errand,
        at: &'a Told,
    ) -> BoxFuture<'a, Result<Told, Trouble>> {
        Box::pin(async move {
            let path = format!("/v1/payment_intents/{}/capture", at.reference);
            // the payment's own name and that of its capture differ
            let key = key_of(key_of(errand.id, errand.attempt), 0);
            let answer = self
                .line
                .post(&path, Some((KEY, key.to_string())), Body::Nothing);
            told(done(answer.await?)?)
        })
    }

    fn cancel<'a>(&'a self, at: &'a Told) -> BoxFuture<'a, Result<Told, Trouble>> {
        Box::pin(async move {
            let path = format!("/v1/payment_intents/{}/cancel", at.reference);
            told(done(self.line.post(&path, None, Body::Nothing).await?)?)
        })
    }

    fn refund<'a>(&'a self, errand: &'a Errand) -> BoxFuture<'a, Result<Returned, Trouble>> {
        Box::pin(async move {
            check(errand.amount)?;
            let fields = [
                ("payment_intent", errand.taken.clone().ok_or_else(unread)?),
                ("amount", errand.amount.minor.to_string()),
                ("metadata[refund]", errand.id.to_string()),
            ];
            let named = Some((KEY, key_of(errand.id, errand.attempt).to_string()));
            let answer = self.line.post("/v1/refunds", named, Body::Form(&fields));
            returned(done(answer.await?)?)
        })
    }

    fn find_refund<'a>(
        &'a self,
        errand: &'a Errand,
    ) -> BoxFuture<'a, Result<Option<Returned>, Trouble>> {
        Box::pin(async move {
            let taken = errand.taken.clone().ok_or_else(unread)?;
            let ours = |json: Value| {
                let returned = returned(json).ok();
                returned.filter(|one| one.errand == Some(errand.id))
            };
            let asked = [("payment_intent", taken)];
            self.search("/v1/refunds", &asked, ours).await
        })
    }

    fn check(&self, headers: &HeaderMap, body: &[u8], now_s: i64) -> Result<Signed, Problem> {
        let signature = header(headers, "stripe-signature")?;
        let secrets: Vec<&[u8]> = self
            .signed_with
            .iter()
            .map(|secret| secret.0.as_bytes())
            .collect();
        check_stripe(signature, body, &secrets, now_s)?;
        let shape = || Problem::new("shape", "");
        let json: Value = serde_json::from_slice(body).map_err(|_| shape())?;
        let event = json["id"].as_str().ok_or_else(shape)?.to_owned();
        Ok(Signed { event })
    }

    fn read(&self, body: &[u8]) -> Vec<Said> {
        let Ok(mut json) = serde_json::from_slice::<Value>(body) else {
            return Vec::new();
        };
        let thing = json["data"]["object"].take();
        let said = match thing["object"].as_str() {
            Some("payment_intent") => told(thing).ok().map(Said::Payment),
            Some("charge") => {
                let charge: Option<Charge> = serde_json::from_value(thing).ok();
                charge.and_then(Charge::told).map(Said::Payment)
            }
            Some("refund") => returned(thing).ok().map(Said::Refund),
            Some(_) | None => None,
        };
        said.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn intent() -> Value {
        let text =
            include_str!("../../../../../shared/tests/vectors/gateways/stripe_payment_intent.json");
        serde_json::from_str(text).expect("a sample")
    }

    #[test]
    fn an_intent_is_as_far_as_its_status_says() {
        let check = |status: &str, error: Value, expect: AtGateway| {
            let mut intent = intent();
            intent["status"] = json!(status);
            intent["last_payment_error"] = error;
            assert_eq!(told(intent).expect("it is read").state, expect, "{status}");
        };
        check("requires_payment_method", Value::Null, AtGateway::Created);
        check("requires_payment_method", json!({}), AtGateway::Failed);
        check("requires_confirmation", Value::Null, AtGateway::Created);
        check("requires_action", Value::Null, AtGateway::Created);
        check("processing", json!({}), AtGateway::Created);
        check("requires_capture", Value::Null, AtGateway::Authorized);
        check("succeeded", Value::Null, AtGateway::Captured);
        check("canceled", Value::Null, AtGateway::Failed);
        check("a new word", Value::Null, AtGateway::Created);
    }

    #[test]
    fn what_came_in_counts_once_something_did() {
        let mut one = intent();
        assert_eq!(told(one.clone()).expect("read").amount.minor, 1_099);
        one["status"] = json!("succeeded");
        one["amount_received"] = json!(1_000);
        assert_eq!(told(one.clone()).expect("read").amount.minor, 1_000);
        one["currency"] = json!("gold");
        assert!(told(one).is_err());
    }

    #[test]
    fn an_amount_that_stripe_counts_otherwise_is_not_asked_for() {
        let of = |minor, letters| {
            let currency = Currency::parse(letters).expect("a currency");
            check(Money::new(minor, currency)).is_ok()
        };
        assert!(of(1, "INR") && of(1, "JPY") && of(10, "KWD"));
        assert!(!of(11, "KWD") && !of(1, "ISK") && !of(1, "UGX"));
    }
}
