//! The house gateway: the hospital's own terminal took the money and printed a slip. What it took and gave back stands in books of
//! its own, so that it can be compared like any other gateway's.

use super::super::errands::Errand;
use super::{Gateway, Returned, Said, Signed, Told, Trouble};
use axum::http::HeaderMap;
use futures::future::BoxFuture;
use shared::money::Money;
use shared::payments::gateways::key_of;
use shared::payments::refunds::RefundStep;
use shared::payments::webhooks::AtGateway;
use shared::problem::Problem;
use sqlx::{PgConnection, PgPool, Row};
use uuid::Uuid;

/// What the hospital's terminals took.
#[derive(Debug)]
pub(super) struct House {
    pool: PgPool,
}

impl House {
    pub(super) fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    async fn begin(&self) -> sqlx::Result<sqlx::Transaction<'static, sqlx::Postgres>> {
        let mut tx = self.pool.begin().await?;
        sqlx::raw_sql("set local role wardbook_house; set local lock_timeout = '2s'")
            .execute(&mut *tx)
            .await?;
        Ok(tx)
    }

    async fn take(&self, errand: &Errand, slip: &str) -> sqlx::Result<Option<Told>> {
        let key = key_of(errand.id, errand.attempt);
        let mut tx = self.begin().await?;
        let id = format!("slip_{}", errand.id.simple());
        // the same again, and a slip that was used, write nothing
        let written = sqlx::query(
            "insert into house.charge (id, key, payment, slip, currency, minor) values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
        )
        .bind(&id)
        .bind(key)
        .bind(errand.id)
        .bind(slip)
        .bind(errand.amount.currency.letters())
        .bind(errand.amount.minor)
        .execute(&mut *tx)
        .await?;
        if written.rows_affected() == 1 {
            enter(&mut tx, &id, None, errand.amount.minor).await?;
        }
        let told = known(&mut tx, errand).await?;
        tx.commit().await?;
        Ok(told)
    }

    async fn give_back(&self, errand: &Errand) -> sqlx::Result<Option<Returned>> {
        let charge = errand.taken.as_deref().unwrap_or_default();
        let mut tx = self.begin().await?;
        let known = sqlx::query("select id from house.charge where id = $1 for update")
            .bind(charge)
            .fetch_optional(&mut *tx)
            .await?;
        let before = returned(&mut tx, errand).await?;
        if known.is_none() || before.is_some() {
            return Ok(before);
        }
        let left: i64 = sqlx::query_scalar(
            "select coalesce(sum(minor), 0)::bigint from house.entry where charge = $1",
        )
        .bind(charge)
        .fetch_one(&mut *tx)
        .await?;
        if left < errand.amount.minor {
            return Ok(None);
        }
        let id = format!("back_{}", errand.id.simple());
        sqlx::query(
            "insert into house.refund (id, key, errand, charge, minor) values ($1, $2, $3, $4, $5)",
        )
        .bind(&id)
        .bind(key_of(errand.id, errand.attempt))
        .bind(errand.id)
        .bind(charge)
        .bind(errand.amount.minor)
        .execute(&mut *tx)
        .await?;
        enter(&mut tx, charge, Some(&id), -errand.amount.minor).await?;
        let after = returned(&mut tx, errand).await?;
        tx.commit().await?;
        Ok(after)
    }
}

async fn enter(
    tx: &mut PgConnection,
    charge: &str,
    refund: Option<&str>,
    minor: i64,
) -> sqlx::Result<()> {
    sqlx::query("insert into house.entry (charge, refund, minor) values ($1, $2, $3)")
        .bind(charge)
        .bind(refund)
        .bind(minor)
        .execute(tx)
        .await?;
    Ok(())
}

async fn known(tx: &mut PgConnection, errand: &Errand) -> sqlx::Result<Option<Told>> {
    let row = sqlx::query(
        "select id, payment, currency, minor, coalesce(-(select sum(minor) from house.entry where charge = charge.id and minor < 0), 0)::bigint
            as refunded from house.charge where payment = $1",
    )
    .bind(errand.id)
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| {
        let id: String = row.get("id");
        let (minor, refunded): (i64, i64) = (row.get("minor"), row.get("refunded"));
        let state = match refunded {
            0 => AtGateway::Captured,
            all if all == minor => AtGateway::Refunded,
            _ => AtGateway::PartiallyRefunded,
        };
        Told {
            payment: row.get::<Option<Uuid>, _>("payment"),
            reference: id.clone(),
            taken: Some(id),
            amount: Money::new(minor, errand.amount.currency),
            state,
            refunded,
            payer: None,
        }
    }))
}

async fn returned(tx: &mut PgConnection, errand: &Errand) -> sqlx::Result<Option<Returned>> {
    let row = sqlx::query("select id, charge, minor from house.refund where errand = $1")
        .bind(errand.id)
        .fetch_optional(tx)
        .await?;
    Ok(row.map(|row| Returned {
        errand: Some(errand.id),
        reference: row.get("id"),
        of: row.get("charge"),
        amount: Money::new(row.get("minor"), errand.amount.currency),
        step: RefundStep::Succeeded,
    }))
}

fn lost(_: sqlx::Error) -> Trouble {
    Trouble::Unknown("gateway.database".into())
}

impl Gateway for House {
    fn name(&self) -> &'static str {
        "house"
    }

    fn charge<'a>(&'a self, errand: &'a Errand) -> BoxFuture<'a, Result<Told, Trouble>> {
        Box::pin(async move {
            let refused = |code: &str| Trouble::Refused(code.into());
            let slip = errand.source.as_deref();
            let slip = slip.ok_or_else(|| refused("payment.no_slip"))?;
            let told = self.take(errand, slip).await.map_err(lost)?;
            told.ok_or_else(|| refused("payment.slip_used"))
        })
    }

    fn find<'a>(&'a self, errand: &'a Errand) -> BoxFuture<'a, Result<Option<Told>, Trouble>> {
        Box::pin(async move {
            let mut tx = self.begin().await.map_err(lost)?;
            known(&mut tx, errand).await.map_err(lost)
        })
    }

    fn capture<'a>(
        &'a self,
        _: &'a Errand,
        told: &'a Told,
    ) -> BoxFuture<'a, Result<Told, Trouble>> {
        // a slip is printed when the money is there
        Box::pin(async move { Ok(told.clone()) })
    }

    fn cancel<'a>(&'a self, told: &'a Told) -> BoxFuture<'a, Result<Told, Trouble>> {
        // nor is there anything to let go of
        Box::pin(async move { Ok(told.clone()) })
    }

    fn refund<'a>(&'a self, errand: &'a Errand) -> BoxFuture<'a, Result<Returned, Trouble>> {
        Box::pin(async move {
            let returned = self.give_back(errand).await.map_err(lost)?;
            returned.ok_or_else(|| Trouble::Refused("payment.gateway_refused".into()))
        })
    }

    fn find_refund<'a>(
        &'a self,
        errand: &'a Errand,
    ) -> BoxFuture<'a, Result<Option<Returned>, Trouble>> {
        Box::pin(async move {
            let mut tx = self.begin().await.map_err(lost)?;
            returned(&mut tx, errand).await.map_err(lost)
        })
    }

    /// It says nothing by itself.
    fn check(&self, _: &HeaderMap, _: &[u8], _: i64) -> Result<Signed, Problem> {
        Err(Problem::new("webhook.signature", ""))
    }

    fn read(&self, _: &[u8]) -> Vec<Said> {
        Vec::new()
    }
}
