//! Desks whose clocks are wrong by up to a month and jump: what was done counts when it was done, as far as the hub can know.
//! `SEED=n` repeats one case.

#![expect(clippy::disallowed_methods, reason = "a seed is named from outside")]

use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use shared::ids::{DepartmentId, StaffId};
use shared::sample::Dice;
use shared::scheduling::clinic::{Clinic, Schedule, Slot};
use shared::scheduling::rules::{
    Around, Ask, Fee, cancellation, may_book, may_mark_no_show, may_move,
};
use shared::sync::clocks::{Ahead, CLOCK_SET_MS, Clock, Heard};
use shared::sync::late::{Made, Said, made};
use uuid::Uuid;

const SEEDS: u64 = 2_000;
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
const MONTH_MS: i64 = 30 * DAY_MS;
const HEART: DepartmentId = DepartmentId(Uuid::from_u128(1));

/// Days on which clocks are put forward or back somewhere, leap days, and ends of years.
const DAYS: [(i16, i8, i8); 12] = [
    (2027, 3, 28),
    (2027, 10, 31),
    (2026, 11, 1),
    (2027, 3, 14),
    (2027, 4, 4),
    (2027, 10, 3),
    (2028, 2, 29),
    (2028, 3, 1),
    (2027, 12, 31),
    (2028, 1, 1),
    (2026, 12, 1),
    (2100, 2, 28),
];
const ZONES: [&str; 5] = [
    "Europe/London",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Pacific/Apia",
];

/// What a rule says, in one word.
type Verdict = &'static str;

/// The rules as the clinic has them written down, over again and without their code.
fn on_paper(slot: &Slot, deed: usize, t_ms: i64) -> Verdict {
    let left = slot.start_ms - t_ms;
    match deed {
        0 if left >= 7_200_000 => "yes",
        1 if left > 3_600_000 => "yes",
        2 if left > 7_200_000 => "free",
        2 if left > 0 => "half",
        3 if t_ms >= slot.start_ms + 1_800_000 => "yes",
        _ => "no",
    }
}

/// The same by the rules of the program.
fn by_rule(clinic: &Clinic, slot: &Slot, deed: usize, t_ms: i64) -> Verdict {
    let doctor = StaffId(Uuid::from_u128(2));
    let mut schedule = Schedule::full_week(doctor, vec![HEART], clinic);
    schedule.hours[5] = schedule.hours[0].clone();
    schedule.hours[6] = schedule.hours[0].clone();
    let ask = |start_ms| Ask {
        clinic,
        schedule: &schedule,
        department: HEART,
        start_ms,
        t_ms,
        around: Around::default(),
    };
    let yes = |is_allowed: bool| if is_allowed { "yes" } else { "no" };
    match deed {
        0 => yes(may_book(&ask(slot.start_ms)).is_ok()),
        // to a slot of a later day that is far enough away
        1 => {
            let to = clinic.day(slot.date.saturating_add(jiff::Span::new().days(3)));
            yes(may_move(slot.start_ms, 0, &ask(to[17].start_ms)).is_ok())
        }
        2 => match cancellation(slot.start_ms, t_ms) {
            Ok(Fee::Nothing) => "free",
            Ok(Fee::Half) => "half",
            Ok(Fee::Whole) => "whole",
            Err(_) => "no",
        },
        _ => yes(may_mark_no_show(slot.end_ms, t_ms).is_ok()),
    }
}

/// A moment near one at which a rule changes its mind. Changes say whole seconds.
fn near(dice: &mut Dice, slot: &Slot, deed: usize) -> i64 {
    let edges = [
        slot.start_ms - 2 * HOUR_MS,
        slot.start_ms - HOUR_MS,
        [slot.start_ms - 2 * HOUR_MS, slot.start_ms][dice.below(2)],
        slot.start_ms + HOUR_MS / 2,
    ];
    let off_s = match dice.below(6) {
        0 => -1,
        1 => 0,
        2 => 1,
        _ => between(dice, -3 * 3_600, 3 * 3_600),
    };
    edges[deed] + off_s * 1_000
}

fn between(dice: &mut Dice, from: i64, to: i64) -> i64 {
    let wide = usize::try_from(to - from + 1).expect("from is before to");
    from + i64::try_from(dice.below(wide)).expect("it fits")
}

fn slot(dice: &mut Dice, clinic: &Clinic) -> Slot {
    let (year, month, day) = DAYS[dice.below(DAYS.len())];
    let day: Date = date(year, month, day);
    let slots = clinic.day(day);
    slots[dice.below(slots.len())]
}

fn check(seed: u64) {
    let mut dice = Dice::new(seed);
    let zone = TimeZone::get(ZONES[dice.below(ZONES.len())]).expect("the zone is known");
    let clinic = Clinic::of_zone(zone);
    let (slot, deed) = (slot(&mut dice, &clinic), dice.below(4));
    let t_ms = near(&mut dice, &slot, deed);
    // what it builds on is older, and it comes later
    let follows_ms = t_ms - between(&mut dice, 0, 5 * DAY_MS / 1_000) * 1_000;
    let came_ms = t_ms + between(&mut dice, 0, 10 * DAY_MS / 1_000) * 1_000;
    let skew_ms = between(&mut dice, -MONTH_MS / 1_000, MONTH_MS / 1_000) * 1_000;
    // the clock is set between the deed and the sending, in one case of three
    let jump_ms = match dice.below(3) {
        0 => between(&mut dice, -MONTH_MS / 1_000, MONTH_MS / 1_000) * 1_000,
        _ => 0,
    };
    let said = Said {
        at_ms: t_ms + skew_ms,
        follows_ms,
    };
    // the hub heard the desk before its clock was set, and the desk reckons by what it is now
    let before = Clock {
        ahead_ms: Some(skew_ms),
        was_ms: None,
    };
    let ahead = before.ahead(&Heard {
        ahead_ms: skew_ms + jump_ms,
        reckoned_ms: skew_ms + jump_ms,
        is_all: true,
    });
    let found = made(&[said], &ahead, came_ms)[0];
    let reckoned = found.at_ms;
    let place = Timestamp::from_millisecond(slot.start_ms).expect("a time");
    let about = format!("SEED={seed}, deed {deed} at {t_ms}, slot {place}, jump {jump_ms}");
    assert!((follows_ms..=came_ms).contains(&reckoned), "{about}");
    if jump_ms == 0 {
        assert_eq!(reckoned, t_ms, "{about}");
    }
    // a jump moves it no further than the jump, nor beyond what the hub knows
    assert!((reckoned - t_ms).abs() <= jump_ms.abs(), "{about}");
    // when it was really done is among the times that count, unless the clock was hardly set
    let unseen_ms = Some(jump_ms.abs()).filter(|ms| *ms <= CLOCK_SET_MS);
    let unseen_ms = unseen_ms.unwrap_or(0);
    let times = found.earliest_ms - unseen_ms..=found.latest_ms + unseen_ms;
    assert!(times.contains(&t_ms), "{about}: {found:?}");
    let verdict = by_rule(&clinic, &slot, deed, reckoned);
    assert_eq!(verdict, on_paper(&slot, deed, reckoned), "{about}");
    stays_in_order(&mut dice, t_ms, follows_ms, came_ms, &about);
}

/// What comes after it in the same push is not older, whatever the clock did.
fn stays_in_order(dice: &mut Dice, t_ms: i64, follows_ms: i64, came_ms: i64, about: &str) {
    let wild = |dice: &mut Dice| Said {
        at_ms: t_ms + between(dice, -MONTH_MS, MONTH_MS),
        follows_ms,
    };
    let row: Vec<Said> = (0..5).map(|_| wild(dice)).collect();
    let mut ahead = [(); 3].map(|()| between(dice, -MONTH_MS, MONTH_MS));
    ahead.sort_unstable();
    let [least_ms, reckoned_ms, most_ms] = ahead;
    let ahead = Ahead {
        least_ms,
        reckoned_ms,
        most_ms,
    };
    let row = made(&row, &ahead, came_ms);
    let kinds: [fn(&Made) -> i64; 3] = [|it| it.earliest_ms, |it| it.at_ms, |it| it.latest_ms];
    for time in kinds {
        let row: Vec<i64> = row.iter().map(time).collect();
        assert!(row.is_sorted(), "{about}: {row:?}");
        assert!(
            row.iter().all(|at| (follows_ms..=came_ms).contains(at)),
            "{about}: {row:?}"
        );
    }
}

#[test]
fn what_was_done_counts_when_it_was_done_whatever_the_clock_said() {
    if let Some(seed) = std::env::var("SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
    {
        return check(seed);
    }
    (1..=SEEDS).for_each(check);
}
