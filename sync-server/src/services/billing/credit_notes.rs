//! A part of a bill that nobody paid is taken back by a credit note. What was paid goes back as a refund.

use crate::app::App;
use crate::books::bills::{self, Voided};
use crate::books::journals;
use crate::books::once::{Asked, Done, Made, Route, once};
use crate::books::{REASON_CHARS, reason_of, refused};
use crate::error::{Error, Result};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;
use shared::access::Task;
use shared::billing::ToPatient;
use shared::money::Money;
use shared::office::bills::CreditAsk;
use shared::problem::Problem;
use sqlx::PgConnection;

const CREDIT: Route = Route {
    path: "/console/v1/bills/credit",
    needs: Task::KeepBooks,
    deed: "bill.credited",
};

/// Takes back a part of what is owed of a bill
#[utoipa::path(
    post, path = "/console/v1/bills/credit", operation_id = "console_bill_credit", tag = "console",
    request_body = crate::api::bills::CreditAsk,
    params(("Idempotency-Key" = Uuid, Header, description = "Makes it happen once")),
    responses(
        (status = 201, description = "What is still owed", body = crate::api::money::Money),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn credit(State(app): State<App>, made: Made) -> Result<Response> {
    once(&app, CREDIT, made, credit_one).await
}

async fn credit_one(tx: &mut PgConnection, asked: &Asked<CreditAsk>) -> Result<Done> {
    let ask = &asked.ask;
    let reason = reason_of(&ask.reason, REASON_CHARS)?;
    let amount = ask.amount.of_payment().map_err(refused)?;
    let known = bills::lock(tx, ask.bill).await?;
    let known = known.ok_or_else(|| Error::Missing(Problem::new("bill.unknown", "bill")))?;
    known
        .bill
        .currency
        .must_be(amount.currency)
        .map_err(refused)?;
    if amount.minor > known.bill.balance() {
        let problem = Problem::new("bill.credit_too_much", "amount_minor");
        return Err(refused(problem.with("max", known.balance())));
    }
    let gross = known.bill.gross() - known.bill.taken_back.gross - amount.minor;
    let written = known.bill.lower_to(gross, ToPatient::Payable);
    let written = written.ok_or_else(|| refused(Problem::new("bill.void", "bill")))?;
    bills::store(tx, known.id, &written.bill, Voided::NOT).await?;
    let about = known.about(format!("credit:{}", ask.credit), asked.by, asked.now_ms);
    sqlx::query("insert into billing.credit_note (id, bill, minor, reason, by, at_ms) values ($1, $2, $3, $4, $5, $6)")
        .bind(ask.credit)
        .bind(known.id)
        .bind(amount.minor)
        .bind(reason)
        .bind(asked.by.0)
        .bind(asked.now_ms)
        .execute(&mut *tx)
        .await?;
    journals::write(tx, &written.journal, &about).await?;
    Ok(Done {
        status: StatusCode::CREATED,
        body: json!(Money::new(written.bill.balance(), amount.currency)),
    })
}
