use super::*;
use shared::staff::{Reference, Staff};
use shared::sync::wire::{SignInAsk, SignedIn};

fn ask(password: &str) -> SignInAsk {
    SignInAsk {
        username: "Ada".into(),
        password: password.into(),
    }
}

fn ada(is_active: bool) -> Staff {
    let roles = vec![Role::Doctor];
    Staff {
        id: StaffId(id(201)),
        username: "ada".into(),
        name: "Ada".into(),
        roles,
        departments: vec![],
        is_active,
    }
}

fn known() -> Desk {
    let desk = Desk::new(1);
    desk.replica
        .remember(
            &ask("right"),
            &SignedIn {
                staff: ada(true),
                not_after_ms: NOON_MS + 1_000,
            },
        )
        .unwrap();
    desk
}

fn refusal(desk: &Desk, password: &str) -> String {
    desk.replica
        .recall(&ask(password))
        .unwrap_err()
        .problems()
        .remove(0)
        .code
}

#[test]
fn who_signed_in_before_can_without_the_hub() {
    let desk = known();
    assert_eq!(desk.replica.recall(&ask("right")).unwrap(), ada(true));
    assert_eq!(refusal(&desk, "wrong"), "sign_in.wrong");
    assert_eq!(desk.replica.desk().unwrap().known_staff, [ada(true)]);
    let stored: String = desk
        .replica
        .read(|db| Ok(db.query_row("select hash from pass", [], |row| row.get(0))?))
        .unwrap();
    assert!(
        stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
        "and the password itself is nowhere"
    );
}

#[test]
fn ten_wrong_passwords_make_people_wait() {
    let desk = known();
    (0..10).for_each(|_| assert_eq!(refusal(&desk, "wrong"), "sign_in.wrong"));
    assert_eq!(refusal(&desk, "right"), "sign_in.wait");
}

#[test]
fn a_grant_ends_by_the_hubs_clock_and_who_left_stays_out() {
    let desk = known();
    // this desk is an hour behind: by the hub's clock the grant has ended
    desk.replica
        .write(Lasting::Yes, |db| meta::AHEAD.set(db, &-3_600_000))
        .unwrap();
    assert_eq!(refusal(&desk, "right"), "sign_in.expired");
    desk.replica
        .write(Lasting::Yes, |db| meta::AHEAD.set(db, &0))
        .unwrap();
    let reference = Reference {
        staff: vec![ada(false)],
        ..Default::default()
    };
    desk.replica
        .write(Lasting::Yes, |db| meta::REFERENCE.set(db, &reference))
        .unwrap();
    assert_eq!(refusal(&desk, "right"), "sign_in.wrong");
}
