//! What can go wrong at a desk, and what a person is told of it. As a text an error is a code: it goes into logs, and what
//! SQLite or a parser says may quote a record.

use rusqlite::ErrorCode;
use shared::document::DocumentError;
use shared::problem::Problem;

/// Why the replica could not do something.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What a person entered, or may not do.
    #[error("problem.{}", codes(.0))]
    Problems(Vec<Problem>),
    #[error("sqlite.{}", sqlite_code(.0))]
    Sqlite(#[from] rusqlite::Error),
    #[error("sqlite.column")]
    Column(#[from] rusqlite::types::FromSqlError),
    #[error("io.{}", .0.raw_os_error().unwrap_or(0))]
    Io(#[from] std::io::Error),
    #[error("document.damaged")]
    Document(#[from] DocumentError),
    #[error("replica.busy")]
    Busy,
    #[error("device.unknown")]
    NotEnrolled,
    /// Nobody has unlocked the replica, or it was closed.
    #[error("the replica is locked")]
    Locked,
    /// The keychain, or what lies beside the replica, cannot be used.
    #[error("keychain: {0}")]
    Keychain(&'static str),
    /// The hub did not answer, or its answer was cut short.
    #[error("hub.unreachable.{}", word(.0))]
    Unreachable(String),
    /// The hub answered with a refusal of the whole call.
    #[error("hub.refused.{status}.{}", codes(.problems))]
    Refused { status: u16, problems: Vec<Problem> },
    /// The hub answered something that makes no sense.
    #[error("hub.nonsense.{}", word(.0))]
    Nonsense(&'static str),
    #[error("task.ended")]
    Task(#[from] tokio::task::JoinError),
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What a failed write to the disk means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disk {
    Full,
    Failed,
    Damaged,
}

impl Error {
    /// Returns what to tell a person.
    pub fn problems(&self) -> Vec<Problem> {
        let one = |code: &str| vec![Problem::new(code, "")];
        match self {
            Error::Problems(problems) | Error::Refused { problems, .. } => problems.clone(),
            Error::Sqlite(_) | Error::Column(_) | Error::Io(_) => match self.disk() {
                Some(Disk::Full) => one("disk.full"),
                Some(Disk::Damaged) => one("replica.damaged"),
                Some(Disk::Failed) | None => one("disk.failed"),
            },
            Error::Document(_) => one("record.damaged"),
            Error::Busy => one("replica.busy"),
            Error::NotEnrolled => one("device.unknown"),
            Error::Locked => one("replica.locked"),
            Error::Keychain(_) => one("keychain.unavailable"),
            Error::Unreachable(_) | Error::Nonsense(_) | Error::Task(_) => one("hub.unreachable"),
        }
    }

    /// Says what the disk has to do with it, if it has.
    pub(crate) fn disk(&self) -> Option<Disk> {
        match self {
            Error::Io(error) if error.kind() == std::io::ErrorKind::StorageFull => Some(Disk::Full),
            Error::Io(_) => Some(Disk::Failed),
            Error::Sqlite(error) => of_sqlite(error),
            // a column that is not what we wrote
            Error::Column(_) => Some(Disk::Damaged),
            Error::Problems(_)
            | Error::Document(_)
            | Error::Busy
            | Error::NotEnrolled
            | Error::Locked
            | Error::Keychain(_)
            | Error::Unreachable(_)
            | Error::Refused { .. }
            | Error::Nonsense(_)
            | Error::Task(_) => None,
        }
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "SQLite's codes are not ours; the rest has nothing to do with disks"
)]
fn of_sqlite(error: &rusqlite::Error) -> Option<Disk> {
    match error.sqlite_error_code()? {
        ErrorCode::DiskFull => Some(Disk::Full),
        ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::ReadOnly => {
            Some(Disk::Failed)
        }
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Some(Disk::Damaged),
        _ => None,
    }
}

fn codes(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(|problem| problem.code.as_str())
        .collect::<Vec<_>>()
        .join(".")
}

fn sqlite_code(error: &rusqlite::Error) -> i32 {
    error.sqlite_error().map_or(0, |error| error.extended_code)
}

fn word(text: &str) -> String {
    text.replace(' ', "_")
}
