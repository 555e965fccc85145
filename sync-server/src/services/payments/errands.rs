//! What a gateway is asked for, from when it is written down until it is known what came of it.
//!
//! A gateway is asked outside of any transaction. Before, it is written down that it is going to be; after, what came of it. Whoever is
//! killed or cut off in between leaves an errand that somebody else takes up: it asks what became of it, and asks again only for
//! what the gateway does not have.

use super::gateways::{Gateway, Returned, Told, Trouble};
use super::settle;
use crate::app::App;
use crate::books::once::{Came, Claim, outcome};
use crate::books::{Role, currency, work_as};
use crate::error::{Error, Result};
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use shared::ids::StaffId;
use shared::money::Money;
use shared::payments::charges::{LetGo, let_go};
use shared::payments::gateways::{Again, FORGOTTEN_MS, LOOK_AGAIN_MS, again, look_again_ms};
use shared::payments::webhooks::AtGateway;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How often is looked for errands that nobody is about.
const EVERY: Duration = Duration::from_millis(LOOK_AGAIN_MS.unsigned_abs());
/// Whoever asks again waits so long for who asked first.
const PATIENCE: Duration = Duration::from_secs(2);
const MEANWHILE: Duration = Duration::from_millis(50);
/// Errands that are taken up together, and those that are run at once.
const AT_ONCE: i64 = 50;
const ABREAST: usize = 8;

/// To take money, or to give it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Charge,
    Refund,
}

/// Something that a gateway is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Errand {
    /// The payment, or the part of a refund.
    pub(crate) id: Uuid,
    pub(crate) kind: Kind,
    pub(crate) amount: Money,
    pub(crate) at_gateway: AtGateway,
    /// What the gateway calls it, and what it calls the money.
    pub(crate) reference: Option<String>,
    pub(crate) taken: Option<String>,
    /// What it is taken from.
    pub(crate) source: Option<String>,
    pub(crate) attempt: u32,
    calls: u32,
    /// Somebody does not want it any more.
    pub(crate) is_unwanted: bool,
    pub(crate) begun_ms: i64,
    pub(crate) asked_ms: i64,
    pub(crate) is_pending: bool,
}

/// What an errand is read from.
pub(crate) const COLUMNS: &str = "id, kind, currency, minor, state, at_gateway, reference, taken, source, attempt, calls, begun_ms, asked_ms,
    unwanted_by is not null as is_unwanted";

pub(crate) fn read(row: &PgRow) -> Result<Errand> {
    let wrong = || Error::Bug(anyhow::anyhow!("an errand of the database cannot be read"));
    Ok(Errand {
        id: row.get("id"),
        kind: match row.get::<&str, _>("kind") {
            "refund" => Kind::Refund,
            _ => Kind::Charge,
        },
        amount: Money::new(row.get("minor"), currency(row.get("currency"))?),
        at_gateway: AtGateway::parse(row.get("at_gateway")).ok_or_else(wrong)?,
        reference: row.get("reference"),
        taken: row.get("taken"),
        source: row.get("source"),
        attempt: row.get::<i32, _>("attempt").unsigned_abs(),
        calls: row.get::<i32, _>("calls").unsigned_abs(),
        is_unwanted: row.get("is_unwanted"),
        begun_ms: row.get("begun_ms"),
        asked_ms: row.get("asked_ms"),
        is_pending: row.get::<&str, _>("state") == "pending",
    })
}

/// An errand that is written down, together with what it is for.
#[derive(Clone, Debug)]
pub(crate) struct New<'a> {
    pub(crate) id: Uuid,
    pub(crate) provider: &'a str,
    pub(crate) amount: Money,
    pub(crate) key: Uuid,
    pub(crate) by: StaffId,
    pub(crate) now_ms: i64,
    pub(crate) what: What<'a>,
}

/// What an errand is for.
#[derive(Clone, Debug)]
pub(crate) enum What<'a> {
    Charge {
        bill: Option<Uuid>,
        appointment: Option<Uuid>,
        till: &'a str,
        source: Option<&'a str>,
        asked: &'a str,
    },
    Refund {
        refund: Uuid,
        payment: Uuid,
        /// What the gateway calls the money that it goes back of.
        taken: &'a str,
    },
}

/// Writes an errand down.
pub(crate) async fn begin(tx: &mut PgConnection, new: &New<'_>) -> sqlx::Result<()> {
    let insert = sqlx::query(
        "insert into payments.errand (id, kind, provider, currency, minor, key, by, begun_ms, asked_ms, try_ms,
            bill, appointment, till, source, asked, refund, payment, taken)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
    )
    .bind(new.id)
    .bind(match new.what {
        What::Charge { .. } => "charge",
        What::Refund { .. } => "refund",
    })
    .bind(new.provider)
    .bind(new.amount.currency.letters())
    .bind(new.amount.minor)
    .bind(new.key)
    .bind(new.by.0)
    .bind(new.now_ms);
    let none = None::<&str>;
    let insert = match new.what {
        What::Charge {
            bill,
            appointment,
            till,
            source,
            asked,
        } => insert
            .bind(bill)
            .bind(appointment)
            .bind(till)
            .bind(source)
            .bind(asked)
            .bind(None::<Uuid>)
            .bind(None::<Uuid>)
            .bind(none),
        What::Refund {
            refund,
            payment,
            taken,
        } => insert
            .bind(None::<Uuid>)
            .bind(None::<Uuid>)
            .bind(none)
            .bind(none)
            .bind(none)
            .bind(refund)
            .bind(payment)
            .bind(taken),
    };
    insert.execute(tx).await?;
    Ok(())
}

/// Takes up errands that nobody is about: those of a call, or of everybody. Nobody else does so for a while.
async fn take_up(
    app: &App,
    gateway: &dyn Gateway,
    key: Option<Uuid>,
    now_ms: i64,
) -> Result<Vec<Errand>> {
    let mut tx = app.pool.begin().await?;
    work_as(&mut tx, Role::Payments).await?;
    let rows = sqlx::query(AssertSqlSafe(format!(
        "with due as (
            select id as due_id from payments.errand where state = 'pending' and provider = $1 and try_ms <= $2 and ($3::uuid is null or key = $3)
            order by try_ms limit $4 for update skip locked)
         update payments.errand set try_ms = $2 + $5 from due where id = due_id returning {COLUMNS}"
    )))
    .bind(gateway.name())
    .bind(now_ms)
    .bind(key)
    .bind(AT_ONCE)
    .bind(LOOK_AGAIN_MS)
    .fetch_all(&mut *tx)
    .await?;
    tx.commit().await?;
    rows.iter().map(read).collect()
}

/// Runs every errand that is due; returns how many.
pub async fn complete(app: &App, now_ms: i64) -> Result<usize> {
    let Ok(gateway) = app.gateways.get() else {
        return Ok(0);
    };
    let due = take_up(app, gateway.as_ref(), None, now_ms).await?;
    let count = due.len();
    let gateway = gateway.as_ref();
    stream::iter(due)
        .for_each_concurrent(ABREAST, |errand| async move {
            let id = errand.id;
            if let Err(error) = run_one(app, gateway, errand, now_ms).await {
                let code = error.code();
                tracing::warn!(errand.id = %id, error.code = code, "An errand was not run; it is tried again");
            }
        })
        .await;
    Ok(count)
}

/// Hears what gateways say and runs errands that are due, until it is dropped.
pub(crate) async fn run(app: App) {
    if let Err(error) = begin_again(&app).await {
        let code = error.code();
        tracing::warn!(error.code = code, "Errands wait until their time comes");
    }
    loop {
        let now_ms = app.now().0;
        let done = async {
            while super::told::take_in(&app, now_ms).await? > 0 {}
            while complete(&app, now_ms).await? > 0 {}
            Ok::<_, Error>(())
        };
        if let Err(error) = done.await {
            let code = error.code();
            tracing::warn!(
                error.code = code,
                "Errands to a gateway wait; they are tried again"
            );
        }
        tokio::select! {
            () = app.gateways.news() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Has every errand and every message taken up at once: whoever was about one when the hub stopped is gone. Who is not asks for the same under the same key.
async fn begin_again(app: &App) -> Result<()> {
    let mut tx = app.pool.begin().await?;
    work_as(&mut tx, Role::Payments).await?;
    sqlx::query("update payments.errand set try_ms = least(try_ms, $1) where state = 'pending'")
        .bind(app.now().0)
        .execute(&mut *tx)
        .await?;
    Ok(tx.commit().await?)
}

/// Why an errand stops.
enum Stop {
    Gateway(Trouble),
    Hub(Error),
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        Stop::Gateway(trouble)
    }
}

impl From<sqlx::Error> for Stop {
    fn from(error: sqlx::Error) -> Self {
        Stop::Hub(error.into())
    }
}

/// Runs an errand as far as it goes.
pub(crate) async fn run_one(
    app: &App,
    gateway: &dyn Gateway,
    mut errand: Errand,
    now_ms: i64,
) -> Result<()> {
    let came = match errand.kind {
        Kind::Charge => match charge(app, gateway, &mut errand, now_ms).await {
            Ok(told) => {
                settle::payment(app, errand.id, &told, now_ms).await?;
                if !settle::is_another(&errand, &told) {
                    return Ok(());
                }
                Stop::Gateway(Trouble::Refused("payment.gateway_mismatch".into()))
            }
            Err(stop) => stop,
        },
        Kind::Refund => match refund(app, gateway, &mut errand, now_ms).await {
            Ok(told) => return settle::refund(app, errand.id, &told, now_ms).await,
            Err(stop) => stop,
        },
    };
    match came {
        Stop::Gateway(Trouble::Refused(code)) => settle::fail(app, errand.id, &code, now_ms).await,
        Stop::Gateway(Trouble::Unknown(code)) => {
            tracing::warn!(errand.id = %errand.id, error.code = code, "Nobody knows what a gateway did");
            later(app, &errand, &code, now_ms).await
        }
        Stop::Hub(error) => Err(error),
    }
}

/// Has somebody look again later, or no more once the payer has left it lying.
async fn later(app: &App, errand: &Errand, code: &str, now_ms: i64) -> Result<()> {
    let mut tx = app.pool.begin().await?;
    work_as(&mut tx, Role::Payments).await?;
    sqlx::query(
        "update payments.errand set try_ms = $2, doubt = $3 where id = $1 and state = 'pending'",
    )
    .bind(errand.id)
    .bind(now_ms + look_again_ms(now_ms - errand.begun_ms))
    .bind(code)
    .execute(&mut *tx)
    .await?;
    Ok(tx.commit().await?)
}

/// Gets the money, or how far that is.
async fn charge(
    app: &App,
    gateway: &dyn Gateway,
    errand: &mut Errand,
    now_ms: i64,
) -> Result<Told, Stop> {
    let known = match errand.calls {
        0 => None,
        _ => gateway.find(errand).await?,
    };
    if errand.is_unwanted {
        return let_it_go(gateway, errand, known, now_ms).await;
    }
    let told = match known {
        Some(told) => told,
        None => {
            ask_again(app, errand, now_ms).await?;
            gateway.charge(errand).await?
        }
    };
    if told.state != AtGateway::Authorized || settle::is_another(errand, &told) {
        return forgotten(errand, told, now_ms);
    }
    settle::note(app, errand.id, &told)
        .await
        .map_err(Stop::Hub)?;
    match gateway.capture(errand, &told).await {
        // it was captured meanwhile, or cannot be any more
        Err(Trouble::Refused(_)) => {
            let now = gateway.find(errand).await?;
            let lost = || Trouble::Unknown("gateway.lost".into());
            forgotten(errand, now.ok_or_else(lost)?, now_ms)
        }
        captured => Ok(captured?),
    }
}

/// Has the gateway let go of what somebody does not want any more. Money that it has all the same is taken.
async fn let_it_go(
    gateway: &dyn Gateway,
    errand: &Errand,
    known: Option<Told>,
    now_ms: i64,
) -> Result<Told, Stop> {
    let at = known.as_ref().map(|told| told.state);
    match (let_go(at, errand.calls, errand.asked_ms, now_ms), known) {
        (LetGo::Believe, Some(told)) => Ok(told),
        (LetGo::Tell, Some(told)) => match gateway.cancel(&told).await {
            // it was paid meanwhile, or is over
            Err(Trouble::Refused(_)) => {
                let now = gateway.find(errand).await?;
                let lost = || Trouble::Unknown("gateway.lost".into());
                Ok(now.ok_or_else(lost)?)
            }
            over => Ok(over?),
        },
        (LetGo::End, _) => Err(Trouble::Refused("payment.cancelled".into()).into()),
        (LetGo::Wait | LetGo::Tell | LetGo::Believe, _) => {
            Err(Trouble::Unknown("gateway.wait".into()).into())
        }
    }
}

/// Gives up what the payer has left lying. Should they pay after all, the gateway says so.
fn forgotten(errand: &Errand, told: Told, now_ms: i64) -> Result<Told, Stop> {
    let waits = matches!(told.state, AtGateway::Created | AtGateway::Authorized);
    if waits && now_ms - errand.begun_ms > FORGOTTEN_MS {
        return Err(Trouble::Refused("payment.expired".into()).into());
    }
    Ok(told)
}

/// Gives money back.
async fn refund(
    app: &App,
    gateway: &dyn Gateway,
    errand: &mut Errand,
    now_ms: i64,
) -> Result<Returned, Stop> {
    let known = match errand.calls {
        0 => None,
        _ => gateway.find_refund(errand).await?,
    };
    if let Some(returned) = known {
        return Ok(returned);
    }
    ask_again(app, errand, now_ms).await?;
    Ok(gateway.refund(errand).await?)
}

/// Notes that a gateway is about to be asked, and under which key.
async fn ask_again(app: &App, errand: &mut Errand, now_ms: i64) -> Result<(), Stop> {
    match again(errand.calls, errand.asked_ms, now_ms) {
        Again::SameKey => errand.calls += 1,
        Again::Wait => return Err(Trouble::Unknown("gateway.wait".into()).into()),
        Again::NewKey => (errand.attempt, errand.calls) = (errand.attempt + 1, 1),
    }
    errand.asked_ms = now_ms;
    let mut tx = app.pool.begin().await?;
    work_as(&mut tx, Role::Payments).await?;
    sqlx::query("update payments.errand set attempt = $2, calls = $3, asked_ms = $4 where id = $1")
        .bind(errand.id)
        .bind(i32::try_from(errand.attempt).unwrap_or(i32::MAX))
        .bind(i32::try_from(errand.calls).unwrap_or(i32::MAX))
        .bind(now_ms)
        .execute(&mut *tx)
        .await?;
    Ok(tx.commit().await?)
}

/// Answers a call that goes on: with what came of it, or that it is under way.
pub(crate) async fn answer(app: &App, came: Came) -> Result<Response> {
    let claim = match came {
        Came::Said(response) => return Ok(response),
        Came::GoesOn(claim) => claim,
    };
    let gateway = app.gateways.get()?;
    let begun = Instant::now();
    loop {
        let now_ms = app.now().0;
        let ours = take_up(app, gateway.as_ref(), Some(claim.key), now_ms).await?;
        let has_asked = !ours.is_empty();
        for errand in ours {
            run_one(app, gateway.as_ref(), errand, now_ms).await?;
        }
        if let Some(response) = outcome(app, claim).await? {
            return Ok(response);
        }
        // somebody else may be about it
        if has_asked || begun.elapsed() > PATIENCE {
            return under_way(app, claim).await;
        }
        tokio::time::sleep(MEANWHILE).await;
    }
}

async fn under_way(app: &App, claim: Claim) -> Result<Response> {
    let row = sqlx::query(
        "select id, refund, payer from payments.errand where key = $1 order by id limit 1",
    )
    .bind(claim.key)
    .fetch_optional(&app.pool)
    .await?;
    let body = match &row {
        Some(row) if row.get::<Option<Uuid>, _>("refund").is_some() => {
            json!({ "refund": row.get::<Uuid, _>("refund"), "state": "pending" })
        }
        Some(row) => {
            let payer: Option<String> = row.get("payer");
            json!({ "payment": row.get::<Uuid, _>("id"), "state": "pending", "payer": payer })
        }
        None => Value::Null,
    };
    Ok((StatusCode::ACCEPTED, Json(body)).into_response())
}
