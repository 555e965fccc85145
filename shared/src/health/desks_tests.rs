//! One workstation with one thing the matter at a time.

use super::*;
use uuid::Uuid;

const NOW: Now = Now(1_800_000_000_000);
const WARD: WardId = WardId(Uuid::from_u128(7));

fn sound() -> DeskSeen {
    DeskSeen {
        named: Named {
            number: 1,
            name: "Amber desk 1".into(),
        },
        ward: Some(WARD),
        standing: DeviceStanding::Active,
        enrolled_ms: NOW.0 - 90 * DAY_MS,
        seen_ms: Some(NOW.0 - MINUTE_MS),
        unsent: Some(3),
        version: Some("1.0.0".into()),
        has_alarm: false,
        ahead_ms: Some(1_000),
        free_mb: Some(LOW_MB),
        certificate_ms: Some(NOW.0 + 40 * DAY_MS),
        copy: Some(Compared {
            at_ms: NOW.0 - DAY_MS,
            place: 12,
            records: 5,
            digest: "aa".into(),
            is_same: true,
        }),
    }
}

/// Changes one thing about a sound workstation.
fn with(change: impl Fn(&mut DeskSeen)) -> Vec<DeskSeen> {
    let mut desk = sound();
    change(&mut desk);
    vec![desk]
}

fn codes(found: &[Finding]) -> Vec<&str> {
    found.iter().map(|one| one.said.code.as_str()).collect()
}

#[test]
fn each_thing_the_matter_with_a_workstation_is_said_by_itself() {
    let check = |expect: &str, change: &dyn Fn(&mut DeskSeen)| {
        let found = desks(&with(change), "1.0.0", NOW);
        assert_eq!(codes(&found), [expect]);
    };
    check("health.desks_ok", &|_| {});
    check("health.desks_unsent", &|desk| {
        desk.seen_ms = Some(NOW.0 - DAY_MS - 1)
    });
    check("health.desks_silent", &|desk| {
        (desk.seen_ms, desk.unsent) = (None, Some(0));
    });
    check("health.desks_alarm", &|desk| desk.has_alarm = true);
    check("health.desks_clock", &|desk| {
        desk.ahead_ms = Some(-CLOCK_MS - 1)
    });
    check("health.desks_full", &|desk| desk.free_mb = Some(LOW_MB - 1));
    check("health.desks_version", &|desk| {
        desk.version = Some("0.9.0".into())
    });
    check("health.desks_stopped", &|desk| {
        desk.standing = DeviceStanding::Suspended
    });
    check("health.desks_stopped", &|desk| {
        desk.standing = DeviceStanding::WipeNow
    });
    check("health.desks_pending", &|desk| {
        desk.standing = DeviceStanding::Pending
    });
    // it is gone for good, on purpose
    check("health.desks_ok", &|desk| {
        (desk.standing, desk.seen_ms) = (DeviceStanding::Emptied, None);
    });
    assert_eq!(codes(&desks(&[], "1.0.0", NOW)), ["health.desks_ok"]);
}

#[test]
fn silence_with_unsent_work_is_worse_than_silence() {
    let silent = with(|desk| desk.seen_ms = None);
    assert_eq!(desks(&silent, "1.0.0", NOW)[0].grade, Grade::Broken);
    let quiet = with(|desk| (desk.seen_ms, desk.unsent) = (None, Some(0)));
    assert_eq!(desks(&quiet, "1.0.0", NOW)[0].grade, Grade::Look);
}

#[test]
fn a_copy_is_compared_where_both_are_at_one_place() {
    let ward = |place, records, digest: &str| WardSeen {
        ward: WARD,
        place,
        held: Some((records, digest.to_owned())),
    };
    let check = |all: &[DeskSeen], ward: WardSeen, expect: &str| {
        assert_eq!(codes(&copies(all, &[ward], NOW)), [expect]);
    };
    check(&[sound()], ward(12, 5, "aa"), "health.copies_same");
    check(&[sound()], ward(12, 5, "ab"), "health.copies_differ");
    check(&[sound()], ward(12, 6, "aa"), "health.copies_differ");
    // the ward went on: what the workstation itself found then counts
    check(&[sound()], ward(13, 6, "ab"), "health.copies_same");
    let said_so = with(|desk| desk.copy.as_mut().expect("it has one").is_same = false);
    check(&said_so, ward(13, 6, "ab"), "health.copies_differ");
    let old = with(|desk| desk.copy.as_mut().expect("it has one").at_ms -= COMPARED_MS);
    check(&old, ward(13, 6, "ab"), "health.copies_old");
    check(
        &with(|desk| desk.copy = None),
        ward(13, 6, "ab"),
        "health.copies_old",
    );
    let new = with(|desk| (desk.copy, desk.enrolled_ms) = (None, NOW.0 - DAY_MS));
    check(&new, ward(13, 6, "ab"), "health.copies_same");
}

#[test]
fn certificates_are_said_before_they_end() {
    let check = |authority: i64, desk: i64, expect: &[&str]| {
        let all = with(|one| one.certificate_ms = Some(NOW.0 + desk * DAY_MS));
        let found = certificates(Some(NOW.0 + authority * DAY_MS), &all, NOW);
        assert_eq!(codes(&found), expect, "{authority} {desk}");
    };
    check(400, 20, &["health.certificates_ok"]);
    check(400, 13, &["health.certificates_desks"]);
    check(400, -1, &["health.certificates_desks"]);
    check(300, 20, &["health.certificates_authority"]);
}

#[test]
fn after_a_hub_was_put_back_who_has_not_come_is_named() {
    assert_eq!(
        put_back(None, &[sound()]).said.code,
        "health.put_back_never"
    );
    let at = |ms: i64| put_back(Some(ms), &[sound()]);
    assert_eq!(at(NOW.0 - DAY_MS).said.code, "health.put_back_done");
    let waits = at(NOW.0);
    assert_eq!(
        (waits.said.code.as_str(), waits.desks.len()),
        ("health.put_back_waits", 1)
    );
}
