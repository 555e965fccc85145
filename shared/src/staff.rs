//! The people who work here and the places they work in: reference data, edited at the hub, read by the desks.

use crate::access::Role;
use crate::ids::{DepartmentId, StaffId, WardId};
use crate::planted::{self, Fault};
use crate::problem::{Problem, Problems};
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
    /// What was closed: nothing is put there any more, and what was there keeps its name.
    #[serde(default)]
    pub closed: Closed,
}

/// Wards and departments that were closed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct Closed {
    pub wards: Vec<Ward>,
    pub departments: Vec<Department>,
}

/// Letters of a name of a person or a place, at most.
pub const NAME_CHARS: usize = 80;
/// Letters of a username, at most and at least.
const USERNAME_CHARS: std::ops::RangeInclusive<usize> = 2..=60;

/// What an administrator says of somebody who works here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export_to = "types.gen.ts")]
pub struct StaffDraft {
    pub name: String,
    pub roles: Vec<Role>,
    pub departments: Vec<DepartmentId>,
}

impl StaffDraft {
    /// Returns what is said of somebody now.
    pub fn of(staff: &Staff) -> Self {
        Self {
            name: staff.name.clone(),
            roles: staff.roles.clone(),
            departments: staff.departments.clone(),
        }
        .tidy()
    }

    /// Returns the same in one order, without spaces around the name: what two people chose alike is alike.
    #[must_use]
    pub fn tidy(mut self) -> Self {
        self.name = self.name.trim().to_owned();
        self.roles.sort_unstable();
        self.roles.dedup();
        self.departments.sort_unstable();
        self.departments.dedup();
        self
    }

    /// Returns everything that cannot be so.
    pub fn check(&self) -> Vec<Problem> {
        Problems::default()
            .unless(!self.name.trim().is_empty(), "required", "name")
            .at_most(&self.name, NAME_CHARS, "name")
            .unless(!self.roles.is_empty(), "staff.no_role", "roles")
            .unless(
                !self.roles.contains(&Role::Patient),
                "staff.role_of_patients",
                "roles",
            )
            .into()
    }
}

/// Returns what is wrong with a name somebody is to sign in with. It is compared in small letters.
pub fn check_username(typed: &str) -> Vec<Problem> {
    let is_plain = |c: char| c.is_alphanumeric() || "._-@".contains(c);
    let name = typed.trim();
    let length = name.chars().count();
    Problems::default()
        .unless(length > 0, "required", "username")
        .unless(
            length == 0 || USERNAME_CHARS.contains(&length) && name.chars().all(is_plain),
            "staff.username_invalid",
            "username",
        )
        .into()
}

/// Says whether an administrator may give somebody these roles instead of those they have; none is for somebody who leaves.
/// Nobody known is who sits at the hub itself. `other_admins` is how many there are besides.
///
/// # Errors
/// `staff.own_roles` and `staff.last_admin`.
pub fn may_change_roles(
    by: Option<StaffId>,
    whom: StaffId,
    (before, after): (&[Role], &[Role]),
    other_admins: u32,
) -> Result<(), Problem> {
    if before == after || planted::is_on(Fault::OwnRoles) {
        return Ok(());
    }
    if by == Some(whom) {
        return Err(Problem::new("staff.own_roles", "roles"));
    }
    let is_lost = before.contains(&Role::Admin) && !after.contains(&Role::Admin);
    if is_lost && other_admins == 0 {
        return Err(Problem::new("staff.last_admin", "roles"));
    }
    Ok(())
}

/// Returns what is wrong with the name of a ward or a department.
pub fn check_place(name: &str) -> Vec<Problem> {
    Problems::default()
        .unless(!name.trim().is_empty(), "required", "name")
        .at_most(name, NAME_CHARS, "name")
        .into()
}

/// What still is on a ward, or belongs to a department.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct InUse {
    /// Living patients who are on it.
    pub patients: u32,
    /// Names of workstations of it.
    pub desks: Vec<String>,
    /// Names of departments whose diary it runs.
    pub departments: Vec<String>,
    /// Names of doctors who see patients there.
    pub doctors: Vec<String>,
    /// Appointments that are still to come, and people who wait for one.
    pub visits: u32,
}

impl InUse {
    /// Says, all at once, what stands in the way of closing it.
    pub fn may_close(&self) -> Vec<Problem> {
        let counted = |count: u32, code: &str| {
            (count > 0).then(|| Problem::new(code, "").with("count", count))
        };
        let named = |names: &[String], code: &str| {
            (!names.is_empty()).then(|| Problem::new(code, "").with("names", names.join(", ")))
        };
        if planted::is_on(Fault::ClosesInUse) {
            return Vec::new();
        }
        Problems::default()
            .add(counted(self.patients, "place.has_patients"))
            .add(named(&self.desks, "place.has_desks"))
            .add(named(&self.departments, "place.has_departments"))
            .add(named(&self.doctors, "place.has_doctors"))
            .add(counted(self.visits, "place.has_visits"))
            .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn codes(problems: &[Problem]) -> Vec<&str> {
        problems
            .iter()
            .map(|problem| problem.code.as_str())
            .collect()
    }

    #[test]
    fn somebody_has_a_name_and_a_role_of_the_staff() {
        let check = |name: &str, roles: &[Role], expect: &[&str]| {
            let draft = StaffDraft {
                name: name.into(),
                roles: roles.to_vec(),
                departments: Vec::new(),
            };
            assert_eq!(codes(&draft.check()), expect, "{name} {roles:?}");
        };
        check("Ada Bello", &[Role::Nurse], &[]);
        check(" ", &[], &["required", "staff.no_role"]);
        check(&"a".repeat(81), &[Role::Nurse], &["too_long"]);
        check(
            "Ada",
            &[Role::Nurse, Role::Patient],
            &["staff.role_of_patients"],
        );
    }

    #[test]
    fn a_username_is_one_word() {
        let check = |typed: &str, expect: &[&str]| {
            assert_eq!(codes(&check_username(typed)), expect, "{typed}");
        };
        check("ada", &[]);
        check(" Béla.Kovács-2@hospital.example ", &[]);
        check("", &["required"]);
        for wrong in ["a", "ada bello", "<ada>", "ada\u{0}"] {
            check(wrong, &["staff.username_invalid"]);
        }
        check(&"a".repeat(61), &["staff.username_invalid"]);
    }

    #[test]
    fn nobody_changes_their_own_roles_and_an_administrator_stays() {
        let (ada, wei) = (StaffId(Uuid::from_u128(1)), StaffId(Uuid::from_u128(2)));
        let check = |whom, before: &[Role], after: &[Role], others, expect: &str| {
            let said = may_change_roles(Some(wei), whom, (before, after), others);
            let code = said.err().map_or_else(|| "may".into(), |it| it.code);
            assert_eq!(code, expect, "{before:?} {after:?} {others}");
        };
        let (admin, nurse) = (Role::Admin, Role::Nurse);
        check(ada, &[nurse], &[nurse, admin], 0, "may");
        check(ada, &[admin], &[nurse], 1, "may");
        check(ada, &[admin], &[nurse], 0, "staff.last_admin");
        check(ada, &[admin], &[], 0, "staff.last_admin");
        check(ada, &[nurse], &[], 0, "may");
        check(wei, &[admin], &[admin], 0, "may");
        check(wei, &[admin], &[admin, Role::Manager], 5, "staff.own_roles");
        check(wei, &[admin], &[], 5, "staff.own_roles");
        let at_the_hub = may_change_roles(None, wei, (&[admin], &[]), 0);
        assert!(at_the_hub.is_err(), "the last one stays");
    }

    #[test]
    fn what_is_in_use_is_not_closed_and_all_of_it_is_said() {
        assert_eq!(InUse::default().may_close(), []);
        let used = InUse {
            patients: 2,
            desks: vec!["Desk 1".into(), "Trolley".into()],
            departments: vec!["Cardiology".into()],
            doctors: vec!["Dr Musa".into()],
            visits: 1,
        };
        let said = used.may_close();
        let expect = [
            "place.has_patients",
            "place.has_desks",
            "place.has_departments",
            "place.has_doctors",
            "place.has_visits",
        ];
        assert_eq!(codes(&said), expect);
        assert_eq!(said[1].with["names"], "Desk 1, Trolley");
    }
}
