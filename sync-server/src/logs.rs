//! Logs as JSON lines on standard error. They hold ids, never what people typed.

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Starts logging; a filter that cannot be read is `info`.
pub fn start(filter: &str) {
    // a second start in one process changes nothing
    let _ = tracing::subscriber::set_global_default(subscriber(filter, std::io::stderr));
}

/// Returns what writes the log.
pub fn subscriber<W>(filter: &str, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(writer)
        .flatten_event(true)
        .finish()
}
