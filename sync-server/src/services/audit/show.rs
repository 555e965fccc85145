//! Lists what the log has about a record or a person.

use super::leaf::{COLUMNS, Leaf};
use crate::app::App;
use crate::error::Result;
use shared::audit::entry::{Entry, Reason};
use shared::clock::Now;
use uuid::Uuid;

/// Whose entries to list.
#[derive(Clone, Copy, Debug)]
pub enum About {
    Record(Uuid),
    Staff(Uuid),
    Alarms,
}

/// Returns the newest lines, at most `limit`, oldest first.
pub async fn show(app: &App, about: About, limit: u32) -> Result<Vec<String>> {
    let (part, id) = match about {
        About::Record(id) => ("record = $1", id),
        About::Staff(id) => ("staff = $1", id),
        About::Alarms => ("what = 41 and $1 is not null", Uuid::nil()),
    };
    let sql = format!("select {COLUMNS} from audit_log where {part} order by leaf desc limit $2");
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(id)
        .bind(i64::from(limit))
        .fetch_all(&app.pool)
        .await?;
    Ok(rows
        .iter()
        .rev()
        .map(|row| line(&Leaf::read(row)))
        .collect())
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
