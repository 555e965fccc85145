//! What insurers say of claims, in whatever order and however often, and what they pay.

use super::claims::done;
use super::{Step, Stored, cover, lock, store};
use crate::app::App;
use crate::books::journals::{self, About};
use crate::books::once::{Asked, Done, Made, Route, once};
use crate::books::{except, refused};
use crate::error::{Error, Result};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use shared::access::Task;
use shared::billing::Exception;
use shared::billing::claims::answers::{Answer, Outcome, that_counts};
use shared::billing::claims::{Response as Said, fhir};
use shared::ledger::journals::{Cover, insurer_paid};
use shared::ledger::{Account, Slip, Why};
use shared::office::claims::{AnswerAsk, Direction, InsurerPaid};
use shared::problem::Problem;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

const ANSWER: Route = Route {
    path: "/console/v1/insurance/answer",
    needs: Task::Insure,
    deed: "claim.answered",
};
const PAID: Route = Route {
    path: "/console/v1/insurance/paid",
    needs: Task::Insure,
    deed: "claim.paid",
};

/// Notes what an insurer answered: the newest version counts, and only the difference moves money
#[utoipa::path(
    post, path = "/console/v1/insurance/answer", operation_id = "console_claim_answer", tag = "console",
    request_body = crate::api::insurance::AnswerAsk,
    params(("Idempotency-Key" = Uuid, Header, description = "Makes it happen once")),
    responses(
        (status = 200, description = "The state of the claim", body = crate::api::insurance::ClaimState),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn answer(State(app): State<App>, made: Made) -> Result<Response> {
    once(&app, ANSWER, made, answer_one).await
}

async fn answer_one(tx: &mut PgConnection, asked: &Asked<AnswerAsk>) -> Result<Done> {
    let stored = lock(tx, asked.ask.claim).await?;
    let text = &asked.ask.response;
    let answer = fhir::response(text, stored.id, stored.asked()).map_err(refused)?;
    keep(tx, &stored, &answer, asked).await?;
    let state = take_newest(tx, &stored, asked).await?;
    Ok(done(StatusCode::OK, stored.id, state))
}

async fn keep(
    tx: &mut PgConnection,
    stored: &Stored,
    answer: &Answer,
    asked: &Asked<AnswerAsk>,
) -> Result<()> {
    sqlx::query(
        "insert into insurance.answer (claim, id, version, outcome, benefit, contractual, body, by, at_ms)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing",
    )
    .bind(stored.id)
    .bind(&answer.response.id)
    .bind(i32::try_from(answer.response.version).unwrap_or(i32::MAX))
    .bind(answer.outcome.word())
    .bind(answer.response.cover.benefit)
    .bind(answer.response.cover.contractual)
    .bind(&asked.ask.response)
    .bind(asked.by.0)
    .bind(asked.now_ms)
    .execute(tx)
    .await?;
    Ok(())
}

/// Takes the newest answer there is, unless the claim is as of it already. What cannot be taken waits for a person.
async fn take_newest<T>(
    tx: &mut PgConnection,
    stored: &Stored,
    asked: &Asked<T>,
) -> Result<shared::billing::claims::ClaimState> {
    let answers = all(tx, stored.id).await?;
    let Some(newest) = that_counts(&answers) else {
        return Ok(stored.claim.state);
    };
    let name = name(newest);
    if stored.answer.as_deref() == Some(name.as_str()) {
        return Ok(stored.claim.state);
    }
    let about = stored.about(cause(stored, &name), asked);
    let now = match stored.claim.answered(newest) {
        Ok(now) => now,
        Err(exception) => return waits(tx, stored, exception, (&about, asked)).await,
    };
    let (before, all) = (stored.claim.cover, stored.bill.bill.cover);
    let on_bill = Cover {
        benefit: all.benefit - before.benefit + now.cover.benefit,
        contractual: all.contractual - before.contractual + now.cover.contractual,
    };
    let Ok(written) = stored.bill.bill.with_cover(on_bill) else {
        let exception = Exception::ClaimExceedsBalance;
        return waits(tx, stored, exception, (&about, asked)).await;
    };
    cover(tx, &written.bill, &written.journal, &about).await?;
    let step = Step {
        now,
        minor: Some(now.cover.benefit),
        answer: Some(name),
    };
    store(tx, stored.id, &step, asked).await?;
    Ok(now.state)
}

async fn waits<T>(
    tx: &mut PgConnection,
    stored: &Stored,
    exception: Exception,
    (about, asked): (&About, &Asked<T>),
) -> Result<shared::billing::claims::ClaimState> {
    except(tx, exception, about, None, asked.now_ms).await?;
    Ok(stored.claim.state)
}

/// Returns what an answer is called.
pub(super) fn name(answer: &Answer) -> String {
    format!("{}.{}", answer.response.version, answer.response.id)
}

/// Returns what the books have of an answer under.
pub(super) fn cause(stored: &Stored, name: &str) -> String {
    format!("claim:{}:{name}", stored.id)
}

/// Returns every answer to a claim.
pub(super) async fn all(tx: &mut PgConnection, claim: Uuid) -> Result<Vec<Answer>> {
    let rows = sqlx::query(
        "select id, version, outcome, benefit, contractual from insurance.answer where claim = $1",
    )
    .bind(claim)
    .fetch_all(tx)
    .await?;
    let wrong = || Error::Bug(anyhow::anyhow!("an answer of the database cannot be read"));
    let read = |row: &PgRow| {
        Ok(Answer {
            response: Said {
                id: row.get("id"),
                version: row.get::<i32, _>("version").unsigned_abs(),
                cover: Cover {
                    benefit: row.get("benefit"),
                    contractual: row.get("contractual"),
                },
            },
            outcome: Outcome::parse(row.get("outcome")).ok_or_else(wrong)?,
        })
    };
    rows.iter().map(read).collect()
}

/// Notes that an insurer paid, or that what it paid too much went back to it
#[utoipa::path(
    post, path = "/console/v1/insurance/paid", operation_id = "console_claim_paid", tag = "console",
    request_body = crate::api::insurance::InsurerPaid,
    params(("Idempotency-Key" = Uuid, Header, description = "Makes it happen once")),
    responses(
        (status = 200, description = "The state of the claim", body = crate::api::insurance::ClaimState),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn paid(State(app): State<App>, made: Made) -> Result<Response> {
    once(&app, PAID, made, paid_one).await
}

async fn paid_one(tx: &mut PgConnection, asked: &Asked<InsurerPaid>) -> Result<Done> {
    let ask = &asked.ask;
    let mut stored = lock(tx, ask.claim).await?;
    let amount = ask.amount.of_payment().map_err(refused)?;
    stored.currency.must_be(amount.currency).map_err(refused)?;
    let cause = format!("insurer_paid:{}", ask.payment);
    let is_known: bool =
        sqlx::query_scalar("select exists (select 1 from billing.journal where cause = $1)")
            .bind(&cause)
            .fetch_one(&mut *tx)
            .await?;
    if is_known {
        return Err(Error::Clash(Problem::new(
            "payment.exists_different",
            "payment",
        )));
    }
    let journal = insurer_paid(amount.currency, Account::Bank(Slip::Transfer), amount.minor);
    let (now, minor, journal) = match ask.direction {
        Direction::In => {
            let now = stored.claim.paid_by_insurer(amount.minor);
            (now.map_err(refused)?, amount.minor, journal)
        }
        Direction::Back => {
            let now = stored.claim.given_back(amount.minor);
            let back = journal.reversed(Why::InsurerPaid);
            (now.map_err(refused)?, -amount.minor, back)
        }
    };
    journals::write(tx, &journal, &stored.about(cause, asked)).await?;
    let step = Step {
        now,
        minor: Some(minor),
        answer: None,
    };
    store(tx, stored.id, &step, asked).await?;
    stored.claim = now;
    // an answer may have waited for that
    let state = match ask.direction {
        Direction::In => now.state,
        Direction::Back => take_newest(tx, &stored, asked).await?,
    };
    Ok(done(StatusCode::OK, stored.id, state))
}
