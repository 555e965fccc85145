//! Held work: looked at and decided by a clinical manager.

use super::{next, place};
use crate::app::App;
use crate::central::Person;
use crate::deeds::{HUB, deed, note};
use crate::emergency::review::names;
use crate::error::{Error, Result};
use crate::sync::held::{self, IncludeDecided, Place, Released, Whole};
use crate::web::read;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::Value;
use shared::access::{Task, may_do};
use shared::audit::entry::What;
use shared::console::{HeldDecided, HeldDecision, HeldPage, HeldWhole};
use shared::desk::FieldChange;
use shared::record::Kind;
use shared::sync::wire::{hex, unhex};
use utoipa::IntoParams;
use uuid::Uuid;

/// Lines of a page.
const LINES: i64 = 50;

/// Which held work, and which page of it.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListAsk {
    /// `all` has what was decided as well
    state: Option<String>,
    /// Where the page before ended
    after: Option<String>,
}

/// Lists held work, oldest first
#[utoipa::path(
    get, path = "/console/v1/held", operation_id = "console_held", tag = "console", params(ListAsk),
    responses(
        (status = 200, description = "A page", body = crate::api::console::HeldPage),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    person: Person,
    Query(ask): Query<ListAsk>,
) -> Result<Json<HeldPage>> {
    may_do(&person.staff.roles, Task::ReviewHeld).map_err(Error::Forbidden)?;
    let include = match ask.state.as_deref() {
        Some("all") => IncludeDecided::Yes,
        Some(_) | None => IncludeDecided::No,
    };
    let after = place(ask.after.as_deref(), place_of)?.unwrap_or_default();
    let (lines, last) = held::after(&app, include, &after, LINES).await?;
    let last = last.unwrap_or_default();
    Ok(Json(HeldPage {
        next: next(&lines, LINES, |_| text_of(&last)),
        waiting: held::waiting(&app).await?,
        lines,
    }))
}

fn text_of(place: &Place) -> String {
    format!("{}.{}", place.held_us, hex(&place.hash))
}

fn place_of(text: &str) -> Option<Place> {
    let (held_us, hash) = text.split_once('.')?;
    Some(Place {
        held_us: held_us.parse().ok()?,
        hash: unhex(hash)?,
    })
}

/// Which held change.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct OneAsk {
    /// Its name, hex
    hash: String,
}

/// Shows held work whole, beside what the record has; that it was looked at is noted
#[utoipa::path(
    get, path = "/console/v1/held/one", operation_id = "console_held_one", tag = "console", params(OneAsk),
    responses(
        (status = 200, description = "All that it writes", body = crate::api::console::HeldWhole),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn one(
    State(app): State<App>,
    person: Person,
    Query(ask): Query<OneAsk>,
) -> Result<Json<HeldWhole>> {
    may_do(&person.staff.roles, Task::ReviewHeld).map_err(Error::Forbidden)?;
    let whole = held::show(&app, &ask.hash).await?;
    let mut db = app.pool.acquire().await?;
    let looked = deed(What::ChartViewed, HUB, Some(person.staff.id)).because("held");
    let looked = match whole.line.kind {
        Some(kind) => looked.about(kind, whole.line.record),
        None => looked,
    };
    note(&mut db, &looked).await?;
    let patient = patient_of(&whole);
    let about = match patient {
        Some(patient) => names(&mut db, &[patient]).await?.remove(&patient),
        None => None,
    };
    let now = whole.record_now.clone().unwrap_or_default();
    let writes = whole.writes.into_iter().map(|write| FieldChange {
        before: value_at(&now, &write.path),
        after: write.value,
        path: write.path,
    });
    Ok(Json(HeldWhole {
        about,
        writes: writes.collect(),
        is_in_record: whole.record_now.is_some(),
        reason: whole.reason,
        line: whole.line,
    }))
}

/// Returns whose chart it belongs to, where that can be told.
fn patient_of(whole: &Whole) -> Option<Uuid> {
    match whole.line.kind? {
        Kind::Patient => Some(whole.line.record.0),
        Kind::Appointment | Kind::Prescription => {
            let now = whole
                .record_now
                .as_ref()
                .and_then(|body| body.get("patient"));
            let written = whole.writes.iter().find(|write| write.path == "patient");
            let id = now.or(written.map(|write| &write.value))?;
            id.as_str()?.parse().ok()
        }
    }
}

/// Returns what a record has at a path such as `telecom/00002.7.0/value`; null for nothing.
fn value_at(body: &Value, path: &str) -> Value {
    let mut parts = path.split('/');
    let mut at = body.get(parts.next().unwrap_or_default());
    for part in parts {
        at = match at {
            Some(Value::Array(elements)) => {
                let mut elements = elements.iter();
                elements.find(|element| element.get("id").and_then(Value::as_str) == Some(part))
            }
            Some(other) => other.get(part),
            None => None,
        };
    }
    at.cloned().unwrap_or_default()
}

/// Lets held work in after all, or refuses it for good
#[utoipa::path(
    post, path = "/console/v1/held/decide", operation_id = "console_held_decide", tag = "console", request_body = crate::api::console::HeldDecision,
    responses(
        (status = 200, description = "What came of it", body = crate::api::console::HeldDecided),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn decide(
    State(app): State<App>,
    person: Person,
    said: Result<Json<HeldDecision>, JsonRejection>,
) -> Result<Json<HeldDecided>> {
    may_do(&person.staff.roles, Task::ReviewHeld).map_err(Error::Forbidden)?;
    let said = read(said)?;
    let by = &person.staff.username;
    let Some(refusal) = &said.refusal else {
        let problems = match held::release(&app, &said.hash, by).await? {
            Released::Taken => Vec::new(),
            Released::NotYet(problems) => problems,
        };
        return Ok(Json(HeldDecided { problems }));
    };
    held::refuse(&app, &said.hash, by, refusal).await?;
    Ok(Json(HeldDecided {
        problems: Vec::new(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_path_finds_its_value_in_a_record() {
        let body = json!({ "bed": "A-1", "telecom": [{ "id": "1.7.0", "value": "020" }] });
        assert_eq!(value_at(&body, "bed"), json!("A-1"));
        assert_eq!(value_at(&body, "telecom/1.7.0/value"), json!("020"));
        for nothing in ["ward", "telecom/2.7.0/value", "bed/x", ""] {
            assert_eq!(value_at(&body, nothing), Value::Null, "{nothing}");
        }
    }

    #[test]
    fn a_place_is_said_as_text_and_read_again() {
        let place = Place {
            held_us: 1_800_000_000_123_456,
            hash: vec![1, 255],
        };
        assert_eq!(place_of(&text_of(&place)), Some(place));
        for wrong in ["", "1", "x.00", "1.0", "1.zz"] {
            assert_eq!(place_of(wrong), None, "{wrong}");
        }
    }
}
