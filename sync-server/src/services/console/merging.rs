//! Two records of one person: looked at side by side, merged and parted again.

use crate::app::App;
use crate::central::Person;
use crate::deeds::{HUB, deed, note};
use crate::error::{Error, Result};
use crate::merging;
use crate::web::read;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::Value;
use shared::access::{Task, may_do};
use shared::audit::entry::What;
use shared::ids::RecordId;
use shared::merging::{MergeAsk, MergeDone, Pair};
use shared::problem::Problem;
use shared::record::Kind;
use sqlx::types::Json as Column;
use utoipa::IntoParams;
use uuid::Uuid;

/// Which two records.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PairAsk {
    one: Option<Uuid>,
    other: Option<Uuid>,
}

/// Shows two patients side by side; that they were looked at is noted
#[utoipa::path(
    get, path = "/console/v1/patients/pair", operation_id = "console_patients_pair", tag = "console", params(PairAsk),
    responses(
        (status = 200, description = "Both", body = crate::api::conflicts::Pair),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn pair(
    State(app): State<App>,
    person: Person,
    Query(ask): Query<PairAsk>,
) -> Result<Json<Pair>> {
    may_do(&person.staff.roles, Task::MergePatients).map_err(Error::Forbidden)?;
    let (one, other) = ask
        .one
        .zip(ask.other)
        .ok_or_else(|| Error::Malformed(Problem::new("shape", "one")))?;
    let mut db = app.pool.acquire().await?;
    let mut found = Vec::new();
    for id in [one, other] {
        let row: Option<(Column<Value>, i64)> = sqlx::query_as(
            "select body, (select count(*) from record of where of.chart = record.id and of.kind <> 1) from record where id = $1 and kind = 1",
        )
        .bind(id)
        .fetch_optional(&mut *db)
        .await?;
        found.push(row.ok_or_else(|| Error::Missing(Problem::new("record.gone", "")))?);
        let looked = deed(What::ChartViewed, HUB, Some(person.staff.id)).because("merge");
        note(&mut db, &looked.about(Kind::Patient, RecordId(id))).await?;
    }
    let mut found = found.into_iter();
    let mut next = || {
        found
            .next()
            .map(|(Column(body), has)| (body, u32::try_from(has).unwrap_or(u32::MAX)))
    };
    let ((one_body, one_has), (other_body, other_has)) =
        (next().unwrap_or_default(), next().unwrap_or_default());
    Ok(Json(Pair {
        one: RecordId(one),
        other: RecordId(other),
        one_body,
        other_body,
        one_has,
        other_has,
    }))
}

/// Replaces one patient's record by another, with all that belongs to it
#[utoipa::path(
    post, path = "/console/v1/patients/merge", operation_id = "console_patients_merge", tag = "console", request_body = crate::api::conflicts::MergeAsk,
    responses(
        (status = 200, description = "What was moved", body = crate::api::conflicts::MergeDone),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn merge(
    State(app): State<App>,
    person: Person,
    said: Result<Json<MergeAsk>, JsonRejection>,
) -> Result<Json<MergeDone>> {
    may_do(&person.staff.roles, Task::MergePatients).map_err(Error::Forbidden)?;
    Ok(Json(
        merging::merge(&app, person.staff.id, read(said)?).await?,
    ))
}

/// Parts two records that were merged
#[utoipa::path(
    post, path = "/console/v1/patients/part", operation_id = "console_patients_part", tag = "console", request_body = crate::api::conflicts::MergeAsk,
    responses(
        (status = 200, description = "What was moved back", body = crate::api::conflicts::MergeDone),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn part(
    State(app): State<App>,
    person: Person,
    said: Result<Json<MergeAsk>, JsonRejection>,
) -> Result<Json<MergeDone>> {
    may_do(&person.staff.roles, Task::MergePatients).map_err(Error::Forbidden)?;
    Ok(Json(
        merging::part(&app, person.staff.id, read(said)?).await?,
    ))
}
