//! What gateways say by themselves: believed if it is signed, kept once, and taken in later, in whatever order it came.

use super::errands::{self, COLUMNS, Errand, read};
use super::gateways::{Gateway, Returned, Said, Told};
use super::settle;
use crate::app::App;
use crate::books::{Role, work_as};
use crate::error::{Error, Result};
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use metrics::counter;
use shared::payments::gateways::LOOK_AGAIN_MS;
use shared::payments::webhooks::{AtGateway, BODY_BYTES_MAX};
use shared::problem::Problem;
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

/// Messages that are taken in at once, and tries until one is set aside.
const AT_ONCE: i64 = 20;
const TRIES: i32 = 10;
/// Letters of the name of a message, at most.
const EVENT_CHARS: usize = 200;

/// Hears what a gateway says by itself
#[utoipa::path(
    post, path = "/gateways/v1/{provider}", operation_id = "gateway_told", tag = "gateways",
    params(("provider" = String, Path, description = "`stripe`, `razorpay`")),
    responses(
        (status = 200, description = "It is kept"),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    )
)]
pub(crate) async fn hear(
    State(app): State<App>,
    Path(provider): Path<String>,
    request: Request,
) -> Result<StatusCode> {
    let gateway = app.gateways.get()?;
    if gateway.name() != provider {
        let problem = Problem::new("payment.no_gateway", "");
        return Err(Error::Missing(problem));
    }
    let (parts, body) = request.into_parts();
    let too_large = |_| Error::TooLarge(Problem::new("http.too_large", ""));
    let body = axum::body::to_bytes(body, BODY_BYTES_MAX).await;
    let body = body.map_err(too_large)?;
    let now_ms = app.now().0;
    let signed = gateway.check(&parts.headers, &body, now_ms / 1000);
    let signed = signed.and_then(|signed| match signed.event.chars().count() {
        1..=EVENT_CHARS => Ok(signed),
        _ => Err(Problem::new("shape", "")),
    });
    let signed = signed.map_err(|problem| {
        counter!("wardbook_gateway_messages_refused_total").increment(1);
        Error::Malformed(problem)
    })?;
    let mut tx = app.pool.begin().await?;
    work_as(&mut tx, Role::Payments).await?;
    sqlx::query("insert into payments.told (provider, event, body, at_ms) values ($1, $2, $3, $4) on conflict do nothing")
        .bind(gateway.name())
        .bind(&signed.event)
        .bind(body.as_ref())
        .bind(now_ms)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    app.gateways.announce();
    Ok(StatusCode::OK)
}

/// Takes in what was told and has not been yet; returns how much.
pub async fn take_in(app: &App, now_ms: i64) -> Result<usize> {
    let Ok(gateway) = app.gateways.get() else {
        return Ok(0);
    };
    let mut tx = app.pool.begin().await?;
    work_as(&mut tx, Role::Payments).await?;
    let rows = sqlx::query(
        "with due as (
            select provider as of, event as due from payments.told
            where provider = $1 and outcome is null and body is not null and try_ms <= $2
            order by arrived limit $3 for update skip locked)
         update payments.told set try_ms = $2 + $4 from due where provider = of and event = due returning event, body",
    )
    .bind(gateway.name())
    .bind(now_ms)
    .bind(AT_ONCE)
    .bind(LOOK_AGAIN_MS)
    .fetch_all(&mut *tx)
    .await?;
    tx.commit().await?;
    for row in &rows {
        let (event, body): (&str, &[u8]) = (row.get("event"), row.get("body"));
        let taken = take_one(app, gateway.as_ref(), body, now_ms).await;
        keep(app, gateway.name(), event, taken).await?;
    }
    Ok(rows.len())
}

/// Notes what came of a message. What it says is forgotten: it may name the payer.
async fn keep(app: &App, provider: &str, event: &str, taken: Result<&'static str>) -> Result<()> {
    let mut tx = app.pool.begin().await?;
    work_as(&mut tx, Role::Payments).await?;
    match taken {
        Ok(outcome) => {
            sqlx::query("update payments.told set outcome = $3, body = null where provider = $1 and event = $2")
                .bind(provider)
                .bind(event)
                .bind(outcome)
                .execute(&mut *tx)
                .await?;
        }
        Err(error) => {
            let code = error.code();
            tracing::warn!(
                error.code = code,
                "What a gateway said was not taken in; it is tried again"
            );
            sqlx::query(
                "update payments.told set tries = tries + 1, outcome = case when tries + 1 >= $3 then 'set_aside' end
                 where provider = $1 and event = $2",
            )
            .bind(provider)
            .bind(event)
            .bind(TRIES)
            .execute(&mut *tx)
            .await?;
        }
    }
    Ok(tx.commit().await?)
}

async fn take_one(
    app: &App,
    gateway: &dyn Gateway,
    body: &[u8],
    now_ms: i64,
) -> Result<&'static str> {
    let mut outcome = "nothing";
    for said in gateway.read(body) {
        let is_ours = match said {
            Said::Payment(told) => payment(app, gateway, &told, now_ms).await?,
            Said::Refund(returned) => refund(app, gateway, &returned, now_ms).await?,
        };
        if is_ours == IsOurs::Yes {
            outcome = "done";
        }
    }
    Ok(outcome)
}

/// Whether a gateway speaks of something that the hub asked it for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum IsOurs {
    Yes,
    No,
}

async fn payment(app: &App, gateway: &dyn Gateway, told: &Told, now_ms: i64) -> Result<IsOurs> {
    let known = find(app, gateway, told).await?;
    let Some(errand) = known else {
        if told.payment.is_some() {
            // it has our way to name payments, and none of ours
            settle::stranger(app, gateway.name(), &told.reference, now_ms).await?;
        }
        return Ok(IsOurs::No);
    };
    // who does not name the payment, or says that it is not over, is asked
    let is_over = told.state.is_captured() || told.state == AtGateway::Failed;
    if told.payment.is_some() && (is_over || settle::is_another(&errand, told)) {
        settle::payment(app, errand.id, told, now_ms).await?;
        return Ok(IsOurs::Yes);
    }
    if told.state == AtGateway::Created {
        return Ok(IsOurs::Yes);
    }
    if errand.is_pending {
        errands::run_one(app, gateway, errand, now_ms).await?;
    } else if let Ok(Some(now)) = gateway.find(&errand).await {
        settle::payment(app, errand.id, &now, now_ms).await?;
    }
    Ok(IsOurs::Yes)
}

async fn find(app: &App, gateway: &dyn Gateway, told: &Told) -> Result<Option<Errand>> {
    let row = sqlx::query(AssertSqlSafe(format!(
        "select {COLUMNS} from payments.errand where kind = 'charge' and provider = $1 and (reference = $2 or id = $3)
         order by reference = $2 desc nulls last limit 1"
    )))
    .bind(gateway.name())
    .bind(&told.reference)
    .bind(told.payment)
    .fetch_optional(&app.pool)
    .await?;
    row.as_ref().map(read).transpose()
}

async fn refund(
    app: &App,
    gateway: &dyn Gateway,
    returned: &Returned,
    now_ms: i64,
) -> Result<IsOurs> {
    let part: Option<Uuid> = sqlx::query_scalar(
        "select id from payments.errand where kind = 'refund' and provider = $1 and (reference = $2 or id = $3)",
    )
    .bind(gateway.name())
    .bind(&returned.reference)
    .bind(returned.errand)
    .fetch_optional(&app.pool)
    .await?;
    if let Some(part) = part {
        settle::refund(app, part, returned, now_ms).await?;
        return Ok(IsOurs::Yes);
    }
    let of: Option<Uuid> = sqlx::query_scalar(
        "select id from payments.errand where kind = 'charge' and provider = $1 and taken = $2",
    )
    .bind(gateway.name())
    .bind(&returned.of)
    .fetch_optional(&app.pool)
    .await?;
    let Some(payment) = of else {
        return Ok(IsOurs::No);
    };
    settle::unasked_refund(app, payment, now_ms).await?;
    Ok(IsOurs::Yes)
}
