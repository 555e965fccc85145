//! Codes that change every thirty seconds, RFC 6238: asked of those who decide what others may do.

use crate::error::{Error, Result};
use crate::world;
use anyhow::{Context, ensure};
use shared::ids::StaffId;
use shared::problem::Problem;
use sqlx::{PgConnection, Row};
use totp_rs::{Builder, Totp};

/// Gives a member of staff a new secret and returns it as the address that an authenticator reads. An old one is worth
/// nothing from then on.
pub(crate) async fn give(db: &mut PgConnection, username: &str) -> anyhow::Result<String> {
    // 160 bits, as the RFC wants
    let secret = world::new_key()[..20].to_vec();
    let given = sqlx::query(
        "insert into second_factor (staff, secret) select id, $2 from staff where username = $1
         on conflict (staff) do update set secret = excluded.secret, last_step = 0",
    )
    .bind(username)
    .bind(&secret)
    .execute(db)
    .await?;
    ensure!(given.rows_affected() == 1, "nobody is called {username}");
    codes(&secret, username)?
        .to_url()
        .context("writing the address of a second factor")
}

/// Checks a code, which counts once; the problem says what is missing.
pub(crate) async fn check(
    db: &mut PgConnection,
    staff: StaffId,
    code: Option<&str>,
    now_ms: i64,
) -> Result<()> {
    let row =
        sqlx::query("select secret, last_step from second_factor where staff = $1 for update")
            .bind(staff.0)
            .fetch_optional(&mut *db)
            .await?;
    let wrong = |code: &str| Error::SignedOut(Problem::new(code, "code"));
    let row = row.ok_or_else(|| wrong("sign_in.no_second_factor"))?;
    let typed = code
        .map(|code| code.replace(' ', ""))
        .ok_or_else(|| wrong("sign_in.code_needed"))?;
    let seconds = u64::try_from(now_ms / 1_000).unwrap_or_default();
    let step = codes(row.get("secret"), "wardbook")?
        .check(&typed, seconds)
        .and_then(|step| i64::try_from(step).ok())
        .filter(|step| *step > row.get::<i64, _>("last_step"))
        .ok_or_else(|| wrong("sign_in.code_wrong"))?;
    sqlx::query("update second_factor set last_step = $2 where staff = $1")
        .bind(staff.0)
        .bind(step)
        .execute(db)
        .await?;
    Ok(())
}

fn codes(secret: &[u8], username: &str) -> anyhow::Result<Totp> {
    Builder::new()
        .with_secret(secret.to_vec())
        .with_account_name(username)
        .with_issuer(Some("Wardbook"))
        .build()
        .context("a second factor that cannot be read")
}
