//! Visits by what came of them, by day and by department.

use super::Range;
use crate::app::App;
use crate::error::Result;
use shared::ids::{DepartmentId, RecordId, StaffId, WardId};
use shared::overview::{DayVisits, DepartmentVisits, Turnout, Turnouts, VisitLine, days};
use shared::scheduling::AppointmentStatus;
use sqlx::Row;
use sqlx::postgres::PgRow;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Visits of some days.
#[derive(Debug, Default)]
pub(crate) struct Visits {
    pub(crate) days: Vec<DayVisits>,
    pub(crate) departments: Vec<DepartmentVisits>,
}

/// Each day is a stretch of the index, so nothing outside them is read and no text is taken for a time.
const COUNT: &str = "select day.nth, record.body ->> 'department' as department, record.body ->> 'status' as status, count(*) as visits
    from unnest($1::text[], $2::text[]) with ordinality as day (since, until, nth)
    join record on record.kind = 2 and record.at collate \"C\" >= day.since and record.at collate \"C\" < day.until
    where $3::text is null or record.body ->> 'department' = $3
    group by day.nth, department, status";

/// Counts visits of some days, of one department or of all.
pub(crate) async fn count(
    app: &App,
    range: Range,
    department: Option<DepartmentId>,
) -> Result<Visits> {
    let all = days(range.from, range.to, &app.zone());
    let rows = sqlx::query(COUNT)
        .bind(all.iter().map(|day| day.from.as_str()).collect::<Vec<_>>())
        .bind(all.iter().map(|day| day.until.as_str()).collect::<Vec<_>>())
        .bind(department.map(|department| department.0.to_string()))
        .fetch_all(&app.pool)
        .await?;
    let mut by_day = vec![Turnouts::default(); all.len()];
    let mut by_department: BTreeMap<Option<DepartmentId>, Turnouts> = BTreeMap::new();
    for row in &rows {
        let Some(turnout) = status(row).and_then(Turnout::of) else {
            continue;
        };
        let visits = u32::try_from(row.get::<i64, _>("visits")).unwrap_or(u32::MAX);
        let nth = usize::try_from(row.get::<i64, _>("nth")).unwrap_or_default();
        if let Some(day) = nth.checked_sub(1).and_then(|nth| by_day.get_mut(nth)) {
            day.add(turnout, visits);
        }
        by_department
            .entry(department_of(row))
            .or_default()
            .add(turnout, visits);
    }
    let day = |(day, visits): (&shared::overview::Day, Turnouts)| DayVisits {
        day: day.date.to_string(),
        visits,
    };
    let of = |(department, visits): (Option<DepartmentId>, Turnouts)| DepartmentVisits {
        department,
        visits,
        missed_permille: visits.missed_permille(),
    };
    Ok(Visits {
        days: all.iter().zip(by_day).map(day).collect(),
        departments: by_department.into_iter().map(of).collect(),
    })
}

fn status(row: &PgRow) -> Option<AppointmentStatus> {
    AppointmentStatus::parse(row.get::<Option<&str>, _>("status")?)
}

fn department_of(row: &PgRow) -> Option<DepartmentId> {
    let text: Option<&str> = row.get("department");
    text?.parse().ok().map(DepartmentId)
}

/// A place in a list of visits: when one begins, and which it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    at: String,
    id: Uuid,
}

impl Place {
    /// Reads the text of a place.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (at, id) = text.split_once('~')?;
        Some(Self {
            at: at.to_owned(),
            id: id.parse().ok()?,
        })
    }

    /// Returns the place of a visit, as text.
    pub(crate) fn text(line: &VisitLine) -> String {
        format!("{}~{}", line.at, line.id.0)
    }
}

/// Lists visits that count as something, the earliest first.
pub(crate) async fn list(
    app: &App,
    range: Range,
    of: Turnout,
    department: Option<DepartmentId>,
    after: Option<Place>,
    most: i64,
) -> Result<Vec<VisitLine>> {
    let all = days(range.from, range.to, &app.zone());
    let (Some(first), Some(last)) = (all.first(), all.last()) else {
        return Ok(Vec::new());
    };
    let after = after.unwrap_or_else(|| Place {
        at: String::new(),
        id: Uuid::nil(),
    });
    let rows = sqlx::query(
        "select id, at, ward, body ->> 'department' as department, body ->> 'practitioner' as practitioner, body ->> 'status' as status
         from record where kind = 2 and at collate \"C\" >= $1 and at collate \"C\" < $2 and (at collate \"C\", id) > ($3, $4)
            and body ->> 'status' = any($5) and ($6::text is null or body ->> 'department' = $6)
         order by at collate \"C\", id limit $7",
    )
    .bind(&first.from)
    .bind(&last.until)
    .bind(after.at)
    .bind(after.id)
    .bind(of.words())
    .bind(department.map(|department| department.0.to_string()))
    .bind(most)
    .fetch_all(&app.pool)
    .await?;
    Ok(rows.iter().filter_map(line).collect())
}

fn line(row: &PgRow) -> Option<VisitLine> {
    let practitioner: Option<&str> = row.get("practitioner");
    Some(VisitLine {
        id: RecordId(row.get("id")),
        at: row.get("at"),
        status: status(row)?,
        department: department_of(row),
        practitioner: practitioner.and_then(|text| text.parse().ok().map(StaffId)),
        ward: row.get::<Option<Uuid>, _>("ward").map(WardId),
    })
}
