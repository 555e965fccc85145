//! Gateways: who takes money from cards and accounts for the hospital, and gives it back. Each speaks in its own way of the same.

mod house;
mod line;
mod razorpay;
mod stripe;

use super::errands::Errand;
use crate::error::{Error, Result};
use axum::http::HeaderMap;
use futures::future::BoxFuture;
use house::House;
use line::Line;
use razorpay::Razorpay;
use shared::money::Money;
use shared::payments::refunds::RefundStep;
use shared::payments::webhooks::{About, AtGateway};
use shared::problem::Problem;
use sqlx::PgPool;
use std::fmt;
use std::sync::{Arc, RwLock};
use std::time::Duration;
use stripe::Stripe;
use tokio::sync::Notify;
use uuid::Uuid;

/// Which gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Provider {
    Stripe,
    Razorpay,
    /// The hospital's own terminals.
    #[default]
    House,
}

/// A secret, which shows itself nowhere.
#[derive(Clone)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A gateway and how it is reached.
#[derive(Clone, Debug)]
pub struct Settings {
    pub provider: Provider,
    /// Another address than the provider's own.
    pub url: Option<String>,
    /// What the hospital is known by: Stripe's secret key, or Razorpay's key and its secret with a colon between.
    pub key: Secret,
    /// What its calls to the hub are signed with; two while one takes the place of the other.
    pub signed_with: Vec<Secret>,
    /// How long an answer is waited for.
    pub patience: Duration,
}

/// The gateway this hub uses, if any, and what wakes who is about its errands.
#[derive(Debug, Default)]
pub struct Gateways {
    gateway: RwLock<Option<Arc<dyn Gateway>>>,
    news: Notify,
}

impl Gateways {
    /// Uses a gateway from now on.
    ///
    /// # Errors
    /// When no calls can be made at all.
    pub fn set(&self, pool: &PgPool, settings: Settings) -> anyhow::Result<()> {
        let gateway: Arc<dyn Gateway> = match settings.provider {
            Provider::Stripe => Arc::new(Stripe::new(settings)?),
            Provider::Razorpay => Arc::new(Razorpay::new(settings)?),
            Provider::House => Arc::new(House::new(pool.clone())),
        };
        if let Ok(mut kept) = self.gateway.write() {
            *kept = Some(gateway);
        }
        self.news.notify_one();
        Ok(())
    }

    /// Returns the gateway.
    pub(crate) fn get(&self) -> Result<Arc<dyn Gateway>> {
        let kept = self.gateway.read().ok().and_then(|kept| kept.clone());
        kept.ok_or_else(|| Error::Missing(Problem::new("payment.no_gateway", "")))
    }

    /// Says that a gateway said something.
    pub(crate) fn announce(&self) {
        self.news.notify_one();
    }

    /// Waits until one did.
    pub(crate) async fn news(&self) {
        self.news.notified().await;
    }
}

/// What a gateway says of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// Ours, if the gateway names it.
    pub(crate) payment: Option<Uuid>,
    /// What the gateway calls what was asked for.
    pub(crate) reference: String,
    /// What it calls the money, once it has it.
    pub(crate) taken: Option<String>,
    pub(crate) amount: Money,
    pub(crate) state: AtGateway,
    /// What of it went back.
    pub(crate) refunded: i64,
    /// What the payer's page needs to go on.
    pub(crate) payer: Option<String>,
}

impl Told {
    pub(crate) fn about(&self) -> About {
        About {
            payment: self.payment,
            amount: self.amount,
        }
    }
}

/// What a gateway says of money that goes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Returned {
    /// Our part of a refund, if the gateway names it.
    pub(crate) errand: Option<Uuid>,
    pub(crate) reference: String,
    /// What it calls the money of which it is a part.
    pub(crate) of: String,
    pub(crate) amount: Money,
    pub(crate) step: RefundStep,
}

/// What a gateway says by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Payment(Told),
    Refund(Returned),
}

/// A message of a gateway that is signed as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signed {
    /// What the gateway calls it: the same message again has the same name.
    pub(crate) event: String,
}

/// Why a gateway did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It said no: nothing was done.
    Refused(String),
    /// Nobody knows whether it was done.
    Unknown(String),
}

/// Who takes money for the hospital and gives it back.
pub(crate) trait Gateway: fmt::Debug + Send + Sync {
    /// Returns the name under which its money stands in the books: never changes.
    fn name(&self) -> &'static str;

    /// Asks for a payment. The same attempt again is the same payment.
    fn charge<'a>(&'a self, errand: &'a Errand) -> BoxFuture<'a, Result<Told, Trouble>>;

    /// Finds what became of a payment: by what the gateway calls it, or by what we do. Nothing: it does not have it.
    fn find<'a>(&'a self, errand: &'a Errand) -> BoxFuture<'a, Result<Option<Told>, Trouble>>;

    /// Takes the money that a payer agreed to.
    fn capture<'a>(
        &'a self,
        errand: &'a Errand,
        told: &'a Told,
    ) -> BoxFuture<'a, Result<Told, Trouble>>;

    /// Lets go of what no payer has paid yet.
    fn cancel<'a>(&'a self, told: &'a Told) -> BoxFuture<'a, Result<Told, Trouble>>;

    /// Gives a part back. The same attempt again is the same.
    fn refund<'a>(&'a self, errand: &'a Errand) -> BoxFuture<'a, Result<Returned, Trouble>>;

    /// Finds what became of a part that was to go back. Nothing: the gateway does not have it.
    fn find_refund<'a>(
        &'a self,
        errand: &'a Errand,
    ) -> BoxFuture<'a, Result<Option<Returned>, Trouble>>;

    /// Says whether a message is the gateway's own, by its bytes.
    ///
    /// # Errors
    /// `webhook.signature`, `webhook.too_old`, `shape`.
    fn check(&self, headers: &HeaderMap, body: &[u8], now_s: i64) -> Result<Signed, Problem>;

    /// Reads what a message says of payments and refunds; other things are nothing.
    fn read(&self, body: &[u8]) -> Vec<Said>;
}

/// Reads a header that stands there once.
fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Problem> {
    let mut all = headers.get_all(name).iter();
    let one = all.next().and_then(|value| value.to_str().ok());
    one.filter(|_| all.next().is_none())
        .ok_or_else(|| Problem::new("webhook.signature", ""))
}
