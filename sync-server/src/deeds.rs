//! What the hub itself did or saw, for the audit log: written in the transaction of the deed.

use crate::world;
use shared::audit::entry::{Entry, What};
use shared::ids::{DeviceId, StaffId};
use sqlx::PgConnection;
use uuid::Uuid;

/// The device that stands for the hub itself.
pub(crate) const HUB: DeviceId = DeviceId(Uuid::from_u128(0x8000_8000_0000_0000_0000));

/// Begins an entry of what somebody, or nobody known, does now at a device.
pub(crate) fn deed(what: What, device: DeviceId, staff: Option<StaffId>) -> Entry {
    Entry::new(what, world::now().0, device, staff)
}

/// Writes a deed down.
pub(crate) async fn note(db: &mut PgConnection, entry: &Entry) -> sqlx::Result<()> {
    sqlx::query("insert into audit_deed (entry) values ($1)")
        .bind(entry.to_bytes())
        .execute(db)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_hub_is_the_device_of_the_migration() {
        assert_eq!(
            super::HUB.to_string(),
            "00000000-0000-8000-8000-000000000000"
        );
    }
}
