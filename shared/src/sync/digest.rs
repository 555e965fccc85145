//! Do two places hold the same? Compared bucket by bucket, so that a differing record is found in few calls.

use crate::document::Heads;
use crate::ids::RecordId;
use crate::record::Kind;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// SHA-256 over the ids and heads of each bucket, in order of id. A bucket is named `kind/low four bits of the id`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    pub buckets: BTreeMap<String, String>,
}

impl Digest {
    /// Returns 64 bits of it, hex: enough to see that two differ by accident, and short enough for a header.
    pub fn short(&self) -> String {
        let mut sum = Sha256::new();
        for (name, hash) in &self.buckets {
            sum.update(name.as_bytes());
            sum.update(hash.as_bytes());
        }
        crate::sync::wire::hex(&sum.finalize()[..8])
    }
}

/// Returns the name of a record's bucket.
pub fn bucket(kind: Kind, id: RecordId) -> String {
    format!("{}/{:02}", kind.number(), id.0.as_bytes()[15] & 0x0f)
}

/// Returns the digest of records, in whatever order they come.
pub fn of(records: impl IntoIterator<Item = (Kind, RecordId, Heads)>) -> Digest {
    let mut sorted: Vec<_> = records.into_iter().collect();
    sorted.sort_unstable();
    let mut sums: BTreeMap<String, Sha256> = BTreeMap::new();
    for (kind, id, heads) in sorted {
        let sum = sums.entry(bucket(kind, id)).or_default();
        sum.update(id.0.as_bytes());
        sum.update(heads.to_bytes());
    }
    let hex = |sum: Sha256| crate::sync::wire::hex(&sum.finalize());
    Digest {
        buckets: sums
            .into_iter()
            .map(|(name, sum)| (name, hex(sum)))
            .collect(),
    }
}
