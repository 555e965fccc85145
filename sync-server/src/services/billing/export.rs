//! Lines of the books for a spreadsheet, in which no cell is a formula.

use crate::app::App;
use crate::books::currency;
use crate::central::Person;
use crate::error::{Error, Result};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use shared::access::{Task, may_do};
use shared::money::Money;
use shared::problem::Problem;
use shared::sheet;
use sqlx::Row;
use sqlx::postgres::PgRow;
use utoipa::IntoParams;

/// Lines of a file, at most: more is asked for day by day.
const LINES_MAX: i64 = 100_000;

const HEADING: [&str; 12] = [
    "journal", "day", "occurred", "recorded", "why", "account", "part", "debit", "credit",
    "currency", "bill", "cause",
];

/// Which lines: of a day, of an account, or of an account on a day.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// The first day
    from: Option<String>,
    /// The last day
    until: Option<String>,
    /// Its number in the chart of accounts
    account: Option<i32>,
    /// Which drawer or provider
    part: Option<String>,
}

/// Gives out lines of the books as CSV
#[utoipa::path(
    get, path = "/console/v1/books/export", operation_id = "console_export", tag = "console", params(Which),
    responses(
        (status = 200, description = "A table", content_type = "text/csv", body = String),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn export(
    State(app): State<App>,
    person: Person,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Response> {
    may_do(&person.staff.roles, Task::ReadBooks).map_err(Error::Forbidden)?;
    let malformed = || Error::Malformed(Problem::new("http.malformed", ""));
    let Query(which) = which.map_err(|_| malformed())?;
    for day in [&which.from, &which.until].into_iter().flatten() {
        day.parse::<jiff::civil::Date>().map_err(|_| malformed())?;
    }
    let rows = sqlx::query(
        "select journal.id, journal.day::text as day, occurred_ms, recorded_ms, why, account, part, debit, credit, journal.currency,
            bill.number as bill, cause
         from billing.journal join billing.posting on posting.journal = journal.id left join billing.bill on bill.id = journal.bill
         where ($1::text is null or day >= $1::date) and ($2::text is null or day <= $2::date)
            and ($3::integer is null or account = $3) and ($4::text is null or part = $4)
         order by journal.id, line limit $5",
    )
    .bind(&which.from)
    .bind(&which.until)
    .bind(which.account)
    .bind(&which.part)
    .bind(LINES_MAX + 1)
    .fetch_all(&app.pool)
    .await?;
    if i64::try_from(rows.len()).is_ok_and(|count| count > LINES_MAX) {
        let problem = Problem::new("export.too_much", "").with("max", LINES_MAX);
        return Err(Error::Invalid(vec![problem]));
    }
    let lines = rows.iter().map(line).collect::<Result<Vec<_>>>()?;
    let table = sheet::write(&HEADING, lines.iter().map(Vec::as_slice));
    let mut response = table.into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("text/csv; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, kind);
    let name = HeaderValue::from_static("attachment; filename=\"books.csv\"");
    headers.insert(header::CONTENT_DISPOSITION, name);
    Ok(response)
}

fn line(row: &PgRow) -> Result<Vec<String>> {
    let currency = currency(row.get("currency"))?;
    let at = |name: &str| {
        let at = jiff::Timestamp::from_millisecond(row.get(name));
        at.map(|at| at.to_string()).unwrap_or_default()
    };
    let money = |name: &str| match row.get::<i64, _>(name) {
        0 => String::new(),
        minor => Money::new(minor, currency).decimal(),
    };
    let bill: Option<i64> = row.get("bill");
    Ok(vec![
        row.get::<i64, _>("id").to_string(),
        row.get("day"),
        at("occurred_ms"),
        at("recorded_ms"),
        row.get("why"),
        row.get::<i32, _>("account").to_string(),
        row.get("part"),
        money("debit"),
        money("credit"),
        currency.to_string(),
        bill.map(|number| number.to_string()).unwrap_or_default(),
        row.get("cause"),
    ])
}
