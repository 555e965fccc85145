//! The hub's log on standard error: ids, codes, counts and durations, see the crate `logs`. The last lines are kept in memory
//! for a support file.

use crate::world;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use tracing::Subscriber;
use tracing_subscriber::fmt::MakeWriter;

/// Lines that are kept.
const LINES: usize = 1_000;

static LAST: Mutex<VecDeque<Vec<u8>>> = Mutex::new(VecDeque::new());

/// Starts logging; a filter that cannot be read is `info`. Panics are logged without their text.
pub fn start(filter: &str) {
    // a second start in one process changes nothing
    let _ = tracing::subscriber::set_global_default(subscriber(filter, || Kept(io::stderr())));
    logs::on_panic(|| world::new_id().to_string());
}

/// Returns what writes the log.
pub fn subscriber<W>(filter: &str, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    logs::subscriber(filter, writer)
}

/// Writes on, and keeps the last lines: each write is one of them.
#[derive(Debug)]
pub struct Kept<W>(pub W);

impl<W: Write> Write for Kept<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() == LINES {
            last.pop_front();
        }
        last.push_back(line.to_vec());
        drop(last);
        self.0.write_all(line)?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Returns the last lines of this process, oldest first.
pub fn last_lines() -> String {
    let last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let bytes: Vec<u8> = last.iter().flatten().copied().collect();
    String::from_utf8_lossy(&bytes).into_owned()
}
