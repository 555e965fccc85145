//! What the console is told while it is open, and for how long.

use crate::console::{Browser, code_of};
use crate::desk::Desk;
use crate::trust::hub;
use reqwest::{Response, StatusCode};
use shared::console::DeviceApproval;
use std::time::Duration;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// What one browser hears.
struct Line {
    answer: Response,
    text: String,
}

impl Line {
    async fn begin(browser: &mut Browser) -> Self {
        let answer = browser.get("/console/v1/live").await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self {
            answer,
            text: String::new(),
        }
    }

    /// Waits for the next word; nothing at the end.
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let word = event
                    .lines()
                    .find_map(|line| line.strip_prefix("data: "))
                    .map(str::to_owned);
                self.text = rest.to_owned();
                if word.is_some() {
                    return word;
                }
                continue;
            }
            let chunk = tokio::time::timeout(PATIENCE, self.answer.chunk()).await;
            let chunk = chunk.expect("something is said in time").ok().flatten()?;
            self.text.push_str(&String::from_utf8_lossy(&chunk));
        }
    }

    /// Waits until a word is said; others may come before it.
    async fn until(&mut self, wanted: &str) {
        while let Some(word) = self.next().await {
            if word == wanted {
                return;
            }
        }
        unreachable!("{wanted} was not said");
    }
}

#[tokio::test]
async fn a_list_that_changes_is_said_at_once() {
    let hub = hub().await;
    let mut wei = Browser::of(&hub, "wei", "admin").await;
    let mut line = Line::begin(&mut wei).await;
    assert_eq!(
        line.next().await.as_deref(),
        Some("all"),
        "what happened before is read anew"
    );
    let desk = Desk::pending(&hub, hub.ward).await;
    line.until("devices").await;
    let approval = DeviceApproval {
        device: desk.enrolled.device,
    };
    assert!(
        wei.say("/console/v1/devices/approve", &approval)
            .await
            .is_empty()
    );
    line.until("devices").await;
    sqlx::query("insert into held_change (hash, kind, record, device, is_final, problems, bytes) values ('a', 1, gen_random_uuid(), $1, false, '[]', '')")
        .bind(desk.enrolled.device.0)
        .execute(&hub.app.pool)
        .await
        .expect("it is held");
    line.until("held").await;
}

#[tokio::test]
async fn whoever_is_signed_out_hears_it_and_nothing_more() {
    let hub = hub().await;
    let mut wei = Browser::of(&hub, "wei", "admin").await;
    let mut line = Line::begin(&mut wei).await;
    line.until("all").await;
    sqlx::query("delete from console_session")
        .execute(&hub.app.pool)
        .await
        .expect("it ends");
    Desk::pending(&hub, hub.ward).await;
    assert_eq!(line.next().await.as_deref(), Some("signed_out"));
    assert_eq!(line.next().await, None);
    assert_eq!(
        code_of(wei.get("/console/v1/live").await).await.1,
        "session.none"
    );
}

#[tokio::test]
async fn a_hub_that_stops_waits_for_no_browser() {
    let mut hub = hub().await;
    let mut wei = Browser::of(&hub, "wei", "admin").await;
    let mut line = Line::begin(&mut wei).await;
    line.until("all").await;
    let begun = std::time::Instant::now();
    hub.stop().await;
    assert!(begun.elapsed().as_secs() < 15, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_session_ends_though_its_lists_refresh() {
    let hub = hub().await;
    let mut wei = Browser::of(&hub, "wei", "admin").await;
    let seen = async || -> i64 {
        sqlx::query_scalar(
            "select extract(epoch from now() - seen_at)::bigint from console_session",
        )
        .fetch_one(&hub.app.pool)
        .await
        .expect("a session")
    };
    let age = "update console_session set seen_at = now() - interval '10 minutes'";
    sqlx::query(age)
        .execute(&hub.app.pool)
        .await
        .expect("it ages");
    for path in [
        "/console/v1/devices",
        "/console/v1/reference",
        "/console/v1/live",
    ] {
        assert_eq!(wei.get(path).await.status(), StatusCode::OK);
        assert!(seen().await >= 600, "{path} is nobody who is there");
    }
    assert_eq!(wei.get("/console/v1/me").await.status(), StatusCode::OK);
    assert!(seen().await < 60, "somebody is there");
}
