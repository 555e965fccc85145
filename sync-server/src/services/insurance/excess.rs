//! An insurer covers more than is still owed: a person says whose the difference is, and the answer that waited is taken.

use super::claims::done;
use super::{Step, Stored, answers, cover, lock, look, store};
use crate::app::App;
use crate::books::bills;
use crate::books::once::{Asked, Done, Made, Route, once};
use crate::books::{REASON_CHARS, Role, reason_of, reconcile, refused, work_as};
use crate::error::{Error, Result};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use shared::access::Task;
use shared::billing::claims::Response as Said;
use shared::billing::claims::answers::{Answer, that_counts};
use shared::billing::claims::excess::{self, Excess};
use shared::ledger::journals::Cover;
use shared::office::claims::ExcessAsk;
use shared::problem::Problem;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

const SETTLE: Route = Route {
    path: "/console/v1/insurance/claim/excess",
    needs: Task::Insure,
    deed: "claim.excess_settled",
};

/// Says whose it is what an insurer covers above what is owed
#[utoipa::path(
    post, path = "/console/v1/insurance/claim/excess", operation_id = "console_claim_excess", tag = "console",
    request_body = crate::api::insurance::ExcessAsk,
    params(("Idempotency-Key" = Uuid, Header, description = "Makes it happen once")),
    responses(
        (status = 200, description = "The answer is taken", body = crate::api::insurance::ClaimState),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn settle(State(app): State<App>, made: Made) -> Result<Response> {
    once(&app, SETTLE, made, settle_one).await
}

async fn settle_one(tx: &mut PgConnection, asked: &Asked<ExcessAsk>) -> Result<Done> {
    let ask = &asked.ask;
    let reason = reason_of(&ask.reason, REASON_CHARS)?;
    let stored = lock(tx, ask.claim).await?;
    let waiting = waiting(tx, &stored).await?;
    let waiting = waiting.ok_or_else(|| refused(Problem::new("claim.no_excess", "claim")))?;
    let settled = excess::settle(
        &stored.bill.bill,
        stored.claim.cover,
        waiting.answer.response.cover,
        ask.whose,
    );
    let settled = settled.map_err(refused)?;
    let taken = Answer {
        response: Said {
            cover: settled.cover,
            ..waiting.answer.response.clone()
        },
        ..waiting.answer
    };
    let now = stored.claim.answered(&taken).map_err(|_| {
        let problem = Problem::new("claim.paid_too_much", "whose");
        refused(problem.with("max", settled.cover.benefit))
    })?;
    let about = stored.about(answers::cause(&stored, &waiting.name), asked);
    let written = &settled.written;
    cover(tx, &written.bill, &written.journal, &about).await?;
    leave(tx, &stored, settled.kept).await?;
    let step = Step {
        now,
        minor: Some(now.cover.benefit),
        answer: Some(waiting.name),
    };
    store(tx, stored.id, &step, asked).await?;
    work_as(tx, Role::Billing).await?;
    let open: Option<i64> = sqlx::query_scalar(
        "select id from billing.exception where cause = $1 and settled_at is null",
    )
    .bind(&about.cause)
    .fetch_optional(&mut *tx)
    .await?;
    if let Some(exception) = open {
        reconcile::settle(tx, exception, asked.by, reason).await?;
    }
    work_as(tx, Role::Payments).await?;
    Ok(done(StatusCode::OK, stored.id, now.state))
}

/// The newest answer of a claim, which could not be taken since it covers more than is owed.
struct Waiting {
    answer: Answer,
    name: String,
    excess: Excess,
}

async fn waiting(db: &mut PgConnection, stored: &Stored) -> Result<Option<Waiting>> {
    let all = answers::all(db, stored.id).await?;
    let Some(newest) = that_counts(&all) else {
        return Ok(None);
    };
    let name = answers::name(newest);
    let Ok(now) = stored.claim.answered(newest) else {
        return Ok(None);
    };
    if stored.answer.as_deref() == Some(name.as_str()) {
        return Ok(None);
    }
    let (before, on_bill) = (stored.claim.cover, stored.bill.bill.cover);
    let all = Cover {
        benefit: on_bill.benefit - before.benefit + now.cover.benefit,
        contractual: on_bill.contractual - before.contractual + now.cover.contractual,
    };
    let answer = newest.clone();
    Ok(
        excess::excess(&stored.bill.bill, all).map(|excess| Waiting {
            answer,
            name,
            excess,
        }),
    )
}

/// Returns what waits for somebody to say whose it is.
pub(crate) async fn of_claim(
    db: &mut PgConnection,
    claim: Uuid,
    bill: Uuid,
) -> Result<Option<Excess>> {
    let Some(bill) = bills::find(db, bill).await? else {
        return Ok(None);
    };
    let stored = look(db, claim, bill).await?;
    Ok(waiting(db, &stored).await?.map(|waiting| waiting.excess))
}

/// Leaves a part of what was paid for a bill with the hospital as the patient's: of the latest payments first, then of what was paid
/// before the visit.
async fn leave(tx: &mut PgConnection, stored: &Stored, minor: i64) -> Result<()> {
    let rows = sqlx::query(
        "select id, least(applied, minor - refunded) as most from payments.payment where applied > 0 and minor > refunded
            and (bill = $1 or id in (select payment from payments.spending where bill = $1)) order by number desc for update",
    )
    .bind(stored.bill.id)
    .fetch_all(&mut *tx)
    .await?;
    let mut left = minor;
    for row in rows {
        let part = left.min(row.get("most"));
        sqlx::query(
            "update payments.payment set applied = applied - $2, kept = kept + $2 where id = $1",
        )
        .bind(row.get::<Uuid, _>("id"))
        .bind(part)
        .execute(&mut *tx)
        .await?;
        left -= part;
    }
    if left > 0 {
        let of_visit =
            sqlx::query("update billing.visit set deposit = deposit + $2 where appointment = $1")
                .bind(stored.bill.appointment)
                .bind(left)
                .execute(tx)
                .await?;
        if of_visit.rows_affected() != 1 {
            return Err(Error::Bug(anyhow::anyhow!(
                "what was paid for a bill is not there"
            )));
        }
    }
    Ok(())
}
