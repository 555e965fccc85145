//! Locks the device of a push, and finds who made its changes.

use crate::error::Error;
use crate::people::role_of;
use crate::sync::accept::Refusal;
use crate::sync::late::brings_all;
use crate::sync::line::{self, Looked};
use crate::sync::weigh::{Letter, Source};
use shared::access::Role;
use shared::clock::Now;
use shared::ids::StaffId;
use shared::sync::clocks::Clock;
use shared::sync::waybill::{Doubt, REMEMBERED};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

pub(crate) type KnownStaff = BTreeMap<StaffId, Author>;

/// A member of staff, as a push finds them.
#[derive(Clone, Debug)]
pub(crate) struct Author {
    pub(crate) roles: Vec<Role>,
    pub(crate) is_active: bool,
    /// Milliseconds since 1970.
    pub(crate) left_ms: Option<i64>,
}

/// What is known once the device is locked.
pub(crate) struct Locked {
    pub(crate) staff: KnownStaff,
    pub(crate) doubt: Option<Doubt>,
    /// Since when the device may only send what it has, in milliseconds since 1970.
    pub(crate) stopped_ms: Option<i64>,
    /// As it was at the push before.
    pub(crate) clock: Clock,
}

/// Locks the device, notes that it was heard out, if it was, and which push this is, and returns the staff who made the changes. Nearly
/// every push is the next of its device, which costs it no turn more. An error inside is one to be answered with once
/// what was written is committed.
pub(crate) async fn lock_device(
    tx: &mut PgConnection,
    source: &Source,
    letters: &[Letter],
    now: Now,
) -> Result<Result<Locked, Error>, Refusal> {
    let staff: BTreeSet<Uuid> = letters
        .iter()
        .filter_map(|letter| letter.seen.as_ref().ok()?.staff)
        .map(|staff| staff.0)
        .collect();
    let staff: Vec<Uuid> = staff.into_iter().collect();
    let locking = |statement| {
        sqlx::query(statement)
            .bind(source.device.0)
            .bind(i32::from(source.incarnation))
            .bind(staff.clone())
            .bind(brings_all(source, letters, now))
    };
    let first = match &source.waybill {
        None if source.reviewed => locking(LOCK_REVIEWED),
        None => locking(LOCK_UNNUMBERED),
        Some(waybill) => locking(LOCK_NEXT)
            .bind(waybill.dseq.cast_signed())
            .bind(waybill.prev.to_vec())
            .bind(waybill.hash().to_vec())
            .bind(waybill.body.to_vec())
            .bind(line::changes_of(letters))
            .bind(REMEMBERED)
            .bind(waybill.run.cast_signed()),
    };
    let rows = first.fetch_all(&mut *tx).await?;
    if rows.first().is_some_and(|row| row.get("device_is_known")) {
        return Ok(Ok(locked(&rows)));
    }
    match line::look(tx, source, letters).await? {
        Looked::Taken => {}
        Looked::Stopped(error) => return Ok(Err(error)),
    }
    let rows = locking(LOCK_DEVICE).fetch_all(&mut *tx).await?;
    Ok(Ok(locked(&rows)))
}

fn locked(rows: &[PgRow]) -> Locked {
    let mut staff = KnownStaff::new();
    for row in rows {
        if let Some(id) = row.get::<Option<Uuid>, _>("id") {
            let words: Vec<String> = row.get("roles");
            let roles = words
                .into_iter()
                .filter_map(|word| role_of(&word))
                .collect();
            let author = Author {
                roles,
                is_active: row.get("is_active"),
                left_ms: row.get("left_ms"),
            };
            staff.insert(StaffId(id), author);
        }
    }
    let of_device = |column: &str| rows.first().and_then(|row| row.get(column));
    Locked {
        staff,
        doubt: rows.first().and_then(line::doubt),
        stopped_ms: of_device("stopped_ms"),
        clock: Clock {
            ahead_ms: of_device("clock_ahead_ms"),
            was_ms: of_device("clock_was_ms"),
        },
    }
}

/// The device and the staff; `here` is the row of the device, if it may push just this.
macro_rules! lock {
    ($here:literal) => {
        concat!(
            "with here as (update device set seen_at = case when $4 then now() else seen_at end, incarnation = greatest(incarnation, $2)",
            $here,
            "
            select exists (select 1 from here) as device_is_known, (select doubted from here) as doubted,
                (select doubted_ms from here) as doubted_ms, (
                    select (extract(epoch from least(ordered_at, suspended_at, revoked_at)) * 1000)::bigint from here
                    where ordered <> 'active'
                ) as stopped_ms, (select clock_ahead_ms from here) as clock_ahead_ms, (select clock_was_ms from here) as clock_was_ms,
                staff.id, staff.roles, staff.is_active, (extract(epoch from staff.left_at) * 1000)::bigint as left_ms
            from (select 1) one left join staff on staff.id = any($3)"
        )
    };
}

const LOCK_DEVICE: &str = lock!(
    " where id = $1 and (state = 'active' or ordered = 'wipe_after_upload')
        returning doubted, doubted_ms, ordered, ordered_at, suspended_at, revoked_at, clock_ahead_ms, clock_was_ms)"
);

/// The push of a desk of the version before, which does not number them.
const LOCK_UNNUMBERED: &str = lock!(
    " where id = $1 and (state = 'active' or ordered = 'wipe_after_upload') and dseq = 0
        returning doubted, doubted_ms, ordered, ordered_at, suspended_at, revoked_at, clock_ahead_ms, clock_was_ms)"
);

/// The push that is simply the next: it takes its place, and now and then the oldest ones are forgotten.
const LOCK_NEXT: &str = lock!(
    ", dseq = $5, push_hash = $7, push_run = $11
        where id = $1 and (state = 'active' or ordered = 'wipe_after_upload')
            and push_incarnation = $2 and dseq = $5 - 1 and push_hash = $6
        returning doubted, doubted_ms, ordered, ordered_at, suspended_at, revoked_at, clock_ahead_ms, clock_was_ms
    ), noted as (
        insert into device_push (device, incarnation, dseq, hash, body, changes)
        select $1, $2, $5, $7, $8, $9 from here
    ), forgotten as (
        delete from device_push
        where device = $1 and incarnation = $2 and dseq <= $5 - $10 and $5 % 16 = 0 and exists (select 1 from here)
    )"
);

/// What was held and looked at by a person: its device need not be there any more.
const LOCK_REVIEWED: &str = "with here as (select id from device where id = $1 and $2 >= 0 and $4 is not null for update)
    select exists (select 1 from here) as device_is_known, null::integer as doubted, null::bigint as doubted_ms,
        null::bigint as stopped_ms, null::bigint as clock_ahead_ms, null::bigint as clock_was_ms, staff.id, staff.roles, staff.is_active, null::bigint as left_ms
    from (select 1) one left join staff on staff.id = any($3)";
