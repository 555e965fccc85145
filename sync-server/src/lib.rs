//! The hub: one door for every change, a feed for every ward.

pub mod app;
pub mod authority;
pub mod backup;
pub mod cli;
pub mod config;
pub mod database;
pub mod doctor;
pub mod duplicates;
pub mod emergency;
pub mod error;
pub mod events;
pub mod import;
pub mod logs;
pub mod merging;
pub mod migrate;
pub mod postgres;
pub mod router;
pub mod scheduling;
pub mod services;
pub mod sync;
pub mod testing;
pub mod world;

mod api;
pub mod books;
mod central;
mod claims;
mod conflicts;
mod contacts;
mod deeds;
mod demo;
mod door;
mod elsewhere;
mod hub_key;
mod invite;
mod notices;
mod overview;
pub mod own_certificate;
mod passwords;
mod people;
pub mod place;
mod quarantine;
pub mod screens;
mod secrets;
mod serving;
mod session;
mod throttle;
mod web;

use app::App;
use axum::serve::Listener;
use door::{Peer, PlainDoor, TlsDoor};
use place::Service;
use std::future::Future;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// How long calls that are being answered may take to finish when the hub stops.
const DRAIN: Duration = Duration::from_secs(20);
/// How long the head of a call may take to arrive, and a line may be open with none on it.
const HEAD_TIME: Duration = Duration::from_secs(30);

/// Serves this computer alone, without TLS, until `until` is done. Another address is refused.
pub async fn serve_plain(
    listener: TcpListener,
    app: App,
    until: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    serve_plain_within(listener, app, HEAD_TIME, until).await
}

/// The same with another time for the heads of calls.
pub async fn serve_plain_within(
    listener: TcpListener,
    app: App,
    head_time: Duration,
    until: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    serve(PlainDoor::new(listener)?, app, head_time, until).await;
    Ok(())
}

/// Serves desks over TLS under names and addresses, until `until` is done.
pub async fn serve_tls(
    listener: TcpListener,
    app: App,
    names: &[String],
    until: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    serve_tls_within(listener, app, names, HEAD_TIME, until).await
}

/// The same with another time for the heads of calls.
pub async fn serve_tls_within(
    listener: TcpListener,
    app: App,
    names: &[String],
    head_time: Duration,
    until: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let config = door::tls(&app, names)?;
    serve(TlsDoor::new(listener, config)?, app, head_time, until).await;
    Ok(())
}

/// Serves until `until` is done, then finishes what is being answered.
async fn serve(
    door: impl Listener<Addr = Peer>,
    app: App,
    head_time: Duration,
    until: impl Future<Output = ()> + Send + 'static,
) {
    let mut by_itself = by_itself(&app);
    let closing = app.clone();
    let (stopped, on_stop) = tokio::sync::oneshot::channel();
    let stopping = app.clone();
    let server = serving::serve(door, router::router(app), head_time, async move {
        until.await;
        tracing::info!("Stopping: finishing the calls being answered");
        stopping.stop();
        // nobody waits for this when the server ended by itself
        let _ = stopped.send(());
    });
    let overdue = async {
        if on_stop.await.is_ok() {
            tokio::time::sleep(DRAIN).await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = server => {}
        () = overdue => tracing::warn!("Some calls took too long to finish"),
    }
    // nothing of it goes on beside what is written at the end
    by_itself.shutdown().await;
    if let Err(error) = contacts::keep(&closing).await {
        let code = error::Error::from(error).code();
        tracing::warn!(
            error.code = code,
            "When workstations were heard was not written down"
        );
    }
    if !closing.place.has(Service::Records) {
        return;
    }
    if let Err(error) = services::audit::settle(&closing).await {
        tracing::warn!(
            error.code = error.code(),
            "The audit log was not signed at the end"
        );
    }
}

/// Starts what the services of this process do by themselves while it serves.
fn by_itself(app: &App) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(events::run(app.clone()));
    tasks.spawn(contacts::run(app.clone()));
    if app.place.has(Service::Records) {
        tasks.spawn(services::audit::run(app.clone()));
        tasks.spawn(sync::leaving::run(app.clone()));
        tasks.spawn(scheduling::decide::run(app.clone()));
        tasks.spawn(scheduling::lend::run(app.clone()));
        tasks.spawn(scheduling::no_show::run(app.clone()));
        tasks.spawn(scheduling::remind::run(app.clone()));
        tasks.spawn(scheduling::waiting::run(app.clone()));
        tasks.spawn(merging::run(app.clone()));
        tasks.spawn(duplicates::run(app.clone()));
        tasks.spawn(backup::running::run(app.clone()));
        tasks.spawn(app.news.clone().listen(app.pool.clone()));
    }
    if app.place.has(Service::Billing) {
        tasks.spawn(books::reconcile::run(app.clone()));
    }
    if app.place.has(Service::Payments) {
        tasks.spawn(services::payments::run(app.clone()));
        tasks.spawn(services::payments::errands::run(app.clone()));
    }
    tasks
}
