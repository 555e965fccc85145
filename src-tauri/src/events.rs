//! What the window hears without asking.

use replica::{Cabinet, Event};
use serde_json::json;
use tauri::{AppHandle, Emitter};
use tokio::sync::broadcast::error::RecvError;

/// Forwards what happens at the desk to the window, as long as it is there.
pub(crate) fn forward(app: AppHandle, cabinet: &Cabinet) {
    let mut events = cabinet.events();
    tauri::async_runtime::spawn(async move {
        loop {
            match events.recv().await {
                Ok(event) => tell(&app, event),
                // more happened than was heard: the window reads again what it shows
                Err(RecvError::Lagged(_)) => tell(&app, Event::Reloaded),
                Err(RecvError::Closed) => return,
            }
        }
    });
}

fn tell(app: &AppHandle, event: Event) {
    let told = match event {
        Event::Changed { kind, id } => {
            app.emit("record-changed", json!({ "kind": kind, "id": id }))
        }
        Event::Status(status) => app.emit("sync-status", status),
        Event::Reloaded => app.emit("reloaded", ()),
    };
    if let Err(error) = told {
        tracing::warn!(%error, "The window could not be told of a change");
    }
}
