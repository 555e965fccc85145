//! `POST /sync/v1/emergency/review`: a clinical manager at a desk, who proves who they are in the call itself.

use crate::app::App;
use crate::door::Peer;
use crate::emergency::review::{IncludeReviewed, lines, review};
use crate::error::{Error, Result};
use crate::passwords::{Attempt, check_password};
use crate::session::Signed;
use axum::Json;
use axum::extract::{ConnectInfo, State};
use shared::access::{Task, may_do};
use shared::emergency::{OpeningLine, ReviewAsk};
use shared::problem::Problem;

/// Lets a clinical manager at a desk review an opening, and lists those that wait
#[utoipa::path(
    post, path = "/sync/v1/emergency/review", operation_id = "emergency_review", tag = "sync", request_body = crate::api::ReviewAsk,
    responses(
        (status = 200, description = "What waits for a review", body = Vec<crate::api::OpeningLine>),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("device" = []))
)]
pub(crate) async fn at_desk(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    signed: Signed,
) -> Result<Json<Vec<OpeningLine>>> {
    let ask: ReviewAsk = serde_json::from_slice(&signed.body)
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
    may_do(&staff.roles, Task::ReviewEmergency).map_err(Error::Forbidden)?;
    if let Some(said) = &ask.review {
        review(&app, staff.id, &staff.roles, said).await?;
    }
    Ok(Json(lines(&app, IncludeReviewed::No).await?))
}
