//! What desks number receipts with: a series for each life of a desk and each year.

use crate::error::{Error, Result};
use crate::world;
use shared::ids::DeviceId;
use shared::payments::desk::Pad;
use shared::payments::receipts::Series;
use sqlx::{PgConnection, Row};

const LETTERS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// Letters are drawn so often until some are free.
const TRIES: usize = 20;
/// The life that a series is noted under which the hub forgot that it gave.
const FORGOTTEN: i32 = -1;

/// Whose a series is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// The desk's that names it; the highest number that came of it.
    Its(u32),
    Another,
}

/// Returns what a life of a desk numbers receipts with, this year and the next.
pub(super) async fn pads(
    tx: &mut PgConnection,
    device: DeviceId,
    incarnation: u16,
    year: i16,
) -> Result<Vec<Pad>> {
    let mut pads = Vec::new();
    for year in [year, year + 1] {
        pads.push(pad(tx, device, incarnation, year).await?);
    }
    Ok(pads)
}

async fn pad(tx: &mut PgConnection, device: DeviceId, incarnation: u16, year: i16) -> Result<Pad> {
    for _ in 0..TRIES {
        let known = sqlx::query(
            "select code, last from payments.desk_series where device = $1 and incarnation = $2 and year = $3",
        )
        .bind(device.0)
        .bind(i32::from(incarnation))
        .bind(i32::from(year))
        .fetch_optional(&mut *tx)
        .await?;
        if let Some(row) = known {
            return Ok(Pad {
                year,
                series: row.get("code"),
                last: row.get::<i32, _>("last").unsigned_abs(),
            });
        }
        let code = drawn(tx, year).await?;
        sqlx::query(
            "insert into payments.desk_series (code, device, incarnation, year)
             select $1, $2, $3, $4 where not exists (select 1 from payments.series where code = $1) on conflict do nothing",
        )
        .bind(code)
        .bind(device.0)
        .bind(i32::from(incarnation))
        .bind(i32::from(year))
        .execute(&mut *tx)
        .await?;
    }
    Err(Error::Bug(anyhow::anyhow!("no series is left")))
}

/// Letters by chance: a hub that was put back from a copy does not give again what it gave since.
async fn drawn(tx: &mut PgConnection, year: i16) -> Result<String> {
    let facility = super::receipts::facility(tx).await?;
    let short = u8::try_from(year.rem_euclid(100)).unwrap_or_default();
    let series = Series::new(short, &facility, &world::draw(LETTERS, 3));
    let series = series.ok_or_else(|| Error::Bug(anyhow::anyhow!("a series cannot be made")))?;
    Ok(series.to_string())
}

/// Finds and locks the series that a desk names. One that the hub does not know was given before it was put back from a copy.
pub(super) async fn lock(
    tx: &mut PgConnection,
    device: DeviceId,
    series: &Series,
) -> Result<Whose> {
    let code = series.to_string();
    let year = code[..2].parse::<i32>().unwrap_or_default() + 2_000;
    sqlx::query(
        "insert into payments.desk_series (code, device, incarnation, year)
         select $1, $2, $3, $4 where not exists (select 1 from payments.series where code = $1) on conflict do nothing",
    )
    .bind(&code)
    .bind(device.0)
    .bind(FORGOTTEN)
    .bind(year)
    .execute(&mut *tx)
    .await?;
    let row =
        sqlx::query("select device, last from payments.desk_series where code = $1 for update")
            .bind(&code)
            .fetch_optional(tx)
            .await?;
    let own = row.filter(|row| row.get::<uuid::Uuid, _>("device") == device.0);
    Ok(own.map_or(Whose::Another, |row| {
        Whose::Its(row.get::<i32, _>("last").unsigned_abs())
    }))
}

/// Notes the highest number that came.
pub(super) async fn reached(
    tx: &mut PgConnection,
    series: &Series,
    number: u32,
) -> sqlx::Result<()> {
    sqlx::query("update payments.desk_series set last = greatest(last, $2) where code = $1")
        .bind(series.to_string())
        .bind(i32::try_from(number).unwrap_or(i32::MAX))
        .execute(tx)
        .await?;
    Ok(())
}
