//! What waits long or was set aside, as a person looks at it; and having it tried again.

use crate::app::App;
use crate::deeds::{HUB, deed, note};
use crate::error::{Error, Result};
use shared::audit::entry::What;
use shared::clock::Now;
use shared::health::{EventAgain, EventLine, EventPage, LONG_MS};
use shared::ids::{RecordId, StaffId};
use shared::problem::Problem;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

/// Lines of the list, at most.
const LINES: i64 = 200;

/// Returns the events that somebody may look at, those that were set aside first.
pub(crate) async fn page(app: &App) -> Result<EventPage> {
    let rows = sqlx::query(PAGE)
        .bind(app.now().0 - LONG_MS)
        .bind(LINES)
        .fetch_all(&app.pool)
        .await?;
    let total = |column: &str| {
        let count = rows.first().map_or(0, |row| row.get::<i64, _>(column));
        u32::try_from(count).unwrap_or(u32::MAX)
    };
    Ok(EventPage {
        set_aside: total("all_set_aside"),
        waiting: total("all_waiting"),
        lines: rows.iter().map(line).collect(),
    })
}

const PAGE: &str = "with listed as (
        select null::text as consumer, seq::text as id, type, subject::text as subject, recorded_ms as at_ms, 0 as tries,
            case when set_aside_at is not null then 'event.unreadable' end as code,
            (extract(epoch from set_aside_at) * 1000)::bigint as aside_ms, null::bigint as next_ms
        from event where set_aside_at is not null or (published_at is null and recorded_ms < $1)
        union all
        select consumer, event, body ->> 'type', body ->> 'subject', (extract(epoch from arrived_at) * 1000)::bigint, tries, code,
            (extract(epoch from set_aside_at) * 1000)::bigint, (extract(epoch from try_at) * 1000)::bigint
        from event_inbox where taken_at is null
            and (set_aside_at is not null or arrived_at < 'epoch'::timestamptz + $1 * interval '1 millisecond')
    )
    select listed.*, count(aside_ms) over () as all_set_aside, count(*) over () - count(aside_ms) over () as all_waiting
    from listed order by aside_ms is null, at_ms, id limit $2";

fn line(row: &PgRow) -> EventLine {
    let moment = |column: &str| {
        let at_ms: Option<i64> = row.get(column);
        at_ms.map(|at_ms| Now(at_ms).rfc3339())
    };
    let text = |column: &str| row.get::<Option<String>, _>(column);
    let set_aside = moment("aside_ms");
    EventLine {
        consumer: text("consumer"),
        id: row.get("id"),
        what: text("type").as_deref().map(word).unwrap_or_default(),
        record: text("subject").and_then(|id| id.parse().ok().map(RecordId)),
        at: moment("at_ms").unwrap_or_default(),
        tries: row.get::<i32, _>("tries").unsigned_abs(),
        code: text("code"),
        next: moment("next_ms").filter(|_| set_aside.is_none()),
        set_aside,
    }
}

/// Returns the word of a type such as `org.wardbook.appointment.scheduled.v1`.
fn word(name: &str) -> String {
    name.split('.').nth(3).unwrap_or_default().to_owned()
}

/// Has an event tried again at once, and notes who asked for it.
pub(crate) async fn again(app: &App, ask: &EventAgain, by: StaffId) -> Result<()> {
    let mut tx = app.pool.begin().await?;
    let is_there = match &ask.consumer {
        Some(consumer) => take_again(&mut tx, consumer, &ask.id).await?,
        None => hand_on_again(&mut tx, &ask.id).await?,
    };
    if !is_there {
        return Err(Error::Missing(Problem::new("event.gone", "id")));
    }
    let asked = deed(What::Administered, HUB, Some(by)).because("event.again");
    note(&mut tx, &asked).await?;
    tx.commit().await?;
    app.told.announce();
    Ok(())
}

/// It begins to be tried as if it had just come.
async fn take_again(db: &mut PgConnection, consumer: &str, event: &str) -> Result<bool> {
    let done = sqlx::query(
        "update event_inbox set tries = 0, try_at = now(), set_aside_at = null
         where consumer = $1 and event = $2 and taken_at is null",
    )
    .bind(consumer)
    .bind(event)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

async fn hand_on_again(db: &mut PgConnection, seq: &str) -> Result<bool> {
    let Ok(seq) = seq.parse::<i64>() else {
        return Ok(false);
    };
    let done =
        sqlx::query("update event set set_aside_at = null where seq = $1 and published_at is null")
            .bind(seq)
            .execute(db)
            .await?;
    Ok(done.rows_affected() == 1)
}
