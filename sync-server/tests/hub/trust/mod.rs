//! What a stolen, curious or hostile desk gets: nothing it may not have, and everybody else goes on.
//!
//! Each of these begins with [`hub`], which takes away the control that the environment names: `planted` runs them so, and
//! expects them to fail.

mod late;
mod limits;
mod matrix;
mod planted;
mod poison;
mod quarantine;
mod routes;
mod stages;

use crate::desk::Desk;
use shared::access::Role;
use shared::ids::{StaffId, WardId};
use shared::planted::{Fault, plant};
use std::collections::BTreeMap;
use sync_server::testing::TestHub;
use sync_server::world;

/// The variable that names a control to take away.
pub(crate) const PLANTED: &str = "WARDBOOK_PLANTED";

/// Starts a hub.
pub(crate) async fn hub() -> TestHub {
    let name = std::env::var(PLANTED).unwrap_or_default();
    let fault = Fault::ALL
        .into_iter()
        .find(|fault| format!("{fault:?}") == name);
    plant(fault);
    TestHub::start().await
}

/// Makes somebody of every role.
pub(crate) async fn people(hub: &TestHub) -> BTreeMap<Role, StaffId> {
    let mut people = BTreeMap::new();
    for role in Role::ALL {
        let (id, word) = (world::new_id(), format!("{role:?}").to_lowercase());
        sqlx::query("insert into staff (id, username, name, roles) values ($1, $2, $2, array[$3])")
            .bind(id)
            .bind(format!("one {word}"))
            .bind(word)
            .execute(&hub.app.pool)
            .await
            .expect("somebody is added");
        people.insert(role, StaffId(id));
    }
    people
}

/// A desk of a ward at which somebody works.
pub(crate) async fn desk_of(hub: &TestHub, ward: WardId, staff: StaffId) -> Desk {
    let mut desk = Desk::new(hub, ward).await;
    desk.staff = staff;
    desk
}
