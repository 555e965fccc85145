//! What is looked at before Automerge sees a byte of a change from elsewhere.
//!
//! Automerge inflates without limit and a few bytes can stand for millions of operations, so the frame of the change is
//! measured here first, and only what is within these limits is unpacked. Source: SYNC.md, hazards of the parts.

use crate::document::leb128;
use crate::planted::{self, Fault};
use crate::problem::Problem;
use sha2::{Digest, Sha256};

/// Bytes of one change, at most: a long text of notes and everything else in a record stay far below.
pub const CHANGE_BYTES: usize = 256 << 10;
/// Operations in one change, at most: as many as letters in the longest text, and as many again.
pub const CHANGE_OPS: u64 = 50_000;
/// Operations in all changes of a push, at most.
pub const PUSH_OPS: u64 = 200_000;
/// Greatest number an operation may have: Automerge's own limit is 2^32, and later edits must fit as well.
pub const OP_MAX: u64 = 1 << 31;

/// Bytes of one value, at most: the longest text of a field is far below.
pub const SCALAR_BYTES: u64 = 64 << 10;
/// Bytes of a path, at most: three short words.
const PATH_BYTES: u64 = 128;
/// Bytes of what a change says of its author, at most.
pub const MESSAGE_BYTES: u64 = 256;
/// Bytes of the name of an actor, at most: six of ours and what Automerge puts in front.
const ACTOR_BYTES: u64 = 64;

const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
const PLAIN_CHANGE: u8 = 1;

/// Checks size, kind of chunk and what the content of a change will unpack to; returns how many operations that is.
pub fn guard(change: &[u8]) -> Result<u64, Problem> {
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
    let content = measure(rest).ok_or_else(wrong)?;
    let at_most = |value: u64, max: u64, code: &str| {
        if value > max && !planted::is_on(Fault::AnySize) {
            return Err(Problem::new(code, "").with("max", max));
        }
        Ok(())
    };
    at_most(content.operations, CHANGE_OPS, "change.too_many_ops")?;
    // each operation of a desk replaces the few that showed
    at_most(content.replaced, CHANGE_OPS, "change.too_many_ops")?;
    at_most(content.scalar_bytes, SCALAR_BYTES, "change.value_too_long")?;
    at_most(
        content.message_bytes,
        MESSAGE_BYTES,
        "change.message_too_long",
    )?;
    at_most(content.path_bytes, PATH_BYTES, "change.shape")?;
    at_most(content.actor_bytes, ACTOR_BYTES, "change.actor")?;
    Ok(content.operations)
}

/// What a change will unpack to.
#[derive(Debug, Default)]
struct Content {
    operations: u64,
    /// How many operations its operations replace, all together.
    replaced: u64,
    /// The longest of each.
    scalar_bytes: u64,
    path_bytes: u64,
    message_bytes: u64,
    actor_bytes: u64,
}

/// Columns of a change by Automerge's numbers. A run of one entry can stand for any number of them.
mod column {
    /// Objects, elements, inserts, values, predecessors and ends of marks: numbers, or bytes that have to be there.
    pub(super) const PLAIN: [u64; 10] =
        [0x01, 0x02, 0x11, 0x13, 0x34, 0x57, 0x71, 0x73, 0x94, ACTION];
    pub(super) const PATH: u64 = 0x15;
    pub(super) const ACTION: u64 = 0x42;
    pub(super) const VALUE_LENGTH: u64 = 0x56;
    pub(super) const REPLACED: u64 = 0x70;
}

/// Measures a change without unpacking it.
fn measure(mut rest: &[u8]) -> Option<Content> {
    let mut content = Content::default();
    let dependencies = leb128(&mut rest)?;
    skip(&mut rest, dependencies.checked_mul(32)?)?;
    content.actor_bytes = skip_prefixed(&mut rest)?;
    let _seq = leb128(&mut rest)?;
    let _start_op = leb128(&mut rest)?;
    skip_leb128(&mut rest)?; // time, signed
    content.message_bytes = skip_prefixed(&mut rest)?;
    for _ in 0..leb128(&mut rest)? {
        content.actor_bytes = content.actor_bytes.max(skip_prefixed(&mut rest)?);
    }
    let count = leb128(&mut rest)?;
    let mut columns = Vec::new();
    for _ in 0..count {
        columns.push((leb128(&mut rest)?, leb128(&mut rest)?));
    }
    for (spec, length) in columns {
        let column = rest.get(..usize::try_from(length).ok()?)?;
        skip(&mut rest, length)?;
        match spec {
            column::ACTION => each_run(column, |run, _| {
                content.operations = content.operations.saturating_add(run);
            })?,
            column::REPLACED => each_run(column, |run, number| {
                let replaced = run.saturating_mul(number);
                content.replaced = content.replaced.saturating_add(replaced);
            })?,
            column::VALUE_LENGTH => each_run(column, |_, number| {
                content.scalar_bytes = content.scalar_bytes.max(number >> 4);
            })?,
            column::PATH => content.path_bytes = longest_text(column)?.max(content.path_bytes),
            plain if column::PLAIN.contains(&plain) => {}
            // names of marks, which no desk makes, and what nobody knows
            _ => return None,
        }
    }
    Some(content)
}

/// Goes through a column of numbers: how often each stands there. Empty entries count and are 0.
fn each_run(mut column: &[u8], mut run: impl FnMut(u64, u64)) -> Option<()> {
    while !column.is_empty() {
        let length = signed_leb128(&mut column)?;
        match length {
            0 => run(leb128(&mut column)?, 0),
            1.. => run(length.unsigned_abs(), leb128(&mut column)?),
            _ => {
                for _ in 0..length.unsigned_abs() {
                    run(1, leb128(&mut column)?);
                }
            }
        }
    }
    Some(())
}

/// Returns the bytes of the longest text of a column.
fn longest_text(mut column: &[u8]) -> Option<u64> {
    let mut longest = 0;
    while !column.is_empty() {
        let length = signed_leb128(&mut column)?;
        if length == 0 {
            skip_leb128(&mut column)?;
            continue;
        }
        let texts = if length > 0 { 1 } else { length.unsigned_abs() };
        for _ in 0..texts {
            longest = skip_prefixed(&mut column)?.max(longest);
        }
    }
    Some(longest)
}

fn skip(rest: &mut &[u8], length: u64) -> Option<()> {
    *rest = rest.get(usize::try_from(length).ok()?..)?;
    Some(())
}

/// Skips bytes that say how many they are, and returns that.
fn skip_prefixed(rest: &mut &[u8]) -> Option<u64> {
    let length = leb128(rest)?;
    skip(rest, length)?;
    Some(length)
}

fn skip_leb128(rest: &mut &[u8]) -> Option<()> {
    let end = rest.iter().take(10).position(|byte| byte & 0x80 == 0)?;
    *rest = &rest[end + 1..];
    Some(())
}

pub(crate) fn signed_leb128(rest: &mut &[u8]) -> Option<i64> {
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
