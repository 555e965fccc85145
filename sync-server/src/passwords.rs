//! Passwords: hashed with Argon2id, and asked for by desks and console alike.

use crate::app::App;
use crate::deeds::{HUB, deed, note};
use crate::error::{Error, Result};
use crate::people::{member, username};
use crate::throttle::FREE_TRIES;
use crate::world;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use metrics::counter;
use shared::audit::entry::What;
use shared::device::{LETTERS, grouped, plain};
use shared::ids::{DeviceId, StaffId};
use shared::passwords::{MOST_CHARS, ONCE_LETTERS, Use, use_of};
use shared::problem::Problem;
use shared::staff::Staff;
use sqlx::Row;
use tokio::sync::Semaphore;

const NAME_CHARS_MAX: usize = 80;

/// A name and a password as somebody typed them.
pub(crate) struct Attempt<'a> {
    /// At which workstation; the hub itself for the console.
    pub(crate) device: DeviceId,
    /// Where wrong ones in a row make somebody wait.
    pub(crate) place: &'a str,
    pub(crate) username: &'a str,
    pub(crate) password: String,
    /// What they choose instead of one that was given for once.
    pub(crate) chosen: Option<String>,
}

/// Returns whose name and password these are, and writes down that somebody tried. Wrong ones in a row make their place, and
/// nobody elsewhere, wait. A password that an administrator gave lets nobody in before another was chosen.
pub(crate) async fn check_password(app: &App, attempt: Attempt<'_>) -> Result<Staff> {
    let Attempt {
        device,
        place,
        password,
        mut chosen,
        ..
    } = attempt;
    let who = username(attempt.username);
    if who.chars().count() > NAME_CHARS_MAX || password.chars().count() > MOST_CHARS {
        return Err(Error::Invalid(vec![
            Problem::new("too_long", "password").with("max", MOST_CHARS),
        ]));
    }
    let tried = format!("{place} {who}");
    app.throttle.pass(&tried, app.now().0)?;
    let row = sqlx::query(FIND)
        .bind(&who)
        .fetch_optional(&app.pool)
        .await?;
    let kept: Option<String> = row.as_ref().and_then(|row| row.get("password_hash"));
    let until: Option<i64> = row.as_ref().and_then(|row| row.get("once_ms"));
    let hash = kept.clone().unwrap_or_else(|| NOBODY.into());
    // an unknown name takes as long as a wrong password, so that names cannot be found out
    let mut is_right = verify(as_given(&password, until), hash.clone()).await?;
    if !is_right
        && until.is_none()
        && let Some(new) = chosen.take()
    {
        // whoever did not hear that it was changed says the same again
        is_right = verify(new, hash).await?;
    }
    let staff = row
        .as_ref()
        .map(member)
        .filter(|staff| is_right && kept.is_some() && staff.is_active);
    let Some(staff) = staff else {
        app.throttle.wrong(&tried, app.now().0, FREE_TRIES);
        let tried_as = row.as_ref().map(|row| StaffId(row.get("id")));
        let mut db = app.pool.acquire().await?;
        note(&mut db, &deed(What::PasswordWrong, device, tried_as)).await?;
        counter!("wardbook_sign_ins_total", "outcome" => "wrong").increment(1);
        return Err(Error::SignedOut(Problem::new("sign_in.wrong", "password")));
    };
    app.throttle.right(&tried);
    match use_of(until, app.now().0) {
        Use::Own => {}
        Use::Once => choose(app, &staff, (&password, kept), chosen).await?,
        Use::TooLate => {
            let late = Problem::new("sign_in.once_expired", "password");
            return Err(Error::SignedOut(late));
        }
    }
    let mut db = app.pool.acquire().await?;
    note(&mut db, &deed(What::PasswordRight, device, Some(staff.id))).await?;
    counter!("wardbook_sign_ins_total", "outcome" => "right").increment(1);
    Ok(staff)
}

const FIND: &str = "select id, username, name, roles, departments, is_active, password_hash,
    (extract(epoch from once_until) * 1000)::bigint as once_ms from staff where username = $1";

/// Returns a password as it was hashed: people type the letters of one that was given to them in groups, or small.
fn as_given(typed: &str, once_until_ms: Option<i64>) -> String {
    match once_until_ms {
        Some(_) => plain(typed),
        None => typed.to_owned(),
    }
}

/// Lets somebody choose a password instead of the one they were given, unless it was used meanwhile.
async fn choose(
    app: &App,
    staff: &Staff,
    (old, kept): (&str, Option<String>),
    chosen: Option<String>,
) -> Result<()> {
    let new = chosen
        .ok_or_else(|| Error::SignedOut(Problem::new("sign_in.choose_password", "newPassword")))?;
    let found = shared::passwords::check(&new, old, &staff.username);
    if !found.is_empty() {
        return Err(Error::Invalid(found));
    }
    let hash = hash(new).await?;
    let mut tx = app.pool.begin().await?;
    let done = sqlx::query(
        "update staff set password_hash = $2, once_until = null where id = $1 and password_hash = $3",
    )
    .bind(staff.id.0)
    .bind(hash)
    .bind(kept)
    .execute(&mut *tx)
    .await?;
    if done.rows_affected() == 0 {
        return Err(Error::SignedOut(Problem::new("sign_in.wrong", "password")));
    }
    let entry = deed(What::StaffChanged, HUB, Some(staff.id));
    note(&mut tx, &entry.because("password.chosen")).await?;
    Ok(tx.commit().await?)
}

/// Makes a password for once: as it is told to somebody, and its hash.
pub(crate) async fn once() -> anyhow::Result<(String, String)> {
    let letters = world::draw(LETTERS, ONCE_LETTERS);
    Ok((grouped(&letters, 4), hash(letters).await?))
}

/// A hash no password has: what is compared for names that nobody has.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5aGFzdGhpcw$J4LlGZ5EUkHX3z8wJCsFyKLcDBdTEE5nGsnpMIqd3aI";
/// Hashing takes 19 MB and a core each: more at once would only wait for each other.
static AT_ONCE: Semaphore = Semaphore::const_new(2);

fn argon2() -> Argon2<'static> {
    // OWASP's parameters: 19 MiB, two passes, one lane
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::default())
}

/// Hashes a password with Argon2id.
pub(crate) async fn hash(password: String) -> anyhow::Result<String> {
    let _turn = AT_ONCE.acquire().await?;
    tokio::task::spawn_blocking(move || {
        let salt = base64::engine::general_purpose::STANDARD_NO_PAD.encode(world::new_salt());
        let salt = SaltString::from_b64(&salt)
            .map_err(|error| anyhow::anyhow!("making a salt: {error}"))?;
        let hash = argon2()
            .hash_password(password.as_bytes(), &salt)
            .map_err(|error| anyhow::anyhow!("hashing: {error}"))?;
        Ok(hash.to_string())
    })
    .await?
}

/// Says whether a password has a hash.
pub(crate) async fn verify(password: String, hash: String) -> anyhow::Result<bool> {
    let _turn = AT_ONCE.acquire().await?;
    let verified = tokio::task::spawn_blocking(move || {
        let hash = PasswordHash::new(&hash)
            .map_err(|error| anyhow::anyhow!("a kept hash cannot be read: {error}"))?;
        Ok::<_, anyhow::Error>(argon2().verify_password(password.as_bytes(), &hash).is_ok())
    });
    verified.await?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_hash_of_nobody_can_be_read() {
        assert!(!verify("x".into(), NOBODY.into()).await.unwrap());
        assert!(
            verify("x".into(), hash("x".into()).await.unwrap())
                .await
                .unwrap()
        );
    }
}
