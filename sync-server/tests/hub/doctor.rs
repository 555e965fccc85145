//! What the doctor says of a hub with one thing the matter at a time, and who may ask.

use crate::console::Browser;
use crate::desk::Desk;
use crate::trust::hub;
use shared::health::{EventAgain, EventPage, Grade, HealthReport};
use shared::sync::digest::Digest;
use sync_server::doctor;
use sync_server::testing::TestHub;

async fn report(hub: &TestHub) -> HealthReport {
    doctor::report(&hub.app)
        .await
        .expect("the hub looks at itself")
}

/// Returns how a finding is graded; nothing when it is not said.
async fn grade(hub: &TestHub, code: &str) -> Option<Grade> {
    let report = report(hub).await;
    let mut findings = report.findings.iter();
    let found = findings.find(|finding| finding.said.code == format!("health.{code}"));
    found.map(|finding| finding.grade)
}

async fn plant(hub: &TestHub, sql: &'static str) {
    hub.as_owner(sql).await.expect("it is planted");
}

/// Plants something and expects that one sentence is said instead of another.
async fn check(hub: &TestHub, before: &str, sql: &'static str, after: &str, expect: Grade) {
    assert!(grade(hub, before).await.is_some(), "{before} at first");
    plant(hub, sql).await;
    assert_eq!(grade(hub, after).await, Some(expect), "{after}");
    assert_eq!(grade(hub, before).await, None, "{before} after {sql}");
}

#[tokio::test]
async fn a_database_of_another_shape_and_a_late_backup_are_said() {
    let mut hub = hub().await;
    hub.stop_serving().await;
    let (look, broken) = (Grade::Look, Grade::Broken);
    check(
        &hub,
        "database_ok",
        "delete from migration where name = '0058_health.hub'",
        "database_behind",
        broken,
    )
    .await;
    plant(
        &hub,
        "insert into migration (name) values ('0058_health.hub'), ('9999_later.hub')",
    )
    .await;
    assert_eq!(grade(&hub, "database_ahead").await, Some(broken));
    plant(&hub, "delete from migration where name = '9999_later.hub'").await;

    check(
        &hub,
        "backup_elsewhere",
        "insert into backup_made (at, bytes) values (now() - interval '27 hours', 1)",
        "backup_late",
        look,
    )
    .await;
    check(
        &hub,
        "backup_late",
        "update backup_made set at = now() - interval '8 days'",
        "backup_missing",
        broken,
    )
    .await;
    check(
        &hub,
        "backup_missing",
        "insert into backup_made (at, bytes) values (now(), 1)",
        "backup_ok",
        Grade::Ok,
    )
    .await;
}

#[tokio::test]
async fn a_log_that_is_broken_or_unsigned_is_said() {
    let mut hub = hub().await;
    // nobody hands on or decides what is planted
    hub.stop_serving().await;
    let broken = Grade::Broken;
    check(
        &hub,
        "audit_never",
        "insert into audit_looked (leaves, is_whole) values (1, false)",
        "audit_broken",
        broken,
    )
    .await;
    check(
        &hub,
        "audit_broken",
        "insert into audit_looked (leaves, is_whole) values (1, true)",
        "audit_whole",
        Grade::Ok,
    )
    .await;
    check(&hub, "audit_signed", "update audit_tree set size = size + 5;
        alter table audit_head disable trigger all;
        update audit_head set at_ms = at_ms - 3 * 3600000; alter table audit_head enable trigger all;
        alter table audit_log disable trigger all; update audit_log set at_ms = at_ms - 3 * 3600000", "audit_unsigned", broken).await;
}

#[tokio::test]
async fn what_waits_too_long_at_the_hub_is_said() {
    let mut hub = hub().await;
    // nobody hands on or decides what is planted
    hub.stop_serving().await;
    let (look, broken) = (Grade::Look, Grade::Broken);
    check(&hub, "events_ok", "insert into event_inbox (consumer, event, body, arrived_at) values ('billing', 'x.1', '{}', now() - interval '2 minutes')", "events_late", look).await;
    check(
        &hub,
        "events_late",
        "update event_inbox set arrived_at = now() - interval '1 hour'",
        "events_stuck",
        broken,
    )
    .await;
    assert_eq!(grade(&hub, "events_set_aside").await, None);
    check(
        &hub,
        "events_stuck",
        "update event_inbox set set_aside_at = now()",
        "events_ok",
        Grade::Ok,
    )
    .await;
    assert_eq!(grade(&hub, "events_set_aside").await, Some(look));

    check(&hub, "decisions_ok", "insert into booking_request values (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), '2027-01-01', 0, 1, 1, 0,
        (extract(epoch from now()) * 1000)::bigint - 3600000, gen_random_uuid(), '')", "decisions_stuck", broken).await;
    check(&hub, "held_none", "insert into held_change (hash, kind, record, device, is_final, problems, bytes, held_at)
        values ('a', 1, gen_random_uuid(), gen_random_uuid(), false, '[]', '', now() - interval '2 days')", "held_long", look).await;
    check(
        &hub,
        "put_back_never",
        "insert into lineage_end (lineage) values (gen_random_uuid())",
        "put_back_done",
        Grade::Ok,
    )
    .await;
}

#[tokio::test]
async fn each_thing_the_matter_with_a_workstation_is_said() {
    let mut hub = hub().await;
    let desk = Desk::new(&hub, hub.ward).await;
    desk.get("/sync/v1/held").await;
    hub.stop_serving().await;
    assert_eq!(grade(&hub, "desks_ok").await, Some(Grade::Ok));
    let (look, broken) = (Grade::Look, Grade::Broken);
    let each = [
        (
            "update device_contact set ahead_ms = -130000",
            "desks_clock",
            look,
        ),
        (
            "update device_contact set ahead_ms = 0, free_mb = 100",
            "desks_full",
            look,
        ),
        (
            "update device_contact set free_mb = null, version = '0.0.1'",
            "desks_version",
            look,
        ),
        (
            "update device_contact set version = null, certificate_until = now() + interval '3 days'",
            "certificates_desks",
            look,
        ),
        (
            "update device set enrolled_at = now() - interval '9 days' where number > 0",
            "copies_old",
            look,
        ),
        (
            "insert into lineage_end (lineage, ended_at) values (gen_random_uuid(), now() + interval '1 hour')",
            "put_back_waits",
            look,
        ),
        (
            "update device set seen_at = now() - interval '2 days'; update device_contact set unsent = 0, at = now() - interval '2 days'",
            "desks_silent",
            look,
        ),
        (
            "update device_contact set unsent = 4",
            "desks_unsent",
            broken,
        ),
        (
            "insert into device_alarm (device, code, incarnation, dseq) select id, 'waybill.cloned', 1, 1 from device where number > 0",
            "desks_alarm",
            look,
        ),
        (
            "update device set suspended_at = now() where number > 0",
            "desks_stopped",
            look,
        ),
        (
            "update device set suspended_at = null, approved_at = null where number > 0",
            "desks_pending",
            look,
        ),
    ];
    for (sql, code, expect) in each {
        assert_eq!(grade(&hub, code).await, None, "{code} before");
        plant(&hub, sql).await;
        assert_eq!(grade(&hub, code).await, Some(expect), "{code}");
    }
}

#[tokio::test]
async fn a_copy_that_differs_from_what_the_hub_holds_is_said() {
    let hub = hub().await;
    let desk = Desk::new(&hub, hub.ward).await;
    desk.push(vec![desk.patient("Lovelace").envelope()]).await;
    let held = desk.get("/sync/v1/digest").await;
    let digest: Digest = serde_json::from_slice(&held.body).expect("a digest");
    let place: i64 = sqlx::query_scalar("select seq from ward where id = $1")
        .bind(hub.ward.0)
        .fetch_one(&hub.app.pool)
        .await
        .expect("the ward");
    let said = |records: i64, digest: String| {
        sqlx::query("update device_contact set compared_at = now(), compared_place = $1, compared_records = $2, compared_digest = $3, compared_same = true")
            .bind(place)
            .bind(records)
            .bind(digest)
    };
    // so that there is a row
    report(&hub).await;
    for (records, digest, expect) in [
        (1, digest.short(), "copies_same"),
        (2, digest.short(), "copies_differ"),
        (1, "0123456789abcdef".to_owned(), "copies_differ"),
    ] {
        said(records, digest)
            .execute(&hub.app.pool)
            .await
            .expect("it is said");
        assert!(grade(&hub, expect).await.is_some(), "{records} {expect}");
    }
}

#[tokio::test]
async fn an_event_that_was_set_aside_is_tried_again_and_that_is_noted() {
    let hub = hub().await;
    plant(&hub, "insert into event_inbox (consumer, event, body, tries, code, set_aside_at)
        values ('billing', 'x.1', '{\"type\":\"org.wardbook.appointment.scheduled.v1\"}', 10, 'hub.unavailable', now())").await;
    let mut wei = Browser::of(&hub, "wei", "admin").await;
    let page: EventPage = wei.json("/console/v1/events").await;
    assert_eq!((page.set_aside, page.waiting), (1, 0));
    assert_eq!(page.lines[0].what, "scheduled");
    assert_eq!(page.lines[0].code.as_deref(), Some("hub.unavailable"));
    let again = |id: &str| EventAgain {
        consumer: Some("billing".into()),
        id: id.to_owned(),
    };
    assert_eq!(
        wei.say("/console/v1/events/again", &again("y.1")).await,
        ["event.gone"]
    );
    assert!(
        wei.say("/console/v1/events/again", &again("x.1"))
            .await
            .is_empty()
    );
    // it fails again, since it is no event, and says why
    let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let (tries, code): (i32, Option<String>) =
            sqlx::query_as("select tries, code from event_inbox where event = 'x.1'")
                .fetch_one(&hub.app.pool)
                .await
                .expect("it is there");
        if tries > 0 && tries < 10 && code.as_deref() == Some("event.malformed") {
            break;
        }
        assert!(std::time::Instant::now() < until, "{tries} {code:?}");
        tokio::task::yield_now().await;
    }
    let noted: i64 = sqlx::query_scalar(
        "select count(*) from audit_deed where position('event.again'::bytea in entry) > 0",
    )
    .fetch_one(&hub.app.pool)
    .await
    .expect("a count");
    assert_eq!(noted, 1, "and not what was not there");
}

#[tokio::test]
async fn only_those_who_run_workstations_ask() {
    let hub = hub().await;
    for (name, role, expect) in [
        ("wei", "admin", 200),
        ("mona", "manager", 200),
        ("vera", "auditor", 403),
        ("paula", "billing", 403),
    ] {
        let mut browser = Browser::of(&hub, name, role).await;
        for path in ["health", "health/file", "events"] {
            let answer = browser.get(&format!("/console/v1/{path}")).await;
            assert_eq!(answer.status().as_u16(), expect, "{role} {path}");
        }
    }
}
