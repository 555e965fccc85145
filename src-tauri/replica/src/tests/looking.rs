//! Whoever may read the audit sees whether it is as it was written: the desk's own chain always, the hub's log through it.

use super::hospital::{Locker, RIGHT};
use super::stand_in::hub_secret;
use super::*;
use crate::courier::Courier;
use crate::store::lock;
use ed25519_dalek::SigningKey;
use shared::audit::head::TreeHead;
use shared::audit::look::{ChainLook, LogLook, LookProgress};
use shared::ids::LookId;

fn auditor(of: &Actor) -> Actor {
    Actor {
        roles: vec![Role::Auditor],
        ..of.clone()
    }
}

fn code<T: std::fmt::Debug>(answer: crate::Result<T>) -> String {
    let error = answer.expect_err("it is refused");
    error.problems().remove(0).code
}

#[test]
fn a_desk_looks_at_its_own_chain_and_names_the_first_bad_entry() {
    let desk = Desk::new(1);
    for n in 1..6 {
        desk.register(n, "Chukwu");
    }
    let refused = desk.replica.audit_chain(&desk.actor);
    assert_eq!(code(refused), "not_allowed", "a doctor may not");
    let actor = auditor(&desk.actor);
    let look = || desk.replica.audit_chain(&actor).expect("readable");
    let whole = ChainLook {
        entries: 7,
        unsent: 7,
        bad: None,
    };
    assert_eq!(look(), whole, "its beginning, five changes, and the look");
    let change = "update audit set entry = zeroblob(length(entry)) where seq = 4";
    let changed = desk
        .replica
        .write(Lasting::Yes, |db| Ok(db.execute(change, [])?));
    assert_eq!(changed.expect("written"), 1);
    let bad = look().bad.expect("it shows");
    assert_eq!(
        (bad.place.as_str(), bad.why.as_str()),
        ("0.4", "chain.shape")
    );
}

/// What a hub answers whose head a key signed.
fn answer(key: &SigningKey) -> LookProgress {
    let head = TreeHead {
        size: 3,
        root: [4; 32],
        at_ms: NOON_MS,
    };
    let found = LogLook {
        leaves: 3,
        heads: 1,
        head: Some(head.sign(key).to_texts()),
        ..LogLook::default()
    };
    LookProgress {
        run: LookId(id(8)),
        done: 3,
        all: 3,
        found: Some(found),
    }
}

#[tokio::test]
async fn a_signed_head_is_believed_only_if_the_hub_that_is_known_signed_it() {
    let scenario = async |key: &SigningKey| {
        let locker = Locker::new().await;
        let session = locker.sign_in("ada", RIGHT).await.expect("signed in");
        let cabinet = locker.cabinet();
        let replica = cabinet.replica().expect("open");
        Courier::round(&replica).await.expect("the hub answers");
        replica.viewed(session.staff.id, record(1));
        replica.settle_audit();
        Courier::round(&replica).await.expect("the hub answers");
        let doctor = cabinet.actor(&session).expect("a desk");
        let refused = cabinet.audit_log(&doctor, "ada", RIGHT, None).await;
        assert_eq!(code(refused), "not_allowed", "nothing is asked of the hub");
        lock(&locker.hub.ward).looked = Some(answer(key));
        let actor = auditor(&doctor);
        let looked = cabinet.audit_log(&actor, "ada", RIGHT, None).await;
        let said = looked.map_err(|error| error.problems().remove(0).code);
        locker.go_offline();
        let alone = cabinet.audit_log(&actor, "ada", RIGHT, None).await;
        assert_eq!(code(alone), "hub.unreachable");
        let own = replica.audit_chain(&actor).expect("its own it knows");
        assert_eq!(own.bad, None);
        said
    };
    let right = hub_secret();
    assert_eq!(scenario(&right).await, Ok(answer(&right)));
    let other = SigningKey::from_bytes(&[78; 32]);
    assert_eq!(scenario(&other).await, Err("audit.head_forged".into()));
}
