//! Money at this desk: what it knows of bills, receipts that it numbers by itself, and what becomes of them at the hub.
//!
//! What a desk gives a number to is a fact: it is kept for good, sent in order, and posted by the hub once. The number and the
//! receipt are one transaction, which is on the disk before anything is printed.

pub(crate) mod bills;
pub(crate) mod pads;
pub(crate) mod receipts;
pub(crate) mod send;

use crate::audit;
use crate::base::Replica;
use crate::error::{Error, Result};
use crate::meta;
use crate::store::Lasting;
use rusqlite::Connection;
use shared::access::{Action, Actor, Task, may};
use shared::audit::entry::What;
use shared::clock::Now;
use shared::ids::RecordId;
use shared::money::Money;
use shared::payments::StoredCards;
use shared::payments::desk::{
    Account, BillHere, DeskBill, Document, Given, ReceiptLine, TakeAsk, Tendered, Unposted,
    drawer_of, rules,
};
use shared::payments::receipts::{ReceiptNumber, Series};
use shared::problem::Problem;
use shared::record::Kind;
use std::sync::atomic::Ordering;
use uuid::Uuid;

/// Receipts of one patient that are shown, at most.
const SHOWN: u32 = 100;

/// Whether something was done just now, or before.
struct Kept {
    line: ReceiptLine,
    is_new: bool,
}

impl Replica {
    /// Returns what a cashier sees of a patient, and has the hub asked what changed.
    pub fn account(&self, actor: &Actor, patient: RecordId) -> Result<Account> {
        may_cashier(actor)?;
        self.0.wants_bills.store(true, Ordering::Relaxed);
        self.0.nudge.notify_one();
        let year = self.today().year();
        self.read(|db| {
            let receipts = receipts::of_patient(db, patient, SHOWN)?;
            let bills = bills::of_patient(db, patient)?;
            let device = meta::DEVICE.get(db)?.ok_or(Error::NotEnrolled)?;
            let upto = meta::BILLS.get(db)?.and_then(|upto| upto.at_ms);
            Ok(Account {
                bills: bills
                    .into_iter()
                    .map(|bill| here(bill, &receipts))
                    .collect(),
                as_of: upto.map(|at_ms| Now(at_ms).rfc3339()),
                can_number: pads::next(db, year).is_ok(),
                drawer: drawer_of(device.number),
                receipts,
            })
        })
    }

    /// Takes money: gives it a number and keeps it. Pressed twice, it is the same receipt.
    pub fn take_money(&self, actor: &Actor, ask: &TakeAsk) -> Result<ReceiptLine> {
        may_cashier(actor)?;
        self.give(actor, ask.id, |db| {
            let bill = bills::one(db, ask.bill)?.ok_or_else(|| problem("bill.unknown", "bill"))?;
            let (patient, lines) = (bill.patient, receipts::of_bill(db, &bill)?);
            let device = meta::DEVICE.get(db)?.ok_or(Error::NotEnrolled)?;
            let (known, drawer) = (here(bill, &lines), drawer_of(device.number));
            let stored = self.stored_cards(db, known.bill.gross)?;
            let given = rules::receipt(&known, ask, &drawer, stored).map_err(Error::Problems)?;
            Ok((patient, ask.bill, given))
        })
    }

    /// Makes a mistaken receipt of this desk void, by a document with a number of its own.
    pub fn void_receipt(
        &self,
        actor: &Actor,
        id: Uuid,
        number: &str,
        reason: &str,
    ) -> Result<ReceiptLine> {
        may_cashier(actor)?;
        let now_ms = self.now().0;
        self.give(actor, id, |db| {
            let line = receipts::one(db, number)?;
            let line = line.ok_or_else(|| problem("receipt.unknown", "number"))?;
            let given = rules::void(&line, reason, now_ms).map_err(Error::Problems)?;
            Ok((line.patient, line.bill, given))
        })
    }

    /// Returns a receipt.
    pub fn receipt(&self, actor: &Actor, number: &str) -> Result<Option<ReceiptLine>> {
        may_cashier(actor)?;
        self.read(|db| receipts::one(db, number))
    }

    /// Returns a bill with what this desk took for it.
    pub fn bill(&self, actor: &Actor, id: Uuid) -> Result<Option<BillHere>> {
        may_cashier(actor)?;
        self.read(|db| {
            let Some(bill) = bills::one(db, id)? else {
                return Ok(None);
            };
            let lines = receipts::of_bill(db, &bill)?;
            Ok(Some(here(bill, &lines)))
        })
    }

    /// Returns what was recorded here and is not posted, oldest first.
    pub fn unposted(&self, actor: &Actor) -> Result<Vec<ReceiptLine>> {
        may_cashier(actor)?;
        self.read(receipts::unposted_lines)
    }

    /// Notes that a receipt was printed: what is printed from now on is a copy.
    pub fn receipt_printed(&self, actor: &Actor, line: &ReceiptLine) -> Result<()> {
        let entry = self
            .entry(What::Printed, actor.staff)
            .about(Kind::Patient, line.patient)
            .because("receipt");
        self.write(Lasting::Yes, |db| {
            receipts::printed(db, &line.number)?;
            audit::note(db, &entry)
        })?;
        self.0.clerk.saved();
        Ok(())
    }

    /// Gives something a number and keeps it, in one transaction.
    fn give(
        &self,
        actor: &Actor,
        id: Uuid,
        decide: impl Fn(&Connection) -> Result<(RecordId, Uuid, Given)>,
    ) -> Result<ReceiptLine> {
        let (year, at_ms) = (self.today().year(), self.now().0);
        let entry = self.entry(What::MoneyMoved, actor.staff);
        let given = self.write(Lasting::Yes, |db| {
            if let Some(line) = receipts::by_id(db, id)? {
                return Ok(Kept {
                    line,
                    is_new: false,
                });
            }
            let (patient, bill, what) = decide(db)?;
            let number = pads::take(db, year)?.to_string();
            let document = Document {
                id,
                number,
                patient,
                bill,
                by: actor.staff,
                at_ms,
                what,
            };
            receipts::put(db, &document)?;
            let entry = entry.clone().about(Kind::Patient, patient);
            audit::note(db, &entry.because("receipt.given"))?;
            Ok(Kept {
                line: document.line(),
                is_new: true,
            })
        })?;
        if given.is_new {
            self.mirror_receipts()?;
            self.0.clerk.saved();
            self.0.nudge.notify_one();
            self.tell_status();
        }
        Ok(given.line)
    }

    pub(crate) fn mirror_receipts(&self) -> Result<()> {
        self.read(|db| {
            self.0.mirror.follow_receipts(db);
            Ok(())
        })
    }

    /// Returns what was taken by card without its bank, and how long the hub has been silent.
    fn stored_cards(&self, db: &Connection, like: Money) -> Result<StoredCards> {
        let heard = self.0.heard.last().map(|moment| moment.at_ms);
        let contact = heard.max(meta::CONTACT.get(db)?);
        let mut stored = StoredCards {
            since_contact_ms: contact.map_or(i64::MAX, |at_ms| self.now().0 - at_ms),
            ..StoredCards::default()
        };
        for line in receipts::unposted_lines(db)? {
            let amount = line
                .amount
                .filter(|_| line.how == Some(Tendered::CardStored));
            if let Some(amount) = amount.filter(|amount| amount.currency == like.currency) {
                stored.count += 1;
                stored.minor = stored.minor.saturating_add(amount.minor);
            }
        }
        Ok(stored)
    }
}

/// Says what is left of a bill as far as this desk knows: less what it took and nobody posted.
fn here(bill: DeskBill, lines: &[ReceiptLine]) -> BillHere {
    let counts = |line: &&ReceiptLine| {
        line.bill == bill.id && line.outcome.is_none() && line.voided_by.is_none()
    };
    let taken = lines.iter().filter(counts);
    let here_minor: i64 = taken
        .filter_map(|line| line.amount)
        .map(|amount| amount.minor)
        .sum();
    let owed = (bill.balance.minor - here_minor).max(0);
    BillHere {
        owed: Money::new(owed, bill.balance.currency),
        here_minor,
        bill,
    }
}

/// Returns what was recorded here and is not in the books.
pub(crate) fn standing(db: &Connection) -> Result<Option<Unposted>> {
    let (count, oldest) = receipts::count_unposted(db)?;
    Ok(oldest.map(|at_ms| Unposted {
        count,
        oldest_at: Now(at_ms).rfc3339(),
    }))
}

/// Reads the number of a receipt after another one of a series.
fn number_after(series: &str, last: u32) -> Result<ReceiptNumber> {
    let series = Series::parse(series).ok_or(Error::Nonsense("series"))?;
    ReceiptNumber::after(series, last).map_err(|problem| Error::Problems(vec![problem]))
}

fn may_cashier(actor: &Actor) -> Result<()> {
    may(actor, Action::Do(Task::Cashier)).map_err(|problem| Error::Problems(vec![problem]))
}

fn problem(code: &str, field: &str) -> Error {
    Error::Problems(vec![Problem::new(code, field)])
}
