use super::*;
use shared::desk::ListAsk;

fn names(rows: &[Row]) -> Vec<String> {
    rows.iter()
        .map(|row| {
            row.body["name"][0]["family"]
                .as_str()
                .unwrap_or("")
                .to_owned()
        })
        .collect()
}

#[test]
fn patients_are_found_by_any_beginning_in_any_script() {
    let desk = Desk::new(1);
    desk.register(10, "GARCÍA LÓPEZ");
    desk.register(11, "Ørsted");
    desk.register(12, "王小明");
    desk.register(13, "नरेंद्र मोदी");
    let found = |text: &str| names(&desk.replica.search(text, 20).unwrap());
    for text in [
        "garcia lopez",
        "lop gar",
        "LÓPEZ",
        "34600123456",
        "34600",
        "1984-03-05 garc",
        "000010",
    ] {
        assert!(found(text).contains(&"GARCÍA LÓPEZ".to_owned()), "{text}");
    }
    assert_eq!(found("orsted"), ["Ørsted"]);
    assert_eq!(found("小明"), ["王小明"]);
    assert_eq!(found("नरेंद्र मो"), ["नरेंद्र मोदी"]);
    assert_eq!(found("garcia smith"), Vec::<String>::new());
    assert_eq!(found("\" NEAR * --"), Vec::<String>::new());
}

#[test]
fn a_patient_who_is_renamed_is_found_by_the_new_name_only() {
    let desk = Desk::new(1);
    let row = desk.register(10, "García");
    let element = row.body["name"][0]["id"].clone();
    desk.edit(
        &row,
        json!({ "name": [{ "id": element, "family": "Silva" }] }),
    );
    assert!(desk.replica.search("garcia", 5).unwrap().is_empty());
    assert_eq!(names(&desk.replica.search("silva", 5).unwrap()), ["Silva"]);
}

#[test]
fn whole_words_come_before_beginnings() {
    let desk = Desk::new(1);
    desk.register(10, "Linden");
    desk.register(11, "Lind");
    assert_eq!(names(&desk.replica.search("lind", 1).unwrap()), ["Lind"]);
}

#[test]
fn a_list_goes_on_where_it_ended_and_knows_how_many_there_are() {
    let desk = Desk::new(1);
    for (number, family) in (10..).zip(["Eco", "Ada", "Bell", "Curie", "Dirac", "Ada", "Zuse"]) {
        desk.register(number, family);
    }
    for ward in [Some(ward()), None] {
        let (mut after, mut seen) = (None, Vec::new());
        loop {
            let page = desk
                .replica
                .list(&ListAsk {
                    kind: Kind::Patient,
                    ward,
                    limit: 2,
                    after,
                })
                .unwrap();
            assert_eq!(page.total, 7);
            seen.extend(names(&page.rows));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(
            seen,
            ["Ada", "Ada", "Bell", "Curie", "Dirac", "Eco", "Zuse"]
        );
    }
    let elsewhere = ListAsk {
        kind: Kind::Patient,
        ward: Some(WardId(id(2))),
        limit: 2,
        after: None,
    };
    assert_eq!(desk.replica.list(&elsewhere).unwrap().total, 0);
}

#[test]
fn a_chart_has_what_belongs_to_the_patient_newest_first() {
    let desk = Desk::new(1);
    desk.register(10, "García");
    for (number, start) in [
        (30, "2027-03-02T09:00:00Z"),
        (31, "2027-03-04T09:00:00Z"),
        (32, "2027-03-03T09:00:00Z"),
    ] {
        desk.save(&new(Kind::Appointment, number, visit(start)))
            .unwrap();
    }
    let chart = desk.replica.chart(record(10)).unwrap().unwrap();
    let starts: Vec<_> = chart
        .appointments
        .iter()
        .map(|row| row.body["start"].as_str().unwrap())
        .collect();
    assert_eq!(
        starts,
        [
            "2027-03-04T09:00:00Z",
            "2027-03-03T09:00:00Z",
            "2027-03-02T09:00:00Z"
        ]
    );
    assert!(chart.prescriptions.is_empty());
    assert!(desk.replica.chart(record(99)).unwrap().is_none());
}

#[test]
fn a_day_is_the_hospitals_day() {
    let desk = Desk::new(1);
    let reference = shared::staff::Reference {
        zone: "Asia/Kolkata".into(),
        ..Default::default()
    };
    desk.replica
        .write(Lasting::Yes, |db| meta::REFERENCE.set(db, &reference))
        .unwrap();
    desk.register(10, "García");
    // 18:30 UTC is midnight in Kolkata
    for (number, start) in [
        (30, "2027-03-01T18:29:00Z"),
        (31, "2027-03-01T18:30:00Z"),
        (32, "2027-03-02T18:30:00Z"),
    ] {
        desk.save(&new(Kind::Appointment, number, visit(start)))
            .unwrap();
    }
    let day = desk.replica.day(ward(), "2027-03-02").unwrap();
    assert_eq!(
        day.iter()
            .map(|visit| visit.appointment.id)
            .collect::<Vec<_>>(),
        [record(31)]
    );
    assert_eq!(day[0].patient.as_ref().unwrap().id, record(10));
    assert!(desk.replica.day(ward(), "yesterday").unwrap().is_empty());
}

pub(super) fn visit(start: &str) -> Value {
    json!({ "patient": record(10), "practitioner": id(201), "department": id(5), "ward": ward(), "start": start, "minutes": 30 })
}
