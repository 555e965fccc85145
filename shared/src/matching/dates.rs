//! Birth dates, as people mistake them: day and month swapped, a digit wrong, only the year known.

use super::evidence::Reason;

/// A birth date as it was written, also one that no calendar has: what was mistyped can be compared all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Birth {
    year: u16,
    month: Option<u8>,
    day: Option<u8>,
}

impl Birth {
    /// Reads `YYYY`, `YYYY-MM` or `YYYY-MM-DD`; nothing when it is none of these.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let year = parts.next().filter(|part| part.len() == 4)?.parse().ok()?;
        let month = parts.next().map(str::parse).transpose().ok()?;
        let day = parts.next().map(str::parse).transpose().ok()?;
        Some(Self { year, month, day })
    }

    /// Returns the date with its smaller part first, so that swapping day and month changes nothing; only of whole dates.
    pub(super) fn unordered(self) -> Option<String> {
        let (month, day) = (self.month?, self.day?);
        Some(format!(
            "{:04}{:02}{:02}",
            self.year,
            month.min(day),
            month.max(day)
        ))
    }

    fn digits(year: u16, month: u8, day: u8) -> String {
        format!("{year:04}{month:02}{day:02}")
    }
}

/// Returns what the birth dates say.
pub(super) fn compare(one: Option<Birth>, other: Option<Birth>) -> Option<Reason> {
    let (a, b) = (one?, other?);
    let (Some((am, ad)), Some((bm, bd))) = (a.month.zip(a.day), b.month.zip(b.day)) else {
        return Some(partly(a, b));
    };
    let slips = strsim::osa_distance(
        &Birth::digits(a.year, am, ad),
        &Birth::digits(b.year, bm, bd),
    );
    Some(match (a.year == b.year, am == bm, ad == bd) {
        (true, true, true) => Reason::BirthSame,
        (true, ..) if am == bd && ad == bm => Reason::BirthSwapped,
        _ if slips == 1 => Reason::BirthSlip,
        (true, true, false) | (true, false, true) => Reason::BirthNear,
        (false, true, true) => Reason::BirthOtherYear,
        _ => Reason::BirthDiffers,
    })
}

fn partly(a: Birth, b: Birth) -> Reason {
    let agrees = |x: Option<u8>, y: Option<u8>| x.zip(y).is_none_or(|(x, y)| x == y);
    if a.year == b.year && agrees(a.month, b.month) {
        Reason::BirthPartly
    } else {
        Reason::BirthDiffers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(one: &str, other: &str, expect: Reason) {
        let (a, b) = (Birth::read(one), Birth::read(other));
        assert_eq!(compare(a, b), Some(expect), "{one} beside {other}");
        assert_eq!(compare(b, a), Some(expect), "{other} beside {one}");
    }

    #[test]
    fn dates_are_compared_as_people_mistake_them() {
        check("1984-03-05", "1984-03-05", Reason::BirthSame);
        check("1984-03-05", "1984-05-03", Reason::BirthSwapped);
        check("1984-03-05", "1983-03-05", Reason::BirthSlip);
        check("1984-03-05", "1948-03-05", Reason::BirthSlip);
        check("1984-03-05", "1984-03-27", Reason::BirthNear);
        check("1999-03-05", "2000-03-05", Reason::BirthOtherYear);
        check("1984-03-05", "1984", Reason::BirthPartly);
        check("1984-03", "1984-03-05", Reason::BirthPartly);
        check("1984-03", "1985-03-05", Reason::BirthDiffers);
        check("1984-03-05", "1951-11-20", Reason::BirthDiffers);
        check("1984-13-45", "1984-13-46", Reason::BirthSlip);
    }

    #[test]
    fn what_is_no_date_says_nothing() {
        assert_eq!(Birth::read("unknown"), None);
        assert_eq!(compare(Birth::read(""), Birth::read("1984")), None);
    }
}
