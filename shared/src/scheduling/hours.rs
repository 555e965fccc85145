//! What may be said about when a doctor sees patients.

use super::clinic::{Clinic, Hours, MINUTE_NS, SLOT_MINUTES, Schedule, nanoseconds};
use crate::planted::{self, Fault};
use crate::problem::Problem;
use jiff::civil::{Date, Time};

/// Spans of one day, at most.
const SPANS: usize = 4;
/// Leaves that are kept, at most.
const LEAVES: usize = 50;

/// Returns everything that is wrong with a doctor's hours, each at `hours/<day>/<span>`, `breaks/<pause>` or `leave/<leave>`.
pub fn problems(schedule: &Schedule, clinic: &Clinic) -> Vec<Problem> {
    let mut found = Vec::new();
    for (day, spans) in schedule.hours.iter().enumerate() {
        check_spans(spans, &format!("hours/{day}"), clinic, &mut found);
    }
    check_spans(&schedule.breaks, "breaks", clinic, &mut found);
    check_leave(&schedule.leave, &mut found);
    found
}

/// Says whether what somebody saw when they began is still so.
///
/// # Errors
/// `hours.changed`: somebody else has said something since, and would be overwritten.
pub fn may_replace(now: &Schedule, base: &Schedule) -> Result<(), Problem> {
    let is_same = (&now.hours, &now.breaks, &now.leave) == (&base.hours, &base.breaks, &base.leave);
    if is_same || planted::is_on(Fault::NewestHoursWin) {
        return Ok(());
    }
    Err(Problem::new("hours.changed", ""))
}

fn check_spans(spans: &[Hours], field: &str, clinic: &Clinic, found: &mut Vec<Problem>) {
    if spans.len() > SPANS {
        found.push(Problem::new("too_many", field).with("max", SPANS));
    }
    for (place, span) in spans.iter().enumerate() {
        let at = format!("{field}/{place}");
        if span.from >= span.to {
            found.push(Problem::new("hours.order", &at));
            continue;
        }
        if span.from < clinic.opens || span.to > clinic.closes {
            let problem = Problem::new("hours.closed", &at);
            let opens = problem.with("opens", clinic.opens.strftime("%H:%M"));
            found.push(opens.with("closes", clinic.closes.strftime("%H:%M")));
        }
        if !(is_on_grid(span.from, clinic) && is_on_grid(span.to, clinic)) {
            found.push(Problem::new("hours.grid", &at).with("minutes", SLOT_MINUTES));
        }
        let meets = |other: &Hours| span.from < other.to && other.from < span.to;
        if spans[..place].iter().any(meets) {
            found.push(Problem::new("hours.overlap", &at));
        }
    }
}

/// A doctor who begins between two slots would never give the time until the next.
fn is_on_grid(at: Time, clinic: &Clinic) -> bool {
    let since = nanoseconds(at) - nanoseconds(clinic.opens);
    since % (i64::from(SLOT_MINUTES) * MINUTE_NS) == 0
}

fn check_leave(leave: &[(Date, Date)], found: &mut Vec<Problem>) {
    if leave.len() > LEAVES {
        found.push(Problem::new("too_many", "leave").with("max", LEAVES));
    }
    for (place, (first, last)) in leave.iter().enumerate() {
        let at = format!("leave/{place}");
        if first > last {
            found.push(Problem::new("leave.order", &at));
            continue;
        }
        let meets = |(from, until): &(Date, Date)| from <= last && first <= until;
        if leave[..place].iter().any(meets) {
            found.push(Problem::new("leave.overlap", &at));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::StaffId;
    use jiff::civil::{date, time};
    use jiff::tz::TimeZone;
    use uuid::Uuid;

    fn span(from: (i8, i8), to: (i8, i8)) -> Hours {
        Hours {
            from: time(from.0, from.1, 0, 0),
            to: time(to.0, to.1, 0, 0),
        }
    }

    fn check(change: impl FnOnce(&mut Schedule), expect: &[&str]) {
        let clinic = Clinic::of_zone(TimeZone::UTC);
        let mut schedule = Schedule::full_week(StaffId(Uuid::nil()), Vec::new(), &clinic);
        change(&mut schedule);
        let found = problems(&schedule, &clinic);
        let said: Vec<String> = found
            .iter()
            .map(|problem| format!("{} {}", problem.code, problem.field))
            .collect();
        assert_eq!(said, expect);
    }

    #[test]
    fn hours_lie_within_those_of_the_clinic_on_whole_slots_and_apart() {
        check(|_| (), &[]);
        check(
            |s| s.hours[0] = vec![span((9, 0), (12, 0)), span((12, 0), (18, 0))],
            &[],
        );
        check(|s| s.hours[0].clear(), &[]);
        check(
            |s| s.hours[1][0] = span((12, 0), (9, 0)),
            &["hours.order hours/1/0"],
        );
        check(
            |s| s.hours[1][0] = span((9, 0), (9, 0)),
            &["hours.order hours/1/0"],
        );
        check(
            |s| s.hours[2][0] = span((8, 0), (18, 30)),
            &["hours.closed hours/2/0"],
        );
        check(
            |s| s.hours[2][0] = span((9, 15), (18, 0)),
            &["hours.grid hours/2/0"],
        );
        check(
            |s| s.hours[6] = vec![span((9, 0), (12, 0)), span((11, 30), (13, 0))],
            &["hours.overlap hours/6/1"],
        );
        check(
            |s| s.hours[0] = vec![span((9, 0), (9, 30)); 5],
            &[
                "too_many hours/0",
                "hours.overlap hours/0/1",
                "hours.overlap hours/0/2",
                "hours.overlap hours/0/3",
                "hours.overlap hours/0/4",
            ],
        );
        check(
            |s| s.breaks = vec![span((13, 10), (14, 0))],
            &["hours.grid breaks/0"],
        );
    }

    #[test]
    fn a_leave_has_a_first_and_a_last_day_and_none_is_said_twice() {
        let (monday, friday) = (date(2027, 3, 1), date(2027, 3, 5));
        check(|s| s.leave = vec![(monday, monday), (friday, friday)], &[]);
        check(
            |s| s.leave = vec![(friday, monday)],
            &["leave.order leave/0"],
        );
        check(
            |s| s.leave = vec![(monday, friday), (friday, friday)],
            &["leave.overlap leave/1"],
        );
    }

    #[test]
    fn what_somebody_else_said_since_is_not_overwritten() {
        let clinic = Clinic::of_zone(TimeZone::UTC);
        let seen = Schedule::full_week(StaffId(Uuid::nil()), Vec::new(), &clinic);
        let mut now = seen.clone();
        assert_eq!(may_replace(&now, &seen), Ok(()));
        now.breaks.push(span((13, 0), (14, 0)));
        let code = may_replace(&now, &seen).map_err(|problem| problem.code);
        assert_eq!(code, Err("hours.changed".to_owned()));
    }
}
