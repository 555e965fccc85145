//! Log files of one desk: a file a day, seven days, ids only and never what is in a record.

use std::path::Path;

use anyhow::Context;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;

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
    let filter = EnvFilter::try_from_env("WARDBOOK_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(writer)
        .try_init()
        .ok();
    log_where_a_panic_was();
    Ok(guard)
}

/// A panic's text may quote a record, so only its place is logged.
fn log_where_a_panic_was() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        tracing::error!(place, "The program met something it took to be impossible");
        usual(panic);
    }));
}
