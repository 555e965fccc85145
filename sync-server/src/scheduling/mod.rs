//! Doctors' time, as only the hub can give it away: who has a slot, who waits for one, and what was decided.
//!
//! A change of an appointment goes through the one door like any other; the door asks [`hours`] whether its author kept the
//! rules, and [`book`] who gets the slot, in the same transaction; [`tell`] writes there what others are told. What is decided is said in the appointment itself by
//! [`decide`], as a change that the hub writes, so that every replica shows the same.

pub(crate) mod answer;
pub(crate) mod book;
pub mod decide;
pub(crate) mod hours;
pub mod lend;
pub mod no_show;
pub mod remind;
pub(crate) mod search;
mod tables;
mod tell;
pub mod waiting;
pub(crate) mod write;

use shared::ids::StaffId;
use uuid::Uuid;

/// The name under which the hub decides: see migration 0018.
pub(crate) const DECIDER: StaffId = StaffId(Uuid::from_u128(0x8000_8000_0000_0000_0002));
