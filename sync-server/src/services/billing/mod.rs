//! Bills come out of what becomes of visits: this service hears of visits, in whatever order, and acts on each in its turn.

pub mod bills;
pub mod books;
pub mod counter;
pub mod credit_notes;
pub mod days;
pub mod desk;
pub mod exceptions;
pub mod export;
mod orders;
pub mod prices;
pub mod supplements;

use crate::books::bills::{self as kept, Known, Voided};
use crate::books::journals::{self, About};
use crate::books::{InBooks, Owed, Role, as_hub, currency, except, owe, work_as};
use crate::error::{Error, Result};
use crate::events::{Consumer, outbox};
use crate::world;
use futures::future::BoxFuture;
use shared::billing::facts::{Course, Fact, Moment, Step, Visit, hear};
use shared::events::{Event, What};
use shared::ledger::{Account, Journal};
use shared::money::Money;
use shared::money::tax::{RATE, Rate};
use shared::payments::refunds::{Limits, RefundStep, Way, needs_second};
use shared::problem::Problem;
use shared::scheduling::rules::{FREE_CANCEL_MS, Fee};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// Acts on what becomes of visits.
#[derive(Debug)]
pub struct Billing;

impl Consumer for Billing {
    fn name(&self) -> &'static str {
        "billing"
    }

    fn wants(&self, what: &What) -> bool {
        match what {
            What::Accounts(accounts) => accounts.to_bill().is_some(),
            // every event about a visit, so that one which is missing shows
            What::Scheduled(_)
            | What::Rescheduled(_)
            | What::Cancelled(_)
            | What::Completed(_)
            | What::NoShow(_)
            | What::Reminder(_)
            | What::NeedsRebooking(_)
            | What::SlotOffered(_) => true,
        }
    }

    fn take<'a>(&'a self, tx: &'a mut PgConnection, event: &'a Event) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            work_as(tx, Role::Billing).await?;
            if let What::Accounts(accounts) = &event.what {
                orders::bill(tx, event, accounts).await?;
                return Ok(as_hub(tx).await?);
            }
            keep(tx, event).await?;
            while act_on_next(tx, event.subject.0).await? == Acted::Yes {}
            Ok(as_hub(tx).await?)
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Acted {
    Yes,
    No,
}

async fn keep(tx: &mut PgConnection, event: &Event) -> sqlx::Result<()> {
    // two about one visit that are taken at once wait for each other
    sqlx::query("select pg_advisory_xact_lock(hashtextextended($1::text, 1))")
        .bind(event.subject.0)
        .execute(&mut *tx)
        .await?;
    sqlx::query("insert into billing.heard (appointment, nth, body) values ($1, $2, $3) on conflict do nothing")
        .bind(event.subject.0)
        .bind(number(event))
        .bind(event.to_json())
        .execute(tx)
        .await?;
    Ok(())
}

fn number(event: &Event) -> i32 {
    i32::try_from(event.nth).unwrap_or(i32::MAX)
}

/// Acts on the event that comes next about a visit, if it has been heard.
async fn act_on_next(tx: &mut PgConnection, appointment: Uuid) -> Result<Acted> {
    let body: Option<Json<serde_json::Value>> = sqlx::query_scalar(
        "select body from billing.heard where appointment = $1 and outcome is null and nth = 1 + coalesce(
            (select max(nth) from billing.heard where appointment = $1 and outcome is not null), 0)",
    )
    .bind(appointment)
    .fetch_optional(&mut *tx)
    .await?;
    let Some(Json(body)) = body else {
        return Ok(Acted::No);
    };
    let event = Event::parse(&body).map_err(Error::Malformed)?;
    let outcome = act(tx, &event).await?;
    sqlx::query("update billing.heard set outcome = $3 where appointment = $1 and nth = $2")
        .bind(appointment)
        .bind(number(&event))
        .bind(outcome)
        .execute(tx)
        .await?;
    Ok(Acted::Yes)
}

/// A visit as it is stored.
struct Stored {
    visit: Visit,
    patient: Uuid,
    appointment: Uuid,
    round: i32,
    bill: Option<Known>,
}

/// Acts on an event and says what came of it.
async fn act(tx: &mut PgConnection, event: &Event) -> Result<String> {
    if says_nothing(&event.what) {
        return Ok("noted".into());
    }
    let Some(mut stored) = find(tx, event).await? else {
        return Ok("no_price".into());
    };
    let outcome = match fact_of(event) {
        None => {
            moved(&mut stored, event);
            "noted".to_owned()
        }
        Some(fact) => match hear(&stored.visit, &fact) {
            Err(problem) => refusal(event, problem),
            Ok(heard) => {
                let about = about(&stored, event, 0);
                if let Some(kind) = heard.exception {
                    except(tx, kind, &about, heard.prepared.as_ref(), event.recorded_ms).await?;
                }
                for (nth, step) in (1..).zip(&heard.steps) {
                    take_step(tx, &mut stored, step, (event, nth)).await?;
                }
                stored.visit = heard.visit;
                "done".to_owned()
            }
        },
    };
    store(tx, &stored).await?;
    Ok(outcome)
}

/// Says whether an event is of no interest for money: nothing stands by it that did not, and nothing ends.
fn says_nothing(what: &What) -> bool {
    match what {
        What::Reminder(_) | What::NeedsRebooking(_) | What::SlotOffered(_) | What::Accounts(_) => {
            true
        }
        What::Scheduled(_)
        | What::Rescheduled(_)
        | What::Cancelled(_)
        | What::Completed(_)
        | What::NoShow(_) => false,
    }
}

fn refusal(event: &Event, problem: Problem) -> String {
    tracing::info!(
        event.id = event.id(),
        error.code = problem.code,
        "A visit's money stays as it is"
    );
    problem.code
}

/// Returns what an event says that matters for money.
fn fact_of(event: &Event) -> Option<Fact> {
    let at = Moment::known(event.at_ms);
    match &event.what {
        What::Scheduled(_)
        | What::Rescheduled(_)
        | What::Reminder(_)
        | What::NeedsRebooking(_)
        | What::SlotOffered(_)
        | What::Accounts(_) => None,
        What::NoShow(_) => Some(Fact::NoShow),
        // a second completion, which the appointment does not show, is another one
        What::Completed(closed) => Some(Fact::Completed {
            at,
            what: if closed.is_contested {
                event.at_ms.unsigned_abs()
            } else {
                0
            },
        }),
        What::Cancelled(cancelled) => {
            let start_ms = cancelled.visit.start.as_millisecond();
            // it never stood, or was entered by mistake: that costs nothing whenever it is said
            let free = || Moment::known(event.at_ms.min(start_ms - FREE_CANCEL_MS - 1));
            let at = match cancelled.fee {
                Fee::Nothing => free(),
                Fee::Half | Fee::Whole => at,
            };
            Some(Fact::Cancelled { at })
        }
    }
}

/// Notes where a visit is now. One that was given up and stands again is another visit, as far as money is concerned.
fn moved(stored: &mut Stored, event: &Event) {
    let visit = match &event.what {
        What::Scheduled(visit) => visit,
        What::Rescheduled(moved) => &moved.visit,
        What::Cancelled(_)
        | What::Completed(_)
        | What::NoShow(_)
        | What::Reminder(_)
        | What::NeedsRebooking(_)
        | What::SlotOffered(_)
        | What::Accounts(_) => return,
    };
    match stored.visit.course {
        Course::Booked => {}
        Course::Cancelled { .. } => {
            stored.round += 1;
            stored.visit.course = Course::Booked;
            (stored.visit.bill, stored.bill) = (None, None);
        }
        Course::Completed(_) | Course::NoShow => return,
    }
    stored.visit.start_ms = visit.start.as_millisecond();
}

fn about(stored: &Stored, event: &Event, nth: usize) -> About {
    About {
        cause: format!("event:{}:{nth}", event.id()),
        patient: Some(stored.patient),
        bill: stored.bill.as_ref().map(|bill| bill.id),
        appointment: Some(stored.appointment),
        by: None,
        occurred_ms: event.at_ms,
        recorded_ms: event.recorded_ms,
        reverses: None,
    }
}

async fn take_step(
    tx: &mut PgConnection,
    stored: &mut Stored,
    step: &Step,
    (event, nth): (&Event, usize),
) -> Result<()> {
    let journal = match step {
        Step::Release(journal) => journal,
        Step::Issue(written) => {
            let known = Known {
                id: world::new_id(),
                number: 0,
                patient: stored.patient,
                appointment: Some(stored.appointment),
                based_on: None,
                adds_to: None,
                what: None,
                issued_ms: event.recorded_ms,
                bill: written.bill,
            };
            kept::insert(tx, &known, stored.round).await?;
            outbox::tell(
                tx,
                &[orders::created(&known, event.at_ms, event.recorded_ms)],
            )
            .await?;
            stored.bill = Some(known);
            &written.journal
        }
        Step::Change(written) => {
            let known = stored.bill.as_mut();
            let known = known.expect("what changes was issued before");
            known.bill = written.bill;
            let voided = Voided {
                reason: event.what.name(),
                by: None,
            };
            kept::store(tx, known.id, &written.bill, voided).await?;
            &written.journal
        }
    };
    let about = about(stored, event, nth);
    journals::write(tx, journal, &about).await?;
    give_back(tx, stored, journal, &about).await
}

/// Notes what a journal says is to be paid back, so that somebody hands it out.
async fn give_back(
    tx: &mut PgConnection,
    stored: &Stored,
    journal: &Journal,
    about: &About,
) -> Result<()> {
    let lines = journal.postings().iter();
    let minor: i64 = lines
        .filter(|line| line.account == Account::RefundsPayable)
        .map(|line| line.credit)
        .sum();
    if minor == 0 {
        return Ok(());
    }
    let is_large = needs_second(minor, Way::Other, Limits::of(journal.currency()));
    let owed = Owed {
        id: world::new_id(),
        cause: about.cause.clone(),
        bill: stored.bill.as_ref().map(|bill| bill.id),
        payment: None,
        appointment: Some(stored.appointment),
        patient: stored.patient,
        amount: Money::new(minor, journal.currency()),
        state: if is_large {
            RefundStep::RequiresAction
        } else {
            RefundStep::Pending
        },
        in_books: InBooks::Yes,
        reason: journal.why().word().into(),
        asked_by: None,
        at_ms: about.recorded_ms,
    };
    Ok(owe(tx, &owed).await?)
}

const FIND: &str = "select patient, start_ms, fee, currency, rate_basis_points, rate_version, course, cancelled_ms, cancel_fee, completed,
    round, bill, deposit from billing.visit where appointment = $1 for update";

/// Finds a visit, or begins one with what it costs at the time; nothing where no price is set.
async fn find(tx: &mut PgConnection, event: &Event) -> Result<Option<Stored>> {
    let find = async |tx: &mut PgConnection| {
        let row = sqlx::query(FIND).bind(event.subject.0).fetch_optional(tx);
        row.await
    };
    let row = match find(tx).await? {
        Some(row) => row,
        None => {
            begin(tx, event).await?;
            match find(tx).await? {
                Some(row) => row,
                None => return Ok(None),
            }
        }
    };
    let bill = match row.get::<Option<Uuid>, _>("bill") {
        Some(id) => kept::lock(tx, id).await?,
        None => None,
    };
    let visit = read(&row, bill.as_ref())?;
    Ok(Some(Stored {
        visit,
        patient: row.get("patient"),
        appointment: event.subject.0,
        round: row.get("round"),
        bill,
    }))
}

async fn begin(tx: &mut PgConnection, event: &Event) -> sqlx::Result<()> {
    let Some(visit) = event.what.visit() else {
        return Ok(());
    };
    sqlx::query(
        "insert into billing.visit (appointment, patient, start_ms, fee, currency, rate_basis_points, rate_version, course)
         select $1, $2, $3, net, currency, $6, $7, 'booked' from billing.price
         where from_ms <= $4 and (department = $5 or department is null)
         order by department nulls last, from_ms desc, id desc limit 1",
    )
    .bind(event.subject.0)
    .bind(visit.patient.0)
    .bind(visit.start.as_millisecond())
    .bind(event.at_ms)
    .bind(visit.department.map(|department| department.0))
    .bind(i32::try_from(RATE.basis_points).unwrap_or(i32::MAX))
    .bind(i32::try_from(RATE.version).unwrap_or(i32::MAX))
    .execute(tx)
    .await?;
    Ok(())
}

fn read(row: &PgRow, bill: Option<&Known>) -> Result<Visit> {
    let fee = match row.get::<Option<&str>, _>("cancel_fee") {
        Some("half") => Fee::Half,
        Some("whole") => Fee::Whole,
        Some(_) | None => Fee::Nothing,
    };
    let course = match row.get::<&str, _>("course") {
        "completed" => Course::Completed(row.get::<i64, _>("completed").cast_unsigned()),
        "cancelled" => Course::Cancelled {
            at_ms: row.get("cancelled_ms"),
            fee,
        },
        "no_show" => Course::NoShow,
        _ => Course::Booked,
    };
    Ok(Visit {
        start_ms: row.get("start_ms"),
        fee: Money::new(row.get("fee"), currency(row.get("currency"))?),
        rate: Rate {
            basis_points: row.get::<i32, _>("rate_basis_points").unsigned_abs(),
            version: row.get::<i32, _>("rate_version").unsigned_abs(),
        },
        course,
        bill: bill.map(|known| known.bill),
        deposit: row.get("deposit"),
    })
}

async fn store(tx: &mut PgConnection, stored: &Stored) -> sqlx::Result<()> {
    let (course, cancelled, completed) = match stored.visit.course {
        Course::Booked => ("booked", None, None),
        Course::Completed(what) => ("completed", None, Some(what.cast_signed())),
        Course::Cancelled { at_ms, fee } => ("cancelled", Some((at_ms, fee)), None),
        Course::NoShow => ("no_show", None, None),
    };
    let fee = cancelled.map(|(_, fee)| match fee {
        Fee::Nothing => "nothing",
        Fee::Half => "half",
        Fee::Whole => "whole",
    });
    sqlx::query(
        "update billing.visit set start_ms = $2, course = $3, cancelled_ms = $4, cancel_fee = $5, completed = $6, round = $7,
            bill = $8, deposit = $9 where appointment = $1",
    )
    .bind(stored.appointment)
    .bind(stored.visit.start_ms)
    .bind(course)
    .bind(cancelled.map(|(at_ms, _)| at_ms))
    .bind(fee)
    .bind(completed)
    .bind(stored.round)
    .bind(stored.bill.as_ref().map(|bill| bill.id))
    .bind(stored.visit.deposit)
    .execute(tx)
    .await?;
    Ok(())
}
