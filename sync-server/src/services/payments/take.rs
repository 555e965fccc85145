//! Money that comes in at a counter: for a bill, or for a visit that is still to come.

use super::receipts;
use crate::app::App;
use crate::books::bills::{self, Known, Voided};
use crate::books::journals::{self, About};
use crate::books::once::{Asked, Done, Made, Route, once};
use crate::books::{currency, refused};
use crate::central::Person;
use crate::error::{Error, Result};
use crate::web::CallId;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::access::Task;
use shared::ledger::Journal;
use shared::ledger::journals::Parts;
use shared::money::Money;
use shared::payments::plain::{self, Plain};
use shared::payments::{self, Excess, Method, Origin, Tender};
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

/// What money is for.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum For {
    Bill(Uuid),
    /// A visit that is not billed yet.
    Visit(Uuid),
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
pub(crate) async fn pay(
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
    once(&app, PAY, made, take).await
}

/// What a payment does, before it is written.
struct Decided {
    bill: Option<Known>,
    appointment: Option<Uuid>,
    patient: Uuid,
    parts: Parts,
    journal: Journal,
}

async fn take(tx: &mut PgConnection, asked: &Asked<Pay>) -> Result<Done> {
    let ask = &asked.ask;
    check(ask)?;
    if let Some(done) = again(tx, asked).await? {
        return Ok(done);
    }
    let decided = match ask.what_for {
        For::Bill(bill) => for_bill(tx, ask, bill).await?,
        For::Visit(visit) => for_visit(tx, ask, visit).await?,
    };
    let receipt = receipts::next(tx, &ask.till, asked.today.year())
        .await?
        .to_string();
    match &decided.bill {
        Some(known) => {
            let voided = Voided {
                reason: "",
                by: None,
            };
            bills::store(tx, known.id, &known.bill, voided).await?;
        }
        None => {
            sqlx::query("update billing.visit set deposit = deposit + $2 where appointment = $1")
                .bind(decided.appointment)
                .bind(decided.parts.kept)
                .execute(&mut *tx)
                .await?;
        }
    }
    let about = About {
        cause: format!("payment:{}", ask.payment),
        patient: Some(decided.patient),
        bill: decided.bill.as_ref().map(|bill| bill.id),
        appointment: decided.appointment,
        by: Some(asked.by.0),
        occurred_ms: asked.now_ms,
        recorded_ms: asked.now_ms,
        reverses: None,
    };
    journals::write(tx, &decided.journal, &about).await?;
    store(tx, asked, &decided, &receipt).await?;
    Ok(Done {
        status: StatusCode::CREATED,
        body: paid(ask, decided.parts, &receipt, asked.now_ms),
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

async fn for_bill(tx: &mut PgConnection, ask: &Pay, bill: Uuid) -> Result<Decided> {
    let known = bills::lock(tx, bill).await?;
    let mut known = known.ok_or_else(|| Error::Missing(Problem::new("bill.unknown", "for")))?;
    let excess = if ask.keeps_rest {
        Excess::KeepAsCredit
    } else {
        Excess::Refuse
    };
    let taken = payments::take(
        &known.bill,
        ask.amount,
        ask.how.account(),
        Origin::Counter(excess),
    );
    let taken = taken.map_err(refused)?;
    known.bill = taken.written.bill;
    Ok(Decided {
        appointment: known.appointment,
        patient: known.patient,
        bill: Some(known),
        parts: taken.parts,
        journal: taken.written.journal,
    })
}

async fn for_visit(tx: &mut PgConnection, ask: &Pay, visit: Uuid) -> Result<Decided> {
    let row = sqlx::query(
        "select patient, currency, course from billing.visit where appointment = $1 for update",
    )
    .bind(visit)
    .fetch_optional(tx)
    .await?
    .ok_or_else(|| Error::Missing(Problem::new("visit.unknown", "for")))?;
    if row.get::<&str, _>("course") != "booked" {
        return Err(Error::Clash(Problem::new("visit.over", "for")));
    }
    let of_visit = currency(row.get("currency"))?;
    of_visit.must_be(ask.amount.currency).map_err(refused)?;
    let journal = payments::deposit(ask.amount, ask.how.account()).map_err(refused)?;
    Ok(Decided {
        bill: None,
        appointment: Some(visit),
        patient: row.get("patient"),
        parts: Parts {
            applied: 0,
            kept: ask.amount.minor,
        },
        journal,
    })
}

/// Answers a payment that was taken under a key which is not kept any more.
async fn again(tx: &mut PgConnection, asked: &Asked<Pay>) -> Result<Option<Done>> {
    let row = sqlx::query(
        "select asked, applied, kept, receipt, at_ms from payments.payment where id = $1",
    )
    .bind(asked.ask.payment)
    .fetch_optional(tx)
    .await?;
    let Some(row) = row else {
        return Ok(None);
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
    Ok(Some(Done {
        status: StatusCode::OK,
        body: paid(&asked.ask, parts, row.get("receipt"), row.get("at_ms")),
    }))
}

fn paid(ask: &Pay, parts: Parts, receipt: &str, at_ms: i64) -> Value {
    let money = |minor: i64| Money::new(minor, ask.amount.currency);
    json!({
        "payment": ask.payment, "receipt": receipt, "amount": ask.amount, "applied": money(parts.applied),
        "kept": money(parts.kept), "at_ms": at_ms,
    })
}

async fn store(
    tx: &mut PgConnection,
    asked: &Asked<Pay>,
    decided: &Decided,
    receipt: &str,
) -> Result<()> {
    let ask = &asked.ask;
    let account = ask.how.account();
    sqlx::query(
        "insert into payments.payment (id, bill, appointment, patient, currency, minor, applied, kept, method, account, part, receipt, asked, by, at_ms)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    )
    .bind(ask.payment)
    .bind(decided.bill.as_ref().map(|bill| bill.id))
    .bind(decided.appointment)
    .bind(decided.patient)
    .bind(ask.amount.currency.letters())
    .bind(ask.amount.minor)
    .bind(decided.parts.applied)
    .bind(decided.parts.kept)
    .bind(json!(ask.how))
    .bind(i32::from(account.number()))
    .bind(account.part())
    .bind(receipt)
    .bind(asked.plain.canonical())
    .bind(asked.by.0)
    .bind(asked.now_ms)
    .execute(tx)
    .await?;
    Ok(())
}
