//! The people who work here and the places they work in: reference data, edited at the hub, read by the desks.

use crate::access::Role;
use crate::ids::{DepartmentId, StaffId, WardId};
use crate::scheduling::clinic::Schedule;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A member of staff as every desk knows them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct Staff {
    pub id: StaffId,
    /// What they sign in with.
    pub username: String,
    pub name: String,
    pub roles: Vec<Role>,
    /// Departments a doctor sees patients in.
    pub departments: Vec<DepartmentId>,
    pub is_active: bool,
}

/// A ward of the hospital.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct Ward {
    pub id: WardId,
    pub name: String,
}

/// A department and the ward whose desk runs its diary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct Department {
    pub id: DepartmentId,
    pub name: String,
    pub ward: WardId,
}

/// Everything a desk needs to know that is not a record. Comes whole from the hub when `version` grows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct Reference {
    #[ts(type = "number")]
    pub version: u64,
    pub hospital: String,
    /// IANA time zone of the hospital, such as `Europe/London`.
    pub zone: String,
    pub wards: Vec<Ward>,
    pub departments: Vec<Department>,
    pub staff: Vec<Staff>,
    /// Names of medicines to pick from.
    pub medicines: Vec<String>,
    /// When each doctor sees patients.
    #[serde(default)]
    pub schedules: Vec<Schedule>,
}
