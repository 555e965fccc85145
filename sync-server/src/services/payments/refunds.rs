//! Money that goes back: asked for, agreed to by somebody else where it is much, and handed out.

use crate::app::App;
use crate::books::bills::{self, Known, Voided};
use crate::books::journals::{self, About};
use crate::books::once::{Asked, Done, Made, Route, once};
use crate::books::{InBooks, Owed, currency, owe, refused};
use crate::central::Person;
use crate::error::{Error, Result};
use crate::web::CallId;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::access::{Task, may_do};
use shared::ids::StaffId;
use shared::ledger::{Account, journals as books};
use shared::money::Money;
use shared::money::currency::Currency;
use shared::payments::Method;
use shared::payments::refunds::{
    Limits, RefundStep, Source, Way, may_agree, needs_second, to_sources,
};
use shared::problem::Problem;
use sqlx::{FromRow, PgConnection, Row};
use uuid::Uuid;

const REASON_CHARS: usize = 200;
/// Refunds that are listed at once.
const PAGE: i64 = 200;

const ASK: Route = Route {
    path: "/console/v1/refunds",
    needs: Task::Cashier,
    deed: "refund.asked",
};
const AGREE: Route = Route {
    path: "/console/v1/refunds/agree",
    needs: Task::AgreeRefund,
    deed: "refund.agreed",
};
const HAND_OUT: Route = Route {
    path: "/console/v1/refunds/hand-out",
    needs: Task::Cashier,
    deed: "refund.handed_out",
};

/// Something that goes back to a patient.
#[derive(Clone, Debug, Serialize, FromRow)]
pub(crate) struct Line {
    id: Uuid,
    bill: Option<Uuid>,
    appointment: Option<Uuid>,
    patient: Uuid,
    currency: String,
    minor: i64,
    state: String,
    reason: String,
    asked_by: Option<Uuid>,
    agreed_by: Option<Uuid>,
    at_ms: i64,
}

/// Lists what is to be agreed to or handed out
#[utoipa::path(
    get, path = "/console/v1/refunds", operation_id = "console_refunds", tag = "console",
    responses(
        (status = 200, description = "The oldest two hundred", body = Vec<crate::api::money::Refund>),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn list(State(app): State<App>, person: Person) -> Result<Json<Vec<Line>>> {
    may_do(&person.staff.roles, Task::AgreeRefund).map_err(Error::Forbidden)?;
    let lines = sqlx::query_as(
        "select id, bill, appointment, patient, currency, minor, state, reason, asked_by, agreed_by, at_ms from payments.refund
         where state in ('pending', 'requires_action') order by at_ms, id limit $1",
    )
    .bind(PAGE)
    .fetch_all(&app.pool)
    .await?;
    Ok(Json(lines))
}

/// What is to go back of a bill.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefundAsk {
    refund: Uuid,
    bill: Uuid,
    amount: Money,
    reason: String,
}

/// Asks for a part of a paid bill to go back
#[utoipa::path(
    post, path = "/console/v1/refunds", operation_id = "console_refund", tag = "console", request_body = crate::api::money::RefundAsk,
    params(("Idempotency-Key" = Uuid, Header, description = "Makes it happen once")),
    responses(
        (status = 201, description = "It is owed, or waits for somebody else to agree", body = crate::api::money::RefundState),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn ask(
    State(app): State<App>,
    person: Person,
    id: CallId,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response> {
    let made = Made {
        person,
        id,
        headers,
        body,
    };
    once(&app, ASK, made, ask_one).await
}

async fn ask_one(tx: &mut PgConnection, asked: &Asked<RefundAsk>) -> Result<Done> {
    let ask = &asked.ask;
    let reason = ask.reason.trim();
    if reason.is_empty() {
        return Err(Error::Invalid(vec![Problem::new("required", "reason")]));
    }
    if reason.chars().count() > REASON_CHARS {
        let problem = Problem::new("too_long", "reason").with("max", REASON_CHARS);
        return Err(Error::Invalid(vec![problem]));
    }
    let known = bills::lock(tx, ask.bill).await?;
    let known = known.ok_or_else(|| Error::Missing(Problem::new("bill.unknown", "bill")))?;
    known
        .bill
        .currency
        .must_be(ask.amount.currency)
        .map_err(refused)?;
    is_new(tx, ask.refund).await?;
    let waiting: i64 = sqlx::query_scalar(
        "select coalesce(sum(minor), 0)::bigint from payments.refund where bill = $1 and not is_owed and state = 'requires_action'",
    )
    .bind(ask.bill)
    .fetch_one(&mut *tx)
    .await?;
    // what waits for somebody's agreement is spoken for
    known
        .bill
        .refund(ask.amount.minor + waiting)
        .map_err(refused)?;
    let minor = ask.amount.minor;
    let is_large = needs_second(minor, Way::Other, Limits::of(ask.amount.currency));
    let (state, in_books) = if is_large {
        (RefundStep::RequiresAction, InBooks::NotYet)
    } else {
        (RefundStep::Pending, InBooks::Yes)
    };
    let owed = Owed {
        id: ask.refund,
        cause: format!("refund:{}", ask.refund),
        bill: Some(ask.bill),
        appointment: known.appointment,
        patient: known.patient,
        amount: ask.amount,
        state,
        in_books,
        reason: reason.into(),
        asked_by: Some(asked.by),
        at_ms: asked.now_ms,
    };
    if in_books == InBooks::Yes {
        credit(tx, &known, &owed, asked.by).await?;
    }
    owe(tx, &owed).await?;
    Ok(done(StatusCode::CREATED, ask.refund, state))
}

async fn is_new(tx: &mut PgConnection, refund: Uuid) -> Result<()> {
    let known: bool =
        sqlx::query_scalar("select exists (select 1 from payments.refund where id = $1)")
            .bind(refund)
            .fetch_one(tx)
            .await?;
    if known {
        return Err(Error::Clash(Problem::new("refund.exists", "refund")));
    }
    Ok(())
}

fn done(status: StatusCode, refund: Uuid, state: RefundStep) -> Done {
    Done {
        status,
        body: json!({ "refund": refund, "state": state }),
    }
}

/// Writes the credit note of a refund: from now on it is owed.
async fn credit(tx: &mut PgConnection, known: &Known, owed: &Owed, by: StaffId) -> Result<()> {
    let written = known.bill.refund(owed.amount.minor).map_err(refused)?;
    let voided = Voided {
        reason: "",
        by: None,
    };
    bills::store(tx, known.id, &written.bill, voided).await?;
    let about = About {
        cause: owed.cause.clone(),
        patient: Some(known.patient),
        bill: Some(known.id),
        appointment: known.appointment,
        by: Some(by.0),
        occurred_ms: owed.at_ms,
        recorded_ms: owed.at_ms,
        reverses: None,
    };
    Ok(journals::write(tx, &written.journal, &about).await?)
}

/// Which refund.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgreeAsk {
    refund: Uuid,
}

/// A refund as it is stored.
struct Stored {
    owed: Owed,
    agreed_by: Option<StaffId>,
}

async fn lock(tx: &mut PgConnection, refund: Uuid) -> Result<Stored> {
    let row = sqlx::query(
        "select cause, bill, appointment, patient, currency, minor, state, is_owed, reason, asked_by, agreed_by, at_ms
         from payments.refund where id = $1 for update",
    )
    .bind(refund)
    .fetch_optional(tx)
    .await?
    .ok_or_else(|| Error::Missing(Problem::new("refund.unknown", "refund")))?;
    let state: &str = row.get("state");
    let state = RefundStep::ALL
        .into_iter()
        .find(|step| step.word() == state);
    let wrong = || Error::Bug(anyhow::anyhow!("a refund of the database cannot be read"));
    let owed = Owed {
        id: refund,
        cause: row.get("cause"),
        bill: row.get("bill"),
        appointment: row.get("appointment"),
        patient: row.get("patient"),
        amount: Money::new(row.get("minor"), currency(row.get("currency"))?),
        state: state.ok_or_else(wrong)?,
        in_books: if row.get("is_owed") {
            InBooks::Yes
        } else {
            InBooks::NotYet
        },
        reason: row.get("reason"),
        asked_by: row.get::<Option<Uuid>, _>("asked_by").map(StaffId),
        at_ms: row.get("at_ms"),
    };
    let agreed_by = row.get::<Option<Uuid>, _>("agreed_by").map(StaffId);
    Ok(Stored { owed, agreed_by })
}

/// Agrees to what somebody else gives back
#[utoipa::path(
    post, path = "/console/v1/refunds/agree", operation_id = "console_refund_agree", tag = "console", request_body = crate::api::money::AgreeAsk,
    params(("Idempotency-Key" = Uuid, Header, description = "Makes it happen once")),
    responses(
        (status = 200, description = "It may be handed out", body = crate::api::money::RefundState),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn agree(
    State(app): State<App>,
    person: Person,
    id: CallId,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response> {
    let made = Made {
        person,
        id,
        headers,
        body,
    };
    once(&app, AGREE, made, agree_one).await
}

async fn agree_one(tx: &mut PgConnection, asked: &Asked<AgreeAsk>) -> Result<Done> {
    let stored = lock(tx, asked.ask.refund).await?;
    let owed = &stored.owed;
    if let Some(asked_by) = owed.asked_by {
        may_agree(asked_by, asked.by).map_err(refused)?;
    }
    if owed.state != RefundStep::Pending || stored.agreed_by.is_some() {
        owed.state.then(RefundStep::Pending).map_err(refused)?;
    }
    if owed.in_books == InBooks::NotYet {
        let bill = owed.bill.unwrap_or_default();
        let known = bills::lock(tx, bill).await?;
        let known = known.ok_or_else(|| Error::Missing(Problem::new("bill.unknown", "bill")))?;
        credit(tx, &known, owed, asked.by).await?;
    }
    sqlx::query("update payments.refund set state = 'pending', is_owed = true, agreed_by = $2 where id = $1")
        .bind(owed.id)
        .bind(asked.by.0)
        .execute(tx)
        .await?;
    Ok(done(StatusCode::OK, owed.id, RefundStep::Pending))
}

/// Which refund, and by which way.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HandOutAsk {
    refund: Uuid,
    /// The drawer it is taken out of; otherwise it goes back by the way it came.
    #[serde(default)]
    drawer: Option<String>,
}

/// Hands out what is owed to a patient
#[utoipa::path(
    post, path = "/console/v1/refunds/hand-out", operation_id = "console_refund_hand_out", tag = "console",
    request_body = crate::api::money::HandOutAsk,
    params(("Idempotency-Key" = Uuid, Header, description = "Makes it happen once")),
    responses(
        (status = 200, description = "It is handed out", body = crate::api::money::RefundState),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn hand_out(
    State(app): State<App>,
    person: Person,
    id: CallId,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response> {
    let made = Made {
        person,
        id,
        headers,
        body,
    };
    once(&app, HAND_OUT, made, hand_out_one).await
}

async fn hand_out_one(tx: &mut PgConnection, asked: &Asked<HandOutAsk>) -> Result<Done> {
    let ask = &asked.ask;
    let drawer = ask.drawer.clone().map(|drawer| Method::Cash { drawer });
    if let Some(cash) = &drawer {
        cash.check().map_err(refused)?;
    }
    let stored = lock(tx, ask.refund).await?;
    let owed = &stored.owed;
    if owed.state == RefundStep::RequiresAction {
        return Err(refused(Problem::new("refund.needs_second", "refund")));
    }
    owed.state.then(RefundStep::Succeeded).map_err(refused)?;
    match stored.agreed_by {
        Some(agreed_by) => may_agree(agreed_by, asked.by).map_err(refused)?,
        None => {
            let is_cash = |account: &Account| matches!(account, Account::Cash(_));
            let way = if drawer.is_some() {
                Way::Cash
            } else {
                Way::Other
            };
            let sources = if drawer.is_some() {
                Vec::new()
            } else {
                sources(tx, owed).await?
            };
            let goes_in_cash = sources.iter().any(|(account, _)| is_cash(account));
            let way = if goes_in_cash { Way::Cash } else { way };
            if needs_second(owed.amount.minor, way, Limits::of(owed.amount.currency)) {
                return Err(refused(Problem::new("refund.needs_second", "refund")));
            }
        }
    }
    let parts = from_payments(tx, owed).await?;
    let out = drawer.map(|cash| cash.account());
    for (nth, (payment, account, minor)) in (1..).zip(&parts) {
        let from = out.clone().unwrap_or_else(|| account.clone());
        pay_out(tx, (owed, asked), from, (nth, *payment, *minor)).await?;
    }
    sqlx::query("update payments.refund set state = 'succeeded', handed_by = $2 where id = $1")
        .bind(owed.id)
        .bind(asked.by.0)
        .execute(tx)
        .await?;
    Ok(done(StatusCode::OK, owed.id, RefundStep::Succeeded))
}

/// Writes that a part was handed out, against the payment that it came with.
async fn pay_out(
    tx: &mut PgConnection,
    (owed, asked): (&Owed, &Asked<HandOutAsk>),
    from: Account,
    (nth, payment, minor): (usize, Uuid, i64),
) -> Result<()> {
    sqlx::query("update payments.payment set refunded = refunded + $2 where id = $1")
        .bind(payment)
        .bind(minor)
        .execute(&mut *tx)
        .await?;
    let currency: Currency = owed.amount.currency;
    let about = About {
        cause: format!("handed_out:{}:{nth}", owed.id),
        patient: Some(owed.patient),
        bill: owed.bill,
        appointment: owed.appointment,
        by: Some(asked.by.0),
        occurred_ms: asked.now_ms,
        recorded_ms: asked.now_ms,
        reverses: None,
    };
    Ok(journals::write(tx, &books::paid_out(currency, from, minor), &about).await?)
}

/// A payment, and the account that its money came to.
type From = (Account, Source<Uuid>);

/// Returns the payments that money can go back to, in the order in which they were made, and locks them.
async fn sources(tx: &mut PgConnection, owed: &Owed) -> Result<Vec<From>> {
    let rows = sqlx::query(
        "select id, minor, refunded, account, part from payments.payment
         where (bill = $1 or appointment = $2) and currency = $3 order by number for update",
    )
    .bind(owed.bill)
    .bind(owed.appointment)
    .bind(owed.amount.currency.letters())
    .fetch_all(tx)
    .await?;
    let wrong = || Error::Bug(anyhow::anyhow!("an account of the books is unknown"));
    let read = |row: &sqlx::postgres::PgRow| {
        let number = u16::try_from(row.get::<i32, _>("account")).unwrap_or_default();
        let account = Account::of(number, row.get("part")).ok_or_else(wrong)?;
        let source = Source {
            payment: row.get("id"),
            captured: row.get("minor"),
            refunded: row.get("refunded"),
        };
        Ok((account, source))
    };
    rows.iter().map(read).collect()
}

/// Spreads what is owed over the payments that it came with, the latest first.
async fn from_payments(tx: &mut PgConnection, owed: &Owed) -> Result<Vec<(Uuid, Account, i64)>> {
    let found = sources(tx, owed).await?;
    let plain: Vec<Source<Uuid>> = found.iter().map(|(_, source)| source.clone()).collect();
    let parts = to_sources(owed.amount.minor, &plain).map_err(refused)?;
    let account_of = |payment: Uuid| {
        let mut found = found.iter();
        let found = found.find(|(_, source)| source.payment == payment);
        found.map(|(account, _)| account.clone())
    };
    let with_account = |(payment, minor): (Uuid, i64)| Some((payment, account_of(payment)?, minor));
    Ok(parts.into_iter().filter_map(with_account).collect())
}
