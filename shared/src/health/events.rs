//! What departments tell each other, where it waits or was set aside.

use super::{Check, Finding, Grade, MINUTE_MS};
use crate::clock::Now;
use crate::ids::RecordId;
use crate::problem::Problem;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What waits longer is worth a look.
pub const LONG_MS: i64 = MINUTE_MS;
/// What waits longer is not going to go by itself.
const STUCK_MS: i64 = 15 * MINUTE_MS;

/// What is known of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventsSeen {
    pub waiting: u64,
    /// When the oldest was told of those that wait.
    pub oldest_ms: Option<i64>,
    pub set_aside: u64,
}

/// Says whether events are handed on and taken.
pub fn events(seen: &EventsSeen, now: Now) -> Vec<Finding> {
    let waits_ms = seen.oldest_ms.map_or(0, |oldest_ms| now.0 - oldest_ms);
    let at = Now(seen.oldest_ms.unwrap_or(now.0)).rfc3339();
    let (grade, said) = if waits_ms > STUCK_MS {
        let said = Problem::new("health.events_stuck", "");
        (Grade::Broken, said.with("at", at))
    } else if waits_ms > LONG_MS {
        let said = Problem::new("health.events_late", "");
        (Grade::Look, said.with("at", at))
    } else {
        (Grade::Ok, Problem::new("health.events_ok", ""))
    };
    let said = said.with("count", seen.waiting);
    let mut found = vec![Finding::new(Check::Events, grade, said)];
    if seen.set_aside > 0 {
        let said = Problem::new("health.events_set_aside", "").with("count", seen.set_aside);
        found.push(Finding::new(Check::Events, Grade::Look, said));
    }
    found
}

/// What is known of NATS, by which services that are processes of their own tell each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NatsSeen {
    Away,
    /// It answers and keeps no events.
    Refuses,
    /// It keeps events, and these consumers have not fetched so many, nor does anybody ask for them.
    Keeps(Vec<(String, u64)>),
}

/// Says whether services that are processes of their own hear each other.
pub fn nats(seen: &NatsSeen) -> Vec<Finding> {
    let broken = |said| Finding::new(Check::Events, Grade::Broken, said);
    let unheard = match seen {
        NatsSeen::Away => return vec![broken(Problem::new("health.nats_away", ""))],
        NatsSeen::Refuses => return vec![broken(Problem::new("health.nats_refuses", ""))],
        NatsSeen::Keeps(unheard) => unheard,
    };
    if unheard.is_empty() {
        let said = Problem::new("health.nats_ok", "");
        return vec![Finding::new(Check::Events, Grade::Ok, said)];
    }
    let line = |(consumer, count): &(String, u64)| {
        let said = Problem::new("health.nats_unheard", "").with("count", count);
        broken(said.with("consumer", consumer))
    };
    unheard.iter().map(line).collect()
}

/// An event that was set aside or waits long. Ids and codes only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct EventLine {
    /// Who has not taken it; nothing for one that was not handed on yet.
    pub consumer: Option<String>,
    /// The event's name there.
    pub id: String,
    /// The last word of its type, such as `scheduled`.
    pub what: String,
    pub record: Option<RecordId>,
    /// When it was told or arrived.
    pub at: String,
    pub tries: u32,
    /// Of the last failure.
    pub code: Option<String>,
    pub set_aside: Option<String>,
    /// When it is tried again by itself.
    pub next: Option<String>,
}

/// The events that somebody may look at, oldest first: two hundred at most.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct EventPage {
    pub lines: Vec<EventLine>,
    /// All that were set aside.
    pub set_aside: u32,
    /// All that wait long.
    pub waiting: u32,
}

/// Has an event tried again at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export_to = "types.gen.ts")]
pub struct EventAgain {
    pub consumer: Option<String>,
    pub id: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_nobody_runs_or_that_cannot_be_reached_is_said() {
        let check = |seen: NatsSeen, expect: &[(Grade, &str)]| {
            let found = nats(&seen);
            let said = found.iter().map(|one| (one.grade, one.said.code.as_str()));
            assert_eq!(said.collect::<Vec<_>>(), expect, "{seen:?}");
        };
        check(NatsSeen::Away, &[(Grade::Broken, "health.nats_away")]);
        check(NatsSeen::Refuses, &[(Grade::Broken, "health.nats_refuses")]);
        check(NatsSeen::Keeps(vec![]), &[(Grade::Ok, "health.nats_ok")]);
        let unheard = NatsSeen::Keeps(vec![("billing".into(), 3)]);
        check(unheard, &[(Grade::Broken, "health.nats_unheard")]);
    }

    #[test]
    fn events_are_late_after_a_minute_and_stuck_after_fifteen() {
        let now = Now(1_800_000_000_000);
        let check = |minutes: i64, set_aside, expect: &[(Grade, &str)]| {
            let seen = EventsSeen {
                waiting: 3,
                oldest_ms: Some(now.0 - minutes * MINUTE_MS),
                set_aside,
            };
            let found = events(&seen, now);
            let said: Vec<_> = found
                .iter()
                .map(|one| (one.grade, one.said.code.as_str()))
                .collect();
            assert_eq!(said, expect, "{minutes} {set_aside}");
        };
        check(0, 0, &[(Grade::Ok, "health.events_ok")]);
        check(2, 0, &[(Grade::Look, "health.events_late")]);
        check(
            16,
            4,
            &[
                (Grade::Broken, "health.events_stuck"),
                (Grade::Look, "health.events_set_aside"),
            ],
        );
        assert_eq!(events(&EventsSeen::default(), now)[0].grade, Grade::Ok);
    }
}
