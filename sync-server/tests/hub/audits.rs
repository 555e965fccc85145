//! Who did what: everything once, and whatever is done to it afterwards shows.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where it stands"
)]

use crate::desk::Desk;
use crate::real::RealDesk;
use replica::Courier;
use serde_json::json;
use shared::audit::entry::{Entry, Place, What};
use shared::ids::{DeviceId, RecordId};
use shared::sample::Dice;
use sqlx::Row;
use std::collections::BTreeMap;
use sync_server::services::audit::show::{About, show};
use sync_server::services::audit::{settle, verify::verify};
use sync_server::testing::TestHub;
use sync_server::testing::proxy::Proxy;
use sync_server::world;

/// What the log has, in order.
pub(crate) async fn log(hub: &TestHub) -> Vec<Entry> {
    settle(&hub.app)
        .await
        .expect("the log is brought up to date");
    let rows = sqlx::query("select entry from audit_log order by leaf")
        .fetch_all(&hub.app.pool)
        .await
        .unwrap();
    rows.iter()
        .map(|row| Entry::from_bytes(row.get("entry")).expect("an entry"))
        .collect()
}

fn count(log: &[Entry], what: What) -> usize {
    log.iter().filter(|entry| entry.what == what).count()
}

/// Does to the database what only its owner can: the guards of the tables are off.
pub(crate) async fn tamper(hub: &TestHub, sql: &str) {
    let sql = format!("begin; set local session_replication_role = replica; {sql}; commit");
    hub.as_owner(&sql).await.expect("its owner may do anything");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_and_every_view_has_one_entry_through_cuts_and_repeats() {
    let seed = 20_270_304;
    let mut dice = Dice::new(seed);
    let hub = TestHub::start().await;
    let wire = Proxy::start(hub.addr).await.unwrap();
    let desk = RealDesk::new(&hub, &wire.url(), hub.ward).await;
    Courier::round(&desk.replica).await.unwrap();
    let mut views: Vec<RecordId> = Vec::new();
    let mut heads: BTreeMap<RecordId, String> = BTreeMap::new();
    let patients: Vec<RecordId> = (0..5).map(|_| RecordId(world::new_id())).collect();
    let mut changes = 0;
    for turn in 0..40_u64 {
        let patient = patients[dice.below(patients.len())];
        let draft = match heads.get(&patient) {
            None => json!({ "name": [{ "family": format!("Silva {turn}") }], "ward": hub.ward }),
            Some(_) => json!({ "bed": format!("{turn}") }),
        };
        heads.insert(
            patient,
            desk.save(patient, heads.get(&patient).cloned(), draft)
                .unwrap(),
        );
        changes += 1;
        if views.last() != Some(&patient) {
            views.push(patient);
        }
        desk.replica.viewed(hub.doctor, patient);
        match dice.below(5) {
            0 => wire.set_answers_end_after(dice.below(400) as u64 + 1),
            1 => wire.set_cut(true),
            2 if turn % 3 == 0 => wire.repeat(1).await,
            _ => {
                wire.set_cut(false);
                wire.set_answers_end_after(0);
            }
        }
        // on a bad wire a round may fail at any place; what it left is done by the next
        let _ = Courier::round(&desk.replica).await;
        if dice.below(4) == 0 {
            settle(&hub.app).await.unwrap();
        }
    }
    wire.set_cut(false);
    wire.set_answers_end_after(0);
    Courier::round(&desk.replica).await.unwrap();
    wire.repeat(4).await;
    Courier::round(&desk.replica).await.unwrap();

    check_once(&hub, &views, changes, patients[0]).await;
}

/// Every view and every change has one entry, and nothing else is wrong.
async fn check_once(hub: &TestHub, views: &[RecordId], changes: usize, patient: RecordId) {
    let log = log(hub).await;
    let seen: Vec<RecordId> = log
        .iter()
        .filter(|entry| entry.what == What::ChartViewed)
        .filter_map(|entry| Some(entry.record?.1))
        .collect();
    assert_eq!(seen, views);
    let mut taken: Vec<_> = log
        .iter()
        .filter(|entry| entry.what == What::ChangeTaken)
        .map(|entry| entry.of)
        .collect();
    taken.sort();
    taken.dedup();
    assert_eq!(
        (taken.len(), count(&log, What::ChangeTaken)),
        (changes, changes)
    );
    // the desk's own word on each change lies in its chain and is not counted twice
    let saved: i64 =
        sqlx::query_scalar("select count(*) from audit_desk where get_byte(entry, 2) = 4")
            .fetch_one(&hub.app.pool)
            .await
            .unwrap();
    assert_eq!(saved, changes as i64);
    assert_eq!(
        (
            count(&log, What::Alarm),
            count(&log, What::ChainBegan),
            count(&log, What::DeviceEnrolled),
            count(&log, What::ChangeSaved)
        ),
        (0, 1, 1, 0)
    );
    let found = verify(&hub.app, None).await.unwrap();
    assert!(found.is_whole(), "{found:?}");
    let lines = show(&hub.app, About::Record(patient.0), 500).await.unwrap();
    assert!(
        lines.iter().any(|line| line.contains("chart.viewed"))
            && lines.iter().any(|line| line.contains("change.taken"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_commits_late_is_not_passed_over() {
    let hub = TestHub::start().await;
    settle(&hub.app).await.unwrap();
    let before = log(&hub).await.len();
    let entry =
        |n: i64| Entry::new(What::Administered, n, DeviceId(uuid::Uuid::nil()), None).to_bytes();
    let insert = "insert into audit_deed (entry) values ($1)";
    let mut late = hub.app.pool.begin().await.unwrap();
    sqlx::query(insert)
        .bind(entry(1))
        .execute(&mut *late)
        .await
        .unwrap();
    sqlx::query(insert)
        .bind(entry(2))
        .execute(&hub.app.pool)
        .await
        .unwrap();
    // the first is not committed yet, so the second has to wait for it
    assert_eq!(log(&hub).await.len(), before);
    late.commit().await.unwrap();
    let times: Vec<i64> = log(&hub).await[before..]
        .iter()
        .map(|entry| entry.at_ms)
        .collect();
    assert_eq!(times, [1, 2]);
}

#[tokio::test]
async fn entries_are_neither_changed_nor_removed() {
    let hub = TestHub::start().await;
    let _desk = Desk::new(&hub, hub.ward).await;
    log(&hub).await;
    for table in [
        "audit_log",
        "audit_head",
        "audit_deed",
        "audit_desk",
        "audit_signature",
    ] {
        let column = if table == "audit_head" {
            "size"
        } else if table == "audit_log" {
            "leaf"
        } else if table == "audit_signature" {
            "seq"
        } else {
            "id"
        };
        let deeds = [
            format!("delete from {table}"),
            format!("truncate {table}"),
            format!("update {table} set {column} = {column}"),
        ];
        for deed in deeds {
            // the hub may not, and its owner is stopped by the guard
            let of_hub = of_hub(&hub, &deed).await.expect_err(&deed);
            let of_owner = hub.as_owner(&deed).await.expect_err(&deed);
            for said in [of_hub, of_owner] {
                // an identity column refuses by itself, and no less
                let is_refused = matches!(code(&said).as_deref(), Some("42501" | "428C9"));
                assert!(is_refused, "{deed}: {said}");
            }
        }
    }
}

/// Does something under the hub's own role.
async fn of_hub(hub: &TestHub, sql: &str) -> sqlx::Result<()> {
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))
        .execute(&hub.app.pool)
        .await
        .map(drop)
}

fn code(said: &sqlx::Error) -> Option<String> {
    let said = said.as_database_error()?;
    said.code().map(|code| code.into_owned())
}

#[tokio::test]
async fn whoever_gets_the_hub_to_run_something_cannot_take_the_guard_away() {
    let hub = TestHub::start().await;
    for deed in [
        "alter table audit_log disable trigger audit_log_stays",
        "alter table audit_log disable trigger all",
        "drop trigger audit_log_stays on audit_log",
        "drop table audit_log cascade",
        "create or replace function audit_is_for_good() returns trigger language plpgsql as 'begin return null; end'",
        "set session_replication_role = replica",
        "set role wardbook",
        "set session authorization wardbook",
        "alter role wardbook_hub superuser",
        "create role somebody superuser",
        "update change set staff = device",
        "delete from change",
        "delete from migration",
        "copy audit_log to program 'cat'",
        "set role wardbook_billing; delete from audit_log",
        "reset role; delete from audit_log",
    ] {
        let said = of_hub(&hub, deed).await.expect_err(deed);
        assert_eq!(code(&said).as_deref(), Some("42501"), "{deed}: {said}");
    }
}

/// The alarms of the log: why, and at which place.
pub(crate) fn alarms(log: &[Entry]) -> Vec<(String, Option<Place>)> {
    let alarms = log.iter().filter(|entry| entry.what == What::Alarm);
    alarms
        .map(|entry| {
            (
                entry
                    .reason
                    .as_ref()
                    .map_or("", |reason| reason.as_str())
                    .to_owned(),
                entry.place,
            )
        })
        .collect()
}
