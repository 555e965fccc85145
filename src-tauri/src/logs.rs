//! Log files of one desk: a file a day, seven days, ids, codes, counts and durations only, see the crate `logs`.

use std::path::Path;

use anyhow::Context;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};

/// Days that are kept.
const DAYS: usize = 7;

/// Starts writing logs. What is not yet written when the guard is dropped is written then.
pub(crate) fn start(data: &Path) -> anyhow::Result<WorkerGuard> {
    let file = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("wardbook")
        .filename_suffix("log")
        .max_log_files(DAYS)
        .build(data.join("logs"))
        .context("opening the log")?;
    let (writer, guard) = tracing_appender::non_blocking(file);
    let filter = std::env::var("WARDBOOK_LOG").unwrap_or_else(|_| "info".to_owned());
    // a second start in one process changes nothing
    let _ = tracing::subscriber::set_global_default(logs::subscriber(&filter, writer));
    logs::on_panic(reference);
    Ok(guard)
}

/// Makes the number by which people speak of a failure.
#[expect(
    clippy::disallowed_methods,
    reason = "a reference is chance; nothing is decided by it"
)]
fn reference() -> String {
    format!("{:016x}", rand::random::<u64>())
}
