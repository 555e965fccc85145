//! Carries changes to the hub and news back, by itself, for as long as it runs.
//!
//! Two things go on side by side: what is unsent is pushed as soon as there is some, and a call waits at the hub for
//! news. When either fails both stop, and the courier tries again a little later.

use crate::allotment;
use crate::audit::send::{send_all, send_if_due};
use crate::base::Replica;
use crate::contact;
use crate::decided;
use crate::error::{Error, Result};
use crate::exchange::{
    Outcome, blocking, catch_up, compare_if_due, follow, prepare, push_all, refresh,
};
use crate::hub::Hub;
use crate::line;
use crate::payments::{bills, send};
use crate::summaries;
use shared::desk::Link;
use shared::problem::Problem;
use shared::sync::exchange::next_try_ms;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Least time between two status events.
const PACE: Duration = Duration::from_millis(100);
/// What waits is looked at again after so long, even if nobody said that there is something.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// A desk that waits to be let in asks again after so long.
pub(crate) const LET_IN: Duration = Duration::from_secs(2);

/// Runs in the background until it is stopped or dropped.
#[derive(Debug)]
pub struct Courier {
    replica: Replica,
    hurry: Arc<Notify>,
    tasks: Vec<JoinHandle<()>>,
}

/// What one round did and what it cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Changes the hub has now.
    pub accepted: u64,
    /// Changes a person has to look at.
    pub held: u64,
    /// From the beginning of the round until the desk had written down the last answer to what it sent.
    pub answered_after: Duration,
    /// Items of the feed that came.
    pub received: u64,
    /// Calls made for changes and news, and bytes with their headers. What is lent and audit entries follow by themselves.
    pub calls: u64,
    pub bytes_sent: u64,
    pub bytes_received: u64,
}

impl Courier {
    /// Starts carrying. Has to be called on a Tokio runtime.
    pub fn start(replica: Replica) -> Courier {
        let hurry = Arc::new(Notify::new());
        replica.0.news.is_paced.store(true, Ordering::Relaxed);
        let tasks = vec![
            tokio::spawn(run(replica.clone(), hurry.clone())),
            tokio::spawn(pace(replica.clone())),
        ];
        Courier {
            replica,
            hurry,
            tasks,
        }
    }

    /// Does one push and pull, loading first if need be.
    pub async fn round(replica: &Replica) -> Result<Round> {
        let begun = Instant::now();
        let hub = prepare(replica).await?;
        let mut round = Round::default();
        push_all(replica, &hub, &mut round).await?;
        round.answered_after = begun.elapsed();
        catch_up(replica, &hub, &mut round).await?;
        contact::note(replica).await?;
        decided::hear(replica, &hub).await?;
        replica.set_link(Link::Online, None);
        round.calls = hub.traffic.calls.load(Ordering::Relaxed);
        round.bytes_sent = hub.traffic.sent.load(Ordering::Relaxed);
        round.bytes_received = hub.traffic.received.load(Ordering::Relaxed);
        allotment::refresh(replica, &hub).await?;
        send::ask_numbers(replica, &hub).await?;
        bills::refresh(replica, &hub).await?;
        send_all(replica, &hub).await?;
        Ok(round)
    }

    /// Tries now, however long it would have waited.
    pub fn nudge(&self) {
        self.hurry.notify_one();
        self.replica.0.nudge.notify_one();
    }

    /// Stops carrying. What is unsent stays.
    pub fn stop(self) {}
}

impl Drop for Courier {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        self.replica.0.news.is_paced.store(false, Ordering::Relaxed);
        self.replica.set_link(Link::Offline, None);
    }
}

/// Sends status as often as a screen can show it, and not more often.
async fn pace(replica: Replica) {
    loop {
        replica.0.news.dirty.notified().await;
        let sender = replica.clone();
        if tokio::task::spawn_blocking(move || sender.send_status())
            .await
            .is_err()
        {
            return;
        }
        tokio::time::sleep(PACE).await;
    }
}

async fn run(replica: Replica, hurry: Arc<Notify>) {
    let failures = AtomicU32::new(0);
    loop {
        let error = match session(&replica, &failures).await {
            Ok(Outcome::Restart | Outcome::Done) => {
                // a rebuild that does not help is not repeated at full speed
                failures.fetch_add(1, Ordering::Relaxed);
                None
            }
            Err(error) => {
                failures.fetch_add(1, Ordering::Relaxed);
                Some(error)
            }
        };
        let failed = failures.load(Ordering::Relaxed);
        if let Some(error) = &error {
            report(&replica, error, failed);
        }
        if error.as_ref().is_some_and(contact::is_stopped)
            && let Err(error) = contact::hear(&replica).await
        {
            tracing::debug!(%error, "Could not hear what the hub orders");
        }
        if matches!(error, Some(Error::Locked)) {
            // closed for good: whoever opens it again starts another courier
            return;
        }
        if matches!(error, Some(Error::NotEnrolled)) {
            // until somebody enrols it there is nothing to try
            tokio::select! { () = replica.0.nudge.notified() => {} () = hurry.notified() => {} }
            failures.store(0, Ordering::Relaxed);
            continue;
        }
        let wait = match &error {
            // somebody is on their way to let this desk in
            Some(error) if is_pending(error) => LET_IN,
            Some(_) | None => Duration::from_millis(next_try_ms(failed.max(1), jitter())),
        };
        tokio::select! { () = tokio::time::sleep(wait) => {} () = hurry.notified() => {} }
    }
}

/// Says whether nobody has let this desk in yet.
pub(crate) fn is_pending(error: &Error) -> bool {
    let problems = error.problems();
    problems
        .iter()
        .any(|problem| problem.code == "device.pending")
}

/// Exchanges until something fails, or the replica has to be loaded anew.
async fn session(replica: &Replica, failures: &AtomicU32) -> Result<Outcome> {
    let hub = prepare(replica).await?;
    if !line::is_settled(replica) {
        // sends first, which says where it stands
        match push_all(replica, &hub, &mut Round::default()).await {
            Ok(Outcome::Restart) => return Ok(Outcome::Restart),
            Ok(Outcome::Done) => {}
            Err(Error::Refused { status: 429, .. }) => line::settle(replica, &hub).await?,
            Err(error) => return Err(error),
        }
    }
    let pushing = push_on(replica, &hub, failures);
    let pulling = pull_on(replica, &hub, failures);
    let following = summaries::follow(replica, &hub);
    tokio::select! { ended = pushing => ended, ended = pulling => ended, ended = following => ended }
}

async fn push_on(replica: &Replica, hub: &Hub, failures: &AtomicU32) -> Result<Outcome> {
    let mut audited_ms = None;
    loop {
        let mut round = Round::default();
        match push_all(replica, hub, &mut round).await {
            Ok(Outcome::Restart) => return Ok(Outcome::Restart),
            Ok(Outcome::Done) => {}
            // the hub takes our changes slowly; what others do is heard meanwhile
            Err(Error::Refused {
                status: 429,
                problems,
            }) => {
                wait_as_told(replica, problems).await;
                continue;
            }
            Err(error) => return Err(error),
        }
        contact::note(replica).await?;
        if round.accepted + round.held > 0 {
            failures.store(0, Ordering::Relaxed);
            replica.set_link(Link::Online, None);
        }
        blocking(replica, Replica::forget_what_left).await?;
        refresh(replica, hub).await?;
        send_if_due(replica, hub, &mut audited_ms).await?;
        // a nudge that came meanwhile is kept
        let nudged = tokio::time::timeout(LOOK_AGAIN, replica.0.nudge.notified());
        if nudged.await.is_err() {
            tracing::trace!("Looks again without having been told to");
        }
    }
}

/// Shows why nothing is sent, and waits as long as the hub said.
async fn wait_as_told(replica: &Replica, problems: Vec<Problem>) {
    let problem = problems.into_iter().next();
    let seconds = problem
        .as_ref()
        .and_then(|problem| problem.with.get("seconds")?.parse().ok())
        .unwrap_or(1_u64);
    replica.set_link(Link::Online, problem);
    tokio::time::sleep(Duration::from_secs(seconds.clamp(1, 3_600))).await;
}

async fn pull_on(replica: &Replica, hub: &Hub, failures: &AtomicU32) -> Result<Outcome> {
    let mut round = Round::default();
    if catch_up(replica, hub, &mut round).await? == Outcome::Restart {
        return Ok(Outcome::Restart);
    }
    failures.store(0, Ordering::Relaxed);
    replica.set_link(Link::Online, None);
    if compare_if_due(replica, hub).await? == Outcome::Restart {
        return Ok(Outcome::Restart);
    }
    loop {
        decided::hear(replica, hub).await?;
        if follow(replica, hub).await? == Outcome::Restart {
            return Ok(Outcome::Restart);
        }
        failures.store(0, Ordering::Relaxed);
        contact::note(replica).await?;
        replica.set_link(Link::Online, None);
    }
}

/// Says once, in the log and on the screen, why it does not go on.
fn report(replica: &Replica, error: &Error, failed: u32) {
    let problem = error.problems().into_iter().next();
    let is_refused = matches!(
        error,
        Error::Refused {
            status: 401 | 403 | 426,
            ..
        }
    );
    let link = if is_refused {
        Link::Refused
    } else {
        Link::Offline
    };
    if failed == 1 {
        tracing::info!(%error, "No connection to the hub; tries again by itself");
    }
    let fallback = || Problem::new("hub.unreachable", "");
    let trouble = if matches!(error, Error::NotEnrolled) {
        None
    } else {
        Some(problem.unwrap_or_else(fallback))
    };
    replica.set_link(link, trouble);
}

#[expect(
    clippy::disallowed_methods,
    reason = "chance spreads the desks of a hospital; nothing is decided by it"
)]
pub(crate) fn jitter() -> u32 {
    rand::random()
}
