//! The shapes of looks at the audit log.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Somebody at a desk who may read the audit.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct LookAsk {
    username: String,
    password: String,
    /// The look to hear of; nothing for a new one
    run: Option<Uuid>,
}

/// How far a look has come.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct LookProgress {
    run: Uuid,
    /// Leaves that were looked at
    done: u64,
    all: u64,
    /// Nothing before the end
    found: Option<LogLook>,
}

/// What was found.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct LogLook {
    leaves: u64,
    heads: u64,
    /// The newest signed head
    head: Option<HeadLine>,
    chains: u64,
    alarms: u64,
    first_bad_leaf: Option<BadEntry>,
    bad_chains: Vec<BadEntry>,
}

/// A signed head of the log.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct HeadLine {
    size: u64,
    root: String,
    at_ms: i64,
    signature: String,
}

/// An entry that is not as it was written.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct BadEntry {
    place: String,
    why: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::tests::check;
    use shared::audit::head as own_head;
    use shared::audit::look as own;
    use shared::ids::LookId;

    #[test]
    fn the_description_of_looks_is_that_of_the_messages() {
        check::<LookAsk>(&own::LookAsk {
            username: "A".to_owned().into(),
            password: "B".to_owned().into(),
            run: Some(LookId(Uuid::nil())),
        });
        let bad = own::BadEntry {
            place: "1".into(),
            why: "A".into(),
        };
        check::<LookProgress>(&own::LookProgress {
            run: LookId(Uuid::nil()),
            done: 1,
            all: 2,
            found: Some(own::LogLook {
                leaves: 1,
                heads: 1,
                head: Some(own_head::HeadLine {
                    size: 1,
                    root: "00".into(),
                    at_ms: 1,
                    signature: "00".into(),
                }),
                chains: 1,
                alarms: 0,
                first_bad_leaf: Some(bad.clone()),
                bad_chains: vec![bad],
            }),
        });
    }
}
