//! How far money is that a gateway was asked for, as a person may be told: never more than is known.

use super::gateways::ON_ITS_WAY_MS;
use super::webhooks::AtGateway;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How far a charge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export_to = "types.gen.ts")]
pub enum ChargeState {
    /// It is written down; the gateway has not been asked yet.
    Asked,
    /// The gateway has it, and waits for the payer or their bank.
    Waiting,
    /// The gateway was asked, and nobody knows what it did: that is being looked up.
    Unknown,
    /// Somebody does not want it any more; what the gateway made of that is not known yet.
    Cancelling,
    /// The money is in the books.
    Taken,
    /// Nothing was taken.
    Failed,
    /// Nothing was taken, and somebody wanted it so.
    Cancelled,
}

impl ChargeState {
    /// Says whether it is not over.
    pub fn is_under_way(self) -> bool {
        match self {
            ChargeState::Asked
            | ChargeState::Waiting
            | ChargeState::Unknown
            | ChargeState::Cancelling => true,
            ChargeState::Taken | ChargeState::Failed | ChargeState::Cancelled => false,
        }
    }
}

/// How an errand stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Pending,
    Done,
    Failed,
}

impl Standing {
    /// Reads its word.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "pending" => Some(Standing::Pending),
            "done" => Some(Standing::Done),
            "failed" => Some(Standing::Failed),
            _ => None,
        }
    }
}

/// What is known of a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    pub standing: Standing,
    /// Calls that were made.
    pub calls: u32,
    /// The gateway said what it calls it.
    pub is_named: bool,
    /// What the gateway made of the last call is not known.
    pub is_in_doubt: bool,
    /// Somebody does not want it any more.
    pub is_unwanted: bool,
}

impl Charge {
    /// Returns how far it is.
    pub fn state(&self) -> ChargeState {
        match self.standing {
            Standing::Done => ChargeState::Taken,
            Standing::Failed if self.is_unwanted => ChargeState::Cancelled,
            Standing::Failed => ChargeState::Failed,
            Standing::Pending if self.is_unwanted => ChargeState::Cancelling,
            Standing::Pending if self.is_in_doubt => ChargeState::Unknown,
            Standing::Pending if self.calls == 0 => ChargeState::Asked,
            Standing::Pending if self.is_named => ChargeState::Waiting,
            Standing::Pending => ChargeState::Unknown,
        }
    }
}

/// Says whether a gateway lets go of what it was asked for. An order at Razorpay stays payable until it is forgotten.
pub fn may_cancel_at(provider: &str) -> bool {
    provider != "razorpay"
}

/// What is done about a charge that somebody does not want any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LetGo {
    /// The gateway does not have it: it is over.
    End,
    /// The last call may still be on its way.
    Wait,
    /// The gateway has it, and is told to let go of it.
    Tell,
    /// What the gateway says stands: the money is there, or it is over already.
    Believe,
}

/// Says what is done after so many calls, the last at `asked_ms`, about what the gateway says it is.
pub fn let_go(known: Option<AtGateway>, calls: u32, asked_ms: i64, now_ms: i64) -> LetGo {
    match known {
        None if calls == 0 || now_ms.saturating_sub(asked_ms) > ON_ITS_WAY_MS => LetGo::End,
        None => LetGo::Wait,
        Some(AtGateway::Created | AtGateway::Authorized) => LetGo::Tell,
        Some(
            AtGateway::Failed
            | AtGateway::Captured
            | AtGateway::PartiallyRefunded
            | AtGateway::Refunded,
        ) => LetGo::Believe,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: Charge = Charge {
        standing: Standing::Pending,
        calls: 0,
        is_named: false,
        is_in_doubt: false,
        is_unwanted: false,
    };

    #[test]
    fn no_more_is_said_of_a_charge_than_is_known() {
        let check = |charge: Charge, expect: ChargeState| {
            assert_eq!(charge.state(), expect, "{charge:?}");
            let is_pending = charge.standing == Standing::Pending;
            assert_eq!(expect.is_under_way(), is_pending, "{charge:?}");
        };
        check(NEW, ChargeState::Asked);
        // the call was made, and nothing came back so far
        let asked = Charge { calls: 1, ..NEW };
        check(asked, ChargeState::Unknown);
        let named = Charge {
            is_named: true,
            ..asked
        };
        check(named, ChargeState::Waiting);
        let in_doubt = Charge {
            is_in_doubt: true,
            ..named
        };
        check(in_doubt, ChargeState::Unknown);
        let unwanted = Charge {
            is_unwanted: true,
            ..in_doubt
        };
        check(unwanted, ChargeState::Cancelling);
        let over = |standing| Charge { standing, ..named };
        check(over(Standing::Done), ChargeState::Taken);
        check(over(Standing::Failed), ChargeState::Failed);
        let over = |standing| Charge {
            standing,
            ..unwanted
        };
        check(over(Standing::Failed), ChargeState::Cancelled);
        // the payer was quicker
        check(over(Standing::Done), ChargeState::Taken);
        for (word, standing) in [
            ("pending", Standing::Pending),
            ("done", Standing::Done),
            ("failed", Standing::Failed),
        ] {
            assert_eq!(Standing::parse(word), Some(standing));
        }
        assert_eq!(Standing::parse("over"), None);
    }

    #[test]
    fn what_nobody_wants_ends_once_no_call_can_arrive_any_more() {
        assert_eq!(let_go(None, 0, 0, 0), LetGo::End);
        assert_eq!(let_go(None, 1, 0, ON_ITS_WAY_MS), LetGo::Wait);
        assert_eq!(let_go(None, 1, 0, ON_ITS_WAY_MS + 1), LetGo::End);
        let check = |state, expect| {
            let long_after = let_go(Some(state), 3, 0, i64::MAX);
            assert_eq!(long_after, expect, "{state:?}");
        };
        check(AtGateway::Created, LetGo::Tell);
        check(AtGateway::Authorized, LetGo::Tell);
        check(AtGateway::Failed, LetGo::Believe);
        check(AtGateway::Captured, LetGo::Believe);
        check(AtGateway::PartiallyRefunded, LetGo::Believe);
        check(AtGateway::Refunded, LetGo::Believe);
        assert!(may_cancel_at("stripe") && may_cancel_at("house"));
        assert!(!may_cancel_at("razorpay"));
    }
}
