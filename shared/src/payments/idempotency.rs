//! A call that moves money is done once, however often it is made.

use super::plain::Plain;
use crate::ids::StaffId;
use crate::problem::Problem;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// How long what was answered is kept.
pub const KEPT_DAYS: i64 = 400;

/// What a call says to be known by: a UUID that was stored with the command before it was first sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(pub Uuid);

impl Key {
    /// Reads the header: a drawn or dated UUID, bare or as a string of RFC 8941.
    ///
    /// # Errors
    /// `idempotency.key` when it is missing or no such UUID.
    pub fn parse(header: Option<&str>) -> Result<Self, Problem> {
        let wrong = || Problem::new("idempotency.key", "Idempotency-Key");
        let text = header.ok_or_else(wrong)?.trim();
        let quoted = text
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        let text = quoted.unwrap_or(text);
        // in its usual form only: there are others that parsers know
        let id = Uuid::parse_str(text).ok().filter(|_| text.len() == 36);
        let id = id.filter(|id| [4, 7].contains(&id.get_version_num()));
        id.map(Self).ok_or_else(wrong)
    }
}

/// What a call asks for, so that another call under the same key shows.
pub type Fingerprint = [u8; 32];

/// What is asked for: where, of what, by whom. Headers and clocks are no part of it.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    pub method: &'a str,
    /// The route with its blanks: `/bills/{id}/payments`.
    pub route: &'a str,
    pub ids: &'a [Uuid],
    pub by: StaffId,
    pub body: &'a Plain,
}

impl Call<'_> {
    /// Returns the digest of what is asked for.
    pub fn fingerprint(&self) -> Fingerprint {
        let ids: Vec<String> = self.ids.iter().map(Uuid::to_string).collect();
        let by = self.by.to_string();
        let body = self.body.canonical();
        let mut digest = Sha256::new();
        for part in [self.method, self.route, &ids.join("/"), &by, &body] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        digest.finalize().into()
    }
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    Unknown,
    /// Somebody is at it.
    InProgress(Fingerprint),
    Finished(Fingerprint),
}

/// What a call under a key gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Run,
    /// What was answered before, byte for byte.
    Replay,
}

/// Says what a call gets.
///
/// # Errors
/// `idempotency.key_reused` when the key stands for something else, `idempotency.in_progress` when it is being done.
pub fn answer(stored: &Stored, asked: &Fingerprint) -> Result<Answer, Problem> {
    let problem = |code: &str| Err(Problem::new(code, "Idempotency-Key"));
    match stored {
        Stored::Unknown => Ok(Answer::Run),
        Stored::InProgress(known) | Stored::Finished(known) if known != asked => {
            problem("idempotency.key_reused")
        }
        Stored::InProgress(_) => problem("idempotency.in_progress"),
        Stored::Finished(_) => Ok(Answer::Replay),
    }
}

/// Says whether an answer is kept: whatever came of doing it, also a refusal; not that it was not done.
pub fn is_kept(status: u16) -> bool {
    match status {
        400 | 401 | 403 | 413 | 415 | 429 => false,
        status => status < 500,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWN: &str = "8e03978e-40d5-43e8-bc93-6894a57f9324";
    const DATED: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

    #[test]
    fn a_key_is_a_drawn_or_dated_uuid() {
        let check = |header: Option<&str>, is_one: bool| {
            assert_eq!(Key::parse(header).is_ok(), is_one, "{header:?}");
        };
        check(Some(DRAWN), true);
        check(Some(DATED), true);
        check(Some(&format!("\"{DRAWN}\"")), true);
        check(Some(&DRAWN.to_uppercase()), true);
        assert_eq!(
            Key::parse(Some(DRAWN)),
            Key::parse(Some(&format!("\"{DRAWN}\"")))
        );
        check(None, false);
        check(Some(""), false);
        check(Some("\""), false);
        check(Some(&format!("\"{DRAWN}")), false);
        check(Some(&DRAWN.replace('-', "")), false);
        check(Some(&format!("{{{DRAWN}}}")), false);
        check(Some(&format!("urn:uuid:{DRAWN}")), false);
        // by name, and nothing at all
        check(Some("886313e1-3b8a-5372-9b90-0c9aee199e5d"), false);
        check(Some("00000000-0000-0000-0000-000000000000"), false);
    }

    #[test]
    fn everything_that_is_asked_for_is_in_the_fingerprint() {
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let (body, changed) = (Plain::Number(1), Plain::Number(2));
        let call = Call {
            method: "POST",
            route: "/bills/{id}/payments",
            ids: &[one],
            by: StaffId(one),
            body: &body,
        };
        let same = call.fingerprint();
        assert_eq!(call.fingerprint(), same);
        for differs in [
            Call {
                method: "PUT",
                ..call
            },
            Call {
                route: "/bills/{id}/void",
                ..call
            },
            Call {
                ids: &[other],
                ..call
            },
            Call { ids: &[], ..call },
            Call {
                by: StaffId(other),
                ..call
            },
            Call {
                body: &changed,
                ..call
            },
        ] {
            assert_ne!(differs.fingerprint(), same, "{differs:?}");
        }
        // what ends one part does not begin the next
        let shifted = Call {
            method: "POST/",
            route: "bills/{id}/payments",
            ..call
        };
        assert_ne!(shifted.fingerprint(), same);
    }

    #[test]
    fn a_key_does_one_thing_once() {
        let (same, other) = ([1; 32], [2; 32]);
        let check = |stored: &Stored, asked: [u8; 32], expect: Result<Answer, &str>| {
            let found = answer(stored, &asked).map_err(|problem| problem.code);
            assert_eq!(found, expect.map_err(str::to_owned), "{stored:?}");
        };
        check(&Stored::Unknown, same, Ok(Answer::Run));
        check(
            &Stored::InProgress(same),
            same,
            Err("idempotency.in_progress"),
        );
        check(
            &Stored::InProgress(same),
            other,
            Err("idempotency.key_reused"),
        );
        check(&Stored::Finished(same), same, Ok(Answer::Replay));
        check(
            &Stored::Finished(same),
            other,
            Err("idempotency.key_reused"),
        );
    }

    #[test]
    fn what_was_refused_stays_refused_and_what_was_not_tried_may_be() {
        for status in [200, 201, 202, 404, 409, 422] {
            assert!(is_kept(status), "{status}");
        }
        for status in [400, 401, 403, 413, 415, 429, 500, 503] {
            assert!(!is_kept(status), "{status}");
        }
    }
}
