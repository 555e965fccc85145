//! When the doctors of the sample hospital see patients. Tomáš does whenever the clinic is open, so he needs no word.

use crate::app::App;
use crate::scheduling::hours;
use anyhow::Result;
use jiff::ToSpan;
use jiff::civil::time;
use shared::ids::StaffId;
use shared::scheduling::clinic::{Clinic, Hours, Schedule};
use uuid::Uuid;

/// Who pauses from when to when, and whose afternoons are short.
const PAUSES: [(&str, i8, i8); 3] = [("ada", 12, 13), ("musa", 13, 14), ("ines", 12, 13)];
const SHORT_DAYS: [(&str, usize); 2] = [("ada", 4), ("ines", 2)];

/// Says when each doctor sees patients, unless somebody has said it already.
pub(super) async fn make(app: &App) -> Result<()> {
    let clinic = Clinic::of_zone(app.zone());
    let mut tx = app.pool.begin().await?;
    for (username, from, to) in PAUSES {
        let doctor: Option<Uuid> = sqlx::query_scalar(
            "select id from staff where username = $1 and not exists (select 1 from schedule where practitioner = staff.id)",
        )
        .bind(username)
        .fetch_optional(&mut *tx)
        .await?;
        let Some(doctor) = doctor else {
            continue;
        };
        let mut schedule = Schedule::full_week(StaffId(doctor), Vec::new(), &clinic);
        schedule.breaks.push(Hours {
            from: time(from, 0, 0, 0),
            to: time(to, 0, 0, 0),
        });
        for (_, weekday) in SHORT_DAYS.iter().filter(|(who, _)| *who == username) {
            for hours in &mut schedule.hours[*weekday] {
                hours.to = time(16, 0, 0, 0);
            }
        }
        if username == "musa" {
            let first = app.today().saturating_add(21.days());
            schedule.leave.push((first, first.saturating_add(6.days())));
        }
        hours::set(&mut tx, &schedule).await?;
    }
    tx.commit().await?;
    Ok(())
}
