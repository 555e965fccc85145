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
use shared::access::{Task, may_do};
use shared::ids::StaffId;
use shared::planted::{self, Fault};
use shared::problem::Problem;
use shared::staff::Staff;
use shared::sync::wire::hex;
use sqlx::{PgConnection, Row};

/// The cookie's name: browsers send one of this name over TLS only, and to this address only.
pub(crate) const COOKIE: &str = "__Host-wardbook";
/// What a script of the console says with every call that changes something, and no form of another site can.
pub(crate) const HEADER: &str = "x-wardbook-console";
/// A session ends after so long without anybody there, and after so long in any case.
const IDLE: &str = "15 minutes";
const LONGEST: &str = "12 hours";

/// A member of staff who is signed in at the console.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) staff: Staff,
    /// The session, as it is known here.
    pub(crate) session: Vec<u8>,
}

/// The same, or somebody who has to set up a second factor first.
#[derive(Clone, Debug)]
pub(crate) struct Entrant {
    pub(crate) staff: Staff,
    pub(crate) session: Vec<u8>,
    /// Nothing but setting it up is open to them.
    pub(crate) is_for_factor: bool,
}

/// What a session is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opens {
    Everything,
    /// Setting up a second factor.
    Factor,
}

impl FromRequestParts<App> for Person {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let entrant = Entrant::from_request_parts(parts, app).await?;
        if entrant.is_for_factor {
            return Err(Error::Forbidden(Problem::new("session.factor_first", "")));
        }
        let Entrant { staff, session, .. } = entrant;
        Ok(Self { staff, session })
    }
}

impl FromRequestParts<App> for Entrant {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let none = || Error::SignedOut(Problem::new("session.none", ""));
        if parts.method != Method::GET && !parts.headers.contains_key(HEADER) {
            return Err(Error::Forbidden(Problem::new("session.elsewhere", "")));
        }
        let jar = CookieJar::from_headers(&parts.headers);
        let cookie = jar.get(COOKIE).ok_or_else(none)?;
        let session = hash_of(cookie.value());
        let find = if is_touch(parts) { FIND_AND_NOTE } else { FIND };
        let row = sqlx::query(find)
            .bind(&session)
            .bind(IDLE)
            .bind(LONGEST)
            .fetch_optional(&app.pool)
            .await?
            .ok_or_else(none)?;
        let staff = member(&row);
        // whoever lost their role meanwhile has no business here any more
        may_do(&staff.roles, Task::UseConsole)
            .map_err(|_| Error::Forbidden(Problem::new("sign_in.not_central", "")))?;
        Ok(Self {
            staff,
            session,
            is_for_factor: row.get("is_for_factor"),
        })
    }
}

/// Says whether a call shows that a person is there: lists refresh themselves, and nobody may be before them.
fn is_touch(parts: &Parts) -> bool {
    parts.method != Method::GET
        || parts.uri.path() == "/console/v1/me"
        || planted::is_on(Fault::ListsKeepSessions)
}

macro_rules! find {
    ($noted:literal) => {
        concat!(
            "with found as (
                select staff, hash, seen_at, is_for_factor from console_session
                where hash = $1 and seen_at > now() - $2::interval and began_at > now() - $3::interval
            )",
            $noted,
            "select id, username, name, roles, departments, is_active, is_for_factor from found join staff on staff.id = found.staff
            where is_active"
        )
    };
}

/// Finds whose session it is, if it has not ended.
const FIND: &str = find!(" ");
/// The same, and notes once a minute that they are still there.
const FIND_AND_NOTE: &str = find!(
    ", noted as (
        update console_session set seen_at = now() from found
        where console_session.hash = found.hash and found.seen_at < now() - interval '1 minute'
    ) "
);

/// Says whether a session has not ended.
pub(crate) async fn is_there(app: &App, session: &[u8]) -> Result<bool> {
    let row = sqlx::query(FIND)
        .bind(session)
        .bind(IDLE)
        .bind(LONGEST)
        .fetch_optional(&app.pool)
        .await?;
    Ok(row.is_some())
}

/// Begins a session and returns its cookie. What was left over of others is tidied.
pub(crate) async fn begin(app: &App, staff: StaffId, opens: Opens) -> Result<Cookie<'static>> {
    let token = hex(&world::new_key());
    sqlx::query("delete from console_session where seen_at < now() - $1::interval or began_at < now() - $2::interval")
        .bind(IDLE)
        .bind(LONGEST)
        .execute(&app.pool)
        .await?;
    sqlx::query("insert into console_session (hash, staff, is_for_factor) values ($1, $2, $3)")
        .bind(hash_of(&token))
        .bind(staff.0)
        .bind(opens == Opens::Factor)
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

/// Ends every session of somebody, but for one they may keep.
pub(crate) async fn end_all(
    db: &mut PgConnection,
    staff: StaffId,
    but: Option<&[u8]>,
) -> sqlx::Result<()> {
    sqlx::query("delete from console_session where staff = $1 and hash is distinct from $2")
        .bind(staff.0)
        .bind(but)
        .execute(db)
        .await?;
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
