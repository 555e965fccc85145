//! The key of a desk's emergency summaries is changed, and whoever may open them goes on.

use crate::desk::Desk;
use crate::emergency::{in_patient, page, read, sign_in};
use crate::trust::hub;
use shared::access::Role;
use shared::emergency::keys::{HolderKey, unseal};
use shared::emergency::summary::{self, SummaryItem, SummaryPage};
use shared::ids::StaffId;
use shared::sync::wire::unhex;
use sync_server::testing::TestHub;

fn key(text: Option<String>) -> [u8; 32] {
    let bytes = text.as_deref().and_then(unhex).expect("hex");
    bytes.try_into().expect("32 bytes")
}

/// The key of the summaries as somebody unseals it who does not sign in again.
async fn opened(desk: &Desk, staff: StaffId, own: &[u8; 32]) -> Option<[u8; 32]> {
    let all: Vec<HolderKey> = desk.get("/sync/v1/emergency/keys").await.json();
    // nobody else's opens with theirs
    let mut open = all.iter().filter_map(|one| {
        let key = unseal(own, desk.enrolled.device, &unhex(&one.sealed).expect("hex"));
        assert!(key.is_none() || one.staff == staff);
        key
    });
    open.next()
}

async fn change(hub: &TestHub, statement: &'static str) {
    sqlx::query(statement)
        .execute(&hub.app.pool)
        .await
        .expect("changed");
}

fn opens(desk: &Desk, key: &[u8; 32], page: &SummaryPage) -> usize {
    let one = |item: &&SummaryItem| {
        matches!(item, SummaryItem::Here { patient, sealed }
            if summary::unseal(key, desk.enrolled.device, *patient, sealed).is_some())
    };
    page.items.iter().filter(one).count()
}

#[tokio::test]
async fn a_key_is_changed_when_somebody_may_not_open_it_any_more_and_locks_nobody_else_out() {
    let hub = hub().await;
    let (here, there) = (
        Desk::new(&hub, hub.ward).await,
        Desk::new(&hub, hub.other_ward).await,
    );
    let leaver = hub.add_staff("leaver", &[Role::Doctor]).await;
    let (stays, leaves) = (
        sign_in(&here, "doctor").await,
        sign_in(&here, "leaver").await,
    );
    let old = key(stays.emergency);
    let (stays, leaves) = (key(stays.emergency_own), key(leaves.emergency_own));
    let elsewhere = key(sign_in(&there, "doctor").await.emergency_own);
    assert!(stays != leaves && stays != elsewhere);
    let stranger = in_patient(&there, "Zzstrangerzz", Some("B-1"));
    there.push(vec![stranger.envelope()]).await;
    assert_eq!(opened(&here, hub.doctor, &stays).await, Some(old));
    assert_eq!(opened(&here, leaver, &leaves).await, Some(old));
    let first = page(&here, 0).await;
    assert_eq!(read(&here, &old, &first).len(), 1);
    // nothing changed: nothing comes again
    assert_eq!(page(&here, first.to).await.items, []);

    change(
        &hub,
        "update staff set is_active = false where username = 'leaver'",
    )
    .await;
    let new = opened(&here, hub.doctor, &stays).await.expect("still in");
    assert_ne!(new, old);
    assert_eq!(opened(&here, leaver, &leaves).await, None);
    let second = page(&here, first.to).await;
    assert_eq!(read(&here, &new, &second).len(), 1);
    assert_eq!(opens(&here, &old, &second), 0, "what comes is sealed anew");
    // once, and at this desk alone
    assert_eq!(opened(&here, hub.doctor, &stays).await, Some(new));
    assert_eq!(page(&here, second.to).await.items, []);
    assert!(opened(&there, hub.doctor, &elsewhere).await.is_some());

    change(
        &hub,
        "update device set emergency_key_at = now() - interval '31 days'",
    )
    .await;
    let third = opened(&here, hub.doctor, &stays).await.expect("still in");
    assert_ne!(third, new);
    assert_eq!(read(&here, &third, &page(&here, second.to).await).len(), 1);
    // somebody who has another office now
    change(
        &hub,
        "update staff set roles = '{reception}' where username = 'doctor'",
    )
    .await;
    assert_eq!(opened(&here, hub.doctor, &stays).await, None);
}
