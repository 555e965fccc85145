//! The ward's own copy of the hospital's record: an encrypted SQLite file, what waits to be sent, what was refused, and
//! the courier that carries it all to the hub. Knows SQLite and documents, not the window.

mod allotment;
mod arrivals;
mod audit;
mod base;
mod booking;
mod cabinet;
mod contact;
mod courier;
mod decided;
mod diary;
mod draft;
mod emergency;
mod error;
mod exchange;
mod files;
mod flight;
mod front;
mod held;
mod hub;
mod identity;
mod keychain;
mod leaving;
mod likely;
mod line;
mod lineage;
mod load;
mod meta;
mod mirror;
mod news;
mod numbers;
mod open;
mod openings;
mod outbox;
mod papers;
mod payments;
mod push;
mod reads;
mod receive;
mod refusal;
mod rescue;
mod row;
mod save;
mod sheets;
mod slots;
mod store;
mod summaries;
mod tried;
mod unlock;
mod unresolved;
mod watch;
mod wipe;
mod wrap;

pub use base::{Clock, Options, Replica};
pub use cabinet::{Cabinet, Places};
pub use courier::{Courier, Round};
pub use error::{Error, Result};
pub use news::Event;
pub use watch::Watch;

#[cfg(test)]
mod tests;
