use super::*;
use uuid::Uuid;

const WHY: &str = "Collapsed in the lift";

fn staff(n: u128) -> StaffId {
    StaffId(Uuid::from_u128(n))
}

fn patient(n: u128) -> RecordId {
    RecordId(Uuid::from_u128(n))
}

fn opening() -> Opening {
    let id = OpeningId(Uuid::from_u128(7));
    Opening::begin(id, staff(1), &format!("  {WHY} "), Now(1_000))
}

fn codes(problems: &[Problem]) -> Vec<&str> {
    problems.iter().map(|it| it.code.as_str()).collect()
}

#[test]
fn those_who_treat_open_it_and_only_with_a_reason() {
    let check = |role: Role, reason: &str, expect: &[&str]| {
        let found = may_open(&[role], reason).err().unwrap_or_default();
        assert_eq!(codes(&found), expect, "{role:?} {reason}");
    };
    for role in Role::ALL {
        let may = [Role::Doctor, Role::Nurse, Role::Pharmacist].contains(&role);
        check(role, WHY, if may { &[] } else { &["not_allowed"] });
    }
    check(Role::Doctor, "", &["emergency.reason_short"]);
    check(Role::Doctor, "  123456789  ", &["emergency.reason_short"]);
    check(Role::Doctor, " 1234567890 ", &[]);
    check(Role::Doctor, &"x".repeat(501), &["too_long"]);
    assert!(may_open(&[], WHY).is_err());
}

#[test]
fn it_ends_after_sixty_minutes_to_the_millisecond() {
    let opening = opening();
    assert_eq!(opening.reason, WHY);
    let check = |at: i64, expect: bool| {
        assert_eq!(opening.is_open(1_000, Now(1_000 + at)), expect, "{at}");
    };
    check(0, true);
    check(60 * MINUTE - 1, true);
    check(60 * MINUTE, false);
    check(-5 * MINUTE, true);
    check(-5 * MINUTE - 1, false);
    let ended = opening.end(Now(5_000));
    assert!(!ended.is_open(1_000, Now(5_000)));
    assert_eq!((ended.version, ended.ended_ms), (2, Some(5_000)));
    let late = opening.end(Now(i64::MAX)).ended_ms;
    assert_eq!(late, Some(opening.until_ms));
}

#[test]
fn who_was_looked_at_is_noted_once_and_every_addition_is_a_version() {
    let once = opening().look(patient(1), Now(2_000)).unwrap();
    assert_eq!(once.look(patient(1), Now(3_000)), None);
    let noted = once
        .note(Some(patient(1)), " Adrenaline given ", Now(4_000))
        .unwrap();
    assert_eq!(
        (noted.version, noted.notes[0].text.as_str()),
        (3, "Adrenaline given")
    );
    let code = |text: &str| {
        let refused = opening().note(None, text, Now(0)).unwrap_err();
        refused[0].code.clone()
    };
    assert_eq!(
        (code(" "), code(&"x".repeat(4_001))),
        ("required".into(), "too_long".into())
    );
    let mut full = noted;
    full.notes = vec![full.notes[0].clone(); NOTES_MAX];
    let refused = full.note(None, "one more", Now(0)).unwrap_err();
    assert_eq!(codes(&refused), ["emergency.too_many_notes"]);
}

#[test]
fn it_waits_for_a_review_and_is_overdue_after_three_days() {
    let opening = opening();
    let check = |at: i64, reviewed: Option<u32>, expect: OpeningState| {
        assert_eq!(opening.state(reviewed, Now(1_000 + at)), expect, "{at}");
    };
    check(0, None, OpeningState::Open);
    check(OPEN_MS, None, OpeningState::ToReview);
    check(72 * 60 * MINUTE - 1, None, OpeningState::ToReview);
    check(72 * 60 * MINUTE, None, OpeningState::Overdue);
    check(OPEN_MS, Some(1), OpeningState::Reviewed);
    let more = opening.look(patient(1), Now(2_000)).unwrap();
    assert_eq!(
        more.state(Some(1), Now(1_000 + OPEN_MS)),
        OpeningState::ToReview,
        "what came since nobody has looked at"
    );
    let mut ahead = opening.clone();
    (ahead.from_ms, ahead.until_ms) = (i64::MAX - 9, i64::MAX);
    let believed = ahead.believed(1_000);
    assert_eq!(
        (believed.from_ms, believed.until_ms),
        (1_000, 1_000 + OPEN_MS)
    );
    let ended = opening.end(Now(2_000));
    assert_eq!(ended.state(None, Now(3_000)), OpeningState::ToReview);
}

fn review(finding: Finding, words: &str) -> Review {
    Review {
        device: DeviceId(Uuid::nil()),
        opening: opening().id,
        version: 1,
        finding,
        words: words.into(),
    }
}

#[test]
fn nobody_reviews_their_own_and_a_question_has_words() {
    let check = |by: u128, state: OpeningState, review: Review, expect: &[&str]| {
        let found = may_review(&opening(), state, staff(by), &review);
        assert_eq!(codes(&found.err().unwrap_or_default()), expect);
    };
    let accepted = || review(Finding::Accepted, "");
    let state = OpeningState::Overdue;
    check(2, state, accepted(), &[]);
    check(1, state, accepted(), &["emergency.own"]);
    check(2, OpeningState::Open, accepted(), &["emergency.still_open"]);
    check(
        2,
        OpeningState::Reviewed,
        accepted(),
        &["emergency.reviewed_already"],
    );
    check(2, state, review(Finding::Questioned, " "), &["required"]);
    check(2, state, review(Finding::Questioned, "Why?"), &[]);
    let old = Review {
        version: 2,
        ..accepted()
    };
    check(2, state, old, &["emergency.moved"]);
    for finding in [Finding::Accepted, Finding::Questioned] {
        assert_eq!(Finding::parse(finding.word()), Some(finding));
    }
}

#[test]
fn the_hub_keeps_what_is_strange_and_says_so_and_refuses_only_what_is_too_large() {
    let check = |change: fn(&mut Opening), role: Role, flaws: &[&str], fits: bool| {
        let mut opening = opening();
        change(&mut opening);
        assert_eq!(codes(&opening.flaws(&[role])), flaws);
        assert_eq!(opening.check_size().is_ok(), fits);
    };
    check(|_| (), Role::Nurse, &[], true);
    check(|_| (), Role::Reception, &["not_allowed"], true);
    check(
        |it| it.reason = "why".into(),
        Role::Nurse,
        &["emergency.reason_short"],
        true,
    );
    check(
        |it| it.until_ms += 1,
        Role::Nurse,
        &["emergency.strange"],
        true,
    );
    check(
        |it| it.until_ms = i64::MIN,
        Role::Nurse,
        &["emergency.strange"],
        true,
    );
    check(
        |it| it.reason = "x".repeat(501),
        Role::Nurse,
        &["too_long"],
        false,
    );
    let many = |it: &mut Opening| {
        it.looked = (0..501)
            .map(|n| Looked {
                patient: patient(n),
                at_ms: 0,
            })
            .collect();
    };
    check(many, Role::Nurse, &[], false);
}
