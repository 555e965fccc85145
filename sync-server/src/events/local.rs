//! The bus of a hub that is one process: events go straight into the inboxes of its consumers.

use super::{Bus, Consumer, inbox};
use crate::error::Result;
use futures::future::BoxFuture;
use shared::events::Event;
use sqlx::PgPool;
use std::sync::Arc;

/// Consumers of this process.
#[derive(Debug)]
pub struct Local {
    pool: PgPool,
    consumers: Vec<Arc<dyn Consumer>>,
}

impl Local {
    /// Makes a bus that reaches some consumers.
    pub fn new(pool: PgPool, consumers: Vec<Arc<dyn Consumer>>) -> Self {
        Self { pool, consumers }
    }
}

impl Bus for Local {
    fn publish<'a>(&'a self, events: &'a [Event]) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            for consumer in &self.consumers {
                inbox::arrive(&self.pool, consumer.as_ref(), events).await?;
            }
            Ok(())
        })
    }
}
