//! Who may be registered twice: patients are looked up by coarse keys in the database and compared by `shared::matching`. Who is
//! likely to be the same person is an item, until somebody merges them or says that they are not.

use crate::app::App;
use crate::error::Result;
use serde_json::Value;
use sha2::{Digest, Sha256};
use shared::conflicts::{Item, ItemKind};
use shared::ids::{RecordId, StaffId};
use shared::matching::evidence::Reason;
use shared::matching::traits::Traits;
use shared::matching::{Grade, Likeness, blocks, compare};
use shared::merging::{MergeAsk, replaced_by};
use shared::patients::Patient;
use shared::problem::Problem;
use shared::record;
use shared::sync::wire::hex;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use uuid::Uuid;

/// How often is looked at patients that changed.
const EVERY: Duration = Duration::from_secs(20);
/// So many changes between two looks are very much.
const BUSY: i64 = 2_000;
/// It waits for them no longer than so many looks.
const PUT_OFF: u32 = 30;
/// Patients that are looked at in one go.
const AT_ONCE: i64 = 200;
/// A key that more patients share says nothing, as in `shared::matching::blocks`.
const SHARED_AT_MOST: i64 = 500;
/// The field of an item about two records.
const PAIR: &str = "pair";

/// Looks at patients that changed, until it is dropped. While very much comes in, a first load or an import, it waits.
pub(crate) async fn run(app: App) {
    let (mut seen, mut put_off, mut has_news) = (0, 0, false);
    loop {
        let newest = newest(&app).await.unwrap_or(seen);
        has_news |= newest != seen;
        let is_busy = newest - seen > BUSY && put_off < PUT_OFF;
        seen = newest;
        put_off = if is_busy { put_off + 1 } else { 0 };
        if has_news && !is_busy {
            has_news = sweep(&app).await.is_err();
            if has_news {
                tracing::warn!("Likely duplicates could not be looked for; it is tried again");
            }
        }
        tokio::time::sleep(EVERY).await;
    }
}

async fn newest(app: &App) -> sqlx::Result<i64> {
    sqlx::query_scalar("select coalesce(max(id), 0) from change")
        .fetch_one(&app.pool)
        .await
}

/// Somebody who may be the person that was asked about.
#[derive(Debug)]
pub(crate) struct Match {
    pub(crate) id: RecordId,
    pub(crate) body: Value,
    pub(crate) likeness: Likeness,
}

/// A patient whose keys are out of date.
struct Changed {
    id: RecordId,
    heads: Vec<u8>,
    body: Value,
}

/// Looks at every patient that changed since. Returns how many there were.
pub async fn sweep(app: &App) -> Result<usize> {
    let mut all = 0;
    loop {
        let changed = refresh(app).await?;
        for one in &changed {
            raise(app, one).await?;
        }
        note_looked(app, &changed).await?;
        all += changed.len();
        if changed.len() < usize::try_from(AT_ONCE).unwrap_or_default() {
            return Ok(all);
        }
    }
}

/// Writes the keys of patients that changed. They are noted as looked at only when that is done.
async fn refresh(app: &App) -> Result<Vec<Changed>> {
    let rows = sqlx::query(
        "select id, record.heads, body from record left join patient_keyed on patient_keyed.record = id
         where kind = 1 and patient_keyed.heads is distinct from record.heads order by id limit $1",
    )
    .bind(AT_ONCE)
    .fetch_all(&app.pool)
    .await?;
    let changed = |row: &PgRow| {
        let Json(body) = row.get("body");
        Changed {
            id: RecordId(row.get("id")),
            heads: row.get("heads"),
            body,
        }
    };
    let changed: Vec<Changed> = rows.iter().map(changed).collect();
    let (mut records, mut keys) = (Vec::new(), Vec::new());
    for one in &changed {
        for key in keys_of(&one.body) {
            records.push(one.id.0);
            keys.push(key);
        }
    }
    let mut tx = app.pool.begin().await?;
    sqlx::query("delete from patient_key where record = any($1)")
        .bind(changed.iter().map(|one| one.id.0).collect::<Vec<_>>())
        .execute(&mut *tx)
        .await?;
    sqlx::query("insert into patient_key (record, key) select * from unnest($1::uuid[], $2::text[]) on conflict do nothing")
        .bind(records)
        .bind(keys)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(changed)
}

/// Returns what a patient is looked up by; nothing for a record that was replaced.
fn keys_of(body: &Value) -> BTreeSet<String> {
    if replaced_by(body).is_some() {
        return BTreeSet::new();
    }
    record::parse::<Patient>(body)
        .map(|patient| blocks::keys(&Traits::of(&patient)))
        .unwrap_or_default()
}

async fn note_looked(app: &App, changed: &[Changed]) -> Result<()> {
    sqlx::query("insert into patient_keyed (record, heads) select * from unnest($1::uuid[], $2::bytea[]) on conflict (record) do update set heads = excluded.heads")
        .bind(changed.iter().map(|one| one.id.0).collect::<Vec<_>>())
        .bind(changed.iter().map(|one| one.heads.as_slice()).collect::<Vec<_>>())
        .execute(&app.pool)
        .await?;
    Ok(())
}

/// Returns who may be a person, the likeliest first.
pub(crate) async fn matches(
    app: &App,
    patient: &Patient,
    apart: Option<RecordId>,
    most: usize,
) -> Result<Vec<Match>> {
    let asked = Traits::of(patient);
    let keys: Vec<String> = blocks::keys(&asked).into_iter().collect();
    let rows = sqlx::query(
        "select asked.key, found.record from unnest($1::text[]) as asked (key)
         cross join lateral (select record from patient_key where patient_key.key = asked.key limit $2 + 1) as found",
    )
    .bind(&keys)
    .bind(SHARED_AT_MOST)
    .fetch_all(&app.pool)
    .await?;
    let mut by_key: BTreeMap<String, Vec<Uuid>> = BTreeMap::new();
    for row in &rows {
        by_key
            .entry(row.get("key"))
            .or_default()
            .push(row.get("record"));
    }
    by_key.retain(|_, records| {
        i64::try_from(records.len()).is_ok_and(|count| count <= SHARED_AT_MOST)
    });
    let mut found: BTreeSet<Uuid> = by_key.into_values().flatten().collect();
    found.remove(&apart.map(|id| id.0).unwrap_or_default());
    let rows =
        sqlx::query("select id, body from record where id = any($1) and kind = 1 order by id")
            .bind(found.into_iter().collect::<Vec<_>>())
            .fetch_all(&app.pool)
            .await?;
    let like = |row: &PgRow| {
        let Json(body): Json<Value> = row.get("body");
        let other: Patient = record::parse(&body).ok()?;
        let likeness =
            compare(&asked, &Traits::of(&other)).filter(|_| replaced_by(&body).is_none())?;
        Some(Match {
            id: RecordId(row.get("id")),
            body,
            likeness,
        })
    };
    let mut matches: Vec<Match> = rows.iter().filter_map(like).collect();
    matches.sort_by_key(|one| -one.likeness.decibans);
    matches.truncate(most);
    Ok(matches)
}

/// Keeps who is likely to be a patient as items, and closes those that are not likely any more.
async fn raise(app: &App, of: &Changed) -> Result<()> {
    const MOST: usize = 50;
    let mut likely = Vec::new();
    if let (Ok(patient), None) = (record::parse::<Patient>(&of.body), replaced_by(&of.body)) {
        likely = matches(app, &patient, Some(of.id), MOST).await?;
        likely.retain(|one| one.likeness.grade != Grade::Possible);
    }
    let names: Vec<Vec<u8>> = likely.iter().map(|one| name(of.id, one.id)).collect();
    let mut tx = app.pool.begin().await?;
    sqlx::query("update conflict_item set settled_at = now(), action = 'changed' where field = $4 and kind = 4 and settled_at is null and id <> all($1) and (record = $2 or body -> 'rule' -> 'with' ->> 'other' = $3)")
        .bind(&names)
        .bind(of.id.0)
        .bind(of.id.to_string())
        .bind(PAIR)
        .execute(&mut *tx)
        .await?;
    for (one, id) in likely.iter().zip(names) {
        let (first, other) = if of.id < one.id {
            (of.id, one.id)
        } else {
            (one.id, of.id)
        };
        let item = item(hex(&id), other, &one.likeness);
        sqlx::query(RAISE)
            .bind(&id)
            .bind(first.0)
            .bind(PAIR)
            .bind(Json(item))
            .execute(&mut *tx)
            .await?;
    }
    Ok(tx.commit().await?)
}

const RAISE: &str = "insert into conflict_item (id, kind, record, record_kind, chart, ward, field, body)
    select $1, 4, $2, 1, $2, (select ward from record where id = $2), $3, $4
    on conflict (id) do update set body = excluded.body,
        -- what a person said about two records stands
        settled_at = case when conflict_item.action = 'changed' then null else conflict_item.settled_at end,
        action = case when conflict_item.action = 'changed' then null else conflict_item.action end";

fn item(id: String, other: RecordId, likeness: &Likeness) -> Item {
    let code = match likeness.grade {
        Grade::Certain => "match.certain",
        Grade::Probable => "match.probable",
        Grade::Possible => "match.possible",
    };
    let words = |reasons: &[Reason]| {
        reasons
            .iter()
            .map(|reason| reason.word())
            .collect::<Vec<_>>()
            .join(" ")
    };
    let rule = Problem::new(code, "");
    let rule = rule
        .with("other", other)
        .with("reasons", words(&likeness.reasons));
    Item {
        id,
        kind: ItemKind::Duplicate,
        rule: rule.with("against", words(&likeness.against)),
        paths: Vec::new(),
        before: Vec::new(),
        sides: Vec::new(),
        settled: None,
    }
}

/// Names the item of two records, whichever is said first.
fn name(one: RecordId, other: RecordId) -> Vec<u8> {
    let (first, second) = if one < other {
        (one, other)
    } else {
        (other, one)
    };
    let digest = Sha256::digest([first.0.as_bytes().as_slice(), second.0.as_bytes()].concat());
    digest[..16].to_vec()
}

/// Closes the item of two records.
pub(crate) async fn close(
    db: &mut PgConnection,
    ask: MergeAsk,
    by: StaffId,
    action: &str,
) -> sqlx::Result<()> {
    sqlx::query("update conflict_item set settled_at = coalesce(settled_at, now()), settled_by = $2, action = $3 where id = $1")
        .bind(name(ask.gone, ask.kept))
        .bind(by.0)
        .bind(action)
        .execute(db)
        .await?;
    Ok(())
}
