//! Changes that no desk makes, for tests of those who read them: any part of an honest one replaced, and bombs.

use crate::document::leb128;
use crate::sync::wire::Hash;
use sha2::{Digest, Sha256};

/// The parts of a change. Written again they have a right checksum, whatever they say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    pub deps: Vec<Hash>,
    pub actor: Vec<u8>,
    pub seq: u64,
    pub start_op: u64,
    pub at_s: i64,
    pub message: Vec<u8>,
    /// Other actors, columns and what is in them.
    pub rest: Vec<u8>,
}

impl Parts {
    /// Takes an honest change apart.
    pub fn of(change: &[u8]) -> Option<Self> {
        let mut rest = change.get(9..)?;
        let _length = leb128(&mut rest)?;
        let mut deps = Vec::new();
        for _ in 0..leb128(&mut rest)? {
            deps.push(take(&mut rest, 32)?.try_into().ok()?);
        }
        Some(Self {
            deps,
            actor: prefixed(&mut rest)?,
            seq: leb128(&mut rest)?,
            start_op: leb128(&mut rest)?,
            at_s: signed(&mut rest)?,
            message: prefixed(&mut rest)?,
            rest: rest.to_vec(),
        })
    }

    /// Puts the parts together.
    pub fn bytes(&self) -> Vec<u8> {
        let mut body = unsigned_leb(self.deps.len() as u64);
        body.extend(self.deps.concat());
        body.extend(unsigned_leb(self.actor.len() as u64));
        body.extend(&self.actor);
        body.extend(unsigned_leb(self.seq));
        body.extend(unsigned_leb(self.start_op));
        body.extend(signed_leb(self.at_s));
        body.extend(unsigned_leb(self.message.len() as u64));
        body.extend(&self.message);
        body.extend(&self.rest);
        let mut chunk = vec![1];
        chunk.extend(unsigned_leb(body.len() as u64));
        chunk.extend(body);
        let sum = Sha256::digest(&chunk);
        [&[0x85, 0x6f, 0x4a, 0x83], &sum[..4], &chunk].concat()
    }

    /// Returns the same change with operations made of columns: Automerge's number of each, and its bytes.
    #[must_use]
    pub fn with_columns(mut self, columns: &[(u64, Vec<u8>)]) -> Self {
        self.rest = unsigned_leb(0);
        self.rest.extend(unsigned_leb(columns.len() as u64));
        for (number, bytes) in columns {
            self.rest.extend(unsigned_leb(*number));
            self.rest.extend(unsigned_leb(bytes.len() as u64));
        }
        for (_, bytes) in columns {
            self.rest.extend(bytes);
        }
        self
    }

    /// Returns the same change with so many operations on one path, each of which replaces so many others.
    #[must_use]
    pub fn bomb(self, operations: u64, replaced: u64, path: &str) -> Self {
        let run =
            |length: u64, value: &[u8]| [signed_leb(length.cast_signed()), value.to_vec()].concat();
        let text = [unsigned_leb(path.len() as u64), path.as_bytes().to_vec()].concat();
        let mut columns = vec![
            (0x15, run(operations, &text)),
            (0x34, unsigned_leb(operations)),
            (0x42, run(operations, &unsigned_leb(1))),
            (0x56, run(operations, &unsigned_leb(0))),
            (0x70, run(operations, &unsigned_leb(replaced))),
        ];
        if replaced > 0 {
            let all = operations.saturating_mul(replaced);
            columns.push((0x71, run(all, &unsigned_leb(0))));
            columns.push((0x73, run(all, &signed_leb(1))));
        }
        self.with_columns(&columns)
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let taken = rest.get(..length)?;
    *rest = &rest[length..];
    Some(taken)
}

fn prefixed(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let length = usize::try_from(leb128(rest)?).ok()?;
    take(rest, length).map(<[u8]>::to_vec)
}

fn signed(rest: &mut &[u8]) -> Option<i64> {
    crate::sync::guard::signed_leb128(rest)
}

fn unsigned_leb(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(0x80 | (number & 0x7f) as u8);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

fn signed_leb(mut number: i64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let byte = (number & 0x7f) as u8;
        number >>= 7;
        let is_last = (number == 0 && byte & 0x40 == 0) || (number == -1 && byte & 0x40 != 0);
        if is_last {
            bytes.push(byte);
            return bytes;
        }
        bytes.push(byte | 0x80);
    }
}
