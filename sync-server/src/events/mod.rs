//! What departments tell each other: an event is written in the transaction of the change that causes it ([`outbox`]), handed
//! on by a [`Bus`] at least once, and taken by each consumer once, in a transaction with what it makes of it ([`inbox`]).
//!
//! So nothing is lost or done twice, whatever is killed when, and a consumer may live in another process: it needs its inbox
//! and a bus that reaches it.

pub mod inbox;
pub mod local;
pub mod outbox;
pub(crate) mod queue;

use crate::app::App;
use crate::error::Result;
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

/// How often is looked for what was not announced: what failed before, and what another process told.
const EVERY: Duration = Duration::from_secs(1);
/// After an announcement more follow: so long they are waited for, and go together.
const TOGETHER: Duration = Duration::from_millis(50);

/// Carries events to where consumers are: in this process, or by a broker.
pub trait Bus: Debug + Send + Sync {
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

/// Who acts on what departments tell.
pub fn consumers() -> Vec<Arc<dyn Consumer>> {
    vec![Arc::new(Notifications), Arc::new(Billing)]
}

/// Says that something was told.
#[derive(Debug, Default)]
pub(crate) struct Told(Notify);

impl Told {
    pub(crate) fn announce(&self) {
        self.0.notify_one();
    }
}

/// Hands events on and lets consumers take them, until it is dropped.
pub(crate) async fn run(app: App) {
    let consumers = consumers();
    let bus = Local::new(app.pool.clone(), consumers.clone());
    loop {
        if let Err(error) = turn(&app, &bus, &consumers).await {
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
    while outbox::hand_on(&app.pool, bus).await? > 0 {}
    for consumer in consumers {
        while inbox::take(&app.pool, consumer.as_ref()).await? > 0 {}
    }
    Ok(())
}
