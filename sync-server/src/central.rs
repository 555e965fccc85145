//! Sessions of the console: a cookie that no script reads, known here by its hash.

use crate::app::App;
use crate::error::{Error, Result};
use crate::people::member;
use crate::world;
use axum::extract::FromRequestParts;
use axum::http::Method;
use axum::http::request::Parts;
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use sha2::{Digest, Sha256};
use shared::ids::StaffId;
use shared::problem::Problem;
use shared::staff::Staff;
use shared::sync::wire::hex;

/// The cookie's name: browsers send one of this name over TLS only, and to this address only.
pub(crate) const COOKIE: &str = "__Host-wardbook";
/// What a script of the console says with every call that changes something, and no form of another site can.
pub(crate) const HEADER: &str = "x-wardbook-console";
/// A session ends after so long without a call, and after so long in any case.
const IDLE: &str = "15 minutes";
const LONGEST: &str = "12 hours";

/// A member of staff who is signed in at the console.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) staff: Staff,
}

impl FromRequestParts<App> for Person {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let none = || Error::SignedOut(Problem::new("session.none", ""));
        if parts.method != Method::GET && !parts.headers.contains_key(HEADER) {
            return Err(Error::Forbidden(Problem::new("session.elsewhere", "")));
        }
        let jar = CookieJar::from_headers(&parts.headers);
        let cookie = jar.get(COOKIE).ok_or_else(none)?;
        let row = sqlx::query(FIND)
            .bind(hash_of(cookie.value()))
            .bind(IDLE)
            .bind(LONGEST)
            .fetch_optional(&app.pool)
            .await?
            .ok_or_else(none)?;
        Ok(Self {
            staff: member(&row),
        })
    }
}

/// Finds whose session it is, if it has not ended, and notes once a minute that they are still there.
const FIND: &str = "with found as (
        select staff, hash, seen_at from console_session
        where hash = $1 and seen_at > now() - $2::interval and began_at > now() - $3::interval
    ), noted as (
        update console_session set seen_at = now() from found
        where console_session.hash = found.hash and found.seen_at < now() - interval '1 minute'
    )
    select id, username, name, roles, departments, is_active from found join staff on staff.id = found.staff
    where is_active";

/// Begins a session and returns its cookie. What was left over of others is tidied.
pub(crate) async fn begin(app: &App, staff: StaffId) -> Result<Cookie<'static>> {
    let token = hex(&world::new_key());
    sqlx::query("delete from console_session where seen_at < now() - $1::interval or began_at < now() - $2::interval")
        .bind(IDLE)
        .bind(LONGEST)
        .execute(&app.pool)
        .await?;
    sqlx::query("insert into console_session (hash, staff) values ($1, $2)")
        .bind(hash_of(&token))
        .bind(staff.0)
        .execute(&app.pool)
        .await?;
    Ok(cookie(COOKIE, token, SameSite::Strict))
}

/// Ends the session of a cookie.
pub(crate) async fn end(app: &App, jar: &CookieJar) -> Result<()> {
    if let Some(cookie) = jar.get(COOKIE) {
        sqlx::query("delete from console_session where hash = $1")
            .bind(hash_of(cookie.value()))
            .execute(&app.pool)
            .await?;
    }
    Ok(())
}

/// Makes a cookie that ends with the browser and that no script reads.
pub(crate) fn cookie(name: &'static str, value: String, same_site: SameSite) -> Cookie<'static> {
    Cookie::build((name, value))
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(same_site)
        .build()
}

fn hash_of(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}
