//! The one door, what comes out of it, and how desks hear of it.

pub mod accept;
pub mod bootstrap;
mod cores;
pub mod digest;
pub mod fan;
pub mod feed;
pub(crate) mod flush;
pub(crate) mod heard;
pub mod held;
mod late;
pub mod leaving;
pub mod line;
pub mod lineage;
pub mod live;
mod lock;
pub mod news;
pub mod pace;
pub mod push;
pub(crate) mod quota;
pub mod store;
mod stored;
pub mod weigh;
