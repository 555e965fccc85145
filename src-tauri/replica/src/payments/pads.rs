//! What this life of the desk numbers receipts with. A replica that was put back from a copy has none until the hub gives it one.

use super::{number_after, problem};
use crate::error::Result;
use crate::meta;
use rusqlite::Connection;
use shared::payments::desk::Pad;
use shared::payments::receipts::ReceiptNumber;

/// Returns the number that is given next.
pub(crate) fn next(db: &Connection, year: i16) -> Result<ReceiptNumber> {
    let pads = meta::PADS.get(db)?.unwrap_or_default();
    let pad = pads.iter().find(|pad| pad.year == year);
    let pad = pad.ok_or_else(|| problem("receipt.no_series", ""))?;
    number_after(&pad.series, pad.last)
}

/// Takes the next number.
pub(crate) fn take(db: &Connection, year: i16) -> Result<ReceiptNumber> {
    let number = next(db, year)?;
    let mut pads = meta::PADS.get(db)?.unwrap_or_default();
    for pad in pads.iter_mut().filter(|pad| pad.year == year) {
        pad.last = number.number;
    }
    meta::PADS.set(db, &pads)?;
    Ok(number)
}

/// Says whether the hub has to be asked for some: for this year, or for the next.
pub(crate) fn are_wanted(db: &Connection, year: i16) -> Result<bool> {
    let pads = meta::PADS.get(db)?.unwrap_or_default();
    let has = |year: i16| pads.iter().any(|pad| pad.year == year);
    Ok(!has(year) || !has(year + 1))
}

/// Keeps what the hub gave. It knows of higher numbers than this replica only if the replica is an old copy: then that gets a
/// life of its own, and numbers of its own.
pub(crate) fn keep(db: &Connection, given: &[Pad]) -> Result<()> {
    let mut pads = meta::PADS.get(db)?.unwrap_or_default();
    let last = |pads: &[Pad], series: &str| {
        let own = pads.iter().find(|pad| pad.series == series);
        own.map_or(0, |pad| pad.last)
    };
    if given.iter().any(|pad| pad.last > last(&pads, &pad.series)) {
        tracing::error!("This replica is an old copy: the hub has receipts that it does not know");
        meta::next_incarnation(db)?;
        return meta::PADS.clear(db);
    }
    let before = pads.len();
    for pad in given {
        if !pads.iter().any(|own| own.year == pad.year) {
            pads.push(pad.clone());
        }
    }
    if pads.len() > before {
        meta::PADS.set(db, &pads)?;
    }
    Ok(())
}
