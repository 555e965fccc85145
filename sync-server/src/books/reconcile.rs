//! Looks through the books for what does not add up. What is looked for is in [`shared::billing::reconcile`]; here is where its
//! facts come from, all of one moment of the database, and where what was found is kept.

use super::bills::{self, COLUMNS};
use super::{currency, settlements};
use crate::app::App;
use crate::deeds::{HUB, deed, note};
use crate::error::{Error, Result};
use shared::audit::entry::What;
use shared::billing::reconcile::{
    BillFacts, DrawerFacts, Facts, Finding, PaymentFacts, SeriesFacts, Sums, Wait, Waiting, look,
};
use shared::ids::StaffId;
use shared::office::Reconciled;
use shared::problem::Problem;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use std::time::Duration;
use uuid::Uuid;

/// How often is asked whether today's was done.
const EVERY: Duration = Duration::from_secs(600);
/// Bills and payments that are looked at in one go.
const AT_ONCE: i64 = 5_000;
/// Payments that are compared with each other.
const LATELY_MS: i64 = 3 * 86_400_000;

/// Looks every day, until it is dropped.
pub(crate) async fn run(app: App) {
    loop {
        if let Err(error) = daily(&app).await {
            tracing::warn!(
                error.code = error.code(),
                "The books could not be looked through; it is tried again"
            );
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Does today's if nobody did.
pub async fn daily(app: &App) -> Result<()> {
    let done: bool = sqlx::query_scalar(
        "select exists (select 1 from billing.reconciliation where day = $1::date)",
    )
    .bind(app.today().to_string())
    .fetch_one(&app.pool)
    .await?;
    if !done {
        reconcile(app, Asked::Today).await?;
    }
    Ok(())
}

/// Why it is looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    Today,
    By(StaffId),
}

/// Looks through everything, and keeps what was found.
pub async fn reconcile(app: &App, asked: Asked) -> Result<Reconciled> {
    let begun_ms = app.now().0;
    let found = find(app, begun_ms).await?;
    let mut tx = app.pool.begin().await?;
    let mut new = 0;
    for finding in &found {
        new += u32::from(keep(&mut tx, finding, begun_ms).await? == Kept::New);
    }
    let reconciled = Reconciled {
        at_ms: app.now().0,
        found: u32::try_from(found.len()).unwrap_or(u32::MAX),
        new,
    };
    write_down(&mut tx, app, asked, begun_ms, reconciled).await?;
    tx.commit().await?;
    if new > 0 {
        tracing::warn!(found = reconciled.found, new, "The books do not add up");
    }
    Ok(reconciled)
}

async fn write_down(
    tx: &mut PgConnection,
    app: &App,
    asked: Asked,
    begun_ms: i64,
    reconciled: Reconciled,
) -> Result<()> {
    let (day, by) = match asked {
        Asked::Today => (Some(app.today().to_string()), None),
        Asked::By(staff) => (None, Some(staff)),
    };
    // another hub may have done today's meanwhile
    sqlx::query(
        "insert into billing.reconciliation (day, by, begun_ms, ended_ms, found, new) values ($1::date, $2, $3, $4, $5, $6)
         on conflict (day) do nothing",
    )
    .bind(day)
    .bind(by.map(|by| by.0))
    .bind(begun_ms)
    .bind(reconciled.at_ms)
    .bind(i32::try_from(reconciled.found).unwrap_or(i32::MAX))
    .bind(i32::try_from(reconciled.new).unwrap_or(i32::MAX))
    .execute(&mut *tx)
    .await?;
    if by.is_some() {
        note(
            tx,
            &deed(What::MoneyMoved, HUB, by).because("books.reconciled"),
        )
        .await?;
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    New,
    Known,
}

async fn keep(db: &mut PgConnection, finding: &Finding, now_ms: i64) -> sqlx::Result<Kept> {
    let is_money = finding.currency.is_some() || finding.expected != finding.found;
    let figure = |minor: i64| is_money.then_some(minor);
    let is_new: bool = sqlx::query_scalar(
        "insert into billing.exception (cause, kind, subject, bill, patient, appointment, currency, expected, found, at_ms, seen_ms)
         values ($1, $2, $3, $4, (select patient from billing.bill where id = $4), (select appointment from billing.bill where id = $4),
            $5, $6, $7, $8, $8)
         on conflict (cause) do update set seen_ms = excluded.seen_ms returning xmax = 0",
    )
    .bind(finding.cause())
    .bind(finding.check.word())
    .bind(&finding.subject)
    .bind(finding.bill)
    .bind(finding.currency.map(|currency| currency.letters().to_owned()))
    .bind(figure(finding.expected))
    .bind(figure(finding.found))
    .bind(now_ms)
    .fetch_one(db)
    .await?;
    Ok(if is_new { Kept::New } else { Kept::Known })
}

/// Runs every check over one moment of the database.
async fn find(app: &App, now_ms: i64) -> Result<Vec<Finding>> {
    let mut tx = app.pool.begin().await?;
    sqlx::query("set transaction isolation level repeatable read, read only")
        .execute(&mut *tx)
        .await?;
    let facts = Facts {
        sums: sums(&mut tx).await?,
        lately: payments(&mut tx, LATELY, now_ms - LATELY_MS).await?.1,
        series: series(&mut tx).await?,
        drawers: drawers(&mut tx).await?,
        charges: settlements::charges(&mut tx).await?,
        payouts: settlements::payouts(&mut tx).await?,
        clearing: settlements::clearing(&mut tx).await?,
        waiting: waiting(&mut tx).await?,
        ..Facts::default()
    };
    let mut found = look(&facts, now_ms);
    let mut after = 0;
    loop {
        let (last, bills) = bills_after(&mut tx, after).await?;
        let facts = Facts {
            bills,
            ..Facts::default()
        };
        found.extend(look(&facts, now_ms));
        let Some(last) = last else { break };
        after = last;
    }
    after = 0;
    loop {
        let (last, payments) = payments(&mut tx, AFTER, after).await?;
        let facts = Facts {
            payments,
            ..Facts::default()
        };
        found.extend(look(&facts, now_ms));
        let Some(last) = last else { break };
        after = last;
    }
    Ok(found)
}

/// Each currency, and each journal whose sides differ.
async fn sums(db: &mut PgConnection) -> Result<Vec<Sums>> {
    let rows = sqlx::query(
        "select journal::text as subject, currency, sum(debit)::bigint as debit, sum(credit)::bigint as credit
         from billing.posting join billing.journal on journal.id = journal group by journal, currency having sum(debit) <> sum(credit)
         union all
         select currency, currency, sum(debit)::bigint, sum(credit)::bigint
         from billing.posting join billing.journal on journal.id = journal group by currency",
    )
    .fetch_all(db)
    .await?;
    let read = |row: &PgRow| {
        Ok(Sums {
            subject: row.get("subject"),
            currency: currency(row.get("currency"))?,
            debit: row.get("debit"),
            credit: row.get("credit"),
        })
    };
    rows.iter().map(read).collect()
}

/// The next bills by their numbers, and the last number if there may be more.
async fn bills_after(db: &mut PgConnection, after: i64) -> Result<(Option<i64>, Vec<BillFacts>)> {
    let rows = sqlx::query(AssertSqlSafe(format!(
        "select {COLUMNS},
            (select coalesce(sum(debit - credit), 0)::bigint from billing.journal join billing.posting on posting.journal = journal.id
             where journal.bill = bill.id and account = 1100) as receivable,
            (select count(*) from billing.journal where journal.bill = bill.id and why = 'issued') as issued
         from billing.bill where number > $1 order by number limit $2"
    )))
    .bind(after)
    .bind(AT_ONCE)
    .fetch_all(db)
    .await?;
    let read = |row: &PgRow| {
        let known = bills::read(row)?;
        Ok(BillFacts {
            id: known.id,
            bill: known.bill,
            receivable: row.get("receivable"),
            issued: row.get("issued"),
        })
    };
    let facts = rows.iter().map(read).collect::<Result<_>>()?;
    Ok((last_of(&rows), facts))
}

fn last_of(rows: &[PgRow]) -> Option<i64> {
    let is_full = i64::try_from(rows.len()).is_ok_and(|count| count == AT_ONCE);
    let last = rows.last().filter(|_| is_full);
    last.map(|row| row.get("number"))
}

macro_rules! payments {
    ($which:literal) => {
        concat!(
            "select id, number, bill, currency, minor, at_ms,
                (select coalesce(sum(debit - credit), 0)::bigint from billing.journal join billing.posting on posting.journal = journal.id
                 where journal.cause = 'payment:' || payment.id and posting.account = payment.account and posting.part = payment.part)
                    as posted
             from payments.payment where ",
            $which
        )
    };
}

/// The next payments by their numbers.
const AFTER: &str = payments!("number > $1 order by number limit 5000");
/// All of the last days.
const LATELY: &str = payments!("at_ms > $1");

async fn payments(
    db: &mut PgConnection,
    which: &'static str,
    after: i64,
) -> Result<(Option<i64>, Vec<PaymentFacts>)> {
    let rows = sqlx::query(which).bind(after).fetch_all(db).await?;
    let read = |row: &PgRow| {
        Ok(PaymentFacts {
            id: row.get("id"),
            bill: row.get("bill"),
            currency: currency(row.get("currency"))?,
            minor: row.get("minor"),
            posted: row.get("posted"),
            at_ms: row.get("at_ms"),
        })
    };
    let facts = rows.iter().map(read).collect::<Result<_>>()?;
    Ok((last_of(&rows), facts))
}

/// The series whose numbers are not as many, or not as high, as the last one that was given.
async fn series(db: &mut PgConnection) -> Result<Vec<SeriesFacts>> {
    let rows = sqlx::query(
        "with numbered as (
            select left(receipt, 8) as code, right(receipt, 6)::integer as number from payments.payment
            where not exists (select 1 from payments.document where document.id = payment.id)
            union all select series, number from payments.document),
         given as (select code, array_agg(number) as numbers, count(*) as count, max(number) as highest from numbered group by code),
         series as (select code, last from payments.series union all select code, last from payments.desk_series)
         select coalesce(series.code, given.code) as code, coalesce(last, 0) as last, coalesce(numbers, '{}') as numbers
         from series full join given on given.code = series.code
         where coalesce(last, 0) <> coalesce(count, 0) or coalesce(last, 0) <> coalesce(highest, 0)",
    )
    .fetch_all(db)
    .await?;
    let number = |number: &i32| number.unsigned_abs();
    let read = |row: &PgRow| SeriesFacts {
        code: row.get("code"),
        last: number(&row.get::<i32, _>("last")),
        // two receipts of one number cannot be stored, so what each is for is its number
        came: row
            .get::<Vec<i32>, _>("numbers")
            .iter()
            .map(|one| (number(one), u64::from(number(one))))
            .collect(),
    };
    Ok(rows.iter().map(read).collect())
}

/// Counts that came to something else than the books said.
async fn drawers(db: &mut PgConnection) -> Result<Vec<DrawerFacts>> {
    let rows = sqlx::query(
        "select drawer || ' ' || number as subject, currency, expected, counted from payments.drawer_count where expected <> counted order by number",
    )
    .fetch_all(db)
    .await?;
    let read = |row: &PgRow| {
        Ok(DrawerFacts {
            subject: row.get("subject"),
            currency: currency(row.get("currency"))?,
            expected: row.get("expected"),
            counted: row.get("counted"),
        })
    };
    rows.iter().map(read).collect()
}

/// What waits, each with the moment since when. How long it may is the rule's.
async fn waiting(db: &mut PgConnection) -> Result<Vec<Waiting>> {
    let mut all = Vec::new();
    for (wait, statement) in WAITING {
        let rows: Vec<(String, i64)> = sqlx::query_as(statement).fetch_all(&mut *db).await?;
        all.extend(rows.into_iter().map(|(subject, since_ms)| Waiting {
            wait,
            subject,
            since_ms,
        }));
    }
    Ok(all)
}

const WAITING: [(Wait, &str); 5] = [
    (
        Wait::Payment,
        "select id::text, begun_ms from payments.errand where state = 'pending' order by begun_ms limit 200",
    ),
    (
        Wait::Key,
        "select key::text, at_ms from payments.once where status is null order by at_ms limit 200",
    ),
    (
        Wait::CardStored,
        "select coalesce(bill, appointment)::text, min(occurred_ms) filter (where debit > 0) from billing.posting
            join billing.journal on journal.id = journal
         where account = 1015 group by bill, appointment having sum(debit - credit) > 0",
    ),
    // the oldest of those that were not handed on
    (
        Wait::Event,
        "select subject || '.' || nth, recorded_ms from event where published_at is null and set_aside_at is null
         order by seq limit 1",
    ),
    // what billing heard, and misses one before
    (
        Wait::Event,
        "select appointment || '.' || nth, (extract(epoch from at) * 1000)::bigint from billing.heard where outcome is null
         order by at limit 200",
    ),
];

/// What a person said why something is settled.
pub(crate) const REASON_CHARS: usize = 200;

/// Settles something for good.
pub(crate) async fn settle(
    tx: &mut PgConnection,
    exception: i64,
    by: StaffId,
    reason: &str,
) -> Result<()> {
    let settled: Option<Uuid> =
        sqlx::query_scalar("select settled_by from billing.exception where id = $1 for update")
            .bind(exception)
            .fetch_optional(&mut *tx)
            .await?
            .ok_or_else(|| Error::Missing(Problem::new("exception.unknown", "exception")))?;
    if settled.is_some() {
        let problem = Problem::new("exception.settled", "exception");
        return Err(Error::Clash(problem));
    }
    sqlx::query(
        "update billing.exception set settled_at = now(), settled_by = $2, settled_reason = $3 where id = $1",
    )
    .bind(exception)
    .bind(by.0)
    .bind(reason)
    .execute(tx)
    .await?;
    Ok(())
}
