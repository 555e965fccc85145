//! `GET /sync/v1/emergency/keys`: the key of a desk's summaries, sealed for each who may open them. It is changed here, when
//! it has to be: a desk asks for it before it asks for summaries.

use crate::app::App;
use crate::emergency::holders::secret_of;
use crate::error::Result;
use crate::people::role_of;
use crate::session::{Device, Signed};
use crate::world;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::access::{Role, Task, may_do};
use shared::emergency::keys::{HolderKey, is_due, own, seal};
use shared::ids::StaffId;
use shared::sync::wire::hex;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use utoipa::ToSchema;
use uuid::Uuid;

/// Returns the key of this desk's summaries, sealed for each who may open them
#[utoipa::path(
    get, path = "/sync/v1/emergency/keys", operation_id = "emergency_keys", tag = "sync",
    responses(
        (status = 200, description = "For each who signed in here and may open the emergency access", body = Vec<HolderKeyShape>),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("device" = []))
)]
pub(crate) async fn keys(State(app): State<App>, signed: Signed) -> Result<Json<Vec<HolderKey>>> {
    let mut tx = app.pool.begin().await?;
    let keys = renewed(&mut tx, &signed.device, app.now().0).await?;
    tx.commit().await?;
    Ok(Json(keys))
}

/// Somebody who was given the key.
struct Holder {
    staff: StaffId,
    may_open: bool,
}

fn holder(row: &PgRow) -> Holder {
    let words: Vec<String> = row.get("roles");
    let roles: Vec<Role> = words.iter().filter_map(|word| role_of(word)).collect();
    Holder {
        staff: StaffId(row.get("staff")),
        may_open: row.get::<bool, _>("is_active") && may_do(&roles, Task::BreakGlass).is_ok(),
    }
}

async fn renewed(db: &mut PgConnection, device: &Device, now_ms: i64) -> Result<Vec<HolderKey>> {
    let row = sqlx::query(
        "select emergency_key, emergency_secret, (extract(epoch from emergency_key_at) * 1000)::bigint as made_ms
         from device where id = $1 for update",
    )
    .bind(device.id.0)
    .fetch_one(&mut *db)
    .await?;
    let holders = sqlx::query(
        "select staff, roles, is_active from emergency_holder join staff on staff.id = emergency_holder.staff
         where device = $1 order by staff",
    )
    .bind(device.id.0)
    .fetch_all(&mut *db)
    .await?;
    let (mut key, secret) = (
        secret_of(row.get("emergency_key"))?,
        secret_of(row.get("emergency_secret"))?,
    );
    let (hold, gone): (Vec<Holder>, Vec<Holder>) =
        holders.iter().map(holder).partition(|one| one.may_open);
    let may_open = hold.iter().chain(&gone).map(|one| one.may_open);
    if is_due(row.get("made_ms"), now_ms, may_open) {
        key = world::new_key();
        change(db, device, &key, &gone).await?;
    }
    let sealed = |one: Holder| HolderKey {
        staff: one.staff,
        sealed: hex(&seal(
            &own(&secret, one.staff),
            world::nonce(),
            device.id,
            &key,
        )),
    };
    Ok(hold.into_iter().map(sealed).collect())
}

/// Writes a new key down, and gives every summary a new place, so that each is sealed anew and sent again.
async fn change(
    db: &mut PgConnection,
    device: &Device,
    key: &[u8; 32],
    gone: &[Holder],
) -> Result<()> {
    sqlx::query("update device set emergency_key = $2, emergency_key_at = now() where id = $1")
        .bind(device.id.0)
        .bind(key.as_slice())
        .execute(&mut *db)
        .await?;
    let gone: Vec<Uuid> = gone.iter().map(|one| one.staff.0).collect();
    sqlx::query("delete from emergency_holder where device = $1 and staff = any($2)")
        .bind(device.id.0)
        .bind(gone)
        .execute(&mut *db)
        .await?;
    let seq: i64 = sqlx::query_scalar("select seq from emergency_tally for update")
        .fetch_one(&mut *db)
        .await?;
    let moved = sqlx::query(
        "update emergency_summary set seq = $1 + nth
         from (select patient, row_number() over (order by seq) as nth from emergency_summary) placed
         where placed.patient = emergency_summary.patient",
    )
    .bind(seq)
    .execute(&mut *db)
    .await?
    .rows_affected();
    sqlx::query("update emergency_tally set seq = $1")
        .bind(seq + i64::try_from(moved).unwrap_or_default())
        .execute(db)
        .await?;
    tracing::info!(device.id = %device.id, "Changed the key of a workstation's emergency summaries");
    Ok(())
}

/// The key of a desk's summaries sealed for one person, as the OpenAPI document describes it: a test compares it with the
/// message.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = HolderKey)]
pub(crate) struct HolderKeyShape {
    staff: Uuid,
    /// Hex
    sealed: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_is_that_of_the_message() {
        let real = serde_json::json!(HolderKey {
            staff: StaffId(Uuid::nil()),
            sealed: "A".into(),
        });
        let described: HolderKeyShape =
            serde_json::from_value(real.clone()).expect("the same shape");
        assert_eq!(serde_json::json!(described), real);
    }
}
