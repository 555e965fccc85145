//! What comes out: every ward's part, in order, without a gap.

use crate::desk::{Desk, Made, slot};
use serde_json::json;
use shared::ids::RecordId;
use shared::sync::wire::{FeedItem, FeedPage, Verdict};
use sqlx::Connection;
use std::time::{Duration, Instant};
use sync_server::testing::TestHub;

fn whole(item: &FeedItem) -> Option<RecordId> {
    match item {
        FeedItem::Whole { record, .. } => Some(*record),
        FeedItem::Change { .. } | FeedItem::Forget { .. } | FeedItem::Echo { .. } => None,
    }
}

#[tokio::test]
async fn a_desk_that_was_loaded_anew_gets_its_own_changes_again() {
    let hub = TestHub::start().await;
    let mut desk = Desk::new(&hub, hub.ward).await;
    let patient = desk.patient("Ōe");
    desk.push(vec![patient.envelope()]).await;
    assert!(matches!(
        desk.feed(0).await.items[..],
        [FeedItem::Echo { .. }]
    ));
    desk.incarnation += 1;
    desk.push(Vec::new()).await;
    let again = &desk.feed(0).await.items[0];
    assert!(!matches!(again, FeedItem::Echo { .. }), "{again:?}");
}

#[tokio::test]
async fn a_desk_gets_its_own_changes_as_hashes_and_others_as_they_are() {
    let hub = TestHub::start().await;
    let (one, other) = (
        Desk::new(&hub, hub.ward).await,
        Desk::new(&hub, hub.ward).await,
    );
    let patient = one.patient("Ōe");
    let edited = one.edit(&patient, &json!({ "bed": "B-1" }));
    one.push(vec![patient.envelope()]).await;
    one.push(vec![edited.envelope()]).await;
    let own = one.feed(0).await;
    assert_eq!(
        own.items,
        [
            FeedItem::Echo {
                hash: patient.edited.hash
            },
            FeedItem::Echo {
                hash: edited.edited.hash
            }
        ]
    );
    assert_eq!((own.to, own.more), (2, false));
    let theirs = other.feed(0).await;
    let FeedItem::Whole {
        kind: 1,
        record,
        body,
        doc,
    } = &theirs.items[0]
    else {
        unreachable!("{theirs:?}")
    };
    let merged = shared::document::merge(shared::record::Kind::Patient, Some(doc), &[]).unwrap();
    assert_eq!(
        (*record, merged.heads),
        (patient.id, edited.edited.heads.clone()),
        "it comes as it is now"
    );
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body, edited.edited.body);
    assert_eq!(
        theirs.items[1],
        FeedItem::Change {
            kind: 1,
            record: patient.id,
            change: edited.edited.change.clone()
        }
    );
    assert_eq!(other.feed(2).await.items, []);
}

#[tokio::test]
async fn a_replica_that_was_rebuilt_gets_what_the_one_before_it_sent() {
    let hub = TestHub::start().await;
    let mut rebuilt = Desk::new(&hub, hub.ward).await;
    let patient = rebuilt.patient("Again");
    let edited = rebuilt.edit(&patient, &json!({ "bed": "B-1" }));
    rebuilt
        .push(vec![patient.envelope(), edited.envelope()])
        .await;
    rebuilt.incarnation = 2;
    rebuilt
        .push(vec![
            rebuilt.edit(&edited, &json!({ "bed": "B-2" })).envelope(),
        ])
        .await;
    let items = rebuilt.feed(0).await.items;
    assert!(
        matches!(
            items[..],
            [
                FeedItem::Whole { .. },
                FeedItem::Change { .. },
                FeedItem::Echo { .. }
            ]
        ),
        "{items:?}"
    );
}

#[tokio::test]
async fn a_ward_that_is_named_gets_the_whole_chart() {
    let hub = TestHub::start().await;
    let (here, there) = (
        Desk::new(&hub, hub.ward).await,
        Desk::new(&hub, hub.other_ward).await,
    );
    let patient = here.patient("Shared");
    let visit = here.appointment(&hub, patient.id, hub.ward, "2027-03-01T09:00:00Z");
    here.push(vec![patient.envelope(), visit.envelope()]).await;
    assert_eq!(there.feed(0).await.items, []);
    let referred = here.appointment(&hub, patient.id, hub.other_ward, "2027-03-02T09:00:00Z");
    here.push(vec![referred.envelope()]).await;
    let page = there.feed(0).await;
    let ids: Vec<Option<RecordId>> = page.items.iter().map(whole).collect();
    assert_eq!(
        ids,
        [Some(patient.id), Some(visit.id), Some(referred.id)],
        "the patient first"
    );
    // from now on both see everything of it, and both may write
    let edited = there.edit(&patient, &json!({ "bed": "S-1" }));
    assert_eq!(there.push(vec![edited.envelope()]).await, [Verdict::Taken]);
    assert!(matches!(
        here.feed(3).await.items[..],
        [FeedItem::Change { .. }]
    ));
    let digest = |answer: crate::desk::Answer| answer.json::<shared::sync::digest::Digest>();
    assert_eq!(
        digest(here.get("/sync/v1/digest").await),
        digest(there.get("/sync/v1/digest").await)
    );
}

#[tokio::test]
async fn pages_follow_one_another_and_none_cuts_a_push_in_two() {
    let hub = TestHub::start().await;
    let (here, reader) = (
        Desk::new(&hub, hub.ward).await,
        Desk::new(&hub, hub.ward).await,
    );
    let alert = json!([{ "text": "x".repeat(9_000) }]);
    let mut last = Vec::new();
    for _ in 0..4 {
        let patients: Vec<Made> = (0..100)
            .map(|n| here.make(shared::record::Kind::Patient, &json!({ "name": [{ "family": format!("N{n}") }], "alert": alert, "ward": hub.ward })))
            .collect();
        here.push(patients.iter().map(Made::envelope).collect())
            .await;
        last.push(reader_place(&hub).await);
    }
    let (mut after, mut items, mut pages) = (0, 0, 0);
    loop {
        let page = reader.feed(after).await;
        assert_eq!(
            page.to - after,
            page.items.len() as u64,
            "places have no gaps"
        );
        assert!(last.contains(&page.to), "a page ends where a push ends");
        (after, items, pages) = (page.to, items + page.items.len(), pages + 1);
        if !page.more {
            break;
        }
    }
    assert_eq!(items, 400);
    assert!(pages >= 2, "{pages}");
}

async fn reader_place(hub: &TestHub) -> u64 {
    let place: i64 = sqlx::query_scalar("select seq from ward where id = $1")
        .bind(hub.ward.0)
        .fetch_one(&hub.app.pool)
        .await
        .expect("the hub answers");
    u64::try_from(place).expect("the hub answers")
}

/// Two transactions under way at once: the second to take its place commits second, or a reader could skip the first.
#[tokio::test]
async fn a_reader_never_sees_a_later_place_before_an_earlier_one() {
    let hub = TestHub::start().await;
    let (desk, reader) = (
        Desk::new(&hub, hub.ward).await,
        Desk::new(&hub, hub.ward).await,
    );
    // the first transaction has taken its place and is not at its end yet
    let mut first = sqlx::PgConnection::connect_with(&hub.database())
        .await
        .unwrap();
    let mut tx = first.begin().await.unwrap();
    sqlx::query("update ward set seq = seq + 1 where id = $1")
        .bind(hub.ward.0)
        .execute(&mut *tx)
        .await
        .unwrap();
    sqlx::query(
        "insert into feed (ward, seq, what, kind, record, push) values ($1, 1, 3, 1, $1, 0)",
    )
    .bind(hub.ward.0)
    .execute(&mut *tx)
    .await
    .unwrap();
    let patient = desk.patient("Second");
    let second = desk.push(vec![patient.envelope()]);
    let look = async {
        // until the second one waits for the ward
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let waiting: i64 = sqlx::query_scalar(
                "select count(*) from pg_locks join pg_stat_activity using (pid)
                where not granted and datname = current_database()",
            )
            .fetch_one(&hub.app.pool)
            .await
            .unwrap();
            if waiting > 0 {
                break;
            }
            assert!(
                Instant::now() < deadline,
                "the second transaction should wait for the first"
            );
            tokio::task::yield_now().await;
        }
        let page = reader.feed(0).await;
        assert_eq!(
            (page.to, page.items),
            (0, Vec::new()),
            "nothing is seen before the first"
        );
        tx.commit().await.unwrap();
    };
    let (verdicts, ()) = futures::join!(second, look);
    assert_eq!(verdicts, [Verdict::Taken]);
    let page = reader.feed(0).await;
    assert_eq!(page.to, 2);
    assert!(matches!(
        page.items[..],
        [FeedItem::Forget { .. }, FeedItem::Whole { .. }]
    ));
}

#[tokio::test]
async fn eight_desks_at_once_leave_no_gap_and_nothing_out() {
    let hub = TestHub::start().await;
    let mut desks = Vec::new();
    for n in 0..8 {
        desks.push(Desk::new(&hub, if n % 2 == 0 { hub.ward } else { hub.other_ward }).await);
    }
    let reader = Desk::new(&hub, hub.ward).await;
    let writing = futures::future::join_all(desks.iter().map(async |desk| {
        for n in 0..15 {
            let patient = desk.patient(&format!("P{n}"));
            // every third is seen by both wards
            let ward = if n % 3 == 0 {
                hub.other_ward
            } else {
                desk.enrolled.ward
            };
            let visit = desk.appointment(
                &hub,
                patient.id,
                ward,
                &slot(n * 8 + desk.enrolled.number % 8),
            );
            let verdicts = desk.push(vec![patient.envelope(), visit.envelope()]).await;
            assert_eq!(verdicts, [Verdict::Taken, Verdict::Taken]);
        }
    }));
    let reading = async {
        let (mut after, mut seen) = (0, 0);
        let deadline = Instant::now() + Duration::from_secs(60);
        while seen < 4 * 15 * 2 {
            let page = reader.feed(after).await;
            assert_eq!(page.to - after, page.items.len() as u64, "no gap");
            (after, seen) = (page.to, seen + page.items.len());
            assert!(Instant::now() < deadline, "{seen}");
        }
        (after, seen)
    };
    let (_, (after, seen)) = futures::join!(writing, reading);
    let count: i64 = sqlx::query_scalar("select count(*) from feed where ward = $1")
        .bind(hub.ward.0)
        .fetch_one(&hub.app.pool)
        .await
        .unwrap();
    let rest = reader.feed(after).await.items.len();
    assert_eq!(usize::try_from(count).unwrap(), seen + rest);
}

#[tokio::test]
async fn somebody_who_waits_hears_at_once() {
    let hub = TestHub::start().await;
    let (desk, reader) = (
        Desk::new(&hub, hub.ward).await,
        Desk::new(&hub, hub.ward).await,
    );
    let patient = desk.patient("News");
    let begun = Instant::now();
    let (page, _) = futures::join!(
        reader.get("/sync/v1/live?after=0"),
        desk.push(vec![patient.envelope()])
    );
    assert_eq!(page.frame::<FeedPage>().items.len(), 1);
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_place_the_hub_never_gave_is_a_clash() {
    let hub = TestHub::start().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let answer = desk.get("/sync/v1/feed?after=99").await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (409, "feed.ahead")
    );
}
