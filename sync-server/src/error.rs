//! One error, one JSON shape: RFC 9457.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use shared::problem::Problem;

/// What can go wrong while the hub answers a call.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("not signed in: {0:?}")]
    SignedOut(Problem),
    #[error("not allowed: {0:?}")]
    Forbidden(Problem),
    #[error("not here: {0:?}")]
    Missing(Problem),
    #[error("clash: {0:?}")]
    Clash(Problem),
    /// Somebody else is doing the same: it may be asked for again in a moment.
    #[error("in progress: {0:?}")]
    InProgress(Problem),
    #[error("malformed: {0:?}")]
    Malformed(Problem),
    #[error("not valid: {0:?}")]
    Invalid(Vec<Problem>),
    #[error("too large: {0:?}")]
    TooLarge(Problem),
    #[error("too many tries")]
    TooMany {
        problem: Problem,
        retry_after_s: u64,
    },
    #[error("not the expected type of message")]
    MediaType,
    #[error("another version: {0:?}")]
    Version(Problem),
    #[error("the database does not answer")]
    Unavailable,
    #[error("{}", cause(.0))]
    Bug(anyhow::Error),
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What a problem response says; [`crate::web`] writes it, with the id of the request.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Document {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) title: String,
    pub(crate) status: u16,
    pub(crate) detail: String,
    pub(crate) problems: Vec<Problem>,
    pub(crate) request: String,
}

impl Document {
    /// Makes the document of a status that no handler explained.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let code = match status {
            StatusCode::NOT_FOUND => "http.no_such_address",
            StatusCode::METHOD_NOT_ALLOWED => "http.method",
            StatusCode::PAYLOAD_TOO_LARGE => "http.too_large",
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "http.media_type",
            StatusCode::REQUEST_TIMEOUT => "http.timeout",
            status if status.is_server_error() => "hub.failed",
            _ => "http.malformed",
        };
        Self::new(status, vec![Problem::new(code, "")])
    }

    fn new(status: StatusCode, problems: Vec<Problem>) -> Self {
        let code = problems.first().map_or("", |problem| problem.code.as_str());
        Self {
            kind: format!("urn:wardbook:problem:{code}"),
            title: status.canonical_reason().unwrap_or("Error").into(),
            status: status.as_u16(),
            detail: format!("See `problems`: {code}."),
            problems,
            request: String::new(),
        }
    }
}

impl Error {
    /// Returns what may be said of it in the log: a code, never what somebody typed.
    pub fn code(&self) -> String {
        let of = |problem: &Problem| problem.code.clone();
        match self {
            Error::SignedOut(problem)
            | Error::Forbidden(problem)
            | Error::Missing(problem)
            | Error::Clash(problem)
            | Error::InProgress(problem) => of(problem),
            Error::Malformed(problem) | Error::TooLarge(problem) | Error::Version(problem) => {
                of(problem)
            }
            Error::TooMany { problem, .. } => of(problem),
            Error::Invalid(problems) => problems.first().map_or_else(|| "invalid".into(), of),
            Error::MediaType => "http.media_type".into(),
            Error::Unavailable => "hub.unavailable".into(),
            Error::Bug(error) => cause(error),
        }
    }
}

/// Returns the code of what is behind a failure. Texts of errors quote what they could not read, so none is returned.
pub(crate) fn cause(error: &anyhow::Error) -> String {
    for cause in error.chain() {
        if let Some(error) = cause.downcast_ref::<sqlx::Error>() {
            return match error.as_database_error() {
                Some(said) => format!(
                    "database.{}.{}",
                    said.code().unwrap_or_default(),
                    said.constraint().unwrap_or("none")
                ),
                None => "database".into(),
            };
        }
        if let Some(error) = cause.downcast_ref::<std::io::Error>() {
            return format!("io.{:?}", error.kind());
        }
        if let Some(error) = cause.downcast_ref::<serde_json::Error>() {
            return format!(
                "json.{:?}.{}.{}",
                error.classify(),
                error.line(),
                error.column()
            );
        }
        if cause.downcast_ref::<tokio::task::JoinError>().is_some() {
            return "task".into();
        }
    }
    "bug".into()
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, problems, retry_after_s) = match self {
            Error::SignedOut(problem) => (StatusCode::UNAUTHORIZED, vec![problem], None),
            Error::Forbidden(problem) => (StatusCode::FORBIDDEN, vec![problem], None),
            Error::Missing(problem) => (StatusCode::NOT_FOUND, vec![problem], None),
            Error::Clash(problem) => (StatusCode::CONFLICT, vec![problem], None),
            Error::InProgress(problem) => (StatusCode::CONFLICT, vec![problem], Some(1)),
            Error::Malformed(problem) => (StatusCode::BAD_REQUEST, vec![problem], None),
            Error::Invalid(problems) => (StatusCode::UNPROCESSABLE_ENTITY, problems, None),
            Error::TooLarge(problem) => (StatusCode::PAYLOAD_TOO_LARGE, vec![problem], None),
            Error::TooMany {
                problem,
                retry_after_s,
            } => (
                StatusCode::TOO_MANY_REQUESTS,
                vec![problem],
                Some(retry_after_s),
            ),
            Error::MediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                vec![Problem::new("http.media_type", "")],
                None,
            ),
            Error::Version(problem) => (StatusCode::UPGRADE_REQUIRED, vec![problem], None),
            Error::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                vec![Problem::new("hub.unavailable", "")],
                Some(5),
            ),
            Error::Bug(error) => {
                tracing::error!(
                    error.code = cause(&error),
                    "A call failed for a reason inside the hub"
                );
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    vec![Problem::new("hub.failed", "")],
                    None,
                )
            }
        };
        let mut response = status.into_response();
        response
            .extensions_mut()
            .insert(Document::new(status, problems));
        if let Some(seconds) = retry_after_s {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UPGRADE_REQUIRED {
            response.headers_mut().insert(
                header::UPGRADE,
                HeaderValue::from_static("wardbook-frame/2"),
            );
        }
        response
    }
}

/// PostgreSQL's codes for a character that no text of it can hold, and no JSON of it.
const NOT_A_TEXT: [&str; 2] = ["22021", "22P05"];

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let gone = matches!(
            error,
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_)
        );
        if gone {
            tracing::warn!("The database does not answer");
            return Error::Unavailable;
        }
        let code = error.as_database_error().and_then(|said| said.code());
        if code.is_some_and(|code| NOT_A_TEXT.contains(&code.as_ref())) {
            return Error::Malformed(Problem::new("shape", "").with("word", "U+0000"));
        }
        Error::Bug(error.into())
    }
}

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        Error::Bug(error)
    }
}

impl From<tokio::task::JoinError> for Error {
    fn from(error: tokio::task::JoinError) -> Self {
        Error::Bug(anyhow::anyhow!("a worker failed: {error}"))
    }
}
