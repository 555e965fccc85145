//! What visits cost.

use crate::app::App;
use crate::books::currency;
use crate::central::Person;
use crate::deeds::{HUB, deed, note};
use crate::error::{Error, Result};
use crate::web::read;
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use shared::access::{Task, may_do};
use shared::administration::{PriceChange, PriceLine, PriceList, may_replace};
use shared::audit::entry::What;
use shared::billing::prices::{Said, check, newest, states};
use shared::clock::Now;
use shared::ids::{DepartmentId, StaffId};
use shared::money::Money;
use shared::money::currency::Currency;
use shared::money::tax::RATE;
use shared::problem::Problem;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

/// Lines of each department, the latest first; what is older is in the books of the bills it made.
const LINES: i64 = 100;

/// Lists what consultations cost, cost before and will cost, and who said so
#[utoipa::path(
    get, path = "/console/v1/prices", operation_id = "console_prices", tag = "console",
    responses(
        (status = 200, description = "Department by department, the latest first", body = crate::api::administration::PriceList),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn list(State(app): State<App>, person: Person) -> Result<Json<PriceList>> {
    may_do(&person.staff.roles, Task::ReadBooks).map_err(Error::Forbidden)?;
    let mut db = app.pool.acquire().await?;
    Ok(Json(read_all(&mut db, app.now()).await?))
}

/// Says what a consultation costs from a day on, before tax
#[utoipa::path(
    post, path = "/console/v1/prices", operation_id = "console_price", tag = "console", request_body = crate::api::administration::PriceChange,
    responses(
        (status = 200, description = "Visits that are booked from then on cost this", body = crate::api::administration::PriceList),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn set(
    State(app): State<App>,
    person: Person,
    said: Result<Json<PriceChange>, JsonRejection>,
) -> Result<Json<PriceList>> {
    may_do(&person.staff.roles, Task::SetPrices).map_err(Error::Forbidden)?;
    let said = read(said)?;
    let mut tx = app.pool.begin().await?;
    // one price after the other: what somebody saw is compared with what is
    sqlx::query("select pg_advisory_xact_lock(hashtext('wardbook prices'))")
        .execute(&mut *tx)
        .await?;
    let now = read_all(&mut tx, app.now()).await?;
    let last = newest(&now.lines, said.department);
    may_replace(&last, &said.base, "price.changed").map_err(Error::Clash)?;
    let usual = now.currency.as_deref().and_then(Currency::parse);
    let mut problems = check(&said, app.today(), usual);
    problems.extend(unknown(&mut tx, said.department).await?);
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    let from_ms = begins(said.from, app.zone(), app.now())?;
    sqlx::query(
        "insert into billing.price (department, net, currency, from_ms, by, said_ms) values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(said.department.map(|department| department.0))
    .bind(said.net.minor)
    .bind(said.net.currency.letters())
    .bind(from_ms)
    .bind(person.staff.id.0)
    .bind(app.now().0)
    .execute(&mut *tx)
    .await?;
    let entry = deed(What::MoneyMoved, HUB, Some(person.staff.id)).because("price.set");
    note(&mut tx, &entry).await?;
    let list = read_all(&mut tx, app.now()).await?;
    tx.commit().await?;
    Ok(Json(list))
}

/// Returns when a day begins by the hospital's clock; what has begun is from now on.
fn begins(day: Date, zone: TimeZone, now: Now) -> Result<i64> {
    let midnight = day
        .to_zoned(zone)
        .map_err(|_| Error::Malformed(Problem::new("shape", "from")))?;
    Ok(midnight.timestamp().as_millisecond().max(now.0))
}

/// Says whether a department is none, or was closed.
async fn unknown(
    db: &mut PgConnection,
    department: Option<DepartmentId>,
) -> sqlx::Result<Option<Problem>> {
    let Some(department) = department else {
        return Ok(None);
    };
    let is_open: bool = sqlx::query_scalar(
        "select exists (select 1 from department where id = $1 and closed_at is null)",
    )
    .bind(department.0)
    .fetch_one(db)
    .await?;
    Ok((!is_open).then(|| Problem::new("department.closed", "department")))
}

async fn read_all(db: &mut PgConnection, now: Now) -> Result<PriceList> {
    let rows = sqlx::query(
        "select id, department, net, currency, from_ms, by, said_ms from (
            select id, department, net, currency, from_ms, by, said_ms,
                row_number() over (partition by department order by from_ms desc, id desc) as place from billing.price
         ) price where place <= $1 order by department nulls first, from_ms desc, id desc",
    )
    .bind(LINES)
    .fetch_all(db)
    .await?;
    let said: Vec<Said> = rows.iter().map(time_of).collect();
    let states = states(&said, now.0);
    let lines = rows
        .iter()
        .zip(states)
        .map(|(row, state)| {
            let from_ms: i64 = row.get("from_ms");
            let said_ms: Option<i64> = row.get("said_ms");
            Ok(PriceLine {
                id: row.get("id"),
                department: row.get::<Option<_>, _>("department").map(DepartmentId),
                net: net(row)?,
                from: (from_ms > 0).then(|| Now(from_ms).rfc3339()),
                by: StaffId(row.get("by")),
                said: said_ms.map(|ms| Now(ms).rfc3339()),
                state,
            })
        })
        .collect::<Result<Vec<PriceLine>>>()?;
    let newest = lines.iter().max_by_key(|line| line.id);
    Ok(PriceList {
        currency: newest.map(|line| line.net.currency.letters().to_owned()),
        lines,
        tax_basis_points: RATE.basis_points,
    })
}

fn time_of(row: &PgRow) -> Said {
    Said {
        id: row.get("id"),
        department: row.get::<Option<_>, _>("department").map(DepartmentId),
        from_ms: row.get("from_ms"),
    }
}

fn net(row: &PgRow) -> Result<Money> {
    Ok(Money::new(row.get("net"), currency(row.get("currency"))?))
}
