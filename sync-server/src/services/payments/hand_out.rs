//! What is owed to a patient is handed out: in cash, or by the way it came.

use super::refunds::{done, lock};
use crate::app::App;
use crate::books::journals::{self, About};
use crate::books::once::{Asked, Done, Made, Route, once};
use crate::books::{Owed, refused};
use crate::error::{Error, Result};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use shared::access::Task;
use shared::ledger::{Account, journals as books};
use shared::money::currency::Currency;
use shared::payments::Method;
use shared::payments::refunds::{
    Limits, RefundStep, Source, Way, may_agree, needs_second, to_sources,
};
use shared::problem::Problem;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

const HAND_OUT: Route = Route {
    path: "/console/v1/refunds/hand-out",
    needs: Task::Cashier,
    deed: "refund.handed_out",
};

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
pub(crate) async fn hand_out(State(app): State<App>, made: Made) -> Result<Response> {
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
         where case when $4::uuid is null then bill = $1 or appointment = $2 else id = $4 end and currency = $3
         order by number for update",
    )
    .bind(owed.bill)
    .bind(owed.appointment)
    .bind(owed.amount.currency.letters())
    .bind(owed.payment)
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
