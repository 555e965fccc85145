//! Codes that change every thirty seconds, RFC 6238: asked of those who decide what others may do.

use crate::app::App;
use crate::error::{Error, Result};
use crate::world;
use anyhow::{Context, ensure};
use qrcode::{Color, EcLevel, QrCode};
use shared::administration::FactorOffer;
use shared::device::grouped;
use shared::ids::StaffId;
use shared::planted::{self, Fault};
use shared::problem::Problem;
use shared::staff::Staff;
use sqlx::{PgConnection, Row};
use totp_rs::{Builder, Totp};

/// 160 bits, as the RFC wants.
const SECRET_BYTES: usize = 20;
/// How long somebody has for typing a code of an offered one back.
const OFFERED: &str = "15 minutes";

/// Gives a member of staff a new secret and returns it as the address that an authenticator reads. An old one is worth
/// nothing from then on.
pub(crate) async fn give(db: &mut PgConnection, username: &str) -> anyhow::Result<String> {
    let secret = world::new_key()[..SECRET_BYTES].to_vec();
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
    let typed = code.ok_or_else(|| wrong("sign_in.code_needed"))?;
    let step = step_of(row.get("secret"), typed, now_ms)?
        .filter(|step| *step > row.get::<i64, _>("last_step"))
        .ok_or_else(|| wrong("sign_in.code_wrong"))?;
    sqlx::query("update second_factor set last_step = $2 where staff = $1")
        .bind(staff.0)
        .bind(step)
        .execute(db)
        .await?;
    Ok(())
}

/// Says whether somebody has one.
pub(crate) async fn is_there(db: &mut PgConnection, staff: StaffId) -> sqlx::Result<bool> {
    sqlx::query_scalar("select exists (select 1 from second_factor where staff = $1)")
        .bind(staff.0)
        .fetch_one(db)
        .await
}

/// Says whether somebody who has none may set one up with nothing but their password: for a while after an administrator
/// gave them one.
pub(crate) async fn may_set_up(app: &App, staff: StaffId) -> Result<bool> {
    let may = sqlx::query_scalar(
        "select not exists (select 1 from second_factor where second_factor.staff = $1)
            and (coalesce(factor_until > now(), false) or $2) from staff where id = $1",
    )
    .bind(staff.0)
    .bind(planted::is_on(Fault::AnyoneSetsUp))
    .fetch_one(&app.pool)
    .await?;
    Ok(may)
}

/// Makes a second factor that does not count before a code of it was typed back.
pub(crate) async fn offer(db: &mut PgConnection, staff: &Staff) -> anyhow::Result<FactorOffer> {
    let secret = world::new_key()[..SECRET_BYTES].to_vec();
    sqlx::query(
        "insert into second_factor_offer (staff, secret) values ($1, $2)
         on conflict (staff) do update set secret = excluded.secret, made_at = now()",
    )
    .bind(staff.id.0)
    .bind(&secret)
    .execute(db)
    .await?;
    let codes = codes(&secret, &staff.username)?;
    let address = codes
        .to_url()
        .context("writing the address of a second factor")?;
    Ok(FactorOffer {
        squares: squares(&address)?.into(),
        address: address.into(),
        secret: grouped(&codes.secret().to_base32(), 4).into(),
    })
}

fn squares(text: &str) -> anyhow::Result<Vec<String>> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M)
        .context("the address of a second factor fits in a code")?;
    let letter = |color: &Color| color.select('#', ' ');
    let colors = code.to_colors();
    let rows = colors.chunks(code.width());
    Ok(rows.map(|row| row.iter().map(letter).collect()).collect())
}

/// Lets an offered second factor count, once a code of it was typed back. Another of theirs is worth nothing from then on.
pub(crate) async fn confirm(
    db: &mut PgConnection,
    staff: StaffId,
    code: &str,
    now_ms: i64,
) -> Result<()> {
    let secret: Option<Vec<u8>> = sqlx::query_scalar(
        "select secret from second_factor_offer where staff = $1 and made_at > now() - $2::interval for update",
    )
    .bind(staff.0)
    .bind(OFFERED)
    .fetch_optional(&mut *db)
    .await?;
    let secret = secret.ok_or_else(|| Error::Missing(Problem::new("factor.not_offered", "")))?;
    let step = step_of(&secret, code, now_ms)?
        .ok_or_else(|| Error::Invalid(vec![Problem::new("factor.code_wrong", "code")]))?;
    sqlx::query(
        "with offered as (delete from second_factor_offer where staff = $1),
            let_in as (update staff set factor_until = null where id = $1)
         insert into second_factor (staff, secret, last_step) values ($1, $2, $3)
         on conflict (staff) do update set secret = excluded.secret, last_step = excluded.last_step",
    )
    .bind(staff.0)
    .bind(secret)
    .bind(step)
    .execute(db)
    .await?;
    Ok(())
}

/// Returns the step at which a code is right.
fn step_of(secret: &[u8], typed: &str, now_ms: i64) -> anyhow::Result<Option<i64>> {
    let seconds = u64::try_from(now_ms / 1_000).unwrap_or_default();
    let step = codes(secret, "wardbook")?.check(&typed.replace(' ', ""), seconds);
    Ok(step.and_then(|step| i64::try_from(step).ok()))
}

/// Takes somebody's second factor away.
pub(crate) async fn forget(db: &mut PgConnection, staff: StaffId) -> sqlx::Result<()> {
    sqlx::query(
        "with offered as (delete from second_factor_offer where staff = $1) delete from second_factor where staff = $1",
    )
    .bind(staff.0)
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
