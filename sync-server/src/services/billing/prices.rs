//! What visits cost.

use crate::app::App;
use crate::central::Person;
use crate::deeds::{HUB, deed, note};
use crate::error::{Error, Result};
use crate::web::read;
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use serde::Deserialize;
use shared::access::{Task, may_do};
use shared::audit::entry::What;
use shared::ids::DepartmentId;
use shared::money::Money;

/// A price from now on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Price {
    /// Nothing: wherever no price of its own is set.
    department: Option<DepartmentId>,
    net: Money,
}

/// Sets what a consultation costs from now on, before tax
#[utoipa::path(
    post, path = "/console/v1/prices", operation_id = "console_price", tag = "console", request_body = crate::api::money::Price,
    responses(
        (status = 200, description = "Visits that are booked from now on cost this"),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn set(
    State(app): State<App>,
    person: Person,
    said: Result<Json<Price>, JsonRejection>,
) -> Result<Json<()>> {
    may_do(&person.staff.roles, Task::SetPrices).map_err(Error::Forbidden)?;
    let said = read(said)?;
    let mut tx = app.pool.begin().await?;
    sqlx::query("insert into billing.price (department, net, currency, from_ms, by) values ($1, $2, $3, $4, $5)")
        .bind(said.department.map(|department| department.0))
        .bind(said.net.minor)
        .bind(said.net.currency.letters())
        .bind(app.now().0)
        .bind(person.staff.id.0)
        .execute(&mut *tx)
        .await?;
    let entry = deed(What::MoneyMoved, HUB, Some(person.staff.id)).because("price.set");
    note(&mut tx, &entry).await?;
    tx.commit().await?;
    Ok(Json(()))
}
