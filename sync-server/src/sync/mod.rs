//! The one door, what comes out of it, and how desks hear of it.

pub mod accept;
pub mod bootstrap;
mod cores;
pub mod digest;
pub mod fan;
pub mod feed;
pub mod held;
pub mod line;
pub mod live;
pub mod news;
pub mod pace;
pub mod push;
pub mod store;
pub mod weigh;
