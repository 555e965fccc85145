//! Nobody hears of a change that a crash of PostgreSQL could take back.

use crate::desk::Desk;
use sqlx::{ConnectOptions, Connection, PgConnection};
use std::time::{Duration, Instant};
use sync_server::testing::TestHub;
use uuid::Uuid;

/// Kills one process of PostgreSQL, which then throws away all it had in memory, and waits until it answers again.
async fn crash(hub: &TestHub) {
    let mut victim = connected(hub).await.expect("PostgreSQL answers");
    let process: i32 = sqlx::query_scalar("select pg_backend_pid()")
        .fetch_one(&mut victim)
        .await
        .expect("a process");
    nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(process),
        nix::sys::signal::SIGKILL,
    )
    .expect("it is ours");
    let until = Instant::now() + Duration::from_secs(60);
    while victim.ping().await.is_ok() {
        assert!(Instant::now() < until, "the process is gone");
    }
    while connected(hub).await.is_none() {
        assert!(Instant::now() < until, "PostgreSQL comes back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn connected(hub: &TestHub) -> Option<PgConnection> {
    hub.database().connect().await.ok()
}

/// How many rows there are with a value.
async fn count(hub: &TestHub, query: &'static str, value: &[u8]) -> i64 {
    let mut db = connected(hub).await.expect("PostgreSQL answers");
    let counted = sqlx::query_scalar(query)
        .bind(value)
        .fetch_one(&mut db)
        .await;
    counted.expect("a count")
}

#[tokio::test]
async fn what_a_desk_was_told_outlives_a_crash() {
    let hub = TestHub::start_durable().await;
    // nothing reaches the disk unless somebody waits for it
    hub.as_owner("alter system set wal_writer_delay = '10s'")
        .await
        .expect("the owner may");
    hub.as_owner("select pg_reload_conf()")
        .await
        .expect("the owner may");
    let (one, other) = (
        Desk::new(&hub, hub.ward).await,
        Desk::new(&hub, hub.ward).await,
    );
    let patient = one.patient("Ōe");
    one.push(vec![patient.envelope()]).await;
    crash(&hub).await;
    assert_eq!(
        count(
            &hub,
            "select count(*) from change where hash = $1",
            &patient.edited.hash
        )
        .await,
        1,
        "the hub said that it has the change"
    );

    // another push that has given up its lock, and was answered to nobody yet
    let lost = Uuid::from_u128(77);
    hub.as_owner(&format!(
        "begin;
         set local synchronous_commit = off;
         update ward set seq = seq + 1 where id = '{ward}';
         insert into feed (ward, seq, what, kind, record, push)
         select '{ward}', seq, 3, 1, '{lost}', nextval('push_number') from ward where id = '{ward}';
         commit",
        ward = hub.ward.0
    ))
    .await
    .expect("the owner may");
    // the hub's own lines broke with the crash; a desk asks again
    let until = Instant::now() + Duration::from_secs(60);
    while other.get("/sync/v1/feed?after=1").await.status != 200 {
        assert!(Instant::now() < until, "the hub comes back");
    }
    let page = other.feed(1).await;
    assert_eq!((page.items.len(), page.to), (1, 2), "{page:?}");
    crash(&hub).await;
    let query = "select count(*) from feed where uuid_send(record) = $1";
    assert_eq!(
        count(&hub, query, lost.as_bytes()).await,
        1,
        "a desk read the place"
    );
}
