//! Looks at the whole log again: every leaf, where it came from, every signed root, and the chains of the desks.

use super::arrive::begun;
use super::leaf::{self, Leaf};
use super::source::{self, Source};
use super::{chains, head};
use crate::app::App;
use crate::error::{Error, Result};
use serde::Serialize;
use shared::audit::entry::Entry;
use shared::audit::head::SignedHead;
use shared::audit::tree::Growing;
use sqlx::{PgConnection, Row};
use std::collections::BTreeMap;
use std::path::Path;

/// Leaves that are looked at together.
const AT_ONCE: i64 = 5_000;

/// What a look at everything found.
#[derive(Debug, Default, Serialize)]
pub struct Verified {
    pub leaves: u64,
    pub heads: usize,
    pub chains: u64,
    /// Alarms that were raised when entries came from desks.
    pub alarms: i64,
    /// The first entry of the log that is not as it was written.
    pub first_bad_leaf: Option<Bad>,
    /// The first bad entry of each desk's chain that is not as it came.
    pub bad_chains: Vec<Bad>,
}

/// An entry that is not as it was written.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Bad {
    /// The leaf, or the device, incarnation and place of its chain.
    pub place: String,
    pub why: String,
}

impl Verified {
    /// Says whether everything is as it was written.
    pub fn is_whole(&self) -> bool {
        self.first_bad_leaf.is_none() && self.bad_chains.is_empty()
    }
}

/// Verifies everything, in one moment of the database. `file` holds signed heads from elsewhere.
pub async fn verify(app: &App, file: Option<&Path>) -> Result<Verified> {
    let mut tx = app.pool.begin().await?;
    sqlx::raw_sql("set transaction isolation level repeatable read read only")
        .execute(&mut *tx)
        .await?;
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
    let (leaves, bad) = look_at_log(app, &mut tx, &heads).await?;
    let missing = match bad {
        Some(bad) => Some(bad),
        None => look_for_missing(&mut tx).await?,
    };
    let (chains, bad_chains) = chains::look_at_all(app, &mut tx).await?;
    let alarms = sqlx::query_scalar("select count(*) from audit_log where what = 41")
        .fetch_one(&mut *tx)
        .await?;
    Ok(Verified {
        leaves,
        heads: heads.len(),
        chains,
        alarms,
        first_bad_leaf: missing,
        bad_chains,
    })
}

fn bad(leaf: u64, why: &str) -> Option<Bad> {
    Some(Bad {
        place: leaf.to_string(),
        why: why.to_owned(),
    })
}

/// Goes through the leaves in order, and compares the root wherever one was signed.
async fn look_at_log(
    app: &App,
    db: &mut PgConnection,
    heads: &[SignedHead],
) -> Result<(u64, Option<Bad>)> {
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
async fn look_for_missing(db: &mut PgConnection) -> Result<Option<Bad>> {
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
            return Ok(Some(Bad {
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
