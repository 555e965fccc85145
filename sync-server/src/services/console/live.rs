//! `GET /console/v1/live`: which list changed, for as long as somebody is signed in. What changed is asked for besides.

use crate::app::App;
use crate::central::{self, Person};
use axum::extract::State;
use axum::response::sse::{Event, Sse};
use futures::{Stream, stream};
use shared::console::ConsoleNews;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

/// How often is looked whether the session still is, and something said so that nothing between ends the line.
const EVERY: Duration = Duration::from_secs(15);

/// Says which list changed, as it happens
#[utoipa::path(
    get, path = "/console/v1/live", operation_id = "console_live", tag = "console",
    responses(
        (status = 200, description = "`event: news` with a word for each change; a comment now and then", content_type = "text/event-stream", body = String),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn live(
    State(app): State<App>,
    person: Person,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let listening = Listening {
        news: app.news.console(),
        stopping: app.stopping(),
        session: person.session,
        app,
        next: Step::Begin,
    };
    Sse::new(stream::unfold(listening, |mut listening| async {
        let event = listening.event().await?;
        Some((Ok(event), listening))
    }))
}

struct Listening {
    app: App,
    session: Vec<u8>,
    news: Receiver<ConsoleNews>,
    stopping: watch::Receiver<bool>,
    next: Step,
}

#[derive(Clone, Copy)]
enum Step {
    Begin,
    Listen,
    End,
}

impl Listening {
    /// Waits for what is said next; nothing at the end.
    async fn event(&mut self) -> Option<Event> {
        match self.next {
            Step::Begin => {
                self.next = Step::Listen;
                return Some(said(ConsoleNews::All));
            }
            Step::Listen => {}
            Step::End => return None,
        }
        let heard = tokio::select! {
            heard = self.news.recv() => Some(heard),
            () = tokio::time::sleep(EVERY) => None,
            _ = self.stopping.wait_for(|stopping| *stopping) => return None,
        };
        // whoever was sent away hears nothing more; a database that does not answer is no reason to go
        let is_there = central::is_there(&self.app, &self.session).await;
        if matches!(is_there, Ok(false)) {
            self.next = Step::End;
            return Some(said(ConsoleNews::SignedOut));
        }
        match heard {
            Some(Ok(what)) => Some(said(what)),
            Some(Err(RecvError::Lagged(_))) => Some(said(ConsoleNews::All)),
            Some(Err(RecvError::Closed)) => None,
            None => Some(Event::default().comment("")),
        }
    }
}

fn said(what: ConsoleNews) -> Event {
    let word = serde_json::to_value(what).ok();
    let word = word.as_ref().and_then(serde_json::Value::as_str);
    Event::default().event("news").data(word.unwrap_or("all"))
}
