use super::evidence::Reason;
use super::traits::Traits;
use super::{Grade, Likeness, blocks, compare};
use crate::patients::{Address, ContactPoint, Gender, HumanName, NameUse, Patient};
use crate::sample::Dice;

/// A patient with everything written down.
fn ada() -> Patient {
    Patient {
        national_id: Some("6405545819".into()),
        name: vec![name("Lovelace", "Ada Maria")],
        birth_date: Some("1984-03-05".into()),
        gender: Some(Gender::Female),
        telecom: vec![phone("+44 7911 123456")],
        address: vec![address("12 Mill Lane", "Leeds", "84026")],
        ..Patient::default()
    }
}

fn name(family: &str, given: &str) -> HumanName {
    HumanName {
        family: Some(family.into()),
        given: Some(given.into()),
        ..HumanName::default()
    }
}

fn phone(value: &str) -> ContactPoint {
    ContactPoint {
        value: Some(value.into()),
        ..ContactPoint::default()
    }
}

fn address(line: &str, city: &str, postal_code: &str) -> Address {
    Address {
        line: Some(line.into()),
        city: Some(city.into()),
        postal_code: Some(postal_code.into()),
        ..Address::default()
    }
}

/// Returns Ada with something changed.
fn but(change: impl FnOnce(&mut Patient)) -> Patient {
    let mut patient = ada();
    change(&mut patient);
    patient
}

fn likeness(one: &Patient, other: &Patient) -> Option<Likeness> {
    let (a, b) = (Traits::of(one), Traits::of(other));
    let found = compare(&a, &b);
    let back = compare(&b, &a);
    let graded = |l: &Option<Likeness>| l.as_ref().map(|l| (l.grade, l.decibans));
    assert_eq!(
        graded(&found),
        graded(&back),
        "it is no matter who comes first"
    );
    found
}

fn check(other: &Patient, expect: Option<Grade>) {
    let found = likeness(&ada(), other);
    assert_eq!(found.as_ref().map(|l| l.grade), expect, "{found:?}");
}

fn stranger() -> Patient {
    Patient {
        name: vec![name("Okafor", "Chinedu")],
        birth_date: Some("1951-11-20".into()),
        gender: Some(Gender::Male),
        telecom: vec![phone("+44 7700 900123")],
        address: vec![address("3 Church Row", "Truro", "10115")],
        ..Patient::default()
    }
}

#[test]
fn one_person_is_found_however_they_were_written_down() {
    check(&ada(), Some(Grade::Certain));
    check(
        &but(|p| p.name = vec![name("LOVELACE", "Áda")]),
        Some(Grade::Certain),
    );
    check(
        &but(|p| p.name = vec![name("Ada Maria", "Lovelace")]),
        Some(Grade::Certain),
    );
    check(
        &but(|p| p.name = vec![name("Lovelace, Ada Maria", "")]),
        Some(Grade::Certain),
    );
    check(
        &but(|p| p.birth_date = Some("1984-05-03".into())),
        Some(Grade::Certain),
    );
    check(
        &but(|p| p.birth_date = Some("1948-03-05".into())),
        Some(Grade::Certain),
    );
    check(
        &but(|p| p.birth_date = Some("1984".into())),
        Some(Grade::Certain),
    );
    check(
        &but(|p| p.national_id = Some("6405545891".into())),
        Some(Grade::Certain),
    );
    check(
        &but(|p| p.telecom = vec![phone("07911-123456")]),
        Some(Grade::Certain),
    );
    check(
        &but(|p| {
            p.national_id = None;
            p.name = vec![name("Lovlace", "Ada")];
        }),
        Some(Grade::Probable),
    );
    // moved and changed the phone, without a card: as likely as not
    check(
        &but(|p| {
            p.national_id = None;
            p.telecom = vec![phone("+44 7700 900123")];
            p.address = stranger().address;
        }),
        Some(Grade::Possible),
    );
}

#[test]
fn a_married_name_beside_the_old_one_is_the_same_person() {
    let married = but(|p| {
        p.national_id = None;
        p.address = stranger().address;
        p.name = vec![
            name("King", "Ada Maria"),
            HumanName {
                name_use: NameUse::Maiden,
                ended: Some("2010-01-01T00:00:00Z".into()),
                ..name("Lovelace", "Ada Maria")
            },
        ];
    });
    check(&married, Some(Grade::Certain));
}

#[test]
fn twins_are_two_unless_they_have_one_card() {
    let twin = |id: Option<&str>| {
        but(|p| {
            p.name = vec![name("Lovelace", "Beatrice")];
            p.national_id = id.map(Into::into);
        })
    };
    check(&twin(None), None);
    check(&twin(Some("6405545820")), None);
    check(&twin(Some("1234567890")), None);
    // the same card, so the name is wrong on one of them, or the card
    check(&twin(Some("6405545819")), Some(Grade::Probable));
}

#[test]
fn a_child_named_after_a_parent_is_somebody_else() {
    let junior = |id: Option<&str>| {
        but(|p| {
            p.birth_date = Some("2011-10-28".into());
            p.national_id = id.map(Into::into);
        })
    };
    check(&junior(None), None);
    check(&junior(Some("1234567890")), None);
}

#[test]
fn namesakes_are_strangers() {
    let namesake = |birth: &str| Patient {
        name: ada().name,
        gender: Some(Gender::Female),
        birth_date: Some(birth.into()),
        national_id: Some("1234567890".into()),
        ..stranger()
    };
    check(&namesake("1971-10-28"), None);
    // born on one day as well: a person may look
    check(&namesake("1984-03-05"), Some(Grade::Possible));
    check(&stranger(), None);
}

#[test]
fn what_speaks_for_it_and_against_it_is_told() {
    let other = but(|p| {
        p.name = vec![name("Ada Maria", "Lovelase")];
        p.birth_date = Some("1984-05-03".into());
        p.national_id = Some("1234567890".into());
    });
    let reasons = likeness(&ada(), &other).expect("it is one person").reasons;
    let expect = [
        Reason::FamilySame,
        Reason::GivenSlip,
        Reason::NameOrder,
        Reason::BirthSwapped,
        Reason::IdDiffers,
        Reason::GenderSame,
        Reason::PhoneSame,
        Reason::AddressSame,
    ];
    assert_eq!(reasons, expect);
    let against: Vec<Reason> = reasons.into_iter().filter(|r| !r.speaks_for()).collect();
    assert_eq!(against, [Reason::NameOrder, Reason::IdDiffers]);
}

#[test]
fn nothing_written_down_is_no_likeness() {
    let empty = Traits::of(&Patient::default());
    assert_eq!(compare(&empty, &empty), None);
    assert_eq!(blocks::within(&[empty.clone(), empty]), []);
    let unknown = Patient {
        name: vec![name("--", "?")],
        national_id: Some("-".into()),
        birth_date: Some("unknown".into()),
        gender: Some(Gender::Unknown),
        telecom: vec![phone("none")],
        address: vec![Address::default()],
        ..Patient::default()
    };
    check(&unknown, None);
    assert_eq!(likeness(&unknown, &unknown), None);
}

#[test]
fn a_likeness_is_found_by_any_of_its_keys() {
    let alone = |keep: fn(&mut Patient)| {
        let mut other = stranger();
        keep(&mut other);
        let (a, b) = (
            blocks::keys(&Traits::of(&ada())),
            blocks::keys(&Traits::of(&other)),
        );
        a.intersection(&b).count()
    };
    assert_eq!(alone(|_| ()), 0);
    assert!(alone(|p| p.name = vec![name("Ada", "Lovelase")]) > 0);
    assert!(alone(|p| p.national_id = ada().national_id) > 0);
    assert!(alone(|p| p.telecom = vec![phone("7911123456")]) > 0);
    let born = |p: &mut Patient| {
        p.birth_date = Some("1984-05-03".into());
        p.name = vec![name("Lawless", "Beatrice")];
    };
    assert!(alone(born) > 0);
    let house = |p: &mut Patient| {
        p.address = ada().address;
        p.name = vec![name("Lawless", "Beatrice")];
    };
    assert!(alone(house) > 0);
}

#[test]
fn nonsense_is_compared_without_harm() {
    let seed = 6;
    let mut dice = Dice::new(seed);
    let letters: Vec<char> = "aZ9 -'،ß王ハ김अ्ाΣ\u{301}\u{200f}🙂\u{fdfa}İ"
        .chars()
        .collect();
    let mut text = |length: usize| -> String {
        (0..dice.below(length))
            .map(|_| letters[dice.below(letters.len())])
            .collect()
    };
    let mut all = Vec::new();
    for _ in 0..40 {
        let mut patient = but(|p| p.name = vec![name(&text(400), &text(20))]);
        patient.birth_date = Some(text(12));
        patient.national_id = Some(text(30));
        patient.telecom = vec![phone(&text(30))];
        patient.address = vec![address(&text(2_000), &text(30), &text(10))];
        all.push(Traits::of(&patient));
    }
    for one in &all {
        let alike = compare(one, one).map(|l| l.decibans);
        for other in &all {
            let (there, back) = (compare(one, other), compare(other, one));
            assert_eq!(there.is_some(), back.is_some(), "seed {seed}");
            assert!(
                there.is_none_or(|l| Some(l.decibans) <= alike),
                "seed {seed}"
            );
        }
    }
    blocks::within(&all);
}
