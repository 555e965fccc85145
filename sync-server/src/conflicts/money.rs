//! What the books need a person for, as items: read where the books keep it, and settled there with a reason.

use super::list::{Narrow, Place, moment_of};
use crate::app::App;
use crate::books::{Role, work_as};
use crate::emergency::review::names;
use crate::error::Result;
use shared::clock::Now;
use shared::conflicts::ItemKind;
use shared::conflicts::list::{ConflictLeft, ConflictLine};
use shared::ids::StaffId;
use shared::problem::Problem;
use shared::sync::wire::hex;
use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder, Row};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Returns the number of what the books keep under the name of an item; nothing for the name of another.
pub(crate) fn number(name: &[u8]) -> Option<i64> {
    name.try_into().ok().map(i64::from_be_bytes)
}

/// Says of names that are of the books that they are settled there.
pub(super) fn elsewhere(names: &[Vec<u8>]) -> impl Iterator<Item = ConflictLeft> {
    let of_books = names.iter().filter(|name| number(name).is_some());
    of_books.map(|name| ConflictLeft {
        id: hex(name),
        problem: Problem::new("conflict.in_books", "ids"),
    })
}

/// Says whether a list that is narrowed like this has any of them: they are of no ward.
pub(super) fn is_listed(narrow: Narrow) -> bool {
    let is_asked = narrow.kind.is_none_or(|kind| kind == ItemKind::Money);
    narrow.may_read_books && is_asked && narrow.ward.is_none()
}

/// Narrows a statement about what the books keep.
pub(super) fn narrowed(sql: &mut QueryBuilder<Postgres>, narrow: Narrow) {
    sql.push(if narrow.is_settled {
        "settled_at is not null"
    } else {
        "settled_at is null"
    });
    if let Some(owner) = narrow.owner {
        sql.push(" and owner = ").push_bind(owner.0);
    }
    if let Some(us) = narrow.before_us {
        sql.push(" and at_ms * 1000 < ").push_bind(us);
    }
}

/// Returns what stands behind a place in the list, each with its own place.
pub(super) async fn page(
    app: &App,
    narrow: Narrow,
    after: Option<&Place>,
    most: i64,
) -> Result<Vec<(Place, ConflictLine)>> {
    let mut sql = QueryBuilder::new(
        "select int8send(id) as name, id, kind, patient, at_ms, owner, settled_by, (extract(epoch from settled_at) * 1000000)::bigint as settled_us
         from billing.exception where ",
    );
    narrowed(&mut sql, narrow);
    if let Some(place) = after {
        if narrow.is_settled {
            moment_of(sql.push(" and (settled_at, int8send(id)) < ("), place.us);
        } else {
            sql.push(" and (at_ms * 1000, int8send(id)) > (")
                .push_bind(place.us);
        }
        sql.push(", ").push_bind(place.id.clone()).push(")");
    }
    sql.push(if narrow.is_settled {
        " order by settled_at desc, int8send(id) desc limit "
    } else {
        " order by at_ms * 1000, int8send(id) limit "
    });
    sql.push_bind(most);
    let mut db = app.pool.acquire().await?;
    let rows = sql.build().fetch_all(&mut *db).await?;
    let patients: Vec<Uuid> = rows.iter().filter_map(|row| row.get("patient")).collect();
    let names = if patients.is_empty() {
        BTreeMap::new()
    } else {
        names(&mut db, &patients).await?
    };
    let placed = |row: &PgRow| {
        let settled_us: Option<i64> = row.get("settled_us");
        let at_us = row.get::<i64, _>("at_ms") * 1_000;
        let place = Place {
            us: settled_us.unwrap_or(at_us),
            id: row.get("name"),
        };
        (place, line(row, &names))
    };
    Ok(rows.iter().map(placed).collect())
}

fn line(row: &PgRow, names: &BTreeMap<Uuid, String>) -> ConflictLine {
    let settled_us: Option<i64> = row.get("settled_us");
    let staff = |column: &str| row.get::<Option<Uuid>, _>(column).map(StaffId);
    let patient: Option<Uuid> = row.get("patient");
    let rule = Problem::new("rule.money", "")
        .with("kind", row.get::<&str, _>("kind"))
        .with("exception", row.get::<i64, _>("id"));
    ConflictLine {
        id: hex(row.get("name")),
        kind: ItemKind::Money,
        rule,
        field: String::new(),
        record: None,
        record_kind: None,
        about: patient.and_then(|patient| names.get(&patient).cloned()),
        desk: None,
        ward: None,
        raised_at: Now(row.get("at_ms")).rfc3339(),
        owner: staff("owner"),
        settled_at: settled_us.map(|us| Now(us / 1_000).rfc3339()),
        settled_by: staff("settled_by"),
        action: settled_us.map(|_| "settled".to_owned()),
        can_undo: false,
    }
}

/// Says who looks after what the books keep under these numbers. Returns how many that is.
pub(super) async fn own(
    app: &App,
    by: StaffId,
    numbers: &[i64],
    owner: Option<StaffId>,
) -> Result<u64> {
    let mut tx = app.pool.begin().await?;
    work_as(&mut tx, Role::Billing).await?;
    let done = sqlx::query(
        "update billing.exception set owner = $3 where id = any($1) and settled_at is null and (owner is null or owner = $2 or $3 is not null)",
    )
    .bind(numbers)
    .bind(by.0)
    .bind(owner.map(|owner| owner.0))
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(done.rows_affected())
}
