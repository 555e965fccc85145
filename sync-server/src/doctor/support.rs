//! A file for whoever helps: how everything is, and nothing about anybody. It holds no names, no secrets and nothing of a record,
//! which a test looks for with markers. A tar, packed with zstd, so that a hospital can look into it first.

use super::hub::has_private_database;
use crate::app::App;
use crate::error::{Error, Result};
use crate::{logs, world};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::Row;
use std::collections::BTreeMap;

const PACKED: i32 = 9;

/// Tables whose rows are counted.
const COUNTED: [&str; 21] = [
    "audit_deed",
    "audit_head",
    "audit_log",
    "backup_made",
    "booking",
    "booking_request",
    "change",
    "chart",
    "console_session",
    "department",
    "device",
    "device_alarm",
    "document",
    "event",
    "event_inbox",
    "feed",
    "held_change",
    "notice",
    "record",
    "staff",
    "ward",
];

/// Makes the file; returns its bytes.
pub async fn file(app: &App) -> Result<Vec<u8>> {
    let report = super::report(app).await?.without_names();
    let (about, counts) = (about(app).await?, counts(app).await?);
    let log = logs::last_lines();
    let packed = tokio::task::spawn_blocking(move || {
        pack(&[
            ("report.json", text(&report)?),
            ("about.json", text(&about)?),
            ("counts.json", text(&counts)?),
            ("log.ndjson", log.into_bytes()),
        ])
    });
    packed.await?.map_err(Error::Bug)
}

fn text(value: &impl Serialize) -> anyhow::Result<Vec<u8>> {
    Ok(serde_json::to_vec_pretty(value)?)
}

fn pack(files: &[(&str, Vec<u8>)]) -> anyhow::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(zstd::Encoder::new(Vec::new(), PACKED)?);
    for (name, bytes) in files {
        let mut head = tar::Header::new_gnu();
        head.set_size(bytes.len() as u64);
        head.set_mode(0o644);
        head.set_mtime(world::now().seconds().unsigned_abs());
        tar.append_data(
            &mut head,
            format!("wardbook-support/{name}"),
            bytes.as_slice(),
        )?;
    }
    Ok(tar.into_inner()?.finish()?)
}

/// Returns versions and settings: those that were chosen from a few, or are numbers. Addresses, paths and secrets are left out.
async fn about(app: &App) -> Result<Value> {
    let row = sqlx::query(
        "select current_setting('server_version') as postgres, zone, offline_hours, idle_minutes, reference_version,
            (select array_agg(name order by name) from migration) as migrations from hospital",
    )
    .fetch_one(&app.pool)
    .await?;
    Ok(json!({
        "program": env!("CARGO_PKG_VERSION"),
        "system": format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        "postgres": row.get::<String, _>("postgres"),
        "database": if has_private_database(app) { "private" } else { "elsewhere" },
        "migrations": row.get::<Vec<String>, _>("migrations"),
        "zone": row.get::<String, _>("zone"),
        "offlineHours": row.get::<i32, _>("offline_hours"),
        "idleMinutes": row.get::<i32, _>("idle_minutes"),
        "referenceVersion": row.get::<i64, _>("reference_version"),
        "hasDirectory": app.directory.is_set(),
        "hubIncarnation": app.incarnation,
    }))
}

async fn counts(app: &App) -> Result<BTreeMap<&'static str, i64>> {
    let mut counts = BTreeMap::new();
    for table in COUNTED {
        let sql = format!("select count(*) from {table}");
        let count = sqlx::query_scalar(sqlx::AssertSqlSafe(sql));
        counts.insert(table, count.fetch_one(&app.pool).await?);
    }
    Ok(counts)
}
