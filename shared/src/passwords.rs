//! Which passwords people may choose. One that an administrator gives is for once.

use crate::planted::{self, Fault};
use crate::problem::{Problem, Problems};

/// Characters of a password that somebody chooses: at a desk without the network it is all that is asked for.
pub const LEAST_CHARS: usize = 15;
pub const MOST_CHARS: usize = 200;
/// Hours for which a password is good that an administrator gave.
pub const ONCE_HOURS: i64 = 72;
/// Letters of such a password, of five bits each.
pub const ONCE_LETTERS: usize = 16;

/// Returns what is wrong with a password that somebody chooses instead of an old one.
pub fn check(new: &str, old: &str, username: &str) -> Vec<Problem> {
    let count = new.chars().count();
    let short = (count < LEAST_CHARS)
        .then(|| Problem::new("password.short", "newPassword").with("min", LEAST_CHARS));
    let mut letters: Vec<char> = new.to_lowercase().chars().collect();
    letters.sort_unstable();
    letters.dedup();
    let is_simple = letters.len() < 5
        || username.chars().count() > 3 && new.to_lowercase().contains(&username.to_lowercase());
    Problems::default()
        .add(short)
        .at_most(new, MOST_CHARS, "newPassword")
        .unless(
            count < LEAST_CHARS || !is_simple,
            "password.simple",
            "newPassword",
        )
        .unless(new != old, "password.same", "newPassword")
        .into()
}

/// What becomes of somebody whose password is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// It is their own.
    Own,
    /// An administrator gave it: they choose another first.
    Once,
    /// An administrator gave it, and it is too late for it.
    TooLate,
}

/// Says what a password is that is right: one with a moment until which it is good was given by an administrator.
pub fn use_of(once_until_ms: Option<i64>, now_ms: i64) -> Use {
    match once_until_ms {
        None => Use::Own,
        Some(_) if planted::is_on(Fault::OnceIsForEver) => Use::Own,
        Some(until) if now_ms < until => Use::Once,
        Some(_) => Use::TooLate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chosen_password_is_long_and_ones_own() {
        let check = |new: &str, expect: &[&str]| {
            let found = check(new, "ABCD-EFGH-JKLM-NPQR", "paula");
            let codes: Vec<&str> = found.iter().map(|it| it.code.as_str()).collect();
            assert_eq!(codes, expect, "{new}");
        };
        check("correct horse battery", &[]);
        check("Ünïcödé çöünts öncé", &[]);
        check("correct horse", &["password.short"]);
        check("", &["password.short"]);
        check(&"ab".repeat(10), &["password.simple"]);
        check("Paula works on ward A", &["password.simple"]);
        check("ABCD-EFGH-JKLM-NPQR", &["password.same"]);
        check(&"correct horse ".repeat(15), &["too_long"]);
    }

    #[test]
    fn a_password_that_was_given_is_for_once_and_not_for_long() {
        assert_eq!(use_of(None, i64::MAX), Use::Own);
        assert_eq!(use_of(Some(10), 9), Use::Once);
        assert_eq!(use_of(Some(10), 10), Use::TooLate);
    }
}
