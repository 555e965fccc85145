//! Numbers of receipts. Each till has a series for each year, and gives its numbers without a gap: in the transaction of the
//! payment.

use crate::app::App;
use crate::deeds::{HUB, deed, note};
use crate::error::{Error, Result};
use shared::audit::entry::What;
use shared::payments::receipts::{ReceiptNumber, Series};
use sqlx::{PgConnection, Row};

const LETTERS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Takes the next number of a till. Whoever takes one waits for who took the one before.
pub(crate) async fn next(tx: &mut PgConnection, till: &str, year: i16) -> Result<ReceiptNumber> {
    let taken = sqlx::query(
        "update payments.series set last = last + 1 where till = $1 and year = $2 returning code, last - 1 as before",
    )
    .bind(till)
    .bind(i32::from(year))
    .fetch_optional(&mut *tx)
    .await?;
    let row = match taken {
        Some(row) => row,
        None => {
            begin(tx, till, year).await?;
            sqlx::query(
                "update payments.series set last = last + 1 where till = $1 and year = $2 returning code, last - 1 as before",
            )
            .bind(till)
            .bind(i32::from(year))
            .fetch_one(&mut *tx)
            .await?
        }
    };
    let wrong = || Error::Bug(anyhow::anyhow!("a series of receipts cannot be read"));
    let series = Series::parse(row.get("code")).ok_or_else(wrong)?;
    let before = u32::try_from(row.get::<i32, _>("before")).unwrap_or(u32::MAX);
    ReceiptNumber::after(series, before).map_err(|problem| Error::Invalid(vec![problem]))
}

/// Chooses the hospital's part of a series: two capital letters or digits. Series that were begun stay as they are.
pub async fn set_facility(app: &App, code: &str) -> anyhow::Result<()> {
    let is_code = code.len() == 2
        && code
            .bytes()
            .all(|c| c.is_ascii_digit() || c.is_ascii_uppercase());
    anyhow::ensure!(is_code, "two capital letters or digits, such as A1");
    let mut tx = app.pool.begin().await?;
    sqlx::query("update hospital set facility = $1")
        .bind(code)
        .execute(&mut *tx)
        .await?;
    let entry = deed(What::Administered, HUB, None);
    note(&mut tx, &entry.because("hospital.facility")).await?;
    Ok(tx.commit().await?)
}

/// Returns the hospital's part of a series.
pub(super) async fn facility(tx: &mut PgConnection) -> sqlx::Result<String> {
    sqlx::query_scalar("select facility from hospital")
        .fetch_one(tx)
        .await
}

async fn begin(tx: &mut PgConnection, till: &str, year: i16) -> Result<()> {
    let facility = facility(tx).await?;
    loop {
        let drawn: i64 = sqlx::query_scalar("select nextval('payments.series_letters')")
            .fetch_one(&mut *tx)
            .await?;
        let series = code(drawn, year, &facility);
        let series = series.ok_or_else(|| Error::Bug(anyhow::anyhow!("no series is left")))?;
        let begun = sqlx::query(
            "insert into payments.series (till, year, code)
             select $1, $2, $3 where not exists (select 1 from payments.desk_series where code = $3) on conflict do nothing",
        )
        .bind(till)
        .bind(i32::from(year))
        .bind(series.to_string())
        .execute(&mut *tx)
        .await?;
        let is_there: bool = sqlx::query_scalar(
            "select exists (select 1 from payments.series where till = $1 and year = $2)",
        )
        .bind(till)
        .bind(i32::from(year))
        .fetch_one(&mut *tx)
        .await?;
        if begun.rows_affected() == 1 || is_there {
            return Ok(());
        }
    }
}

fn code(drawn: i64, year: i16, facility: &str) -> Option<Series> {
    let digit = |place: u32| {
        let at = usize::try_from(drawn / 36_i64.pow(place) % 36).ok()?;
        Some(char::from(*LETTERS.get(at)?))
    };
    let desk: String = [digit(2)?, digit(1)?, digit(0)?].iter().collect();
    Series::new(u8::try_from(year.rem_euclid(100)).ok()?, facility, &desk)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_series_of_a_year_has_letters_of_its_own() {
        let of = |drawn| code(drawn, 2026, "A1").map(|series| series.to_string());
        assert_eq!(of(0).as_deref(), Some("26A1-000"));
        assert_eq!(of(35).as_deref(), Some("26A1-00Z"));
        assert_eq!(of(36).as_deref(), Some("26A1-010"));
        assert_eq!(of(46_655).as_deref(), Some("26A1-ZZZ"));
    }
}
