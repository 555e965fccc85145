//! Somebody who may read the audit has the hub look at its log, from a desk.

use crate::audits::{log, tamper};
use crate::console::hire;
use crate::desk::Desk;
use serde_json::{Value, json};
use shared::audit::entry::What;
use shared::audit::look::LookProgress;
use sync_server::testing::{PASSWORD, TestHub};

const LOOK: &str = "/sync/v1/audit/look";

/// Asks until the hub has come to the end, as a screen does.
async fn look(desk: &Desk) -> LookProgress {
    let mut run = Value::Null;
    loop {
        let ask = json!({ "username": "vera", "password": PASSWORD, "run": run });
        let said: LookProgress = desk.post(LOOK, &ask).await.json();
        assert!(said.done <= said.all, "{said:?}");
        if said.found.is_some() {
            return said;
        }
        run = json!(said.run);
    }
}

#[tokio::test]
async fn an_auditor_at_a_desk_sees_the_signed_head_and_the_first_bad_entry() {
    let hub = TestHub::start().await;
    hire(&hub, "vera", "auditor").await;
    let desk = Desk::new(&hub, hub.ward).await;
    desk.push(vec![desk.patient("Silva").envelope()]).await;
    let size = log(&hub).await.len() as u64;
    let refused = async |username: &str, password: &str| {
        let ask = json!({ "username": username, "password": password, "run": null });
        desk.post(LOOK, &ask).await.code()
    };
    assert_eq!(refused("vera", "wrong").await, "sign_in.wrong");
    assert_eq!(refused("doctor", PASSWORD).await, "not_allowed");
    let said = look(&desk).await;
    let found = said.found.expect("it came to the end");
    assert!(found.is_whole(), "{found:?}");
    assert!(said.done >= size && said.all >= size, "{size} leaves");
    assert_eq!(found.head.map(|head| head.size), Some(size));
    tamper(
        &hub,
        "update audit_log set entry = set_byte(entry, 10, get_byte(entry, 10) # 1) where leaf = 1",
    )
    .await;
    let found = look(&desk).await.found.expect("it came to the end");
    let bad = found.first_bad_leaf.expect("it shows");
    assert_eq!(bad.place, "1");
}

#[tokio::test]
async fn a_look_is_noted_once_and_heard_of_again_by_its_id() {
    let hub = TestHub::start().await;
    hire(&hub, "vera", "auditor").await;
    let desk = Desk::new(&hub, hub.ward).await;
    let first = look(&desk).await;
    let ask = json!({ "username": "vera", "password": PASSWORD, "run": first.run });
    let again: LookProgress = desk.post(LOOK, &ask).await.json();
    assert_eq!(again, first, "the same look, not another one");
    assert_ne!(look(&desk).await.run, first.run);
    let log = log(&hub).await;
    let looks = log.iter().filter(|entry| entry.what == What::AuditRead);
    assert_eq!(looks.count(), 2);
}
