//! A charge that comes after a visit was billed: a bill of its own, which names the first one.

use super::orders::created;
use crate::app::App;
use crate::books::bills::{self, Known};
use crate::books::journals;
use crate::books::once::{Asked, Done, Made, Route, once};
use crate::books::{Role, work_as};
use crate::error::{Error, Result};
use crate::events::outbox;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;
use shared::access::Task;
use shared::billing::supplements::supplement;
use shared::office::bills::SupplementAsk;
use shared::problem::Problem;
use sqlx::PgConnection;

const ADD: Route = Route {
    path: "/console/v1/bills/supplement",
    needs: Task::KeepBooks,
    deed: "bill.supplemented",
};

/// Bills a charge that came after the visit was billed
#[utoipa::path(
    post, path = "/console/v1/bills/supplement", operation_id = "console_bill_supplement", tag = "console",
    request_body = crate::api::bills::SupplementAsk,
    params(("Idempotency-Key" = Uuid, Header, description = "Makes it happen once")),
    responses(
        (status = 201, description = "A bill that names the first one", body = crate::api::money::Bill),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn add(State(app): State<App>, made: Made) -> Result<Response> {
    once(&app, ADD, made, add_one).await
}

async fn add_one(tx: &mut PgConnection, asked: &Asked<SupplementAsk>) -> Result<Done> {
    let ask = &asked.ask;
    let first = bills::lock(tx, ask.adds_to).await?;
    let first = first.ok_or_else(|| Error::Missing(Problem::new("bill.unknown", "adds_to")))?;
    let written = supplement(&first.bill, &ask.what, ask.net).map_err(Error::Invalid)?;
    if bills::lock(tx, ask.bill).await?.is_some() {
        return Err(Error::Clash(Problem::new("bill.exists", "bill")));
    }
    let known = Known {
        id: ask.bill,
        number: 0,
        patient: first.patient,
        appointment: first.appointment,
        based_on: None,
        adds_to: Some(first.id),
        what: Some(ask.what.trim().to_owned()),
        issued_ms: asked.now_ms,
        bill: written.bill,
    };
    // payments may not write bills
    work_as(tx, Role::Billing).await?;
    bills::insert(tx, &known, 0).await?;
    let about = known.about(format!("supplement:{}", known.id), asked.by, asked.now_ms);
    journals::write(tx, &written.journal, &about).await?;
    outbox::tell(tx, &[created(&known, asked.now_ms, asked.now_ms)]).await?;
    // its number is given by the database
    let known = bills::lock(tx, known.id).await?.unwrap_or(known);
    work_as(tx, Role::Payments).await?;
    Ok(Done {
        status: StatusCode::CREATED,
        body: json!(super::bills::Line::of(&known)),
    })
}
