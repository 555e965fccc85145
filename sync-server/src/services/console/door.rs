//! What is told before anybody is signed in.

use crate::app::App;
use crate::error::Result;
use axum::Json;
use axum::extract::State;
use shared::console::ConsoleDoor;

/// Says whose console this is and how people sign in
#[utoipa::path(
    get, path = "/console/v1/door", operation_id = "console_door", tag = "console",
    responses(
        (status = 200, description = "Whose console this is", body = crate::api::console::ConsoleDoor),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    )
)]
pub(crate) async fn door(State(app): State<App>) -> Result<Json<ConsoleDoor>> {
    let hospital = sqlx::query_scalar("select name from hospital")
        .fetch_one(&app.pool)
        .await?;
    Ok(Json(ConsoleDoor {
        hospital,
        has_directory: app.directory.is_set(),
    }))
}
