//! The hub itself: its database, disk, backups, log, and what waits in it.

use super::{Check, DAY_MS, Finding, GIB, Grade, HOUR_MS, MINUTE_MS};
use crate::clock::Now;
use crate::problem::Problem;

/// The database, compared with what this program knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Current,
    /// So many migrations are missing.
    Behind(usize),
    /// A newer program made it.
    Ahead,
}

/// Says whether the database has the shape that this program works with.
pub fn shape(shape: Shape) -> Finding {
    let (grade, said) = match shape {
        Shape::Current => (Grade::Ok, Problem::new("health.database_ok", "")),
        Shape::Behind(count) => {
            let said = Problem::new("health.database_behind", "").with("count", count);
            (Grade::Broken, said)
        }
        Shape::Ahead => (Grade::Broken, Problem::new("health.database_ahead", "")),
    };
    Finding::new(Check::Database, grade, said)
}

/// Says that the database cannot be reached.
pub fn unreachable() -> Finding {
    let said = Problem::new("health.database_unreachable", "");
    Finding::new(Check::Database, Grade::Broken, said)
}

/// Says how much room is left where the hub keeps its files; nothing for what could not be found out.
pub fn disk(room: Option<(u64, u64)>) -> Finding {
    let Some((free, all)) = room else {
        let said = Problem::new("health.disk_unknown", "");
        return Finding::new(Check::Disk, Grade::Look, said);
    };
    let with = |said: Problem| said.with("free", gib(free)).with("all", gib(all));
    let (grade, said) = if free < GIB {
        (Grade::Broken, Problem::new("health.disk_full", ""))
    } else if free < 5 * GIB || free < all / 10 {
        (Grade::Look, Problem::new("health.disk_low", ""))
    } else {
        (Grade::Ok, Problem::new("health.disk_ok", ""))
    };
    Finding::new(Check::Disk, grade, with(said))
}

/// Returns gigabytes with one decimal.
fn gib(bytes: u64) -> String {
    let tenths = bytes / (GIB / 10);
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// What is known of backups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backups {
    /// The database is a server of the hospital's own, which is backed up by its own means.
    Elsewhere,
    Never,
    LastAt(i64),
}

/// Says how old the last backup is.
pub fn backup(known: Backups, now: Now) -> Finding {
    let (grade, said) = match known {
        Backups::Elsewhere => (Grade::Ok, Problem::new("health.backup_elsewhere", "")),
        Backups::Never => (Grade::Look, Problem::new("health.backup_never", "")),
        Backups::LastAt(at_ms) => {
            let at = Now(at_ms).rfc3339();
            let age_ms = now.0 - at_ms;
            if age_ms > 7 * DAY_MS {
                let said = Problem::new("health.backup_missing", "");
                (Grade::Broken, said.with("at", at))
            } else if age_ms > 26 * HOUR_MS {
                let said = Problem::new("health.backup_late", "");
                (Grade::Look, said.with("at", at))
            } else {
                let said = Problem::new("health.backup_ok", "");
                (Grade::Ok, said.with("at", at))
            }
        }
    };
    Finding::new(Check::Backup, grade, said)
}

/// What is known of the audit log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditSeen {
    /// When the root was signed last; for a log that never was, when it began.
    pub signed_ms: Option<i64>,
    /// Entries came since.
    pub has_grown: bool,
    /// When all of it was verified last, and whether it was whole.
    pub verified: Option<(i64, bool)>,
}

/// Says whether the log is signed and was found whole.
pub fn audit(seen: &AuditSeen, now: Now) -> Vec<Finding> {
    let line = |grade, said| Finding::new(Check::Audit, grade, said);
    let signed_ms = seen.signed_ms.unwrap_or(now.0);
    let at = Now(signed_ms).rfc3339();
    let signed = if seen.has_grown && now.0 - signed_ms > 2 * HOUR_MS {
        let said = Problem::new("health.audit_unsigned", "");
        line(Grade::Broken, said.with("at", at))
    } else {
        let said = Problem::new("health.audit_signed", "");
        line(Grade::Ok, said.with("at", at))
    };
    let verified = match seen.verified {
        None => line(Grade::Look, Problem::new("health.audit_never", "")),
        Some((at_ms, is_whole)) => {
            let at = Now(at_ms).rfc3339();
            if !is_whole {
                let said = Problem::new("health.audit_broken", "");
                line(Grade::Broken, said.with("at", at))
            } else if now.0 - at_ms > 31 * DAY_MS {
                let said = Problem::new("health.audit_old", "");
                line(Grade::Look, said.with("at", at))
            } else {
                let said = Problem::new("health.audit_whole", "");
                line(Grade::Ok, said.with("at", at))
            }
        }
    };
    vec![signed, verified]
}

/// Says whether slots are decided: `oldest_ms` is when the oldest came of those that wait.
pub fn decisions(count: u64, oldest_ms: Option<i64>, now: Now) -> Finding {
    // a decision takes ten minutes at most, or an hour when the hub was started again
    let is_stuck = oldest_ms.is_some_and(|came_ms| now.0 - came_ms > 30 * MINUTE_MS);
    let (grade, said) = if is_stuck {
        (Grade::Broken, Problem::new("health.decisions_stuck", ""))
    } else {
        (Grade::Ok, Problem::new("health.decisions_ok", ""))
    };
    Finding::new(Check::Decisions, grade, said.with("count", count))
}

/// Says how long held work waits for a person.
pub fn held(count: u64, oldest_ms: Option<i64>, now: Now) -> Finding {
    let Some(oldest_ms) = oldest_ms else {
        return Finding::new(Check::Held, Grade::Ok, Problem::new("health.held_none", ""));
    };
    let (grade, said) = if now.0 - oldest_ms > DAY_MS {
        (Grade::Look, Problem::new("health.held_long", ""))
    } else {
        (Grade::Ok, Problem::new("health.held_some", ""))
    };
    let said = said
        .with("count", count)
        .with("at", Now(oldest_ms).rfc3339());
    Finding::new(Check::Held, grade, said)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Now = Now(1_800_000_000_000);

    fn said(finding: &Finding) -> (Grade, &str) {
        (finding.grade, finding.said.code.as_str())
    }

    #[test]
    fn a_database_of_another_shape_is_broken() {
        assert_eq!(
            said(&shape(Shape::Current)),
            (Grade::Ok, "health.database_ok")
        );
        let behind = shape(Shape::Behind(2));
        assert_eq!(said(&behind), (Grade::Broken, "health.database_behind"));
        assert_eq!(behind.said.with["count"], "2");
        assert_eq!(shape(Shape::Ahead).grade, Grade::Broken);
        assert_eq!(unreachable().grade, Grade::Broken);
    }

    #[test]
    fn a_disk_is_low_below_five_gigabytes_or_a_tenth_and_full_below_one() {
        let check = |free, all, expect| assert_eq!(said(&disk(Some((free, all)))).1, expect);
        check(50 * GIB, 100 * GIB, "health.disk_ok");
        check(9 * GIB, 100 * GIB, "health.disk_low");
        check(4 * GIB, 20 * GIB, "health.disk_low");
        check(GIB - 1, 20 * GIB, "health.disk_full");
        assert_eq!(disk(None).grade, Grade::Look);
        let with = disk(Some((3 * GIB / 2, 2_000 * GIB))).said.with;
        assert_eq!(
            (with["free"].as_str(), with["all"].as_str()),
            ("1.5", "2000.0")
        );
    }

    #[test]
    fn a_backup_is_late_after_a_day_and_missing_after_a_week() {
        let check = |known, expect| assert_eq!(said(&backup(known, NOW)), expect);
        check(Backups::Elsewhere, (Grade::Ok, "health.backup_elsewhere"));
        check(Backups::Never, (Grade::Look, "health.backup_never"));
        let ago = |hours: i64| Backups::LastAt(NOW.0 - hours * HOUR_MS);
        check(ago(25), (Grade::Ok, "health.backup_ok"));
        check(ago(27), (Grade::Look, "health.backup_late"));
        check(ago(24 * 7 + 1), (Grade::Broken, "health.backup_missing"));
    }

    #[test]
    fn a_log_that_grows_unsigned_or_was_found_broken_is_said() {
        let seen = |hours: i64, has_grown, verified| AuditSeen {
            signed_ms: Some(NOW.0 - hours * HOUR_MS),
            has_grown,
            verified,
        };
        let check = |seen: AuditSeen, expect: [&str; 2]| {
            let found = audit(&seen, NOW);
            assert_eq!(
                found.iter().map(|one| said(one).1).collect::<Vec<_>>(),
                expect
            );
        };
        let whole = Some((NOW.0, true));
        check(
            seen(1, true, whole),
            ["health.audit_signed", "health.audit_whole"],
        );
        check(
            seen(99, false, whole),
            ["health.audit_signed", "health.audit_whole"],
        );
        check(
            seen(3, true, None),
            ["health.audit_unsigned", "health.audit_never"],
        );
        let broken = seen(1, true, Some((NOW.0, false)));
        check(broken, ["health.audit_signed", "health.audit_broken"]);
        let old = seen(1, true, Some((NOW.0 - 32 * DAY_MS, true)));
        check(old, ["health.audit_signed", "health.audit_old"]);
        check(
            AuditSeen::default(),
            ["health.audit_signed", "health.audit_never"],
        );
    }

    #[test]
    fn what_waits_too_long_for_a_decision_or_a_person_is_said() {
        let ago = |minutes: i64| Some(NOW.0 - minutes * MINUTE_MS);
        assert_eq!(decisions(0, None, NOW).grade, Grade::Ok);
        assert_eq!(decisions(3, ago(29), NOW).grade, Grade::Ok);
        assert_eq!(decisions(3, ago(31), NOW).grade, Grade::Broken);
        assert_eq!(said(&held(0, None, NOW)).1, "health.held_none");
        assert_eq!(said(&held(2, ago(60), NOW)).1, "health.held_some");
        assert_eq!(
            said(&held(2, ago(60 * 25), NOW)),
            (Grade::Look, "health.held_long")
        );
    }
}
