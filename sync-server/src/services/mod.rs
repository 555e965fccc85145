//! What only the hub does, one file per department: routes on top, handlers below, SQL inside them.

pub mod audit;
pub mod billing;
pub mod console;
pub mod devices;
pub mod emergency;
pub mod fhir;
pub mod health;
pub mod identity;
pub mod insurance;
pub mod notifications;
pub mod orders;
pub mod payments;
pub mod staff;
