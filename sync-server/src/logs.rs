//! Logs as JSON lines on standard error. They hold ids, never what people typed.

use tracing_subscriber::EnvFilter;

/// Starts logging; a filter that cannot be read is `info`.
pub fn start(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .flatten_event(true);
    // a second start in one process changes nothing
    let _ = subscriber.try_init();
}
