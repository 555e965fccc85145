//! Money that comes in at a counter: for a bill, or for a visit that is still to come.

use super::post::{self, Coming, For, paid};
use crate::app::App;
use crate::books::once::{Asked, Done, Made, Route, once};
use crate::books::refused;
use crate::error::{Error, Result};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use shared::access::Task;
use shared::ledger::journals::Parts;
use shared::money::Money;
use shared::payments::plain::{self, Plain};
use shared::payments::{Excess, Method, Origin, Tender};
use shared::problem::Problem;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

const PAY: Route = Route {
    path: "/console/v1/payments",
    needs: Task::Cashier,
    deed: "payment.taken",
};

/// Money that somebody takes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pay {
    /// Made by whoever asks, and never used again.
    payment: Uuid,
    #[serde(rename = "for")]
    what_for: For,
    /// Where it is taken: receipts are numbered by it, and cash lies in its drawer.
    till: String,
    amount: Money,
    how: Method,
    #[serde(default)]
    tender: Option<Tender>,
    /// Whether more than is owed stays with the hospital as the patient's.
    #[serde(default)]
    keeps_rest: bool,
}

/// Takes a payment and gives it the number of a receipt
#[utoipa::path(
    post, path = "/console/v1/payments", operation_id = "console_pay", tag = "console", request_body = crate::api::money::Pay,
    params(("Idempotency-Key" = Uuid, Header, description = "Makes it happen once")),
    responses(
        (status = 201, description = "It is in the books", body = crate::api::money::Paid),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn pay(State(app): State<App>, made: Made) -> Result<Response> {
    once(&app, PAY, made, take).await
}

async fn take(tx: &mut PgConnection, asked: &Asked<Pay>) -> Result<Done> {
    let ask = &asked.ask;
    check(ask)?;
    if let Some(done) = again(tx, asked).await? {
        return Ok(done);
    }
    let money = (ask.amount, &ask.how);
    let decided = match ask.what_for {
        For::Bill(bill) => {
            let excess = if ask.keeps_rest {
                Excess::KeepAsCredit
            } else {
                Excess::Refuse
            };
            post::for_bill(tx, bill, money, Origin::Counter(excess)).await?
        }
        For::Visit(visit) => {
            let visit = post::visit(tx, visit, ask.amount).await?;
            if !visit.is_booked {
                return Err(Error::Clash(Problem::new("visit.over", "for")));
            }
            post::for_visit(&visit, ask.amount, &ask.how)?
        }
        For::Patient(patient) => post::for_patient(tx, patient, ask.amount, &ask.how).await?,
    };
    let coming = Coming {
        payment: ask.payment,
        amount: ask.amount,
        how: &ask.how,
        till: &ask.till,
        asked: &asked.plain.canonical(),
        by: asked.by,
        at_ms: asked.now_ms,
        year: asked.today.year(),
        nth: 1,
    };
    let receipt = post::post(tx, &coming, &decided).await?;
    Ok(Done {
        status: StatusCode::CREATED,
        body: paid(
            ask.payment,
            ask.amount,
            decided.parts,
            (&receipt, asked.now_ms),
        ),
    })
}

fn check(ask: &Pay) -> Result<()> {
    let till = Method::Cash {
        drawer: ask.till.clone(),
    };
    till.check()
        .and_then(|()| ask.how.check())
        .map_err(refused)?;
    if let Method::Cash { drawer } = &ask.how
        && *drawer != ask.till
    {
        return Err(Error::Invalid(vec![Problem::new("payment.till", "till")]));
    }
    if let Some(tender) = ask.tender {
        tender.check(ask.amount).map_err(refused)?;
    }
    Ok(())
}

/// Answers a payment that was taken under a key which is not kept any more.
async fn again(tx: &mut PgConnection, asked: &Asked<Pay>) -> Result<Option<Done>> {
    let row = sqlx::query(
        "select asked, applied, kept, receipt, at_ms from payments.payment where id = $1",
    )
    .bind(asked.ask.payment)
    .fetch_optional(&mut *tx)
    .await?;
    let Some(row) = row else {
        return is_new(tx, asked.ask.payment).await.map(|()| None);
    };
    let (before, _) =
        plain::read::<Plain>(row.get::<&str, _>("asked").as_bytes()).map_err(Error::Malformed)?;
    if let Some(field) = before.first_difference(&asked.plain) {
        return Err(Error::Clash(Problem::new(
            "payment.exists_different",
            &field,
        )));
    }
    let parts = Parts {
        applied: row.get("applied"),
        kept: row.get("kept"),
    };
    let before = (row.get("receipt"), row.get("at_ms"));
    Ok(Some(Done {
        status: StatusCode::OK,
        body: paid(asked.ask.payment, asked.ask.amount, parts, before),
    }))
}

/// Says whether a gateway is not being asked for the same payment.
async fn is_new(tx: &mut PgConnection, payment: Uuid) -> Result<()> {
    let is_asked: bool =
        sqlx::query_scalar("select exists (select 1 from payments.errand where id = $1)")
            .bind(payment)
            .fetch_one(tx)
            .await?;
    if is_asked {
        let problem = Problem::new("payment.exists_different", "how");
        return Err(Error::Clash(problem));
    }
    Ok(())
}
