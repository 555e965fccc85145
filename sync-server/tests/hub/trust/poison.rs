//! Bombs and floods: all of it is refused or slowed down, quickly and without eating the hub's memory, and everybody else
//! goes on.

use crate::desk::{Answer, Desk, Made, codes};
use crate::real::RealDesk;
use crate::trust::hub;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use replica::Courier;
use reqwest::{Method, StatusCode};
use serde_json::json;
use sha2::{Digest, Sha256};
use shared::forged::Parts;
use shared::ids::RecordId;
use shared::record::Kind;
use shared::sync::wire::{self, Envelope, PushAnswer, Verdict};
use std::io::Write;
use std::process::Command;
use std::time::{Duration, Instant};
use sync_server::testing::TestHub;
use sync_server::world;

const ALONE: &str = "WARDBOOK_ALONE";
const GROWTH_KB: u64 = 64 << 10;
const REFUSAL: Duration = Duration::from_millis(50);
/// Hostile desks, each with its own allowance of what is not taken.
const HOSTILE: usize = 8;

/// Says whether this process runs nothing else; otherwise runs the test in one that does.
fn is_alone(test: &str) -> bool {
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let own = std::env::current_exe().expect("this program");
    let output = Command::new(own)
        .args([test, "--exact", "--nocapture"])
        .env(ALONE, "1")
        .output()
        .expect("the test runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{failed}");
    false
}

/// Kilobytes of memory that are, or at most were, in use.
fn memory_kb(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux says it");
    let line = status
        .lines()
        .find(|l| l.starts_with(line))
        .expect("the line");
    line.split_whitespace()
        .nth(1)
        .and_then(|kb| kb.parse().ok())
        .expect("kilobytes")
}

fn deflated_bomb() -> Vec<u8> {
    let mut packed = DeflateEncoder::new(Vec::new(), Compression::best());
    for _ in 0..20 {
        packed.write_all(&[0; 1 << 20]).expect("memory");
    }
    let packed = packed.finish().expect("memory");
    let mut length = Vec::new();
    let mut left = packed.len();
    while left >= 0x80 {
        length.push(0x80 | (left & 0x7f) as u8);
        left >>= 7;
    }
    length.push(left as u8);
    let chunk = [vec![2], length, packed].concat();
    let sum = Sha256::digest(&chunk);
    [&[0x85, 0x6f, 0x4a, 0x83], &sum[..4], &chunk].concat()
}

/// Every bomb, with the codes it may be refused with. The mildest first.
fn bombs(made: &Made, edit: &Made, deflated: &[u8]) -> Vec<(Vec<u8>, &'static [&'static str])> {
    let honest = || Parts::of(&made.edited.change).expect("an honest change");
    let start_op = |start_op: u64| {
        let mut parts = Parts::of(&edit.edited.change).expect("an honest change");
        parts.start_op = start_op;
        parts.bytes()
    };
    let too_many: &[&str] = &["change.too_many_ops"];
    let poisoned: &[&str] = &["change.start_op", "change.too_many_ops", "change.malformed"];
    vec![
        (honest().bomb(60_000, 0, "bed").bytes(), too_many),
        (honest().bomb(1, 60_000, "bed").bytes(), too_many),
        (honest().bomb(10_000_000_000, 0, "bed").bytes(), too_many),
        (honest().bomb(1, 10_000_000_000, "bed").bytes(), too_many),
        (
            honest().bomb(50_000, 0, &"x".repeat(200_000)).bytes(),
            &["change.shape"],
        ),
        (deflated.to_vec(), &["change.malformed"]),
        (start_op(u64::from(u32::MAX)), poisoned),
        (start_op(u64::from(u32::MAX) + 1), poisoned),
        (start_op((1 << 31) - 2), poisoned),
        (start_op(200_000), poisoned),
        (start_op(u64::MAX), poisoned),
    ]
}

async fn push(desk: &Desk, envelopes: Vec<Envelope>) -> Answer {
    let body = wire::encode(&desk.push_of(envelopes));
    desk.call(Method::POST, "/sync/v1/push", body).await
}

/// Asserts that nothing of a push was taken, and returns whether it was slowed down.
fn is_refused(answer: &Answer, expected: &[&str]) -> bool {
    if answer.status.as_u16() == 429 {
        assert_eq!(answer.code(), "push.throttled");
        return true;
    }
    let verdicts = answer.frame::<PushAnswer>().verdicts;
    for verdict in &verdicts {
        let code = codes(verdict).first().cloned().unwrap_or_default();
        assert!(
            expected.contains(&code.as_str()),
            "{verdict:?}, not {expected:?}"
        );
    }
    false
}

#[test]
fn bombs_are_refused_and_everybody_else_goes_on() {
    if is_alone("trust::poison::bombs_are_refused_and_everybody_else_goes_on") {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build();
        runtime.expect("a runtime").block_on(attack());
    }
}

async fn attack() {
    let hub = hub().await;
    let honest = Desk::new(&hub, hub.ward).await;
    let patient = honest.patient("Target");
    assert_eq!(
        honest.push(vec![patient.envelope()]).await,
        [Verdict::Taken]
    );
    let edit = honest.edit(&patient, &json!({ "bed": "A-1" }));
    let mut hostile = Vec::new();
    for _ in 0..HOSTILE {
        hostile.push(Desk::new(&hub, hub.ward).await);
    }
    let deflated = deflated_bomb();
    let made: Vec<_> = hostile.iter().map(|desk| desk.patient("Bomb")).collect();
    let sets: Vec<_> = hostile
        .iter()
        .zip(&made)
        .map(|(desk, made)| (desk, made, bombs(made, &edit, &deflated)))
        .collect();
    std::fs::write("/proc/self/clear_refs", "5").expect("the peak can be forgotten");
    let before = memory_kb("VmRSS:");
    let (mut refusals, mut served, mut slowed) = (Vec::new(), Vec::new(), 0);
    for round in 0..3 {
        for (desk, made, bombs) in &sets {
            for (change, expected) in bombs {
                let is_poison = expected.contains(&"change.start_op");
                let record = if is_poison { patient.id } else { made.id };
                let envelope = Envelope {
                    record,
                    change: change.clone(),
                    ..made.envelope()
                };
                let begun = Instant::now();
                let answer = push(desk, vec![envelope]).await;
                refusals.push(begun.elapsed());
                let or_not_its_own = [*expected, &["change.actor"]].concat();
                slowed += u32::from(is_refused(
                    &answer,
                    if is_poison { &or_not_its_own } else { expected },
                ));
            }
            let begun = Instant::now();
            let one = honest.patient(&format!("Honest {round}"));
            assert_eq!(
                honest.push(vec![one.envelope()]).await,
                [Verdict::Taken],
                "an honest desk is served"
            );
            served.push(begun.elapsed());
        }
    }
    let growth = memory_kb("VmHWM:").saturating_sub(before);
    assert!(growth <= GROWTH_KB, "{growth} kB more at the peak");
    assert!(slowed > 0, "who sends nothing else is slowed down");
    assert_quick(refusals, served);
    passed_on(&hub).await;
}

/// Asserts that refusals are quick. A busy machine is slow for everybody, at times.
fn assert_quick(mut refusals: Vec<Duration>, mut served: Vec<Duration>) {
    refusals.sort_unstable();
    served.sort_unstable();
    let p99 = refusals[refusals.len() * 99 / 100];
    let bound = REFUSAL.max(served[served.len() - 1] * 3);
    assert!(p99 <= bound, "{p99:?}, {bound:?} allowed");
}

/// Another desk opens what is in the ward, and edits it.
async fn passed_on(hub: &TestHub) {
    let desk = RealDesk::beside(hub).await;
    Courier::round(&desk.replica).await.expect("it loads");
    let rows = desk.replica.search("target", 10).expect("it reads");
    let row = rows.first().expect("the patient under attack is there");
    let base = Some(row.heads.clone());
    let saved = desk.save(row.id, base, json!({ "bed": "B-2" }));
    saved.expect("it writes");
    let round = Courier::round(&desk.replica).await.expect("it sends");
    assert_eq!(round.accepted, 1);
}

#[tokio::test]
async fn a_desk_that_floods_the_hub_is_slowed_down() {
    let hub = hub().await;
    let (desk, honest) = (
        Desk::new(&hub, hub.ward).await,
        Desk::new(&hub, hub.ward).await,
    );
    // ten thousand tiny records that hold nothing
    let mut taken_down = 0;
    for _ in 0..10 {
        let tiny: Vec<Envelope> = (0..1_000)
            .map(|n| desk.make(Kind::Patient, &json!({ "serial": n })).envelope())
            .collect();
        taken_down += u32::from(is_refused(
            &push(&desk, tiny).await,
            &["patient.name_required"],
        ));
        let one = honest.patient("Honest");
        assert_eq!(honest.push(vec![one.envelope()]).await, [Verdict::Taken]);
    }
    assert_eq!(taken_down, 9, "all but the first");
    let counted: (i64, i64) =
        sqlx::query_as("select (select count(*) from record), (select count(*) from held_change)")
            .fetch_one(&hub.app.pool)
            .await
            .unwrap();
    assert_eq!(counted, (10, 1_000));
    // it is told when to come back, also by a hub that has begun anew
    let answer = push(&desk, Vec::new()).await;
    let document: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    let seconds: u64 = document["problems"][0]["with"]["seconds"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=3_600).contains(&seconds), "{seconds}");
    let slowed = sync_server::sync::held::slowed(&hub.app).await.unwrap();
    assert_eq!(
        slowed.iter().map(|one| one.device).collect::<Vec<_>>(),
        [desk.enrolled.device.0]
    );
}

#[tokio::test]
async fn a_flood_of_changes_without_parents_leaves_nothing_behind() {
    let hub = hub().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let patient = desk.patient("Never sent");
    let orphans: Vec<Envelope> = (0..1_000)
        .map(|n| Envelope {
            record: RecordId(world::new_id()),
            ..desk
                .edit(&patient, &json!({ "bed": format!("A-{n}") }))
                .envelope()
        })
        .collect();
    for _ in 0..3 {
        let verdicts = desk.push(orphans.clone()).await;
        assert!(
            verdicts
                .iter()
                .all(|verdict| matches!(verdict, Verdict::Parked { .. }))
        );
    }
    // the desk keeps what it could not place: the hub parks nothing
    let kept: (i64, i64, i64) = sqlx::query_as(
        "select (select count(*) from record), (select count(*) from held_change), (select count(*) from change)",
    )
    .fetch_one(&hub.app.pool)
    .await
    .unwrap();
    assert_eq!(kept, (0, 0, 0));
    assert_eq!(desk.push(vec![patient.envelope()]).await, [Verdict::Taken]);
}

#[tokio::test]
async fn only_so_many_pushes_of_a_device_wait() {
    let hub = hub().await;
    let desk = Desk::new(&hub, hub.ward).await;
    // somebody holds the device, so that its pushes come to a stop
    let mut held = hub.app.pool.begin().await.unwrap();
    sqlx::query("select id from device where id = $1 for update")
        .bind(desk.enrolled.device.0)
        .execute(&mut *held)
        .await
        .unwrap();
    let push = async |number: u32| {
        let push = desk.push_of(vec![desk.patient(&format!("P{number}")).envelope()]);
        desk.call(Method::POST, "/sync/v1/push", wire::encode(&push))
            .await
    };
    let mut pushes: FuturesUnordered<_> = (0..20).map(push).collect();
    for _ in 0..4 {
        let answer = tokio::time::timeout(Duration::from_secs(10), pushes.next()).await;
        let answer = answer.expect("it is not kept waiting").expect("an answer");
        assert_eq!(answer.code(), "push.busy");
    }
    held.rollback().await.unwrap();
    let mut taken = 0;
    while let Some(answer) = pushes.next().await {
        taken += usize::from(answer.status == StatusCode::OK);
    }
    assert_eq!(taken, 16, "those that waited are served");
}
