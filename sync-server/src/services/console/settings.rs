//! What a hospital chooses, and what is chosen elsewhere.

use crate::app::App;
use crate::central::Person;
use crate::deeds::{HUB, deed, note};
use crate::error::{Error, Result};
use crate::web;
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use shared::access::{Task, may_do};
use shared::administration::{Settings, SettingsChange, SettingsNow, may_replace};
use shared::audit::entry::What;
use shared::money::Money;
use shared::money::currency::Currency;
use shared::payments::refunds::Limits;
use sqlx::{PgConnection, Row};

/// Returns what the hospital chose
#[utoipa::path(
    get, path = "/console/v1/settings", operation_id = "console_settings", tag = "console",
    responses(
        (status = 200, description = "What it chose, and what is chosen elsewhere", body = crate::api::administration::SettingsNow),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn read(State(app): State<App>, person: Person) -> Result<Json<SettingsNow>> {
    may_do(&person.staff.roles, Task::ChooseSettings).map_err(Error::Forbidden)?;
    let mut db = app.pool.acquire().await?;
    Ok(Json(now(&mut db).await?))
}

/// Chooses otherwise
#[utoipa::path(
    post, path = "/console/v1/settings", operation_id = "console_settings_choose", tag = "console", request_body = crate::api::administration::SettingsChange,
    responses(
        (status = 200, description = "The name counts at once, the rest from the next sign-in at each desk on", body = crate::api::administration::SettingsNow),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn choose(
    State(app): State<App>,
    person: Person,
    said: Result<Json<SettingsChange>, JsonRejection>,
) -> Result<Json<SettingsNow>> {
    may_do(&person.staff.roles, Task::ChooseSettings).map_err(Error::Forbidden)?;
    let SettingsChange { base, mut draft } = web::read(said)?;
    draft.hospital = draft.hospital.trim().to_owned();
    let found = draft.check();
    if !found.is_empty() {
        return Err(Error::Invalid(found));
    }
    let mut tx = app.pool.begin().await?;
    sqlx::query("select name from hospital for update")
        .execute(&mut *tx)
        .await?;
    let before = now(&mut tx).await?.settings;
    may_replace(&before, &base, "settings.changed").map_err(Error::Clash)?;
    store(&mut tx, &draft).await?;
    let changed = [
        (before.hospital != draft.hospital, "settings.hospital"),
        (
            before.idle_minutes != draft.idle_minutes,
            "staff.idle_minutes",
        ),
        (
            before.offline_hours != draft.offline_hours,
            "staff.offline_hours",
        ),
    ];
    for (_, what) in changed.into_iter().filter(|(is_changed, _)| *is_changed) {
        let entry = deed(What::Administered, HUB, Some(person.staff.id));
        note(&mut tx, &entry.because(what)).await?;
    }
    let after = now(&mut tx).await?;
    tx.commit().await?;
    Ok(Json(after))
}

/// Desks ask for the name again with what else they know that is no record.
async fn store(db: &mut PgConnection, chosen: &Settings) -> sqlx::Result<()> {
    let count = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    sqlx::query(
        "update hospital set name = $1, idle_minutes = $2, offline_hours = $3, reference_version = reference_version + 1",
    )
    .bind(&chosen.hospital)
    .bind(count(chosen.idle_minutes))
    .bind(count(chosen.offline_hours))
    .execute(&mut *db)
    .await?;
    sqlx::query("select pg_notify('wardbook_news', 'reference')")
        .execute(db)
        .await?;
    Ok(())
}

async fn now(db: &mut PgConnection) -> Result<SettingsNow> {
    let row = sqlx::query(
        "select name, zone, idle_minutes, offline_hours, facility,
            (select currency from billing.price order by id desc limit 1) as currency from hospital",
    )
    .fetch_one(db)
    .await?;
    let count = |name: &str| row.get::<i32, _>(name).unsigned_abs();
    let currency: Option<&str> = row.get("currency");
    let limit = |which: fn(Limits) -> i64| {
        let currency = currency.and_then(Currency::parse)?;
        Some(Money::new(which(Limits::of(currency)), currency))
    };
    Ok(SettingsNow {
        settings: Settings {
            hospital: row.get("name"),
            idle_minutes: count("idle_minutes"),
            offline_hours: count("offline_hours"),
        },
        zone: row.get("zone"),
        facility: row.get("facility"),
        refund_limit: limit(|limits| limits.any_minor),
        cash_refund_limit: limit(|limits| limits.cash_minor),
    })
}
