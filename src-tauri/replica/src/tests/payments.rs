//! Money at a desk: each number once, on the disk before anything is said, and at the hub as often as it takes.

use super::stand_in::{Ward, start};
use super::*;
use crate::courier::Courier;
use shared::audit::entry::What;
use shared::billing::{BillKind, BillState};
use shared::money::Money;
use shared::money::currency::Currency;
use shared::payments::desk::{
    Account, Bucket, DeskBill, Outcome, Pad, ReceiptLine, ReceiptsAnswer, Settled, TakeAsk,
    Tendered, bucket_of,
};
use std::fs;
use std::path::{Path, PathBuf};

fn money(minor: i64) -> Money {
    Money::new(minor, Currency::parse("INR").expect("a currency"))
}

fn bill(number: u128) -> DeskBill {
    DeskBill {
        id: id(500 + number),
        number: i64::try_from(number).expect("small"),
        patient: record(10),
        kind: BillKind::Consultation,
        state: BillState::Open,
        net: money(10_000),
        tax: money(500),
        gross: money(10_500),
        balance: money(10_500),
        issued_ms: NOON_MS,
        adds_to: None,
        what: None,
    }
}

fn pads() -> Vec<Pad> {
    let pad = |year: i16| Pad {
        year,
        series: format!("{}A1-K7Q", year % 100),
        last: 0,
    };
    vec![pad(2027), pad(2028)]
}

/// A desk with numbers and two bills, and somebody who takes money.
fn till(number: u32) -> Desk {
    let mut desk = Desk::new(number);
    desk.actor = actor(number, &[Role::Billing], &device(number));
    equip(&desk);
    desk
}

pub(super) fn equip(desk: &Desk) {
    let pads = ReceiptsAnswer {
        settled: Vec::new(),
        pads: pads(),
    };
    desk.replica.settle_receipts(&pads).expect("it has numbers");
    know(desk, vec![bill(1), bill(2)]);
}

fn know(desk: &Desk, bills: Vec<DeskBill>) {
    let number = bucket_of(record(10));
    let mark = format!("{bills:?}");
    let answer = shared::payments::desk::BillsAnswer {
        buckets: vec![Bucket {
            number,
            mark,
            bills,
        }],
        more: false,
    };
    desk.replica.keep_bills(&answer).expect("they are kept");
}

pub(super) fn ask(form: u128, number: u128, minor: i64) -> TakeAsk {
    TakeAsk {
        id: id(700 + form),
        bill: id(500 + number),
        how: Tendered::Cash,
        reference: None,
        minor,
        tendered_minor: Some(20_000),
    }
}

impl Desk {
    fn take(&self, ask: &TakeAsk) -> crate::Result<ReceiptLine> {
        self.replica.take_money(&self.actor, ask)
    }

    fn account(&self) -> Account {
        self.replica
            .account(&self.actor, record(10))
            .expect("somebody who takes money sees it")
    }

    fn unposted(&self) -> u32 {
        let status = self.replica.status().expect("readable");
        status.unposted.map_or(0, |unposted| unposted.count)
    }
}

fn refusals(found: crate::Result<ReceiptLine>) -> Vec<String> {
    let problems = found.err().map(|error| error.problems());
    let problems = problems.unwrap_or_default();
    problems.into_iter().map(|problem| problem.code).collect()
}

#[test]
fn a_receipt_has_the_next_number_and_is_on_the_disk_when_it_is_said() {
    let desk = till(1);
    let first = desk.take(&ask(1, 1, 4_000)).expect("it is taken");
    assert_eq!(first.number, "27A1-K7Q-000001");
    assert_eq!(first.change_minor, Some(16_000));
    assert_eq!(desk.take(&ask(1, 1, 4_000)).expect("pressed twice"), first);
    let second = desk.take(&ask(2, 1, 6_500)).expect("the rest");
    assert_eq!(second.number, "27A1-K7Q-000002");
    assert_eq!(desk.account().bills[1].owed, money(0));
    let more = refusals(desk.take(&ask(3, 1, 1)));
    assert_eq!(more, ["bill.already_paid"], "nobody here pays it twice");
    assert_eq!(desk.unposted(), 2);
    // as after a power cut: nothing is closed
    let image = TempDir::new().expect("a directory");
    copy(desk.dir.path(), image.path());
    let again = open(image.path());
    let line = again
        .receipt(&desk.actor, &second.number)
        .expect("readable");
    assert_eq!(line, Some(second));
    let next = again.take_money(&desk.actor, &ask(4, 2, 100));
    assert_eq!(next.expect("it goes on").number, "27A1-K7Q-000003");
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        if entry.path().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
        }
    }
}

#[test]
fn money_is_taken_by_those_who_may_for_what_this_desk_may() {
    let mut desk = till(1);
    let told = |desk: &Desk, ask: &TakeAsk| refusals(desk.take(ask));
    let unknown = ask(1, 9, 100);
    assert_eq!(told(&desk, &unknown), ["bill.unknown"]);
    let mut card = ask(1, 1, 10_500);
    card.tendered_minor = None;
    card.how = Tendered::CardStored;
    card.reference = Some("T-1".into());
    let silent = told(&desk, &card);
    assert_eq!(silent, ["payment.needs_hub"], "the hub was never heard");
    desk.replica
        .write(Lasting::Yes, |db| meta::CONTACT.set(db, &NOON_MS))
        .expect("it was heard");
    assert_eq!(told(&desk, &card), [""; 0]);
    desk.replica
        .write(Lasting::Yes, |db| meta::PADS.clear(db))
        .expect("no numbers");
    assert!(!desk.account().can_number);
    assert_eq!(told(&desk, &ask(2, 2, 100)), ["receipt.no_series"]);
    desk.actor.roles = vec![Role::Doctor];
    assert_eq!(told(&desk, &ask(3, 2, 100)), ["not_allowed"]);
    let read = desk.replica.account(&desk.actor, record(10));
    assert!(read.is_err(), "nor do others see it");
}

#[test]
fn a_mistake_is_made_void_by_a_number_of_its_own_and_stays() {
    let desk = till(1);
    let wrong = desk.take(&ask(1, 1, 10_500)).expect("it is taken");
    let (actor, number) = (&desk.actor, wrong.number.as_str());
    let void = |form: u128, reason: &str| {
        desk.replica
            .void_receipt(actor, id(700 + form), number, reason)
    };
    assert_eq!(refusals(void(2, "")), ["required"]);
    let done = void(2, "typed wrong").expect("it is void");
    assert_eq!(done.number, "27A1-K7Q-000002");
    assert_eq!(done.voids.as_deref(), Some(number));
    assert_eq!(refusals(void(3, "again")), ["receipt.void"]);
    let account = desk.account();
    assert_eq!(account.receipts.len(), 2, "neither is gone");
    assert_eq!(account.receipts[1].voided_by, Some(done.number));
    assert_eq!(account.bills[1].owed, money(10_500), "it is owed again");
    assert_eq!(desk.unposted(), 2, "the hub is told of both");
}

#[test]
fn what_is_printed_again_is_a_copy_and_who_did_what_is_in_the_chain() {
    let desk = till(1);
    let line = desk.take(&ask(1, 1, 10_500)).expect("it is taken");
    assert!(!line.is_printed);
    desk.replica
        .receipt_printed(&desk.actor, &line)
        .expect("noted");
    let again = desk.replica.receipt(&desk.actor, &line.number);
    assert!(again.expect("readable").expect("here").is_printed);
    let entries: Vec<Vec<u8>> = desk
        .replica
        .read(|db| {
            let mut statement = db.prepare("select entry from audit order by seq")?;
            let rows = statement.query_map([], |row| row.get(0))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .expect("readable");
    let what = |wanted: What| {
        let read = entries
            .iter()
            .filter_map(|bytes| shared::audit::entry::Entry::from_bytes(bytes));
        read.filter(|entry| entry.what == wanted).count()
    };
    assert_eq!((what(What::MoneyMoved), what(What::Printed)), (1, 1));
}

fn main_file(dir: &TempDir) -> PathBuf {
    let name = fs::read_to_string(dir.path().join("current")).expect("it is named");
    dir.path().join(name.trim())
}

#[test]
fn an_old_copy_has_what_was_given_since_and_gives_no_number_twice() {
    let desk = till(1);
    desk.take(&ask(1, 1, 100)).expect("it is taken");
    let Desk {
        replica,
        dir,
        actor,
    } = desk;
    drop(replica);
    let old = fs::read(main_file(&dir)).expect("a file");
    let replica = open(dir.path());
    let since = replica.take_money(&actor, &ask(2, 1, 200));
    assert_eq!(since.expect("taken").number, "27A1-K7Q-000002");
    drop(replica);
    fs::write(main_file(&dir), old).expect("an old copy is put back");
    for end in ["-wal", "-shm"] {
        let name = format!("{}{end}", main_file(&dir).display());
        fs::remove_file(name).ok();
    }
    let replica = open(dir.path());
    let unposted = replica.unposted(&actor).expect("readable");
    assert_eq!(unposted.len(), 2, "the second file still had it");
    let next = replica.take_money(&actor, &ask(3, 1, 300));
    assert_eq!(refusals(next), ["receipt.no_series"]);
}

#[test]
fn a_copy_that_the_hub_knows_more_of_gets_a_life_of_its_own() {
    let desk = till(1);
    desk.take(&ask(1, 1, 100)).expect("it is taken");
    let of_hub = |last: u32| {
        let mut pads = pads();
        pads[0].last = last;
        let settled = Vec::new();
        desk.replica
            .settle_receipts(&ReceiptsAnswer { settled, pads })
            .expect("it is heard");
    };
    let life = || {
        desk.replica
            .read(|db| meta::INCARNATION.get(db))
            .expect("it")
            .unwrap_or(0)
    };
    let before = life();
    of_hub(1);
    desk.take(&ask(2, 1, 100)).expect("the hub knows no more");
    assert_eq!(life(), before);
    // somebody else gave a third under this name
    of_hub(3);
    assert_eq!(life(), before + 1);
    let next = refusals(desk.take(&ask(3, 1, 100)));
    assert_eq!(next, ["receipt.no_series"]);
}

fn till_of(address: &str) -> Desk {
    let dir = TempDir::new().expect("a directory");
    let replica = open_with(dir.path(), [7; 32], Some(address.to_owned())).expect("it opens");
    let known = |db: &rusqlite::Transaction<'_>| {
        meta::DEVICE.set(db, &device(1))?;
        meta::NUMBERS.set(db, &Vec::new())
    };
    replica.write(Lasting::Yes, known).expect("enrolled");
    Desk {
        replica,
        dir,
        actor: actor(1, &[Role::Billing], &device(1)),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_without_the_hub_is_told_in_order_and_what_becomes_of_it_comes_back() {
    let (hub, address) = start();
    hub.ward.lock().expect("free").bills = vec![bill(1), bill(2)];
    let desk = till_of(&address);
    Courier::round(&desk.replica)
        .await
        .expect("the hub is there");
    let account = desk.account();
    assert_eq!(account.bills.len(), 2, "it knows the bills");
    assert!(account.as_of.is_some() && account.can_number);
    hub.is_down.store(true, std::sync::atomic::Ordering::SeqCst);
    for form in 1..=3 {
        desk.take(&ask(form, 1, 1_000)).expect("without the hub");
    }
    assert!(Courier::round(&desk.replica).await.is_err());
    assert_eq!(desk.unposted(), 3);
    hub.is_down
        .store(false, std::sync::atomic::Ordering::SeqCst);
    // the hub takes it, and its answer is lost
    hub.cut_after.store(80, std::sync::atomic::Ordering::SeqCst);
    assert!(Courier::round(&desk.replica).await.is_err());
    hub.cut_after.store(0, std::sync::atomic::Ordering::SeqCst);
    Courier::round(&desk.replica).await.expect("well again");
    assert_eq!(desk.unposted(), 0);
    let numbers = |ward: &Ward| -> Vec<String> {
        let told = ward.documents.iter();
        told.map(|document| document.number[9..].to_owned())
            .collect()
    };
    let told = numbers(&hub.ward.lock().expect("free"));
    let once = ["000001", "000002", "000003"];
    assert_eq!(told, [once, once].concat(), "again, as its answer was lost");
    let posted = Outcome::Posted {
        applied: 1_000,
        kept: 0,
    };
    let account = desk.account();
    assert!(account.receipts.iter().all(|it| it.outcome == Some(posted)));
}

#[test]
fn what_is_posted_is_not_owed_again_before_the_bill_is_told_anew() {
    let desk = till(1);
    let line = desk.take(&ask(1, 1, 10_500)).expect("it is taken");
    let settled = vec![Settled {
        number: line.number,
        outcome: Outcome::Posted {
            applied: 10_500,
            kept: 0,
        },
    }];
    let pads = Vec::new();
    let answer = ReceiptsAnswer { settled, pads };
    desk.replica.settle_receipts(&answer).expect("it is heard");
    assert_eq!(refusals(desk.take(&ask(2, 1, 1))), ["bill.already_paid"]);
    // a hub that was put back may have lost it
    desk.replica
        .write(Lasting::Yes, |db| crate::payments::receipts::tell_again(db))
        .expect("it is told again");
    assert_eq!(desk.unposted(), 1);
}
