//! The running backup: whether everything is in it, and what is the matter if not.

use super::{Check, DAY_MS, Finding, GIB, Grade, HOUR_MS, MINUTE_MS};
use crate::clock::Now;
use crate::problem::Problem;

/// What is known of a running backup.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunningSeen {
    /// Bytes that are free in its folder; nothing when the folder cannot be reached.
    pub free_bytes: Option<u64>,
    /// When the newest whole copy was made, if that could be seen.
    pub copy_ms: Option<i64>,
    /// Since when there is a hole at its end.
    pub hole_ms: Option<i64>,
    /// Pieces that wait, their bytes, and when the oldest of them was closed.
    pub waiting: u64,
    pub waiting_bytes: u64,
    pub oldest_ms: Option<i64>,
}

/// Says whether what waits for a folder that cannot be reached is given up, so that the database does not stop.
pub fn gives_up(waiting_bytes: u64, free_bytes: u64) -> bool {
    waiting_bytes > 0 && free_bytes < 2 * GIB
}

/// Says how the running backup is; nothing stands for a hub that has none.
pub fn running(seen: Option<&RunningSeen>, now: Now) -> Vec<Finding> {
    let line = |grade, said| Finding::new(Check::Backup, grade, said);
    let say = |code: &str| Problem::new(&format!("health.running_{code}"), "");
    let Some(seen) = seen else {
        return vec![line(Grade::Ok, say("none"))];
    };
    let late_ms = seen.oldest_ms.map_or(0, |oldest| now.0 - oldest);
    let waits = |code: &str| {
        let megabytes = seen.waiting_bytes >> 20;
        say(code)
            .with("count", seen.waiting)
            .with("size", megabytes)
    };
    let grade = if late_ms > HOUR_MS {
        Grade::Broken
    } else {
        Grade::Look
    };
    let mut found = Vec::new();
    match seen.free_bytes {
        None => found.push(line(grade, waits("away"))),
        Some(_) if late_ms > 2 * MINUTE_MS => found.push(line(grade, waits("behind"))),
        Some(free) if free < 5 * GIB => {
            found.push(line(Grade::Look, say("full").with("size", free >> 20)));
        }
        Some(_) => {}
    }
    let copy = |ms| say("copy_late").with("at", Now(ms).rfc3339());
    match (seen.hole_ms, seen.copy_ms) {
        (Some(hole_ms), _) => {
            let hole = say("hole").with("at", Now(hole_ms).rfc3339());
            found.push(line(Grade::Broken, hole));
        }
        (None, Some(ms)) if now.0 - ms > DAY_MS + 2 * HOUR_MS => {
            found.push(line(Grade::Look, copy(ms)));
        }
        (None, None) if seen.free_bytes.is_some() => {
            found.push(line(Grade::Look, say("copy_none")));
        }
        (None, _) => {}
    }
    if found.is_empty() {
        found.push(line(Grade::Ok, say("ok")));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Now = Now(1_800_000_000_000);

    fn check(seen: RunningSeen, expect: &[(Grade, &str)]) {
        let found = running(Some(&seen), NOW);
        let said = found.iter().map(|one| {
            (
                one.grade,
                one.said.code.trim_start_matches("health.running_"),
            )
        });
        assert_eq!(said.collect::<Vec<_>>(), expect, "{seen:?}");
    }

    #[test]
    fn a_running_backup_says_what_waits_what_is_missing_and_what_is_full() {
        let ago = |minutes: i64| Some(NOW.0 - minutes * MINUTE_MS);
        let well = RunningSeen {
            free_bytes: Some(9 * GIB),
            copy_ms: ago(60),
            ..RunningSeen::default()
        };
        let waits = |minutes| RunningSeen {
            waiting: 3,
            waiting_bytes: 3 << 24,
            oldest_ms: ago(minutes),
            ..well
        };
        let (look, broken) = (Grade::Look, Grade::Broken);
        check(well, &[(Grade::Ok, "ok")]);
        check(waits(1), &[(Grade::Ok, "ok")]);
        check(waits(3), &[(look, "behind")]);
        check(waits(61), &[(broken, "behind")]);
        let away = |seen| RunningSeen {
            free_bytes: None,
            copy_ms: None,
            ..seen
        };
        check(away(well), &[(look, "away")]);
        check(away(waits(61)), &[(broken, "away")]);
        let full = RunningSeen {
            free_bytes: Some(5 * GIB - 1),
            ..well
        };
        check(full, &[(look, "full")]);
        let copied = |copy_ms| RunningSeen { copy_ms, ..well };
        check(copied(ago(26 * 60 + 1)), &[(look, "copy_late")]);
        check(copied(None), &[(look, "copy_none")]);
        let hole = RunningSeen {
            hole_ms: ago(5),
            ..away(waits(61))
        };
        check(hole, &[(broken, "away"), (broken, "hole")]);
        let with = &running(Some(&waits(3)), NOW)[0].said.with;
        assert_eq!((with["count"].as_str(), with["size"].as_str()), ("3", "48"));
        assert_eq!(running(None, NOW)[0].said.code, "health.running_none");
    }

    #[test]
    fn what_waits_is_given_up_before_it_fills_the_disk() {
        assert!(!gives_up(1, 2 * GIB));
        assert!(gives_up(1, 2 * GIB - 1));
        assert!(!gives_up(0, 0));
    }
}
