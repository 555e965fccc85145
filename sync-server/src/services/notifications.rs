//! What patients have to be told: about an appointment, in whatever order that is heard of, the newest counts; about money, each bill
//! and each payment.

use crate::error::Result;
use crate::events::Consumer;
use futures::future::BoxFuture;
use shared::events::accounts::Accounts;
use shared::events::{Event, Visit, What};
use shared::ids::RecordId;
use shared::money::Money;
use shared::notices::NoticeKind;
use sqlx::PgConnection;

/// Keeps the list of notices.
#[derive(Debug)]
pub struct Notifications;

impl Consumer for Notifications {
    fn name(&self) -> &'static str {
        "notifications"
    }

    fn wants(&self, what: &What) -> bool {
        // what a person has to settle first is nothing to tell a patient
        (what.visit().is_some() && !what.is_contested()) || OfMoney::read(what).is_some()
    }

    fn take<'a>(&'a self, tx: &'a mut PgConnection, event: &'a Event) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            match OfMoney::read(&event.what) {
                Some(said) => said.note(tx, event).await?,
                None => note(tx, event).await?,
            }
            Ok(())
        })
    }
}

/// Returns what a notice is about, and whether there is anything to say.
fn word(event: &Event, visit: &Visit) -> Option<(NoticeKind, bool)> {
    let is_ahead = visit.start.as_millisecond() > event.at_ms;
    Some(match &event.what {
        // who came without having booked stands at the counter
        What::Scheduled(_) => (NoticeKind::Scheduled, is_ahead),
        What::Rescheduled(_) => (NoticeKind::Rescheduled, is_ahead),
        What::Cancelled(_) => (NoticeKind::Cancelled, true),
        What::Completed(_) => (NoticeKind::Completed, false),
        What::NoShow(_) => (NoticeKind::NoShow, true),
        What::Reminder(_) => (NoticeKind::Reminder, true),
        What::NeedsRebooking(_) => (NoticeKind::NeedsRebooking, true),
        What::SlotOffered(_) => (NoticeKind::SlotOffered, true),
        What::Accounts(_) => return None,
    })
}

/// Notes what is to be said; what is older about the same appointment is not said any more.
async fn note(tx: &mut PgConnection, event: &Event) -> sqlx::Result<()> {
    let Some(visit) = event.what.visit() else {
        return Ok(());
    };
    let Some((kind, is_to_say)) = word(event, visit) else {
        return Ok(());
    };
    // two about one appointment that are taken at once wait for each other
    sqlx::query("select pg_advisory_xact_lock(hashtextextended($1::text, 0))")
        .bind(event.subject.0)
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "insert into notice (appointment, nth, kind, patient, start_ms, at_ms, is_pointless)
         values ($1, $2, $3, $4, $5, $6, not $7 or exists (select 1 from notice where appointment = $1 and nth > $2))",
    )
    .bind(event.subject.0)
    .bind(i32::try_from(event.nth).unwrap_or(i32::MAX))
    .bind(kind.word())
    .bind(visit.patient.0)
    .bind(visit.start.as_millisecond())
    .bind(event.at_ms)
    .bind(is_to_say)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "update notice set is_pointless = true where appointment = $1 and nth < $2 and given_at is null and not is_pointless",
    )
    .bind(event.subject.0)
    .bind(i32::try_from(event.nth).unwrap_or(i32::MAX))
    .execute(tx)
    .await?;
    Ok(())
}

/// What somebody has to be told about money.
struct OfMoney {
    kind: &'static str,
    patient: RecordId,
    bill: Option<RecordId>,
    amount: Money,
}

impl OfMoney {
    fn read(what: &What) -> Option<Self> {
        let What::Accounts(accounts) = what else {
            return None;
        };
        match accounts {
            Accounts::BillCreated(bill) => Some(Self {
                kind: "bill",
                patient: bill.patient,
                bill: None,
                amount: bill.gross,
            }),
            Accounts::PaymentCompleted(payment) => Some(Self {
                kind: "receipt",
                patient: payment.patient,
                bill: payment.bill,
                amount: payment.amount,
            }),
            // who pays by card is there and hears of it
            Accounts::PaymentFailed(_)
            | Accounts::OrderCompleted(_)
            | Accounts::TestCompleted(_) => None,
        }
    }

    async fn note(&self, tx: &mut PgConnection, event: &Event) -> sqlx::Result<()> {
        sqlx::query(
            "insert into notice_of_money (subject, nth, kind, patient, bill, minor, currency, at_ms)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(event.subject.0)
        .bind(i32::try_from(event.nth).unwrap_or(i32::MAX))
        .bind(self.kind)
        .bind(self.patient.0)
        .bind(self.bill.map(|bill| bill.0))
        .bind(self.amount.minor)
        .bind(self.amount.currency.letters())
        .bind(event.at_ms)
        .execute(tx)
        .await?;
        Ok(())
    }
}
