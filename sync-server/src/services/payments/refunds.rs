//! Money that goes back: asked for, and agreed to by somebody else where it is much.

use super::credit::{self, Found, Of};
use crate::app::App;
use crate::books::once::{Asked, Done, Made, Route, once};
use crate::books::{InBooks, Owed, REASON_CHARS, currency, owe, reason_of, refused};
use crate::central::Person;
use crate::error::{Error, Result};
use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use shared::access::{Task, may_do};
use shared::ids::StaffId;
use shared::money::Money;
use shared::office::bills::{RefundLine, RefundPage};
use shared::payments::refunds::{Limits, RefundStep, Way, may_agree, needs_second};
use shared::problem::Problem;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use utoipa::IntoParams;
use uuid::Uuid;

/// Refunds that are listed at once.
const PAGE: i64 = 50;

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

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageAsk {
    /// `all` has what is done as well
    state: Option<String>,
    /// Where the page before ended
    after: Option<String>,
}

/// Lists what is to be agreed to or handed out, or everything, the oldest first
#[utoipa::path(
    get, path = "/console/v1/refunds", operation_id = "console_refunds", tag = "console", params(PageAsk),
    responses(
        (status = 200, description = "A page", body = crate::api::bills::RefundPage),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    person: Person,
    Query(ask): Query<PageAsk>,
) -> Result<Json<RefundPage>> {
    may_do(&person.staff.roles, Task::AgreeRefund).map_err(Error::Forbidden)?;
    let after = ask
        .after
        .as_deref()
        .map_or(Some((0, Uuid::nil())), place_of);
    let (at_ms, id) = after.ok_or_else(|| Error::Malformed(Problem::new("shape", "after")))?;
    let rows = sqlx::query(
        "select refund.id, refund.bill, bill.number as bill_number, refund.currency, minor, state, reason, asked_by, agreed_by,
            handed_by, at_ms from payments.refund left join billing.bill on bill.id = refund.bill
         where (at_ms, refund.id) > ($1, $2) and ($3 or state in ('pending', 'requires_action')) order by at_ms, refund.id limit $4",
    )
    .bind(at_ms)
    .bind(id)
    .bind(ask.state.as_deref() == Some("all"))
    .bind(PAGE)
    .fetch_all(&app.pool)
    .await?;
    let lines = rows.iter().map(line).collect::<Result<Vec<_>>>()?;
    let is_full = lines.len() == usize::try_from(PAGE).unwrap_or_default();
    let last = lines.last().filter(|_| is_full);
    Ok(Json(RefundPage {
        next: last.map(|line| format!("{}.{}", line.at_ms, line.id)),
        lines,
    }))
}

fn place_of(text: &str) -> Option<(i64, Uuid)> {
    let (at_ms, id) = text.split_once('.')?;
    Some((at_ms.parse().ok()?, id.parse().ok()?))
}

fn line(row: &PgRow) -> Result<RefundLine> {
    let staff = |name: &str| row.get::<Option<Uuid>, _>(name).map(StaffId);
    Ok(RefundLine {
        id: row.get("id"),
        bill: row.get("bill"),
        bill_number: row.get("bill_number"),
        currency: currency(row.get("currency"))?,
        minor: row.get("minor"),
        state: row.get("state"),
        reason: row.get("reason"),
        asked_by: staff("asked_by"),
        agreed_by: staff("agreed_by"),
        handed_by: staff("handed_by"),
        at_ms: row.get("at_ms"),
    })
}

/// What is to go back of a bill.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefundAsk {
    refund: Uuid,
    of: Of,
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
pub(crate) async fn ask(State(app): State<App>, made: Made) -> Result<Response> {
    once(&app, ASK, made, ask_one).await
}

async fn ask_one(tx: &mut PgConnection, asked: &Asked<RefundAsk>) -> Result<Done> {
    let ask = &asked.ask;
    let reason = reason_of(&ask.reason, REASON_CHARS)?;
    let amount = ask.amount.of_payment().map_err(refused)?;
    let found = credit::find(tx, ask.of).await?;
    found.currency().must_be(amount.currency).map_err(refused)?;
    is_new(tx, ask.refund).await?;
    // what waits for somebody's agreement is spoken for
    let waiting = waiting(tx, &found).await?;
    found.may(amount.minor + waiting)?;
    let is_large = needs_second(amount.minor, Way::Other, Limits::of(amount.currency));
    let (state, in_books) = if is_large {
        (RefundStep::RequiresAction, InBooks::NotYet)
    } else {
        (RefundStep::Pending, InBooks::Yes)
    };
    let owed = Owed {
        id: ask.refund,
        cause: format!("refund:{}", ask.refund),
        bill: found.bill(),
        payment: found.payment(),
        appointment: found.appointment(),
        patient: found.patient(),
        amount,
        state,
        in_books,
        reason: reason.into(),
        asked_by: Some(asked.by),
        at_ms: asked.now_ms,
    };
    if in_books == InBooks::Yes {
        found.owe(tx, &owed, asked.by).await?;
    }
    owe(tx, &owed).await?;
    Ok(done(StatusCode::CREATED, ask.refund, state))
}

/// Returns what was asked for before and waits for somebody to agree.
async fn waiting(tx: &mut PgConnection, found: &Found) -> Result<i64> {
    let minor = sqlx::query_scalar(
        "select coalesce(sum(minor), 0)::bigint from payments.refund
         where not is_owed and state = 'requires_action' and payment is not distinct from $2 and bill is not distinct from $1",
    )
    .bind(found.bill())
    .bind(found.payment())
    .fetch_one(tx)
    .await?;
    Ok(minor)
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

pub(crate) fn done(status: StatusCode, refund: Uuid, state: RefundStep) -> Done {
    Done {
        status,
        body: json!({ "refund": refund, "state": state }),
    }
}

/// Which refund.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgreeAsk {
    refund: Uuid,
}

/// A refund as it is stored, and locked.
pub(crate) struct Stored {
    pub(crate) owed: Owed,
    pub(crate) agreed_by: Option<StaffId>,
}

pub(crate) async fn lock(tx: &mut PgConnection, refund: Uuid) -> Result<Stored> {
    let row = sqlx::query(
        "select cause, bill, payment, appointment, patient, currency, minor, state, is_owed, reason, asked_by, agreed_by, at_ms
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
        payment: row.get("payment"),
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
pub(crate) async fn agree(State(app): State<App>, made: Made) -> Result<Response> {
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
        let of = match owed.payment {
            Some(payment) => Of::Payment(payment),
            None => Of::Bill(owed.bill.unwrap_or_default()),
        };
        credit::find(tx, of).await?.owe(tx, owed, asked.by).await?;
    }
    sqlx::query("update payments.refund set state = 'pending', is_owed = true, agreed_by = $2 where id = $1")
        .bind(owed.id)
        .bind(asked.by.0)
        .execute(tx)
        .await?;
    Ok(done(StatusCode::OK, owed.id, RefundStep::Pending))
}
