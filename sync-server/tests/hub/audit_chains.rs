//! Chains of desks as a stolen or copied desk would send them: kept, and found out.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where it stands"
)]

use crate::audits::{alarms, log};
use crate::desk::Desk;
use shared::audit::chain::{Batch, BatchAnswer, HubKey, Link, Pen};
use shared::audit::entry::{Entry, Place, What};
use shared::audit::start;
use shared::ids::StaffId;
use shared::sample::Dice;
use shared::sync::wire;
use sync_server::services::audit::show::{About, show};
use sync_server::services::audit::verify::verify;
use sync_server::testing::TestHub;

/// A desk whose chain the test writes itself, with everything a stolen desk has.
pub(crate) struct Forger {
    pub(crate) desk: Desk,
    hub: HubKey,
    pen: Pen,
    begun: start::Locked,
}

impl Forger {
    async fn new(hub: &TestHub, incarnation: u16) -> Self {
        let desk = Desk::new(hub, hub.ward).await;
        Self::at(desk, incarnation).await
    }

    pub(crate) async fn at(desk: Desk, incarnation: u16) -> Self {
        let hub: HubKey = desk.get("/sync/v1/audit/key").await.json();
        let key = wire::unhex(&hub.lock).unwrap().try_into().unwrap();
        let key = ed25519_dalek::VerifyingKey::from_bytes(&key).unwrap();
        let device = desk.enrolled.device;
        let begun = start::lock(&[5; 32], device, incarnation, &key, &[6; 32]);
        Self {
            pen: Pen::begin(device, incarnation, [5; 32]),
            desk,
            hub,
            begun,
        }
    }

    fn entry(&self, what: What, n: i64) -> Entry {
        Entry::new(
            what,
            n,
            self.desk.enrolled.device,
            Some(StaffId(uuid::Uuid::from_u128(1))),
        )
    }

    pub(crate) fn links(&mut self, count: i64) -> Vec<Link> {
        let what = |n| {
            if n == 0 {
                What::ChainBegan
            } else {
                What::ChartViewed
            }
        };
        let entries: Vec<Entry> = (0..count).map(|n| self.entry(what(n), n)).collect();
        entries.iter().map(|entry| self.pen.write(entry)).collect()
    }

    pub(crate) async fn send(&self, links: Vec<Link>) -> u64 {
        let batch = Batch::sign(
            self.desk.enrolled.device,
            self.pen.incarnation,
            self.begun.clone(),
            links,
            &self.desk.key,
        );
        self.send_batch(&batch).await
    }

    async fn send_batch(&self, batch: &Batch) -> u64 {
        let answer = self
            .desk
            .call(reqwest::Method::POST, "/sync/v1/audit", wire::encode(batch))
            .await;
        answer.frame::<BatchAnswer>().upto
    }
}

/// Does something to a chain; returns the alarm it has to raise.
async fn spoil(
    forger: &mut Forger,
    links: &mut Vec<Link>,
    round: usize,
    at: usize,
) -> (String, Option<Place>) {
    let place = |seq: usize| {
        Some(Place {
            incarnation: 1,
            seq: seq as u64,
        })
    };
    match round % 6 {
        0 => {
            links[at].entry[10] ^= 1;
            ("chain.hash".to_owned(), place(at + 1))
        }
        1 => {
            links.remove(at);
            ("chain.gap".to_owned(), place(at + 1))
        }
        2 => {
            // an insider with the desk's last key writes everything anew from there
            forger.pen.seq = at as u64;
            forger.pen.head = links[at - 1].hash;
            links.truncate(at);
            let entry = forger.entry(What::ChartViewed, 99);
            links.push(forger.pen.write(&entry));
            ("chain.seal".to_owned(), place(at + 1))
        }
        3 => {
            links[at].entry = vec![9; 300];
            ("chain.shape".to_owned(), place(at + 1))
        }
        4 => {
            // another desk, or a copy of this one, wrote something else at this place
            forger.send(links.clone()).await;
            links[at].entry[10] ^= 1;
            ("chain.fork".to_owned(), place(at + 1))
        }
        _ => {
            links.remove(0);
            ("chain.gap".to_owned(), place(1))
        }
    }
}

#[tokio::test]
async fn a_chain_that_is_not_whole_raises_an_alarm_and_is_kept_all_the_same() {
    let hub = TestHub::start().await;
    let seed = 20_270_305;
    let mut dice = Dice::new(seed);
    let mut expected = Vec::new();
    for round in 0..30 {
        let mut forger = Forger::new(&hub, 1).await;
        let mut links = forger.links(12);
        let at = 1 + dice.below(10);
        expected.push(spoil(&mut forger, &mut links, round, at).await);
        let last = links.last().unwrap().seq;
        assert_eq!(forger.send(links.clone()).await, last);
        // saying it again changes nothing
        assert_eq!(forger.send(links.clone()).await, last);
        let kept: i64 = sqlx::query_scalar("select count(*) from audit_desk where device = $1")
            .bind(forger.desk.enrolled.device.0)
            .fetch_one(&hub.app.pool)
            .await
            .unwrap();
        let forked = i64::from(round % 6 == 4);
        assert_eq!(
            kept,
            links.len() as i64 + forked,
            "seed {seed} round {round}"
        );
        assert!(!forger.hub.sign.is_empty());
    }
    let log = log(&hub).await;
    assert_eq!(alarms(&log), expected, "seed {seed}");
    let found = verify(&hub.app, None).await.unwrap();
    assert!(
        found.is_whole(),
        "what came damaged is known, not new: {found:?}"
    );
    assert_eq!(found.alarms, 30);
    assert_eq!(show(&hub.app, About::Alarms, 100).await.unwrap().len(), 30);
}

#[tokio::test]
async fn a_chain_begins_after_the_whole_of_the_one_before() {
    let hub = TestHub::start().await;
    let mut first = Forger::new(&hub, 1).await;
    let links = first.links(5);
    first.send(links.clone()).await;
    let (end, device) = (first.pen.clone(), first.desk.enrolled.device);
    let begin = |of, seq| {
        Entry::new(What::ChainBegan, 1, device, None)
            .of(of)
            .at_place(Place {
                incarnation: 1,
                seq,
            })
    };
    // a desk put back from an old copy names an end that is not the one the hub knows
    let mut second = Forger::at(first.desk, 2).await;
    let link = second.pen.write(&begin(links[2].hash, 3));
    second.send(vec![link]).await;
    let mut third = Forger::at(second.desk, 3).await;
    let (of, seq) = (second.pen.head, second.pen.seq);
    let link = third.pen.write(&begin(of, seq));
    third.send(vec![link]).await;
    let mut fourth = Forger::at(third.desk, 4).await;
    let entry = Entry::new(What::ChainBegan, 1, device, None)
        .of(third.pen.head)
        .at_place(Place {
            incarnation: 3,
            seq: 1,
        });
    let link = fourth.pen.write(&entry);
    fourth.send(vec![link]).await;
    let at = |incarnation| {
        Some(Place {
            incarnation,
            seq: 1,
        })
    };
    let expected = [
        ("chain.beginning".to_owned(), at(2)),
        ("chain.beginning".to_owned(), at(3)),
    ];
    assert_eq!(alarms(&log(&hub).await), expected);
    assert_eq!(end.seq, 5);
}

#[tokio::test]
async fn a_batch_speaks_only_for_its_own_device_and_is_signed() {
    let hub = TestHub::start().await;
    let mut forger = Forger::new(&hub, 1).await;
    let other = Forger::new(&hub, 1).await;
    let links = forger.links(3);
    let batch = Batch::sign(
        forger.desk.enrolled.device,
        1,
        forger.begun.clone(),
        links,
        &other.desk.key,
    );
    let answer = other
        .desk
        .call(
            reqwest::Method::POST,
            "/sync/v1/audit",
            wire::encode(&batch),
        )
        .await;
    assert_eq!(answer.code(), "device.other");
    forger.send_batch(&batch).await;
    let wrong = Batch {
        begun: other.begun.clone(),
        device: other.desk.enrolled.device,
        ..batch.clone()
    };
    let none = Batch {
        links: Vec::new(),
        ..wrong
    };
    let answer = other
        .desk
        .call(reqwest::Method::POST, "/sync/v1/audit", wire::encode(&none))
        .await;
    assert_eq!(answer.code(), "shape");
    let codes: Vec<String> = alarms(&log(&hub).await)
        .into_iter()
        .map(|(code, _)| code)
        .collect();
    assert_eq!(codes, ["chain.signature"]);
}
