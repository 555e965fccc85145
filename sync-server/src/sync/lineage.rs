//! The lineage of the hub: what tells desks that it was put back from a backup, and how they give back what it lost.

use crate::app::App;
use crate::deeds::HUB;
use crate::error::{Error, Result};
use crate::session::Sending;
use crate::session::Signed;
use crate::sync::push::{framed, refuse};
use axum::Json;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use shared::problem::Problem;
use shared::sync::lineage::{HASHES, Hashes, Lineage};
use shared::sync::wire::{Frame, Hash};
use sqlx::PgConnection;
use std::collections::BTreeSet;
use uuid::Uuid;

/// What a desk knows.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Known {
    /// The lineage it heard of last; none when it never heard of one
    of: Option<Uuid>,
    /// The place up to which it has everything
    after: i64,
}

/// Says which lineage the hub is of, and up to which place the desk's own feed is the same
#[utoipa::path(
    get, path = "/sync/v1/lineage", operation_id = "lineage", tag = "sync", params(Known),
    responses(
        (status = 200, description = "`Lineage` as JSON", content_type = "application/json", body = serde_json::Value),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("device" = []))
)]
pub(crate) async fn lineage(
    State(app): State<App>,
    Query(known): Query<Known>,
    Sending(signed): Sending,
) -> Result<Json<Lineage>> {
    let shared = if known.of == Some(app.lineage) {
        known.after
    } else {
        shared(&app, &signed, known).await?
    };
    Ok(Json(Lineage {
        id: app.lineage,
        shared: u64::try_from(shared).unwrap_or_default(),
    }))
}

/// Returns up to where a lineage that ended is the one of today: up to the least place at which it or a later one ended.
async fn shared(app: &App, signed: &Signed, known: Known) -> sqlx::Result<i64> {
    let ended: (bool, Option<i64>) = sqlx::query_as(
        "select exists (select 1 from lineage_end), (
            select min(coalesce(place, 0)) from lineage_end own
            join lineage_end later on later.number >= own.number
            left join lineage_place on lineage_place.number = later.number and ward = $2
            where own.lineage = $1)",
    )
    .bind(known.of)
    .bind(signed.device.ward.0)
    .fetch_one(&app.pool)
    .await?;
    Ok(match ended {
        (_, Some(place)) => place.min(known.after),
        // it never asked, and there was only ever one
        (false, None) if known.of.is_none() => known.after,
        // one this hub has never heard of: nothing of it is certain
        (_, None) => 0,
    })
}

/// Says which of a device's own changes, and of the hub's, the hub lacks
#[utoipa::path(
    post, path = "/sync/v1/missing", operation_id = "missing", tag = "sync",
    request_body(content = Vec<u8>, content_type = "application/vnd.wardbook.frame", description = "A frame of `Hashes`"),
    responses(
        (status = 200, description = "A frame of `Hashes`: those that are not here", content_type = "application/vnd.wardbook.frame", body = Vec<u8>),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("device" = []))
)]
pub(crate) async fn missing(State(app): State<App>, Sending(signed): Sending) -> Result<Response> {
    let frame = Frame::open(&signed.body).map_err(refuse)?;
    let asked: Hashes = frame.read().map_err(refuse)?;
    if asked.len() > HASHES {
        return Err(Error::TooLarge(
            Problem::new("push.too_many", "").with("max", HASHES),
        ));
    }
    let here: Vec<Vec<u8>> = sqlx::query_scalar(
        "select hash from change where hash = any($1) and device in ($2, $3)
         union all select hash from held_change where hash = any($1) and device = $2",
    )
    .bind(asked.iter().map(Vec::from).collect::<Vec<_>>())
    .bind(signed.device.id.0)
    .bind(HUB.0)
    .fetch_all(&app.pool)
    .await?;
    let here: BTreeSet<Hash> = here
        .into_iter()
        .filter_map(|hash| hash.try_into().ok())
        .collect();
    let missing: Hashes = asked.iter().filter(|hash| !here.contains(hash)).collect();
    Ok(framed(frame.version, &missing))
}

/// Begins a new lineage: called once, when the database was put back from a backup, before anybody is served.
///
/// What was given since the backup and is forgotten now must not be given again, so numbers are passed over: of patients
/// and devices, and versions of the reference data, which every desk then fetches anew. The hub writes as another actor,
/// since it may have to decide otherwise what it had decided and forgot.
pub async fn begin(db: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::raw_sql(
        "begin;
         with ended as (insert into lineage_end (lineage) select lineage from hospital returning number)
         insert into lineage_place (number, ward, place) select number, id, seq from ended, ward;
         update hospital set lineage = gen_random_uuid(), next_number = next_number + 100000,
             reference_version = reference_version + 1000000;
         select setval('device_number', nextval('device_number') + 1000);
         update device set incarnation = greatest(incarnation, 1) + 1 where number = 0;
         commit;",
    )
    .execute(db)
    .await?;
    Ok(())
}
