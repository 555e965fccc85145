//! Workstations as the hub knows them: how one becomes known, who lets it in, and what it may do until then.

use crate::health::Compared;
use crate::ids::StaffId;
use crate::planted::{self, Fault};
use crate::problem::Problem;

/// Letters of a one-time code and of a print: none that is taken for another when read out or written down.
pub const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// Letters of a one-time code.
pub const CODE_LETTERS: usize = 10;
/// Letters of the print of the hub's certificates: five bits each.
pub const PRINT_LETTERS: usize = 16;
/// Days for which a workstation's certificate is good.
pub const CERTIFICATE_DAYS: i64 = 90;
/// Days that are left when a workstation asks for the next.
pub const RENEW_DAYS: i64 = 30;
/// How the text of a code to scan begins.
const SCANNED: &str = "wardbook:";

/// How far the hospital trusts a workstation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceState {
    /// It used a one-time code; nobody else has let it in yet.
    Pending,
    /// It may work.
    Active,
    /// It may not, until somebody lets it in again.
    Suspended,
    /// It never may again.
    Revoked,
}

impl DeviceState {
    /// Reads the word the hub keeps; one that nobody knows lets nobody in.
    pub fn of_word(word: &str) -> Self {
        match word {
            "pending" => DeviceState::Pending,
            "active" => DeviceState::Active,
            "suspended" => DeviceState::Suspended,
            _ => DeviceState::Revoked,
        }
    }

    /// Says whether a workstation may do more than ask for its state.
    pub fn may_work(self) -> Result<(), Problem> {
        let code = match self {
            DeviceState::Active => return Ok(()),
            DeviceState::Pending => "device.pending",
            DeviceState::Suspended => "device.suspended",
            DeviceState::Revoked => "device.revoked",
        };
        Err(Problem::new(code, ""))
    }
}

/// The header in which a workstation says with its calls how it is.
pub const REPORT_HEADER: &str = "wardbook-desk";
/// Letters of a version, at most.
const VERSION_LETTERS: usize = 32;

/// What a workstation says of itself. It is shown to people and decides nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Of its program.
    pub version: String,
    /// Changes it has not sent.
    pub unsent: u32,
    /// Megabytes that are free where it keeps its files, if it knows.
    pub free_mb: Option<u32>,
    /// What it found when it compared its copy last.
    pub copy: Option<Compared>,
}

impl Report {
    /// Returns the value of the header.
    pub fn write(&self) -> String {
        let free = self.free_mb.map(|free| format!(" free={free}"));
        let copy = self.copy.as_ref().map(|copy| {
            let word = if copy.is_same { "same" } else { "differs" };
            let Compared {
                at_ms,
                place,
                records,
                digest,
                ..
            } = copy;
            format!(" {word}={at_ms}.{place}.{records}.{digest}")
        });
        let more = [free, copy].into_iter().flatten();
        more.fold(format!("{} {}", self.version, self.unsent), |text, part| {
            text + &part
        })
    }

    /// Reads a header; nothing when it is not one.
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let (version, unsent) = (parts.next()?, parts.next()?);
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || ".-+".contains(letter);
        let is_version =
            (1..=VERSION_LETTERS).contains(&version.len()) && version.chars().all(is_plain);
        let mut report = is_version.then_some(Self {
            version: version.to_owned(),
            unsent: unsent.parse().ok()?,
            free_mb: None,
            copy: None,
        })?;
        for part in parts {
            match part.split_once('=')? {
                ("free", free) => report.free_mb = Some(free.parse().ok()?),
                ("same", copy) => report.copy = Some(copy_of(copy, IsSame::Yes)?),
                ("differs", copy) => report.copy = Some(copy_of(copy, IsSame::No)?),
                // a newer program says more
                _ => {}
            }
        }
        Some(report)
    }
}

#[derive(Clone, Copy, PartialEq)]
enum IsSame {
    Yes,
    No,
}

fn copy_of(text: &str, is_same: IsSame) -> Option<Compared> {
    let mut parts = text.splitn(4, '.');
    let mut next = || parts.next();
    let copy = Compared {
        at_ms: next()?.parse().ok()?,
        place: next()?.parse().ok()?,
        records: next()?.parse().ok()?,
        digest: next()?.to_owned(),
        is_same: is_same == IsSame::Yes,
    };
    let is_hex = copy.digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    (copy.digest.len() == 16 && is_hex).then_some(copy)
}

/// Says whether somebody may let a workstation in: it takes two people, the one who gave the code and another.
pub fn may_approve(invited_by: Option<StaffId>, approver: StaffId) -> Result<(), Problem> {
    if invited_by == Some(approver) && !planted::is_on(Fault::SamePerson) {
        return Err(Problem::new("device.same_person", "by"));
    }
    Ok(())
}

/// The beginning of the SHA-256 of the hub's own certificate, 80 bits of it, as people and cameras read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Print(String);

impl Print {
    /// Returns the print of a digest.
    pub fn of(sha256: &[u8; 32]) -> Self {
        let number = sha256[..10]
            .iter()
            .fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
        let letter = |place: usize| {
            let bits = number >> (5 * (PRINT_LETTERS - 1 - place)) & 31;
            char::from(LETTERS[usize::try_from(bits).unwrap_or_default()])
        };
        Self((0..PRINT_LETTERS).map(letter).collect())
    }

    /// Returns it in groups of four, to be typed.
    pub fn grouped(&self) -> String {
        grouped(&self.0, 4)
    }
}

/// Where a workstation becomes known, with which code, and whom it will find there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// With the scheme: `https://` and a print, or `http://` on this computer alone.
    pub hub: String,
    pub code: String,
    /// The hub that shows a certificate with this print is the right one; nothing without TLS.
    pub print: Option<Print>,
}

impl Invitation {
    /// Reads what was typed or pasted: an address and a code with the print behind it, or the text of the code to scan in
    /// either field.
    pub fn read(hub: &str, code: &str) -> Result<Self, Vec<Problem>> {
        let scanned = [hub, code]
            .into_iter()
            .find_map(|text| text.trim().strip_prefix(SCANNED));
        if let Some(scanned) = scanned {
            let mut parts = scanned.splitn(3, '#');
            let mut next = || parts.next().unwrap_or_default();
            let (hub, code) = (next(), next());
            return Self::read(hub, &format!("{code}{}", next()));
        }
        let letters = plain(code);
        let (code, print) = letters.split_at(letters.len().min(CODE_LETTERS));
        let (hub, line) = address(hub)?;
        let print = match line {
            // the same computer: nobody stands between
            Line::Plain => None,
            Line::Tls if print.len() == PRINT_LETTERS => Some(Print(print.to_owned())),
            Line::Tls => return Err(vec![Problem::new("enrol.print_missing", "code")]),
        };
        Ok(Self {
            hub,
            code: code.to_owned(),
            print,
        })
    }

    /// Returns the text of the code to scan.
    pub fn scanned(&self) -> String {
        let address = self.hub.trim_start_matches("https://");
        let print = self.print.as_ref().map_or("", |print| &print.0);
        format!("{SCANNED}{address}#{}#{print}", self.code)
    }

    /// Returns the code with the print behind it, to be typed.
    pub fn typed(&self) -> String {
        let code = grouped(&self.code, 5);
        match &self.print {
            Some(print) => format!("{code}-{}", print.grouped()),
            None => code,
        }
    }
}

/// How a hub is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    Tls,
    /// On this computer alone.
    Plain,
}

/// Reads the address of a hub; one without a scheme is meant to be `https://`. There is no plain line to another computer.
pub fn address(text: &str) -> Result<(String, Line), Vec<Problem>> {
    let text = text.trim().trim_end_matches('/');
    let wrong = |code| Err(vec![Problem::new(code, "hub")]);
    let (scheme, rest) = text.split_once("://").unwrap_or(("https", text));
    if rest.is_empty() || rest.contains(['/', '#', '?', '@', ' ']) {
        return wrong("hub.address");
    }
    match scheme {
        "https" => Ok((format!("https://{rest}"), Line::Tls)),
        "http" if is_this_computer(rest) => Ok((format!("http://{rest}"), Line::Plain)),
        "http" => wrong("hub.plain"),
        _ => wrong("hub.address"),
    }
}

/// Puts a port behind a name or an address.
pub fn with_port(name: &str, port: u16) -> String {
    if name.contains(':') {
        format!("[{name}]:{port}")
    } else {
        format!("{name}:{port}")
    }
}

fn is_this_computer(host_and_port: &str) -> bool {
    let host = match host_and_port.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => host,
        Some(_) | None => host_and_port,
    };
    let host = host.trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Returns letters as they were made, however they were typed.
pub fn plain(code: &str) -> String {
    code.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_uppercase())
        .take(CODE_LETTERS + PRINT_LETTERS + 1)
        .collect()
}

/// Returns letters in groups, to be read and typed.
pub fn grouped(letters: &str, by: usize) -> String {
    let groups: Vec<String> = letters
        .as_bytes()
        .chunks(by)
        .map(|group| String::from_utf8_lossy(group).into_owned())
        .collect();
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn invitation() -> Invitation {
        Invitation {
            hub: "https://hub.example.org:4600".into(),
            code: "K7Q2MXR4TW".into(),
            print: Some(Print::of(&[0xA5; 32])),
        }
    }

    #[test]
    fn a_workstation_says_how_it_is_in_plain_letters() {
        let said = Report {
            version: "0.1.0-rc.1".into(),
            unsent: 12,
            free_mb: None,
            copy: None,
        };
        assert_eq!(Report::read(&said.write()), Some(said.clone()));
        for is_same in [true, false] {
            let copy = Compared {
                at_ms: 1_800_000_000_000,
                place: 12,
                records: 5,
                digest: "0123456789abcdef".into(),
                is_same,
            };
            let said = Report {
                free_mb: Some(900),
                copy: Some(copy),
                ..said.clone()
            };
            assert_eq!(Report::read(&said.write()), Some(said));
        }
        assert!(Report::read("0.1.0 3 later=x").is_some(), "a newer program");
        for wrong in [
            "",
            "0.1.0",
            "0.1.0 many",
            "0.1.0 -1",
            " 3",
            "<b> 3",
            "1 2 3",
            "1 2 free=much",
            "1 2 same=1.2.3.ab",
            "1 2 differs=1.2.3.<b>0123456789abc",
        ] {
            assert_eq!(Report::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_invitation_is_read_as_it_was_scanned_and_as_it_was_typed() {
        let given = invitation();
        let check = |hub: &str, code: &str| {
            assert_eq!(
                Invitation::read(hub, code).as_ref(),
                Ok(&given),
                "{hub} {code}"
            );
        };
        check("", &given.scanned());
        check(&given.scanned(), "");
        check("hub.example.org:4600", &given.typed());
        check(
            " https://hub.example.org:4600/ ",
            &given.typed().to_lowercase(),
        );
        check("hub.example.org:4600", &given.typed().replace('-', " "));
    }

    #[test]
    fn a_hub_elsewhere_is_never_called_without_its_print_or_without_tls() {
        let check = |hub: &str, code: &str, expect: &str| {
            let problems = Invitation::read(hub, code).expect_err("a problem");
            assert_eq!(problems[0].code, expect, "{hub}");
        };
        check(
            "https://hub.example.org",
            "K7Q2M-XR4TW",
            "enrol.print_missing",
        );
        check("hub.example.org", "K7Q2M-XR4TW-2222", "enrol.print_missing");
        let typed = invitation().typed();
        check("http://hub.example.org", &typed, "hub.plain");
        check("http://10.0.0.1:4600", &typed, "hub.plain");
        check("http://127.0.0.1.example.org", &typed, "hub.plain");
        check("http://127.0.0.1@example.org", &typed, "hub.address");
        check("ftp://hub", &typed, "hub.address");
        check("", &typed, "hub.address");
        for own in [
            "http://127.0.0.1:4600",
            "http://localhost:1",
            "http://[::1]:4600",
        ] {
            let read = Invitation::read(own, "K7Q2M-XR4TW").expect("this computer");
            assert_eq!((read.hub.as_str(), read.print), (own, None));
        }
    }

    #[test]
    fn a_print_says_eighty_bits_of_the_digest() {
        let print = |at: usize| {
            let mut digest = [7; 32];
            digest[at] ^= 1;
            Print::of(&digest)
        };
        for at in 0..10 {
            assert_ne!(print(at), Print::of(&[7; 32]), "byte {at}");
        }
        assert_eq!(print(10), Print::of(&[7; 32]));
        assert_eq!(Print::of(&[0; 32]).grouped(), "2222-2222-2222-2222");
    }

    #[test]
    fn it_takes_two_people_to_let_a_workstation_in() {
        let (one, other) = (StaffId(Uuid::from_u128(1)), StaffId(Uuid::from_u128(2)));
        assert_eq!(
            may_approve(Some(one), one).map_err(|problem| problem.code),
            Err("device.same_person".into())
        );
        assert_eq!(may_approve(Some(one), other), Ok(()));
    }

    #[test]
    fn only_an_active_workstation_may_work() {
        for word in ["pending", "suspended", "revoked", "", "Active"] {
            assert!(DeviceState::of_word(word).may_work().is_err(), "{word}");
        }
        assert_eq!(DeviceState::of_word("active").may_work(), Ok(()));
    }
}
