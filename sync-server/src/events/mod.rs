//! What departments tell each other: an event is written in the transaction of the change that causes it ([`outbox`]), handed
//! on by a [`Bus`] at least once, and taken by each consumer once, in a transaction with what it makes of it ([`inbox`]).
//!
//! So nothing is lost or done twice, whatever is killed when, and a consumer may live in another process: it needs its inbox
//! and a bus that reaches it.

pub mod inbox;
pub mod local;
pub(crate) mod nats;
pub mod outbox;
pub(crate) mod queue;

use crate::app::App;
use crate::error::Result;
use crate::place::Service;
use crate::services::billing::Billing;
use crate::services::notifications::Notifications;
use futures::future::BoxFuture;
use local::Local;
use shared::events::{Event, What};
use sqlx::PgConnection;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// How often is looked for what was not announced: what failed before, and what another process told.
const EVERY: Duration = Duration::from_secs(1);
/// After an announcement more follow: so long they are waited for, and go together.
const TOGETHER: Duration = Duration::from_millis(50);

/// Carries events to where consumers are: in this process, or by a broker.
pub trait Bus: Debug + Send + Sync {
    /// Says whether anything can be handed on now.
    fn is_ready(&self) -> BoxFuture<'_, Result<bool>> {
        Box::pin(std::future::ready(Ok(true)))
    }
    /// Hands events on. Once it says so, every consumer gets each of them at least once, in whatever order.
    fn publish<'a>(&'a self, events: &'a [Event]) -> BoxFuture<'a, Result<()>>;
}

/// A department that acts on events.
pub trait Consumer: Debug + Send + Sync {
    /// Under which its inbox is kept: never changes.
    fn name(&self) -> &'static str;
    /// Says whether it acts on such an event.
    fn wants(&self, what: &What) -> bool;
    /// Acts on an event, in the transaction in which that is noted. Events come in any order; the same one comes once.
    fn take<'a>(&'a self, tx: &'a mut PgConnection, event: &'a Event) -> BoxFuture<'a, Result<()>>;
}

/// Who acts on what departments tell, of the services that a process has.
pub fn consumers(has: impl Fn(Service) -> bool) -> Vec<Arc<dyn Consumer>> {
    let mut consumers: Vec<Arc<dyn Consumer>> = Vec::new();
    if has(Service::Records) {
        consumers.push(Arc::new(Notifications));
    }
    if has(Service::Billing) {
        consumers.push(Arc::new(Billing));
    }
    consumers
}

/// Says that something was told.
#[derive(Debug, Default)]
pub(crate) struct Told(Notify);

impl Told {
    pub(crate) fn announce(&self) {
        self.0.notify_one();
    }
}

/// Hands events on and lets the consumers of this process take them, until it is dropped.
pub(crate) async fn run(app: App) {
    let consumers = consumers(|service| app.place.has(service));
    let Some(nats) = app.place.nats() else {
        let bus = Local::new(app.pool.clone(), consumers.clone());
        return work(&app, &bus, &consumers).await;
    };
    let mut listening = JoinSet::new();
    for consumer in &consumers {
        listening.spawn(nats::listen(app.clone(), nats.clone(), consumer.clone()));
    }
    let relay = nats::Relay::new(&app, nats.clone());
    work(&app, &relay, &consumers).await;
}

async fn work(app: &App, bus: &dyn Bus, consumers: &[Arc<dyn Consumer>]) {
    loop {
        if let Err(error) = turn(app, bus, consumers).await {
            tracing::warn!(
                error.code = error.code(),
                "Events could not be handed on; it is tried again"
            );
        }
        tokio::select! {
            () = app.told.0.notified() => tokio::time::sleep(TOGETHER).await,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

async fn turn(app: &App, bus: &dyn Bus, consumers: &[Arc<dyn Consumer>]) -> Result<()> {
    // what has arrived is taken, whether or not anything can be handed on
    let handed = hand_on(app, bus).await;
    for consumer in consumers {
        while inbox::take(&app.pool, consumer.as_ref()).await? > 0 {}
    }
    handed
}

async fn hand_on(app: &App, bus: &dyn Bus) -> Result<()> {
    if bus.is_ready().await? {
        while outbox::hand_on(&app.pool, bus).await? > 0 {}
    }
    Ok(())
}
