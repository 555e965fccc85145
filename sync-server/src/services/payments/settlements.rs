//! Files of what gateways paid out: taken in whole, each line once. What was paid out and kept is written into the books; charges
//! and refunds are there already, and the reconciliation compares them.

use crate::app::App;
use crate::books::journals::{self, About};
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
use shared::ledger::journals::{gateway_fee, gateway_paid};
use shared::office::{SettlementAsk, SettlementLine};
use shared::payments::Method;
use shared::payments::settlements::{Booked, Settled, book, read};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use std::collections::BTreeSet;
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
    let settlement: i64 = row.get("id");
    let new = store(tx, settlement, provider, &lines).await?;
    enter(tx, asked, (settlement, provider), &book(new)).await?;
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

/// Keeps the lines that no file had before, and returns them.
async fn store<'a>(
    tx: &mut PgConnection,
    settlement: i64,
    provider: &str,
    lines: &'a [Settled],
) -> Result<Vec<&'a Settled>> {
    let of = |read: fn(&Settled) -> i64| lines.iter().map(read).collect::<Vec<i64>>();
    let currencies = lines.iter().map(|line| line.amount.currency.letters());
    let payouts = lines.iter().map(|line| line.payout.as_deref());
    let kept: Vec<(String, String)> = sqlx::query_as(
        "insert into payments.settlement_line (provider, reference, kind, settlement, payment, currency, minor, fee, net, payout, at_ms)
         select $1, reference, kind, $2, payment, currency, minor, fee, net, payout, at_ms
         from unnest($3::text[], $4::text[], $5::uuid[], $6::text[], $7::bigint[], $8::bigint[], $9::bigint[], $10::text[], $11::bigint[])
            as came (reference, kind, payment, currency, minor, fee, net, payout, at_ms)
         on conflict do nothing returning reference, kind",
    )
    .bind(provider)
    .bind(settlement)
    .bind(references(lines))
    .bind(kinds(lines))
    .bind(lines.iter().map(|line| line.payment).collect::<Vec<Option<Uuid>>>())
    .bind(currencies.collect::<Vec<_>>())
    .bind(of(|line| line.amount.minor))
    .bind(of(|line| line.fee))
    .bind(of(|line| line.net))
    .bind(payouts.collect::<Vec<_>>())
    .bind(of(|line| line.at_ms))
    .fetch_all(tx)
    .await?;
    let mut kept: BTreeSet<(String, String)> = kept.into_iter().collect();
    // the same line twice in one file was kept once
    let is_new =
        |line: &&Settled| kept.remove(&(line.reference.clone(), line.moved.word().to_owned()));
    Ok(lines.iter().filter(is_new).collect())
}

/// Writes into the books what the gateway kept and paid out.
async fn enter(
    tx: &mut PgConnection,
    asked: &Asked<SettlementAsk>,
    (settlement, provider): (i64, &str),
    booked: &Booked,
) -> Result<()> {
    let about = |cause: String| About {
        cause,
        by: Some(asked.by.0),
        occurred_ms: asked.now_ms,
        recorded_ms: asked.now_ms,
        ..About::default()
    };
    for (currency, minor) in &booked.fees {
        let about = about(format!("gateway_fee:{settlement}:{currency}"));
        journals::write(tx, &gateway_fee(*currency, provider, *minor), &about).await?;
    }
    for (reference, amount) in &booked.payouts {
        let about = about(format!("gateway_paid:{provider}:{reference}"));
        let journal = gateway_paid(amount.currency, provider, amount.minor);
        journals::write(tx, &journal, &about).await?;
    }
    Ok(())
}
