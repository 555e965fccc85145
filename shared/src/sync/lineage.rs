//! A hub that was put back from a backup lacks what it took since. It begins a new lineage: places in its feeds are only
//! those a desk knows up to where both lineages are the same, and desks give back what they have of the rest.

use super::wire::Hash;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What the hub says of its lineage, `GET /sync/v1/lineage` (JSON).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lineage {
    /// Names the lineage; another one after every return from a backup.
    pub id: Uuid,
    /// Up to this place the feed of the ward is the one that the desk knows.
    pub shared: u64,
}

/// Code of the problem with which the hub answers a place of another lineage: 409, then the desk asks for the lineage.
pub const OTHER_LINEAGE: &str = "feed.lineage";

/// Hashes of changes, one after the other: what `POST /sync/v1/missing` is asked and answers, up to [`HASHES`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hashes {
    #[serde(with = "serde_bytes")]
    bytes: Vec<u8>,
}

/// Hashes in one message, at most.
pub const HASHES: usize = 2_000;

impl Hashes {
    /// Returns the hashes; what is left over at the end is no hash.
    pub fn iter(&self) -> impl Iterator<Item = Hash> + '_ {
        let hashes = self.bytes.chunks_exact(size_of::<Hash>());
        hashes.filter_map(|hash| hash.try_into().ok())
    }

    /// Returns how many they are.
    pub fn len(&self) -> usize {
        self.bytes.len() / size_of::<Hash>()
    }

    /// Says whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

impl FromIterator<Hash> for Hashes {
    fn from_iter<I: IntoIterator<Item = Hash>>(hashes: I) -> Self {
        let bytes = hashes.into_iter().flatten().collect();
        Self { bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_come_back_as_they_were_given() {
        let given = [[1; 32], [2; 32]];
        let hashes: Hashes = given.into_iter().collect();
        assert_eq!(hashes.iter().collect::<Vec<_>>(), given);
        assert_eq!((hashes.len(), hashes.is_empty()), (2, false));
        let sent = crate::sync::wire::encode(&hashes);
        assert!(sent.len() < 2 * 32 + 40);
        let read: Hashes = crate::sync::wire::decode(&sent).expect("a frame");
        assert_eq!(read, hashes);
    }
}
