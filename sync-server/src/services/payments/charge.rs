//! Money that a gateway takes: from a card, an account, or at the hospital's own terminal.

use super::errands::{self, New, What};
use super::post::{self, For};
use crate::app::App;
use crate::books::bills;
use crate::books::once::{Asked, Done, Made, Route, begin};
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
use shared::payments::{self, Excess, Method, Origin};
use shared::problem::Problem;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

const CHARGE: Route = Route {
    path: "/console/v1/charges",
    needs: Task::Cashier,
    deed: "payment.asked",
};

/// Money that a gateway is asked to take.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Charge {
    /// Made by whoever asks, and never used again.
    payment: Uuid,
    #[serde(rename = "for")]
    what_for: For,
    till: String,
    amount: Money,
    /// What it is taken from, where the gateway needs to be told: a card that it knows, or the slip of a terminal.
    #[serde(default)]
    source: Option<String>,
}

/// Asks the hospital's gateway for money; the same call again says what came of it
#[utoipa::path(
    post, path = "/console/v1/charges", operation_id = "console_charge", tag = "console", request_body = crate::api::money::Charge,
    params(("Idempotency-Key" = Uuid, Header, description = "Makes it happen once")),
    responses(
        (status = 201, description = "It is in the books", body = crate::api::money::Paid),
        (status = 202, description = "It is under way", body = crate::api::money::UnderWay),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn charge(State(app): State<App>, made: Made) -> Result<Response> {
    errands::answer(&app, begin(&app, CHARGE, made, ask).await?).await
}

async fn ask(tx: &mut PgConnection, asked: &Asked<Charge>) -> Result<Done> {
    let no_gateway = || Error::Missing(Problem::new("payment.no_gateway", ""));
    let provider = asked.gateway.ok_or_else(no_gateway)?;
    let ask = &asked.ask;
    check(ask)?;
    if let Some(done) = again(tx, asked).await? {
        return Ok(done);
    }
    let how = Method::Card {
        provider: provider.to_owned(),
    };
    let amount = ask.amount.of_payment().map_err(refused)?;
    let (bill, appointment) = match ask.what_for {
        For::Bill(bill) => {
            may_pay(tx, bill, amount, &how).await?;
            (Some(bill), None)
        }
        For::Visit(visit) => {
            let visit = post::visit(tx, visit, amount).await?;
            if !visit.is_booked {
                return Err(Error::Clash(Problem::new("visit.over", "for")));
            }
            (None, Some(visit.appointment))
        }
        For::Patient(_) => return Err(refused(Problem::new("payment.advance_way", "for"))),
    };
    let new = New {
        id: ask.payment,
        provider,
        amount,
        key: asked.key(),
        by: asked.by,
        now_ms: asked.now_ms,
        what: What::Charge {
            bill,
            appointment,
            till: &ask.till,
            source: ask.source.as_deref(),
            asked: &asked.plain.canonical(),
        },
    };
    errands::begin(tx, &new).await?;
    Ok(Done::goes_on())
}

fn check(ask: &Charge) -> Result<()> {
    let till = Method::Cash {
        drawer: ask.till.clone(),
    };
    till.check().map_err(refused)?;
    let Some(source) = ask.source.clone() else {
        return Ok(());
    };
    let source = Method::CardStored { reference: source };
    source
        .check()
        .map_err(|problem| refused(Problem::new(&problem.code, "source")))
}

/// Says whether a bill may be paid so: what is under way already counts.
async fn may_pay(tx: &mut PgConnection, bill: Uuid, amount: Money, how: &Method) -> Result<()> {
    let known = bills::lock(tx, bill).await?;
    let known = known.ok_or_else(|| Error::Missing(Problem::new("bill.unknown", "for")))?;
    let asked = Origin::Counter(Excess::Refuse);
    payments::take(&known.bill, amount, how.account(), asked).map_err(refused)?;
    let under_way: i64 = sqlx::query_scalar(
        "select coalesce(sum(minor), 0)::bigint from payments.errand where bill = $1 and state = 'pending'",
    )
    .bind(bill)
    .fetch_one(tx)
    .await?;
    let left = known.bill.balance() - under_way;
    if amount.minor > left {
        let problem = Problem::new("payment.exceeds_balance", "amount_minor").with("max", left);
        return Err(refused(problem));
    }
    Ok(())
}

/// Answers what was asked for before, under a key that is not kept any more or under another.
async fn again(tx: &mut PgConnection, asked: &Asked<Charge>) -> Result<Option<Done>> {
    let row = sqlx::query(
        "select errand.asked, errand.state, errand.code, applied, kept, receipt, at_ms from payments.errand
         full join payments.payment on payment.id = errand.id where errand.id = $1 or payment.id = $1",
    )
    .bind(asked.ask.payment)
    .fetch_optional(tx)
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let before: Option<&str> = row.get("asked");
    let before = before.unwrap_or("null").as_bytes();
    let (before, _) = plain::read::<Plain>(before).map_err(Error::Malformed)?;
    if let Some(field) = before.first_difference(&asked.plain) {
        let problem = Problem::new("payment.exists_different", &field);
        return Err(Error::Clash(problem));
    }
    match row.get::<Option<&str>, _>("state") {
        Some("done") => {
            let parts = Parts {
                applied: row.get("applied"),
                kept: row.get("kept"),
            };
            let receipt = (row.get("receipt"), row.get("at_ms"));
            Ok(Some(Done {
                status: StatusCode::OK,
                body: post::paid(asked.ask.payment, asked.ask.amount, parts, receipt),
            }))
        }
        Some("failed") => {
            let code: Option<&str> = row.get("code");
            let problem = Problem::new(code.unwrap_or("payment.declined"), "");
            Err(Error::Invalid(vec![problem]))
        }
        _ => {
            let problem = Problem::new("idempotency.in_progress", "payment");
            Err(Error::InProgress(problem))
        }
    }
}
