//! What gateways are asked for, as a cashier watches it.

use crate::ids::StaffId;
use crate::money::currency::Currency;
use crate::payments::charges::ChargeState;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

/// Money that a gateway was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct ChargeLine {
    pub payment: Uuid,
    #[ts(type = "string")]
    pub currency: Currency,
    #[ts(type = "number")]
    pub minor: i64,
    pub state: ChargeState,
    /// Why nothing was taken.
    pub code: Option<String>,
    pub may_cancel: bool,
    /// `stripe`, `razorpay`, `house`
    pub provider: String,
    /// What the payer's page needs to go on.
    pub payer: Option<String>,
    /// The card as the gateway knows it, or the slip of a terminal.
    pub source: Option<String>,
    /// Of money that is in the books.
    pub receipt: Option<String>,
    pub by: StaffId,
    #[ts(type = "number")]
    pub at_ms: i64,
}

/// What was asked for a bill, and who may be asked for more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct ChargePage {
    pub gateway: Option<String>,
    pub lines: Vec<ChargeLine>,
}
