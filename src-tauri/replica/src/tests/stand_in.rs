//! A stand-in for the hub: a few lines of HTTP that keep one ward in memory.

use super::*;
use crate::store::lock;
use ed25519_dalek::SigningKey;
use shared::audit::chain::{Batch, BatchAnswer, HubKey};
use shared::audit::look::LookProgress;
use shared::device::{REPORT_HEADER, Report};
use shared::document;
use shared::emergency::Opening;
use shared::emergency::keys::HolderKey;
use shared::emergency::summary::{SummaryItem, SummaryPage};
use shared::payments::desk::{
    BUCKETS, BillsAnswer, BillsAsk, Bucket, DeskBill, Document, Given, Outcome, Pad,
    ReceiptsAnswer, ReceiptsAsk, Settled, bucket_of,
};
use shared::scheduling::leases::Lent;
use shared::staff::Reference;
use shared::sync::digest::Digest;
use shared::sync::judge;
use shared::sync::lineage::Lineage;
use shared::sync::waybill::{Place, Standing};
use shared::sync::wire::{
    self, FeedItem, FeedPage, Manifest, Push, PushAnswer, Segment, SegmentRecord, Verdict,
};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

#[derive(Default)]
pub(super) struct Ward {
    pub(super) docs: BTreeMap<RecordId, (Kind, Vec<u8>)>,
    /// Every change with the device and incarnation that made it.
    feed: Vec<(u32, u16, FeedItem)>,
    incarnation: u16,
    pub(super) segments: Vec<Vec<u8>>,
    pub(super) audited: Vec<Batch>,
    /// In-patients of other wards, as sealed as the hub sends them.
    pub(super) summaries: Vec<SummaryItem>,
    /// The key of these, sealed for each who may open them.
    pub(super) holder_keys: Vec<HolderKey>,
    pub(super) openings: Vec<Opening>,
    /// Slots the desk may give away by itself.
    pub(super) lent: Vec<Lent>,
    /// Bills, which it tells whole as often as something in them changed.
    pub(super) bills: Vec<DeskBill>,
    /// What desks gave a number to, as often as they told it.
    pub(super) documents: Vec<Document>,
    /// What life it gave which numbers to.
    pub(super) pads: Vec<(u16, Vec<Pad>)>,
    /// What it found when it was asked to look at its log.
    pub(super) looked: Option<LookProgress>,
    /// What it says that the ward should hold.
    pub(super) digest: Digest,
    /// What the desk said of itself last.
    pub(super) report: Option<Report>,
}

/// The key with which the stand-in unlocks the first keys of chains.
pub(super) fn hub_secret() -> SigningKey {
    SigningKey::from_bytes(&[77; 32])
}

fn hub_key() -> HubKey {
    let key = wire::hex(hub_secret().verifying_key().as_bytes());
    HubKey {
        sign: key.clone(),
        lock: key,
    }
}

#[derive(Default)]
pub(super) struct StandIn {
    pub(super) ward: Mutex<Ward>,
    pub(super) is_down: AtomicBool,
    /// Answers are cut off after so many bytes, when more than none.
    pub(super) cut_after: AtomicUsize,
    pub(super) calls: Mutex<Vec<String>>,
    /// Who it is, and what it says of staff and desks.
    pub(super) office: Mutex<hospital::Office>,
}

pub(super) fn start() -> (Arc<StandIn>, String) {
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
        let (mut is_chunked, mut length, mut authorization) = (false, 0, String::new());
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok()?;
            is_chunked |= header
                .to_lowercase()
                .starts_with("transfer-encoding: chunked");
            if let Some(value) = header.to_lowercase().strip_prefix("content-length: ") {
                length = value.trim().parse().ok()?;
            }
            if header.to_lowercase().starts_with("authorization: ") {
                authorization = header["authorization: ".len()..].trim().to_owned();
            }
            if let Some(said) = header.strip_prefix(REPORT_HEADER) {
                let said = said.trim_start_matches(": ").trim_end();
                self.ward.lock().unwrap().report = Report::read(said);
            }
            if header.trim().is_empty() {
                break;
            }
        }
        let body = if is_chunked {
            chunked(&mut reader)?
        } else {
            let mut body = vec![0; length];
            reader.read_exact(&mut body).ok()?;
            body
        };
        if self.is_down.load(Ordering::SeqCst) {
            return None;
        }
        self.calls.lock().unwrap().push(path.clone());
        let refused = lock(&self.office).refusal(&path);
        let (status, answer) = match refused {
            Some(refusal) => refusal,
            None => match lock(&self.office).respond(&path, &body) {
                Some(answer) => answer,
                None => (200, self.respond(&path, &body)),
            },
        };
        let word = lock(&self.office).word(&authorization);
        let head = format!(
            "HTTP/1.1 {status} OK\r\n{word}content-length: {}\r\n\r\n",
            answer.len()
        );
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
        let after = || {
            let named = path
                .split(['?', '&'])
                .find_map(|part| part.strip_prefix("after="));
            named.and_then(|n| n.parse().ok()).unwrap_or(0)
        };
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
            "/sync/v1/reference" => serde_json::to_vec(&Reference {
                version: 3,
                ..Default::default()
            })
            .unwrap(),
            "/sync/v1/leases" => serde_json::to_vec(&ward.lent).unwrap(),
            "/sync/v1/digest" => serde_json::to_vec(&ward.digest).unwrap(),
            "/sync/v1/numbers" => serde_json::to_vec(&NumberBlock {
                from: 50_000,
                until: 51_000,
            })
            .unwrap(),
            "/sync/v1/bootstrap" => wire::encode(&ward.manifest()),
            "/sync/v1/standing" => {
                let (place, pushes) = (Place::default(), Vec::new());
                serde_json::to_vec(&Standing { place, pushes }).unwrap()
            }
            "/sync/v1/lineage" => {
                let (id, shared) = (uuid::Uuid::max(), after() as u64);
                serde_json::to_vec(&Lineage { id, shared }).unwrap()
            }
            "/sync/v1/emergency" => wire::encode(&ward.summary_page(after())),
            "/sync/v1/emergency/keys" => serde_json::to_vec(&ward.holder_keys).unwrap(),
            "/sync/v1/emergency/openings" => {
                ward.openings.push(serde_json::from_slice(body).unwrap());
                b"null".to_vec()
            }
            "/sync/v1/bills" => serde_json::to_vec(&ward.bills(body)).unwrap(),
            "/sync/v1/receipts" => serde_json::to_vec(&ward.receipts(body)).unwrap(),
            "/sync/v1/audit/key" => serde_json::to_vec(&hub_key()).unwrap(),
            "/sync/v1/audit/look" => serde_json::to_vec(&ward.looked).unwrap(),
            "/sync/v1/audit" => {
                let batch: Batch = wire::decode(body).unwrap();
                let upto = batch.links.last().unwrap().seq;
                ward.audited.push(batch);
                wire::encode(&BatchAnswer { upto })
            }
            other => {
                ward.segments[other.rsplit('/').next().unwrap().parse::<usize>().unwrap()].clone()
            }
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
            let here = self
                .docs
                .get(&envelope.record)
                .map(|(_, doc)| doc.as_slice());
            let actor = actor(1, &[Role::Doctor], &device(1));
            let actor = Actor {
                staff: seen.staff.unwrap(),
                ..actor
            };
            let author = judge::Author::own(&actor, seen.device);
            let today = "2027-03-01".parse().unwrap();
            verdicts.push(match judge::judge(kind, here, &seen, author, today) {
                judge::Judged::Taken(merged) if merged.body["bed"] == "taken" => Verdict::Held {
                    problems: vec![Problem::new("bed.taken", "bed")],
                },
                judge::Judged::Taken(merged) => {
                    self.docs.insert(envelope.record, (kind, merged.doc));
                    let item = FeedItem::Change {
                        kind: envelope.kind,
                        record: envelope.record,
                        change: envelope.change.clone(),
                    };
                    self.feed.push((seen.device, push.incarnation, item));
                    Verdict::Taken
                }
                judge::Judged::Had => Verdict::Had,
                judge::Judged::Parked(missing) => Verdict::Parked { missing },
                judge::Judged::Held(problems) => Verdict::Held { problems },
                judge::Judged::Refused(problems) => Verdict::Refused { problems },
            });
        }
        PushAnswer {
            verdicts,
            now_ms: NOON_MS,
        }
    }

    /// The page for device 1: its own changes of this incarnation as echoes.
    fn page(&self, after: usize) -> FeedPage {
        let items = self
            .feed
            .iter()
            .skip(after)
            .map(|(device, incarnation, item)| {
                if let FeedItem::Change { change, .. } = item
                    && (*device, *incarnation) == (1, self.incarnation)
                {
                    return FeedItem::Echo {
                        hash: judge::inspect(change).unwrap().hash,
                    };
                }
                item.clone()
            });
        let items: Vec<_> = items.collect();
        FeedPage {
            to: (after + items.len()) as u64,
            more: false,
            reference: 3,
            now_ms: NOON_MS,
            items,
        }
    }

    fn bills(&self, body: &[u8]) -> BillsAnswer {
        let ask: BillsAsk = serde_json::from_slice(body).unwrap();
        let of = |number: u8| {
            let mut bills = self.bills.clone();
            bills.retain(|bill| bucket_of(bill.patient) == number);
            let mark = serde_json::to_string(&bills).unwrap();
            Bucket {
                number,
                mark,
                bills,
            }
        };
        let known =
            |bucket: &Bucket| ask.known.get(usize::from(bucket.number)) != Some(&bucket.mark);
        BillsAnswer {
            buckets: (0..BUCKETS).map(of).filter(known).collect(),
            more: false,
        }
    }

    fn receipts(&mut self, body: &[u8]) -> ReceiptsAnswer {
        let ask: ReceiptsAsk = serde_json::from_slice(body).unwrap();
        let settled = ask.documents.iter().map(|document| Settled {
            number: document.number.clone(),
            outcome: match &document.what {
                Given::Receipt { amount, .. } => Outcome::Posted {
                    applied: amount.minor,
                    kept: 0,
                },
                Given::Void { .. } => Outcome::Voided,
            },
        });
        let settled = settled.collect();
        self.documents.extend(ask.documents);
        if !self.pads.iter().any(|(life, _)| *life == ask.incarnation) {
            let letters = self.pads.len();
            let pad = |year: i16| Pad {
                year,
                series: format!("{:02}A1-K7{letters}", year % 100),
                last: 0,
            };
            self.pads
                .push((ask.incarnation, vec![pad(2027), pad(2028)]));
        }
        let pads = self.pads.iter().find(|(life, _)| *life == ask.incarnation);
        ReceiptsAnswer {
            settled,
            pads: pads.unwrap().1.clone(),
        }
    }

    fn summary_page(&self, after: usize) -> SummaryPage {
        SummaryPage {
            to: self.summaries.len() as u64,
            more: false,
            is_whole: after == 0,
            items: self.summaries.iter().skip(after).cloned().collect(),
        }
    }

    pub(super) fn manifest(&mut self) -> Manifest {
        let record = |(id, (kind, doc)): (&RecordId, &(Kind, Vec<u8>))| {
            let merged = document::merge(*kind, Some(doc), &[]).unwrap();
            let body = merged.body.to_string();
            SegmentRecord {
                kind: kind.number(),
                id: *id,
                body,
                doc: doc.clone(),
                conflicts: 0,
                changed_by: None,
                changed_at: 0,
            }
        };
        let records: Vec<_> = self.docs.iter().map(record).collect();
        self.segments = records
            .chunks(20)
            .map(|some| {
                wire::encode(&Segment {
                    records: some.to_vec(),
                })
            })
            .collect();
        let sums = self.segments.iter().map(|frame| {
            (
                sha2::Digest::finalize(<sha2::Sha256 as sha2::Digest>::new_with_prefix(frame))
                    .into(),
                frame.len() as u32,
            )
        });
        Manifest {
            snapshot: 1,
            ward: ward(),
            upto: self.feed.len() as u64,
            records: records.len() as u64,
            segments: sums.collect(),
            now_ms: NOON_MS,
        }
    }

    /// What another desk did.
    pub(super) fn take_all_of(&mut self, desk: &Desk) {
        for item in desk.unsent() {
            let kind = item.kind.number();
            let envelopes = vec![wire::Envelope {
                kind,
                record: item.record,
                change: item.change,
            }];
            let push = Push {
                device: desk.actor.device,
                incarnation: self.incarnation,
                sent_at_ms: 0,
                envelopes,
            };
            let answer = self.take(&push);
            assert_eq!(answer.verdicts, [Verdict::Taken]);
        }
    }
}
