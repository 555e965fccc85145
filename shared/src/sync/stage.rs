//! The eight stages a change goes through on its way into the hospital's record. What is not taken stops at one of them,
//! and its code says at which.
//!
//! | stage | asks | where |
//! |---|---|---|
//! | call | is it a message of ours, short enough, and not too many at once? | `sync/push.rs`, `sync/pace.rs` |
//! | device | did a known device send just this? | `session.rs` |
//! | size | what will it unpack to? Nothing has been unpacked yet | [`super::guard`] |
//! | content | is it a change, of the shape a record has? | [`super::judge::inspect`] |
//! | order | is it its device's own, and does it follow what it builds on? | [`super::judge`] |
//! | permission | may its author write each thing it writes? | [`super::allow`], [`crate::access`] |
//! | soundness | is the record sound as its author saw it, and has no other what it claims? | [`super::judge::problems`] |
//! | written | has it been committed? Only now is it acknowledged | `sync/store.rs` |

/// Where a change stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Call,
    Device,
    Size,
    Content,
    Order,
    Permission,
    Soundness,
    Written,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Stage; 8] = [
        Stage::Call,
        Stage::Device,
        Stage::Size,
        Stage::Content,
        Stage::Order,
        Stage::Permission,
        Stage::Soundness,
        Stage::Written,
    ];

    /// Returns the word figures and logs use.
    pub fn word(self) -> &'static str {
        match self {
            Stage::Call => "call",
            Stage::Device => "device",
            Stage::Size => "size",
            Stage::Content => "content",
            Stage::Order => "order",
            Stage::Permission => "permission",
            Stage::Soundness => "soundness",
            Stage::Written => "written",
        }
    }

    /// Returns the stage that gives a code. What no other stage says is a rule of a record.
    pub fn of(code: &str) -> Stage {
        let family = code.split('.').next().unwrap_or_default();
        match code {
            "push.too_large"
            | "change.too_long"
            | "change.too_many_ops"
            | "change.value_too_long"
            | "change.message_too_long" => Stage::Size,
            "change.malformed" | "change.shape" | "record.kind" => Stage::Content,
            "record.damaged" | "hub.unavailable" | "hub.failed" => Stage::Written,
            "not_allowed" | "record.left" | "field.unknown" | "element.said_once"
            | "signature.not_own" => Stage::Permission,
            _ => match family {
                "http" | "frame" | "push" => Stage::Call,
                "device" => Stage::Device,
                "change" => Stage::Order,
                "staff" => Stage::Permission,
                _ => Stage::Soundness,
            },
        }
    }
}
