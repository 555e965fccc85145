//! A call that moves money is done once, in one transaction with what is answered: the same again gets the same, byte for byte.

use super::{Role, as_hub, work_as};
use crate::app::App;
use crate::central::Person;
use crate::deeds::{HUB, deed, note};
use crate::error::{Document, Error, Result};
use crate::web::CallId;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use serde::de::DeserializeOwned;
use serde_json::Value;
use shared::access::{Task, may_do};
use shared::audit::entry::What;
use shared::ids::StaffId;
use shared::payments::idempotency::{Answer, Call, Fingerprint, Key, Stored, answer, is_kept};
use shared::payments::plain::{self, Plain};
use shared::problem::Problem;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

const KEY: &str = "idempotency-key";
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// Everybody at the console asks under one name, so that a call can be made again by a page that was opened anew.
const CONSOLE: &str = "console";
/// How often a transaction is begun again that another one got in the way of.
const TRIES: usize = 3;
/// PostgreSQL's codes: waited too long for a lock; got in each other's way.
const LOCKED: &str = "55P03";
const IN_THE_WAY: [&str; 2] = ["40001", "40P01"];

/// Where a call is made, and what it takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    pub(crate) path: &'static str,
    pub(crate) needs: Task,
    /// How the audit log calls it.
    pub(crate) deed: &'static str,
}

/// A call as it was made, by somebody who is signed in.
pub(crate) struct Made {
    person: Person,
    id: CallId,
    headers: HeaderMap,
    body: Bytes,
}

impl FromRequest<App> for Made {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let person = Person::from_request_parts(&mut parts, app).await;
        let person = person.map_err(IntoResponse::into_response)?;
        let id = parts.extensions.get().cloned().unwrap_or_default();
        let headers = parts.headers.clone();
        let body = Bytes::from_request(Request::from_parts(parts, body), app).await;
        Ok(Self {
            person,
            id,
            headers,
            body: body.map_err(IntoResponse::into_response)?,
        })
    }
}

/// What somebody asks for.
#[derive(Debug)]
pub(crate) struct Asked<T> {
    pub(crate) ask: T,
    pub(crate) plain: Plain,
    pub(crate) by: StaffId,
    pub(crate) now_ms: i64,
    /// The hospital's day.
    pub(crate) today: Date,
    /// Who takes money for the hospital, if anybody does.
    pub(crate) gateway: Option<&'static str>,
    key: Key,
    fingerprint: Fingerprint,
}

impl<T> Asked<T> {
    /// Returns the key under which whoever asks again is answered.
    pub(crate) fn key(&self) -> Uuid {
        self.key.0
    }
}

/// What was done.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
}

impl Done {
    /// What was asked for is written down, and goes on outside of the database: [`finish`] says what came of it.
    pub(crate) fn goes_on() -> Self {
        Self {
            status: StatusCode::ACCEPTED,
            body: Value::Null,
        }
    }
}

/// What came of a call so far.
pub(crate) enum Came {
    Said(Response),
    GoesOn(Claim),
}

/// A call that goes on: its key, and whether it was made just now or before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim {
    pub(crate) key: Uuid,
    pub(crate) nth: Nth,
}

/// Whether a call is the first under its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nth {
    First,
    Again,
}

/// Answers a call: does what it asks for unless that was done. `run` refuses before it writes.
pub(crate) async fn once<T: DeserializeOwned>(
    app: &App,
    route: Route,
    made: Made,
    run: impl AsyncFn(&mut PgConnection, &Asked<T>) -> Result<Done>,
) -> Result<Response> {
    match begin(app, route, made, run).await? {
        Came::Said(response) => Ok(response),
        Came::GoesOn(_) => Err(in_progress()),
    }
}

/// The same for what may go on outside of the database.
pub(crate) async fn begin<T: DeserializeOwned>(
    app: &App,
    route: Route,
    made: Made,
    run: impl AsyncFn(&mut PgConnection, &Asked<T>) -> Result<Done>,
) -> Result<Came> {
    may_do(&made.person.staff.roles, route.needs).map_err(Error::Forbidden)?;
    let asked = read(app, route, &made)?;
    let mut tries = 0;
    loop {
        match attempt(app, route, &asked, &run).await {
            Err(error) if is_code(&error, &[LOCKED]) => return Err(in_progress()),
            Err(error) if is_code(&error, &IN_THE_WAY) && tries < TRIES => tries += 1,
            Err(Refused::Rule(error)) => {
                // somebody else may have done it meanwhile: then theirs is what is answered
                if let Some(response) = keep_refusal(app, &asked, error, &made.id).await? {
                    return Ok(Came::Said(response));
                }
            }
            Err(Refused::Hub(error)) => return Err(error),
            Ok(Some(response)) => return Ok(response),
            // who held the key let go of it without having done anything
            Ok(None) if tries < TRIES => tries += 1,
            Ok(None) => return Err(in_progress()),
        }
    }
}

/// Why a call came to nothing.
enum Refused {
    /// A rule refused: that is what is answered from now on.
    Rule(Error),
    /// It was not tried, or the hub failed: it may be tried again.
    Hub(Error),
}

impl<E: Into<Error>> From<E> for Refused {
    fn from(error: E) -> Self {
        Refused::Hub(error.into())
    }
}

fn is_code(refused: &Refused, codes: &[&str]) -> bool {
    let Refused::Hub(Error::Bug(error)) = refused else {
        return false;
    };
    let said = error.downcast_ref::<sqlx::Error>();
    let said = said.and_then(sqlx::Error::as_database_error);
    said.and_then(|said| said.code())
        .is_some_and(|code| codes.contains(&code.as_ref()))
}

fn in_progress() -> Error {
    Error::InProgress(Problem::new("idempotency.in_progress", "Idempotency-Key"))
}

fn read<T: DeserializeOwned>(app: &App, route: Route, made: &Made) -> Result<Asked<T>> {
    let header = made.headers.get(KEY).and_then(|key| key.to_str().ok());
    let key = Key::parse(header).map_err(Error::Malformed)?;
    let (ask, plain) = plain::read(&made.body).map_err(Error::Malformed)?;
    let by = made.person.staff.id;
    let call = Call {
        method: "POST",
        route: route.path,
        ids: &[],
        by,
        body: &plain,
    };
    let fingerprint = call.fingerprint();
    Ok(Asked {
        ask,
        plain,
        by,
        now_ms: app.now().0,
        today: app.today(),
        gateway: app.gateways.get().ok().map(|gateway| gateway.name()),
        key,
        fingerprint,
    })
}

async fn attempt<T>(
    app: &App,
    route: Route,
    asked: &Asked<T>,
    run: &impl AsyncFn(&mut PgConnection, &Asked<T>) -> Result<Done>,
) -> Result<Option<Came>, Refused> {
    let mut tx = app.pool.begin().await?;
    work_as(&mut tx, Role::Payments).await?;
    // waits for whoever has the key
    let claimed = sqlx::query(
        "insert into payments.once (scope, key, fingerprint, by, at_ms) values ($1, $2, $3, $4, $5) on conflict do nothing",
    )
    .bind(CONSOLE)
    .bind(asked.key.0)
    .bind(asked.fingerprint.as_slice())
    .bind(asked.by.0)
    .bind(asked.now_ms)
    .execute(&mut *tx)
    .await?;
    if claimed.rows_affected() == 0 {
        return Ok(replay(&mut tx, asked).await?);
    }
    let done = run(&mut tx, asked).await.map_err(of_rule)?;
    let goes_on = done.status == StatusCode::ACCEPTED;
    let body = serde_json::to_vec(&done.body).map_err(anyhow::Error::from)?;
    if !goes_on {
        answered(&mut tx, asked.key.0, done.status, &body).await?;
    }
    as_hub(&mut tx).await?;
    note(
        &mut tx,
        &deed(What::MoneyMoved, HUB, Some(asked.by)).because(route.deed),
    )
    .await?;
    tx.commit().await?;
    if goes_on {
        let (key, nth) = (asked.key.0, Nth::First);
        return Ok(Some(Came::GoesOn(Claim { key, nth })));
    }
    Ok(Some(Came::Said(response(done.status, body))))
}

/// Keeps what is answered from now on under a key, unless something is.
async fn answered(
    tx: &mut PgConnection,
    key: Uuid,
    status: StatusCode,
    body: &[u8],
) -> sqlx::Result<()> {
    sqlx::query(
        "update payments.once set status = $3, body = $4 where scope = $1 and key = $2 and status is null",
    )
    .bind(CONSOLE)
    .bind(key)
    .bind(i32::from(status.as_u16()))
    .bind(body)
    .execute(tx)
    .await?;
    Ok(())
}

/// Says what came of a call that went on.
pub(crate) async fn finish(tx: &mut PgConnection, key: Uuid, came: Result<Done>) -> Result<()> {
    let (status, body) = match came {
        Ok(done) => (done.status, serde_json::to_vec(&done.body)),
        Err(error) => {
            let (status, document) = document_of(error);
            (status, serde_json::to_vec(&document))
        }
    };
    Ok(answered(tx, key, status, &body.map_err(anyhow::Error::from)?).await?)
}

/// Returns what came of a call that went on, once it is known.
pub(crate) async fn outcome(app: &App, claim: Claim) -> Result<Option<Response>> {
    let row = sqlx::query("select status, body from payments.once where scope = $1 and key = $2 and status is not null")
        .bind(CONSOLE)
        .bind(claim.key)
        .fetch_optional(&app.pool)
        .await?;
    Ok(row.map(|row| again(&row, claim.nth)))
}

fn again(row: &PgRow, nth: Nth) -> Response {
    let status = u16::try_from(row.get::<i32, _>("status")).ok();
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    let mut response = response(status.unwrap_or_default(), row.get("body"));
    if nth == Nth::Again {
        let yes = HeaderValue::from_static("true");
        response.headers_mut().insert(REPLAYED, yes);
    }
    response
}

/// What the rules refuse has a status that is kept; everything else may be tried again.
fn of_rule(error: Error) -> Refused {
    let status = match &error {
        Error::Missing(_) => 404,
        Error::Clash(_) => 409,
        Error::Invalid(_) => 422,
        Error::SignedOut(_)
        | Error::Forbidden(_)
        | Error::Malformed(_)
        | Error::TooLarge(_)
        | Error::TooMany { .. }
        | Error::MediaType
        | Error::Version(_)
        | Error::InProgress(_)
        | Error::Unavailable
        | Error::Bug(_) => return Refused::Hub(error),
    };
    assert!(is_kept(status), "what a rule refuses stays refused");
    Refused::Rule(error)
}

/// Answers what was answered before under the key; nothing when it is not held by anybody any more.
async fn replay<T>(tx: &mut PgConnection, asked: &Asked<T>) -> Result<Option<Came>> {
    let row = sqlx::query(
        "select fingerprint, by, status, body from payments.once where scope = $1 and key = $2",
    )
    .bind(CONSOLE)
    .bind(asked.key.0)
    .fetch_optional(tx)
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    if row.get::<Uuid, _>("by") != asked.by.0 {
        return Err(Error::Forbidden(Problem::new(
            "not_allowed",
            "Idempotency-Key",
        )));
    }
    let known: Vec<u8> = row.get("fingerprint");
    let known: Fingerprint = known.try_into().unwrap_or_default();
    let stored = match row.get::<Option<i32>, _>("status") {
        Some(_) => Stored::Finished(known),
        None => Stored::InProgress(known),
    };
    match answer(&stored, &asked.fingerprint) {
        Ok(Answer::Run) => Ok(None),
        Ok(Answer::Replay) => Ok(Some(Came::Said(again(&row, Nth::Again)))),
        // whoever has it said so and went on: who waits for the row comes here when it is committed
        Err(problem) if problem.code == "idempotency.in_progress" => {
            let (key, nth) = (asked.key.0, Nth::Again);
            Ok(Some(Came::GoesOn(Claim { key, nth })))
        }
        Err(problem) => Err(Error::Invalid(vec![problem])),
    }
}

/// Keeps that a rule refused, in a transaction of its own: the one before left nothing.
async fn keep_refusal<T>(
    app: &App,
    asked: &Asked<T>,
    error: Error,
    id: &CallId,
) -> Result<Option<Response>> {
    let (status, mut document) = document_of(error);
    document.request = id.0.clone();
    let body = serde_json::to_vec(&document).map_err(anyhow::Error::from)?;
    let kept = sqlx::query(
        "insert into payments.once (scope, key, fingerprint, by, at_ms, status, body) values ($1, $2, $3, $4, $5, $6, $7)
         on conflict do nothing",
    )
    .bind(CONSOLE)
    .bind(asked.key.0)
    .bind(asked.fingerprint.as_slice())
    .bind(asked.by.0)
    .bind(asked.now_ms)
    .bind(i32::from(status.as_u16()))
    .bind(&body)
    .execute(&app.pool)
    .await?;
    Ok((kept.rows_affected() == 1).then(|| response(status, body)))
}

fn document_of(error: Error) -> (StatusCode, Document) {
    let refused = error.into_response();
    let status = refused.status();
    let document = refused.extensions().get::<Document>().cloned();
    (
        status,
        document.unwrap_or_else(|| Document::of_status(status)),
    )
}

fn response(status: StatusCode, body: Vec<u8>) -> Response {
    let is_problem = status.is_client_error();
    let mut response = (status, body).into_response();
    let kind = if is_problem {
        "application/problem+json"
    } else {
        "application/json"
    };
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response.extensions_mut().insert(Said);
    response
}

/// Marks an answer that is written whole, problems too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said;
