//! Lists what the log has about a record or a person.

use super::append::append_all;
use super::leaf::{COLUMNS, Leaf};
use crate::app::App;
use crate::error::Result;
use shared::audit::entry::{Entry, Reason};
use shared::clock::Now;
use shared::console::LogLine;
use shared::ids::DeviceId;
use sqlx::Row;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Whose entries to list.
#[derive(Clone, Copy, Debug)]
pub enum About {
    All,
    Record(Uuid),
    Staff(Uuid),
    Alarms,
}

/// Returns the newest lines, at most `limit`, oldest first.
pub async fn show(app: &App, about: About, limit: u32) -> Result<Vec<String>> {
    let leaves = leaves(app, about, i64::MAX, limit).await?;
    Ok(leaves.iter().rev().map(line).collect())
}

/// Returns the leaves about something that stand before a place, newest first.
async fn leaves(app: &App, about: About, before: i64, limit: u32) -> Result<Vec<Leaf>> {
    let (part, id) = match about {
        About::All => ("$1 is not null", Uuid::nil()),
        About::Record(id) => ("record = $1", id),
        About::Staff(id) => ("staff = $1", id),
        About::Alarms => ("what = 41 and $1 is not null", Uuid::nil()),
    };
    let sql = format!(
        "select {COLUMNS} from audit_log where {part} and leaf < $2 order by leaf desc limit $3"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(id)
        .bind(before)
        .bind(i64::from(limit))
        .fetch_all(&app.pool)
        .await?;
    Ok(rows.iter().map(Leaf::read).collect())
}

/// Returns what the console lists: each entry with whether it is as it was written, newest first. What happened until
/// now is taken into the log before.
pub(crate) async fn page(
    app: &App,
    about: About,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<LogLine>> {
    if before.is_none() {
        append_all(app).await?;
    }
    let leaves = leaves(app, about, before.unwrap_or(i64::MAX), limit).await?;
    let devices: Vec<Uuid> = leaves.iter().map(Leaf::at_device).collect();
    let rows = sqlx::query("select id, name from device where id = any($1)")
        .bind(&devices)
        .fetch_all(&app.pool)
        .await?;
    let names: BTreeMap<Uuid, String> = rows
        .iter()
        .map(|row| (row.get("id"), row.get("name")))
        .collect();
    let desk = |leaf: &Leaf| names.get(&leaf.at_device()).cloned().unwrap_or_default();
    Ok(leaves
        .iter()
        .map(|leaf| shown(app, leaf, desk(leaf)))
        .collect())
}

fn shown(app: &App, leaf: &Leaf, desk: String) -> LogLine {
    let entry = Entry::from_bytes(&leaf.entry);
    let checked = leaf.check(&app.audit.key, leaf.leaf.cast_unsigned());
    let of_entry = entry.as_ref();
    LogLine {
        leaf: leaf.leaf.cast_unsigned(),
        what: of_entry.map(|entry| entry.what),
        at: of_entry.map_or_else(String::new, |entry| Now(entry.at_ms).rfc3339()),
        device: DeviceId(leaf.at_device()),
        desk,
        staff: of_entry.and_then(|entry| entry.staff),
        kind: of_entry.and_then(|entry| Some(entry.record?.0)),
        record: of_entry.and_then(|entry| Some(entry.record?.1)),
        reason: of_entry.and_then(|entry| Some(entry.reason.as_ref()?.as_str().to_owned())),
        flaw: checked.err().map(str::to_owned),
    }
}

fn line(leaf: &Leaf) -> String {
    let Some(entry) = Entry::from_bytes(&leaf.entry) else {
        return format!("{:>9}  {}", leaf.leaf, leaf.word());
    };
    let mut line = format!(
        "{:>9}  {}  {:<18}  device {}",
        leaf.leaf,
        Now(entry.at_ms).rfc3339(),
        leaf.word(),
        entry.device
    );
    let parts = [
        entry.staff.map(|staff| format!("  staff {staff}")),
        entry
            .record
            .map(|(kind, record)| format!("  {kind:?} {record}").to_lowercase()),
        entry
            .place
            .map(|place| format!("  at {}.{}", place.incarnation, place.seq)),
        entry
            .reason
            .as_ref()
            .map(Reason::as_str)
            .map(|reason| format!("  {reason}")),
    ];
    parts
        .into_iter()
        .flatten()
        .for_each(|part| line.push_str(&part));
    line
}
