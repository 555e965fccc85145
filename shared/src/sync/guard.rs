//! What is looked at before Automerge sees a byte of a change from elsewhere.
//!
//! Automerge inflates without limit and a few bytes can stand for millions of operations, so the frame of the change is
//! read here first, and only within these limits. Source: SYNC.md, hazards of the parts.

use crate::document::leb128;
use crate::problem::Problem;
use sha2::{Digest, Sha256};

/// Bytes of one change, at most: a long text of notes and everything else in a record stay far below.
pub const CHANGE_BYTES: usize = 256 << 10;
/// Operations in one change, at most: as many as letters in the longest text, and as many again.
pub const CHANGE_OPS: u64 = 50_000;
/// Greatest number an operation may have: Automerge's own limit is 2^32, and later edits must fit as well.
pub const OP_MAX: u64 = 1 << 31;

const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
const PLAIN_CHANGE: u8 = 1;
/// Automerge's number for the column of actions.
const ACTION_COLUMN: u64 = 4;

/// Checks size, kind of chunk and number of operations of a change.
pub fn guard(change: &[u8]) -> Result<(), Problem> {
    let wrong = || Problem::new("change.malformed", "");
    if change.len() > CHANGE_BYTES {
        return Err(Problem::new("change.too_long", "").with("max", CHANGE_BYTES));
    }
    if change.get(..4) != Some(&MAGIC) || change.get(8) != Some(&PLAIN_CHANGE) {
        return Err(wrong());
    }
    // Automerge works the checksum out again instead of comparing it
    if change.get(4..8) != Sha256::digest(&change[8..]).get(..4) {
        return Err(wrong());
    }
    let mut rest = change.get(9..).ok_or_else(wrong)?;
    let length = leb128(&mut rest).ok_or_else(wrong)?;
    if length != rest.len() as u64 {
        return Err(wrong());
    }
    match count_operations(rest) {
        None => Err(wrong()),
        Some(count) if count > CHANGE_OPS => {
            Err(Problem::new("change.too_many_ops", "").with("max", CHANGE_OPS))
        }
        Some(_) => Ok(()),
    }
}

/// Counts operations by the run lengths of the action column; `u64::MAX` when they overflow.
fn count_operations(mut rest: &[u8]) -> Option<u64> {
    let dependencies = leb128(&mut rest)?;
    skip(&mut rest, dependencies.checked_mul(32)?)?;
    skip_prefixed(&mut rest)?; // actor
    let _seq = leb128(&mut rest)?;
    let _start_op = leb128(&mut rest)?;
    skip_leb128(&mut rest)?; // time, signed
    skip_prefixed(&mut rest)?; // message
    for _ in 0..leb128(&mut rest)? {
        skip_prefixed(&mut rest)?; // another actor
    }
    let columns = leb128(&mut rest)?;
    let mut before = 0_u64;
    let mut actions: Option<(u64, u64)> = None;
    for _ in 0..columns {
        let (spec, length) = (leb128(&mut rest)?, leb128(&mut rest)?);
        if spec >> 4 == ACTION_COLUMN {
            actions = Some((before, length));
        }
        before = before.checked_add(length)?;
    }
    let Some((start, length)) = actions else {
        return Some(0);
    };
    skip(&mut rest, start)?;
    count_runs(rest.get(..usize::try_from(length).ok()?)?)
}

fn count_runs(mut column: &[u8]) -> Option<u64> {
    let mut count = 0_u64;
    while !column.is_empty() {
        let run = signed_leb128(&mut column)?;
        match run {
            0 => count = count.saturating_add(leb128(&mut column)?),
            1.. => {
                skip_leb128(&mut column)?;
                count = count.saturating_add(run.unsigned_abs());
            }
            _ => {
                for _ in 0..run.unsigned_abs() {
                    skip_leb128(&mut column)?;
                }
                count = count.saturating_add(run.unsigned_abs());
            }
        }
    }
    Some(count)
}

fn skip(rest: &mut &[u8], length: u64) -> Option<()> {
    *rest = rest.get(usize::try_from(length).ok()?..)?;
    Some(())
}

fn skip_prefixed(rest: &mut &[u8]) -> Option<()> {
    let length = leb128(rest)?;
    skip(rest, length)
}

fn skip_leb128(rest: &mut &[u8]) -> Option<()> {
    let end = rest.iter().take(10).position(|byte| byte & 0x80 == 0)?;
    *rest = &rest[end + 1..];
    Some(())
}

fn signed_leb128(rest: &mut &[u8]) -> Option<i64> {
    let mut number = 0_i64;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        number |= i64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            let negative = byte & 0x40 != 0 && shift + 7 < 64;
            return Some(if negative {
                number | (-1 << (shift + 7))
            } else {
                number
            });
        }
    }
    None
}
