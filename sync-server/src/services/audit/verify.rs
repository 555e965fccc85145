//! Looks at the whole log again: every leaf, where it came from, every signed root, and the chains of the desks.

use super::arrive::begun;
use super::leaf::{self, Leaf};
use super::source::{self, Source};
use super::{chains, head};
use crate::app::App;
use crate::error::{Error, Result};
use shared::audit::entry::Entry;
use shared::audit::head::SignedHead;
use shared::audit::look::{BadEntry, LogLook};
use shared::audit::tree::Growing;
use sqlx::{PgConnection, Row};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Leaves that are looked at together.
const AT_ONCE: i64 = 5_000;

/// How far a look has come.
#[derive(Debug, Default)]
pub struct Progress {
    pub(super) done: AtomicU64,
    pub(super) all: AtomicU64,
}

/// Verifies everything, in one moment of the database. `file` holds signed heads from elsewhere.
pub async fn verify(app: &App, file: Option<&Path>) -> Result<LogLook> {
    verify_telling(app, file, &Progress::default()).await
}

/// The same for somebody who wants to hear how far it has come.
pub(super) async fn verify_telling(
    app: &App,
    file: Option<&Path>,
    progress: &Progress,
) -> Result<LogLook> {
    let mut tx = app.pool.begin().await?;
    sqlx::raw_sql("set transaction isolation level repeatable read read only")
        .execute(&mut *tx)
        .await?;
    let size: i64 = sqlx::query_scalar("select size from audit_tree")
        .fetch_one(&mut *tx)
        .await?;
    progress.all.store(size.unsigned_abs(), Ordering::Relaxed);
    let mut heads = head::all(&mut tx).await?;
    let from_file = file.map(head::import).transpose();
    heads.extend(
        from_file
            .map_err(|error| {
                Error::Bug(anyhow::Error::new(error).context("reading the file of heads"))
            })?
            .unwrap_or_default(),
    );
    heads.sort_by_key(|signed| signed.head.size);
    let (leaves, bad) = look_at_log(app, &mut tx, &heads, progress).await?;
    let missing = match bad {
        Some(bad) => Some(bad),
        None => look_for_missing(&mut tx).await?,
    };
    let (chains, bad_chains) = chains::look_at_all(app, &mut tx).await?;
    let alarms: i64 = sqlx::query_scalar("select count(*) from audit_log where what = 41")
        .fetch_one(&mut *tx)
        .await?;
    tx.commit().await?;
    let found = LogLook {
        leaves,
        heads: heads.len() as u64,
        head: heads.last().map(SignedHead::to_texts),
        chains,
        alarms: alarms.unsigned_abs(),
        first_bad_leaf: missing,
        bad_chains,
    };
    looked(app, &found).await?;
    Ok(found)
}

/// Notes that somebody looked, and what was found.
async fn looked(app: &App, found: &LogLook) -> Result<()> {
    sqlx::query("insert into audit_looked (leaves, is_whole) values ($1, $2)")
        .bind(found.leaves.cast_signed())
        .bind(found.is_whole())
        .execute(&app.pool)
        .await?;
    Ok(())
}

fn bad(leaf: u64, why: &str) -> Option<BadEntry> {
    Some(BadEntry {
        place: leaf.to_string(),
        why: why.to_owned(),
    })
}

/// Goes through the leaves in order, and compares the root wherever one was signed.
async fn look_at_log(
    app: &App,
    db: &mut PgConnection,
    heads: &[SignedHead],
    progress: &Progress,
) -> Result<(u64, Option<BadEntry>)> {
    let mut tree = Growing::default();
    let mut heads = heads.iter().peekable();
    let key = app.audit.key.sign.verifying_key();
    loop {
        let sql = format!(
            "select {} from audit_log where leaf >= $1 order by leaf limit $2",
            leaf::COLUMNS
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(tree.size().cast_signed())
            .bind(AT_ONCE)
            .fetch_all(&mut *db)
            .await?;
        let leaves: Vec<Leaf> = rows.iter().map(Leaf::read).collect();
        let sources = sources(db, &leaves).await?;
        for leaf in &leaves {
            let place = tree.size();
            if let Err(why) = look_at(app, leaf, place, &sources) {
                return Ok((place, bad(place, why)));
            }
            tree.push(shared::audit::tree::leaf(&leaf.entry));
            while let Some(signed) = heads.next_if(|signed| signed.head.size <= tree.size()) {
                let is_right = signed.is_signed_by(&key) && signed.head.root == tree.root();
                if signed.head.size == tree.size() && !is_right {
                    return Ok((place, bad(place, "not what was signed")));
                }
            }
        }
        progress.done.store(tree.size(), Ordering::Relaxed);
        if leaves.is_empty() {
            break;
        }
    }
    let size = tree.size();
    if heads.next().is_some() {
        return Ok((size, bad(size, "missing: a larger log was signed")));
    }
    let kept = sqlx::query("select size, peaks from audit_tree")
        .fetch_one(db)
        .await?;
    let kept = Growing::from_bytes(
        kept.get::<i64, _>("size").cast_unsigned(),
        kept.get("peaks"),
    );
    if kept != Some(tree) {
        return Ok((size, bad(size, "missing: the tree is another one")));
    }
    Ok((size, None))
}

/// What each leaf was made of, by source and number.
type Sources = BTreeMap<(i16, i64), Entry>;

async fn sources(db: &mut PgConnection, leaves: &[Leaf]) -> Result<Sources> {
    let mut found = Sources::new();
    for source in source::ALL {
        let of_source = leaves.iter().filter(|leaf| leaf.source == source.number());
        let ids: Vec<i64> = of_source.map(|leaf| leaf.source_id).collect();
        if !ids.is_empty() {
            let rows = source.some(db, &ids).await?;
            found.extend(
                rows.into_iter()
                    .filter_map(|(id, entry)| Some(((source.number(), id), entry?))),
            );
        }
    }
    Ok(found)
}

fn look_at(app: &App, leaf: &Leaf, place: u64, sources: &Sources) -> Result<(), &'static str> {
    let entry = leaf.check(&app.audit.key, place)?;
    let source = Source::of_number(leaf.source).ok_or("of no known source")?;
    let now = sources
        .get(&(leaf.source, leaf.source_id))
        .ok_or("what it was made of is gone")?;
    if source.is_still(&entry, now) {
        Ok(())
    } else {
        Err("what it was made of says something else")
    }
}

/// Looks for things that happened and were taken, but have no leaf.
async fn look_for_missing(db: &mut PgConnection) -> Result<Option<BadEntry>> {
    for source in source::ALL {
        let (table, column) = source.table();
        let sql = format!(
            "select {column} as id from {table}, audit_source where source = $1 and {column} <= done
                and not exists (select 1 from audit_log where audit_log.source = $1 and source_id = {column})
             order by 1 limit 1000"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(source.number())
            .fetch_all(&mut *db)
            .await?;
        let ids: Vec<i64> = rows.iter().map(|row| row.get("id")).collect();
        // some rows have no leaf of their own
        let lost = source
            .some(db, &ids)
            .await?
            .into_iter()
            .find(|(_, entry)| entry.is_some());
        if let Some((id, _)) = lost {
            return Ok(Some(BadEntry {
                place: format!("{table} {id}"),
                why: "it has no leaf".into(),
            }));
        }
    }
    Ok(None)
}

/// Unlocks the first key of a chain as it was kept.
pub(super) fn first_key(
    app: &App,
    device: shared::ids::DeviceId,
    incarnation: u16,
    kept: &[u8],
) -> Option<shared::audit::Hash> {
    shared::audit::start::unlock(&begun(kept)?, device, incarnation, &app.audit.key.unlock)
}
