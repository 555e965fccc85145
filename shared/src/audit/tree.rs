//! The Merkle tree of RFC 6962: a root over all entries, and proofs that one is in it and that it only grew.

use super::Hash;
use sha2::{Digest, Sha256};

/// Returns the hash of an entry as a leaf.
pub fn leaf(entry: &[u8]) -> Hash {
    Sha256::new()
        .chain_update([0])
        .chain_update(entry)
        .finalize()
        .into()
}

fn node(left: &Hash, right: &Hash) -> Hash {
    let hash = Sha256::new().chain_update([1]).chain_update(left);
    hash.chain_update(right).finalize().into()
}

/// Returns the root over leaves.
pub fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Sha256::digest([]).into(),
        [one] => *one,
        many => {
            let (left, right) = many.split_at(split(many.len()));
            node(&root(left), &root(right))
        }
    }
}

/// Returns the largest power of two below a size of at least two.
fn split(size: usize) -> usize {
    1 << (usize::BITS - 1 - (size - 1).leading_zeros())
}

/// Returns what proves that a leaf is in the tree; nothing when there is no such leaf.
pub fn inclusion(leaves: &[Hash], index: usize) -> Option<Vec<Hash>> {
    if index >= leaves.len() {
        return None;
    }
    if leaves.len() == 1 {
        return Some(Vec::new());
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut path, sibling) = if index < left.len() {
        (inclusion(left, index)?, root(right))
    } else {
        (inclusion(right, index - left.len())?, root(left))
    };
    path.push(sibling);
    Some(path)
}

/// Says whether a path proves that a leaf has a place in the tree of a size and root.
pub fn is_included(leaf: &Hash, index: u64, size: u64, path: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node(sibling, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node(&hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Returns what proves that the tree of the first `old` leaves only grew; nothing when it is not that old.
pub fn consistency(leaves: &[Hash], old: usize) -> Option<Vec<Hash>> {
    if old > leaves.len() {
        return None;
    }
    if old == 0 || old == leaves.len() {
        return Some(Vec::new());
    }
    Some(grown(leaves, old, true))
}

fn grown(leaves: &[Hash], old: usize, is_whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if is_whole {
            Vec::new()
        } else {
            vec![root(leaves)]
        };
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut path, sibling) = if old <= left.len() {
        (grown(left, old, is_whole), root(right))
    } else {
        (grown(right, old - left.len(), false), root(left))
    };
    path.push(sibling);
    path
}

/// Says whether a path proves that a tree of an old size and root became one of a new size and root by growing only.
pub fn is_consistent(old: (u64, &Hash), new: (u64, &Hash), path: &[Hash]) -> bool {
    let ((old_size, old_root), (new_size, new_root)) = (old, new);
    if old_size == 0 {
        return path.is_empty() && *old_root == root(&[]);
    }
    if old_size >= new_size {
        return old_size == new_size && path.is_empty() && old_root == new_root;
    }
    // the old tree is one whole subtree of the new one: its root is where the path begins
    let first = if old_size.is_power_of_two() {
        Some(old_root)
    } else {
        None
    };
    let mut path = first.into_iter().chain(path);
    let (mut at, mut last) = (old_size - 1, new_size - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let Some(seed) = path.next() else {
        return false;
    };
    let (mut old_hash, mut new_hash) = (*seed, *seed);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            old_hash = node(sibling, &old_hash);
            new_hash = node(sibling, &new_hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = node(&new_hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && old_hash == *old_root && new_hash == *new_root
}

/// A tree that grows, kept as the roots of its whole subtrees, largest first: one for each bit of its size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Growing {
    size: u64,
    peaks: Vec<Hash>,
}

impl Growing {
    /// Reads a tree as it was kept; nothing when that was not one.
    pub fn from_bytes(size: u64, peaks: &[u8]) -> Option<Self> {
        let (peaks, []) = peaks.as_chunks::<32>() else {
            return None;
        };
        let is_whole = u32::try_from(peaks.len()).ok()? == size.count_ones();
        is_whole.then(|| Self {
            size,
            peaks: peaks.to_vec(),
        })
    }

    /// Returns the bytes to keep besides the size.
    pub fn peaks(&self) -> Vec<u8> {
        self.peaks.concat()
    }

    /// Returns how many leaves there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            let left = self
                .peaks
                .pop()
                .expect("there is a peak for each bit of the size");
            hash = node(&left, &hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// Returns the root.
    pub fn root(&self) -> Hash {
        let peaks = self.peaks.iter().rev().copied();
        peaks
            .reduce(|right, left| node(&left, &right))
            .unwrap_or_else(|| root(&[]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::wire::{hex, unhex};

    /// The eight entries every Certificate Transparency log is tried with.
    fn standard() -> Vec<Hash> {
        let entries = [
            "",
            "00",
            "10",
            "2021",
            "3031",
            "40414243",
            "5051525354555657",
            "606162636465666768696a6b6c6d6e6f",
        ];
        entries
            .iter()
            .map(|hex| leaf(&unhex(hex).unwrap()))
            .collect()
    }

    #[test]
    fn roots_are_those_of_certificate_transparency() {
        let leaves = standard();
        assert_eq!(
            hex(&root(&leaves)),
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
        );
        assert_eq!(
            hex(&root(&[])),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(
            hex(&root(&leaves[..1])),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
    }

    #[test]
    fn a_tree_that_grows_has_the_root_of_one_made_at_once() {
        let leaves: Vec<Hash> = (0..70_u8).map(|n| leaf(&[n])).collect();
        let mut tree = Growing::default();
        for size in 0..leaves.len() {
            assert_eq!(tree.root(), root(&leaves[..size]), "{size}");
            let kept = Growing::from_bytes(tree.size(), &tree.peaks());
            assert_eq!(kept.as_ref(), Some(&tree));
            tree.push(leaves[size]);
        }
        assert_eq!(Growing::from_bytes(tree.size() + 1, &tree.peaks()), None);
    }

    #[test]
    fn proofs_prove_what_is_so_and_nothing_else() {
        let leaves: Vec<Hash> = (0..20_u8).map(|n| leaf(&[n])).collect();
        for size in 1..=leaves.len() {
            let (some, whole) = (&leaves[..size], root(&leaves[..size]));
            for (index, leaf_hash) in some.iter().enumerate() {
                let path = inclusion(some, index).unwrap();
                let check = |leaf, index: usize, size: usize, path: &[Hash], root| {
                    is_included(leaf, index as u64, size as u64, path, root)
                };
                assert!(check(leaf_hash, index, size, &path, &whole));
                let other = leaf(b"other");
                assert!(!check(&other, index, size, &path, &whole));
                assert!(!check(leaf_hash, index, size, &path, &other));
                assert!(!check(leaf_hash, size, size, &path, &whole));
                assert!(!check(
                    leaf_hash,
                    index,
                    size,
                    &[&path[..], &[other]].concat(),
                    &whole
                ));
            }
            assert_eq!(inclusion(some, size), None);
            for old in 0..=size {
                let path = consistency(some, old).unwrap();
                let before = root(&leaves[..old]);
                let check = |old: usize, before, whole, path: &[Hash]| {
                    is_consistent((old as u64, before), (size as u64, whole), path)
                };
                assert!(check(old, &before, &whole, &path), "{old} of {size}");
                let other = leaf(b"other");
                assert!(!check(old, &other, &whole, &path), "{old} of {size}");
                if old > 0 {
                    assert!(!check(old, &before, &other, &path), "{old} of {size}");
                    assert!(!check(
                        old,
                        &before,
                        &whole,
                        &[&path[..], &[other]].concat()
                    ));
                }
            }
            assert_eq!(consistency(some, size + 1), None);
        }
    }
}
