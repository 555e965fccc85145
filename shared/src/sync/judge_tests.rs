use super::*;
use crate::access::Role;
use crate::clock::Now;
use crate::document::{Edited, Stamp};
use crate::forged::Parts;
use crate::ids::{DeviceId, WardId};
use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, ROOT};
use jiff::civil::date;
use serde_json::json;
use uuid::Uuid;

const DEVICE: u32 = 7;

fn actor(role: Role) -> Actor {
    let id = Uuid::from_u128(9);
    Actor {
        staff: StaffId(id),
        roles: vec![role],
        ward: WardId(id),
        device: DeviceId(id),
    }
}

fn stamp() -> Stamp {
    Stamp {
        staff: actor(Role::Nurse).staff,
        now: Now(1_800_000_000_000),
        device: DEVICE,
        incarnation: 0,
    }
}

fn ada() -> Edited {
    document::create(
        Kind::Patient,
        &json!({ "name": [{ "family": "García" }] }),
        &stamp(),
    )
}

fn judged(doc: Option<&[u8]>, change: &[u8], role: Role) -> Judged {
    judge(
        Kind::Patient,
        doc,
        &inspect(change).unwrap(),
        Author::own(&actor(role), DEVICE),
        date(2027, 1, 1),
    )
}

fn code(judged: Judged) -> String {
    match judged {
        Judged::Refused(problems) | Judged::Held(problems) => problems[0].code.clone(),
        Judged::Taken(_) => "taken".into(),
        Judged::Had => "had".into(),
        Judged::Parked(_) => "parked".into(),
    }
}

/// A change that no desk would make.
fn forged(write: impl FnOnce(&mut automerge::AutoCommit)) -> Vec<u8> {
    let mut doc = automerge::AutoCommit::new().with_actor(ActorId::from([0, 0, 0, 7, 0, 0]));
    write(&mut doc);
    doc.commit_with(CommitOptions::default().with_message(stamp().staff.0.simple().to_string()));
    doc.get_changes(&[])[0].raw_bytes().to_vec()
}

/// The same on top of a record.
fn forged_on(record: &Edited, write: impl FnOnce(&mut automerge::AutoCommit)) -> Vec<u8> {
    let mut doc = document::load(&record.doc)
        .unwrap()
        .with_actor(ActorId::from([0, 0, 0, 7, 0, 0]));
    write(&mut doc);
    doc.commit_with(CommitOptions::default().with_message(stamp().staff.0.simple().to_string()));
    let last = doc.get_last_local_change().unwrap();
    last.raw_bytes().to_vec()
}

#[test]
fn an_honest_change_is_taken_once_and_then_had() {
    let ada = ada();
    let Judged::Taken(taken) = judged(None, &ada.change, Role::Nurse) else {
        unreachable!("it is sound")
    };
    assert_eq!(taken.body, ada.body);
    assert_eq!(
        code(judged(Some(&ada.doc), &ada.change, Role::Nurse)),
        "had"
    );
}

#[test]
fn a_change_before_its_parents_is_parked() {
    let ada = ada();
    let bed = document::edit(
        Kind::Patient,
        &ada.doc,
        &ada.heads,
        &json!({ "bed": "A-1" }),
        &stamp(),
    )
    .unwrap()
    .unwrap();
    assert_eq!(code(judged(None, &bed.change, Role::Nurse)), "parked");
}

#[test]
fn what_a_role_may_not_write_is_held() {
    let ada = ada();
    let draft = json!({ "allergy": [{ "substance": "Latex" }] });
    let edit = document::edit(Kind::Patient, &ada.doc, &ada.heads, &draft, &stamp())
        .unwrap()
        .unwrap();
    assert_eq!(
        code(judged(Some(&ada.doc), &edit.change, Role::Reception)),
        "not_allowed"
    );
    assert_eq!(
        code(judged(Some(&ada.doc), &edit.change, Role::Nurse)),
        "taken"
    );
}

#[test]
fn a_clerk_registers_a_patient_and_writes_no_notes() {
    assert_eq!(code(judged(None, &ada().change, Role::Reception)), "taken");
    let draft = json!({ "name": [{ "family": "X" }], "notes": "restless" });
    let noted = document::create(Kind::Patient, &draft, &stamp());
    assert_eq!(
        code(judged(None, &noted.change, Role::Reception)),
        "not_allowed"
    );
    let ada = ada();
    let emptied = forged_on(&ada, |doc| {
        doc.put_object(ROOT, "notes", ObjType::Text).unwrap();
    });
    assert_eq!(
        code(judged(Some(&ada.doc), &emptied, Role::Reception)),
        "not_allowed",
        "another text in the place of the one that was there"
    );
}

#[test]
fn a_character_that_no_database_holds_is_held_alone() {
    let draft = json!({ "name": [{ "family": "X" }], "notes": "a\u{0}b" });
    let odd = document::create(Kind::Patient, &draft, &stamp());
    assert_eq!(code(judged(None, &odd.change, Role::Nurse)), "shape");
}

#[test]
fn unsound_records_are_held_with_the_field() {
    let nobody = document::create(Kind::Patient, &json!({ "name": [] }), &stamp());
    assert_eq!(
        code(judged(None, &nobody.change, Role::Nurse)),
        "patient.name_required"
    );
    let draft = json!({ "name": [{ "family": "X" }], "birthDate": "2031" });
    let unborn = document::create(Kind::Patient, &draft, &stamp());
    assert_eq!(
        code(judged(None, &unborn.change, Role::Nurse)),
        "birth_date.in_future"
    );
}

#[test]
fn another_persons_or_devices_change_is_refused() {
    let ada = ada();
    let seen = inspect(&ada.change).unwrap();
    let other = Actor {
        staff: StaffId(Uuid::from_u128(1)),
        ..actor(Role::Nurse)
    };
    assert_eq!(
        code(judge(
            Kind::Patient,
            None,
            &seen,
            Author::own(&other, DEVICE),
            date(2027, 1, 1)
        )),
        "change.actor"
    );
    assert_eq!(
        code(judge(
            Kind::Patient,
            None,
            &seen,
            Author::own(&actor(Role::Nurse), 8),
            date(2027, 1, 1)
        )),
        "change.actor"
    );
}

#[test]
fn shapes_that_no_desk_makes_are_refused() {
    let nested = forged(|doc| {
        doc.put_object(ROOT, "name", ObjType::Map).unwrap();
    });
    assert_eq!(inspect(&nested).unwrap_err().code, "change.shape");
    let counter = forged(|doc| {
        doc.put(ROOT, "bed", automerge::ScalarValue::counter(1))
            .unwrap();
    });
    assert!(inspect(&counter).is_ok_and(|seen| seen.writes[0].value.is_null()));
    let path = forged(|doc| {
        doc.put(ROOT, "../etc", 1).unwrap();
    });
    assert_eq!(inspect(&path).unwrap_err().code, "change.shape");
}

#[test]
fn bombs_are_refused_before_they_are_unpacked() {
    let many = forged(|doc| {
        let text = doc.put_object(ROOT, "notes", ObjType::Text).unwrap();
        doc.splice_text(&text, 0, 0, &"a".repeat(60_000)).unwrap();
    });
    assert_eq!(inspect(&many).unwrap_err().code, "change.too_many_ops");
    let mut doc = automerge::AutoCommit::new();
    doc.put(ROOT, "bed", "x".repeat(5_000)).unwrap();
    doc.commit();
    let mut change = doc.get_changes(&[]).remove(0);
    assert_eq!(
        inspect(&change.bytes()).unwrap_err().code,
        "change.malformed",
        "deflated"
    );
    assert_eq!(
        inspect(&doc.save()).unwrap_err().code,
        "change.malformed",
        "a whole document"
    );
    assert_eq!(
        inspect(&vec![0; guard::CHANGE_BYTES + 1]).unwrap_err().code,
        "change.too_long"
    );
}

#[test]
fn every_damaged_byte_and_every_cut_is_refused() {
    let change = ada().change;
    for at in 0..change.len() {
        assert!(inspect(&change[..at]).is_err(), "cut at {at}");
        for bit in 0..8 {
            let mut damaged = change.clone();
            damaged[at] ^= 1 << bit;
            assert!(inspect(&damaged).is_err(), "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn a_second_beginning_of_a_record_is_refused() {
    let ada = ada();
    let again = document::create(
        Kind::Patient,
        &json!({ "name": [{ "family": "Other" }] }),
        &stamp(),
    );
    assert_eq!(
        code(judged(Some(&ada.doc), &again.change, Role::Nurse)),
        "change.second_beginning"
    );
}

#[test]
fn an_honest_change_taken_apart_and_put_together_is_the_same() {
    let change = ada().change;
    assert_eq!(Parts::of(&change).unwrap().bytes(), change);
}

#[test]
fn few_bytes_that_stand_for_very_much_are_refused_unread() {
    let check = |parts: Parts, code: &str| {
        let bytes = parts.bytes();
        assert!(bytes.len() < 200_000, "{} bytes", bytes.len());
        assert_eq!(guard::guard(&bytes).unwrap_err().code, code);
    };
    let honest = || Parts::of(&ada().change).unwrap();
    // it is the numbers that are refused, not the form
    assert_eq!(guard::guard(&honest().bomb(3, 1, "bed").bytes()), Ok(3));
    check(
        honest().bomb(10_000_000_000, 0, "bed"),
        "change.too_many_ops",
    );
    check(
        honest().bomb(1, 10_000_000_000, "bed"),
        "change.too_many_ops",
    );
    check(honest().bomb(50_000, 2, "bed"), "change.too_many_ops");
    check(
        honest().bomb(50_000, 0, &"x".repeat(100_000)),
        "change.shape",
    );
    let unknown = honest().with_columns(&[(0xa5, vec![1, 1, b'x'])]);
    check(unknown, "change.malformed");
    let text = honest().with_columns(&[(0x56, vec![1, 0x86, 0x80, 0x80, 1])]);
    check(text, "change.value_too_long");
    let message = vec![b'0'; 257];
    check(
        Parts {
            message,
            ..honest()
        },
        "change.message_too_long",
    );
    let actor = vec![0; 65];
    check(Parts { actor, ..honest() }, "change.actor");
}

#[test]
fn operations_are_numbered_after_those_they_follow() {
    let ada = ada();
    let bed = document::edit(
        Kind::Patient,
        &ada.doc,
        &ada.heads,
        &json!({ "bed": "A-1" }),
        &stamp(),
    );
    let bed = Parts::of(&bed.unwrap().unwrap().change).unwrap();
    for start_op in [0, 1, 1 << 17, u64::from(u32::MAX), 1 << 40, u64::MAX] {
        let poison = Parts {
            start_op,
            ..bed.clone()
        }
        .bytes();
        let code = match inspect(&poison) {
            Err(problem) => problem.code,
            Ok(_) => code(judged(Some(&ada.doc), &poison, Role::Nurse)),
        };
        let expected = ["change.start_op", "change.too_many_ops", "change.malformed"];
        assert!(expected.contains(&code.as_str()), "{start_op}: {code}");
    }
    let skipped = Parts {
        seq: 7,
        ..bed.clone()
    }
    .bytes();
    assert_eq!(
        code(judged(Some(&ada.doc), &skipped, Role::Nurse)),
        "change.seq"
    );
}

#[test]
fn what_is_set_and_set_back_is_judged_all_the_same() {
    let ada = ada();
    let write = |value: Value| Write {
        path: "bloodGroup".into(),
        value,
    };
    let hidden = document::write(
        Kind::Patient,
        &ada.doc,
        &[write(json!("A+")), write(Value::Null)],
        None,
        &stamp(),
    );
    let hidden = hidden.unwrap().unwrap();
    assert_eq!(
        code(judged(Some(&ada.doc), &hidden.change, Role::Reception)),
        "not_allowed"
    );
}

#[test]
fn a_signature_is_its_authors_own_and_stays() {
    let actor = actor(Role::Doctor);
    let judged = |before: Value, path: &str, value: Value| {
        let write = Write {
            path: path.into(),
            value,
        };
        let problems = allow::rewritten(Kind::Prescription, &before, &[write], &actor);
        problems
            .first()
            .map_or_else(String::new, |problem| problem.code.clone())
    };
    let here = json!({ "signature": [{ "id": "1" }] });
    assert_eq!(
        judged(Value::Null, "signature/1/staff", json!(actor.staff)),
        ""
    );
    assert_eq!(
        judged(Value::Null, "signature/1/staff", json!("somebody")),
        "signature.not_own"
    );
    assert_eq!(
        judged(here.clone(), "signature/1/digest", json!("x")),
        "element.said_once"
    );
    assert_eq!(judged(here, "signature/2/digest", json!("x")), "");
}

#[test]
fn a_change_was_made_when_there_were_desks() {
    let now = 1_800_000_000;
    let check = |at_s: i64, expect: bool| assert_eq!(is_timely(at_s, now), expect, "{at_s}");
    check(now, true);
    check(now + 30 * 86_400, true);
    check(now - 10 * 366 * 86_400, true);
    check(now + 367 * 86_400, false);
    check(0, false);
    check(i64::MAX, false);
    check(i64::MIN, false);
}
