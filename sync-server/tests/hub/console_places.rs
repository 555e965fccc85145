//! Wards, departments and prices at the console: opened, named, closed when nothing is there, and never over what another said.

use crate::console::{Browser, code_of};
use crate::console_staff::{did, line};
use crate::desk::{Desk, client, slot};
use crate::trust::hub;
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::json;
use shared::administration::{
    DepartmentChange, DepartmentDraft, DepartmentLine, DepartmentNow, Places, PriceChange,
    PriceList, PriceState, StaffChange, WardChange, WardDraft, WardLine, WardNow,
};
use shared::ids::{DepartmentId, WardId};
use shared::money::Money;
use shared::money::currency::Currency;
use shared::staff::{Reference, StaffDraft};
use shared::sync::wire::Verdict;
use sync_server::testing::TestHub;

const WARD: &str = "/console/v1/places/ward";
const DEPARTMENT: &str = "/console/v1/places/department";
const PRICES: &str = "/console/v1/prices";

fn ward(now: Option<&WardLine>, name: &str, is_open: bool) -> WardChange {
    WardChange {
        base: now.map(|now| WardNow {
            id: now.ward.id,
            draft: WardDraft {
                name: now.ward.name.clone(),
                is_open: now.closed.is_none(),
            },
        }),
        draft: WardDraft {
            name: name.into(),
            is_open,
        },
    }
}

fn department(now: Option<&DepartmentLine>, draft: DepartmentDraft) -> DepartmentChange {
    DepartmentChange {
        base: now.map(|now| DepartmentNow {
            id: now.department.id,
            draft: DepartmentDraft {
                name: now.department.name.clone(),
                ward: now.department.ward,
                is_open: now.closed.is_none(),
            },
        }),
        draft,
    }
}

async fn ward_line(browser: &mut Browser, id: WardId) -> WardLine {
    let places: Places = browser.json("/console/v1/places").await;
    let mut wards = places.wards.into_iter();
    wards.find(|line| line.ward.id == id).expect("it is listed")
}

async fn department_line(browser: &mut Browser, id: DepartmentId) -> DepartmentLine {
    let places: Places = browser.json("/console/v1/places").await;
    let mut departments = places.departments.into_iter();
    departments
        .find(|line| line.department.id == id)
        .expect("it is listed")
}

#[tokio::test]
async fn desks_know_a_ward_that_was_opened_named_and_closed() {
    let hub = hub().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let mut wei = Browser::of(&hub, "wei", "admin").await;
    let made: WardLine = did(&mut wei, WARD, &ward(None, " Maternity ", true)).await;
    assert_eq!(
        (made.ward.name.as_str(), &made.closed),
        ("Maternity", &None)
    );
    let of_it = DepartmentDraft {
        name: "Obstetrics".into(),
        ward: made.ward.id,
        is_open: true,
    };
    let inside: DepartmentLine = did(&mut wei, DEPARTMENT, &department(None, of_it.clone())).await;
    let known: Reference = desk.get("/sync/v1/reference").await.json();
    assert!(known.wards.iter().any(|one| one.name == "Maternity"));
    assert!(known.departments.iter().any(|one| one.ward == made.ward.id));

    let now = ward_line(&mut wei, made.ward.id).await;
    let codes = wei.say(WARD, &ward(Some(&now), "Maternity", false)).await;
    assert_eq!(codes, ["place.has_departments"]);
    let closed = DepartmentDraft {
        is_open: false,
        ..of_it.clone()
    };
    let _: DepartmentLine = did(&mut wei, DEPARTMENT, &department(Some(&inside), closed)).await;
    let gone: WardLine = did(&mut wei, WARD, &ward(Some(&now), "Maternity", false)).await;
    assert!(gone.closed.is_some());
    let known: Reference = desk.get("/sync/v1/reference").await.json();
    assert!(known.wards.iter().all(|one| one.name != "Maternity"));
    assert_eq!(
        known.closed.wards,
        std::slice::from_ref(&gone.ward),
        "it keeps its name where it was written"
    );
    assert_eq!(known.closed.departments.len(), 1);
    // no department and no workstation of a closed ward
    let now = department_line(&mut wei, inside.department.id).await;
    let codes = wei.say(DEPARTMENT, &department(Some(&now), of_it)).await;
    assert_eq!(codes, ["ward.closed"]);
    let code = hub.code(made.ward.id).await;
    let ask = json!({ "code": code, "name": "Desk", "public_key": shared::sync::wire::hex(crate::desk::new_key().verifying_key().as_bytes()) });
    let call = client()
        .post(format!("{}/identity/v1/enrol", hub.url()))
        .json(&ask);
    let refused = call.send().await.expect("an answer");
    assert_eq!(code_of(refused).await.1, "enrol.code_wrong");
    let again: WardLine = did(&mut wei, WARD, &ward(Some(&gone), "Maternity", true)).await;
    assert_eq!(again.closed, None);
}

/// A patient on the other ward, and a visit that is to come in its department.
async fn busy(hub: &TestHub) {
    let mut desk = Desk::new(hub, hub.other_ward).await;
    desk.staff = hub.receptionist;
    let patient = desk.patient("Okonkwo");
    let visit = desk.appointment(hub, patient.id, hub.other_ward, &slot(0));
    let verdicts = desk.push(vec![patient.envelope(), visit.envelope()]).await;
    assert_eq!(verdicts, [Verdict::Taken, Verdict::Taken]);
    let gone = desk.patient("Deceased");
    desk.push(vec![gone.envelope()]).await;
    desk.staff = hub.doctor;
    let death = desk.edit(&gone, &json!({ "deceased": "2024-05-01" }));
    let verdicts = desk.push(vec![death.envelope()]).await;
    assert_eq!(verdicts, [Verdict::Taken]);
}

#[tokio::test]
async fn a_ward_where_something_is_is_not_closed_and_all_of_it_is_said() {
    let hub = hub().await;
    busy(&hub).await;
    let mut wei = Browser::of(&hub, "wei", "admin").await;
    let now = ward_line(&mut wei, hub.other_ward).await;
    assert_eq!((now.in_use.patients, now.in_use.visits), (1, 1));
    let codes = wei.say(WARD, &ward(Some(&now), "Surgical B", false)).await;
    let expect = [
        "place.has_patients",
        "place.has_desks",
        "place.has_departments",
        "place.has_visits",
    ];
    assert_eq!(codes, expect);
    let surgery = department_line(&mut wei, hub.other_department).await;
    assert_eq!(surgery.in_use.doctors, ["Test doctor"]);
    let close = DepartmentDraft {
        name: "Surgery".into(),
        ward: hub.other_ward,
        is_open: false,
    };
    let codes = wei
        .say(DEPARTMENT, &department(Some(&surgery), close))
        .await;
    assert_eq!(codes, ["place.has_doctors", "place.has_visits"]);
    let move_it = DepartmentDraft {
        name: "Surgery".into(),
        ward: hub.ward,
        is_open: true,
    };
    let codes = wei
        .say(DEPARTMENT, &department(Some(&surgery), move_it))
        .await;
    assert_eq!(codes, ["department.moves_visits"]);
    assert_eq!(ward_line(&mut wei, hub.other_ward).await.closed, None);

    // whoever takes a department from a doctor hears that visits are still to come
    let doctor = line(&mut wei, "doctor").await.staff;
    let base = StaffDraft::of(&doctor);
    let change = StaffChange {
        staff: doctor.id,
        draft: StaffDraft {
            departments: Vec::new(),
            ..base.clone()
        },
        base,
    };
    let changed: shared::console::StaffChanged =
        did(&mut wei, "/console/v1/staff/change", &change).await;
    assert_eq!(changed.visits, 1);
}

#[tokio::test]
async fn what_another_administrator_said_of_a_place_is_not_overwritten() {
    let hub = hub().await;
    let mut wei = Browser::of(&hub, "wei", "admin").await;
    let mut alma = Browser::of(&hub, "alma", "admin").await;
    let now = ward_line(&mut wei, hub.other_ward).await;
    let _: WardLine = did(&mut wei, WARD, &ward(Some(&now), "Surgical C", true)).await;
    let codes = alma.say(WARD, &ward(Some(&now), "Surgical D", true)).await;
    assert_eq!(codes, ["place.changed"]);
    assert_eq!(
        ward_line(&mut alma, hub.other_ward).await.ward.name,
        "Surgical C"
    );
    let codes = alma.say(WARD, &ward(None, "surgical c", true)).await;
    assert_eq!(codes, ["place.name_taken"]);
    let codes = alma.say(WARD, &ward(None, "  ", true)).await;
    assert_eq!(codes, ["required"]);
    // the doings are in the log under whoever did them
    let by: i64 = sqlx::query_scalar(
        "select count(*) from audit_deed, staff where username = 'wei' and position(uuid_send(staff.id) in entry) > 0
            and position(convert_to('ward.changed', 'UTF8') in entry) > 0",
    )
    .fetch_one(&hub.app.pool)
    .await
    .expect("the deeds");
    assert_eq!(by, 1);
}

fn price(of: Option<DepartmentId>, minor: i64, from: Date, base: Option<i64>) -> PriceChange {
    PriceChange {
        department: of,
        net: Money::new(minor, Currency::parse("INR").expect("a currency")),
        from,
        base,
    }
}

#[tokio::test]
async fn a_price_is_planned_for_a_day_and_the_one_before_stays_until_then() {
    let hub = hub().await;
    let mut wei = Browser::of(&hub, "wei", "admin").await;
    let today = hub.app.today();
    let cardiology = Some(hub.department);
    let first: PriceList = did(&mut wei, PRICES, &price(cardiology, 10_000, today, None)).await;
    let next = today + 30.days();
    let base = Some(first.lines[0].id);
    let list: PriceList = did(&mut wei, PRICES, &price(cardiology, 12_000, next, base)).await;
    let states: Vec<(i64, PriceState)> = list
        .lines
        .iter()
        .map(|line| (line.net.minor, line.state))
        .collect();
    let expect = [(12_000, PriceState::Planned), (10_000, PriceState::InForce)];
    assert_eq!(states, expect);
    assert_eq!(list.currency.as_deref(), Some("INR"));
    // it counts from midnight by the hospital's clock
    let midnight = next.to_zoned(hub.app.zone()).expect("a day").timestamp();
    assert_eq!(list.lines[0].from, Some(midnight.to_string()));
    let wei_id = line(&mut wei, "wei").await.staff.id;
    assert!(
        list.lines
            .iter()
            .all(|it| it.by == wei_id && it.said.is_some())
    );

    // those who read the books see it, and set nothing
    let mut vera = Browser::of(&hub, "vera", "auditor").await;
    let seen: PriceList = vera.json(PRICES).await;
    assert_eq!(seen, list);
    let codes = vera.say(PRICES, &price(None, 1, today, None)).await;
    assert_eq!(codes, ["not_allowed"]);
}

#[tokio::test]
async fn a_price_that_another_administrator_set_is_not_overwritten() {
    let hub = hub().await;
    let mut wei = Browser::of(&hub, "wei", "admin").await;
    let mut alma = Browser::of(&hub, "alma", "admin").await;
    let today = hub.app.today();
    let _: PriceList = did(&mut wei, PRICES, &price(None, 10_000, today, None)).await;
    let codes = alma.say(PRICES, &price(None, 9_000, today, None)).await;
    assert_eq!(codes, ["price.changed"]);
    let list: PriceList = alma.json(PRICES).await;
    assert_eq!((list.lines.len(), list.lines[0].net.minor), (1, 10_000));
    let base = Some(list.lines[0].id);
    let mut other = price(None, 9_000, today - 1.day(), base);
    other.net = Money::new(9_000, Currency::parse("EUR").expect("a currency"));
    let codes = alma.say(PRICES, &other).await;
    assert_eq!(codes, ["money.currency_mismatch", "price.past"]);
    let nowhere = Some(DepartmentId(sync_server::world::new_id()));
    let codes = alma.say(PRICES, &price(nowhere, 1, today, None)).await;
    assert_eq!(codes, ["department.closed"]);
}
