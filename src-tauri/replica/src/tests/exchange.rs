//! The courier against a stand-in for the hub: a few lines of HTTP that keep one ward in memory. What the real hub does
//! is tested with the real hub.

use super::*;
use crate::courier::{Courier, Round};
use shared::desk::{Link, SyncState};
use shared::document;
use shared::staff::Reference;
use shared::sync::judge;
use shared::sync::wire::{self, FeedItem, FeedPage, Manifest, Push, PushAnswer, Segment, SegmentRecord, Verdict};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

#[derive(Default)]
struct Ward {
    docs: BTreeMap<RecordId, (Kind, Vec<u8>)>,
    /// Every change with the device and incarnation that made it.
    feed: Vec<(u32, u16, FeedItem)>,
    incarnation: u16,
    segments: Vec<Vec<u8>>,
}

#[derive(Default)]
struct StandIn {
    ward: Mutex<Ward>,
    is_down: AtomicBool,
    /// Answers are cut off after so many bytes, when more than none.
    cut_after: AtomicUsize,
    calls: Mutex<Vec<String>>,
}

fn start() -> (Arc<StandIn>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let hub = Arc::new(StandIn::default());
    let serving = hub.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let hub = serving.clone();
            std::thread::spawn(move || while hub.answer(&stream).is_some() {});
        }
    });
    (hub, address)
}

impl StandIn {
    /// Answers one call; nothing when the line is to be closed.
    fn answer(&self, mut stream: &TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let path = line.split(' ').nth(1)?.to_owned();
        let mut is_chunked = false;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok()?;
            is_chunked |= header.to_lowercase().starts_with("transfer-encoding: chunked");
            if header.trim().is_empty() {
                break;
            }
        }
        let body = if is_chunked { chunked(&mut reader)? } else { Vec::new() };
        if self.is_down.load(Ordering::SeqCst) {
            return None;
        }
        self.calls.lock().unwrap().push(path.clone());
        let answer = self.respond(&path, &body);
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", answer.len());
        let whole = [head.as_bytes(), &answer].concat();
        let cut = self.cut_after.load(Ordering::SeqCst);
        if cut > 0 && whole.len() > cut {
            stream.write_all(&whole[..cut]).ok()?;
            return None;
        }
        stream.write_all(&whole).ok()
    }

    fn respond(&self, path: &str, body: &[u8]) -> Vec<u8> {
        let mut ward = self.ward.lock().unwrap();
        let after = || path.split("after=").nth(1).and_then(|n| n.parse().ok()).unwrap_or(0);
        match path.split('?').next().unwrap() {
            "/sync/v1/push" => wire::encode(&ward.take(&wire::decode(body).unwrap())),
            "/sync/v1/feed" => wire::encode(&ward.page(after())),
            "/sync/v1/live" => {
                let deadline = Instant::now() + Duration::from_millis(300);
                while ward.page(after()).items.is_empty() && Instant::now() < deadline {
                    drop(ward);
                    std::thread::sleep(Duration::from_millis(5));
                    ward = self.ward.lock().unwrap();
                }
                wire::encode(&ward.page(after()))
            }
            "/sync/v1/reference" => serde_json::to_vec(&Reference { version: 3, ..Default::default() }).unwrap(),
            "/sync/v1/numbers" => serde_json::to_vec(&NumberBlock { from: 50_000, until: 51_000 }).unwrap(),
            "/sync/v1/bootstrap" => wire::encode(&ward.manifest()),
            other => ward.segments[other.rsplit('/').next().unwrap().parse::<usize>().unwrap()].clone(),
        }
    }
}

fn chunked(reader: &mut impl std::io::BufRead) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut size = String::new();
        reader.read_line(&mut size).ok()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        let mut part = vec![0; size + 2];
        reader.read_exact(&mut part).ok()?;
        body.extend_from_slice(&part[..size]);
        if size == 0 {
            return Some(body);
        }
    }
}

impl Ward {
    fn take(&mut self, push: &Push) -> PushAnswer {
        self.incarnation = self.incarnation.max(push.incarnation);
        let mut verdicts = Vec::new();
        for envelope in &push.envelopes {
            let kind = Kind::from_number(envelope.kind).unwrap();
            let seen = judge::inspect(&envelope.change).unwrap();
            let here = self.docs.get(&envelope.record).map(|(_, doc)| doc.as_slice());
            let actor = actor(1, &[Role::Doctor], &device(1));
            let actor = Actor { staff: seen.staff.unwrap(), ..actor };
            let today = "2027-03-01".parse().unwrap();
            verdicts.push(match judge::judge(kind, here, &seen, &actor, seen.device, today) {
                judge::Judged::Taken(merged) if merged.body["bed"] == "taken" => {
                    Verdict::Held { problems: vec![Problem::new("bed.taken", "bed")] }
                }
                judge::Judged::Taken(merged) => {
                    self.docs.insert(envelope.record, (kind, merged.doc));
                    let item = FeedItem::Change { kind: envelope.kind, record: envelope.record, change: envelope.change.clone() };
                    self.feed.push((seen.device, push.incarnation, item));
                    Verdict::Taken
                }
                judge::Judged::Had => Verdict::Had,
                judge::Judged::Parked(missing) => Verdict::Parked { missing },
                judge::Judged::Held(problems) => Verdict::Held { problems },
                judge::Judged::Refused(problems) => Verdict::Refused { problems },
            });
        }
        PushAnswer { verdicts, now_ms: NOON_MS }
    }

    /// The page for device 1: its own changes of this incarnation as echoes.
    fn page(&self, after: usize) -> FeedPage {
        let items = self.feed.iter().skip(after).map(|(device, incarnation, item)| match item {
            FeedItem::Change { change, .. } if *device == 1 && *incarnation == self.incarnation => {
                FeedItem::Echo { hash: judge::inspect(change).unwrap().hash }
            }
            other => other.clone(),
        });
        let items: Vec<_> = items.collect();
        FeedPage { to: (after + items.len()) as u64, more: false, reference: 3, now_ms: NOON_MS, items }
    }

    fn manifest(&mut self) -> Manifest {
        let record = |(id, (kind, doc)): (&RecordId, &(Kind, Vec<u8>))| {
            let merged = document::merge(*kind, Some(doc), &[]).unwrap();
            let body = merged.body.to_string();
            SegmentRecord { kind: kind.number(), id: *id, body, doc: doc.clone(), conflicts: 0, changed_by: None, changed_at: 0 }
        };
        let records: Vec<_> = self.docs.iter().map(record).collect();
        self.segments = records.chunks(20).map(|some| wire::encode(&Segment { records: some.to_vec() })).collect();
        let sums = self.segments.iter().map(|frame| (sha2::Digest::finalize(<sha2::Sha256 as sha2::Digest>::new_with_prefix(frame)).into(), frame.len() as u32));
        Manifest { snapshot: 1, ward: ward(), upto: self.feed.len() as u64, records: records.len() as u64, segments: sums.collect(), now_ms: NOON_MS }
    }

    /// What another desk did.
    fn from_elsewhere(&mut self, desk: &Desk) {
        for item in desk.unsent() {
            let kind = item.kind.number();
            let envelopes = vec![wire::Envelope { kind, record: item.record, change: item.change }];
            let push = Push { device: desk.actor.device, incarnation: self.incarnation, sent_at_ms: 0, envelopes };
            let answer = self.take(&push);
            assert_eq!(answer.verdicts, [Verdict::Taken]);
        }
    }
}

/// A desk of that hub, not loaded yet.
fn desk_of(address: &str) -> Desk {
    let dir = TempDir::new().unwrap();
    let replica = open_with(dir.path(), [7; 32], Some(address.to_owned())).unwrap();
    let numbers = vec![NumberBlock { from: 9_000, until: 9_900 }];
    replica.write(Lasting::Yes, |db| meta::DEVICE.set(db, &device(1)).and_then(|()| meta::NUMBERS.set(db, &numbers))).unwrap();
    Desk { replica, dir, actor: actor(1, &[Role::Doctor], &device(1)) }
}

fn elsewhere(hub: &StandIn, patients: u128) -> Desk {
    let other = Desk::new(2);
    (0..patients).for_each(|number| drop(other.register(1_000 + number, &format!("Family{number}"))));
    hub.ward.lock().unwrap().from_elsewhere(&other);
    other
}

async fn round(desk: &Desk) -> crate::Result<Round> {
    Courier::round(&desk.replica).await
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_load_brings_everything_and_a_round_without_news_is_one_small_call() {
    let (hub, address) = start();
    let other = elsewhere(&hub, 90);
    let desk = desk_of(&address);
    round(&desk).await.unwrap();
    assert_eq!(desk.replica.digest().unwrap(), other.replica.digest().unwrap());
    assert_eq!(desk.replica.search("family7", 50).unwrap().len(), 11);
    assert_eq!(desk.replica.reference().unwrap().version, 3);
    let again = round(&desk).await.unwrap();
    assert_eq!((again.calls, again.received), (1, 0));
    assert!(again.bytes_sent + again.bytes_received < 1_000, "{again:?}");
    assert!(desk.replica.verify().unwrap());
    assert_eq!(std::fs::read_dir(desk.dir.path()).unwrap().filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().ends_with(".db")).count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_is_cut_off_goes_on_where_it_was() {
    let (hub, address) = start();
    let other = elsewhere(&hub, 90);
    let desk = desk_of(&address);
    hub.ward.lock().unwrap().manifest();
    let sizes: Vec<usize> = hub.ward.lock().unwrap().segments.iter().map(Vec::len).collect();
    // the last segment is smaller than the others: all are cut but that one, then all but some
    hub.cut_after.store(sizes[0] / 2, Ordering::SeqCst);
    assert!(round(&desk).await.is_err());
    assert!(desk.row(1_000).is_none(), "nothing is shown before it is complete");
    hub.cut_after.store(0, Ordering::SeqCst);
    round(&desk).await.unwrap();
    assert_eq!(desk.replica.digest().unwrap(), other.replica.digest().unwrap());
    let calls = hub.calls.lock().unwrap();
    assert_eq!(calls.iter().filter(|path| path.as_str() == "/sync/v1/bootstrap").count(), 1, "planned once");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_saved_while_a_load_is_under_way_is_carried_over() {
    let (hub, address) = start();
    elsewhere(&hub, 30);
    let desk = desk_of(&address);
    desk.register(10, "García");
    round(&desk).await.unwrap();
    assert_eq!(desk.row(10).unwrap().state, SyncState::Accepted);
    assert!(desk.row(1_000).is_some());
    assert_eq!(hub.ward.lock().unwrap().docs.len(), 31);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_replica_is_rebuilt_with_own_changes_and_unsent_work() {
    let (hub, address) = start();
    elsewhere(&hub, 30);
    let desk = desk_of(&address);
    round(&desk).await.unwrap();
    desk.register(10, "Accepted");
    round(&desk).await.unwrap();
    desk.register(11, "Unsent");
    let path = desk.replica.store().path.clone();
    let Desk { replica, dir, actor } = desk;
    drop(replica);
    std::fs::write(path, vec![42; 30_000]).unwrap();
    let replica = open_with(dir.path(), [7; 32], Some(address)).unwrap();
    let desk = Desk { replica, dir, actor };
    assert_eq!(desk.row(11).unwrap().state, SyncState::Saved);
    round(&desk).await.unwrap();
    assert_eq!(desk.replica.status().unwrap().waiting, 0);
    for number in [10, 11, 1_000] {
        assert_eq!(desk.row(number).unwrap().state, SyncState::Accepted, "{number}");
    }
    desk.register(12, "Afterwards");
    assert_eq!(round(&desk).await.unwrap().accepted, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_courier_carries_by_itself_through_a_cut_and_says_how_it_stands() {
    let (hub, address) = start();
    elsewhere(&hub, 3);
    let desk = desk_of(&address);
    let courier = Courier::start(desk.replica.clone());
    until("loaded", || desk.row(1_000).is_some()).await;
    until("online", || desk.replica.status().unwrap().link == Link::Online).await;
    desk.register(10, "García");
    until("accepted", || desk.row(10).unwrap().state == SyncState::Accepted).await;
    hub.is_down.store(true, Ordering::SeqCst);
    until("offline", || desk.replica.status().unwrap().link == Link::Offline).await;
    assert_eq!(desk.replica.status().unwrap().trouble.unwrap().code, "hub.unreachable");
    let row = desk.register(11, "Silva");
    desk.edit(&row, json!({ "bed": "taken" }));
    assert_eq!(desk.row(11).unwrap().state, SyncState::Saved);
    let other = Desk::new(4);
    other.register(2_000, "Other");
    hub.ward.lock().unwrap().from_elsewhere(&other);
    hub.is_down.store(false, Ordering::SeqCst);
    courier.nudge();
    until("held", || desk.replica.status().unwrap().held == 1).await;
    until("news", || desk.row(2_000).is_some()).await;
    until("nothing waits", || desk.replica.status().unwrap().waiting == 0).await;
    assert_eq!((desk.row(11).unwrap().state, &desk.row(11).unwrap().body["bed"]), (SyncState::Held, &Value::Null));
    courier.stop();
    assert_eq!(desk.replica.status().unwrap().link, Link::Offline);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_changes_go_in_full_pushes_and_are_answered_at_once() {
    let (hub, address) = start();
    let desk = desk_of(&address);
    round(&desk).await.unwrap();
    (0..600).for_each(|number| drop(desk.register(3_000 + number, "García")));
    let before = hub.calls.lock().unwrap().len();
    let done = round(&desk).await.unwrap();
    assert_eq!((done.accepted, done.calls), (600, 3), "two pushes and one pull");
    assert_eq!(hub.calls.lock().unwrap().len() - before, 3);
    assert_eq!(desk.replica.status().unwrap().waiting, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_hub_nobody_new_can_sign_in() {
    let desk = desk_of("http://127.0.0.1:1");
    let error = desk.replica.sign_in("ada", "secret").await.unwrap_err();
    assert_eq!(codes(&error.problems()), ["sign_in.offline_unknown"]);
}
