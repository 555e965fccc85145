//! Claims: made for a bill and a coverage, sent, taken back, and asked again.

use super::{Step, Stored, cover, coverage, lock, note, store};
use crate::app::App;
use crate::books::bills::{self, Known};
use crate::books::once::{Asked, Done, Made, Route, once};
use crate::books::refused;
use crate::error::{Error, Result};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::civil::Date;
use serde_json::json;
use shared::access::Task;
use shared::billing::claims::answers::Claim;
use shared::billing::claims::{ClaimState, Event, active_on};
use shared::ledger::journals::Cover;
use shared::office::claims::{ClaimAct, ClaimAsk, ClaimDo, CoverageLine};
use shared::problem::Problem;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

const MAKE: Route = Route {
    path: "/console/v1/insurance/claim",
    needs: Task::Insure,
    deed: "claim.made",
};
const ACT: Route = Route {
    path: "/console/v1/insurance/claim/act",
    needs: Task::Insure,
    deed: "claim.changed",
};

/// Makes a claim for what is owed of a bill
#[utoipa::path(
    post, path = "/console/v1/insurance/claim", operation_id = "console_claim", tag = "console",
    request_body = crate::api::insurance::ClaimAsk,
    params(("Idempotency-Key" = Uuid, Header, description = "Makes it happen once")),
    responses(
        (status = 201, description = "A draft", body = crate::api::insurance::ClaimState),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn make(State(app): State<App>, made: Made) -> Result<Response> {
    once(&app, MAKE, made, make_one).await
}

/// What a claim is made of, and which version of it.
struct New<'a> {
    bill: &'a Known,
    coverage: Uuid,
    served: &'a str,
    version: i32,
    before: Option<Uuid>,
    submitted: i64,
}

async fn make_one(tx: &mut PgConnection, asked: &Asked<ClaimAsk>) -> Result<Done> {
    let ask = &asked.ask;
    let known = bills::lock(tx, ask.bill).await?;
    let known = known.ok_or_else(|| Error::Missing(Problem::new("bill.unknown", "bill")))?;
    let coverages = coverage::of_patient(tx, known.patient).await?;
    let served = served(tx, &known).await?;
    let wrong = |_| Error::Bug(anyhow::anyhow!("the day of a visit cannot be read"));
    let day: Date = served.parse().map_err(wrong)?;
    let one = coverages.iter().find(|one| one.id == ask.coverage);
    let one = one.ok_or_else(|| Error::Missing(Problem::new("coverage.unknown", "coverage")))?;
    let rules: Vec<_> = coverages.iter().map(coverage::rule).collect();
    if !active_on(&rules, day).contains(&&coverage::rule(one)) {
        let problem = Problem::new("claim.not_covered", "coverage").with("day", day);
        return Err(Error::Invalid(vec![problem]));
    }
    first_ones_answered(tx, &known, (&coverages, one), day).await?;
    let submitted = known.bill.balance();
    if submitted < 1 {
        return Err(Error::Clash(Problem::new("claim.nothing_owed", "bill")));
    }
    let version = next_version(tx, ask).await?;
    let new = New {
        bill: &known,
        coverage: ask.coverage,
        served: &served,
        version,
        before: None,
        submitted,
    };
    insert(tx, ask.claim, &new, asked).await?;
    Ok(done(StatusCode::CREATED, ask.claim, ClaimState::Draft))
}

pub(crate) fn done(status: StatusCode, claim: Uuid, state: ClaimState) -> Done {
    Done {
        status,
        body: json!({ "claim": claim, "state": state }),
    }
}

/// The day of the visit, or the one on which a bill without a visit was issued.
async fn served(tx: &mut PgConnection, known: &Known) -> Result<String> {
    let day = sqlx::query_scalar(
        "select (to_timestamp(coalesce((select start_ms from billing.visit where appointment = $1), $2) / 1000.0)
            at time zone hospital.zone)::date::text from hospital",
    )
    .bind(known.appointment)
    .bind(known.issued_ms)
    .fetch_one(tx)
    .await?;
    Ok(day)
}

/// Refuses while an insurer who is asked before has not said what it leaves.
async fn first_ones_answered(
    tx: &mut PgConnection,
    known: &Known,
    (all, one): (&[CoverageLine], &CoverageLine),
    day: Date,
) -> Result<()> {
    let is_before = |other: &&CoverageLine| {
        other.place < one.place && !active_on(&[coverage::rule(other)], day).is_empty()
    };
    for first in all.iter().filter(is_before) {
        let states: Vec<String> = sqlx::query_scalar(
            "select state from insurance.claim where bill = $1 and coverage = $2",
        )
        .bind(known.id)
        .bind(first.id)
        .fetch_all(&mut *tx)
        .await?;
        let mut states = states.iter().filter_map(|state| ClaimState::parse(state));
        if !states.any(ClaimState::is_adjudicated) {
            let problem = Problem::new("claim.first_insurer", "coverage");
            return Err(Error::Clash(problem.with("payor", &first.payor)));
        }
    }
    Ok(())
}

/// Returns the version that a new claim has; there is one of a bill and a coverage at a time.
async fn next_version(tx: &mut PgConnection, ask: &ClaimAsk) -> Result<i32> {
    let rows = sqlx::query(
        "select version, state from insurance.claim where bill = $1 and coverage = $2 order by version",
    )
    .bind(ask.bill)
    .bind(ask.coverage)
    .fetch_all(tx)
    .await?;
    let is_over = |state: &str| ClaimState::parse(state).is_some_and(ClaimState::is_withdrawn);
    if rows.iter().any(|row| !is_over(row.get("state"))) {
        return Err(Error::Clash(Problem::new("claim.exists", "coverage")));
    }
    Ok(rows.last().map_or(0, |row| row.get::<i32, _>("version")) + 1)
}

async fn insert<T>(tx: &mut PgConnection, id: Uuid, new: &New<'_>, asked: &Asked<T>) -> Result<()> {
    let added = sqlx::query(
        "insert into insurance.claim (id, bill, coverage, version, before, patient, currency, submitted, served, state, made_ms)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9::date, 'draft', $10) on conflict (id) do nothing",
    )
    .bind(id)
    .bind(new.bill.id)
    .bind(new.coverage)
    .bind(new.version)
    .bind(new.before)
    .bind(new.bill.patient)
    .bind(new.bill.bill.currency.letters())
    .bind(new.submitted)
    .bind(new.served)
    .bind(asked.now_ms)
    .execute(&mut *tx)
    .await?;
    if added.rows_affected() == 0 {
        return Err(Error::Clash(Problem::new("claim.exists", "claim")));
    }
    let draft = Claim {
        state: ClaimState::Draft,
        submitted: new.submitted,
        cover: Cover::default(),
        paid: 0,
    };
    let step = Step {
        now: draft,
        minor: None,
        answer: None,
    };
    note(tx, id, &step, asked).await
}

/// Sends a claim, takes it back, closes it, or asks again
#[utoipa::path(
    post, path = "/console/v1/insurance/claim/act", operation_id = "console_claim_act", tag = "console",
    request_body = crate::api::insurance::ClaimDo,
    params(("Idempotency-Key" = Uuid, Header, description = "Makes it happen once")),
    responses(
        (status = 200, description = "Its state", body = crate::api::insurance::ClaimState),
        (status = 201, description = "A new version of it, a draft", body = crate::api::insurance::ClaimState),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn act(State(app): State<App>, made: Made) -> Result<Response> {
    once(&app, ACT, made, act_one).await
}

async fn act_one(tx: &mut PgConnection, asked: &Asked<ClaimDo>) -> Result<Done> {
    let stored = lock(tx, asked.ask.claim).await?;
    let state = after(stored.claim.state, asked.ask.act).map_err(refused)?;
    if state == stored.claim.state {
        return Ok(done(StatusCode::OK, stored.id, state));
    }
    if asked.ask.act == ClaimAct::Appeal {
        return again(tx, &stored, state, asked).await;
    }
    let step = Step {
        now: Claim {
            state,
            ..stored.claim
        },
        minor: None,
        answer: None,
    };
    store(tx, stored.id, &step, asked).await?;
    Ok(done(StatusCode::OK, stored.id, state))
}

fn after(state: ClaimState, act: ClaimAct) -> Result<ClaimState, Problem> {
    match act {
        // what was sent stays sent; a draft is checked on its way
        ClaimAct::Submit if state == ClaimState::Submitted => state.after(Event::Submit),
        ClaimAct::Submit => state.after(Event::Check)?.after(Event::Submit),
        ClaimAct::Cancel => state.after(Event::Cancel),
        ClaimAct::StrikeOut => state.after(Event::StrikeOut),
        ClaimAct::Close => state.after(Event::Close),
        ClaimAct::Appeal => state.after(Event::Appeal),
    }
}

/// Takes back what the insurer covered so far, and begins the next version.
async fn again(
    tx: &mut PgConnection,
    stored: &Stored,
    state: ClaimState,
    asked: &Asked<ClaimDo>,
) -> Result<Done> {
    let Cover {
        benefit,
        contractual,
    } = stored.claim.cover;
    let all = stored.bill.bill.cover;
    let without = Cover {
        benefit: all.benefit - benefit,
        contractual: all.contractual - contractual,
    };
    let written = stored.bill.bill.with_cover(without).map_err(refused)?;
    let about = stored.about(format!("appeal:{}", stored.id), asked);
    cover(tx, &written.bill, &written.journal, &about).await?;
    let step = Step {
        now: Claim {
            state,
            cover: Cover::default(),
            ..stored.claim
        },
        minor: None,
        answer: None,
    };
    store(tx, stored.id, &step, asked).await?;
    let next = crate::world::new_id();
    let new = New {
        bill: &stored.bill,
        coverage: stored.coverage,
        served: &stored.served,
        version: stored.version + 1,
        before: Some(stored.id),
        submitted: stored.claim.submitted,
    };
    insert(tx, next, &new, asked).await?;
    Ok(done(StatusCode::CREATED, next, ClaimState::Draft))
}
