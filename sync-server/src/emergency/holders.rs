//! Who was given the key of a desk's summaries.

use crate::error::Result;
use shared::emergency::keys::own;
use shared::ids::{DeviceId, StaffId};
use sqlx::PgConnection;

/// Notes that somebody is given a desk's key, and returns their own there.
pub(crate) async fn hold(
    db: &mut PgConnection,
    device: DeviceId,
    staff: StaffId,
) -> Result<[u8; 32]> {
    let secret: Vec<u8> = sqlx::query_scalar(
        "with held as (insert into emergency_holder (device, staff) values ($1, $2) on conflict do nothing)
         select emergency_secret from device where id = $1",
    )
    .bind(device.0)
    .bind(staff.0)
    .fetch_one(db)
    .await?;
    Ok(own(&secret_of(secret)?, staff))
}

/// Reads a key or a secret of the database.
pub(crate) fn secret_of(bytes: Vec<u8>) -> Result<[u8; 32]> {
    let secret = bytes.try_into();
    Ok(secret.map_err(|_| anyhow::anyhow!("a key has 32 bytes"))?)
}
