//! `POST /sync/v1/push`: changes come in.

use crate::app::App;
use crate::claims;
use crate::error::{Error, Result};
use crate::session::Sending;
use crate::sync::accept::take;
use crate::sync::pace::too_many;
use crate::sync::weigh::Source;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use metrics::counter;
use serde::Serialize;
use sha2::{Digest, Sha256};
use shared::problem::Problem;
use shared::sync::stage::Stage;
use shared::sync::waybill::Waybill;
use shared::sync::wire::{
    self, Frame, FrameError, Hash, MEDIA_TYPE, PUSH_ENVELOPES, Push, PushAnswer, Verdict,
};

/// Takes changes and says of each what became of it
#[utoipa::path(
    post, path = "/sync/v1/push", operation_id = "push", tag = "sync",
    request_body(content = Vec<u8>, content_type = "application/vnd.wardbook.frame", description = "A frame of `Push`"),
    responses(
        (status = 200, description = "A frame of `PushAnswer`: one verdict per envelope", content_type = "application/vnd.wardbook.frame", body = Vec<u8>),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("device" = []))
)]
pub(crate) async fn push(
    State(app): State<App>,
    headers: HeaderMap,
    Sending(signed): Sending,
) -> Result<Response> {
    if headers
        .get(header::CONTENT_TYPE)
        .is_none_or(|kind| kind.as_bytes() != MEDIA_TYPE.as_bytes())
    {
        return Err(Error::MediaType);
    }
    app.quota.recall(&app.pool, signed.device.id).await?;
    let wait_s = app.quota.wait_s(signed.device.id, app.now().0);
    if wait_s > 0 {
        return Err(too_many("push.quota", wait_s));
    }
    let _turn = app.pace.turn(&app, signed.device.id).await?;
    let frame = Frame::open(&signed.body).map_err(refuse)?;
    let push = frame.read_push().map_err(refuse)?;
    if push.device != signed.device.id {
        return Err(Error::Forbidden(Problem::new("device.other", "")));
    }
    if push.envelopes.len() > PUSH_ENVELOPES {
        return Err(Error::TooLarge(
            Problem::new("push.too_many", "").with("max", PUSH_ENVELOPES),
        ));
    }
    let device = signed.device;
    let ward = Some(device.ward);
    if let Some(waybill) = &signed.waybill {
        check(waybill, &push, &signed.body, &app)?;
    }
    let source = Source {
        device: device.id,
        number: device.number,
        incarnation: push.incarnation,
        ward,
        waybill: signed.waybill,
        reviewed: false,
        ahead_ms: Some(signed.ahead_ms),
    };
    let count = push.envelopes.len();
    let (verdicts, left) = take(&app, &source, push.envelopes).await?;
    claims::decide(&app, left).await;
    app.pace
        .answered(device.id, app.now().0, not_taken(&verdicts));
    tally(&verdicts);
    tracing::debug!(
        push.changes = count,
        size_bytes = signed.body.len(),
        "Answered a push"
    );
    Ok(framed(
        frame.version,
        &PushAnswer {
            verdicts,
            now_ms: app.now().0,
        },
    ))
}

/// Refuses a waybill that belongs to another push, or to another hospital.
fn check(waybill: &Waybill, push: &Push, body: &[u8], app: &App) -> Result<()> {
    let is_of_this = waybill.device == push.device
        && waybill.incarnation == push.incarnation
        && waybill.org == app.authority.digest()
        && waybill.body == <Hash>::from(Sha256::digest(body));
    if is_of_this {
        return Ok(());
    }
    Err(Error::Clash(Problem::new("waybill.other", "")))
}

/// Returns the problem of a frame that cannot be read.
pub(crate) fn refuse(error: FrameError) -> Error {
    let problem = Problem::new(error.code(), "");
    match error {
        FrameError::Version(asked) => {
            let spoken = format!("{} {}", wire::OLDEST, wire::VERSION);
            Error::Version(problem.with("version", asked).with("spoken", spoken))
        }
        FrameError::TooLong => Error::TooLarge(problem.with("max", wire::FRAME_BYTES)),
        FrameError::NotAFrame | FrameError::Damaged | FrameError::Shape => {
            Error::Malformed(problem)
        }
    }
}

/// Writes an answer as a frame of a version.
pub(crate) fn framed<T: Serialize>(version: u8, message: &T) -> Response {
    (
        [(header::CONTENT_TYPE, MEDIA_TYPE)],
        wire::encode_as(version, message),
    )
        .into_response()
}

/// Counts what a person has to look at and what can never be taken.
fn not_taken(verdicts: &[Verdict]) -> u64 {
    let of = |verdict: &&Verdict| matches!(verdict, Verdict::Held { .. } | Verdict::Refused { .. });
    verdicts.iter().filter(of).count() as u64
}

fn tally(verdicts: &[Verdict]) {
    for verdict in verdicts {
        let word = match verdict {
            Verdict::Taken => "taken",
            Verdict::Had => "had",
            Verdict::Parked { .. } => "parked",
            Verdict::Held { .. } => "held",
            Verdict::Refused { .. } => "refused",
        };
        counter!("wardbook_changes_total", "verdict" => word).increment(1);
        if let Verdict::Held { problems } | Verdict::Refused { problems } = verdict {
            let code = problems.first().map_or("", |problem| problem.code.as_str());
            let stage = Stage::of(code).word();
            counter!("wardbook_changes_stopped_total", "stage" => stage).increment(1);
        }
    }
}
