//! Brings a database to the shape this program knows.

use anyhow::{Result, ensure};
use shared::health::Shape;
use shared::migrations::HUB;
use sqlx::{AssertSqlSafe, PgPool};

/// Two hubs that start together take turns.
const LOCK: i64 = 0x7761_7264;

/// Runs the migrations that the database has not seen, all or nothing.
pub async fn run(pool: &PgPool) -> Result<()> {
    let mut tx = pool.begin().await?;
    sqlx::query("select pg_advisory_xact_lock($1)")
        .bind(LOCK)
        .execute(&mut *tx)
        .await?;
    sqlx::raw_sql("create table if not exists migration (name text primary key, at timestamptz not null default now())")
        .execute(&mut *tx)
        .await?;
    let done: Vec<String> = sqlx::query_scalar("select name from migration order by name")
        .fetch_all(&mut *tx)
        .await?;
    let known = |name: &String| HUB.iter().any(|(ours, _)| ours == name);
    ensure!(
        done.iter().all(known),
        "the database was made by a newer version of this program; update the program"
    );
    for (name, text) in HUB
        .iter()
        .filter(|(name, _)| !done.iter().any(|done| done == name))
    {
        sqlx::raw_sql(AssertSqlSafe(*text))
            .execute(&mut *tx)
            .await?;
        sqlx::query("insert into migration (name) values ($1)")
            .bind(name)
            .execute(&mut *tx)
            .await?;
        tracing::info!(migration = name, "Brought the database up to a migration");
    }
    tx.commit().await?;
    Ok(())
}

/// Says whether the database has every migration this program knows.
pub async fn is_current(pool: &PgPool) -> Result<bool, sqlx::Error> {
    let count: i64 = sqlx::query_scalar("select count(*) from migration")
        .fetch_one(pool)
        .await?;
    Ok(usize::try_from(count).is_ok_and(|count| count == HUB.len()))
}

/// Compares the database's shape with what this program knows. One that has none at all lacks everything.
pub async fn shape(pool: &PgPool) -> Result<Shape, sqlx::Error> {
    let has_any: bool = sqlx::query_scalar("select to_regclass('migration') is not null")
        .fetch_one(pool)
        .await?;
    if !has_any {
        return Ok(Shape::Behind(HUB.len()));
    }
    let done: Vec<String> = sqlx::query_scalar("select name from migration order by name")
        .fetch_all(pool)
        .await?;
    let is_ours = |name: &String| HUB.iter().any(|(ours, _)| ours == name);
    if !done.iter().all(is_ours) {
        return Ok(Shape::Ahead);
    }
    Ok(match HUB.len() - done.len() {
        0 => Shape::Current,
        missing => Shape::Behind(missing),
    })
}
