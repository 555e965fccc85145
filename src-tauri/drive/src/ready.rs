//! How long a person waits for their desk in the morning.

use std::time::{Duration, Instant};

use crate::window::{Launch, Window};

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub struct Ready {
    /// From the start of the program until somebody can sign in.
    pub opened: Duration,
    /// From pressing *Sign in* until the search box has answered a search.
    pub answered: Duration,
}

impl Ready {
    /// Returns the whole wait, in milliseconds: everything but the typing of name and password.
    pub fn window_ready_ms(&self) -> f64 {
        (self.opened + self.answered).as_secs_f64() * 1_000.0
    }
}

/// Starts the desktop program on a directory that holds an enrolled, loaded desk, signs in and searches. The driver's own
/// start of about a tenth of a second is part of the figure.
pub async fn window_ready(
    launch: &Launch,
    person: (&str, &str),
    search: (&str, &str),
) -> anyhow::Result<Ready> {
    let start = Instant::now();
    let window = Window::open(launch).await?;
    window.find("sign-in-password").await?;
    let opened = start.elapsed();
    window.type_name_and_password(person.0, person.1).await?;
    let start = Instant::now();
    window.press("sign-in-submit").await?;
    window.find("search").await?;
    window.search(search.0, search.1).await?;
    let answered = start.elapsed();
    window.close().await?;
    Ok(Ready { opened, answered })
}
