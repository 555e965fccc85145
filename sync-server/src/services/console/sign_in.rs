//! Signing in at the console with a password, and a second factor where the role wants one.

use super::second_factor;
use crate::app::App;
use crate::central::{self, COOKIE, Entrant, Opens};
use crate::deeds::{HUB, deed, note};
use crate::door::Peer;
use crate::error::{Error, Result};
use crate::passwords::{Attempt, check_password};
use crate::web::read;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{ConnectInfo, State};
use axum_extra::extract::cookie::{Cookie, CookieJar};
use serde::Deserialize;
use shared::access::{Task, may_do};
use shared::audit::entry::What;
use shared::console::ConsolePerson;
use shared::ids::StaffId;
use shared::phi::Phi;
use shared::problem::Problem;
use shared::staff::Staff;
use utoipa::ToSchema;

/// What a person types to sign in at the console.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ConsoleAsk {
    username: String,
    #[serde(with = "shared::phi::on_the_wire")]
    #[schema(value_type = String)]
    password: Phi<String>,
    /// The six digits of the authenticator, for roles that need them
    code: Option<String>,
    /// What they choose instead of a password that an administrator gave
    #[serde(default, with = "shared::phi::on_the_wire")]
    #[schema(value_type = Option<String>)]
    new_password: Phi<Option<String>>,
}

/// Who somebody is, for the console.
async fn shown(app: &App, staff: Staff, opens: Opens) -> Result<ConsolePerson> {
    let mut db = app.pool.acquire().await?;
    Ok(ConsolePerson {
        has_second_factor: second_factor::is_there(&mut db, staff.id).await?,
        sets_up_factor: opens == Opens::Factor,
        staff: staff.id,
        username: staff.username,
        name: staff.name,
        roles: staff.roles,
    })
}

/// Signs a person in at the console
#[utoipa::path(
    post, path = "/console/v1/sign-in", operation_id = "console_sign_in", tag = "console", request_body = ConsoleAsk,
    responses(
        (status = 200, description = "Signed in; the cookie is the session", body = crate::api::console::ConsolePerson),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    )
)]
pub(crate) async fn sign_in(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    jar: CookieJar,
    ask: Result<Json<ConsoleAsk>, JsonRejection>,
) -> Result<(CookieJar, Json<ConsolePerson>)> {
    let ask = read(ask)?;
    // wrong passwords from one address make nobody wait who sits elsewhere
    let place = peer.address.to_string();
    let password = ask.password.into_inner();
    let attempt = Attempt {
        device: HUB,
        place: &place,
        username: &ask.username,
        password,
        chosen: ask.new_password.into_inner(),
    };
    let staff = check_password(&app, attempt).await?;
    may_use(&staff)?;
    let needs = staff.roles.iter().any(|role| role.needs_second_factor());
    let opens = if needs && second_factor::may_set_up(&app, staff.id).await? {
        Opens::Factor
    } else {
        Opens::Everything
    };
    if needs && opens == Opens::Everything {
        let tried = format!("code {place} {}", staff.username);
        app.throttle.pass(&tried, app.now().0)?;
        let mut tx = app.pool.begin().await?;
        let code = ask.code.as_deref().filter(|code| !code.trim().is_empty());
        if let Err(error) = second_factor::check(&mut tx, staff.id, code, app.now().0).await {
            if code.is_some() {
                app.throttle.failed(&tried, app.now().0);
            }
            return Err(error);
        }
        tx.commit().await?;
        app.throttle.right(&tried);
    }
    let cookie = begin(&app, &staff, opens).await?;
    Ok((jar.add(cookie), Json(shown(&app, staff, opens).await?)))
}

/// Says who is signed in
#[utoipa::path(
    get, path = "/console/v1/me", operation_id = "console_me", tag = "console",
    responses(
        (status = 200, description = "Who is signed in", body = crate::api::console::ConsolePerson),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn me(State(app): State<App>, entrant: Entrant) -> Result<Json<ConsolePerson>> {
    let opens = if entrant.is_for_factor {
        Opens::Factor
    } else {
        Opens::Everything
    };
    Ok(Json(shown(&app, entrant.staff, opens).await?))
}

/// Ends the session
#[utoipa::path(
    post, path = "/console/v1/sign-out", operation_id = "console_sign_out", tag = "console",
    responses(
        (status = 200, description = "Nobody is signed in any more"),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn sign_out(
    State(app): State<App>,
    entrant: Entrant,
    jar: CookieJar,
) -> Result<CookieJar> {
    central::end(&app, &jar).await?;
    write_down(&app, What::SignedOut, entrant.staff.id).await?;
    Ok(jar.remove(Cookie::build(COOKIE).path("/").secure(true)))
}

/// Says whether somebody has business at the console.
pub(crate) fn may_use(staff: &Staff) -> Result<()> {
    may_do(&staff.roles, Task::UseConsole)
        .map_err(|_| Error::Forbidden(Problem::new("sign_in.not_central", "")))
}

/// Begins a session of somebody who has shown who they are.
pub(crate) async fn begin(app: &App, staff: &Staff, opens: Opens) -> Result<Cookie<'static>> {
    let cookie = central::begin(app, staff.id, opens).await?;
    write_down(app, What::SignedIn, staff.id).await?;
    Ok(cookie)
}

async fn write_down(app: &App, what: What, staff: StaffId) -> Result<()> {
    let mut db = app.pool.acquire().await?;
    note(&mut db, &deed(what, HUB, Some(staff)).because("console")).await?;
    Ok(())
}
