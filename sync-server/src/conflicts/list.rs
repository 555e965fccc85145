//! Lists items, and shows one whole.

use super::money;
use crate::app::App;
use crate::deeds::{HUB, deed, note};
use crate::emergency::review::names;
use crate::error::{Error, Result};
use serde_json::Value;
use shared::access::Actor;
use shared::audit::entry::What;
use shared::clock::Now;
use shared::conflicts::list::{ConflictLine, ConflictWhole};
use shared::conflicts::settle::{at, may_keep_both};
use shared::conflicts::{Item, ItemKind};
use shared::document::Write;
use shared::ids::{RecordId, StaffId, WardId};
use shared::problem::Problem;
use shared::record::Kind;
use shared::sync::allow;
use shared::sync::wire::{hex, unhex};
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::types::Json;
use sqlx::{Postgres, QueryBuilder, Row};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What a list is narrowed to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Narrow {
    pub(crate) kind: Option<ItemKind>,
    pub(crate) ward: Option<WardId>,
    pub(crate) owner: Option<StaffId>,
    /// Raised before, in microseconds since 1970.
    pub(crate) before_us: Option<i64>,
    pub(crate) is_settled: bool,
    /// Whoever asks may see what the books need a person for.
    pub(crate) may_read_books: bool,
}

/// A place in a list: a moment in microseconds, and a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) us: i64,
    pub(crate) id: Vec<u8>,
}

impl Place {
    /// Reads the text of a place.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (us, id) = text.split_once('.')?;
        Some(Self {
            us: us.parse().ok()?,
            id: unhex(id)?,
        })
    }

    /// Returns it as text.
    pub(crate) fn text(&self) -> String {
        format!("{}.{}", self.us, hex(&self.id))
    }
}

/// What of an item a list shows. Lines have no name of a person yet: see [`name`].
const COLUMNS: &str = "select conflict_item.id, kind, record, record_kind, chart, conflict_item.device, device.name as desk, conflict_item.ward, field,
    conflict_item.body -> 'rule' as rule, (extract(epoch from raised_at) * 1000000)::bigint as raised_us,
    (extract(epoch from settled_at) * 1000000)::bigint as settled_us, owner, settled_by, action, undo is not null or (kind <> 5 and action in ('keep', 'dismiss')) as can_undo
    from conflict_item left join device on device.id = conflict_item.device where ";

/// Returns a page of items after a place, and where the last of it stands.
pub(crate) async fn page(
    app: &App,
    narrow: Narrow,
    after: Option<Place>,
    most: i64,
) -> Result<(Vec<ConflictLine>, Option<Place>)> {
    let mut found = items(app, narrow, after.as_ref(), most).await?;
    if money::is_listed(narrow) {
        found.extend(money::page(app, narrow, after.as_ref(), most).await?);
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        if narrow.is_settled {
            found.reverse();
        }
        found.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    }
    let last = found.last().map(|(place, _)| place.clone());
    Ok((found.into_iter().map(|(_, line)| line).collect(), last))
}

/// Returns items that are kept here, each with its place.
async fn items(
    app: &App,
    narrow: Narrow,
    after: Option<&Place>,
    most: i64,
) -> Result<Vec<(Place, ConflictLine)>> {
    let mut sql = QueryBuilder::new(COLUMNS);
    narrowed(&mut sql, narrow);
    let (moment, step, order) = if narrow.is_settled {
        ("settled_at", " < (", "desc")
    } else {
        ("raised_at", " > (", "asc")
    };
    if let Some(place) = after {
        sql.push(" and (")
            .push(moment)
            .push(", conflict_item.id)")
            .push(step);
        moment_of(&mut sql, place.us)
            .push(", ")
            .push_bind(place.id.clone())
            .push(")");
    }
    sql.push(format_args!(
        " order by {moment} {order}, conflict_item.id {order} limit "
    ))
    .push_bind(most);
    let mut db = app.pool.acquire().await?;
    let rows = sql.build().fetch_all(&mut *db).await?;
    let place = |row: &PgRow| {
        let us = if narrow.is_settled {
            row.get::<Option<i64>, _>("settled_us").unwrap_or_default()
        } else {
            row.get("raised_us")
        };
        Place {
            us,
            id: row.get("id"),
        }
    };
    let places: Vec<Place> = rows.iter().map(place).collect();
    let lines = named(&mut db, &rows).await?;
    Ok(places.into_iter().zip(lines).collect())
}

pub(super) fn moment_of(sql: &mut QueryBuilder<Postgres>, us: i64) -> &mut QueryBuilder<Postgres> {
    sql.push("'epoch'::timestamptz + ")
        .push_bind(us)
        .push(" * interval '1 microsecond'")
}

/// Narrows a statement about items that are kept here.
pub(super) fn narrowed(sql: &mut QueryBuilder<Postgres>, narrow: Narrow) {
    sql.push(if narrow.is_settled {
        "settled_at is not null"
    } else {
        "settled_at is null"
    });
    if let Some(kind) = narrow.kind {
        sql.push(" and kind = ").push_bind(i16::from(kind.number()));
    }
    if let Some(ward) = narrow.ward {
        sql.push(" and conflict_item.ward = ").push_bind(ward.0);
    }
    if let Some(owner) = narrow.owner {
        sql.push(" and owner = ").push_bind(owner.0);
    }
    if let Some(us) = narrow.before_us {
        sql.push(" and raised_at < ");
        moment_of(sql, us);
    }
}

async fn named(db: &mut PgConnection, rows: &[PgRow]) -> sqlx::Result<Vec<ConflictLine>> {
    let charts: Vec<Uuid> = rows.iter().filter_map(|row| row.get("chart")).collect();
    let names = if charts.is_empty() {
        BTreeMap::new()
    } else {
        names(db, &charts).await?
    };
    Ok(rows.iter().map(|row| line(row, &names)).collect())
}

fn line(row: &PgRow, names: &BTreeMap<Uuid, String>) -> ConflictLine {
    let number = |column: &str| {
        row.get::<Option<i16>, _>(column)
            .and_then(|number| u8::try_from(number).ok())
    };
    let staff = |column: &str| row.get::<Option<Uuid>, _>(column).map(StaffId);
    let at = |column: &str| {
        row.get::<Option<i64>, _>(column)
            .map(|us| Now(us / 1_000).rfc3339())
    };
    let Json(rule) = row.get("rule");
    ConflictLine {
        id: hex(row.get("id")),
        kind: number("kind")
            .and_then(ItemKind::from_number)
            .unwrap_or(ItemKind::Hard),
        rule,
        field: row.get("field"),
        record: row.get::<Option<Uuid>, _>("record").map(RecordId),
        record_kind: number("record_kind").and_then(Kind::from_number),
        about: row
            .get::<Option<Uuid>, _>("chart")
            .and_then(|chart| names.get(&chart).cloned()),
        desk: row.get("desk"),
        ward: row.get::<Option<Uuid>, _>("ward").map(WardId),
        raised_at: at("raised_us").unwrap_or_default(),
        owner: staff("owner"),
        settled_at: at("settled_us"),
        settled_by: staff("settled_by"),
        action: row.get("action"),
        can_undo: row.get::<Option<i64>, _>("settled_us").is_some()
            && row.get::<Option<bool>, _>("can_undo") == Some(true),
    }
}

/// Shows one whole to somebody, which is noted.
pub(crate) async fn whole(app: &App, actor: &Actor, id: &str) -> Result<ConflictWhole> {
    let gone = || Error::Missing(Problem::new("conflict.gone", "hash"));
    let id = unhex(id).ok_or_else(gone)?;
    let mut db = app.pool.acquire().await?;
    let mut sql = QueryBuilder::new(COLUMNS);
    sql.push("conflict_item.id = ").push_bind(&id);
    let rows = sql.build().fetch_all(&mut *db).await?;
    let line = named(&mut db, &rows).await?.pop().ok_or_else(gone)?;
    let (Json(item), body): (Json<Item>, Option<Value>) = sqlx::query_as(
        "select conflict_item.body, record.body from conflict_item left join record on record.id = conflict_item.record where conflict_item.id = $1",
    )
    .bind(&id)
    .fetch_one(&mut *db)
    .await?;
    let looked = deed(What::ChartViewed, HUB, Some(actor.staff)).because("conflict");
    let looked = match (line.record_kind, line.record) {
        (Some(kind), Some(record)) => looked.about(kind, record),
        (None, _) | (_, None) => looked,
    };
    note(&mut db, &looked).await?;
    let body = body.unwrap_or_default();
    let now: Vec<Value> = item.paths.iter().map(|path| at(&body, path)).collect();
    Ok(ConflictWhole {
        desks: desks(&mut db, &item).await?,
        may_settle: may_settle(&line, &item, &body, actor),
        may_keep_both: line
            .record_kind
            .is_some_and(|kind| may_keep_both(kind, &item)),
        other: other(&item),
        now,
        item,
        line,
    })
}

/// Returns the other record, of two that may be of one person.
pub(crate) fn other(item: &Item) -> Option<RecordId> {
    item.rule.with.get("other")?.parse().ok()
}

/// Says whether somebody may write what an item is about. Held work has a page of its own.
fn may_settle(line: &ConflictLine, item: &Item, body: &Value, actor: &Actor) -> bool {
    if line.kind == ItemKind::Quarantine {
        return false;
    }
    let write = |path: &String| Write {
        path: path.clone(),
        value: at(body, path),
    };
    let writes: Vec<Write> = item.paths.iter().map(write).collect();
    match line.record_kind {
        Some(kind) if !item.sides.is_empty() => {
            allow::forbidden(kind, body, &writes, actor).is_empty()
        }
        Some(_) | None => true,
    }
}

async fn desks(db: &mut PgConnection, item: &Item) -> sqlx::Result<Vec<String>> {
    let numbers: Vec<i64> = item
        .sides
        .iter()
        .map(|side| i64::from(side.device))
        .collect();
    let rows: Vec<(i64, String)> =
        sqlx::query_as("select number, name from device where number = any($1)")
            .bind(&numbers)
            .fetch_all(db)
            .await?;
    let names: BTreeMap<i64, String> = rows.into_iter().collect();
    Ok(numbers
        .iter()
        .map(|number| names.get(number).cloned().unwrap_or_default())
        .collect())
}
