//! How many payments are taken a second, how soon each is answered, and whether that stays so when a million lie in the books.

use crate::figures::{Figures, percentile, say};
use crate::hub::Hub;
use anyhow::{Result, ensure};
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use std::time::{Duration, Instant};
use uuid::Uuid;

const CLERKS: usize = 16;
/// Payments that each clerk takes in one go.
const EACH: usize = 250;
const FEW: i64 = 1_000;
const MANY: i64 = 1_000_000;

/// Somebody at the console, with a till of their own.
#[derive(Clone, Debug)]
struct Clerk {
    cookie: String,
    till: String,
}

/// Takes payments at sixteen tills, each call answered when it is on the disk: with a thousand in the books, and with a million.
pub(crate) async fn measure(hub: &Hub, size: usize, figures: &mut Figures) -> Result<()> {
    say("  … taking payments at sixteen tills");
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect_with(hub.postgres.clone())
        .await?;
    let clerks = clerks(&pool).await?;
    fill(&pool, FEW).await?;
    let (mut few, took) = taking(hub, &pool, &clerks).await?;
    figures.add(
        "payments_per_s",
        size,
        few.len() as f64 / took.as_secs_f64(),
        "payments/s",
    );
    figures.add("payment_p99_ms", size, percentile(&mut few, 99) * 1e3, "ms");
    say("  … and with a million payments in the books");
    fill(&pool, MANY).await?;
    let (many, took_many) = taking(hub, &pool, &clerks).await?;
    let each = |took: Duration, count: usize| took.as_secs_f64() / count as f64;
    let ratio = each(took_many, many.len()) / each(took, few.len());
    figures.add("payment_growth_ratio", size, ratio, "×");
    Ok(())
}

async fn clerks(pool: &PgPool) -> Result<Vec<Clerk>> {
    let mut clerks = Vec::new();
    for nth in 0..CLERKS {
        let token = format!("bench-{nth}");
        sqlx::query(
            "with hired as (
                insert into staff (id, username, name, roles) values (gen_random_uuid(), $1, 'Bench', '{billing}') returning id)
             insert into console_session (hash, staff) select $2, id from hired",
        )
        .bind(&token)
        .bind(Sha256::digest(token.as_bytes()).to_vec())
        .execute(pool)
        .await?;
        let cookie = format!("__Host-wardbook={token}");
        let till = format!("till-{nth}");
        clerks.push(Clerk { cookie, till });
    }
    Ok(clerks)
}

/// Bills that were issued and paid before. Their triggers are off: what they look for is so by how it is made.
async fn fill(pool: &PgPool, count: i64) -> Result<()> {
    for statement in [
        "alter table billing.posting disable trigger user",
        FILL_BILLS,
        FILL_PAYMENTS,
        "alter table billing.posting enable trigger user",
        "analyze billing.bill, billing.journal, billing.posting, payments.payment",
    ] {
        let query = sqlx::query(statement);
        let query = if statement.contains("$1") {
            query.bind(count)
        } else {
            query
        };
        query.execute(pool).await?;
    }
    Ok(())
}

const FILL_BILLS: &str = "with bills as (
        insert into billing.bill (id, patient, kind, currency, net, tax, rate_basis_points, rate_version, issued_ms, applied)
        select gen_random_uuid(), gen_random_uuid(), 'consultation', 'INR', 10000, 500, 500, 1, 0, 10500 from generate_series(1, $1)
        returning id, patient),
    journals as (
        insert into billing.journal (cause, why, currency, patient, bill, occurred_ms, recorded_ms)
        select 'bench:' || id, 'issued', 'INR', patient, id, 0, 0 from bills returning id)
    insert into billing.posting (journal, line, account, debit, credit)
    select journals.id, line, account, debit, credit from journals,
        (values (1, 1100, 10500, 0), (2, 4000, 0, 10000), (3, 2100, 0, 500)) as lines (line, account, debit, credit)";

const FILL_PAYMENTS: &str = "with paid as (
        insert into payments.payment (id, bill, patient, currency, minor, applied, kept, method, account, part, receipt, asked, by, at_ms)
        select gen_random_uuid(), id, patient, 'INR', 10500, 10500, 0, '{}', 1000, 'bench', 'bench-' || id, '{}', id, 0 from billing.bill
        where applied = 10500 and not exists (select 1 from payments.payment where payment.bill = bill.id) limit $1
        returning id, bill, patient),
    journals as (
        insert into billing.journal (cause, why, currency, patient, bill, occurred_ms, recorded_ms)
        select 'payment:' || id, 'taken', 'INR', patient, bill, 0, 0 from paid returning id)
    insert into billing.posting (journal, line, account, part, debit, credit)
    select journals.id, line, account, part, debit, credit from journals,
        (values (1, 1000, 'bench', 10500, 0), (2, 1100, '', 0, 10500)) as lines (line, account, part, debit, credit)";

/// Pays bills at all tills at once; returns how long each took, and all of them.
async fn taking(hub: &Hub, pool: &PgPool, clerks: &[Clerk]) -> Result<(Vec<Duration>, Duration)> {
    let bills: Vec<Uuid> = sqlx::query_scalar(
        "insert into billing.bill (id, patient, kind, currency, net, tax, rate_basis_points, rate_version, issued_ms)
         select gen_random_uuid(), gen_random_uuid(), 'consultation', 'INR', 10000, 500, 500, 1, 0 from generate_series(1, $1) returning id",
    )
    .bind(i64::try_from(CLERKS * EACH)?)
    .fetch_all(pool)
    .await?;
    let http = reqwest::Client::builder().no_proxy().build()?;
    let mut work = Vec::new();
    for (clerk, bills) in clerks
        .iter()
        .cloned()
        .zip(bills.chunks(EACH).map(<[Uuid]>::to_vec))
    {
        let (http, url) = (http.clone(), format!("{}/console/v1/payments", hub.url));
        work.push(async move {
            let mut times = Vec::with_capacity(bills.len());
            for bill in bills {
                // whatever is unique will do for what is new
                let pay = json!({
                    "payment": bill, "for": { "bill": bill }, "till": clerk.till,
                    "how": { "method": "cash", "drawer": clerk.till }, "amount": { "amount_minor": 10_500, "currency": "INR" },
                });
                let begun = Instant::now();
                let call = http.post(&url).header("cookie", &clerk.cookie);
                let call = call.header("x-wardbook-console", "1");
                let answer = call.header("idempotency-key", bill.to_string()).json(&pay).send().await?;
                times.push(begun.elapsed());
                ensure!(answer.status() == 201, "a payment was refused: {}", answer.status());
            }
            Ok::<_, anyhow::Error>(times)
        });
    }
    let begun = Instant::now();
    let running: Vec<_> = work.into_iter().map(tokio::spawn).collect();
    let mut times = Vec::new();
    for clerk in running {
        times.extend(clerk.await??);
    }
    Ok((times, begun.elapsed()))
}
