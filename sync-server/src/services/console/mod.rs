//! Who sits at the web console: signed in with a password, a code that changes, or by the hospital's own directory; and
//! what they are shown and do there, a file for each part of the hub that does it.

pub mod account;
pub mod audit;
pub mod conflicts;
pub mod devices;
pub mod door;
pub mod emergency;
pub mod events;
pub mod health;
pub mod held;
pub mod hours;
pub mod live;
pub mod merging;
pub mod notices;
pub mod oidc;
pub mod orders;
pub mod overview;
pub mod people;
pub mod places;
pub mod settings;
pub(crate) mod sign_in;
pub mod staff;

pub(crate) mod second_factor;

use crate::error::{Error, Result};
use serde::Deserialize;
use shared::problem::Problem;
use utoipa::IntoParams;

/// Which page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageAsk {
    /// Where the page before ended
    after: Option<String>,
}

/// Returns where the next page begins: behind the last line of this one, if it is full.
fn next<L>(lines: &[L], most: i64, place: impl FnOnce(&L) -> String) -> Option<String> {
    let is_full = usize::try_from(most).is_ok_and(|most| lines.len() == most);
    lines.last().filter(|_| is_full).map(place)
}

/// Returns the place that a page is asked for after, or that it is none.
fn place<P>(after: Option<&str>, parse: impl FnOnce(&str) -> Option<P>) -> Result<Option<P>> {
    let wrong = || Error::Malformed(Problem::new("shape", "after"));
    after.map(|text| parse(text).ok_or_else(wrong)).transpose()
}
