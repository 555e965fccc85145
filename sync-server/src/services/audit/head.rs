//! Signs the root of the log and writes it down in a second place, line by line.

use crate::app::App;
use crate::error::{Error, Result};
use shared::audit::head::{SignedHead, TreeHead};
use shared::audit::tree::Growing;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

/// The file of the second place.
const FILE: &str = "audit-heads.ndjson";

/// Says whether the log grew since its root was last signed, and that is so long ago.
pub(super) async fn is_due(app: &App, every_ms: i64) -> Result<bool> {
    let is_due = sqlx::query_scalar(
        "select size > coalesce((select max(size) from audit_head), 0)
            and coalesce((select max(at_ms) from audit_head), 0) + $1 <= $2 from audit_tree",
    )
    .bind(every_ms)
    .bind(app.now().0);
    Ok(is_due.fetch_one(&app.pool).await?)
}

/// Signs the root, if the log grew, and brings the second place up to date. Returns how large the tree is.
pub(crate) async fn sign(app: &App) -> Result<u64> {
    let mut tx = app.pool.begin().await?;
    let row = sqlx::query("select size, peaks from audit_tree for update")
        .fetch_one(&mut *tx)
        .await?;
    let size = row.get::<i64, _>("size").cast_unsigned();
    let tree = Growing::from_bytes(size, row.get("peaks"))
        .ok_or_else(|| Error::Bug(anyhow::anyhow!("the tree of the audit log is damaged")))?;
    let heads = all(&mut tx).await?;
    if size > heads.last().map_or(0, |last| last.head.size) {
        let head = TreeHead {
            size,
            root: tree.root(),
            at_ms: app.now().0,
        };
        let signed = head.sign(&app.audit.key.sign);
        sqlx::query(
            "insert into audit_head (size, root, at_ms, signature) values ($1, $2, $3, $4)",
        )
        .bind(size.cast_signed())
        .bind(signed.head.root.as_slice())
        .bind(signed.head.at_ms)
        .bind(signed.signature.as_slice())
        .execute(&mut *tx)
        .await?;
    }
    let heads = all(&mut tx).await?;
    tx.commit().await?;
    let dir = app.audit.heads.clone();
    tokio::task::spawn_blocking(move || export(&dir, &heads))
        .await?
        .map_err(|error| {
            Error::Bug(anyhow::Error::new(error).context("writing the heads of the audit log"))
        })?;
    Ok(size)
}

/// Returns every signed head, the smallest first.
pub(super) async fn all(db: &mut PgConnection) -> Result<Vec<SignedHead>> {
    let rows = sqlx::query("select size, root, at_ms, signature from audit_head order by size")
        .fetch_all(db)
        .await?;
    rows.iter().map(read).collect()
}

fn read(row: &PgRow) -> Result<SignedHead> {
    let damaged = || Error::Bug(anyhow::anyhow!("a head of the audit log is damaged"));
    let head = TreeHead {
        size: row.get::<i64, _>("size").cast_unsigned(),
        root: row
            .get::<Vec<u8>, _>("root")
            .try_into()
            .map_err(|_| damaged())?,
        at_ms: row.get("at_ms"),
    };
    let signature = row
        .get::<Vec<u8>, _>("signature")
        .try_into()
        .map_err(|_| damaged())?;
    Ok(SignedHead { head, signature })
}

/// Adds the lines that the file lacks. It only ever grows.
fn export(dir: &Path, heads: &[SignedHead]) -> std::io::Result<()> {
    std::fs::create_dir_all(dir)?;
    let path = dir.join(FILE);
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let last = text
        .lines()
        .filter_map(SignedHead::from_line)
        .map(|known| known.head.size)
        .max();
    let new: Vec<String> = heads
        .iter()
        .filter(|signed| last.is_none_or(|last| signed.head.size > last))
        .map(|signed| signed.to_line() + "\n")
        .collect();
    if new.is_empty() {
        return Ok(());
    }
    let mut file = OpenOptions::new().append(true).create(true).open(&path)?;
    if !text.is_empty() && !text.ends_with('\n') {
        // a line that a power cut left half written is no line
        file.write_all(b"\n")?;
    }
    file.write_all(new.concat().as_bytes())?;
    file.sync_all()
}

/// Reads the heads of a file; lines that are none are left out.
pub(super) fn import(path: &Path) -> std::io::Result<Vec<SignedHead>> {
    let text = std::fs::read_to_string(path)?;
    Ok(text.lines().filter_map(SignedHead::from_line).collect())
}
