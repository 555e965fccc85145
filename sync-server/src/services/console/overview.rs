//! The whole in figures, and what each of them counts.

use super::{next, place};
use crate::app::App;
use crate::central::Person;
use crate::error::{Error, Result};
use crate::overview::takings::{self, Which};
use crate::overview::visits::{self, Place};
use crate::overview::{Ask, Range, count_all};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use jiff::civil::Date;
use serde::Deserialize;
use shared::access::{Task, may_do};
use shared::ids::{DepartmentId, WardId};
use shared::money::currency::Currency;
use shared::overview::{Overview, SPANS, TakingPage, Takings, Turnout, VisitPage, span};
use shared::problem::Problem;
use utoipa::IntoParams;
use uuid::Uuid;

/// Lines of a page.
const LINES: i64 = 50;

/// What is asked for: who asks is looked at before.
type Asked<T> = std::result::Result<Query<T>, QueryRejection>;

fn asked<T>(ask: Asked<T>) -> Result<T> {
    let malformed = |_| Error::Malformed(Problem::new("http.malformed", ""));
    ask.map(|Query(ask)| ask).map_err(malformed)
}

/// What to count.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct OverviewAsk {
    /// Days up to today: 1, 7, 30 or 90
    days: u16,
    /// Visits of one department alone
    department: Option<Uuid>,
    /// Decisions and workstations of one ward alone
    ward: Option<Uuid>,
}

/// Counts visits, money, open decisions and workstations that are behind
#[utoipa::path(
    get, path = "/console/v1/overview", operation_id = "console_overview", tag = "console", params(OverviewAsk),
    responses(
        (status = 200, description = "The figures", body = crate::api::overview::Overview),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn figures(
    State(app): State<App>,
    person: Person,
    ask: Asked<OverviewAsk>,
) -> Result<Json<Overview>> {
    let roles = &person.staff.roles;
    may_do(roles, Task::SeeOverview).map_err(Error::Forbidden)?;
    let ask = asked(ask)?;
    let ask = Ask {
        span: span(ask.days).map_err(Error::Malformed)?,
        department: ask.department.map(DepartmentId),
        ward: ask.ward.map(WardId),
    };
    Ok(Json(count_all(&app, roles, ask).await?))
}

/// Which visits.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct VisitAsk {
    /// `came`, `missed` or `expected`
    #[param(value_type = String)]
    of: Turnout,
    /// First and last day, by the hospital's calendar
    #[param(value_type = String)]
    from: Date,
    #[param(value_type = String)]
    to: Date,
    department: Option<Uuid>,
    /// Where the page before ended
    after: Option<String>,
}

/// Lists the visits of a figure, without names, the earliest first
#[utoipa::path(
    get, path = "/console/v1/overview/visits", operation_id = "console_overview_visits", tag = "console", params(VisitAsk),
    responses(
        (status = 200, description = "A page", body = crate::api::overview::VisitPage),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn visits(
    State(app): State<App>,
    person: Person,
    ask: Asked<VisitAsk>,
) -> Result<Json<VisitPage>> {
    may_do(&person.staff.roles, Task::SeeOverview).map_err(Error::Forbidden)?;
    let ask = asked(ask)?;
    let range = range(ask.from, ask.to)?;
    let department = ask.department.map(DepartmentId);
    let after = place(ask.after.as_deref(), Place::parse)?;
    let lines = visits::list(&app, range, ask.of, department, after, LINES).await?;
    Ok(Json(VisitPage {
        next: next(&lines, LINES, Place::text),
        lines,
    }))
}

/// Which journals.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct TakingAsk {
    /// `billed` or `received`
    #[param(value_type = String)]
    of: Takings,
    /// First and last day of the books
    #[param(value_type = String)]
    from: Date,
    #[param(value_type = String)]
    to: Date,
    #[param(value_type = String)]
    currency: Currency,
    /// Where the page before ended
    after: Option<i64>,
}

/// Lists the journals of a figure, each with what it adds to it
#[utoipa::path(
    get, path = "/console/v1/overview/takings", operation_id = "console_overview_takings", tag = "console", params(TakingAsk),
    responses(
        (status = 200, description = "A page", body = crate::api::overview::TakingPage),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn takings(
    State(app): State<App>,
    person: Person,
    ask: Asked<TakingAsk>,
) -> Result<Json<TakingPage>> {
    may_do(&person.staff.roles, Task::ReadBooks).map_err(Error::Forbidden)?;
    let ask = asked(ask)?;
    let which = Which {
        of: ask.of,
        range: range(ask.from, ask.to)?,
        currency: ask.currency,
        after: ask.after.unwrap_or(0),
    };
    let lines = takings::list(&app, which, LINES).await?;
    Ok(Json(TakingPage {
        next: next(&lines, LINES, |line| line.journal.to_string()),
        lines,
    }))
}

/// Returns the days from one to another, which are no more than a figure can be about.
fn range(from: Date, to: Date) -> Result<Range> {
    let longest = SPANS.iter().max().copied().unwrap_or(1);
    if from > to || shared::overview::first_day(to, longest) > from {
        return Err(Error::Malformed(Problem::new("shape", "from")));
    }
    Ok(Range { from, to })
}
