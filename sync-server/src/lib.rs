//! The hub: one door for every change, a feed for every ward.

pub mod app;
pub mod cli;
pub mod config;
pub mod database;
pub mod error;
pub mod import;
pub mod logs;
pub mod migrate;
pub mod postgres;
pub mod router;
pub mod services;
pub mod sync;
pub mod testing;
pub mod world;

mod api;
mod claims;
mod deeds;
mod demo;
mod people;
mod session;
mod web;

use app::App;
use axum::serve::ListenerExt;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;

/// How long calls that are being answered may take to finish when the hub stops.
const DRAIN: Duration = Duration::from_secs(20);

/// Serves until `until` is done, then finishes what is being answered.
pub async fn serve(
    listener: TcpListener,
    app: App,
    until: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    // answers are one write each: waiting for more to send would only delay them
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "A connection keeps its delay");
        }
    });
    let auditing = tokio::spawn(services::audit::run(app.clone()));
    let closing = app.clone();
    let listening = tokio::spawn(app.news.clone().listen(app.pool.clone()));
    let (stopped, on_stop) = tokio::sync::oneshot::channel();
    let stopping = app.clone();
    // the address of a call tells wrong passwords of one place from those of another
    let service = router::router(app).into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service).with_graceful_shutdown(async move {
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
    let served = tokio::select! {
        served = server.into_future() => served,
        () = overdue => {
            tracing::warn!("Some calls took too long to finish");
            Ok(())
        }
    };
    listening.abort();
    auditing.abort();
    if let Err(error) = services::audit::settle(&closing).await {
        tracing::warn!(
            error.code = error.code(),
            "The audit log was not signed at the end"
        );
    }
    served
}
