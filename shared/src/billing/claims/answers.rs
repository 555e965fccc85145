//! A claim as sums, and what becomes of it when its insurer says something: in whatever order, and however often.

use super::{ClaimState, Event, Response};
use crate::billing::Exception;
use crate::ledger::journals::Cover;
use crate::problem::Problem;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How far an insurer is with a claim: FHIR's `ClaimResponse.outcome`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Queued,
    Complete,
    Error,
    Partial,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Outcome; 4] = [
        Outcome::Queued,
        Outcome::Complete,
        Outcome::Error,
        Outcome::Partial,
    ];

    /// Returns FHIR's word.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Queued => "queued",
            Outcome::Complete => "complete",
            Outcome::Error => "error",
            Outcome::Partial => "partial",
        }
    }

    /// Reads FHIR's word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.word() == word)
    }
}

/// An insurer's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub response: Response,
    pub outcome: Outcome,
}

/// A claim, as sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    pub state: ClaimState,
    pub submitted: i64,
    pub cover: Cover,
    /// What the insurer has paid of what it covers.
    pub paid: i64,
}

/// What an insurer owes of a claim in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owes {
    /// What was asked for: it has not said anything yet.
    Asked,
    /// What it covers and has not paid.
    Covered,
    Nothing,
}

impl Owes {
    /// Returns what is owed in a state.
    pub fn of(state: ClaimState) -> Self {
        match state {
            ClaimState::Submitted | ClaimState::Accepted => Owes::Asked,
            ClaimState::Approved
            | ClaimState::Partial
            | ClaimState::PaidPartial
            | ClaimState::Paid => Owes::Covered,
            ClaimState::Draft
            | ClaimState::Ready
            | ClaimState::Rejected
            | ClaimState::Denied
            | ClaimState::Closed
            | ClaimState::Appealed
            | ClaimState::Cancelled
            | ClaimState::EnteredInError => Owes::Nothing,
        }
    }

    /// Returns the words of all states in which it is so.
    pub fn words(self) -> Vec<&'static str> {
        let states = ClaimState::ALL.into_iter();
        let states = states.filter(|state| Owes::of(*state) == self);
        states.map(ClaimState::word).collect()
    }
}

/// Returns the answer that counts of all that came: the newest version, whatever the order.
pub fn that_counts(answers: &[Answer]) -> Option<&Answer> {
    answers.iter().max_by(|one, other| {
        let key = |answer: &Answer| (answer.response.version, answer.response.id.clone());
        key(one).cmp(&key(other))
    })
}

impl Claim {
    /// Returns what the insurer still owes of it, as far as it has said; what was asked for before it said anything.
    pub fn outstanding(&self) -> i64 {
        match Owes::of(self.state) {
            Owes::Asked => self.submitted,
            Owes::Covered => self.cover.benefit - self.paid,
            Owes::Nothing => 0,
        }
    }

    /// Takes the answer that counts.
    ///
    /// # Errors
    /// What a person has to look at: more was paid than is covered now, or nothing was asked.
    pub fn answered(&self, answer: &Answer) -> Result<Self, Exception> {
        let now = answer.response.cover;
        let late = |_| Exception::ClaimAnsweredLate;
        let event = match answer.outcome {
            Outcome::Queued | Outcome::Partial => Event::Accept,
            Outcome::Error => Event::Reject,
            Outcome::Complete if self.paid > 0 => return self.changed_after_payment(now),
            Outcome::Complete => Event::Adjudicate {
                covered: now.benefit + now.contractual,
                submitted: self.submitted,
            },
        };
        let state = self.state.after(event).map_err(late)?;
        let cover = match answer.outcome {
            Outcome::Complete => now,
            Outcome::Queued | Outcome::Partial | Outcome::Error => self.cover,
        };
        Ok(Self {
            state,
            cover,
            ..*self
        })
    }

    fn changed_after_payment(&self, now: Cover) -> Result<Self, Exception> {
        let is_paid = [ClaimState::PaidPartial, ClaimState::Paid].contains(&self.state);
        if !is_paid {
            return Err(Exception::ClaimAnsweredLate);
        }
        if now.benefit < self.paid {
            return Err(Exception::InsurerOverpaid);
        }
        let changed = Self {
            cover: now,
            ..*self
        };
        Ok(changed.with_paid(self.paid))
    }

    fn with_paid(&self, paid: i64) -> Self {
        let state = match paid {
            0 if self.cover.benefit + self.cover.contractual >= self.submitted => {
                ClaimState::Approved
            }
            0 => ClaimState::Partial,
            paid if paid >= self.cover.benefit => ClaimState::Paid,
            _ => ClaimState::PaidPartial,
        };
        Self {
            state,
            paid,
            ..*self
        }
    }

    /// Notes that the insurer paid.
    ///
    /// # Errors
    /// `claim.state`, and `claim.paid_too_much`: what is more than it covers goes back to the insurer.
    pub fn paid_by_insurer(&self, minor: i64) -> Result<Self, Problem> {
        let paid = self.paid + minor;
        let benefit = self.cover.benefit;
        self.state.after(Event::Pay { paid, benefit })?;
        if paid > benefit {
            let most = benefit - self.paid;
            return Err(Problem::new("claim.paid_too_much", "amount_minor").with("max", most));
        }
        Ok(self.with_paid(paid))
    }

    /// Notes that money went back to the insurer.
    ///
    /// # Errors
    /// `claim.paid_too_much` when it is more than came.
    pub fn given_back(&self, minor: i64) -> Result<Self, Problem> {
        if minor > self.paid {
            let problem = Problem::new("claim.paid_too_much", "amount_minor");
            return Err(problem.with("max", self.paid));
        }
        Ok(self.with_paid(self.paid - minor))
    }
}

/// How long a claim waits for its money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export_to = "types.gen.ts")]
pub enum Age {
    UpTo30,
    UpTo60,
    UpTo90,
    UpTo120,
    Older,
}

impl Age {
    /// Every age, the youngest first.
    pub const ALL: [Age; 5] = [
        Age::UpTo30,
        Age::UpTo60,
        Age::UpTo90,
        Age::UpTo120,
        Age::Older,
    ];

    /// The first day of each age but the youngest.
    pub const BEGIN_DAYS: [i64; 4] = [31, 61, 91, 121];

    /// Returns the age after so many days.
    pub fn of_days(days: i64) -> Self {
        let begun = Self::BEGIN_DAYS.iter().filter(|first| days >= **first);
        Self::ALL[begun.count()]
    }

    /// Returns its word.
    pub fn word(self) -> &'static str {
        match self {
            Age::UpTo30 => "up_to30",
            Age::UpTo60 => "up_to60",
            Age::UpTo90 => "up_to90",
            Age::UpTo120 => "up_to120",
            Age::Older => "older",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(state: ClaimState, benefit: i64, paid: i64) -> Claim {
        let cover = Cover {
            benefit,
            contractual: 0,
        };
        Claim {
            state,
            submitted: 10_500,
            cover,
            paid,
        }
    }

    fn answer(version: u32, outcome: Outcome, benefit: i64) -> Answer {
        let cover = Cover {
            benefit,
            contractual: 0,
        };
        let response = Response {
            id: "a".into(),
            version,
            cover,
        };
        Answer { response, outcome }
    }

    #[test]
    fn what_an_insurer_says_moves_a_claim() {
        use ClaimState as At;
        let check = |at: Claim, said: Answer, expect: Result<(At, i64), Exception>| {
            let found = at.answered(&said).map(|now| (now.state, now.cover.benefit));
            assert_eq!(found, expect, "{at:?} {said:?}");
        };
        let submitted = claim(At::Submitted, 0, 0);
        check(
            submitted,
            answer(1, Outcome::Queued, 0),
            Ok((At::Accepted, 0)),
        );
        check(
            submitted,
            answer(1, Outcome::Partial, 7_200),
            Ok((At::Accepted, 0)),
        );
        check(
            submitted,
            answer(1, Outcome::Error, 0),
            Ok((At::Rejected, 0)),
        );
        check(
            submitted,
            answer(1, Outcome::Complete, 7_200),
            Ok((At::Partial, 7_200)),
        );
        check(
            submitted,
            answer(1, Outcome::Complete, 10_500),
            Ok((At::Approved, 10_500)),
        );
        check(
            submitted,
            answer(1, Outcome::Complete, 0),
            Ok((At::Denied, 0)),
        );
        check(
            claim(At::Partial, 7_200, 0),
            answer(2, Outcome::Complete, 6_000),
            Ok((At::Partial, 6_000)),
        );
    }

    #[test]
    fn what_was_paid_is_not_taken_back_and_what_is_over_stays() {
        use ClaimState as At;
        let check = |at: Claim, said: Answer, expect: Result<(At, i64), Exception>| {
            let found = at.answered(&said).map(|now| (now.state, now.cover.benefit));
            assert_eq!(found, expect, "{at:?} {said:?}");
        };
        let paid = claim(At::Paid, 7_200, 7_200);
        check(
            paid,
            answer(2, Outcome::Complete, 8_000),
            Ok((At::PaidPartial, 8_000)),
        );
        check(
            paid,
            answer(2, Outcome::Complete, 7_200),
            Ok((At::Paid, 7_200)),
        );
        check(
            paid,
            answer(2, Outcome::Complete, 7_199),
            Err(Exception::InsurerOverpaid),
        );
        check(
            claim(At::Cancelled, 0, 0),
            answer(1, Outcome::Complete, 1),
            Err(Exception::ClaimAnsweredLate),
        );
        check(
            claim(At::Draft, 0, 0),
            answer(1, Outcome::Queued, 0),
            Err(Exception::ClaimAnsweredLate),
        );
        check(
            claim(At::Closed, 7_200, 7_200),
            answer(3, Outcome::Complete, 9_000),
            Err(Exception::ClaimAnsweredLate),
        );
    }

    #[test]
    fn an_insurer_pays_no_more_than_it_covers_and_gets_no_more_back() {
        use ClaimState as At;
        let partial = claim(At::Partial, 7_200, 0);
        let paid = |at: Claim, minor| at.paid_by_insurer(minor).map(|now| (now.state, now.paid));
        assert_eq!(paid(partial, 7_000), Ok((At::PaidPartial, 7_000)));
        assert_eq!(paid(partial, 7_200), Ok((At::Paid, 7_200)));
        assert_eq!(
            paid(partial, 7_201).expect_err("too much").with["max"],
            "7200"
        );
        assert_eq!(
            paid(claim(At::Denied, 0, 0), 1).expect_err("denied").code,
            "claim.state"
        );
        let all = claim(At::Paid, 7_200, 7_200);
        let back = |minor| all.given_back(minor).map(|now| (now.state, now.paid));
        assert_eq!(back(200), Ok((At::PaidPartial, 7_000)));
        assert_eq!(back(7_200), Ok((At::Partial, 0)));
        assert_eq!(
            back(7_201).expect_err("too much").code,
            "claim.paid_too_much"
        );
    }

    #[test]
    fn the_newest_answer_counts_in_every_order() {
        let [first, second, third] = [
            answer(1, Outcome::Queued, 0),
            answer(2, Outcome::Complete, 7_200),
            answer(3, Outcome::Complete, 6_000),
        ];
        for order in [
            [&first, &second, &third],
            [&third, &first, &second],
            [&second, &third, &third],
        ] {
            let came: Vec<Answer> = order.into_iter().cloned().collect();
            assert_eq!(that_counts(&came), Some(&third));
        }
        assert_eq!(that_counts(&[]), None);
    }

    #[test]
    fn claims_age_by_thirty_days() {
        let check = |days: i64, expect: Age| assert_eq!(Age::of_days(days), expect, "{days}");
        check(-1, Age::UpTo30);
        check(30, Age::UpTo30);
        check(31, Age::UpTo60);
        check(60, Age::UpTo60);
        check(61, Age::UpTo90);
        check(91, Age::UpTo120);
        check(120, Age::UpTo120);
        check(121, Age::Older);
    }

    #[test]
    fn what_is_outstanding_is_what_was_asked_until_it_is_known() {
        assert_eq!(claim(ClaimState::Submitted, 0, 0).outstanding(), 10_500);
        assert_eq!(
            claim(ClaimState::PaidPartial, 7_200, 7_000).outstanding(),
            200
        );
        assert_eq!(claim(ClaimState::Denied, 0, 0).outstanding(), 0);
    }
}
