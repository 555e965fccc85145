//! Real processes of desks and of the hub, and what tests that kill them share.

pub(crate) mod desk;
pub(crate) mod hub;

use std::time::{Duration, Instant};
use tempfile::TempDir;

/// For all to be well again after everything was healed.
pub(crate) const LONGEST: Duration = Duration::from_secs(120);

/// Not a test: what a test starts as a desk.
#[tokio::test]
async fn desk_process() {
    if let Ok(role) = std::env::var(desk::ROLE) {
        desk::run(&role).await;
    }
}

/// Waits until something comes about.
pub(crate) fn until<T>(mut what: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + LONGEST;
    loop {
        if let Some(found) = what() {
            return found;
        }
        assert!(
            Instant::now() < deadline,
            "it did not come about within {LONGEST:?}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Makes a folder that the user of PostgreSQL reaches, which never runs as root.
pub(crate) fn folder() -> TempDir {
    let open_to_all = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    let mut folder = tempfile::Builder::new();
    folder.permissions(open_to_all).tempdir().unwrap()
}
