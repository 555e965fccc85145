//! What is owed to a patient is handed out: in cash, or by the way it came.

use super::errands::{self, New, What};
use super::refunds::{done, lock};
use crate::app::App;
use crate::books::journals::{self, About};
use crate::books::once::{Asked, Done, Made, Route, begin};
use crate::books::{Owed, refused};
use crate::error::{Error, Result};
use crate::world;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use shared::access::Task;
use shared::ledger::{Account, journals as books};
use shared::money::Money;
use shared::money::currency::Currency;
use shared::payments::Method;
use shared::payments::refunds::{
    Limits, RefundStep, Source, Way, may_agree, needs_second, to_sources,
};
use shared::problem::Problem;
use sqlx::postgres::PgRow;
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
        (status = 202, description = "The gateway is giving it back", body = crate::api::money::UnderWay),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn hand_out(State(app): State<App>, made: Made) -> Result<Response> {
    errands::answer(&app, begin(&app, HAND_OUT, made, hand_out_one).await?).await
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
    is_not_under_way(tx, owed.id).await?;
    let sources = sources(tx, owed).await?;
    match stored.agreed_by {
        Some(agreed_by) => may_agree(agreed_by, asked.by).map_err(refused)?,
        None => {
            let is_cash = |from: &From| matches!(from.account, Account::Cash(_));
            let way = if drawer.is_some() || sources.iter().any(is_cash) {
                Way::Cash
            } else {
                Way::Other
            };
            if needs_second(owed.amount.minor, way, Limits::of(owed.amount.currency)) {
                return Err(refused(Problem::new("refund.needs_second", "refund")));
            }
        }
    }
    let parts = spread(owed, &sources)?;
    let out = drawer.map(|cash| cash.account());
    let mut goes_on = false;
    for (nth, (from, minor)) in (1..).zip(parts) {
        match (&out, &from.taken) {
            (None, Some(taken)) if Some(from.provider.as_str()) == asked.gateway => {
                goes_on = true;
                ask_for(tx, (owed, asked), (from, taken), minor).await?;
            }
            (None, Some(_)) => {
                return Err(Error::Missing(Problem::new("payment.no_gateway", "refund")));
            }
            (Some(_), _) | (None, None) => {
                let account = out.clone().unwrap_or_else(|| from.account.clone());
                let part = (nth, from.source.payment, minor);
                pay_out(tx, (owed, asked), account, part).await?;
            }
        }
    }
    if goes_on {
        return Ok(Done::goes_on());
    }
    sqlx::query("update payments.refund set state = 'succeeded', handed_by = $2 where id = $1")
        .bind(owed.id)
        .bind(asked.by.0)
        .execute(tx)
        .await?;
    Ok(done(StatusCode::OK, owed.id, RefundStep::Succeeded))
}

/// Says whether nobody is handing it out already.
async fn is_not_under_way(tx: &mut PgConnection, refund: Uuid) -> Result<()> {
    let is_asked: bool =
        sqlx::query_scalar("select exists (select 1 from payments.errand where refund = $1)")
            .bind(refund)
            .fetch_one(tx)
            .await?;
    if is_asked {
        let problem = Problem::new("refund.state", "state").with("state", "pending");
        return Err(refused(problem));
    }
    Ok(())
}

/// Writes down that a gateway is to give a part back.
async fn ask_for(
    tx: &mut PgConnection,
    (owed, asked): (&Owed, &Asked<HandOutAsk>),
    (from, taken): (&From, &str),
    minor: i64,
) -> Result<()> {
    let new = New {
        id: world::new_id(),
        provider: &from.provider,
        amount: Money::new(minor, owed.amount.currency),
        key: asked.key(),
        by: asked.by,
        now_ms: asked.now_ms,
        what: What::Refund {
            refund: owed.id,
            payment: from.source.payment,
            taken,
        },
    };
    Ok(errands::begin(tx, &new).await?)
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

/// A payment that money can go back to.
struct From {
    account: Account,
    source: Source<Uuid>,
    /// What a gateway calls the money, if one took it; and which.
    taken: Option<String>,
    provider: String,
}

/// Returns the payments that money can go back to, in the order in which they were made, and locks them. What a gateway is giving
/// back is spoken for.
async fn sources(tx: &mut PgConnection, owed: &Owed) -> Result<Vec<From>> {
    let rows = sqlx::query(
        "select paid.id, paid.minor, account, part, charge.taken, paid.refunded + (
            select coalesce(sum(minor), 0) from payments.errand where payment = paid.id and state = 'pending')::bigint as refunded
         from payments.payment as paid left join payments.errand as charge on charge.id = paid.id
         where case when $4::uuid is null then paid.bill = $1 or paid.appointment = $2
            or paid.id in (select payment from payments.spending where bill = $1) else paid.id = $4 end and paid.currency = $3
         order by number for update of paid",
    )
    .bind(owed.bill)
    .bind(owed.appointment)
    .bind(owed.amount.currency.letters())
    .bind(owed.payment)
    .fetch_all(tx)
    .await?;
    let wrong = || Error::Bug(anyhow::anyhow!("an account of the books is unknown"));
    let read = |row: &PgRow| {
        let number = u16::try_from(row.get::<i32, _>("account")).unwrap_or_default();
        let part: String = row.get("part");
        Ok(From {
            account: Account::of(number, &part).ok_or_else(wrong)?,
            source: Source {
                payment: row.get("id"),
                captured: row.get("minor"),
                refunded: row.get("refunded"),
            },
            taken: row.get("taken"),
            provider: part,
        })
    };
    rows.iter().map(read).collect()
}

/// Spreads what is owed over the payments that it came with, the latest first.
fn spread<'a>(owed: &Owed, sources: &'a [From]) -> Result<Vec<(&'a From, i64)>> {
    let plain: Vec<Source<Uuid>> = sources.iter().map(|from| from.source.clone()).collect();
    let parts = to_sources(owed.amount.minor, &plain).map_err(refused)?;
    let with_source = |(payment, minor): (Uuid, i64)| {
        let mut sources = sources.iter();
        let from = sources.find(|from| from.source.payment == payment);
        from.map(|from| (from, minor))
    };
    Ok(parts.into_iter().filter_map(with_source).collect())
}
