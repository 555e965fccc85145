//! What a patient has with the hospital pays a bill of theirs.

use super::credit::{self, Found, Of};
use crate::app::App;
use crate::books::bills::{self, Voided};
use crate::books::journals;
use crate::books::once::{Asked, Done, Made, Route, once};
use crate::books::refused;
use crate::error::{Error, Result};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use shared::access::Task;
use shared::money::Money;
use shared::payments::credit::spend;
use shared::problem::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

const SPEND: Route = Route {
    path: "/console/v1/payments/spend",
    needs: Task::Cashier,
    deed: "credit.spent",
};

/// What is left of a payment, and the bill that it pays a part of.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SpendAsk {
    /// Made by whoever asks.
    spending: Uuid,
    payment: Uuid,
    bill: Uuid,
    amount: Money,
}

/// Pays a bill with what an earlier payment left with the hospital
#[utoipa::path(
    post, path = "/console/v1/payments/spend", operation_id = "console_spend", tag = "console", request_body = crate::api::money::SpendAsk,
    params(("Idempotency-Key" = Uuid, Header, description = "Makes it happen once")),
    responses(
        (status = 201, description = "What is still owed of the bill", body = crate::api::money::Money),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn pay(State(app): State<App>, made: Made) -> Result<Response> {
    once(&app, SPEND, made, spend_one).await
}

async fn spend_one(tx: &mut PgConnection, asked: &Asked<SpendAsk>) -> Result<Done> {
    let ask = &asked.ask;
    // a visit is locked before bills, and bills before payments
    let is_new: bool =
        sqlx::query_scalar("select not exists (select 1 from payments.spending where id = $1)")
            .bind(ask.spending)
            .fetch_one(&mut *tx)
            .await?;
    if !is_new {
        return Err(Error::Clash(Problem::new(
            "payment.exists_different",
            "spending",
        )));
    }
    credit::lock_visit(tx, ask.payment).await?;
    let known = bills::lock(tx, ask.bill).await?;
    let known = known.ok_or_else(|| Error::Missing(Problem::new("bill.unknown", "bill")))?;
    let found = credit::find(tx, Of::Payment(ask.payment)).await?;
    if found.patient() != known.patient {
        let problem = Problem::new("credit.other_patient", "payment");
        return Err(Error::Invalid(vec![problem]));
    }
    let Found::Left(left) = found else {
        return Err(Error::Missing(Problem::new("payment.unknown", "payment")));
    };
    let currency = left.currency();
    currency.must_be(ask.amount.currency).map_err(refused)?;
    let written = spend(&known.bill, ask.amount, left.available()).map_err(refused)?;
    credit::spend(tx, &left, ask.amount.minor).await?;
    bills::store(tx, known.id, &written.bill, Voided::NOT).await?;
    let about = known.about(format!("spent:{}", ask.spending), asked.by, asked.now_ms);
    journals::write(tx, &written.journal, &about).await?;
    sqlx::query("insert into payments.spending (id, payment, bill, minor, by, at_ms) values ($1, $2, $3, $4, $5, $6)")
        .bind(ask.spending)
        .bind(ask.payment)
        .bind(known.id)
        .bind(ask.amount.minor)
        .bind(asked.by.0)
        .bind(asked.now_ms)
        .execute(&mut *tx)
        .await?;
    Ok(Done {
        status: StatusCode::CREATED,
        body: json!(Money::new(written.bill.balance(), currency)),
    })
}
