//! Identity: workstations become known with a one-time code, people sign in with a password.

use crate::app::App;
use crate::deeds::{HUB, deed, note};
use crate::door::Peer;
use crate::emergency::holders::hold;
use crate::error::{Error, Result};
use crate::passwords::{Attempt, check_password, hash, verify};
use crate::session::{Device, Signed};
use crate::throttle::FREE_TRIES;
use crate::world;
use anyhow::Context;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;
use shared::access::{Task, may_do};
use shared::audit::entry::What;
use shared::device::{CODE_LETTERS, LETTERS, plain};
use shared::ids::{DeviceId, StaffId, WardId};
use shared::problem::Problem;
use shared::seal::Sealed;
use shared::staff::Staff;
use shared::sync::wire::{
    EnrolAsk, Enrolled, NUMBER_BLOCK, NumberBlock, SignInAsk, SignedIn, hex, unhex,
};
use shared::unlock::{GRANT, OfflineGrant, grant_hours, idle_minutes};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// The first letters find the code; the tries count against them.
const HANDLE_LETTERS: usize = 4;
const NAME_CHARS_MAX: usize = 80;

// ---- workstations

/// Makes a workstation known
#[utoipa::path(
    post, path = "/identity/v1/enrol", operation_id = "enrol", tag = "identity", request_body = crate::api::EnrolAsk,
    responses(
        (status = 200, description = "It is known; asking again with the same code and key gives the same answer", body = crate::api::Enrolled),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    )
)]
pub(crate) async fn enrol(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    ask: Result<Json<EnrolAsk>, JsonRejection>,
) -> Result<Json<Enrolled>> {
    let Json(ask) = ask.map_err(|rejection| malformed(&rejection))?;
    let key = check_enrol(&ask)?;
    let mut code = plain(&ask.code);
    code.truncate(CODE_LETTERS);
    // by address: who guesses makes nobody else wait
    let tried = format!("enrol {}", peer.address);
    let wait = app.throttle.wait_s(&tried, app.now().0);
    if wait > 0 {
        return Err(Error::TooMany {
            problem: Problem::new("enrol.wait", "code").with("seconds", wait),
            retry_after_s: wait,
        });
    }
    let mut tx = app.pool.begin().await?;
    let Some(found) = find_code(&mut tx, &code).await? else {
        app.throttle.wrong(&tried, app.now().0, 4 * FREE_TRIES);
        return Err(wrong_code());
    };
    if !verify(code, found.hash.clone()).await? {
        // the try is counted although the call fails
        sqlx::query("update enrol_code set tries_left = tries_left - 1 where handle = $1")
            .bind(&found.handle)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        app.throttle.wrong(&tried, app.now().0, 4 * FREE_TRIES);
        return Err(wrong_code());
    }
    let mut enrolled = match found.used_by {
        Some(device) => again(&app, &mut tx, device, &key).await?,
        None => add_device(&app, &mut tx, &found, ask.name.trim(), &key).await?,
    };
    if let Some(request) = &ask.request {
        let admitted = app.authority.answer(request, enrolled.device, app.now())?;
        enrolled.admitted = Some(admitted);
    }
    tx.commit().await?;
    tracing::info!(device.id = %enrolled.device, ward = %enrolled.ward, "A workstation became known");
    Ok(Json(enrolled))
}

fn check_enrol(ask: &EnrolAsk) -> Result<Vec<u8>> {
    let mut problems = Vec::new();
    if ask.name.trim().is_empty() {
        problems.push(Problem::new("required", "name"));
    }
    if ask.name.chars().count() > NAME_CHARS_MAX {
        problems.push(Problem::new("too_long", "name").with("max", NAME_CHARS_MAX));
    }
    let key = unhex(&ask.public_key).filter(|key| {
        key.as_slice().try_into().is_ok_and(|key| {
            ed25519_dalek::VerifyingKey::from_bytes(key).is_ok_and(|key| !key.is_weak())
        })
    });
    match key {
        Some(key) if problems.is_empty() => Ok(key),
        Some(_) => Err(Error::Invalid(problems)),
        None => {
            problems.push(Problem::new("device.key_invalid", "public_key"));
            Err(Error::Invalid(problems))
        }
    }
}

fn wrong_code() -> Error {
    Error::Invalid(vec![Problem::new("enrol.code_wrong", "code")])
}

struct Code {
    handle: String,
    hash: String,
    ward: WardId,
    issued_by: Option<Uuid>,
    used_by: Option<Uuid>,
}

async fn find_code(db: &mut PgConnection, code: &str) -> sqlx::Result<Option<Code>> {
    let row = sqlx::query(
        "select handle, hash, ward, issued_by, used_by from enrol_code
         where handle = $1 and tries_left > 0 and expires_at > now()
            and exists (select 1 from ward where ward.id = enrol_code.ward and closed_at is null) for update",
    )
    .bind(code.get(..HANDLE_LETTERS).unwrap_or_default())
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Code {
        handle: row.get("handle"),
        hash: row.get("hash"),
        ward: WardId(row.get("ward")),
        issued_by: row.get("issued_by"),
        used_by: row.get("used_by"),
    }))
}

/// Answers again when the first answer was lost: the same key, the same code.
async fn again(app: &App, db: &mut PgConnection, device: Uuid, key: &[u8]) -> Result<Enrolled> {
    let row = sqlx::query(
        "select device.id, device.number, device.ward, device.share, first, until from device
         join number_block on number_block.device = device.id
         where device.id = $1 and public_key = $2 and revoked_at is null order by first limit 1",
    )
    .bind(device)
    .bind(key)
    .fetch_optional(db)
    .await?
    .ok_or_else(wrong_code)?;
    let number =
        |name: &str| u32::try_from(row.get::<i64, _>(name)).context("numbers are below 2^32");
    let numbers = NumberBlock {
        from: number("first")?,
        until: number("until")?,
    };
    Ok(Enrolled {
        device: DeviceId(row.get("id")),
        number: number("number")?,
        ward: WardId(row.get("ward")),
        numbers,
        admitted: None,
        hub_key: hex(app.key.verifying_key().as_bytes()),
        share: hex(row.get("share")),
    })
}

async fn add_device(
    app: &App,
    db: &mut PgConnection,
    code: &Code,
    name: &str,
    key: &[u8],
) -> Result<Enrolled> {
    let (device, ward) = (DeviceId(world::new_id()), code.ward);
    let added: Option<(i64, Vec<u8>)> = sqlx::query_as(
        "insert into device (id, number, name, ward, public_key, invited_by) values ($1, nextval('device_number'), $2, $3, $4, $5)
         on conflict (public_key) do nothing returning number, share",
    )
    .bind(device.0)
    .bind(name)
    .bind(ward.0)
    .bind(key)
    .bind(code.issued_by)
    .fetch_optional(&mut *db)
    .await?;
    let (number, share) =
        added.ok_or_else(|| Error::Clash(Problem::new("device.key_used", "public_key")))?;
    sqlx::query("update enrol_code set used_by = $2 where handle = $1")
        .bind(&code.handle)
        .bind(device.0)
        .execute(&mut *db)
        .await?;
    note(db, &deed(What::DeviceEnrolled, device, None)).await?;
    let numbers = give_numbers(db, device, NUMBER_BLOCK).await?;
    let number = u32::try_from(number).context("device numbers are below 2^32")?;
    Ok(Enrolled {
        device,
        number,
        ward,
        numbers,
        admitted: None,
        hub_key: hex(app.key.verifying_key().as_bytes()),
        share: hex(&share),
    })
}

/// Makes a one-time code for a workstation of a ward. Somebody else has to let the workstation in.
pub async fn make_code(app: &App, ward: WardId, by: StaffId) -> Result<String> {
    let code = world::draw(LETTERS, CODE_LETTERS);
    let hash = hash(code.clone()).await?;
    sqlx::query("delete from enrol_code where expires_at < now() - interval '1 day' or handle = $1 and expires_at < now()")
        .bind(&code[..HANDLE_LETTERS])
        .execute(&app.pool)
        .await?;
    sqlx::query("insert into enrol_code (handle, hash, ward, issued_by, expires_at) values ($1, $2, $3, $4, now() + interval '10 minutes')")
        .bind(&code[..HANDLE_LETTERS])
        .bind(hash)
        .bind(ward.0)
        .bind(by.0)
        .execute(&app.pool)
        .await?;
    note(
        &mut *app.pool.acquire().await?,
        &deed(What::CodeMade, HUB, Some(by)),
    )
    .await?;
    Ok(code)
}

// ---- hospital numbers

/// Sets hospital numbers aside for the device
#[utoipa::path(
    post, path = "/sync/v1/numbers", operation_id = "numbers", tag = "sync",
    responses(
        (status = 200, description = "Numbers that nobody else has", body = crate::api::NumberBlock),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("device" = []))
)]
pub(crate) async fn numbers(State(app): State<App>, signed: Signed) -> Result<Json<NumberBlock>> {
    let mut tx = app.pool.begin().await?;
    let block = give_numbers(&mut tx, signed.device.id, NUMBER_BLOCK).await?;
    tx.commit().await?;
    Ok(Json(block))
}

/// Takes the next hospital numbers that were never given out.
pub(crate) async fn give_numbers(
    db: &mut PgConnection,
    device: DeviceId,
    count: u32,
) -> Result<NumberBlock> {
    let until: i64 = sqlx::query_scalar(
        "update hospital set next_number = next_number + $1 returning next_number",
    )
    .bind(i64::from(count))
    .fetch_one(&mut *db)
    .await?;
    let first = until - i64::from(count);
    sqlx::query("insert into number_block (first, until, device) values ($1, $2, $3)")
        .bind(first)
        .bind(until)
        .bind(device.0)
        .execute(db)
        .await?;
    let number = |n: i64| u32::try_from(n).context("hospital numbers have eight digits");
    Ok(NumberBlock {
        from: number(first)?,
        until: number(until)?,
    })
}

// ---- people

/// Signs a person in at a known workstation
#[utoipa::path(
    post, path = "/identity/v1/sign-in", operation_id = "sign_in", tag = "identity", request_body = crate::api::SignInAsk,
    responses(
        (status = 200, description = "The password is right", body = crate::api::SignedIn),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("device" = []))
)]
pub(crate) async fn sign_in(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    signed: Signed,
) -> Result<Json<SignedIn>> {
    let ask: SignInAsk = serde_json::from_slice(&signed.body)
        .map_err(|_| Error::Malformed(Problem::new("shape", "")))?;
    let at = signed.device.id;
    let password = ask.password.into_inner();
    // by account, device and address: who guesses makes nobody else wait
    let place = format!("{at} {}", peer.address);
    let attempt = Attempt {
        device: at,
        place: &place,
        username: &ask.username,
        password,
        chosen: ask.new_password.into_inner(),
    };
    let staff = check_password(&app, attempt).await?;
    Ok(Json(grant(&app, staff, &signed.device).await?))
}

/// Gives somebody what their desk needs to know them without the hub for a while.
async fn grant(app: &App, staff: Staff, device: &Device) -> Result<SignedIn> {
    type Kept = (Vec<u8>, Vec<u8>, i32, i32, i32);
    let (share, key, hours, policy_version, idle): Kept = sqlx::query_as(
        "select share, emergency_key, offline_hours, policy_version, idle_minutes from device, hospital where id = $1",
    )
    .bind(device.id.0)
    .fetch_one(&app.pool)
    .await?;
    // what was sealed at this desk before is worth nothing after a reset
    sqlx::query(
        "insert into desk_sign_in (device, staff) values ($1, $2)
         on conflict (device, staff) do update set at = excluded.at",
    )
    .bind(device.id.0)
    .bind(staff.id.0)
    .execute(&app.pool)
    .await?;
    let hours = grant_hours(hours.unsigned_abs());
    let grant = OfflineGrant {
        staff: staff.clone(),
        device: device.id,
        wards: vec![device.ward],
        not_after_ms: app.now().0 + i64::from(hours) * 3_600_000,
        policy_version: policy_version.unsigned_abs(),
        idle_minutes: idle_minutes(idle.unsigned_abs()),
    };
    let may_break_glass = may_do(&staff.roles, Task::BreakGlass).is_ok();
    let own = if may_break_glass {
        let mut db = app.pool.acquire().await?;
        Some(hold(&mut db, device.id, staff.id).await?)
    } else {
        None
    };
    Ok(SignedIn {
        emergency: may_break_glass.then(|| hex(&key)),
        emergency_own: own.map(|own| hex(&own)),
        staff,
        grant: Sealed::new(&app.key, GRANT, &grant),
        share: hex(&share),
    })
}

fn malformed(rejection: &JsonRejection) -> Error {
    match rejection.status() {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Error::MediaType,
        StatusCode::PAYLOAD_TOO_LARGE => Error::TooLarge(Problem::new("http.too_large", "")),
        _ => Error::Malformed(Problem::new("shape", "")),
    }
}
