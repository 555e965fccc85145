//! What a document of a desk writes into the books.

use super::desk::{Told, prepared};
use crate::books::bills::{self, Voided};
use crate::books::journals::{self, About};
use crate::books::{currency, except};
use crate::error::{Error, Result};
use serde_json::json;
use shared::billing::Exception;
use shared::ledger::journals::{self as of_books, Parts};
use shared::ledger::{Account, Journal};
use shared::money::Money;
use shared::payments::desk::{Given, Outcome};
use shared::payments::plain::{self, Plain};
use shared::payments::receipts::ReceiptNumber;
use shared::payments::{self, Method, Origin};
use sqlx::types::Json as Column;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// Posts a document.
pub(super) async fn post(tx: &mut PgConnection, told: &Told<'_>) -> Result<Outcome> {
    match &told.document.what {
        Given::Receipt { amount, how, .. } => receive(tx, told, *amount, how).await,
        Given::Void { of, .. } => take_back(tx, told, of).await,
    }
}

/// Keeps a document out of the books, with what a person would have to write.
pub(super) async fn keep(
    tx: &mut PgConnection,
    told: &Told<'_>,
    exception: Exception,
) -> Result<Outcome> {
    let about = told.about(format!(
        "receipt:{}:{}",
        told.document.number, told.document.id
    ));
    except(tx, exception, &about, prepared(told).as_ref(), told.now_ms).await?;
    Ok(Outcome::Kept { exception })
}

/// What became of money that came in.
struct Received {
    bill: Option<Uuid>,
    appointment: Option<Uuid>,
    patient: Uuid,
    parts: Parts,
    journal: Journal,
    exception: Option<Exception>,
}

async fn receive(
    tx: &mut PgConnection,
    told: &Told<'_>,
    amount: Money,
    how: &Method,
) -> Result<Outcome> {
    let is_taken: bool =
        sqlx::query_scalar("select exists (select 1 from payments.payment where id = $1)")
            .bind(told.document.id)
            .fetch_one(&mut *tx)
            .await?;
    if is_taken {
        return keep(tx, told, Exception::ReceiptUnclear).await;
    }
    let received = received(tx, told, amount, how).await?;
    let about = About {
        bill: received.bill,
        appointment: received.appointment,
        patient: Some(received.patient),
        ..told.about(format!("payment:{}", told.document.id))
    };
    journals::write(tx, &received.journal, &about).await?;
    store(tx, told, &received, (amount, how)).await?;
    let Parts { applied, kept } = received.parts;
    match received.exception {
        None => Ok(Outcome::Posted { applied, kept }),
        Some(exception) => {
            except(tx, exception, &about, None, told.now_ms).await?;
            Ok(Outcome::Excepted { exception })
        }
    }
}

async fn received(
    tx: &mut PgConnection,
    told: &Told<'_>,
    amount: Money,
    how: &Method,
) -> Result<Received> {
    let invalid = |problem| Error::Invalid(vec![problem]);
    let known = bills::lock(tx, told.document.bill).await?;
    let taken = known
        .as_ref()
        .map(|known| payments::take(&known.bill, amount, how.account(), Origin::Fact));
    let (Some(known), Some(Ok(taken))) = (known, taken) else {
        // for nothing that the hub knows: it is the patient's, until somebody finds out
        return Ok(Received {
            bill: None,
            appointment: None,
            patient: told.document.patient.0,
            parts: Parts {
                applied: 0,
                kept: amount.minor,
            },
            journal: payments::deposit(amount, how.account()).map_err(invalid)?,
            exception: Some(Exception::ReceiptUnclear),
        });
    };
    bills::store(tx, known.id, &taken.written.bill, Voided::NOT).await?;
    Ok(Received {
        bill: Some(known.id),
        appointment: known.appointment,
        patient: known.patient,
        parts: taken.parts,
        journal: taken.written.journal,
        exception: taken.exception,
    })
}

async fn store(
    tx: &mut PgConnection,
    told: &Told<'_>,
    received: &Received,
    (amount, how): (Money, &Method),
) -> Result<()> {
    let account = how.account();
    let text = serde_json::to_vec(told.document).map_err(anyhow::Error::from)?;
    let (_, asked) = plain::read::<Plain>(&text).map_err(Error::Malformed)?;
    sqlx::query(
        "insert into payments.payment (id, bill, appointment, patient, currency, minor, applied, kept, method, account, part, receipt, asked, by, at_ms)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    )
    .bind(told.document.id)
    .bind(received.bill)
    .bind(received.appointment)
    .bind(received.patient)
    .bind(amount.currency.letters())
    .bind(amount.minor)
    .bind(received.parts.applied)
    .bind(received.parts.kept)
    .bind(json!(how))
    .bind(i32::from(account.number()))
    .bind(account.part())
    .bind(&told.document.number)
    .bind(asked.canonical())
    .bind(told.document.by.0)
    .bind(told.document.at_ms.clamp(0, told.now_ms))
    .execute(tx)
    .await?;
    Ok(())
}

const PAYMENT: &str = "select id, bill, appointment, patient, currency, minor, applied, kept, released, refunded, account, part,
        exists (select 1 from payments.spending where spending.payment = payment.id) as is_spent
    from payments.payment where receipt = $1 for update";

/// Takes a receipt back that was a mistake, as far as nothing was done with its money since.
async fn take_back(tx: &mut PgConnection, told: &Told<'_>, of: &str) -> Result<Outcome> {
    let Some(outcome) = before(tx, told, of).await? else {
        return keep(tx, told, Exception::ReceiptUnclear).await;
    };
    match outcome {
        Outcome::Posted { .. } | Outcome::Excepted { .. } => {}
        // it never was in the books
        Outcome::Kept { .. } | Outcome::Voided => return Ok(Outcome::Voided),
    }
    // the bill is locked before its payments, as everywhere
    let bill: Option<Uuid> =
        sqlx::query_scalar("select bill from payments.payment where receipt = $1")
            .bind(of)
            .fetch_one(&mut *tx)
            .await?;
    let known = match bill {
        Some(bill) => bills::lock(tx, bill).await?,
        None => None,
    };
    let row = sqlx::query(PAYMENT).bind(of).fetch_one(&mut *tx).await?;
    let parts = Parts {
        applied: row.get("applied"),
        kept: row.get("kept"),
    };
    let number = u16::try_from(row.get::<i32, _>("account")).unwrap_or_default();
    let account = Account::of(number, row.get("part"))
        .ok_or_else(|| Error::Bug(anyhow::anyhow!("an account of the books is unknown")))?;
    let is_untouched = row.get::<i64, _>("released") == 0
        && row.get::<i64, _>("refunded") == 0
        && !row.get::<bool, _>("is_spent");
    let written = known
        .as_ref()
        .map(|known| known.bill.with_return(account.clone(), parts));
    let about = About {
        patient: Some(row.get("patient")),
        bill,
        appointment: row.get("appointment"),
        reverses: Some(format!("payment:{}", row.get::<Uuid, _>("id"))),
        ..told.about(format!("receipt_void:{}", told.document.id))
    };
    let journal = of_books::returned(currency(row.get("currency"))?, account, parts);
    match (known, written) {
        (Some(known), Some(Ok(written))) if is_untouched => {
            bills::store(tx, known.id, &written.bill, Voided::NOT).await?;
        }
        (None, None) if is_untouched => {}
        _ => {
            // some of it is a refund already: whoever looks at it knows what happened
            let exception = Exception::PaymentReturned;
            except(tx, exception, &about, Some(&journal), told.now_ms).await?;
            return Ok(Outcome::Kept { exception });
        }
    }
    journals::write(tx, &journal, &about).await?;
    sqlx::query("update payments.payment set refunded = minor, released = kept where receipt = $1")
        .bind(of)
        .execute(tx)
        .await?;
    Ok(Outcome::Voided)
}

/// Returns what became of an earlier receipt of the same desk; nothing when there is none, or it is void already.
async fn before(tx: &mut PgConnection, told: &Told<'_>, of: &str) -> Result<Option<Outcome>> {
    let Some(number) = ReceiptNumber::parse(of) else {
        return Ok(None);
    };
    let found: Option<Column<Outcome>> = sqlx::query_scalar(
        "select outcome from payments.document join payments.desk_series on code = series
         where series = $1 and number = $2 and device = $3 and body -> 'what' ? 'receipt'
            and not exists (select 1 from payments.document other
                where other.body -> 'what' ? 'void' and other.body -> 'what' -> 'void' ->> 'of' = $4)",
    )
    .bind(number.series.to_string())
    .bind(i32::try_from(number.number).unwrap_or(i32::MAX))
    .bind(told.device.0)
    .bind(of)
    .fetch_optional(tx)
    .await?;
    Ok(found.map(|Column(outcome)| outcome))
}
