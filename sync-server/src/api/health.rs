//! The shapes of how the hub is, and of events that wait.

use super::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A workstation.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct HealthDesk {
    number: u32,
    name: String,
}

/// What one check has to say.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct HealthFinding {
    /// Which check
    check: String,
    /// `ok`, `look` or `broken`
    grade: String,
    /// A sentence; `<code>_do` says what to do
    said: Problem,
    desks: Vec<HealthDesk>,
}

/// Everything that was looked at.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct HealthReport {
    at: String,
    program: String,
    findings: Vec<HealthFinding>,
}

/// An event that was set aside or waits long.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventLine {
    /// Who has not taken it; nothing for one that was not handed on
    consumer: Option<String>,
    id: String,
    what: String,
    record: Option<Uuid>,
    at: String,
    tries: u32,
    code: Option<String>,
    set_aside: Option<String>,
    next: Option<String>,
}

/// Events that somebody may look at.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventPage {
    lines: Vec<EventLine>,
    set_aside: u32,
    waiting: u32,
}

/// Has an event tried again.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct EventAgain {
    consumer: Option<String>,
    id: String,
}

/// Whether the hub is well.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"status": "ok"}))]
pub(crate) struct Health {
    status: String,
    /// Of a hub whose services are several processes: whether what carries events between them is there, `ok` or `away`.
    nats: Option<String>,
}
