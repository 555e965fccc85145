//! Paper: the slip a patient takes home, receipts and bills, and a doctor's day, set by Typst from templates that a hospital may change.
//!
//! Facts in, sheets out: nothing here reads a file, a clock or the network. Templates and fonts are in the program.

mod code;
mod day;
mod money;
mod press;
mod slip;
mod words;

pub use day::{DayListFacts, Visit, day_list};
pub use money::{BillFacts, ReceiptFacts, bill, receipt};
pub use press::{Error, Sheet};
pub use slip::{Edition, Patient, Printed, SlipFacts, slip};
pub use words::Words;
