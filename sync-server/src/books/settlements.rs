//! What gateways say in their files, beside what the books say: facts of the reconciliation.

use super::currency;
use crate::error::Result;
use shared::billing::reconcile::{ChargeFacts, ClearingFacts, PayoutFacts, Went};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

/// Charges and refunds of which we and a gateway say something else, or only one of us anything.
pub(super) async fn charges(db: &mut PgConnection) -> Result<Vec<ChargeFacts>> {
    let mut all = Vec::new();
    for (went, statement) in [(Went::In, CHARGED), (Went::Back, GIVEN_BACK)] {
        let rows = sqlx::query(statement).fetch_all(&mut *db).await?;
        for row in &rows {
            all.push(ChargeFacts {
                went,
                subject: row.get("subject"),
                currency: currency(row.get("currency"))?,
                ours: row.get("ours"),
                theirs: row.get("theirs"),
                at_ms: row.get("at_ms"),
                settled_until_ms: row.get("until_ms"),
            });
        }
    }
    Ok(all)
}

macro_rules! compared {
    ($known:literal, $ours:literal) => {
        concat!(
            "with known as (",
            $known,
            "),
             theirs as (select provider, coalesce(payment, reference) as subject, currency, sum(minor)::bigint as minor,
                min(at_ms) as at_ms from known group by 1, 2, 3),
             ours as (",
            $ours,
            "),
             told as (select provider, max(at_ms) as until_ms from payments.settlement_line group by provider)
             select subject, currency, ours.minor as ours, theirs.minor as theirs, coalesce(ours.at_ms, theirs.at_ms) as at_ms, until_ms
             from ours full join theirs using (provider, subject, currency) left join told using (provider)
             where ours.minor is distinct from theirs.minor"
        )
    };
}

const CHARGED: &str = compared!(
    "select line.provider, coalesce(line.payment, errand.id)::text as payment, line.reference, line.currency, line.minor, line.at_ms
     from payments.settlement_line line left join payments.errand on errand.provider = line.provider
        and errand.kind = 'charge' and line.reference in (errand.reference, errand.taken) where line.kind = 'charge'",
    "select part as provider, id::text as subject, currency, minor, at_ms from payments.payment where account = 1010"
);

/// What went back is compared payment by payment: one may go back in parts.
const GIVEN_BACK: &str = compared!(
    "select line.provider, coalesce(line.payment, errand.payment)::text as payment, line.reference, line.currency, line.minor, line.at_ms
     from payments.settlement_line line left join payments.errand on errand.provider = line.provider
        and errand.kind = 'refund' and line.reference = errand.reference where line.kind = 'refund'",
    "select provider, payment::text as subject, currency, sum(minor)::bigint as minor, min(begun_ms) as at_ms
     from payments.errand where kind = 'refund' and state = 'done' group by 1, 2, 3"
);

/// Payouts that are not what their lines come to.
pub(super) async fn payouts(db: &mut PgConnection) -> Result<Vec<PayoutFacts>> {
    let rows = sqlx::query(
        "select reference as subject, currency, minor as paid, (
            select sum(net)::bigint from payments.settlement_line line
            where line.provider = payout.provider and line.payout = payout.reference and line.currency = payout.currency
                and line.kind <> 'payout') as lines
         from payments.settlement_line payout where kind = 'payout' order by provider, reference",
    )
    .fetch_all(db)
    .await?;
    let read = |row: &PgRow| {
        Ok(PayoutFacts {
            subject: row.get("subject"),
            currency: currency(row.get("currency"))?,
            paid: row.get("paid"),
            lines: row.get("lines"),
        })
    };
    rows.iter().map(read).collect()
}

/// What gateways charged and have not paid out, by the books.
pub(super) async fn clearing(db: &mut PgConnection) -> Result<Vec<ClearingFacts>> {
    let rows = sqlx::query(
        "select part as provider, currency, sum(debit - credit)::bigint as minor, bool_or(why = 'gateway_paid') as has_paid_out
         from billing.posting join billing.journal on journal.id = journal where account = 1010
         group by part, currency order by part, currency",
    )
    .fetch_all(db)
    .await?;
    let read = |row: &PgRow| {
        Ok(ClearingFacts {
            provider: row.get("provider"),
            currency: currency(row.get("currency"))?,
            minor: row.get("minor"),
            has_paid_out: row.get("has_paid_out"),
        })
    };
    rows.iter().map(read).collect()
}
