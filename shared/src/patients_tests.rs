use super::*;
use jiff::civil::date;

#[test]
fn a_birth_date_may_be_partial_but_not_impossible() {
    for text in ["1984", "1984-03", "1984-03-05", "2024-02-29"] {
        assert!(PartialDate::parse(text).is_ok(), "{text}");
    }
    for text in [
        "",
        "84",
        "1984-13",
        "1984-02-30",
        "1984-3-5",
        "05-03-1984",
        "1984-03-05-01",
        "-984",
        "1984-03-",
    ] {
        assert!(PartialDate::parse(text).is_err(), "{text}");
    }
    let today = date(2027, 3, 5);
    let after = |text: &str| PartialDate::parse(text).is_ok_and(|date| date.is_after(today));
    assert!(after("2028") && after("2027-04") && after("2027-03-06"));
    assert!(!after("2027") && !after("2027-03") && !after("2027-03-05"));
}

#[test]
fn a_slip_in_a_hospital_number_shows() {
    assert!(is_mrn(&mrn(1)) && is_mrn(&mrn(99_999_999)));
    let number = mrn(1_234_567);
    for place in 0..9 {
        for digit in '0'..='9' {
            let slip: String = number
                .chars()
                .enumerate()
                .map(|(i, c)| if i == place { digit } else { c })
                .collect();
            assert_eq!(is_mrn(&slip), slip == number, "{slip}");
        }
    }
    assert!(
        is_mrn("RX-77/12"),
        "numbers of other hospitals keep their form"
    );
}

#[test]
fn every_problem_names_its_field() {
    let patient = Patient {
        birth_date: Some("1984-13".into()),
        telecom: vec![ContactPoint {
            id: "t".into(),
            value: Some("12".into()),
            ..ContactPoint::default()
        }],
        allergy: vec![Allergy {
            id: "a".into(),
            verification: Verification::Refuted,
            ..Allergy::default()
        }],
        ..Patient::default()
    };
    let fields: Vec<String> = patient
        .check()
        .into_iter()
        .map(|problem| problem.field)
        .collect();
    assert_eq!(
        fields,
        [
            "name",
            "birthDate",
            "telecom/t/value",
            "allergy/a/substance",
            "allergy/a/strikeReason"
        ]
    );
}

#[test]
fn a_patient_is_found_by_names_numbers_phones_and_birth() {
    let patient = Patient {
        mrn: Some(mrn(12)),
        name: vec![HumanName {
            family: Some("GARCÍA LÓPEZ".into()),
            given: Some("María".into()),
            ..HumanName::default()
        }],
        telecom: vec![ContactPoint {
            value: Some("+44 20 7946-0000".into()),
            ..ContactPoint::default()
        }],
        birth_date: Some("1984-03-05".into()),
        ..Patient::default()
    };
    let keys = patient.keys();
    assert_eq!(
        keys.search,
        format!(
            "garcia lopez maria {} 442079460000 079460000 2079460000 19840305",
            mrn(12)
        )
    );
    assert_eq!(keys.sort, "garcia lopez maria");
}
