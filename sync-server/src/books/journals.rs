//! Writes journals, and reads what is on the accounts.

use serde_json::{Value, json};
use shared::ledger::{Journal, Posting};
use sqlx::PgConnection;
use uuid::Uuid;

/// What a journal is written for. The same cause is never written twice.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    pub(crate) cause: String,
    pub(crate) patient: Option<Uuid>,
    pub(crate) bill: Option<Uuid>,
    pub(crate) appointment: Option<Uuid>,
    pub(crate) by: Option<Uuid>,
    pub(crate) occurred_ms: i64,
    pub(crate) recorded_ms: i64,
    /// The cause of the journal that it takes back.
    pub(crate) reverses: Option<String>,
}

/// Writes a journal.
pub(crate) async fn write(
    db: &mut PgConnection,
    journal: &Journal,
    about: &About,
) -> sqlx::Result<()> {
    let lines = journal.postings();
    let of = |read: fn(&Posting) -> i64| lines.iter().map(read).collect::<Vec<i64>>();
    let accounts = lines.iter().map(|line| i32::from(line.account.number()));
    let parts = lines.iter().map(|line| line.account.part().to_owned());
    sqlx::query(
        "with written as (
            insert into billing.journal (cause, why, currency, patient, bill, appointment, by, occurred_ms, recorded_ms, reverses)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, (select id from billing.journal where cause = $10)) returning id)
         insert into billing.posting (journal, line, account, part, debit, credit)
         select written.id, line, account, part, debit, credit
         from written, unnest($11::integer[], $12::text[], $13::bigint[], $14::bigint[])
            with ordinality as lines (account, part, debit, credit, line)",
    )
    .bind(&about.cause)
    .bind(journal.why().word())
    .bind(journal.currency().letters())
    .bind(about.patient)
    .bind(about.bill)
    .bind(about.appointment)
    .bind(about.by)
    .bind(about.occurred_ms)
    .bind(about.recorded_ms)
    .bind(about.reverses.as_deref())
    .bind(accounts.collect::<Vec<_>>())
    .bind(parts.collect::<Vec<_>>())
    .bind(of(|line| line.debit))
    .bind(of(|line| line.credit))
    .execute(db)
    .await?;
    Ok(())
}

/// Returns a journal that nobody has written, as a person reads it.
pub(crate) fn shown(journal: &Journal) -> Value {
    let line = |line: &Posting| json!({ "account": line.account.to_string(), "debit": line.debit, "credit": line.credit });
    let lines: Vec<Value> = journal.postings().iter().map(line).collect();
    json!({ "why": journal.why().word(), "currency": journal.currency(), "lines": lines })
}

/// Has everybody else who would write a journal wait until this transaction ends.
pub(crate) async fn stop_others(db: &mut PgConnection) -> sqlx::Result<()> {
    // of migration 0047
    sqlx::query("select pg_advisory_xact_lock(422776367987)")
        .execute(db)
        .await?;
    Ok(())
}
