//! Bills as a cashier sees them, and how one is voided.

use crate::app::App;
use crate::books::bills::{self, COLUMNS, Known, Voided};
use crate::books::journals::{self, About};
use crate::books::once::{Asked, Done, Made, Route, once};
use crate::books::{REASON_CHARS, reason_of, refused};
use crate::central::Person;
use crate::error::{Error, Result};
use crate::web::read;
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::access::{Task, may_do};
use shared::billing::claims::ClaimState;
use shared::billing::{Around, BillKind, BillState, RefundState};
use shared::money::Money;
use shared::problem::Problem;
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

/// Bills that are listed at once.
const PAGE: i64 = 50;

/// Whose bills, from the newest on.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Find {
    patient: Uuid,
    /// The number of the last bill of the page before.
    before: Option<i64>,
}

/// A bill as it is shown.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Line {
    id: Uuid,
    number: i64,
    appointment: Option<Uuid>,
    kind: BillKind,
    state: BillState,
    refunds: RefundState,
    net: Money,
    tax: Money,
    gross: Money,
    balance: Money,
    issued_ms: i64,
}

impl Line {
    pub(crate) fn of(known: &Known) -> Self {
        let bill = &known.bill;
        let money = |minor: i64| Money::new(minor, bill.currency);
        Self {
            id: known.id,
            number: known.number,
            appointment: known.appointment,
            kind: bill.kind,
            state: bill.state(),
            refunds: bill.refund_state(),
            net: money(bill.net),
            tax: money(bill.tax),
            gross: money(bill.gross()),
            balance: known.balance(),
            issued_ms: known.issued_ms,
        }
    }
}

/// Lists the bills of a patient, the newest first
#[utoipa::path(
    post, path = "/console/v1/bills", operation_id = "console_bills", tag = "console", request_body = crate::api::money::Find,
    responses(
        (status = 200, description = "Up to fifty bills", body = Vec<crate::api::money::Bill>),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    person: Person,
    find: Result<Json<Find>, JsonRejection>,
) -> Result<Json<Vec<Line>>> {
    may_do(&person.staff.roles, Task::Cashier).map_err(Error::Forbidden)?;
    let find = read(find)?;
    let rows = sqlx::query(AssertSqlSafe(format!(
        "select {COLUMNS} from billing.bill where patient = $1 and number < $2 order by number desc limit $3"
    )))
    .bind(find.patient)
    .bind(find.before.unwrap_or(i64::MAX))
    .bind(PAGE)
    .fetch_all(&app.pool)
    .await?;
    rows.iter()
        .map(|row| Ok(Line::of(&bills::read(row)?)))
        .collect::<Result<_>>()
        .map(Json)
}

const VOID: Route = Route {
    path: "/console/v1/bills/void",
    needs: Task::Cashier,
    deed: "bill.voided",
};

/// Which bill is void, and why.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VoidAsk {
    bill: Uuid,
    reason: String,
}

/// Voids a bill that nobody has paid any of
#[utoipa::path(
    post, path = "/console/v1/bills/void", operation_id = "console_bill_void", tag = "console", request_body = crate::api::money::VoidAsk,
    params(("Idempotency-Key" = Uuid, Header, description = "Makes it happen once")),
    responses(
        (status = 200, description = "The bill, void", body = crate::api::money::Bill),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn void(State(app): State<App>, made: Made) -> Result<Response> {
    once(&app, VOID, made, void_one).await
}

async fn void_one(tx: &mut PgConnection, asked: &Asked<VoidAsk>) -> Result<Done> {
    let reason = reason_of(&asked.ask.reason, REASON_CHARS)?;
    let known = bills::lock(tx, asked.ask.bill).await?;
    let mut known = known.ok_or_else(|| Error::Missing(Problem::new("bill.unknown", "bill")))?;
    let around = Around {
        payments_pending: pending(tx, known.id).await?,
        claims_active: claims_active(tx, known.id).await?,
    };
    let void = known.bill.void(around).map_err(refused)?;
    known.bill = void.bill;
    let by = Some(asked.by.0);
    bills::store(tx, known.id, &void.bill, Voided { reason, by }).await?;
    let about = About {
        cause: format!("void:{}", known.id),
        patient: Some(known.patient),
        bill: Some(known.id),
        appointment: known.appointment,
        by,
        occurred_ms: asked.now_ms,
        recorded_ms: asked.now_ms,
        reverses: None,
    };
    journals::write(tx, &void.journal, &about).await?;
    Ok(Done {
        status: StatusCode::OK,
        body: json!(Line::of(&known)),
    })
}

/// Counts what gateways are being asked for a bill.
async fn pending(tx: &mut PgConnection, bill: Uuid) -> Result<u32> {
    let count: i64 = sqlx::query_scalar(
        "select count(*) from payments.errand where bill = $1 and state = 'pending'",
    )
    .bind(bill)
    .fetch_one(tx)
    .await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Counts the claims about a bill that are with insurers, or were answered.
async fn claims_active(tx: &mut PgConnection, bill: Uuid) -> Result<u32> {
    let states: Vec<String> =
        sqlx::query_scalar("select state from insurance.claim where bill = $1")
            .bind(bill)
            .fetch_all(tx)
            .await?;
    let states = states.iter().filter_map(|state| ClaimState::parse(state));
    let active = states.filter(|state| state.is_active()).count();
    Ok(u32::try_from(active).unwrap_or(u32::MAX))
}
