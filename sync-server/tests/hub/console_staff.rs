//! Staff at the console: added, changed, given a password for once, and set up with a second factor by themselves.

use crate::console::{Browser, code_of, hire};
use crate::desk::{Answer, Desk};
use crate::trust::hub;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::access::Role;
use shared::administration::{FactorOffer, OneTime, Reset, StaffAdd, StaffChange, StaffReset};
use shared::console::{ConsolePerson, StaffActive, StaffChanged, StaffLine, StaffPage};
use shared::ids::StaffId;
use shared::orders::{STATUS, Status};
use shared::seal::{Sealed, public_key};
use shared::staff::{Reference, StaffDraft};
use sync_server::services::orders::{IsActive, set_active};
use sync_server::testing::TestHub;
use totp_rs::{Builder, Secret};

const CHOSEN: &str = "correct horse battery";

/// Says something that is taken, and returns what came of it.
pub(crate) async fn did<T: DeserializeOwned>(
    browser: &mut Browser,
    path: &str,
    said: &impl Serialize,
) -> T {
    let said = serde_json::to_value(said).expect("it is JSON");
    let answer = browser.post(path, &said).await;
    let (status, text) = (answer.status(), answer.text().await.expect("a body"));
    assert!(status.is_success(), "{path}: {status} {text}");
    serde_json::from_str(&text).expect("as described")
}

pub(crate) async fn line(browser: &mut Browser, username: &str) -> StaffLine {
    let page: StaffPage = browser.json("/console/v1/staff").await;
    let mut lines = page.lines.into_iter();
    lines
        .find(|line| line.staff.username == username)
        .expect("they are listed")
}

fn add(username: &str, roles: &[Role]) -> StaffAdd {
    StaffAdd {
        username: username.into(),
        draft: StaffDraft {
            name: format!("New {username}"),
            roles: roles.to_vec(),
            departments: Vec::new(),
        },
    }
}

fn reset(staff: StaffId, what: Reset, base: Option<String>) -> StaffReset {
    StaffReset { staff, what, base }
}

async fn sign_in(desk: &Desk, username: &str, password: &str, new: Option<&str>) -> Answer {
    let ask = json!({ "username": username, "password": password, "new_password": new });
    desk.post("/identity/v1/sign-in", &ask).await
}

async fn at_the_console(
    browser: &mut Browser,
    username: &str,
    password: &str,
    (new, code): (Option<&str>, Option<&str>),
) -> reqwest::Response {
    let ask =
        json!({ "username": username, "password": password, "newPassword": new, "code": code });
    browser.post("/console/v1/sign-in", &ask).await
}

#[tokio::test]
async fn somebody_new_chooses_a_password_at_a_desk_before_they_are_let_in() {
    let hub = hub().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let mut wei = Browser::of(&hub, "wei", "admin").await;
    let given: OneTime = did(
        &mut wei,
        "/console/v1/staff",
        &add(" Nora ", &[Role::Nurse]),
    )
    .await;
    assert_eq!(
        (given.username.as_str(), given.password.len()),
        ("nora", 19)
    );
    assert_eq!(
        line(&mut wei, "nora").await.once_until,
        Some(given.until.clone())
    );
    let known: Reference = desk.get("/sync/v1/reference").await.json();
    assert!(known.staff.iter().any(|one| one.username == "nora"));

    let once = given.password.as_str();
    let check = async |password: &str, new: Option<&str>, expect: &str| {
        let answer = sign_in(&desk, "nora", password, new).await;
        let code = if answer.status.is_success() {
            "in".into()
        } else {
            answer.code()
        };
        assert_eq!(code, expect, "{new:?}");
    };
    check(once, None, "sign_in.choose_password").await;
    check(once, Some("short"), "password.short").await;
    check(once, Some(once), "password.same").await;
    check("another guess", Some(CHOSEN), "sign_in.wrong").await;
    // people type what they were given without its lines, and small
    let typed = once.replace('-', " ").to_lowercase();
    check(&typed, Some(CHOSEN), "in").await;
    // whoever did not hear the answer says the same again
    check(once, Some(CHOSEN), "in").await;
    check(once, None, "sign_in.wrong").await;
    check(CHOSEN, None, "in").await;
    assert_eq!(line(&mut wei, "nora").await.once_until, None);
}

#[tokio::test]
async fn a_password_for_once_is_not_good_for_long() {
    let hub = hub().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let mut wei = Browser::of(&hub, "wei", "admin").await;
    let given: OneTime = did(&mut wei, "/console/v1/staff", &add("nora", &[Role::Nurse])).await;
    sqlx::raw_sql("update staff set once_until = now() where username = 'nora'")
        .execute(&hub.app.pool)
        .await
        .expect("it is late");
    let late = sign_in(&desk, "nora", &given.password, Some(CHOSEN)).await;
    assert_eq!(late.code(), "sign_in.once_expired");
}

#[tokio::test]
async fn what_cannot_be_is_said_at_its_field_and_nobody_is_added() {
    let hub = hub().await;
    let mut wei = Browser::of(&hub, "wei", "admin").await;
    let mut wrong = add("", &[]);
    wrong.draft.name.clear();
    let codes = wei.say("/console/v1/staff", &wrong).await;
    assert_eq!(codes, ["required", "required", "staff.no_role"]);
    let taken = wei
        .say("/console/v1/staff", &add("Nurse", &[Role::Nurse]))
        .await;
    assert_eq!(taken, ["staff.username_taken"]);
    let mut nowhere = add("nora", &[Role::Doctor]);
    nowhere
        .draft
        .departments
        .push(shared::ids::DepartmentId(sync_server::world::new_id()));
    let codes = wei.say("/console/v1/staff", &nowhere).await;
    assert_eq!(codes, ["department.closed"]);
    let patient = wei
        .say("/console/v1/staff", &add("nora", &[Role::Patient]))
        .await;
    assert_eq!(patient, ["staff.role_of_patients"]);
    let page: StaffPage = wei.json("/console/v1/staff").await;
    assert!(page.lines.iter().all(|line| line.staff.username != "nora"));
}

#[tokio::test]
async fn what_another_administrator_said_of_somebody_is_not_overwritten() {
    let hub = hub().await;
    let mut wei = Browser::of(&hub, "wei", "admin").await;
    let mut alma = Browser::of(&hub, "alma", "admin").await;
    let seen = line(&mut wei, "doctor").await;
    let base = StaffDraft::of(&seen.staff);
    let change = |draft: StaffDraft| StaffChange {
        staff: hub.doctor,
        base: base.clone(),
        draft,
    };
    let mut first = base.clone();
    first.name = "Dr Married".into();
    let changed: StaffChanged = did(&mut wei, "/console/v1/staff/change", &change(first)).await;
    assert_eq!(changed.visits, 0);
    let mut second = base.clone();
    second.roles.push(Role::Manager);
    let codes = alma
        .say("/console/v1/staff/change", &change(second.clone()))
        .await;
    assert_eq!(codes, ["staff.changed"]);
    let now = line(&mut alma, "doctor").await.staff;
    assert_eq!((now.name.as_str(), now.roles.len()), ("Dr Married", 1));
    // whoever looked again is heard
    let again = StaffChange {
        base: StaffDraft::of(&now),
        draft: StaffDraft {
            name: now.name,
            ..second
        },
        staff: hub.doctor,
    };
    assert!(
        alma.say("/console/v1/staff/change", &again)
            .await
            .is_empty()
    );

    // two who reset at once: the second is told, and the password of the first stays good
    let ask = reset(hub.doctor, Reset::Password, None);
    let _: OneTime = did(&mut wei, "/console/v1/staff/reset", &ask).await;
    let codes = alma.say("/console/v1/staff/reset", &ask).await;
    assert_eq!(codes, ["staff.changed"]);
    // and two who suspend
    let active = StaffActive {
        username: "nurse".into(),
        is_active: false,
    };
    assert!(
        wei.say("/console/v1/staff/active", &active)
            .await
            .is_empty()
    );
    let codes = alma.say("/console/v1/staff/active", &active).await;
    assert_eq!(codes, ["staff.changed"]);
}

#[tokio::test]
async fn nobody_raises_themselves_and_the_last_administrator_stays() {
    let hub = hub().await;
    let mut wei = Browser::of(&hub, "wei", "admin").await;
    let own = line(&mut wei, "wei").await.staff;
    let base = StaffDraft::of(&own);
    for roles in [vec![Role::Admin, Role::Manager], vec![Role::Nurse]] {
        let draft = StaffDraft {
            roles,
            ..base.clone()
        };
        let change = StaffChange {
            staff: own.id,
            base: base.clone(),
            draft,
        };
        let codes = wei.say("/console/v1/staff/change", &change).await;
        assert_eq!(codes, ["staff.own_roles"]);
    }
    let own_reset = reset(own.id, Reset::SecondFactor, None);
    assert_eq!(
        wei.say("/console/v1/staff/reset", &own_reset).await,
        ["staff.own_reset"]
    );
    // nor from the hub's own computer
    let last = set_active(&hub.app, "wei", IsActive::No, None).await;
    assert_eq!(last.expect_err("the last one").code(), "staff.last_admin");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_administrators_who_take_each_others_role_one_stays() {
    for _ in 0..5 {
        let hub = hub().await;
        let mut wei = Browser::of(&hub, "wei", "admin").await;
        let mut alma = Browser::of(&hub, "alma", "admin").await;
        let take = |of: &StaffLine| StaffChange {
            staff: of.staff.id,
            base: StaffDraft::of(&of.staff),
            draft: StaffDraft {
                roles: vec![Role::Nurse],
                ..StaffDraft::of(&of.staff)
            },
        };
        let (from_alma, from_wei) = (
            take(&line(&mut wei, "alma").await),
            take(&line(&mut alma, "wei").await),
        );
        let (one, other) = tokio::join!(
            wei.say("/console/v1/staff/change", &from_alma),
            alma.say("/console/v1/staff/change", &from_wei)
        );
        let admins: i64 =
            sqlx::query_scalar("select count(*) from staff where 'admin' = any(roles)")
                .fetch_one(&hub.app.pool)
                .await
                .expect("a count");
        assert_eq!(admins, 1, "{one:?} {other:?}");
    }
}

async fn left(hub: &TestHub, desk: &Desk, staff: StaffId) -> bool {
    let ask = json!({ "nonce": "n", "staff": [staff] });
    let sealed: Sealed = desk.post("/identity/v1/status", &ask).await.json();
    let key = public_key(&desk.enrolled.hub_key).expect("a key");
    let status: Status = sealed.open(&key, STATUS).expect("signed");
    assert_eq!(status.device, desk.enrolled.device, "{}", hub.url());
    status.left.contains(&staff)
}

#[tokio::test]
async fn a_reset_ends_sessions_and_desks_hear_that_an_old_password_is_worth_nothing() {
    let hub = hub().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let mut wei = Browser::of(&hub, "wei", "admin").await;
    let password = sync_server::testing::PASSWORD;
    assert!(
        sign_in(&desk, "nurse", password, None)
            .await
            .status
            .is_success()
    );
    assert!(!left(&hub, &desk, hub.nurse).await);
    let mut paula = Browser::of(&hub, "paula", "billing").await;
    let paula_id = line(&mut wei, "paula").await.staff.id;

    let before: Reference = desk.get("/sync/v1/reference").await.json();
    let ask = reset(hub.nurse, Reset::Password, None);
    let given: OneTime = did(&mut wei, "/console/v1/staff/reset", &ask).await;
    assert!(left(&hub, &desk, hub.nurse).await, "its slot goes");
    let after: Reference = desk.get("/sync/v1/reference").await.json();
    assert!(after.version > before.version, "open desks ask at once");
    let old = sign_in(&desk, "nurse", password, None).await;
    assert_eq!(old.code(), "sign_in.wrong");
    let new = sign_in(&desk, "nurse", &given.password, Some(CHOSEN)).await;
    assert!(new.status.is_success());
    assert!(!left(&hub, &desk, hub.nurse).await, "sealed anew");

    let ask = reset(paula_id, Reset::Password, None);
    let _: OneTime = did(&mut wei, "/console/v1/staff/reset", &ask).await;
    let over = code_of(paula.get("/console/v1/me").await).await;
    assert_eq!(over.1, "session.none");
}

fn code_now(hub: &TestHub, offer: &FactorOffer) -> String {
    let letters: String = offer.secret.chars().filter(|c| *c != '-').collect();
    let secret = Secret::try_from_base32(&letters).expect("letters");
    let totp = Builder::new().with_secret(secret).build().expect("codes");
    let seconds = u64::try_from(hub.app.now().0 / 1_000).expect("after 1970");
    totp.generate(seconds).to_string()
}

#[tokio::test]
async fn a_new_administrator_sets_up_their_second_factor_and_can_do_nothing_before() {
    let hub = hub().await;
    let mut wei = Browser::of(&hub, "wei", "admin").await;
    let given: OneTime = did(&mut wei, "/console/v1/staff", &add("alma", &[Role::Admin])).await;
    let once = given.password.clone().into_inner();
    let mut alma = Browser::new(&hub);
    let asked = at_the_console(&mut alma, "alma", &once, (None, None)).await;
    assert_eq!(code_of(asked).await.1, "sign_in.choose_password");
    let entered = at_the_console(&mut alma, "alma", &once, (Some(CHOSEN), None)).await;
    let person: ConsolePerson = entered.json().await.expect("who it is");
    assert!(person.sets_up_factor && !person.has_second_factor);
    for path in [
        "/console/v1/staff",
        "/console/v1/live",
        "/console/v1/devices",
    ] {
        let closed = code_of(alma.get(path).await).await;
        assert_eq!(closed.1, "session.factor_first", "{path}");
    }
    let offer: FactorOffer = did(&mut alma, "/console/v1/account/factor", &json!({})).await;
    assert!(offer.address.starts_with("otpauth://totp/") && offer.squares.len() >= 21);
    let wrong = alma
        .say(
            "/console/v1/account/factor/confirm",
            &json!({ "code": "000000" }),
        )
        .await;
    assert_eq!(wrong, ["factor.code_wrong"]);
    let right = json!({ "code": code_now(&hub, &offer) });
    let _: Value = did(&mut alma, "/console/v1/account/factor/confirm", &right).await;
    let page: StaffPage = alma.json("/console/v1/staff").await;
    let own = page.lines.iter().find(|it| it.staff.username == "alma");
    assert!(own.expect("listed").has_second_factor);

    // the code that was typed back counts once; another factor takes a code of this one
    let again = at_the_console(&mut Browser::new(&hub), "alma", CHOSEN, (None, None)).await;
    assert_eq!(code_of(again).await.1, "sign_in.code_needed");
    let another = alma.say("/console/v1/account/factor", &json!({})).await;
    assert_eq!(another, ["sign_in.code_needed"]);
}

#[tokio::test]
async fn a_password_alone_sets_up_no_second_factor() {
    let hub = hub().await;
    hire(&hub, "alma", "admin").await;
    let password = sync_server::testing::PASSWORD;
    let mut thief = Browser::new(&hub);
    let entered = at_the_console(&mut thief, "alma", password, (None, None)).await;
    assert_eq!(code_of(entered).await.1, "sign_in.no_second_factor");
    let offer = thief.post("/console/v1/account/factor", &json!({})).await;
    assert_eq!(code_of(offer).await.1, "session.none");
}

#[tokio::test]
async fn a_second_factor_is_reset_with_the_password_and_a_new_role_ends_old_sessions() {
    let hub = hub().await;
    let mut wei = Browser::of(&hub, "wei", "admin").await;
    let mut mia = Browser::of(&hub, "mia", "manager").await;
    crate::console::give_factor(&hub, "mia").await;
    let seen = line(&mut wei, "mia").await;
    assert!(seen.has_second_factor);
    let ask = reset(seen.staff.id, Reset::SecondFactor, None);
    let given: OneTime = did(&mut wei, "/console/v1/staff/reset", &ask).await;
    assert!(!line(&mut wei, "mia").await.has_second_factor);
    assert_eq!(
        code_of(mia.get("/console/v1/me").await).await.1,
        "session.none"
    );
    let once = given.password.into_inner();
    let entered = at_the_console(&mut mia, "mia", &once, (Some(CHOSEN), None)).await;
    let person: ConsolePerson = entered.json().await.expect("who it is");
    assert!(person.sets_up_factor);

    // a session that began with a password alone does not become an administrator's
    let mut paula = Browser::of(&hub, "paula", "billing").await;
    let paula_now = line(&mut wei, "paula").await.staff;
    let base = StaffDraft::of(&paula_now);
    let draft = StaffDraft {
        roles: vec![Role::Billing, Role::Admin],
        ..base.clone()
    };
    let change = StaffChange {
        staff: paula_now.id,
        base,
        draft,
    };
    let _: StaffChanged = did(&mut wei, "/console/v1/staff/change", &change).await;
    assert_eq!(
        code_of(paula.get("/console/v1/me").await).await.1,
        "session.none"
    );
}

#[tokio::test]
async fn people_change_their_own_password_knowing_the_old_one() {
    let hub = hub().await;
    let password = sync_server::testing::PASSWORD;
    let mut paula = Browser::of(&hub, "paula", "billing").await;
    let mut other = Browser::new(&hub);
    at_the_console(&mut other, "paula", password, (None, None)).await;
    let ask = |old: &str, new: &str| json!({ "password": old, "newPassword": new });
    let path = "/console/v1/account/password";
    let wrong = paula.say(path, &ask("a guess", "short")).await;
    assert_eq!(wrong, ["password.short", "password.wrong"]);
    assert!(paula.say(path, &ask(password, CHOSEN)).await.is_empty());
    assert!(paula.get("/console/v1/me").await.status().is_success());
    let over = code_of(other.get("/console/v1/me").await).await;
    assert_eq!(over.1, "session.none", "sessions elsewhere are over");
    let old = at_the_console(&mut Browser::new(&hub), "paula", password, (None, None)).await;
    assert_eq!(code_of(old).await.1, "sign_in.wrong");
}
