//! Who covers a patient.

use crate::app::App;
use crate::books::once::{Asked, Done, Made, Route, once};
use crate::central::Person;
use crate::error::{Error, Result};
use crate::web::read;
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::json;
use shared::access::{Task, may_do};
use shared::billing::claims::Coverage;
use shared::office::claims::{CoverageEnd, CoverageLine};
use shared::problem::Problem;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

const NAME_CHARS: usize = 100;
const PLACE_MAX: u32 = 9;

/// Whose.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Find {
    patient: Uuid,
}

/// Lists who covers a patient, in the order in which they are asked
#[utoipa::path(
    post, path = "/console/v1/insurance/coverages", operation_id = "console_coverages", tag = "console",
    request_body = crate::api::insurance::FindCoverage,
    responses(
        (status = 200, description = "All that ever did", body = Vec<crate::api::insurance::CoverageLine>),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    person: Person,
    find: Result<Json<Find>, JsonRejection>,
) -> Result<Json<Vec<CoverageLine>>> {
    may_do(&person.staff.roles, Task::Insure).map_err(Error::Forbidden)?;
    let find = read(find)?;
    let mut db = app.pool.acquire().await?;
    Ok(Json(of_patient(&mut db, find.patient).await?))
}

/// Returns everybody who ever covered a patient.
pub(crate) async fn of_patient(db: &mut PgConnection, patient: Uuid) -> Result<Vec<CoverageLine>> {
    let rows = sqlx::query(
        "select id, patient, payor, subscriber, place, from_day::text as from_day, until_day::text as until_day
         from insurance.coverage where patient = $1 order by place, from_day, id",
    )
    .bind(patient)
    .fetch_all(db)
    .await?;
    rows.iter().map(line).collect()
}

fn line(row: &PgRow) -> Result<CoverageLine> {
    let wrong = |_| Error::Bug(anyhow::anyhow!("a day of a coverage cannot be read"));
    let day = |text: &str| text.parse::<Date>().map_err(wrong);
    Ok(CoverageLine {
        id: row.get("id"),
        patient: row.get("patient"),
        payor: row.get("payor"),
        subscriber: row.get("subscriber"),
        place: row.get::<i32, _>("place").unsigned_abs(),
        from: day(row.get("from_day"))?,
        until: row
            .get::<Option<&str>, _>("until_day")
            .map(day)
            .transpose()?,
    })
}

/// Returns it as the rule knows it.
pub(crate) fn rule(line: &CoverageLine) -> Coverage {
    Coverage {
        order: line.place,
        from: line.from,
        until: line.until,
    }
}

const ADD: Route = Route {
    path: "/console/v1/insurance/coverage",
    needs: Task::Insure,
    deed: "coverage.added",
};
const END: Route = Route {
    path: "/console/v1/insurance/coverage/end",
    needs: Task::Insure,
    deed: "coverage.ended",
};

/// Adds who covers a patient
#[utoipa::path(
    post, path = "/console/v1/insurance/coverage", operation_id = "console_coverage", tag = "console",
    request_body = crate::api::insurance::CoverageLine,
    params(("Idempotency-Key" = Uuid, Header, description = "Makes it happen once")),
    responses(
        (status = 201, description = "It counts", body = crate::api::insurance::CoverageLine),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn add(State(app): State<App>, made: Made) -> Result<Response> {
    once(&app, ADD, made, add_one).await
}

fn problems(ask: &CoverageLine) -> Vec<Problem> {
    let mut found = Vec::new();
    for (field, text) in [("payor", &ask.payor), ("subscriber", &ask.subscriber)] {
        if text.trim().is_empty() {
            found.push(Problem::new("required", field));
        }
        if text.chars().count() > NAME_CHARS {
            found.push(Problem::new("too_long", field).with("max", NAME_CHARS));
        }
    }
    if !(1..=PLACE_MAX).contains(&ask.place) {
        found.push(Problem::new("coverage.place", "place").with("max", PLACE_MAX));
    }
    if ask.until.is_some_and(|until| until < ask.from) {
        found.push(Problem::new("coverage.days", "until"));
    }
    found
}

async fn add_one(tx: &mut PgConnection, asked: &Asked<CoverageLine>) -> Result<Done> {
    let ask = &asked.ask;
    let problems = problems(ask);
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    let added = sqlx::query(
        "insert into insurance.coverage (id, patient, payor, subscriber, place, from_day, until_day, by, at_ms)
         values ($1, $2, $3, $4, $5, $6::date, $7::date, $8, $9) on conflict do nothing",
    )
    .bind(ask.id)
    .bind(ask.patient)
    .bind(ask.payor.trim())
    .bind(ask.subscriber.trim())
    .bind(i32::try_from(ask.place).unwrap_or(1))
    .bind(ask.from.to_string())
    .bind(ask.until.map(|until| until.to_string()))
    .bind(asked.by.0)
    .bind(asked.now_ms)
    .execute(tx)
    .await?;
    if added.rows_affected() == 0 {
        return Err(Error::Clash(Problem::new("coverage.exists", "id")));
    }
    Ok(Done {
        status: StatusCode::CREATED,
        body: json!(ask),
    })
}

/// Says on which day a coverage ends
#[utoipa::path(
    post, path = "/console/v1/insurance/coverage/end", operation_id = "console_coverage_end", tag = "console",
    request_body = crate::api::insurance::CoverageEnd,
    params(("Idempotency-Key" = Uuid, Header, description = "Makes it happen once")),
    responses(
        (status = 200, description = "It ends then", body = crate::api::insurance::CoverageEnd),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn end(State(app): State<App>, made: Made) -> Result<Response> {
    once(&app, END, made, end_one).await
}

async fn end_one(tx: &mut PgConnection, asked: &Asked<CoverageEnd>) -> Result<Done> {
    let CoverageEnd { coverage, until } = asked.ask;
    let from: String = sqlx::query_scalar(
        "select from_day::text from insurance.coverage where id = $1 for update",
    )
    .bind(coverage)
    .fetch_optional(&mut *tx)
    .await?
    .ok_or_else(|| Error::Missing(Problem::new("coverage.unknown", "coverage")))?;
    if from.parse::<Date>().is_ok_and(|from| until < from) {
        return Err(Error::Invalid(vec![Problem::new("coverage.days", "until")]));
    }
    sqlx::query("update insurance.coverage set until_day = $2::date where id = $1")
        .bind(coverage)
        .bind(until.to_string())
        .execute(tx)
        .await?;
    Ok(Done {
        status: StatusCode::OK,
        body: json!(asked.ask),
    })
}
