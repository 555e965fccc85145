//! Passwords: hashed with Argon2id, and asked for by desks and console alike.

use crate::app::App;
use crate::deeds::{deed, note};
use crate::error::{Error, Result};
use crate::people::{member, username};
use crate::throttle::FREE_TRIES;
use crate::world;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use metrics::counter;
use shared::audit::entry::What;
use shared::ids::{DeviceId, StaffId};
use shared::problem::Problem;
use shared::staff::Staff;
use sqlx::Row;
use tokio::sync::Semaphore;

const NAME_CHARS_MAX: usize = 80;
const PASSWORD_CHARS_MAX: usize = 200;

/// Returns whose name and password these are, and writes down that somebody tried. Wrong ones in a row make `place`, and
/// nobody elsewhere, wait.
pub(crate) async fn check_password(
    app: &App,
    device: DeviceId,
    place: &str,
    typed: &str,
    password: String,
) -> Result<Staff> {
    let who = username(typed);
    if who.chars().count() > NAME_CHARS_MAX || password.chars().count() > PASSWORD_CHARS_MAX {
        return Err(Error::Invalid(vec![
            Problem::new("too_long", "password").with("max", PASSWORD_CHARS_MAX),
        ]));
    }
    let tried = format!("{place} {who}");
    app.throttle.pass(&tried, app.now().0)?;
    let row = sqlx::query(
        "select id, username, name, roles, departments, is_active, password_hash from staff where username = $1",
    )
    .bind(&who)
    .fetch_optional(&app.pool)
    .await?;
    let kept: Option<String> = row.as_ref().and_then(|row| row.get("password_hash"));
    // an unknown name takes as long as a wrong password, so that names cannot be found out
    let is_right = verify(password, kept.clone().unwrap_or_else(|| NOBODY.into())).await?;
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
    let mut db = app.pool.acquire().await?;
    note(&mut db, &deed(What::PasswordRight, device, Some(staff.id))).await?;
    counter!("wardbook_sign_ins_total", "outcome" => "right").increment(1);
    Ok(staff)
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
