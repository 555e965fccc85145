//! Lists what patients have to be told, and notes that they were. What is worth telling is said in `shared::notices`.

use crate::app::App;
use crate::deeds::{HUB, deed, note};
use crate::error::{Error, Result};
use serde_json::Value;
use shared::audit::entry::What;
use shared::clock::Now;
use shared::ids::{RecordId, StaffId};
use shared::notices::{NoticeKind, NoticeLine, NoticeSaid, NoticeState, Telling, barrier, phones};
use shared::patients::Patient;
use shared::problem::Problem;
use shared::record;
use shared::record::Kind;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A place in a list: a moment, and a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    ms: i64,
    appointment: Uuid,
    nth: i32,
}

impl Place {
    /// Reads the text of a place.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('~');
        let place = Self {
            ms: parts.next()?.parse().ok()?,
            appointment: parts.next()?.parse().ok()?,
            nth: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(place)
    }

    /// Returns it as text.
    pub(crate) fn text(&self) -> String {
        format!("{}~{}~{}", self.ms, self.appointment, self.nth)
    }
}

/// What a list is narrowed to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Narrow {
    pub(crate) state: NoticeState,
    pub(crate) patient: Option<RecordId>,
}

/// Returns a page of notices after a place, and where the last of it stands.
pub(crate) async fn page(
    app: &App,
    narrow: Narrow,
    after: Option<Place>,
    most: i64,
) -> Result<(Vec<NoticeLine>, Option<Place>)> {
    let now = app.now();
    let (moment, step, order) = match narrow.state {
        NoticeState::Waiting => ("start_ms", ">", "asc"),
        NoticeState::Told | NoticeState::Over => ("at_ms", "<", "desc"),
    };
    let mut sql = QueryBuilder::new(
        "select appointment, nth, kind, patient, start_ms, at_ms, tries, given_by,
            (extract(epoch from tried_at) * 1000)::bigint as tried_ms, (extract(epoch from given_at) * 1000)::bigint as given_ms
         from notice where ",
    );
    of_state(&mut sql, narrow.state, now.0);
    if let Some(patient) = narrow.patient {
        sql.push(" and patient = ").push_bind(patient.0);
    }
    if let Some(place) = after {
        sql.push(format_args!(" and ({moment}, appointment, nth) {step} ("))
            .push_bind(place.ms)
            .push(", ")
            .push_bind(place.appointment)
            .push(", ")
            .push_bind(place.nth)
            .push(")");
    }
    sql.push(format_args!(
        " order by {moment} {order}, appointment {order}, nth {order} limit "
    ))
    .push_bind(most);
    let mut db = app.pool.acquire().await?;
    let rows = sql.build().fetch_all(&mut *db).await?;
    let patients = patients(&mut db, &rows).await?;
    let place = |row: &PgRow| Place {
        ms: row.get(moment),
        appointment: row.get("appointment"),
        nth: row.get("nth"),
    };
    let last = rows.last().map(place);
    let of_row = |row: &PgRow| line(row, narrow.state, &patients);
    Ok((rows.iter().filter_map(of_row).collect(), last))
}

/// Narrows to notices of a state: what is worth telling depends on the kind and on when the visit begins.
fn of_state(sql: &mut QueryBuilder<Postgres>, state: NoticeState, now_ms: i64) {
    if state == NoticeState::Told {
        sql.push("given_at is not null");
        return;
    }
    let late: Vec<&str> = NoticeKind::ALL
        .into_iter()
        .filter(|kind| kind.begins_after(now_ms) != now_ms)
        .map(NoticeKind::word)
        .collect();
    let begins_after = NoticeKind::NoShow.begins_after(now_ms);
    sql.push("given_at is null and ");
    if state == NoticeState::Over {
        sql.push("not ");
    }
    sql.push("(not is_pointless and start_ms > ")
        .push_bind(begins_after)
        .push(" and (start_ms > ")
        .push_bind(now_ms)
        .push(" or kind = any(")
        .push_bind(late)
        .push(")))");
}

async fn patients(db: &mut PgConnection, rows: &[PgRow]) -> sqlx::Result<BTreeMap<Uuid, Patient>> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.get("patient")).collect();
    let rows = sqlx::query("select id, body from record where id = any($1) and kind = 1")
        .bind(ids)
        .fetch_all(db)
        .await?;
    let read = |row: &PgRow| {
        let body: Value = row.get("body");
        Some((row.get("id"), record::parse(&body).ok()?))
    };
    Ok(rows.iter().filter_map(read).collect())
}

fn line(row: &PgRow, state: NoticeState, patients: &BTreeMap<Uuid, Patient>) -> Option<NoticeLine> {
    let of_patient: Uuid = row.get("patient");
    let patient = patients.get(&of_patient);
    let name = patient.and_then(Patient::display_name);
    let parts = name.map(|name| [name.family.as_deref(), name.given.as_deref()]);
    let parts: Vec<&str> = parts.into_iter().flatten().flatten().collect();
    let at = |column: &str| {
        let ms: Option<i64> = row.get(column);
        ms.map(|ms| Now(ms).rfc3339())
    };
    let count = |column: &str| u32::try_from(row.get::<i32, _>(column)).unwrap_or_default();
    let waits = state == NoticeState::Waiting;
    Some(NoticeLine {
        appointment: RecordId(row.get("appointment")),
        nth: count("nth"),
        kind: NoticeKind::parse(row.get("kind"))?,
        state,
        patient: RecordId(of_patient),
        name: parts.join(", "),
        phones: patient.filter(|_| waits).map(phones).unwrap_or_default(),
        barrier: barrier(patient).filter(|_| waits),
        start: at("start_ms").unwrap_or_default(),
        at: at("at_ms").unwrap_or_default(),
        tries: count("tries"),
        tried_at: at("tried_ms"),
        told_at: at("given_ms"),
        told_by: row.get::<Option<Uuid>, _>("given_by").map(StaffId),
    })
}

/// Notes what came of telling somebody; not of what is over, or was told already.
pub(crate) async fn say(app: &App, by: StaffId, said: NoticeSaid) -> Result<()> {
    let (statement, word) = match said.telling {
        Telling::Told => (TOLD, "notice.told"),
        Telling::NotReached => (NOT_REACHED, "notice.not_reached"),
    };
    let mut tx = app.pool.begin().await?;
    let done = sqlx::query(statement)
        .bind(said.appointment.0)
        .bind(i32::try_from(said.nth).unwrap_or(i32::MAX))
        .bind(by.0)
        .execute(&mut *tx)
        .await?;
    if done.rows_affected() == 0 {
        return Err(Error::Clash(Problem::new("notice.over", "appointment")));
    }
    let entry = deed(What::Administered, HUB, Some(by)).because(word);
    note(&mut tx, &entry.about(Kind::Appointment, said.appointment)).await?;
    Ok(tx.commit().await?)
}

const TOLD: &str = "update notice set given_at = now(), given_by = $3 where appointment = $1 and nth = $2 and given_at is null and not is_pointless";
const NOT_REACHED: &str = "update notice set tries = tries + 1, tried_at = now()
    where appointment = $1 and nth = $2 and given_at is null and not is_pointless and $3::uuid is not null";
