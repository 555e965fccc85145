//! What the hospital knows. No IO: give it values, it gives you values.
//!
//! Clocks, files, sockets and randomness are arguments. Read the modules in this order.

// the ground floor
pub mod access;
pub mod clock;
pub mod conflicts;
pub mod device;
pub mod document;
pub mod ids;
pub mod migrations;
pub mod money;
pub mod orders;
pub mod passwords;
pub mod phi;
pub mod planted;
pub mod problem;
pub mod record;
pub mod seal;
pub mod search;
pub mod sync;
pub mod unlock;
// the departments
pub mod billing;
pub mod ledger;
pub mod patients;
pub mod payments;
pub mod prescriptions;
pub mod scheduling;
pub mod staff;
// what departments tell each other
pub mod events;
// who may be the same person
pub mod matching;
pub mod merging;
// access to charts of other wards
pub mod emergency;
// who did what
pub mod audit;
// what a desk shows
pub mod desk;
// what central staff are shown
pub mod administration;
pub mod console;
pub mod notices;
pub mod overview;
// how the hub and its workstations are
#[cfg(any(test, feature = "planted"))]
pub mod forged;
pub mod health;
pub mod office;
// what spreadsheets are given
#[cfg(any(test, feature = "sample"))]
pub mod sample;
pub mod sheet;
