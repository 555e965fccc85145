//! Staff as the database keeps them.

use crate::error::{Error, Result};
use shared::access::{Role, Task, may_do};
use shared::ids::{DepartmentId, StaffId};
use shared::staff::Staff;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// Reads the word of a role.
pub(crate) fn role_of(word: &str) -> Option<Role> {
    serde_json::from_value(serde_json::Value::String(word.into())).ok()
}

/// Returns the words of roles as they are kept.
pub(crate) fn words(roles: &[Role]) -> Vec<String> {
    let word = |role: &Role| Some(serde_json::to_value(role).ok()?.as_str()?.to_owned());
    roles.iter().filter_map(word).collect()
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

/// Administrators who may sign in, and whom nobody else changes meanwhile.
#[derive(Debug)]
pub(crate) struct Admins(Vec<StaffId>);

/// Locks every administrator: two who change each other at once do it one after the other.
pub(crate) async fn lock_admins(db: &mut PgConnection) -> sqlx::Result<Admins> {
    let rows = sqlx::query(
        "select id, is_active as works from staff where 'admin' = any(roles) order by id for update",
    )
    .fetch_all(db)
    .await?;
    let working = rows.iter().filter(|row| row.get("works"));
    Ok(Admins(working.map(|row| StaffId(row.get("id"))).collect()))
}

impl Admins {
    /// Refuses what somebody does who was an administrator when they began, and is none any more.
    pub(crate) fn must_have(&self, by: Option<StaffId>) -> Result<()> {
        match by {
            Some(by) if !self.0.contains(&by) => {
                may_do(&[], Task::RunStaff).map_err(Error::Forbidden)
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Returns how many there are besides somebody.
    pub(crate) fn besides(&self, whom: StaffId) -> u32 {
        let others = self.0.iter().filter(|id| **id != whom).count();
        u32::try_from(others).unwrap_or(u32::MAX)
    }
}
