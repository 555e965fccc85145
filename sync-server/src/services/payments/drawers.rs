//! Drawers: listed, and counted. Nobody is told what the books expect before they have counted.

use crate::app::App;
use crate::books::journals::{self, About};
use crate::books::once::{Asked, Done, Made, Route, once};
use crate::books::{currency, refused};
use crate::central::Person;
use crate::error::{Error, Result};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;
use shared::access::{Task, may_do};
use shared::ids::StaffId;
use shared::office::{CountAsk, CountLine, DrawerLine};
use shared::payments::drawers::Count;
use shared::payments::plain::{self, Plain};
use shared::problem::Problem;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// Lists the drawers that the books know
#[utoipa::path(
    get, path = "/console/v1/drawers", operation_id = "console_drawers", tag = "console",
    responses(
        (status = 200, description = "Every drawer", body = Vec<crate::api::office::DrawerLine>),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn list(State(app): State<App>, person: Person) -> Result<Json<Vec<DrawerLine>>> {
    may_do(&person.staff.roles, Task::Cashier).map_err(Error::Forbidden)?;
    let rows = sqlx::query(
        "select books.part, books.currency, books.lines > coalesce(last.lines, 0) as has_moved, last.expected, last.counted,
            last.kept, last.by, last.at_ms
         from (select part, currency, count(*) as lines from billing.posting join billing.journal on journal.id = journal
               where account = 1000 group by part, currency) books
         left join lateral (select lines, expected, counted, kept, by, at_ms from payments.drawer_count
               where drawer = books.part and drawer_count.currency = books.currency order by number desc limit 1) last on true
         order by books.part, books.currency",
    )
    .fetch_all(&app.pool)
    .await?;
    rows.iter().map(line).collect::<Result<_>>().map(Json)
}

fn line(row: &PgRow) -> Result<DrawerLine> {
    let by: Option<Uuid> = row.get("by");
    Ok(DrawerLine {
        drawer: row.get("part"),
        currency: currency(row.get("currency"))?,
        has_moved: row.get("has_moved"),
        counted: by.map(|by| CountLine {
            expected: row.get("expected"),
            counted: row.get("counted"),
            kept: row.get("kept"),
            by: StaffId(by),
            at_ms: row.get("at_ms"),
        }),
    })
}

const COUNT: Route = Route {
    path: "/console/v1/drawers/count",
    needs: Task::Cashier,
    deed: "drawer.counted",
};

/// Counts a drawer: what is over or short is written down, and what is not left for change goes to the safe
#[utoipa::path(
    post, path = "/console/v1/drawers/count", operation_id = "console_drawer_count", tag = "console",
    request_body = crate::api::office::CountAsk,
    params(("Idempotency-Key" = Uuid, Header, description = "Makes it happen once")),
    responses(
        (status = 201, description = "It is in the books", body = crate::api::office::CountLine),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn count(State(app): State<App>, made: Made) -> Result<Response> {
    once(&app, COUNT, made, count_one).await
}

async fn count_one(tx: &mut PgConnection, asked: &Asked<CountAsk>) -> Result<Done> {
    let ask = &asked.ask;
    if let Some(done) = again(tx, asked).await? {
        return Ok(done);
    }
    journals::stop_others(tx).await?;
    let (expected, lines) = in_books(tx, ask).await?;
    let count = Count {
        drawer: ask.drawer.clone(),
        counted: ask.counted,
        left_minor: ask.left_minor,
    };
    let counted = count.against(expected).map_err(refused)?;
    let mut written = 0;
    for (nth, journal) in (1..).zip(&counted.journals) {
        let about = About {
            cause: format!("count:{}:{nth}", ask.count),
            by: Some(asked.by.0),
            occurred_ms: asked.now_ms,
            recorded_ms: asked.now_ms,
            ..About::default()
        };
        journals::write(tx, journal, &about).await?;
        let mut lines = journal.postings().iter().map(|line| &line.account);
        written += i64::from(lines.any(|account| account.part() == ask.drawer));
    }
    store(tx, asked, expected, lines + written).await?;
    let line = CountLine {
        expected,
        counted: ask.counted.minor,
        kept: ask.left_minor,
        by: asked.by,
        at_ms: asked.now_ms,
    };
    Ok(Done {
        status: StatusCode::CREATED,
        body: json!(line),
    })
}

/// What the books have of a drawer: its money, and in how many lines.
async fn in_books(tx: &mut PgConnection, ask: &CountAsk) -> Result<(i64, i64)> {
    let found = sqlx::query_as(
        "select coalesce(sum(debit - credit), 0)::bigint, count(*) from billing.posting join billing.journal on journal.id = journal
         where account = 1000 and part = $1 and currency = $2",
    )
    .bind(&ask.drawer)
    .bind(ask.counted.currency.letters())
    .fetch_one(tx)
    .await?;
    Ok(found)
}

async fn store(
    tx: &mut PgConnection,
    asked: &Asked<CountAsk>,
    expected: i64,
    lines: i64,
) -> Result<()> {
    let ask = &asked.ask;
    sqlx::query(
        "insert into payments.drawer_count (id, drawer, currency, expected, counted, kept, lines, asked, by, at_ms)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(ask.count)
    .bind(&ask.drawer)
    .bind(ask.counted.currency.letters())
    .bind(expected)
    .bind(ask.counted.minor)
    .bind(ask.left_minor)
    .bind(lines)
    .bind(asked.plain.canonical())
    .bind(asked.by.0)
    .bind(asked.now_ms)
    .execute(tx)
    .await?;
    Ok(())
}

/// Answers a count that was made under another key.
async fn again(tx: &mut PgConnection, asked: &Asked<CountAsk>) -> Result<Option<Done>> {
    let row = sqlx::query(
        "select asked, expected, counted, kept, by, at_ms from payments.drawer_count where id = $1",
    )
    .bind(asked.ask.count)
    .fetch_optional(tx)
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let before = row.get::<&str, _>("asked").as_bytes();
    let (before, _) = plain::read::<Plain>(before).map_err(Error::Malformed)?;
    if let Some(field) = before.first_difference(&asked.plain) {
        return Err(Error::Clash(Problem::new(
            "drawer.exists_different",
            &field,
        )));
    }
    let line = CountLine {
        expected: row.get("expected"),
        counted: row.get("counted"),
        kept: row.get("kept"),
        by: StaffId(row.get("by")),
        at_ms: row.get("at_ms"),
    };
    Ok(Some(Done {
        status: StatusCode::OK,
        body: json!(line),
    }))
}
