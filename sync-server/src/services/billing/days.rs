//! Days of the books: what each brought, what came late to it, and how one is closed.

use crate::app::App;
use crate::books::currency;
use crate::books::journals;
use crate::books::once::{Asked, Done, Made, Route, once};
use crate::central::Person;
use crate::error::{Error, Result};
use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::json;
use shared::access::{Task, may_do};
use shared::billing::days::{may_close, open_day};
use shared::ids::StaffId;
use shared::office::{AccountLine, CloseAsk, ClosedBy, DayLine, DayPage, DayWhole, LateLine};
use shared::payments::drawers::SAFE;
use shared::problem::Problem;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use utoipa::IntoParams;
use uuid::Uuid;

/// Days of a page, and late lines that are shown.
const LINES: i64 = 50;
const LATE_LINES: i64 = 100;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageAsk {
    /// The last day of the page before
    after: Option<String>,
}

/// Lists the days, the open one first
#[utoipa::path(
    get, path = "/console/v1/days", operation_id = "console_days", tag = "console", params(PageAsk),
    responses(
        (status = 200, description = "A page", body = crate::api::office::DayPage),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    person: Person,
    Query(ask): Query<PageAsk>,
) -> Result<Json<DayPage>> {
    may_do(&person.staff.roles, Task::ReadBooks).map_err(Error::Forbidden)?;
    let mut db = app.pool.acquire().await?;
    let after = ask.after.as_deref().map(day_of).transpose()?;
    let rows = sqlx::query(
        "with days as (select day, closed_ms, by, lag(day) over (order by day) as since from billing.day_close)
         select day::text as day, closed_ms, by,
            (select count(*) from billing.journal cross join hospital where journal.day > since and journal.day <= days.day
                and (to_timestamp(occurred_ms / 1000.0) at time zone zone)::date <= since) as late
         from days where $1::text is null or day < $1::date order by day desc limit $2",
    )
    .bind(after.map(|day| day.to_string()))
    .bind(LINES)
    .fetch_all(&mut *db)
    .await?;
    let mut lines: Vec<DayLine> = rows.iter().map(closed).collect();
    let is_full = rows.len() == usize::try_from(LINES).unwrap_or_default();
    let next = lines
        .last()
        .filter(|_| is_full)
        .map(|line| line.day.clone());
    if after.is_none() {
        let open = open(&mut db, app.today()).await?;
        lines.insert(0, open.line);
    }
    Ok(Json(DayPage { lines, next }))
}

fn day_of(text: &str) -> Result<Date> {
    let wrong = |_| Error::Malformed(Problem::new("shape", "day"));
    text.parse().map_err(wrong)
}

fn closed(row: &PgRow) -> DayLine {
    DayLine {
        day: row.get("day"),
        closed: Some(ClosedBy {
            by: StaffId(row.get("by")),
            at_ms: row.get("closed_ms"),
        }),
        late: u32::try_from(row.get::<i64, _>("late")).unwrap_or(u32::MAX),
    }
}

/// What stretches from the day after one that was closed to another.
struct Stretch {
    line: DayLine,
    since: Option<String>,
    /// The last day of it; nothing while it is open.
    until: Option<String>,
}

async fn open(db: &mut PgConnection, today: Date) -> Result<Stretch> {
    let since = last_closed(db).await?;
    let late: i64 = sqlx::query_scalar(
        "select count(*) from billing.journal cross join hospital where journal.day > $1::date
            and (to_timestamp(occurred_ms / 1000.0) at time zone zone)::date <= $1::date",
    )
    .bind(since.map(|day| day.to_string()))
    .fetch_one(db)
    .await?;
    Ok(Stretch {
        line: DayLine {
            day: open_day(since, today).to_string(),
            closed: None,
            late: u32::try_from(late).unwrap_or(u32::MAX),
        },
        since: since.map(|day| day.to_string()),
        until: None,
    })
}

async fn last_closed(db: &mut PgConnection) -> Result<Option<Date>> {
    let last: Option<String> = sqlx::query_scalar("select max(day)::text from billing.day_close")
        .fetch_one(db)
        .await?;
    last.as_deref().map(day_of).transpose()
}

async fn stretch_of(db: &mut PgConnection, day: Date) -> Result<Stretch> {
    let row = sqlx::query(
        "with days as (select day, closed_ms, by, lag(day) over (order by day) as since from billing.day_close)
         select day::text as day, closed_ms, by, since::text as since,
            (select count(*) from billing.journal cross join hospital where journal.day > since and journal.day <= days.day
                and (to_timestamp(occurred_ms / 1000.0) at time zone zone)::date <= since) as late
         from days where day = $1::date",
    )
    .bind(day.to_string())
    .fetch_optional(db)
    .await?
    .ok_or_else(|| Error::Missing(Problem::new("day.unknown", "day")))?;
    Ok(Stretch {
        line: closed(&row),
        since: row.get("since"),
        until: Some(row.get("day")),
    })
}

/// Which day.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct OneAsk {
    /// The one that is open, if empty
    day: Option<String>,
}

/// Shows what a day brought to the accounts, and what came late to it
#[utoipa::path(
    get, path = "/console/v1/days/one", operation_id = "console_day", tag = "console", params(OneAsk),
    responses(
        (status = 200, description = "The day", body = crate::api::office::DayWhole),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn one(
    State(app): State<App>,
    person: Person,
    Query(ask): Query<OneAsk>,
) -> Result<Json<DayWhole>> {
    may_do(&person.staff.roles, Task::ReadBooks).map_err(Error::Forbidden)?;
    let mut db = app.pool.acquire().await?;
    let stretch = match &ask.day {
        Some(day) => stretch_of(&mut db, day_of(day)?).await?,
        None => open(&mut db, app.today()).await?,
    };
    Ok(Json(DayWhole {
        accounts: accounts(&mut db, &stretch).await?,
        late: late(&mut db, &stretch).await?,
        line: stretch.line,
        since: stretch.since,
    }))
}

async fn accounts(db: &mut PgConnection, stretch: &Stretch) -> Result<Vec<AccountLine>> {
    let rows = sqlx::query(
        "select account, part, currency, sum(debit)::bigint as debit, sum(credit)::bigint as credit
         from billing.journal join billing.posting on posting.journal = journal.id
         where ($1::text is null or day > $1::date) and ($2::text is null or day <= $2::date)
         group by account, part, currency order by account, part, currency",
    )
    .bind(&stretch.since)
    .bind(&stretch.until)
    .fetch_all(db)
    .await?;
    let line = |row: &PgRow| {
        Ok(AccountLine {
            account: u16::try_from(row.get::<i32, _>("account")).unwrap_or_default(),
            part: row.get("part"),
            currency: currency(row.get("currency"))?,
            debit_minor: row.get("debit"),
            credit_minor: row.get("credit"),
        })
    };
    rows.iter().map(line).collect()
}

async fn late(db: &mut PgConnection, stretch: &Stretch) -> Result<Vec<LateLine>> {
    let rows = sqlx::query(
        "select journal.id, why, bill, currency, occurred_ms, recorded_ms,
            (select coalesce(sum(debit), 0)::bigint from billing.posting where posting.journal = journal.id) as minor
         from billing.journal cross join hospital where day > $1::date and ($2::text is null or day <= $2::date)
            and (to_timestamp(occurred_ms / 1000.0) at time zone zone)::date <= $1::date
         order by journal.id limit $3",
    )
    .bind(&stretch.since)
    .bind(&stretch.until)
    .bind(LATE_LINES)
    .fetch_all(db)
    .await?;
    let line = |row: &PgRow| {
        Ok(LateLine {
            journal: row.get("id"),
            why: row.get("why"),
            bill: row.get::<Option<Uuid>, _>("bill"),
            currency: currency(row.get("currency"))?,
            minor: row.get("minor"),
            occurred_ms: row.get("occurred_ms"),
            recorded_ms: row.get("recorded_ms"),
        })
    };
    rows.iter().map(line).collect()
}

const CLOSE: Route = Route {
    path: "/console/v1/days/close",
    needs: Task::KeepBooks,
    deed: "day.closed",
};

/// Closes a day once every drawer that moved was counted; what comes after it is counted in the next
#[utoipa::path(
    post, path = "/console/v1/days/close", operation_id = "console_day_close", tag = "console",
    request_body = crate::api::office::CloseAsk,
    params(("Idempotency-Key" = Uuid, Header, description = "Makes it happen once")),
    responses(
        (status = 201, description = "It is closed", body = crate::api::office::DayLine),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn close(State(app): State<App>, made: Made) -> Result<Response> {
    once(&app, CLOSE, made, close_one).await
}

async fn close_one(tx: &mut PgConnection, asked: &Asked<CloseAsk>) -> Result<Done> {
    let day = asked.ask.day;
    journals::stop_others(tx).await?;
    let last = last_closed(tx).await?;
    may_close(day, last, asked.today).map_err(|problem| match problem.code.as_str() {
        "day.closed" => Error::Clash(problem),
        _ => Error::Invalid(vec![problem]),
    })?;
    if let Some(drawer) = uncounted(tx).await? {
        let problem = Problem::new("day.drawer_uncounted", "day").with("drawer", drawer);
        return Err(Error::Clash(problem));
    }
    sqlx::query("insert into billing.day_close (day, closed_ms, by) values ($1::date, $2, $3)")
        .bind(day.to_string())
        .bind(asked.now_ms)
        .bind(asked.by.0)
        .execute(&mut *tx)
        .await?;
    let line = DayLine {
        day: day.to_string(),
        closed: Some(ClosedBy {
            by: asked.by,
            at_ms: asked.now_ms,
        }),
        late: 0,
    };
    Ok(Done {
        status: StatusCode::CREATED,
        body: json!(line),
    })
}

/// Returns a drawer that moved since it was counted. The safe is counted when somebody likes.
async fn uncounted(tx: &mut PgConnection) -> Result<Option<String>> {
    let drawer = sqlx::query_scalar(
        "select part from billing.posting join billing.journal on journal.id = journal where account = 1000 and part <> $1
         group by part, currency having count(*) > coalesce((
            select lines from payments.drawer_count where drawer = part and drawer_count.currency = journal.currency
            order by number desc limit 1), 0) limit 1",
    )
    .bind(SAFE)
    .fetch_optional(tx)
    .await?;
    Ok(drawer)
}
