//! `POST /sync/v1/audit/look`: somebody at a desk who may read the audit has the whole log looked at.
//!
//! A look reads everything there is, so there is one at a time, and whoever asks meanwhile hears of that one.

use super::verify::{Progress, verify_telling};
use crate::app::App;
use crate::deeds::{deed, note};
use crate::door::Peer;
use crate::error::{Error, Result};
use crate::passwords::{Attempt, check_password};
use crate::session::Signed;
use crate::world;
use axum::Json;
use axum::extract::{ConnectInfo, State};
use shared::access::{Task, may_do};
use shared::audit::entry::What;
use shared::audit::look::{LogLook, LookAsk, LookProgress};
use shared::ids::LookId;
use shared::problem::Problem;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// How long a call waits for the end before it says how far the look has come.
const WAITS: Duration = Duration::from_secs(5);

/// The look that is under way, or the last one.
#[derive(Debug, Default)]
pub(crate) struct Looks(Mutex<Option<Look>>);

#[derive(Clone, Debug)]
struct Look {
    run: LookId,
    progress: Arc<Progress>,
    found: watch::Receiver<Option<LogLook>>,
}

impl Look {
    fn is_under_way(&self) -> bool {
        self.found.borrow().is_none() && self.found.has_changed().is_ok()
    }
}

impl Looks {
    /// Returns the look that is asked for or under way; otherwise begins one.
    fn find(&self, app: &App, run: Option<LookId>) -> Look {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = last
            .as_ref()
            .filter(|look| run == Some(look.run) || look.is_under_way());
        if let Some(look) = wanted {
            return look.clone();
        }
        let (tell, found) = watch::channel(None);
        let look = Look {
            run: LookId(world::new_id()),
            progress: Arc::default(),
            found,
        };
        let (app, progress) = (app.clone(), look.progress.clone());
        tokio::spawn(async move {
            match verify_telling(&app, None, &progress).await {
                Ok(found) => {
                    tell.send_replace(Some(found));
                }
                Err(error) => {
                    tracing::error!(error.code = error.code(), "The audit log cannot be read");
                }
            }
        });
        last.insert(look).clone()
    }
}

/// Has the log verified for somebody at a desk, and says how far that has come
#[utoipa::path(
    post, path = "/sync/v1/audit/look", operation_id = "audit_look", tag = "sync", request_body = crate::api::audit::LookAsk,
    responses(
        (status = 200, description = "How far it has come, or what was found", body = crate::api::audit::LookProgress),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("device" = []))
)]
pub(crate) async fn look(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    signed: Signed,
) -> Result<Json<LookProgress>> {
    let ask: LookAsk = serde_json::from_slice(&signed.body)
        .map_err(|_| Error::Malformed(Problem::new("shape", "")))?;
    let at = signed.device.id;
    let place = format!("{at} {}", peer.address);
    let password = ask.password.into_inner();
    let attempt = Attempt {
        device: at,
        place: &place,
        username: &ask.username,
        password,
        chosen: None,
    };
    let staff = check_password(&app, attempt).await?;
    may_do(&staff.roles, Task::ReadAudit).map_err(Error::Forbidden)?;
    if ask.run.is_none() {
        let mut db = app.pool.acquire().await?;
        note(&mut db, &deed(What::AuditRead, at, Some(staff.id))).await?;
    }
    Ok(Json(hear(&app, ask.run).await?))
}

/// Waits a while for a look, a new one if none is named, and says how far it has come.
pub(crate) async fn hear(app: &App, run: Option<LookId>) -> Result<LookProgress> {
    let mut look = app.audit.looks.find(app, run);
    let found = tokio::time::timeout(WAITS, look.found.wait_for(Option::is_some)).await;
    let found = match found {
        Ok(Ok(found)) => found.clone(),
        Ok(Err(_)) => {
            return Err(Error::Bug(anyhow::anyhow!(
                "the look did not come to its end"
            )));
        }
        Err(_) => None,
    };
    Ok(LookProgress {
        run: look.run,
        done: look.progress.done.load(Ordering::Relaxed),
        all: look.progress.all.load(Ordering::Relaxed),
        found,
    })
}
