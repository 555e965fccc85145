//! The bus of a hub whose services are several processes: a stream of NATS JetStream.
//!
//! NATS carries and may forget; PostgreSQL keeps. An event counts as handed on once NATS says that it has it, and as fetched once it
//! is in the inbox of its consumer. What was handed on shortly before NATS was away is handed on again: a power cut may have cost
//! it what it had not written yet. Inboxes keep each event once, however often it comes. What was told before the hub was put back
//! from a backup is not heard any more: the hub does not know of it.

use super::{Bus, Consumer, consumers, inbox};
use crate::app::App;
use crate::error::{Error, Result};
use crate::services::payments::gateways::Secret;
use anyhow::Context as _;
use async_nats::connection::State;
use async_nats::jetstream::consumer::{AckPolicy, Consumer as Durable, pull};
use async_nats::jetstream::context::GetStreamErrorKind;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::{AckKind, Context, ContextBuilder, Message, stream};
use async_nats::{ConnectOptions, Event as Line, ServerAddr};
use futures::StreamExt;
use futures::future::BoxFuture;
use shared::events::Event;
use shared::health::NatsSeen;
use sqlx::PgPool;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::OnceCell;

const STREAM: &str = "WARDBOOK";
const SUBJECTS: &str = "wardbook.>";
/// How long NATS keeps events for a process that is away.
const KEPT: Duration = Duration::from_hours(30 * 24);
/// How long NATS knows what it was given, so that it does not take the same again; and how far back it is given again what it
/// had before it was away. It writes to the disk every two minutes.
const KNOWN: Duration = Duration::from_mins(10);
/// An event that was fetched and of which nothing is heard can be fetched again.
const FETCH_AGAIN: Duration = Duration::from_secs(10);
/// An event that this program cannot read waits so long for one that can.
const UNREAD: Duration = Duration::from_mins(5);
/// How long an answer of NATS is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long somebody who looks waits for one.
const GLANCE: Duration = Duration::from_secs(3);
/// Between two tries to reach NATS, at most.
const PAUSE: Duration = Duration::from_secs(2);
/// NATS says so often that it is there while nothing happens.
const PULSE: Duration = Duration::from_secs(5);
/// Events that are fetched in one go.
const AT_ONCE: usize = 200;
/// Names the hub since it was last put back, in the head of a message.
const LINEAGE: &str = "Wardbook-Lineage";

/// A NATS server and how it is reached.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    server: ServerAddr,
    login: Option<Login>,
    authority: Option<PathBuf>,
}

/// Who the hub is to NATS.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: Secret,
}

impl Settings {
    pub(crate) fn new(
        url: &str,
        login: Option<Login>,
        authority: Option<PathBuf>,
    ) -> anyhow::Result<Self> {
        // the address may hold a password, so it is not part of the message
        let server = url.parse().ok();
        Ok(Self {
            server: server.context("the address of NATS cannot be read")?,
            login,
            authority,
        })
    }
}

/// The line to NATS. It is made when it is first needed, and made again whenever it is lost.
#[derive(Debug)]
pub(crate) struct Nats {
    settings: Settings,
    line: OnceCell<Context>,
    /// How often NATS was reached.
    reached: Arc<AtomicU64>,
}

impl Nats {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            line: OnceCell::new(),
            reached: Arc::default(),
        }
    }

    /// Says whether NATS is there.
    pub(crate) fn is_reached(&self) -> bool {
        let line = self.line.get();
        line.is_some_and(|line| line.client().connection_state() == State::Connected)
    }

    async fn line(&self) -> Result<&Context> {
        self.line.get_or_try_init(|| self.open()).await
    }

    async fn open(&self) -> Result<Context> {
        let reached = self.reached.clone();
        let mut options = ConnectOptions::new()
            .name("wardbook-hub")
            .connection_timeout(PATIENCE)
            .retry_on_initial_connect()
            .reconnect_delay_callback(|tries| PAUSE.min(Duration::from_millis(100) * tries as u32))
            .event_callback(move |line| {
                note(&line, &reached);
                std::future::ready(())
            });
        if let Some(Login { user, password }) = &self.settings.login {
            options = options.user_and_password(user.clone(), password.0.clone());
        }
        if let Some(authority) = &self.settings.authority {
            options = options
                .add_root_certificates(authority.clone())
                .require_tls(true);
        }
        let client = options.connect(self.settings.server.clone()).await;
        let context = ContextBuilder::new()
            .timeout(PATIENCE)
            .ack_timeout(PATIENCE)
            .build(client.map_err(away)?);
        Ok(context)
    }

    /// Finds where a consumer fetches what it is told.
    async fn durable(&self, name: &str) -> Result<Durable<pull::Config>> {
        let stream = self.line().await?.get_stream(STREAM).await.map_err(away)?;
        let config = pull::Config {
            durable_name: Some(name.to_owned()),
            ack_policy: AckPolicy::Explicit,
            ack_wait: FETCH_AGAIN,
            ..pull::Config::default()
        };
        stream
            .get_or_create_consumer(name, config)
            .await
            .map_err(away)
    }

    /// Says how it is, and who does not fetch what they are told.
    pub(crate) async fn look(&self) -> NatsSeen {
        let Ok(line) = self.line().await else {
            return NatsSeen::Away;
        };
        let answers = tokio::time::timeout(GLANCE, line.client().flush()).await;
        if !matches!(answers, Ok(Ok(()))) {
            return NatsSeen::Away;
        }
        let stream = match line.get_stream(STREAM).await {
            Ok(stream) => stream,
            // no hub has told it anything yet
            Err(error) if is_missing(&error.kind()) => return NatsSeen::Keeps(Vec::new()),
            Err(_) => return NatsSeen::Refuses,
        };
        let mut unheard = Vec::new();
        for consumer in consumers(|_| true) {
            let count = match stream.consumer_info(consumer.name()).await {
                Ok(seen) if seen.num_waiting > 0 => 0,
                Ok(seen) => seen.num_pending,
                Err(_) => stream.cached_info().state.messages,
            };
            unheard.push((consumer.name().to_owned(), count));
        }
        unheard.retain(|(_, count)| *count > 0);
        NatsSeen::Keeps(unheard)
    }
}

fn note(line: &Line, reached: &AtomicU64) {
    if matches!(line, Line::Connected) {
        reached.fetch_add(1, Ordering::SeqCst);
        tracing::info!("NATS is there");
    } else if matches!(line, Line::Disconnected) {
        tracing::warn!("NATS is away; events wait until it is there again");
    }
}

/// Texts of the client quote what was sent, so none is passed on.
fn away<E>(_: E) -> Error {
    Error::Unavailable
}

/// Hands events on to NATS.
#[derive(Debug)]
pub(super) struct Relay {
    app: App,
    nats: Arc<Nats>,
    /// For which time that NATS was reached everything is prepared.
    prepared: AtomicU64,
    /// Something was handed on since what may be lost was called back.
    has_handed: AtomicBool,
}

impl Relay {
    pub(super) fn new(app: &App, nats: Arc<Nats>) -> Self {
        Self {
            app: app.clone(),
            nats,
            prepared: AtomicU64::new(u64::MAX),
            has_handed: AtomicBool::new(true),
        }
    }

    /// Prepares for handing on after NATS was away: what it may have forgotten is called back, and a stream is made where there is none.
    async fn prepare(&self) -> Result<bool> {
        let line = self.nats.line().await?;
        let reached = self.nats.reached.load(Ordering::SeqCst);
        if !self.nats.is_reached() {
            return Ok(false);
        }
        if self.prepared.load(Ordering::SeqCst) == reached {
            return Ok(true);
        }
        match line.get_stream(STREAM).await {
            Ok(_) if self.has_handed.swap(false, Ordering::SeqCst) => {
                call_back(&self.app.pool, KNOWN).await?;
            }
            Ok(_) => {}
            Err(error) if is_missing(&error.kind()) => {
                // before the stream is there: who is killed in between does it again
                call_back(&self.app.pool, KEPT).await?;
                line.create_stream(stream_config()).await.map_err(away)?;
            }
            Err(error) => return Err(away(error)),
        }
        self.prepared.store(reached, Ordering::SeqCst);
        Ok(true)
    }

    async fn give(&self, events: &[Event]) -> Result<()> {
        // other processes hear of nothing that a crash could take back
        self.app.flush.wait(&self.app.pool).await?;
        let lineage = self.app.lineage;
        let line = self.nats.line().await?;
        let mut answers = Vec::with_capacity(events.len());
        for event in events {
            let body = serde_json::to_vec(&event.to_json()).map_err(anyhow::Error::from);
            let message = PublishMessage::build()
                .message_id(format!("{} {lineage}", event.id()))
                .header(LINEAGE, lineage.to_string())
                .payload(body.map_err(Error::Bug)?.into());
            let answer = line.send_publish(event.address(), message);
            answers.push(answer.await.map_err(away)?);
        }
        for answer in answers {
            answer.await.map_err(away)?;
        }
        Ok(())
    }
}

impl Bus for Relay {
    fn is_ready(&self) -> BoxFuture<'_, Result<bool>> {
        Box::pin(self.prepare())
    }

    fn publish<'a>(&'a self, events: &'a [Event]) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let given = self.give(events).await;
            match &given {
                Ok(()) => self.has_handed.store(true, Ordering::SeqCst),
                // the stream may be gone while the line is not
                Err(_) => self.prepared.store(u64::MAX, Ordering::SeqCst),
            }
            given
        })
    }
}

fn is_missing(kind: &GetStreamErrorKind) -> bool {
    matches!(kind, GetStreamErrorKind::JetStream(error) if error.code() == 404)
}

fn stream_config() -> stream::Config {
    stream::Config {
        name: STREAM.to_owned(),
        subjects: vec![SUBJECTS.to_owned()],
        max_age: KEPT,
        duplicate_window: KNOWN,
        ..stream::Config::default()
    }
}

/// Has what was handed on last handed on again.
async fn call_back(pool: &PgPool, since: Duration) -> sqlx::Result<()> {
    sqlx::query(
        "update event set published_at = null
         where published_at > (select max(published_at) from event) - $1 * interval '1 second'",
    )
    .bind(since.as_secs_f64())
    .execute(pool)
    .await?;
    Ok(())
}

/// Fetches what a consumer is told, until it is dropped.
pub(super) async fn listen(app: App, nats: Arc<Nats>, consumer: Arc<dyn Consumer>) {
    loop {
        if let Err(error) = hear(&app, &nats, consumer.as_ref()).await {
            tracing::debug!(
                consumer = consumer.name(),
                error.code = error.code(),
                "Nothing can be fetched; it is tried again"
            );
        }
        tokio::time::sleep(super::EVERY).await;
    }
}

async fn hear(app: &App, nats: &Nats, consumer: &dyn Consumer) -> Result<()> {
    let durable = nats.durable(consumer.name()).await?;
    let messages = durable.stream().heartbeat(PULSE).messages().await;
    let mut messages = pin!(messages.map_err(away)?.ready_chunks(AT_ONCE));
    while let Some(some) = messages.next().await {
        let some = some.into_iter().collect::<Result<Vec<_>, _>>();
        keep(app, consumer, some.map_err(away)?).await?;
        app.told.announce();
    }
    Ok(())
}

/// Keeps what was fetched in the inbox, and tells NATS so afterwards.
async fn keep(app: &App, consumer: &dyn Consumer, messages: Vec<Message>) -> Result<()> {
    let (mut events, mut kept) = (Vec::new(), Vec::new());
    let here = app.lineage.to_string();
    for message in messages {
        let told_by = message.headers.as_ref().and_then(|head| head.get(LINEAGE));
        if told_by.is_some_and(|lineage| lineage.as_str() != here) {
            kept.push(message);
            continue;
        }
        let body = serde_json::from_slice(&message.payload).unwrap_or_default();
        match Event::parse(&body) {
            Ok(event) => {
                events.push(event);
                kept.push(message);
            }
            Err(_) => {
                tracing::error!("An event cannot be read here; it waits at NATS");
                let later = message.ack_with(AckKind::Nak(Some(UNREAD)));
                later.await.map_err(away)?;
            }
        }
    }
    inbox::arrive(&app.pool, consumer, &events).await?;
    for message in kept {
        message.ack().await.map_err(away)?;
    }
    Ok(())
}
