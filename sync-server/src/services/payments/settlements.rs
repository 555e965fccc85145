//! Files of what gateways paid out: taken in whole, each line once. The reconciliation compares them with what was charged here.

use crate::app::App;
use crate::books::once::{Asked, Done, Made, Route, once};
use crate::books::refused;
use crate::central::Person;
use crate::error::{Error, Result};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;
use sha2::{Digest, Sha256};
use shared::access::{Task, may_do};
use shared::ids::StaffId;
use shared::office::{SettlementAsk, SettlementLine};
use shared::payments::Method;
use shared::payments::settlements::{Settled, read};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// Files that are listed.
const LINES: i64 = 50;

/// Lists the files that came last
#[utoipa::path(
    get, path = "/console/v1/settlements", operation_id = "console_settlements", tag = "console",
    responses(
        (status = 200, description = "The newest fifty", body = Vec<crate::api::office::SettlementLine>),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    person: Person,
) -> Result<Json<Vec<SettlementLine>>> {
    may_do(&person.staff.roles, Task::ReadBooks).map_err(Error::Forbidden)?;
    let rows = sqlx::query(
        "select id, provider, lines, new, by, at_ms from payments.settlement order by id desc limit $1",
    )
    .bind(LINES)
    .fetch_all(&app.pool)
    .await?;
    Ok(Json(rows.iter().map(line).collect()))
}

fn line(row: &PgRow) -> SettlementLine {
    let count = |name: &str| row.get::<i32, _>(name).unsigned_abs();
    SettlementLine {
        id: row.get("id"),
        provider: row.get("provider"),
        lines: count("lines"),
        new: count("new"),
        by: StaffId(row.get("by")),
        at_ms: row.get("at_ms"),
    }
}

const IMPORT: Route = Route {
    path: "/console/v1/settlements",
    needs: Task::KeepBooks,
    deed: "settlement.imported",
};

/// Takes in a file of what a gateway paid out
#[utoipa::path(
    post, path = "/console/v1/settlements", operation_id = "console_settlement", tag = "console",
    request_body = crate::api::office::SettlementAsk,
    params(("Idempotency-Key" = Uuid, Header, description = "Makes it happen once")),
    responses(
        (status = 201, description = "It is compared from now on", body = crate::api::office::SettlementLine),
        (status = 200, description = "The same file was there", body = crate::api::office::SettlementLine),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn import(State(app): State<App>, made: Made) -> Result<Response> {
    once(&app, IMPORT, made, import_one).await
}

async fn import_one(tx: &mut PgConnection, asked: &Asked<SettlementAsk>) -> Result<Done> {
    let SettlementAsk { provider, file } = &asked.ask;
    let card = Method::Card {
        provider: provider.clone(),
    };
    card.check().map_err(refused)?;
    let lines = read(file).map_err(Error::Invalid)?;
    let digest = Sha256::digest(format!("{provider}\n{file}").as_bytes()).to_vec();
    let known = sqlx::query(
        "select id, provider, lines, new, by, at_ms from payments.settlement where digest = $1",
    )
    .bind(&digest)
    .fetch_optional(&mut *tx)
    .await?;
    if let Some(row) = known {
        return Ok(Done {
            status: StatusCode::OK,
            body: json!(line(&row)),
        });
    }
    let new = count_new(tx, provider, &lines).await?;
    let row = sqlx::query(
        "insert into payments.settlement (provider, digest, lines, new, by, at_ms) values ($1, $2, $3, $4, $5, $6)
         returning id, provider, lines, new, by, at_ms",
    )
    .bind(provider)
    .bind(&digest)
    .bind(i32::try_from(lines.len()).unwrap_or(i32::MAX))
    .bind(new)
    .bind(asked.by.0)
    .bind(asked.now_ms)
    .fetch_one(&mut *tx)
    .await?;
    store(tx, row.get("id"), provider, &lines).await?;
    Ok(Done {
        status: StatusCode::CREATED,
        body: json!(line(&row)),
    })
}

/// Counts the lines that no file had before.
async fn count_new(tx: &mut PgConnection, provider: &str, lines: &[Settled]) -> Result<i32> {
    let count: i64 = sqlx::query_scalar(
        "select count(*) from (select distinct reference, kind from unnest($2::text[], $3::text[]) as came (reference, kind)) came
         where not exists (select 1 from payments.settlement_line known
            where known.provider = $1 and known.reference = came.reference and known.kind = came.kind)",
    )
    .bind(provider)
    .bind(references(lines))
    .bind(kinds(lines))
    .fetch_one(tx)
    .await?;
    Ok(i32::try_from(count).unwrap_or(i32::MAX))
}

fn references(lines: &[Settled]) -> Vec<&str> {
    lines.iter().map(|line| line.reference.as_str()).collect()
}

fn kinds(lines: &[Settled]) -> Vec<&str> {
    lines.iter().map(|line| line.moved.word()).collect()
}

async fn store(
    tx: &mut PgConnection,
    settlement: i64,
    provider: &str,
    lines: &[Settled],
) -> Result<()> {
    let currencies = lines.iter().map(|line| line.amount.currency.letters());
    sqlx::query(
        "insert into payments.settlement_line (provider, reference, kind, settlement, payment, currency, minor, at_ms)
         select $1, reference, kind, $2, payment, currency, minor, at_ms
         from unnest($3::text[], $4::text[], $5::uuid[], $6::text[], $7::bigint[], $8::bigint[])
            as came (reference, kind, payment, currency, minor, at_ms)
         on conflict do nothing",
    )
    .bind(provider)
    .bind(settlement)
    .bind(references(lines))
    .bind(kinds(lines))
    .bind(lines.iter().map(|line| line.payment).collect::<Vec<Option<Uuid>>>())
    .bind(currencies.collect::<Vec<_>>())
    .bind(lines.iter().map(|line| line.amount.minor).collect::<Vec<i64>>())
    .bind(lines.iter().map(|line| line.at_ms).collect::<Vec<i64>>())
    .execute(tx)
    .await?;
    Ok(())
}
