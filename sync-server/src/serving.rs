//! Answers calls on the lines that come through a door. Whoever says what they want too slowly is not listened to.

use crate::door::Peer;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::future::Future;
use std::pin::pin;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::ServiceExt;

/// Serves until `until` is done, then finishes what is being answered. Each line gets `head_time` for the head of a call,
/// and as long without one.
pub(crate) async fn serve(
    mut door: impl Listener<Addr = Peer>,
    router: Router,
    head_time: Duration,
    until: impl Future<Output = ()>,
) {
    let (stop, stopping) = watch::channel(());
    let mut lines = JoinSet::new();
    let mut until = pin!(until);
    loop {
        tokio::select! {
            () = &mut until => break,
            (stream, peer) = door.accept() => {
                lines.spawn(answer(stream, peer, router.clone(), head_time, stopping.clone()));
            }
            Some(_) = lines.join_next() => {}
        }
    }
    drop((door, stop));
    while lines.join_next().await.is_some() {}
}

/// Answers what comes on one line, one call after the other.
async fn answer(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    peer: Peer,
    router: Router,
    head_time: Duration,
    mut stopping: watch::Receiver<()>,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request)
    });
    let line = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_time)
        .serve_connection(TokioIo::new(stream), service);
    let mut line = pin!(line);
    let ended = tokio::select! {
        ended = &mut line => ended,
        // it is dropped when the hub stops
        _ = stopping.changed() => {
            line.as_mut().graceful_shutdown();
            line.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "A line was ended");
    }
}
