//! The audit log at the console: looked up, each entry compared with its seal, and the whole verified.

use crate::console::Browser;
use crate::desk::Desk;
use serde_json::{Value, json};
use shared::audit::entry::What;
use shared::audit::look::LookProgress;
use shared::console::LogPage;
use sync_server::testing::TestHub;

async fn look(browser: &mut Browser) -> LookProgress {
    let mut run = Value::Null;
    let begun = std::time::Instant::now();
    loop {
        let answer = browser
            .post("/console/v1/audit/look", &json!({ "run": run }))
            .await;
        let said: LookProgress = answer.json().await.expect("it looks");
        if said.found.is_some() {
            return said;
        }
        assert!(
            begun.elapsed().as_secs() < 60,
            "a small log is looked through soon"
        );
        run = json!(said.run);
    }
}

#[tokio::test]
async fn an_auditor_finds_what_was_done_and_that_they_looked() {
    let hub = TestHub::start().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let patient = desk.patient("Zzyzx");
    desk.push(vec![patient.envelope()]).await;
    let mut vera = Browser::of(&hub, "vera", "auditor").await;
    let page: LogPage = vera.json("/console/v1/audit").await;
    assert_eq!(
        page.lines[0].what,
        Some(What::AuditRead),
        "the newest is this very search"
    );
    assert!(page.lines.iter().all(|line| line.flaw.is_none()));
    let page: LogPage = vera
        .json(&format!("/console/v1/audit?record={}", patient.id))
        .await;
    let found: Vec<_> = page
        .lines
        .iter()
        .map(|line| (line.what, line.staff, line.desk.as_str()))
        .collect();
    assert_eq!(found, [(Some(What::ChangeTaken), Some(hub.doctor), "Desk")]);
    assert!(
        !format!("{page:?}").contains("Zzyzx"),
        "an entry has no room for a name"
    );
    let page: LogPage = vera
        .json(&format!("/console/v1/audit?staff={}", hub.doctor))
        .await;
    assert!(page.lines.iter().all(|line| line.staff == Some(hub.doctor)));
    for wrong in ["?alarms=all", "?record=1", "?before=x", "?color=red"] {
        let answer = vera.get(&format!("/console/v1/audit{wrong}")).await;
        assert_eq!(answer.status().as_u16(), 400, "{wrong}");
    }
}

#[tokio::test]
async fn pages_of_the_log_follow_on_each_other() {
    let hub = TestHub::start().await;
    let desk = Desk::new(&hub, hub.ward).await;
    for n in 0..5 {
        let some = (0..50).map(|m| desk.patient(&format!("P{n}x{m}")).envelope());
        desk.push(some.collect()).await;
    }
    let mut vera = Browser::of(&hub, "vera", "auditor").await;
    let (mut leaves, mut before) = (Vec::new(), String::new());
    loop {
        let page: LogPage = vera.json(&format!("/console/v1/audit{before}")).await;
        leaves.extend(page.lines.iter().map(|line| line.leaf));
        let Some(next) = page.next else { break };
        before = format!("?before={next}");
    }
    assert!(leaves.len() > 250, "{}", leaves.len());
    let expect: Vec<u64> = (0..leaves.len() as u64).rev().collect();
    assert_eq!(leaves, expect, "newest first, without a gap");
}

#[tokio::test]
async fn an_entry_that_was_changed_is_marked_and_the_look_finds_it() {
    let hub = TestHub::start().await;
    let desk = Desk::new(&hub, hub.ward).await;
    desk.push(vec![desk.patient("R").envelope()]).await;
    let mut vera = Browser::of(&hub, "vera", "auditor").await;
    let page: LogPage = vera.json("/console/v1/audit").await;
    let found = look(&mut vera).await.found.expect("a look");
    assert!(found.is_whole() && found.leaves > 0);
    let victim = page.lines.last().expect("an entry").leaf;
    // whoever owns the database can take the guard away, and is found out all the same
    let harm = format!(
        "alter table audit_log disable trigger audit_log_stays;
         update audit_log set entry = set_byte(entry, 8, (get_byte(entry, 8) + 1) % 256) where leaf = {victim}"
    );
    hub.as_owner(&harm).await.expect("an owner");
    let page: LogPage = vera.json("/console/v1/audit").await;
    let flawed: Vec<u64> = page
        .lines
        .iter()
        .filter(|line| line.flaw.is_some())
        .map(|line| line.leaf)
        .collect();
    assert_eq!(flawed, [victim]);
    let found = look(&mut vera).await.found.expect("a look");
    assert_eq!(
        found.first_bad_leaf.map(|bad| bad.place),
        Some(victim.to_string())
    );
}
