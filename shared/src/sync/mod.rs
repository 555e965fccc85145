//! How a desk and the hub stay one hospital: messages, limits, and what is decided about each change.

pub mod allow;
pub mod clocks;
pub mod digest;
pub mod exchange;
pub mod follow;
pub mod guard;
pub mod judge;
pub mod late;
pub mod leaving;
pub mod lineage;
pub mod resent;
pub mod stage;
pub mod waybill;
pub mod wire;
