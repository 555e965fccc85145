//! Days of the books: one after the other is closed, and what comes late is counted in the day that is open.

use crate::problem::Problem;
use jiff::civil::Date;

/// Returns the day in which what is written down now is counted.
pub fn open_day(last_closed: Option<Date>, today: Date) -> Date {
    let next = last_closed.and_then(|last| last.tomorrow().ok());
    next.map_or(today, |next| next.max(today))
}

/// Says whether something that happened on a day is late: that day was closed before it was known.
pub fn is_late(happened: Date, last_closed: Option<Date>) -> bool {
    last_closed.is_some_and(|last| happened <= last)
}

/// Says whether a day may be closed. It closes those before it as well.
///
/// # Errors
/// `day.closed` when it is, `day.ahead` when it has not begun.
pub fn may_close(day: Date, last_closed: Option<Date>, today: Date) -> Result<(), Problem> {
    if is_late(day, last_closed) {
        return Err(Problem::new("day.closed", "day").with("day", day));
    }
    if day > today {
        return Err(Problem::new("day.ahead", "day").with("day", day));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().expect("a day")
    }

    #[test]
    fn a_day_is_closed_once_and_not_before_it_begins() {
        let check = |asked: &str, last: Option<&str>, code: Option<&str>| {
            let refused = may_close(day(asked), last.map(day), day("2026-11-21")).err();
            assert_eq!(
                refused.map(|problem| problem.code).as_deref(),
                code,
                "{asked}"
            );
        };
        check("2026-11-21", None, None);
        check("2026-11-21", Some("2026-11-20"), None);
        // Sunday is closed with Monday
        check("2026-11-21", Some("2026-11-18"), None);
        check("2026-11-20", Some("2026-11-20"), Some("day.closed"));
        check("2026-11-19", Some("2026-11-20"), Some("day.closed"));
        check("2026-11-22", Some("2026-11-20"), Some("day.ahead"));
    }

    #[test]
    fn what_comes_after_the_close_is_counted_in_the_next_day() {
        let check = |last: Option<&str>, expect: &str| {
            assert_eq!(open_day(last.map(day), day("2026-11-21")), day(expect));
        };
        check(None, "2026-11-21");
        check(Some("2026-11-18"), "2026-11-21");
        check(Some("2026-11-20"), "2026-11-21");
        check(Some("2026-11-21"), "2026-11-22");
        assert!(is_late(day("2026-11-20"), Some(day("2026-11-20"))));
        assert!(!is_late(day("2026-11-21"), Some(day("2026-11-20"))));
        assert!(!is_late(day("2026-11-20"), None));
    }
}
