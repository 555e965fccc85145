//! What becomes of a visit's bill when something is heard of the visit: in whatever order, late, twice, or contradicting what was
//! heard before. Each answer depends on when a thing happened, not on when it arrived.

use super::{Around, Bill, BillKind, BillState, Exception, ToPatient, Written};
use crate::ledger::Journal;
use crate::ledger::journals;
use crate::money::Money;
use crate::money::tax::{Rate, half};
use crate::problem::Problem;
use crate::scheduling::rules::{Fee, cancellation};

/// When something happened, as far as is known: at `at_ms`, and certainly not before or after the other two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub at_ms: i64,
    pub earliest_ms: i64,
    pub latest_ms: i64,
    pub trust: Trust,
}

/// How far the clock is believed by which something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    High,
    /// The desk was started anew without hearing the time, or its clock was set.
    Low,
}

impl Moment {
    /// A moment that is known.
    pub fn known(at_ms: i64) -> Self {
        Self::clamped(at_ms, at_ms, at_ms, Trust::High)
    }

    /// What a desk reckons, kept between when it was heard before and when this came.
    pub fn clamped(reckoned_ms: i64, heard_ms: i64, came_ms: i64, trust: Trust) -> Self {
        Self {
            at_ms: reckoned_ms.max(heard_ms).min(came_ms),
            earliest_ms: heard_ms.min(came_ms),
            latest_ms: came_ms,
            trust,
        }
    }
}

/// What is known of a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    pub start_ms: i64,
    /// The net fee as it was when the visit was booked.
    pub fee: Money,
    pub rate: Rate,
    pub course: Course,
    /// The bill that stands for it. What was void before is not of interest here.
    pub bill: Option<Bill>,
    /// What the patient paid for it beforehand, and is not applied.
    pub deposit: i64,
}

/// What became of a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    Booked,
    /// With the digest of what was done.
    Completed(u64),
    Cancelled {
        at_ms: i64,
        fee: Fee,
    },
    NoShow,
}

/// Something that is heard of a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    Completed { at: Moment, what: u64 },
    Cancelled { at: Moment },
    NoShow,
}

/// Something that is to be stored, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A new bill.
    Issue(Written),
    /// The bill that stands, changed.
    Change(Written),
    /// A deposit is to be paid back.
    Release(Journal),
}

/// What hearing a fact comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    pub visit: Visit,
    pub steps: Vec<Step>,
    pub exception: Option<Exception>,
    /// What a person would have to write for a visit that was made after it was cancelled.
    pub prepared: Option<Journal>,
}

/// Says what becomes of a visit and its bill.
///
/// # Errors
/// `appointment.too_late`, which is kept and changes nothing; `money.out_of_range` for a fee that no bill can be about.
pub fn hear(visit: &Visit, fact: &Fact) -> Result<Heard, Problem> {
    let mut books = Books {
        visit: *visit,
        steps: Vec::new(),
    };
    let mut exception = None;
    let mut prepared = None;
    match (visit.course, fact) {
        (Course::Booked, Fact::Completed { what, .. }) => books.complete(*what)?,
        (Course::Booked, Fact::NoShow) => books.miss()?,
        (Course::NoShow, Fact::Completed { at, what }) if at.at_ms >= visit.start_ms => {
            books.lower(0, ToPatient::Kept);
            books.complete(*what)?;
        }
        (Course::NoShow, Fact::Completed { .. }) => {
            exception = Some(Exception::CompletionConflict);
        }
        (Course::Completed(known), Fact::Completed { what, .. }) => {
            exception = (known != *what).then_some(Exception::CompletionConflict);
        }
        (Course::Cancelled { .. }, Fact::Completed { .. }) => {
            exception = Some(Exception::CompleteAfterCancel);
            prepared = Some(Bill::issue(BillKind::Consultation, visit.fee, visit.rate)?.journal);
        }
        (Course::Completed(_), Fact::Cancelled { .. } | Fact::NoShow) => {
            return Err(Problem::new("appointment.too_late", "status"));
        }
        (Course::Cancelled { .. } | Course::NoShow, Fact::NoShow) => {}
        (Course::Booked | Course::NoShow | Course::Cancelled { .. }, Fact::Cancelled { at }) => {
            let said = cancelled(visit.start_ms, at)?;
            exception = said.is_doubtful.then_some(Exception::TimeUncertain);
            books.cancel(said.at_ms, said.fee)?;
        }
    }
    Ok(Heard {
        visit: books.visit,
        steps: books.steps,
        exception,
        prepared,
    })
}

struct Said {
    at_ms: i64,
    fee: Fee,
    is_doubtful: bool,
}

/// Says what a cancellation costs. Where a clock is not to be trusted and it makes a difference, it was as early as can be, which
/// is better for the patient.
fn cancelled(start_ms: i64, at: &Moment) -> Result<Said, Problem> {
    let of = |at_ms: i64| cancellation(start_ms, at_ms);
    let is_doubtful = at.trust == Trust::Low && of(at.earliest_ms) != of(at.latest_ms);
    let at_ms = if is_doubtful {
        at.earliest_ms
    } else {
        at.at_ms
    };
    Ok(Said {
        at_ms,
        fee: of(at_ms)?,
        is_doubtful,
    })
}

struct Books {
    visit: Visit,
    steps: Vec<Step>,
}

impl Books {
    fn complete(&mut self, what: u64) -> Result<(), Problem> {
        self.visit.course = Course::Completed(what);
        self.issue(BillKind::Consultation, self.visit.fee.minor)
    }

    fn miss(&mut self) -> Result<(), Problem> {
        self.visit.course = Course::NoShow;
        if self.visit.fee.minor > 0 {
            self.issue(BillKind::NoShow, self.visit.fee.minor)?;
        }
        self.release();
        Ok(())
    }

    /// The earliest cancellation counts, and a fee is never added to one that cost nothing.
    fn cancel(&mut self, at_ms: i64, fee: Fee) -> Result<(), Problem> {
        if let Course::Cancelled { at_ms: known, .. } = self.visit.course
            && known <= at_ms
        {
            return Ok(());
        }
        let course = self.visit.course;
        self.visit.course = Course::Cancelled { at_ms, fee };
        let net = match fee {
            Fee::Nothing => 0,
            Fee::Half => half(self.visit.fee.minor),
            Fee::Whole => self.visit.fee.minor,
        };
        // a bill that a person voided is settled too
        let is_settled = |bill: &Bill| bill.applied > 0 || bill.state() == BillState::Void;
        match (course, self.visit.bill) {
            (Course::Cancelled { fee: known, .. }, _) if known == fee => {}
            // what somebody paid is lowered, so that its number and their money stay together
            (_, Some(bill)) if is_settled(&bill) => {
                self.lower(net + self.visit.rate.on(net), ToPatient::Payable);
            }
            _ => {
                self.lower(0, ToPatient::Payable);
                if net > 0 {
                    self.issue(BillKind::Cancellation, net)?;
                }
            }
        }
        self.release();
        Ok(())
    }

    fn issue(&mut self, kind: BillKind, net: i64) -> Result<(), Problem> {
        let net = Money::new(net, self.visit.fee.currency);
        let issued = Bill::issue(kind, net, self.visit.rate)?;
        self.visit.bill = Some(issued.bill);
        self.steps.push(Step::Issue(issued));
        let bill = self.visit.bill.as_ref();
        if let Some(paid) = bill.and_then(|bill| bill.with_deposit(self.visit.deposit)) {
            let before = bill.map_or(0, |bill| bill.applied);
            self.visit.deposit -= paid.bill.applied - before;
            self.change(paid);
        }
        Ok(())
    }

    fn change(&mut self, written: Written) {
        self.visit.bill = Some(written.bill);
        self.steps.push(Step::Change(written));
    }

    /// Lowers the bill; what was paid and is kept is a deposit again.
    fn lower(&mut self, gross: i64, rest: ToPatient) {
        let Some(bill) = self.visit.bill else {
            return;
        };
        let lowered = match bill.void(Around::default()) {
            Ok(void) if gross == 0 => Some(void),
            Ok(_) | Err(_) => bill.lower_to(gross, rest),
        };
        if let Some(lowered) = lowered {
            if rest == ToPatient::Kept {
                self.visit.deposit += lowered.bill.returned - bill.returned;
            }
            self.change(lowered);
        }
    }

    fn release(&mut self) {
        if self.visit.deposit > 0 {
            let currency = self.visit.fee.currency;
            let released = journals::deposit_released(currency, self.visit.deposit);
            self.visit.deposit = 0;
            self.steps.push(Step::Release(released));
        }
    }
}
