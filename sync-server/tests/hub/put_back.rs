//! A hub that is put back from a backup gets everything again that it had accepted since: from the desks.

use crate::desk::Desk;
use crate::real::RealDesk;
use crate::trust;
use replica::Courier;
use serde_json::{Value, json};
use shared::desk::{Save, SaveAnswer, SyncState};
use shared::ids::RecordId;
use shared::record::Kind;
use shared::sync::digest::Digest;
use sqlx::{AssertSqlSafe, PgPool};
use sync_server::sync::lineage;
use sync_server::testing::TestHub;
use sync_server::world;

/// A copy of the hub's database.
struct Backup {
    name: String,
}

impl Backup {
    /// Copies the database, for which the hub lets go of it.
    async fn take(hub: &mut TestHub) -> Self {
        let database = hub.database();
        let of = database.get_database().expect("it has a name").to_owned();
        let name = format!("{of}_kept");
        hub.stop().await;
        admin(hub, &[format!("create database {name} template {of}")]).await;
        hub.restart().await;
        Self { name }
    }

    /// Puts it in the place of the database, as `wardbook-hub restore` does.
    async fn put_back(&self, hub: &mut TestHub) {
        let database = hub.database();
        let of = database.get_database().expect("it has a name").to_owned();
        hub.stop().await;
        let name = &self.name;
        admin(
            hub,
            &[
                format!("drop database {of}"),
                format!("create database {of} template {name}"),
            ],
        )
        .await;
        let pool = PgPool::connect_with(database).await.expect("it is there");
        let mut connection = pool.acquire().await.expect("it answers");
        lineage::begin(&mut connection).await.expect("begun");
        drop(connection);
        pool.close().await;
        hub.restart().await;
    }
}

async fn admin(hub: &TestHub, statements: &[String]) {
    let options = hub.database().database("postgres");
    let pool = PgPool::connect_with(options).await.expect("it answers");
    for sql in statements {
        sqlx::raw_sql(AssertSqlSafe(sql.as_str()))
            .execute(&pool)
            .await
            .expect("nobody else uses it");
    }
    pool.close().await;
}

fn new_patient(hub: &TestHub, desk: &RealDesk, family: &str) -> RecordId {
    let id = RecordId(world::new_id());
    let draft = json!({ "name": [{ "family": family }], "ward": hub.ward });
    desk.save(id, None, draft).expect("saved");
    id
}

fn note(desk: &RealDesk, id: RecordId, words: &str) {
    let base = row(desk, id).heads;
    desk.save(id, Some(base), json!({ "notes": words }))
        .expect("saved");
}

fn row(desk: &RealDesk, id: RecordId) -> shared::desk::Row {
    let row = desk.replica.row(Kind::Patient, id).expect("readable");
    row.expect("the desk has them")
}

async fn exchange(desks: &[&RealDesk]) {
    for desk in desks {
        Courier::round(&desk.replica).await.expect("exchanged");
    }
}

/// Says that every desk and the hub hold the same, all of it accepted.
async fn agree(hub: &TestHub, desks: &[&RealDesk], ids: &[RecordId]) {
    let theirs: Digest = Desk::new(hub, hub.ward)
        .await
        .get("/sync/v1/digest")
        .await
        .json();
    for desk in desks {
        assert_eq!(desk.replica.digest().expect("readable"), theirs);
        for id in ids {
            assert_eq!(row(desk, *id).state, SyncState::Accepted);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_after_the_backup_comes_back_from_the_desks() {
    let mut hub = trust::hub().await;
    let (one, two) = (RealDesk::beside(&hub).await, RealDesk::beside(&hub).await);
    let before = new_patient(&hub, &one, "Before");
    exchange(&[&one, &two]).await;
    let backup = Backup::take(&mut hub).await;

    let after = new_patient(&hub, &one, "After");
    note(&one, before, "from the first desk");
    exchange(&[&one, &two]).await;
    note(&two, after, "from the second, on top of the first");
    exchange(&[&two, &one]).await;
    agree(&hub, &[&one, &two], &[before, after]).await;

    backup.put_back(&mut hub).await;
    // somebody works on before the desks come back: places of the feed are given again
    let three = RealDesk::beside(&hub).await;
    let meanwhile: Vec<RecordId> = (0..6)
        .map(|n| new_patient(&hub, &three, &format!("Meanwhile {n}")))
        .collect();
    exchange(&[&three]).await;
    // what the second desk wrote builds on what only the first has
    exchange(&[&two, &one, &two, &one, &three, &two]).await;
    exchange(&[&two, &one, &three]).await;

    let all: Vec<RecordId> = [before, after].into_iter().chain(meanwhile).collect();
    agree(&hub, &[&one, &two, &three], &all).await;
    let kept = row(&three, after).body;
    assert_eq!(kept["notes"], "from the second, on top of the first");
    assert_eq!(row(&three, before).body["notes"], "from the first desk");
    let alarms: i64 = sqlx::query_scalar("select count(*) from device_alarm")
        .fetch_one(&hub.app.pool)
        .await
        .expect("a count");
    assert_eq!(alarms, 0, "nobody is taken for a copy");
}

/// Saves an appointment at a desk.
fn save_visit(desk: &RealDesk, id: RecordId, base: Option<String>, draft: Value) {
    let ask = Save {
        kind: Kind::Appointment,
        id,
        base,
        draft,
        held: None,
    };
    let answer = desk.replica.save(&desk.actor, &ask).expect("it is kept");
    assert!(matches!(answer, SaveAnswer::Saved { .. }), "{answer:?}");
}

fn visit(desk: &RealDesk, id: RecordId) -> shared::desk::Row {
    let row = desk.replica.row(Kind::Appointment, id).expect("readable");
    row.expect("the desk has it")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_builds_on_the_word_of_a_hub_that_forgot_it_is_made_again_on_what_it_says_now() {
    let mut hub = trust::hub().await;
    let (one, two) = (RealDesk::beside(&hub).await, RealDesk::beside(&hub).await);
    let (ada, ben) = (
        new_patient(&hub, &one, "Ada"),
        new_patient(&hub, &one, "Ben"),
    );
    exchange(&[&one, &two]).await;
    let backup = Backup::take(&mut hub).await;

    let start = "2031-03-04T10:00:00Z";
    let draft = |patient: RecordId| {
        json!({
            "patient": patient, "practitioner": hub.doctor, "department": hub.department, "ward": hub.ward,
            "start": start, "minutes": 30, "status": "pending", "reason": "first",
        })
    };
    let (asked, taken) = (RecordId(world::new_id()), RecordId(world::new_id()));
    save_visit(&one, asked, None, draft(ada));
    exchange(&[&one, &two]).await;
    assert_eq!(visit(&two, asked).body["status"], "booked");
    let base = visit(&two, asked).heads;
    save_visit(&two, asked, Some(base), json!({ "reason": "second" }));
    exchange(&[&two, &one]).await;

    let meanwhile = draft(ben);
    backup.put_back(&mut hub).await;
    // somebody else gets the slot before the desks come back
    let three = RealDesk::beside(&hub).await;
    exchange(&[&three]).await;
    save_visit(&three, taken, None, meanwhile);
    exchange(&[&three]).await;
    assert_eq!(visit(&three, taken).body["status"], "booked");
    for _ in 0..4 {
        exchange(&[&two, &one, &three]).await;
    }

    for desk in [&one, &two, &three] {
        assert_eq!(visit(desk, taken).body["status"], "booked");
        let lost = visit(desk, asked);
        assert_eq!(lost.body["status"], "waitlist", "decided anew");
        assert_eq!(lost.body["reason"], "second", "nothing is lost");
        assert_eq!(lost.state, SyncState::Accepted);
        assert!(desk.replica.held().expect("readable").is_empty());
    }
    agree(&hub, &[&one, &two, &three], &[ada, ben]).await;
}
