//! One's own account: another password, and a second factor that one sets up oneself.

use super::second_factor;
use crate::app::App;
use crate::central::{Entrant, Person, end_all};
use crate::deeds::{HUB, deed, note};
use crate::error::{Error, Result};
use crate::passwords::{hash, verify};
use crate::web::read;
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use shared::administration::{FactorAsk, FactorConfirm, FactorOffer, PasswordChange};
use shared::audit::entry::What;
use shared::passwords::check;
use shared::problem::Problem;
use sqlx::PgConnection;

/// Offers a second factor to whoever asks, to be scanned or typed into an authenticator
#[utoipa::path(
    post, path = "/console/v1/account/factor", operation_id = "console_factor_offer", tag = "console", request_body = crate::api::administration::FactorAsk,
    responses(
        (status = 200, description = "It counts from the first code on that is typed back", body = crate::api::administration::FactorOffer),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn offer(
    State(app): State<App>,
    entrant: Entrant,
    said: Result<Json<FactorAsk>, JsonRejection>,
) -> Result<Json<FactorOffer>> {
    let FactorAsk { code } = read(said)?;
    let staff = &entrant.staff;
    if !staff.roles.iter().any(|role| role.needs_second_factor()) {
        return Err(Error::Invalid(vec![Problem::new("factor.not_needed", "")]));
    }
    let mut tx = app.pool.begin().await?;
    // whoever finds a session open changes nothing without the authenticator that counts now
    let has_one = second_factor::is_there(&mut tx, staff.id).await?;
    if has_one || !entrant.is_for_factor {
        let tried = format!("factor {}", staff.id);
        app.throttle.pass(&tried, app.now().0)?;
        let code = code.as_deref().filter(|code| !code.trim().is_empty());
        if let Err(error) = second_factor::check(&mut tx, staff.id, code, app.now().0).await {
            if code.is_some() {
                app.throttle.failed(&tried, app.now().0);
            }
            return Err(unheard(error));
        }
        app.throttle.right(&tried);
    }
    let offer = second_factor::offer(&mut tx, staff).await?;
    tx.commit().await?;
    Ok(Json(offer))
}

/// The session goes on whatever was typed: 401 would say that it is over.
fn unheard(error: Error) -> Error {
    if let Error::SignedOut(problem) = error {
        return Error::Invalid(vec![problem]);
    }
    error
}

/// Lets the second factor count that was offered
#[utoipa::path(
    post, path = "/console/v1/account/factor/confirm", operation_id = "console_factor_confirm", tag = "console", request_body = crate::api::administration::FactorConfirm,
    responses(
        (status = 200, description = "It counts from now on, and no other", body = ()),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn confirm(
    State(app): State<App>,
    entrant: Entrant,
    said: Result<Json<FactorConfirm>, JsonRejection>,
) -> Result<Json<()>> {
    let FactorConfirm { code } = read(said)?;
    let staff = entrant.staff.id;
    let tried = format!("confirm {staff}");
    app.throttle.pass(&tried, app.now().0)?;
    let mut tx = app.pool.begin().await?;
    if let Err(error) = second_factor::confirm(&mut tx, staff, &code, app.now().0).await {
        app.throttle.failed(&tried, app.now().0);
        return Err(error);
    }
    app.throttle.right(&tried);
    sqlx::query("update console_session set is_for_factor = false where hash = $1")
        .bind(&entrant.session)
        .execute(&mut *tx)
        .await?;
    end_all(&mut tx, staff, Some(&entrant.session)).await?;
    let entry = deed(What::StaffChanged, HUB, Some(staff));
    note(&mut tx, &entry.because("second_factor.set_up")).await?;
    tx.commit().await?;
    Ok(Json(()))
}

/// Changes the password of whoever asks
#[utoipa::path(
    post, path = "/console/v1/account/password", operation_id = "console_password", tag = "console", request_body = crate::api::administration::PasswordChange,
    responses(
        (status = 200, description = "It counts from now on; other sessions are over, and desks ask for it at their next contact", body = ()),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn password(
    State(app): State<App>,
    person: Person,
    said: Result<Json<PasswordChange>, JsonRejection>,
) -> Result<Json<()>> {
    let PasswordChange {
        password,
        new_password,
    } = read(said)?;
    let (old, new) = (password.into_inner(), new_password.into_inner());
    let mut found = check(&new, &old, &person.staff.username);
    let tried = format!("password {}", person.staff.id);
    app.throttle.pass(&tried, app.now().0)?;
    let kept: Option<String> = sqlx::query_scalar("select password_hash from staff where id = $1")
        .bind(person.staff.id.0)
        .fetch_one(&app.pool)
        .await?;
    // whoever signs in by the hospital's directory has none here
    let kept = kept.ok_or_else(|| Error::Missing(Problem::new("password.none", "password")))?;
    if verify(old, kept.clone()).await? {
        app.throttle.right(&tried);
    } else {
        app.throttle.failed(&tried, app.now().0);
        found.push(Problem::new("password.wrong", "password"));
    }
    if !found.is_empty() {
        return Err(Error::Invalid(found));
    }
    let hash = hash(new).await?;
    let mut tx = app.pool.begin().await?;
    store(&mut tx, &person, (kept, hash)).await?;
    end_all(&mut tx, person.staff.id, Some(&person.session)).await?;
    let entry = deed(What::StaffChanged, HUB, Some(person.staff.id));
    note(&mut tx, &entry.because("password.chosen")).await?;
    tx.commit().await?;
    Ok(Json(()))
}

async fn store(
    db: &mut PgConnection,
    person: &Person,
    (kept, hash): (String, String),
) -> Result<()> {
    let done = sqlx::query(
        "update staff set password_hash = $2, once_until = null, reset_at = clock_timestamp() where id = $1 and password_hash = $3",
    )
    .bind(person.staff.id.0)
    .bind(hash)
    .bind(kept)
    .execute(db)
    .await?;
    if done.rows_affected() == 0 {
        return Err(Error::Clash(Problem::new("staff.changed", "")));
    }
    Ok(())
}
