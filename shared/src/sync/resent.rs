//! When somebody wrote again what was held, and it was taken: nobody has to decide about the first any more.

use crate::document::Write;
use crate::planted::{self, Fault};

/// Says whether a change that was taken writes all that a held one wrote. The same element of a list has another name when
/// it is written again, and what an edited text came to cannot be told from a change alone.
pub fn is_resent(held: &[Write], taken: &[Write]) -> bool {
    let is_same = |one: &Write, other: &Write| {
        one.value == other.value && !one.value.is_null() && place(&one.path) == place(&other.path)
    };
    let is_in = |write: &Write| taken.iter().any(|other| is_same(write, other));
    !held.is_empty() && !planted::is_on(Fault::ResentWaits) && held.iter().all(is_in)
}

/// A path without the name of the element.
fn place(path: &str) -> (&str, &str) {
    match path.split_once('/') {
        Some((list, rest)) => (list, rest.rsplit('/').next().unwrap_or_default()),
        None => (path, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn what_was_written_again_is_known_by_what_it_says() {
        let write = |(path, value): &(&str, Value)| Write {
            path: (*path).into(),
            value: value.clone(),
        };
        let check = |held: &[(&str, Value)], taken: &[(&str, Value)], expect: bool| {
            let of = |writes: &[(&str, Value)]| writes.iter().map(write).collect::<Vec<_>>();
            assert_eq!(
                is_resent(&of(held), &of(taken)),
                expect,
                "{held:?} {taken:?}"
            );
        };
        let (bed, blood) = (("bed", json!("4")), ("bloodGroup", json!("A+")));
        let (one, both) = (std::slice::from_ref(&bed), [blood, bed.clone()]);
        check(one, one, true);
        check(one, &both, true);
        check(&both, one, false);
        check(one, &[("bed", json!("5"))], false);
        check(&[], &both, false);
        let phone = |id: &str| (format!("telecom/{id}/value"), json!("1"));
        let (first, again) = (phone("00001.7.0"), phone("00001.7.1"));
        check(
            &[(&first.0, first.1.clone())],
            &[(&again.0, again.1.clone())],
            true,
        );
        // an edited text, or an emptied field
        check(&[("notes", Value::Null)], &[("notes", Value::Null)], false);
    }
}
