//! Names of things. Ids are UUIDv7, made once by whoever creates the thing, and never reused.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use ts_rs::TS;
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
        #[serde(transparent)]
        #[ts(type = "string")]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map($name)
            }
        }
    )+};
}

ids! {
    /// A patient, an appointment or a prescription: anything with an Automerge document.
    RecordId
    /// A member of staff.
    StaffId
    /// A workstation that was enrolled at the hub.
    DeviceId
    /// A ward: what a replica is scoped to.
    WardId
    /// A department, such as cardiology. Belongs to one ward.
    DepartmentId
    /// One time that somebody opened the emergency access.
    OpeningId
    /// One look of the hub at its whole audit log.
    LookId
}

/// The short number the hub gives a device at enrolment. It makes the device's Automerge actors and hospital numbers.
pub type DeviceNumber = u32;

/// The number of the hub itself, in the changes that it makes.
pub const HUB_NUMBER: DeviceNumber = 0;
