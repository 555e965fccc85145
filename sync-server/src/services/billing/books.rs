//! The books as those who answer for them read them: every account, and one account line by line.

use crate::app::App;
use crate::central::Person;
use crate::error::{Error, Result};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use shared::access::{Task, may_do};
use shared::problem::Problem;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

/// Lines that are shown at once.
const PAGE: i64 = 200;

/// What is on one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, FromRow)]
pub(crate) struct Balance {
    account: i32,
    part: String,
    currency: String,
    debit_minor: i64,
    credit_minor: i64,
}

/// Shows what is on every account: debits and credits are equal for each currency
#[utoipa::path(
    get, path = "/console/v1/books", operation_id = "console_books", tag = "console",
    responses(
        (status = 200, description = "The trial balance", body = Vec<crate::api::money::Balance>),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn trial(State(app): State<App>, person: Person) -> Result<Json<Vec<Balance>>> {
    may_do(&person.staff.roles, Task::ReadBooks).map_err(Error::Forbidden)?;
    Ok(Json(balances(&app.pool).await?))
}

async fn balances(pool: &PgPool) -> sqlx::Result<Vec<Balance>> {
    sqlx::query_as(
        "select account, part, currency, sum(debit)::bigint as debit_minor, sum(credit)::bigint as credit_minor
         from billing.posting join billing.journal on journal.id = posting.journal
         group by account, part, currency order by account, part, currency",
    )
    .fetch_all(pool)
    .await
}

/// Which account, and after which line.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    account: i32,
    #[serde(default)]
    part: String,
    #[serde(default)]
    after: i64,
}

/// One line of an account.
#[derive(Clone, Debug, Serialize, FromRow)]
pub(crate) struct Entry {
    journal: i64,
    why: String,
    cause: String,
    bill: Option<Uuid>,
    appointment: Option<Uuid>,
    currency: String,
    debit_minor: i64,
    credit_minor: i64,
    occurred_ms: i64,
    recorded_ms: i64,
}

/// Shows an account journal by journal, from the oldest on
#[utoipa::path(
    get, path = "/console/v1/books/account", operation_id = "console_account", tag = "console",
    params(
        ("account" = i32, Query, description = "Its number in the chart of accounts"),
        ("part" = Option<String>, Query, description = "Which drawer or provider"),
        ("after" = Option<i64>, Query, description = "The journal of the last line of the page before"),
    ),
    responses(
        (status = 200, description = "Up to two hundred lines", body = Vec<crate::api::money::Entry>),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn account(
    State(app): State<App>,
    person: Person,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Json<Vec<Entry>>> {
    may_do(&person.staff.roles, Task::ReadBooks).map_err(Error::Forbidden)?;
    let Query(which) = which.map_err(|_| Error::Malformed(Problem::new("http.malformed", "")))?;
    let entries = sqlx::query_as(
        "select journal.id as journal, why, cause, bill, appointment, currency, sum(debit)::bigint as debit_minor,
            sum(credit)::bigint as credit_minor, occurred_ms, recorded_ms
         from billing.posting join billing.journal on journal.id = posting.journal
         where account = $1 and part = $2 and posting.journal > $3
         group by journal.id order by journal.id limit $4",
    )
    .bind(which.account)
    .bind(&which.part)
    .bind(which.after)
    .bind(PAGE)
    .fetch_all(&app.pool)
    .await?;
    Ok(Json(entries))
}
