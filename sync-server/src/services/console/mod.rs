//! Who sits at the web console: signed in with a password, a code that changes, or by the hospital's own directory; and
//! what they are shown and do there, a file for each part of the hub that does it.

pub mod audit;
pub mod devices;
pub mod door;
pub mod emergency;
pub mod events;
pub mod health;
pub mod held;
pub mod hours;
pub mod live;
pub mod oidc;
pub mod orders;
pub(crate) mod sign_in;
pub mod staff;

pub(crate) mod second_factor;

use crate::error::{Error, Result};
use axum::Json;
use axum::extract::rejection::JsonRejection;
use shared::problem::Problem;

/// Returns what was said, or that it is nothing that can be said here.
fn read<T>(said: Result<Json<T>, JsonRejection>) -> Result<T> {
    said.map(|Json(said)| said)
        .map_err(|_| Error::Malformed(Problem::new("shape", "")))
}
