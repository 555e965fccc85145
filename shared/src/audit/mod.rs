//! Who did what: entries that nobody changes or removes unseen.
//!
//! A desk writes entries into a [`chain`]: each names the one before it, and is sealed with a key that is forgotten at
//! once. The hub puts everything it learns into one [`tree`] and signs its root from time to time. Whoever changes,
//! removes or moves an entry afterwards does not get the same hashes, and [`chain::Checker`] and the hub's check say
//! which entry is the first that is not as it was.

pub mod chain;
pub mod entry;
pub mod head;
pub mod look;
pub mod seal;
pub mod start;
pub mod tree;

/// SHA-256, or a key.
pub type Hash = [u8; 32];
