//! A hospital whose hub is one process, or two with a broker between them.

use super::process::{Broker, Process, free_address, hub};
use crate::desk::client;
use crate::money::{IsContested, Office, START_MS, Told, completed, event, visit};
use async_nats::{HeaderMap, jetstream};
use reqwest::StatusCode;
use serde_json::Value;
use shared::events::{Event, What};
use sqlx::{ConnectOptions, Postgres, Row, Transaction};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};
use sync_server::events::outbox;
use sync_server::testing::TestHub;
use sync_server::world;
use tempfile::TempDir;
use uuid::Uuid;

/// How long it may take until all is well again.
const PATIENCE: Duration = Duration::from_secs(120);
const PROGRAM: &str = env!("CARGO_BIN_EXE_wardbook-hub");

/// How many processes the hub is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Together,
    Apart,
}

pub(crate) struct Hospital {
    pub(crate) office: Office,
    records: Option<Process>,
    apart: Option<Apart>,
    data: PathBuf,
    database: String,
    /// Gone with the test.
    _folder: TempDir,
}

/// The process with the money, and the broker. One that is to be killed is taken out meanwhile.
struct Apart {
    money: Option<Process>,
    money_addr: SocketAddr,
    broker: Broker,
}

impl Hospital {
    /// Puts processes in the place of a hub that does not serve any more, at its address.
    pub(crate) async fn new(test_hub: TestHub, fee: i64, shape: Shape) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        let database = test_hub.database().to_url_lossy().to_string();
        let listen = test_hub.addr.to_string();
        let office = Office::at(test_hub, fee).await;
        let args = |more: &[String], last: &[&str]| {
            let more = more.iter().map(String::as_str);
            let more: Vec<&str> = more.chain(last.iter().copied()).collect();
            hub(&database, &data, &more)
        };
        let serve = ["serve", "--plain", "--listen", &listen];
        let (records, apart) = match shape {
            Shape::Together => (args(&[], &serve), None),
            Shape::Apart => {
                let broker = Broker::start(&folder);
                let money_addr = free_address();
                let (at, there) = (money_addr.to_string(), format!("http://{money_addr}"));
                let services = ["--services", "billing,payments", "serve", "--listen", &at];
                let money = Process::start_new(PROGRAM, args(&broker.args(), &services));
                let services = ["--services", "records", "--elsewhere", &there];
                let records = args(&broker.args(), &[&services[..], &serve].concat());
                let apart = Apart {
                    money: Some(money),
                    money_addr,
                    broker,
                };
                (records, Some(apart))
            }
        };
        Self {
            office,
            records: Some(Process::start_new(PROGRAM, records)),
            apart,
            data,
            database,
            _folder: folder,
        }
    }

    fn parts(&mut self) -> &mut Apart {
        self.apart.as_mut().expect("several processes")
    }

    pub(crate) fn money(&mut self) -> &mut Process {
        self.parts().money.as_mut().expect("it was given back")
    }

    pub(crate) fn broker(&mut self) -> &mut Process {
        &mut self.parts().broker.process
    }

    /// Has the broker lose what it had.
    pub(crate) fn forget(&mut self) {
        self.parts().broker.forget();
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.office.hub.addr
    }

    pub(crate) fn money_addr(&self) -> SocketAddr {
        let apart = self.apart.as_ref().expect("several processes");
        apart.money_addr
    }

    /// Takes out the process that is killed in a round: each in its turn.
    pub(crate) fn take_victim(&mut self, round: usize) -> Process {
        match round % 3 {
            0 => self.records.take().expect("it was given back"),
            1 => self.parts().money.take().expect("it was given back"),
            _ => self.parts().broker.process.take(),
        }
    }

    pub(crate) fn give_back(&mut self, round: usize, process: Process) {
        match round % 3 {
            0 => self.records = Some(process),
            1 => self.parts().money = Some(process),
            _ => self.parts().broker.process = process,
        }
    }

    /// Asks a process; what it says, if it says something in JSON.
    pub(crate) async fn get(&self, addr: SocketAddr, path: &str) -> (StatusCode, Value) {
        let answer = client().get(format!("http://{addr}{path}")).send().await;
        let Ok(answer) = answer else {
            return (StatusCode::SERVICE_UNAVAILABLE, Value::Null);
        };
        (answer.status(), answer.json().await.unwrap_or_default())
    }

    /// Waits until every process takes calls, and the broker is there.
    pub(crate) async fn is_ready(&self) {
        let money = self.apart.as_ref().map(|apart| apart.money_addr);
        for addr in [self.addr()].into_iter().chain(money) {
            let is_apart = self.apart.is_some();
            until("it is ready", async || {
                let (status, said) = self.get(addr, "/health/ready").await;
                status == StatusCode::OK && (!is_apart || said["nats"] == "ok")
            })
            .await;
        }
    }

    pub(crate) async fn until_ready_says(&self, word: &str) {
        until(word, async || {
            let (status, said) = self.get(self.addr(), "/health/ready").await;
            status == StatusCode::OK && said["nats"] == word
        })
        .await;
    }

    /// Returns what the program says of the broker.
    pub(crate) async fn doctor(&self) -> Vec<String> {
        let apart = self.apart.as_ref().expect("several processes");
        let args = apart.broker.args();
        let args = args.iter().map(String::as_str);
        let args: Vec<&str> = args.chain(["doctor", "--json"]).collect();
        let mut doctor = Command::new(PROGRAM);
        doctor.args(hub(&self.database, &self.data, &args));
        let said = tokio::task::spawn_blocking(move || doctor.output());
        let said = said.await.expect("it ends").expect("it runs");
        let said: Value = serde_json::from_slice(&said.stdout).expect("JSON");
        let findings = said["findings"].as_array().expect("findings").iter();
        let codes = findings.filter_map(|one| one["said"]["code"].as_str());
        let codes = codes.filter(|code| code.starts_with("health.nats"));
        codes.map(str::to_owned).collect()
    }

    pub(crate) async fn until_doctor_says(&self, code: &str) {
        until(code, async || self.doctor().await == [code]).await;
    }

    /// Tells of a visit that it was booked and made, as its department does: both in one transaction.
    pub(crate) async fn tell_visit(&self) {
        let events = about_a_visit();
        let mut tx = self.office.pool().begin().await.expect("a transaction");
        outbox::tell(&mut tx, &events).await.expect("it is told");
        tx.commit().await.expect("it is kept");
    }

    /// The broker has something that was told before the hub was put back from a backup.
    pub(crate) async fn tell_of_another_time(&self) {
        let apart = self.apart.as_ref().expect("several processes");
        let line = jetstream::new(apart.broker.line().await);
        for event in about_a_visit() {
            let mut head = HeaderMap::new();
            head.insert("Wardbook-Lineage", world::new_id().to_string());
            let body = event.to_json().to_string().into();
            let told = line.publish_with_headers(event.address(), head, body).await;
            told.expect("it is sent").await.expect("it is kept");
        }
    }

    pub(crate) async fn lines(&self, query: &'static str) -> Vec<String> {
        let rows = sqlx::query(query).fetch_all(self.office.pool()).await;
        let rows = rows.expect("an answer");
        rows.iter().map(|row| row.get(0)).collect()
    }

    pub(crate) async fn bill_of(&self, visit: Uuid) -> Uuid {
        let told = Told {
            id: visit,
            patient: Uuid::nil(),
            nth: 0,
        };
        self.office.bill(&told).await.expect("a bill")
    }

    pub(crate) async fn unpaid(&self) -> Vec<Uuid> {
        sqlx::query_scalar("select id from billing.bill where applied = 0 order by number limit 15")
            .fetch_all(self.office.pool())
            .await
            .expect("the bills")
    }

    /// Lets nobody keep what was fetched, until what is returned is let go of.
    pub(crate) async fn close_inbox(&self) -> Transaction<'static, Postgres> {
        let mut closed = self.office.pool().begin().await.expect("a transaction");
        let lock = sqlx::raw_sql("lock table event_inbox in exclusive mode");
        lock.execute(&mut *closed).await.expect("it is closed");
        closed
    }

    pub(crate) async fn until_inbox_waits(&self, count: i64) {
        until("it is fetched", async || {
            self.office.count(WAITS).await == count
        })
        .await;
    }

    /// Ends the connections that wait to keep something, as when a process is killed.
    pub(crate) async fn end_who_waits(&self) {
        let end = WAITS.replace("count(*)", "pg_terminate_backend(pid)");
        let ended = self.office.hub.as_owner(&end).await;
        ended.expect("they are ended");
    }

    pub(crate) async fn until_handed_on(&self) {
        until("all is handed on", async || {
            let unsent = "select count(*) from event where published_at is null";
            self.office.count(unsent).await == 0
        })
        .await;
    }

    /// Waits until so many visits are billed and so many payments made, and everybody was told everything.
    pub(crate) async fn until_settled(&self, visits: usize, payments: usize) {
        let [visits, payments] = [visits, payments].map(|count| i64::try_from(count).expect("few"));
        let expect = [visits, payments, visits + payments, 0, 0];
        let begun = Instant::now();
        loop {
            let mut found = Vec::new();
            for query in SETTLED {
                found.push(self.office.count(query).await);
            }
            if found == expect {
                return;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "bills, payments, notices, unsent, unheard: {found:?} and not {expect:?}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What must hold in the end: each finds what is wrong.
    pub(crate) async fn check(&self, told: &str) {
        for wrong in WRONG {
            assert_eq!(self.lines(wrong).await, [""; 0], "{told}: {wrong}");
        }
        self.office.check(told).await;
    }
}

fn about_a_visit() -> [Event; 2] {
    let told = Told {
        id: world::new_id(),
        patient: world::new_id(),
        nth: 2,
    };
    [
        event(&told, 1, START_MS - 1, What::Scheduled(visit(&told))),
        event(&told, 2, START_MS, completed(&told, IsContested::No)),
    ]
}

/// Databases of one server that were copied from each other have tables of one number.
const WAITS: &str = "select count(*) from pg_locks join pg_database on pg_database.oid = database
    where datname = current_database() and relation = 'event_inbox'::regclass and mode = 'RowExclusiveLock' and not granted";

/// Bills, payments, what patients are told of them, events that were not handed on, and those that were not taken by everybody who
/// wants them.
const SETTLED: [&str; 5] = [
    "select count(*) from billing.bill",
    "select count(*) from payments.payment",
    "select count(*) from notice_of_money",
    "select count(*) from event where published_at is null",
    "select count(*) from event, unnest(array['billing', 'notifications']) as consumer
     where (consumer = 'notifications' or type like '%.appointment.%') and not exists (
        select 1 from event_inbox where event_inbox.consumer = consumer.consumer and event_inbox.event = subject || '.' || nth
            and taken_at is not null)",
];

const WRONG: [&str; 4] = [
    "select 'arrived and was not told ' || event from event_inbox where not exists (
        select 1 from event where subject || '.' || nth = event_inbox.event)",
    "select 'failed ' || event || ' ' || consumer || ' ' || code from event_inbox where taken_at is null or set_aside_at is not null",
    "select 'billed twice ' || appointment from billing.bill group by appointment having count(*) > 1",
    "select 'paid twice ' || bill from payments.payment group by bill having count(*) > 1",
];

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < PATIENCE, "{what}: in vain");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
