//! Charges as a cashier watches them, and how one is let go of that nobody wants any more.

use crate::app::App;
use crate::books::once::{Asked, Done, Made, Route, once};
use crate::books::{currency, refused};
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
use shared::office::charges::{ChargeLine, ChargePage};
use shared::payments::charges::{Charge, Standing, may_cancel_at};
use shared::problem::Problem;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use utoipa::IntoParams;
use uuid::Uuid;

/// Charges that are listed.
const LINES: i64 = 20;

/// Of which bill.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Find {
    /// The bill that they are for
    bill: Uuid,
}

/// Lists what a gateway was asked for a bill, the newest first, and how far each is
#[utoipa::path(
    get, path = "/console/v1/charges", operation_id = "console_charges", tag = "console", params(Find),
    responses(
        (status = 200, description = "The newest twenty", body = crate::api::bills::ChargePage),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    person: Person,
    Query(find): Query<Find>,
) -> Result<Json<ChargePage>> {
    may_do(&person.staff.roles, Task::Cashier).map_err(Error::Forbidden)?;
    let gateway = app.gateways.get().ok().map(|gateway| gateway.name());
    let rows = sqlx::query(
        "select errand.id, provider, errand.currency, errand.minor, state, errand.code, calls, reference is not null as is_named,
            doubt is not null as is_in_doubt, unwanted_by is not null as is_unwanted, payer, source, errand.by, begun_ms, receipt
         from payments.errand left join payments.payment on payment.id = errand.id
         where errand.kind = 'charge' and errand.bill = $1 order by begun_ms desc, errand.id limit $2",
    )
    .bind(find.bill)
    .bind(LINES)
    .fetch_all(&app.pool)
    .await?;
    let lines = rows.iter().map(|row| line(row, gateway));
    Ok(Json(ChargePage {
        gateway: gateway.map(str::to_owned),
        lines: lines.collect::<Result<_>>()?,
    }))
}

fn line(row: &PgRow, gateway: Option<&str>) -> Result<ChargeLine> {
    let wrong = || Error::Bug(anyhow::anyhow!("a charge of the database cannot be read"));
    let charge = Charge {
        standing: Standing::parse(row.get("state")).ok_or_else(wrong)?,
        calls: row.get::<i32, _>("calls").unsigned_abs(),
        is_named: row.get("is_named"),
        is_in_doubt: row.get("is_in_doubt"),
        is_unwanted: row.get("is_unwanted"),
    };
    let provider: String = row.get("provider");
    let is_open = charge.state().is_under_way() && !charge.is_unwanted;
    Ok(ChargeLine {
        payment: row.get("id"),
        currency: currency(row.get("currency"))?,
        minor: row.get("minor"),
        state: charge.state(),
        code: row.get("code"),
        may_cancel: is_open && gateway == Some(&provider) && may_cancel_at(&provider),
        provider,
        payer: row.get("payer"),
        source: row.get("source"),
        receipt: row.get("receipt"),
        by: StaffId(row.get("by")),
        at_ms: row.get("begun_ms"),
    })
}

const CANCEL: Route = Route {
    path: "/console/v1/charges/cancel",
    needs: Task::Cashier,
    deed: "payment.unwanted",
};

/// Which charge nobody wants any more.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancelAsk {
    payment: Uuid,
}

/// Has the gateway let go of a charge that is not paid; what comes of it, the list says
#[utoipa::path(
    post, path = "/console/v1/charges/cancel", operation_id = "console_charge_cancel", tag = "console",
    request_body = crate::api::bills::ChargeCancelAsk,
    params(("Idempotency-Key" = Uuid, Header, description = "Makes it happen once")),
    responses(
        (status = 200, description = "The gateway is told", body = crate::api::money::UnderWay),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn cancel(State(app): State<App>, made: Made) -> Result<Response> {
    let answer = once(&app, CANCEL, made, cancel_one).await?;
    app.gateways.announce();
    Ok(answer)
}

async fn cancel_one(tx: &mut PgConnection, asked: &Asked<CancelAsk>) -> Result<Done> {
    let payment = asked.ask.payment;
    let row = sqlx::query(
        "select provider, state from payments.errand where id = $1 and kind = 'charge' for update",
    )
    .bind(payment)
    .fetch_optional(&mut *tx)
    .await?
    .ok_or_else(|| Error::Missing(Problem::new("payment.unknown", "payment")))?;
    if Standing::parse(row.get("state")) != Some(Standing::Pending) {
        return Err(refused(Problem::new("payment.over", "payment")));
    }
    let provider: &str = row.get("provider");
    if asked.gateway != Some(provider) || !may_cancel_at(provider) {
        return Err(refused(Problem::new("payment.not_cancellable", "payment")));
    }
    sqlx::query(
        "update payments.errand set unwanted_by = coalesce(unwanted_by, $2), try_ms = least(try_ms, $3) where id = $1",
    )
    .bind(payment)
    .bind(asked.by.0)
    .bind(asked.now_ms)
    .execute(tx)
    .await?;
    Ok(Done {
        status: StatusCode::OK,
        body: json!({ "payment": payment, "state": "pending" }),
    })
}
