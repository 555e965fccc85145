//! Counts the whole hospital, and lists what each figure counts. What counts as what is said in `shared::overview`.

mod lags;
pub(crate) mod takings;
pub(crate) mod visits;

use crate::app::App;
use crate::conflicts::count;
use crate::error::Result;
use jiff::civil::Date;
use shared::access::{Role, Task, may_do};
use shared::ids::{DepartmentId, WardId};
use shared::overview::{Overview, first_day};

/// What somebody wants to see.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask {
    /// One of [`shared::overview::SPANS`].
    pub(crate) span: u16,
    /// Visits of one department alone.
    pub(crate) department: Option<DepartmentId>,
    /// Decisions and workstations of one ward alone.
    pub(crate) ward: Option<WardId>,
}

/// From one day to another, both with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range {
    pub(crate) from: Date,
    pub(crate) to: Date,
}

/// Counts everything that somebody with these roles may see.
pub(crate) async fn count_all(app: &App, roles: &[Role], ask: Ask) -> Result<Overview> {
    let (now, to) = (app.now(), app.today());
    let range = Range {
        from: first_day(to, ask.span),
        to,
    };
    let may_read_books = may_do(roles, Task::ReadBooks).is_ok();
    let visits = visits::count(app, range, ask.department).await?;
    let money = if may_read_books {
        Some(takings::count(app, range).await?)
    } else {
        None
    };
    Ok(Overview {
        at: now.rfc3339(),
        from: range.from.to_string(),
        to: range.to.to_string(),
        days: visits.days,
        departments: visits.departments,
        money,
        items: count::by_kind(app, ask.ward, may_read_books).await?,
        lags: lags::of_wards(app, ask.ward).await?,
    })
}
