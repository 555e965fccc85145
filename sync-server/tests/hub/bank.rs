//! A gateway on this computer: Stripe and Razorpay in the shapes that they publish, with keys and books of its own, and faults.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use sync_server::services::payments::gateways::{Provider, Secret, Settings};
use sync_server::world;
use tokio::net::TcpListener;
use uuid::Uuid;

/// What the gateway signs with.
pub(crate) const SIGNED_WITH: &str = "whsec_test_secret";
/// How long the hub waits for it where nothing is to be waited for in vain, and where something is.
const PATIENCE: Duration = Duration::from_secs(20);
pub(crate) const IMPATIENCE: Duration = Duration::from_millis(500);
/// How long a slow one takes.
const SLOW: Duration = Duration::from_millis(100);

/// What it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    Begin,
    Look,
    Capture,
    Cancel,
    Refund,
    LookForRefund,
}

/// What goes wrong when it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Harm {
    /// It says that it is busy and does nothing.
    Busy,
    /// It neither does it nor answers.
    Silent,
    /// It does it, and the line is cut before it can say so.
    DoneAndCut,
    /// It does it and says that it failed.
    DoneAndBroken,
    /// It fails, and says so for ever to who asks under the same key.
    Remembered,
}

#[derive(Clone, Debug, Default)]
struct Books {
    things: BTreeMap<String, Value>,
    keys: BTreeMap<String, (StatusCode, Value)>,
    harm: BTreeMap<Step, Harm>,
    harmed: BTreeSet<(Step, String)>,
    /// What came of each payment of ours, less what went back.
    ledger: BTreeMap<Uuid, i64>,
    captures: u32,
    declines: bool,
    refuses_refunds: bool,
    is_slow: bool,
    made: u32,
}

/// A gateway that runs.
#[derive(Clone, Debug)]
pub(crate) struct Bank {
    addr: std::net::SocketAddr,
    books: Arc<Mutex<Books>>,
}

/// What is heard of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    Whole,
    Cut,
    Never,
}

/// A call as it came.
struct Call<'a> {
    method: &'a Method,
    path: Vec<&'a str>,
    fields: BTreeMap<String, String>,
}

impl Bank {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let bank = Self {
            addr: listener.local_addr().expect("an address"),
            books: Arc::default(),
        };
        let router = Router::new().fallback(call).with_state(bank.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        bank
    }

    pub(crate) fn settings(&self, provider: Provider) -> Settings {
        Settings {
            provider,
            url: Some(format!("http://{}", self.addr)),
            key: Secret("key_id:key_secret".into()),
            signed_with: vec![Secret("an older one".into()), Secret(SIGNED_WITH.into())],
            patience: PATIENCE,
        }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().expect("nobody panics")
    }

    /// Has each payment or refund suffer harm once at a step.
    pub(crate) fn harm(&self, harm: &[(Step, Harm)]) {
        self.books().harm = harm.iter().copied().collect();
    }

    pub(crate) fn decline(&self) {
        self.books().declines = true;
    }

    /// Has it take its time to say what it did.
    pub(crate) fn slow(&self) {
        self.books().is_slow = true;
    }

    pub(crate) fn refuse_refunds(&self) {
        self.books().refuses_refunds = true;
    }

    /// What it has of each payment of ours.
    pub(crate) fn ledger(&self) -> BTreeMap<Uuid, i64> {
        self.books().ledger.clone()
    }

    /// How many things of a kind it has.
    pub(crate) fn count(&self, kind: &str) -> usize {
        let books = self.books();
        let things = books.things.values();
        things.filter(|thing| kind_of(thing) == kind).count()
    }

    /// Forgets all but its ledger and its keys.
    pub(crate) fn tidy(&self) {
        self.books().things.clear();
    }

    pub(crate) fn captures(&self) -> u32 {
        self.books().captures
    }

    /// The thing of a kind that is about a payment or a refund of ours.
    pub(crate) fn about(&self, kind: &str, ours: Uuid) -> Value {
        let books = self.books();
        let mut things = books.things.values();
        let found =
            things.find(|thing| kind_of(thing) == kind && ours_of(thing) == ours.to_string());
        found.expect("it is known").clone()
    }

    /// A payer agrees on a page of Stripe's.
    pub(crate) fn agree(&self, payment: Uuid) {
        let intent = self.about("payment_intent", payment)["id"].clone();
        let id = intent.as_str().expect("a name");
        self.books().things.get_mut(id).expect("it is known")["status"] = json!("requires_capture");
    }

    /// A payer pays an order on Razorpay's page.
    pub(crate) fn pay(&self, order: &str) {
        let mut books = self.books();
        let amount = books.things[order]["amount"].clone();
        let ours = books.things[order]["notes"]["payment"].clone();
        let id = books.name("pay_");
        let mut payment = sample("razorpay_payment");
        payment["id"] = json!(id);
        payment["amount"] = amount;
        payment["status"] = json!("authorized");
        payment["order_id"] = json!(order);
        payment["notes"] = json!({ "payment": ours });
        books.things.insert(id, payment);
    }
}

/// A thing as its maker publishes it.
pub(crate) fn sample(name: &str) -> Value {
    let text = match name {
        "stripe_payment_intent" => {
            include_str!("../../../shared/tests/vectors/gateways/stripe_payment_intent.json")
        }
        "stripe_charge" => {
            include_str!("../../../shared/tests/vectors/gateways/stripe_charge.json")
        }
        "stripe_refund" => {
            include_str!("../../../shared/tests/vectors/gateways/stripe_refund.json")
        }
        "stripe_event" => include_str!("../../../shared/tests/vectors/gateways/stripe_event.json"),
        "razorpay_payment" => {
            include_str!("../../../shared/tests/vectors/gateways/razorpay_payment.json")
        }
        "razorpay_order" => {
            include_str!("../../../shared/tests/vectors/gateways/razorpay_order.json")
        }
        _ => include_str!("../../../shared/tests/vectors/gateways/razorpay_refund.json"),
    };
    serde_json::from_str(text).expect("a sample")
}

fn kind_of(thing: &Value) -> &str {
    let kind = thing["object"].as_str().or(thing["entity"].as_str());
    kind.unwrap_or_default()
}

/// The id of ours that a thing names.
fn ours_of(thing: &Value) -> String {
    let names = [
        &thing["metadata"]["payment"],
        &thing["metadata"]["refund"],
        &thing["notes"]["payment"],
        &thing["notes"]["refund"],
    ];
    let found = names.into_iter().find_map(Value::as_str);
    found.unwrap_or_default().to_owned()
}

async fn call(
    State(bank): State<Bank>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    assert!(headers.contains_key("authorization"), "it says who it is");
    let path: Vec<&str> = uri.path().trim_start_matches("/v1/").split('/').collect();
    let asked = Call {
        method: &method,
        path,
        fields: fields(uri.query().unwrap_or_default(), &body),
    };
    let key = ["idempotency-key", "x-refund-idempotency"];
    let key = key.into_iter().find_map(|name| headers.get(name));
    let key = key.map(|key| key.to_str().expect("text").to_owned());
    let (answer, heard) = bank.books().harmed(&asked, key);
    let is_slow = bank.books().is_slow;
    if is_slow {
        tokio::time::sleep(SLOW).await;
    }
    let (status, body) = answer;
    let body = match heard {
        Heard::Whole => Body::from(body.to_string()),
        Heard::Cut => {
            let cut = Err::<Bytes, _>(std::io::Error::other("the line is cut"));
            Body::from_stream(futures::stream::iter([cut]))
        }
        Heard::Never => std::future::pending().await,
    };
    (status, body).into_response()
}

/// Reads a form, or JSON with its inner fields as forms write them.
fn fields(query: &str, body: &[u8]) -> BTreeMap<String, String> {
    let body = std::str::from_utf8(body).expect("text");
    let mut fields = BTreeMap::new();
    if let Ok(Value::Object(members)) = serde_json::from_str(body) {
        for (name, value) in members {
            if let Value::Object(inner) = &value {
                for (inner, value) in inner {
                    let text = value.as_str().expect("text").to_owned();
                    fields.insert(format!("{name}[{inner}]"), text);
                }
            }
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            fields.insert(name, text);
        }
        return fields;
    }
    for text in [query, body] {
        let url = reqwest::Url::parse(&format!("form:?{text}")).expect("a form");
        fields.extend(url.query_pairs().into_owned());
    }
    fields
}

impl Call<'_> {
    fn step(&self) -> Step {
        match (self.method.as_str(), self.path.as_slice()) {
            ("POST", ["payment_intents"] | ["orders"]) => Step::Begin,
            ("POST", [.., "capture"]) => Step::Capture,
            ("POST", [.., "cancel"]) => Step::Cancel,
            ("POST", ["refunds"] | [.., "refund"]) => Step::Refund,
            ("GET", ["refunds"] | [.., "refunds"]) => Step::LookForRefund,
            _ => Step::Look,
        }
    }

    fn minor(&self) -> i64 {
        self.fields["amount"].parse().expect("an amount")
    }
}

fn said(status: u16, body: Value) -> (StatusCode, Value) {
    (StatusCode::from_u16(status).expect("a status"), body)
}

impl Books {
    fn name(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}{:08}", self.made)
    }

    fn harmed(&mut self, call: &Call<'_>, key: Option<String>) -> ((StatusCode, Value), Heard) {
        let step = call.step();
        let names = [
            "metadata[payment]",
            "notes[payment]",
            "metadata[refund]",
            "notes[refund]",
            "receipt",
        ];
        let named = names.map(|name| call.fields.get(name).cloned().unwrap_or_default());
        let ours = call.path.join("/") + &named.concat();
        let harm = self.harm.get(&step).copied();
        let harm = harm.filter(|_| self.harmed.insert((step, ours)));
        let broken = || said(500, json!({ "error": { "type": "api_error" } }));
        match harm {
            Some(Harm::Busy) => (said(503, json!({})), Heard::Whole),
            Some(Harm::Silent) => (broken(), Heard::Never),
            Some(Harm::Remembered) => {
                if let Some(key) = key {
                    self.keys.insert(key, broken());
                }
                (broken(), Heard::Whole)
            }
            Some(Harm::DoneAndCut) => (self.once(call, key), Heard::Cut),
            Some(Harm::DoneAndBroken) => {
                self.once(call, key);
                (broken(), Heard::Whole)
            }
            None => (self.once(call, key), Heard::Whole),
        }
    }

    /// The same under the same key is the same.
    fn once(&mut self, call: &Call<'_>, key: Option<String>) -> (StatusCode, Value) {
        let Some(key) = key else {
            return self.answer(call);
        };
        if let Some(before) = self.keys.get(&key) {
            return before.clone();
        }
        let answer = self.answer(call);
        self.keys.insert(key, answer.clone());
        answer
    }

    fn answer(&mut self, call: &Call<'_>) -> (StatusCode, Value) {
        match (call.method.as_str(), call.path.as_slice()) {
            ("POST", ["payment_intents"]) => self.intend(call),
            ("POST", ["orders"]) => self.order(call),
            ("POST", [_, id, "capture"]) => self.capture(id),
            ("POST", [_, id, "cancel"]) => self.cancel(id),
            ("POST", ["refunds"]) => self.refund(call, &call.fields["payment_intent"]),
            ("POST", ["payments", id, "refund"]) => self.refund(call, id),
            ("GET", ["payment_intents"]) => self.list(call, "payment_intent", |_| true),
            ("GET", ["refunds"]) => self.list(call, "refund", |one| {
                one["payment_intent"] == call.fields["payment_intent"]
            }),
            ("GET", ["orders"]) => self.list(call, "order", |one| {
                one["receipt"] == call.fields["receipt"]
            }),
            ("GET", ["orders", id, "payments"]) => {
                self.list(call, "payment", |one| one["order_id"] == *id)
            }
            ("GET", ["payments", id, "refunds"]) => {
                self.list(call, "refund", |one| one["payment_id"] == *id)
            }
            ("GET", [_, id]) => said(200, self.things[*id].clone()),
            _ => said(404, json!({})),
        }
    }

    /// The newest first, in pages: Stripe's lists and Razorpay's collections.
    fn list(
        &self,
        call: &Call<'_>,
        kind: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> (StatusCode, Value) {
        let number = |name: &str| call.fields.get(name).and_then(|text| text.parse().ok());
        let after = call.fields.get("starting_after");
        let page = number("limit").unwrap_or(usize::MAX);
        let things = self.things.iter().rev();
        let mut found = things
            .filter(|(id, one)| {
                kind_of(one) == kind && wanted(one) && after.is_none_or(|after| *id < after)
            })
            .map(|(_, one)| one);
        let items: Vec<&Value> = found.by_ref().take(page).collect();
        let has_more = found.next().is_some();
        said(
            200,
            json!({ "data": items, "has_more": has_more, "items": items, "entity": "collection" }),
        )
    }

    fn intend(&mut self, call: &Call<'_>) -> (StatusCode, Value) {
        let id = self.name("pi_");
        let mut intent = sample("stripe_payment_intent");
        intent["id"] = json!(id);
        intent["amount"] = json!(call.minor());
        intent["currency"] = json!(call.fields["currency"]);
        intent["metadata"] = json!({ "payment": call.fields["metadata[payment]"] });
        intent["created"] = json!(world::now().0 / 1000);
        let is_paid = call.fields.contains_key("payment_method");
        if !is_paid {
            intent["last_payment_error"] = Value::Null;
        }
        if is_paid && !self.declines {
            intent["status"] = json!("requires_capture");
            intent["last_payment_error"] = Value::Null;
        }
        self.things.insert(id, intent.clone());
        if is_paid && self.declines {
            let error =
                json!({ "type": "card_error", "code": "card_declined", "payment_intent": intent });
            return said(402, json!({ "error": error }));
        }
        said(200, intent)
    }

    fn order(&mut self, call: &Call<'_>) -> (StatusCode, Value) {
        let id = self.name("order_");
        let mut order = sample("razorpay_order");
        order["id"] = json!(id);
        order["amount"] = json!(call.minor());
        order["receipt"] = json!(call.fields["receipt"]);
        order["notes"] = json!({ "payment": call.fields["notes[payment]"] });
        self.things.insert(id, order.clone());
        said(200, order)
    }

    fn capture(&mut self, id: &str) -> (StatusCode, Value) {
        let thing = self.things.get_mut(id).expect("it is known");
        let status = thing["status"].as_str().unwrap_or_default();
        if !["requires_capture", "authorized"].contains(&status) {
            let wrong = json!({ "error": { "code": "BAD_REQUEST_ERROR", "type": "invalid_request_error" } });
            return said(400, wrong);
        }
        let is_stripe = kind_of(thing) == "payment_intent";
        thing["status"] = json!(if is_stripe { "succeeded" } else { "captured" });
        thing["amount_received"] = thing["amount"].clone();
        let payment = Uuid::parse_str(&ours_of(thing)).expect("a payment of ours");
        let minor = thing["amount"].as_i64().expect("an amount");
        let answer = thing.clone();
        *self.ledger.entry(payment).or_default() += minor;
        self.captures += 1;
        said(200, answer)
    }

    /// Lets go of an intent that is not captured.
    fn cancel(&mut self, id: &str) -> (StatusCode, Value) {
        let intent = self.things.get_mut(id).expect("it is known");
        if intent["status"] == "succeeded" || intent["status"] == "canceled" {
            return said(400, json!({ "error": { "type": "invalid_request_error" } }));
        }
        intent["status"] = json!("canceled");
        said(200, intent.clone())
    }

    fn refund(&mut self, call: &Call<'_>, of: &str) -> (StatusCode, Value) {
        let payment = Uuid::parse_str(&ours_of(&self.things[of])).expect("a payment of ours");
        let left = self.ledger.get_mut(&payment).expect("it was captured");
        if self.refuses_refunds || *left < call.minor() {
            return said(400, json!({ "error": { "type": "invalid_request_error" } }));
        }
        *left -= call.minor();
        let is_stripe = call.path == ["refunds"];
        let id = self.name(if is_stripe { "re_" } else { "rfnd_" });
        let mut refund = sample(if is_stripe {
            "stripe_refund"
        } else {
            "razorpay_refund"
        });
        refund["id"] = json!(id);
        refund["amount"] = json!(call.minor());
        let currency = &self.things[of]["currency"];
        refund["currency"] = currency.clone();
        if is_stripe {
            refund["payment_intent"] = json!(of);
            refund["metadata"] = json!({ "refund": call.fields["metadata[refund]"] });
        } else {
            refund["payment_id"] = json!(of);
            refund["notes"] = json!({ "refund": call.fields["notes[refund]"] });
        }
        self.things.insert(id, refund.clone());
        said(200, refund)
    }
}
