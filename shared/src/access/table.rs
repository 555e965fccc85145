//! The table. `shared/tests/access.txt` is the same in words, and is reviewed when it changes.

use super::parts::{Part, State};
use super::{Role, Task};
use crate::record::Kind;

/// Whose records and tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// What the ward of the desk sees.
    OwnWard,
    /// Everything of the hospital.
    Hospital,
}

/// Something that is allowed to some roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    Read(Kind),
    Write(Part, State),
    Do(Task),
}

/// One line: what, and a letter for each role in the order of [`Role::ALL`]: `o` in their own ward, `a` in any, `-` not.
pub type Line = (Right, &'static [u8; 10]);

use Kind::{Appointment, Patient, Prescription};
use Part::{
    Allergies, Clinical, Death, Decision, Link, Order, OrderCourse, Person, Place, Signature, Slot,
    VisitCourse, VisitNotes,
};
use Right::{Do, Read, Write};
use State::{Alive, Deceased, Draft, Ended, Ordered, Over, Planned, Signed};

/// Who may do what.
#[rustfmt::skip]
pub const TABLE: &[Line] = &[
    //   reception · nurse · doctor · pharmacist · lab · billing · clinical manager · admin · auditor · patient
    (Read(Patient),                  b"ooooooo-o-"),
    (Read(Appointment),              b"oooo-oo-o-"),
    (Read(Prescription),             b"-ooo--o-o-"),

    (Write(Person, Alive),           b"ooo---o---"),
    (Write(Person, Deceased),        b"o-o---o---"),
    (Write(Place, Alive),            b"ooo---o---"),
    (Write(Place, Deceased),         b"-oo---o---"),
    (Write(Allergies, Alive),        b"-ooo------"),
    (Write(Allergies, Deceased),     b"--o-------"),
    (Write(Clinical, Alive),         b"-oo-------"),
    (Write(Clinical, Deceased),      b"--o-------"),
    (Write(Death, Alive),            b"-oo-------"),
    (Write(Death, Deceased),         b"--o-------"),

    // the hub alone
    (Write(Link, Alive),             b"----------"),
    (Write(Link, Deceased),          b"----------"),

    (Write(Slot, Planned),           b"ooo---o---"),
    (Write(Slot, Over),              b"----------"),
    (Write(VisitCourse, Planned),    b"ooo---o---"),
    // an arrival that was pressed by mistake is taken back by whoever pressed it
    (Write(VisitCourse, Over),       b"ooo---o---"),
    (Write(VisitNotes, Planned),     b"ooo-------"),
    (Write(VisitNotes, Over),        b"-oo-------"),

    // the hub alone
    (Write(Decision, Planned),       b"----------"),
    (Write(Decision, Over),          b"----------"),

    (Write(Order, Draft),            b"--o-------"),
    (Write(Order, Ordered),          b"--o-------"),
    // which ends what the signature is worth
    (Write(Order, Signed),           b"--o-------"),
    (Write(Order, Ended),            b"----------"),
    (Write(OrderCourse, Draft),      b"--o-------"),
    (Write(OrderCourse, Ordered),    b"--o-------"),
    (Write(OrderCourse, Signed),     b"--o-------"),
    (Write(OrderCourse, Ended),      b"--o-------"),
    (Write(Signature, Draft),        b"--o-------"),
    (Write(Signature, Ordered),      b"--o-------"),
    (Write(Signature, Signed),       b"--o-------"),
    (Write(Signature, Ended),        b"----------"),

    (Do(Task::ReadAudit),            b"------o-o-"),
    (Do(Task::ReviewHeld),           b"------a---"),
    // each as far as they may write what it is about
    (Do(Task::SettleConflicts),      b"---a--a---"),
    (Do(Task::MergePatients),        b"------a---"),
    (Do(Task::UseConsole),           b"---a-aaaa-"),
    // those who treat, and may read what is prescribed
    (Do(Task::BreakGlass),           b"-ooo------"),
    (Do(Task::ReviewEmergency),      b"------a---"),

    (Do(Task::Cashier),              b"-----a----"),
    // never whoever asked for it
    (Do(Task::AgreeRefund),          b"-----aa---"),
    (Do(Task::ReadBooks),            b"-----aaaa-"),
    (Do(Task::KeepBooks),            b"-----aa---"),
    (Do(Task::Insure),               b"-----a----"),
    (Do(Task::SetPrices),            b"-------a--"),
    (Do(Task::SearchAudit),          b"------a-a-"),
    // it takes two to let a workstation in, and a lost one is stopped at night as well
    (Do(Task::RunDevices),           b"------aa--"),
    (Do(Task::RunStaff),             b"-------a--"),
    (Do(Task::RunWards),             b"-------a--"),
    (Do(Task::ChooseSettings),       b"-------a--"),
    (Do(Task::PlanHours),            b"------aa--"),
    // figures; of money only to those who may read the books as well
    (Do(Task::SeeOverview),          b"------aaa-"),
    // names and phone numbers of any ward
    (Do(Task::TellPatients),         b"------a---"),
];

/// Returns how far a role's right goes; nothing when it has none.
pub fn reach(role: Role, right: Right) -> Option<Reach> {
    let (_, cells) = TABLE.iter().find(|(of, _)| *of == right)?;
    match cells[role as usize] {
        b'o' => Some(Reach::OwnWard),
        b'a' => Some(Reach::Hospital),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_right_has_one_line() {
        let reads = Kind::ALL.into_iter().map(Read);
        let writes = Part::ALL.into_iter().flat_map(|part| {
            let states = State::of_kind(part.kind()).iter();
            states.map(move |state| Write(part, *state))
        });
        let mut wanted: Vec<Right> = reads
            .chain(writes)
            .chain(Task::ALL.into_iter().map(Do))
            .collect();
        let mut lines: Vec<Right> = TABLE.iter().map(|(right, _)| *right).collect();
        wanted.sort_unstable();
        lines.sort_unstable();
        assert_eq!(lines, wanted);
    }

    #[test]
    fn every_cell_is_an_answer_and_every_role_has_its_column() {
        for (right, cells) in TABLE {
            assert!(cells.iter().all(|cell| b"oa-".contains(cell)), "{right:?}");
        }
        for (place, role) in Role::ALL.into_iter().enumerate() {
            assert_eq!(role as usize, place);
        }
    }
}
