//! What a look at everything that was written down finds: a desk at its own chain, the hub at the whole log.

use super::head::HeadLine;
use crate::ids::LookId;
use crate::phi::Phi;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// An entry that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct BadEntry {
    /// The leaf, or the device, incarnation and place of its chain.
    pub place: String,
    pub why: String,
}

/// What a look at the whole log of the hub found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct LogLook {
    #[ts(type = "number")]
    pub leaves: u64,
    /// Signed heads it was compared with.
    #[ts(type = "number")]
    pub heads: u64,
    /// The newest of them.
    pub head: Option<HeadLine>,
    #[ts(type = "number")]
    pub chains: u64,
    /// Alarms that were raised when entries came from desks.
    #[ts(type = "number")]
    pub alarms: u64,
    /// The first entry of the log that is not as it was written.
    pub first_bad_leaf: Option<BadEntry>,
    /// The first bad entry of each desk's chain that is not as it came.
    pub bad_chains: Vec<BadEntry>,
}

impl LogLook {
    /// Says whether everything is as it was written.
    pub fn is_whole(&self) -> bool {
        self.first_bad_leaf.is_none() && self.bad_chains.is_empty()
    }
}

/// How far the hub has come with a look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct LookProgress {
    /// Which look this is: to be said again to hear of the same one.
    pub run: LookId,
    /// Leaves that were looked at, and leaves in all.
    #[ts(type = "number")]
    pub done: u64,
    #[ts(type = "number")]
    pub all: u64,
    /// Nothing before the end.
    pub found: Option<LogLook>,
}

/// Somebody who may read the audit, at a desk, `POST /sync/v1/audit/look`: proves who they are in each call.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookAsk {
    #[serde(with = "crate::phi::on_the_wire")]
    pub username: Phi<String>,
    #[serde(with = "crate::phi::on_the_wire")]
    pub password: Phi<String>,
    /// The look to hear of; nothing for a new one.
    pub run: Option<LookId>,
}

/// What a desk found of its own chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct ChainLook {
    /// Entries that are on this desk.
    #[ts(type = "number")]
    pub entries: u64,
    /// Those of them that the hub has not confirmed.
    #[ts(type = "number")]
    pub unsent: u64,
    /// The first one that is not as it was written.
    pub bad: Option<BadEntry>,
}
