//! What came of an errand: money that is in the books, or that is not to be waited for any more.

use super::errands::{COLUMNS, Errand, read};
use super::gateways::{Returned, Told};
use super::post::{self, Coming, Decided};
use super::refunds;
use crate::app::App;
use crate::books::journals::{self, About};
use crate::books::once::{Done, finish};
use crate::books::{InBooks, Owed, Role, as_hub, except, owe, refused, work_as};
use crate::deeds::{HUB, deed, note as note_deed};
use crate::error::{Error, Result};
use crate::events::outbox;
use crate::world;
use axum::http::StatusCode;
use shared::audit::entry::What;
use shared::billing::Exception;
use shared::events::Event;
use shared::events::accounts::{Accounts, PaymentFailed};
use shared::ids::{RecordId, StaffId};
use shared::ledger::journals as books;
use shared::money::Money;
use shared::payments::gateways::look_again_ms;
use shared::payments::refunds::{Limits, RefundStep, Way, needs_second};
use shared::payments::webhooks::{About as Ours, AtGateway, check_about};
use shared::payments::{Method, Origin};
use shared::problem::Problem;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use uuid::Uuid;

/// An errand with what it is for, locked.
struct Locked {
    errand: Errand,
    row: PgRow,
}

impl Locked {
    fn key(&self) -> Uuid {
        self.row.get("key")
    }

    fn by(&self) -> StaffId {
        StaffId(self.row.get("by"))
    }

    fn provider(&self) -> &str {
        self.row.get("provider")
    }
}

async fn lock(tx: &mut PgConnection, id: Uuid) -> Result<Locked> {
    let row = sqlx::query(AssertSqlSafe(format!(
        "select {COLUMNS}, provider, key, by, bill, appointment, till, asked, refund, payment from payments.errand where id = $1 for update"
    )))
    .bind(id)
    .fetch_one(tx)
    .await?;
    let errand = read(&row)?;
    Ok(Locked { errand, row })
}

/// Says whether a gateway speaks of something else than what it was asked for.
pub(crate) fn is_another(errand: &Errand, told: &Told) -> bool {
    let ours = Ours {
        payment: Some(errand.id),
        amount: errand.amount,
    };
    let is_other = |known: &String| *known != told.reference;
    check_about(&ours, &told.about()).is_err() || errand.reference.as_ref().is_some_and(is_other)
}

/// Notes how far a payment is.
pub(crate) async fn note(app: &App, id: Uuid, told: &Told) -> Result<()> {
    let mut tx = app.pool.begin().await?;
    work_as(&mut tx, Role::Payments).await?;
    let locked = lock(&mut tx, id).await?;
    write(&mut tx, &locked.errand, told, None).await?;
    Ok(tx.commit().await?)
}

/// Writes how far an errand is, and when somebody looks again.
async fn write(
    tx: &mut PgConnection,
    errand: &Errand,
    told: &Told,
    again_ms: Option<i64>,
) -> sqlx::Result<()> {
    sqlx::query(
        "update payments.errand set at_gateway = $2, reference = coalesce(reference, $3), taken = coalesce($4, taken), payer = coalesce(payer, $5),
            try_ms = coalesce($6, try_ms), doubt = null where id = $1",
    )
    .bind(errand.id)
    .bind(errand.at_gateway.heard(told.state).word())
    .bind(&told.reference)
    .bind(&told.taken)
    .bind(&told.payer)
    .bind(again_ms)
    .execute(tx)
    .await?;
    Ok(())
}

/// Does what follows from what a gateway says of a payment: the same again, or older news, does nothing.
pub(crate) async fn payment(app: &App, id: Uuid, told: &Told, now_ms: i64) -> Result<()> {
    let mut tx = app.pool.begin().await?;
    work_as(&mut tx, Role::Payments).await?;
    let locked = lock(&mut tx, id).await?;
    let errand = &locked.errand;
    if is_another(errand, told) {
        // where nothing was paid there is nothing to look at
        if told.state != AtGateway::Created {
            let cause = format!("gateway:{id}:{}", told.reference);
            mismatch(&mut tx, &locked, &cause, now_ms).await?;
        }
        return Ok(tx.commit().await?);
    }
    let state = errand.at_gateway.heard(told.state);
    let is_done = !errand.is_pending && errand.at_gateway.is_captured();
    let again_ms = now_ms + look_again_ms(now_ms - errand.begun_ms);
    write(&mut tx, errand, told, Some(again_ms)).await?;
    if state.is_captured() && !is_done {
        capture(app, &mut tx, &locked, now_ms).await?;
    }
    if !state.is_captured() && told.state == AtGateway::Failed {
        let code = if errand.is_unwanted {
            "payment.cancelled"
        } else {
            "payment.declined"
        };
        end(&mut tx, &locked, code, now_ms).await?;
    }
    given_back_elsewhere(&mut tx, &locked, told.refunded, now_ms).await?;
    Ok(tx.commit().await?)
}

/// Posts money that a gateway took: whatever became of the bill meanwhile, it is here.
async fn capture(app: &App, tx: &mut PgConnection, locked: &Locked, now_ms: i64) -> Result<()> {
    let (id, amount) = (locked.errand.id, locked.errand.amount);
    let how = Method::Card {
        provider: locked.provider().to_owned(),
    };
    let decided = decide(tx, locked, &how).await?;
    let coming = Coming {
        payment: id,
        amount,
        how: &how,
        till: locked.row.get("till"),
        asked: locked.row.get("asked"),
        by: locked.by(),
        at_ms: now_ms,
        year: app.today().year(),
        nth: if locked.errand.is_pending { 1 } else { 2 },
    };
    let receipt = post::post(tx, &coming, &decided).await?;
    state(tx, id, "done", None).await?;
    let done = Done {
        status: StatusCode::CREATED,
        body: post::paid(id, amount, decided.parts, (&receipt, now_ms)),
    };
    finish(tx, locked.key(), Ok(done)).await?;
    noted(tx, locked, "payment.captured").await
}

async fn decide(tx: &mut PgConnection, locked: &Locked, how: &Method) -> Result<Decided> {
    let amount = locked.errand.amount;
    let bill = match locked.row.get::<Option<Uuid>, _>("appointment") {
        Some(appointment) => {
            let visit = post::visit(tx, appointment, amount).await?;
            match visit.bill {
                // it took place while the payer was looking for their card
                Some(bill) if !visit.is_booked => bill,
                Some(_) | None => return post::for_visit(&visit, amount, how),
            }
        }
        None => locked.row.get("bill"),
    };
    post::for_bill(tx, bill, (amount, how), Origin::Fact).await
}

async fn state(
    tx: &mut PgConnection,
    id: Uuid,
    state: &str,
    code: Option<&str>,
) -> sqlx::Result<()> {
    sqlx::query("update payments.errand set state = $2, code = $3, payer = null where id = $1")
        .bind(id)
        .bind(state)
        .bind(code)
        .execute(tx)
        .await?;
    Ok(())
}

async fn noted(tx: &mut PgConnection, locked: &Locked, why: &'static str) -> Result<()> {
    as_hub(tx).await?;
    let entry = deed(What::MoneyMoved, HUB, Some(locked.by())).because(why);
    note_deed(tx, &entry).await?;
    Ok(work_as(tx, Role::Payments).await?)
}

/// Ends an errand for a payment that comes to nothing.
async fn end(tx: &mut PgConnection, locked: &Locked, code: &str, now_ms: i64) -> Result<()> {
    if !locked.errand.is_pending {
        return Ok(());
    }
    state(tx, locked.errand.id, "failed", Some(code)).await?;
    let of = |column: &str| locked.row.get::<Option<Uuid>, _>(column).map(RecordId);
    let told = PaymentFailed {
        bill: of("bill"),
        appointment: of("appointment"),
        amount: locked.errand.amount,
        reason: code.to_owned(),
    };
    let event = Event {
        subject: RecordId(locked.errand.id),
        nth: 1,
        at_ms: now_ms,
        recorded_ms: now_ms,
        what: shared::events::What::Accounts(Accounts::PaymentFailed(told)),
    };
    outbox::tell(tx, &[event]).await?;
    let problem = Error::Invalid(vec![Problem::new(code, "")]);
    finish(tx, locked.key(), Err(problem)).await
}

/// Has a person look at what a gateway says that cannot be.
async fn mismatch(
    tx: &mut PgConnection,
    locked: &Locked,
    cause: &str,
    now_ms: i64,
) -> sqlx::Result<()> {
    let about = About {
        cause: cause.to_owned(),
        bill: locked.row.get("bill"),
        appointment: locked.row.get("appointment"),
        ..About::default()
    };
    except(tx, Exception::GatewayMismatch, &about, None, now_ms).await
}

/// Has a person look at money that went back without the hub.
async fn given_back_elsewhere(
    tx: &mut PgConnection,
    locked: &Locked,
    refunded: i64,
    now_ms: i64,
) -> Result<()> {
    let id = locked.errand.id;
    let ours: i64 = sqlx::query_scalar(
        "select coalesce(sum(minor), 0)::bigint from payments.errand where payment = $1 and state <> 'failed'",
    )
    .bind(id)
    .fetch_one(&mut *tx)
    .await?;
    if refunded > ours {
        let cause = format!("given_back_elsewhere:{id}");
        mismatch(tx, locked, &cause, now_ms).await?;
    }
    Ok(())
}

/// Has a person look at a refund that nobody here asked for.
pub(crate) async fn unasked_refund(app: &App, payment: Uuid, now_ms: i64) -> Result<()> {
    let mut tx = app.pool.begin().await?;
    work_as(&mut tx, Role::Payments).await?;
    let locked = lock(&mut tx, payment).await?;
    given_back_elsewhere(&mut tx, &locked, i64::MAX, now_ms).await?;
    Ok(tx.commit().await?)
}

/// Does what follows from what a gateway says of money that goes back.
pub(crate) async fn refund(app: &App, id: Uuid, told: &Returned, now_ms: i64) -> Result<()> {
    let mut tx = app.pool.begin().await?;
    work_as(&mut tx, Role::Payments).await?;
    let locked = lock(&mut tx, id).await?;
    let errand = &locked.errand;
    if told.amount != errand.amount || told.errand != Some(id) {
        let cause = format!("gateway:{id}:{}", told.reference);
        mismatch(&mut tx, &locked, &cause, now_ms).await?;
        return Ok(tx.commit().await?);
    }
    let again_ms = now_ms + look_again_ms(now_ms - errand.begun_ms);
    sqlx::query("update payments.errand set reference = $2, try_ms = $3 where id = $1")
        .bind(id)
        .bind(&told.reference)
        .bind(again_ms)
        .execute(&mut *tx)
        .await?;
    match (told.step, errand.is_pending) {
        (RefundStep::Succeeded, true) => handed_out(&mut tx, &locked, now_ms).await?,
        (RefundStep::Failed | RefundStep::Canceled, true) => {
            not_handed_out(&mut tx, &locked, "refund.failed", now_ms).await?;
        }
        // it came back to the gateway after all
        (RefundStep::Failed | RefundStep::Canceled, false) => {
            let owed = refunds::lock(&mut tx, locked.row.get("refund")).await?.owed;
            failed(&mut tx, &locked, &owed, now_ms).await?;
        }
        (RefundStep::Pending | RefundStep::RequiresAction, _) | (RefundStep::Succeeded, false) => {}
    }
    Ok(tx.commit().await?)
}

/// Ends an errand that a gateway refused.
pub(crate) async fn fail(app: &App, id: Uuid, code: &str, now_ms: i64) -> Result<()> {
    let mut tx = app.pool.begin().await?;
    work_as(&mut tx, Role::Payments).await?;
    let locked = lock(&mut tx, id).await?;
    match locked.row.get::<Option<Uuid>, _>("refund") {
        Some(_) if locked.errand.is_pending => {
            not_handed_out(&mut tx, &locked, code, now_ms).await?;
        }
        Some(_) => {}
        None => end(&mut tx, &locked, code, now_ms).await?,
    }
    Ok(tx.commit().await?)
}

async fn handed_out(tx: &mut PgConnection, locked: &Locked, now_ms: i64) -> Result<()> {
    let (id, amount) = (locked.errand.id, locked.errand.amount);
    let owed = refunds::lock(tx, locked.row.get("refund")).await?.owed;
    sqlx::query("update payments.payment set refunded = refunded + $2 where id = $1")
        .bind(locked.row.get::<Uuid, _>("payment"))
        .bind(amount.minor)
        .execute(&mut *tx)
        .await?;
    let about = About {
        cause: format!("handed_out:{}:{id}", owed.id),
        patient: Some(owed.patient),
        bill: owed.bill,
        appointment: owed.appointment,
        by: Some(locked.by().0),
        occurred_ms: now_ms,
        recorded_ms: now_ms,
        reverses: None,
    };
    let from = Method::Card {
        provider: locked.provider().to_owned(),
    };
    let journal = books::paid_out(amount.currency, from.account(), amount.minor);
    journals::write(tx, &journal, &about).await?;
    state(tx, id, "done", None).await?;
    noted(tx, locked, "refund.handed_out").await?;
    ended(tx, locked, &owed, now_ms).await
}

async fn not_handed_out(
    tx: &mut PgConnection,
    locked: &Locked,
    code: &str,
    now_ms: i64,
) -> Result<()> {
    let owed = refunds::lock(tx, locked.row.get("refund")).await?.owed;
    state(tx, locked.errand.id, "failed", Some(code)).await?;
    failed(tx, locked, &owed, now_ms).await?;
    ended(tx, locked, &owed, now_ms).await
}

/// Has a person look at money that did not arrive.
async fn failed(
    tx: &mut PgConnection,
    locked: &Locked,
    owed: &Owed,
    now_ms: i64,
) -> sqlx::Result<()> {
    let about = About {
        cause: format!("refund_failed:{}", locked.errand.id),
        patient: Some(owed.patient),
        bill: owed.bill,
        appointment: owed.appointment,
        ..About::default()
    };
    except(tx, Exception::RefundFailed, &about, None, now_ms).await
}

/// Ends a refund with the last of its parts. What did not arrive is still owed, under a new one, which can be handed out in cash.
async fn ended(tx: &mut PgConnection, locked: &Locked, owed: &Owed, now_ms: i64) -> Result<()> {
    let row = sqlx::query(
        "select count(*) filter (where state = 'pending') as pending, coalesce(sum(minor) filter (where state = 'failed'), 0)::bigint as failed
         from payments.errand where refund = $1",
    )
    .bind(owed.id)
    .fetch_one(&mut *tx)
    .await?;
    let (pending, failed): (i64, i64) = (row.get("pending"), row.get("failed"));
    if pending > 0 {
        return Ok(());
    }
    let step = if failed == 0 {
        RefundStep::Succeeded
    } else {
        RefundStep::Failed
    };
    owed.state.then(step).map_err(refused)?;
    sqlx::query(
        "update payments.refund set state = $2, is_owed = $3, handed_by = $4 where id = $1",
    )
    .bind(owed.id)
    .bind(step.word())
    .bind(failed == 0)
    .bind(locked.by().0)
    .execute(&mut *tx)
    .await?;
    if failed == 0 {
        let done = refunds::done(StatusCode::OK, owed.id, step);
        return finish(tx, locked.key(), Ok(done)).await;
    }
    owe_again(tx, owed, failed, now_ms).await?;
    let problem = Problem::new("refund.failed", "refund").with("minor", failed);
    finish(tx, locked.key(), Err(Error::Clash(problem))).await
}

async fn owe_again(
    tx: &mut PgConnection,
    owed: &Owed,
    minor: i64,
    now_ms: i64,
) -> sqlx::Result<()> {
    let is_large = needs_second(minor, Way::Other, Limits::of(owed.amount.currency));
    let again = Owed {
        id: world::new_id(),
        cause: format!("failed:{}", owed.id),
        amount: Money::new(minor, owed.amount.currency),
        state: if is_large {
            RefundStep::RequiresAction
        } else {
            RefundStep::Pending
        },
        in_books: InBooks::Yes,
        at_ms: now_ms,
        ..owed.clone()
    };
    owe(tx, &again).await
}

/// Has a person look at a payment that a gateway says is ours and nobody here asked for.
pub(crate) async fn stranger(
    app: &App,
    provider: &str,
    reference: &str,
    now_ms: i64,
) -> Result<()> {
    let mut tx = app.pool.begin().await?;
    work_as(&mut tx, Role::Payments).await?;
    let about = About {
        cause: format!("gateway:{provider}:{reference}"),
        ..About::default()
    };
    except(&mut tx, Exception::GatewayMismatch, &about, None, now_ms).await?;
    Ok(tx.commit().await?)
}
