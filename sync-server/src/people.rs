//! Staff as the database keeps them.

use shared::access::Role;
use shared::ids::{DepartmentId, StaffId};
use shared::staff::Staff;
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

/// Reads the word of a role.
pub(crate) fn role_of(word: &str) -> Option<Role> {
    serde_json::from_value(serde_json::Value::String(word.into())).ok()
}

/// Returns a username as it is kept: people type capitals and spaces.
pub(crate) fn username(typed: &str) -> String {
    typed.trim().to_lowercase()
}

/// Reads a member of staff from a row.
pub(crate) fn member(row: &PgRow) -> Staff {
    let roles: Vec<String> = row.get("roles");
    let departments: Vec<Uuid> = row.get("departments");
    Staff {
        id: StaffId(row.get("id")),
        username: row.get("username"),
        name: row.get("name"),
        roles: roles.iter().filter_map(|word| role_of(word)).collect(),
        departments: departments.into_iter().map(DepartmentId).collect(),
        is_active: row.get("is_active"),
    }
}
