//! The hub's log on standard error: ids, codes, counts and durations, see the crate `logs`.

use crate::world;
use tracing::Subscriber;
use tracing_subscriber::fmt::MakeWriter;

/// Starts logging; a filter that cannot be read is `info`. Panics are logged without their text.
pub fn start(filter: &str) {
    // a second start in one process changes nothing
    let _ = tracing::subscriber::set_global_default(subscriber(filter, std::io::stderr));
    logs::on_panic(|| world::new_id().to_string());
}

/// Returns what writes the log.
pub fn subscriber<W>(filter: &str, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    logs::subscriber(filter, writer)
}
