//! When a ward need not see a chart any more: its patient is on another ward, and nothing of the chart is this ward's.

use crate::ids::WardId;
use crate::planted::{self, Fault};

const DAY_MS: i64 = 86_400_000;
/// How long a ward keeps seeing a chart that left it, by the hub's clock.
pub const KEEP_MS: i64 = 7 * DAY_MS;

/// What one record of a chart says of where it belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tie {
    /// The record is the one the chart is named for.
    pub is_head: bool,
    pub ward: Option<WardId>,
    /// When it takes place, milliseconds since 1970; nothing for what lasts.
    pub at_ms: Option<i64>,
}

/// Says whether a ward that sees a chart has nothing to do with it any more. A chart that is on no ward stays where it was:
/// somebody has to find it when its patient comes back.
pub fn has_left(ward: WardId, chart: &[Tie], now_ms: i64) -> bool {
    let is_elsewhere = chart
        .iter()
        .any(|tie| tie.is_head && tie.ward.is_some_and(|on| on != ward));
    let holds = |tie: &Tie| {
        // what was only just is still talked about
        let is_past = |at_ms: i64| at_ms < now_ms.saturating_sub(KEEP_MS);
        tie.ward == Some(ward) && !tie.at_ms.is_some_and(is_past)
    };
    is_elsewhere && !planted::is_on(Fault::NothingLeaves) && !chart.iter().any(holds)
}

/// Says whether a chart that left at a moment is to be forgotten.
pub fn is_due(since_ms: i64, now_ms: i64) -> bool {
    now_ms.saturating_sub(since_ms) >= KEEP_MS
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn ward(number: u128) -> WardId {
        WardId(Uuid::from_u128(number))
    }

    fn tie(is_head: bool, on: Option<u128>, at_ms: Option<i64>) -> Tie {
        Tie {
            is_head,
            ward: on.map(ward),
            at_ms,
        }
    }

    #[test]
    fn a_chart_leaves_a_ward_when_its_patient_is_elsewhere_and_nothing_else_is_there() {
        let now = 100 * DAY_MS;
        let check = |chart: &[Tie], expect: bool| {
            assert_eq!(has_left(ward(1), chart, now), expect, "{chart:?}");
        };
        let (here, elsewhere) = (tie(true, Some(1), None), tie(true, Some(2), None));
        check(&[here], false);
        check(std::slice::from_ref(&elsewhere), true);
        check(&[tie(true, None, None)], false);
        check(&[], false);
        let visit = |days: i64| tie(false, Some(1), Some(now + days * DAY_MS));
        check(&[elsewhere.clone(), visit(30)], false);
        check(&[elsewhere.clone(), visit(-7)], false);
        check(&[elsewhere.clone(), visit(-8)], true);
        check(&[elsewhere.clone(), tie(false, Some(1), None)], false);
        check(&[elsewhere, tie(false, Some(3), None)], true);
    }

    #[test]
    fn it_is_kept_for_a_week() {
        assert!(!is_due(5, KEEP_MS + 4));
        assert!(is_due(5, KEEP_MS + 5));
    }
}
