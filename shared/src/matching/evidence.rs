//! What each likeness and each difference is worth.
//!
//! Fellegi and Sunter (1969): how probable is what we see if both records are of one person, and how probable if they are
//! not? *Not* is four things here: strangers who happen to be alike; relatives of one household, who share a family name,
//! a phone and an address, and whose given names repeat over generations; twins, who share the birth date as well; and
//! namesakes, who share name and birth date and nothing else, oftener than chance has it (names have fashions, and who does
//! not know the day says the first of January). What counts are the odds against the likeliest of the four. That keeps
//! twins, juniors and namesakes apart without a rule for each.
//!
//! Probabilities are in decibans, ten times the decimal logarithm (Turing's unit): −10 is one in ten, −20 one in a hundred.
//! They are estimates from general knowledge (how often people move, how often a digit is mistyped, how many share a
//! birthday), said beside each, and from no set of records.

use crate::patients::value_set;

/// The probabilities of one thing seen, in decibans: if the two are one person, strangers, relatives, twins, namesakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Weights {
    same: i32,
    strangers: i32,
    relatives: i32,
    twins: i32,
    namesakes: i32,
}

/// How many of all pairs of records are of one person, of relatives, and so on, in decibans: the odds before anything is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mix(Weights);

impl Mix {
    /// As in a hospital of a hundred thousand: one chart in ten has a second one; everybody has three relatives of their
    /// household here; three in a hundred have a twin; and name and birth date alone meet as often as they do in Harris
    /// County, Texas (70 000 pairs among 3.5 million).
    pub const USUAL: Self = Self(weights(-60, 0, -45, -65, -80));

    /// Estimates it from what was seen of the pairs of a list, of which nobody said who is whom (expectation and
    /// maximisation; what each thing seen is worth stays as it is). Pairs that were not looked at are strangers.
    pub fn of<'a>(pairs: impl IntoIterator<Item = &'a [Reason]>, all: usize) -> Self {
        const ROUNDS: usize = 50;
        let seen: Vec<[f64; 5]> = pairs
            .into_iter()
            .map(|reasons| Self(weights(0, 0, 0, 0, 0)).sums(reasons).map(chance))
            .collect();
        let all = all.max(1) as f64;
        let Self(usual) = Self::USUAL;
        let mut parts = usual.list().map(chance);
        for _ in 0..ROUNDS {
            // one pair of each kind is taken for granted: none may become impossible
            let mut count = [1.0; 5];
            for of in &seen {
                let joint: [f64; 5] = std::array::from_fn(|kind| parts[kind] * of[kind]);
                let whole: f64 = joint.iter().sum();
                for kind in 0..count.len() {
                    count[kind] += joint[kind] / whole;
                }
            }
            parts = count.map(|pairs| pairs / all);
            parts[1] = 1.0;
        }
        let [same, strangers, relatives, twins, namesakes] =
            parts.map(|part| (10.0 * part.log10()).round() as i32);
        Self(weights(same, strangers, relatives, twins, namesakes))
    }

    /// Returns the odds that it is one person, in decibans: against the likeliest of the ways to be two.
    pub(super) fn odds(self, reasons: &[Reason]) -> i32 {
        let [same, strangers, relatives, twins, namesakes] = self.sums(reasons);
        same - strangers.max(relatives).max(twins).max(namesakes)
    }

    fn sums(self, reasons: &[Reason]) -> [i32; 5] {
        let mut sums = self.0.list();
        for reason in reasons {
            let worth = reason.weights().list();
            for (sum, worth) in sums.iter_mut().zip(worth) {
                *sum += worth;
            }
        }
        sums
    }
}

impl Weights {
    fn list(self) -> [i32; 5] {
        [
            self.same,
            self.strangers,
            self.relatives,
            self.twins,
            self.namesakes,
        ]
    }
}

fn chance(decibans: i32) -> f64 {
    10_f64.powf(f64::from(decibans) / 10.0)
}

value_set! {
    /// One thing that speaks for two records being of one person, or against it.
    Reason default NameOrder {
        // names; *slip* is one letter wrong or two swapped, or the same sound in two scripts
        FamilySame = "familySame",
        FamilyCommon = "familyCommon",
        FamilySlip = "familySlip",
        FamilyAlike = "familyAlike",
        FamilyShorter = "familyShorter",
        FamilyShares = "familyShares",
        FamilyDiffers = "familyDiffers",
        GivenSame = "givenSame",
        GivenSlip = "givenSlip",
        GivenAlike = "givenAlike",
        GivenShorter = "givenShorter",
        GivenShares = "givenShares",
        GivenInitial = "givenInitial",
        GivenDiffers = "givenDiffers",
        NameOrder = "nameOrder",
        // birth date
        BirthSame = "birthSame",
        BirthSwapped = "birthSwapped",
        BirthSlip = "birthSlip",
        BirthNear = "birthNear",
        BirthOtherYear = "birthOtherYear",
        BirthPartly = "birthPartly",
        BirthDiffers = "birthDiffers",
        // national identifier
        IdSame = "idSame",
        IdSlip = "idSlip",
        IdDiffers = "idDiffers",
        GenderSame = "genderSame",
        GenderDiffers = "genderDiffers",
        PhoneSame = "phoneSame",
        PhoneSlip = "phoneSlip",
        PhoneDiffers = "phoneDiffers",
        AddressSame = "addressSame",
        AddressAlike = "addressAlike",
        AddressNear = "addressNear",
        AddressDiffers = "addressDiffers",
    }
}

impl Reason {
    /// Says whether it is likelier of one person than of two strangers.
    pub fn speaks_for(self) -> bool {
        let Weights {
            same, strangers, ..
        } = self.weights();
        same > strangers
    }

    /// Returns what it is worth by itself, one person against strangers.
    pub(super) fn worth(self) -> i32 {
        self.weights().same - self.weights().strangers
    }

    /// Their order: one person, strangers, relatives, twins, namesakes.
    fn weights(self) -> Weights {
        match self {
            // two strangers share a family name once in four hundred, but a Wang or a Kim once in fifteen
            Reason::FamilySame => weights(-1, -26, -2, 0, -1),
            Reason::FamilyCommon => weights(-1, -12, -2, 0, -1),
            Reason::FamilySlip => weights(-12, -24, -17, -13, -20),
            Reason::FamilyAlike => weights(-15, -20, -17, -15, -20),
            // the second of two family names is often left out
            Reason::FamilyShorter => weights(-13, -24, -15, -15, -24),
            // half-siblings share one of two; who marries adds one
            Reason::FamilyShares => weights(-17, -20, -8, -17, -24),
            Reason::FamilyDiffers => weights(-15, 0, -5, -17, -30),
            Reason::GivenSame => weights(-1, -22, -14, -30, -1),
            Reason::GivenSlip => weights(-12, -20, -17, -20, -20),
            // parents like twins to rhyme
            Reason::GivenAlike => weights(-15, -17, -16, -13, -20),
            Reason::GivenShorter => weights(-12, -20, -17, -23, -20),
            Reason::GivenShares => weights(-20, -17, -10, -10, -24),
            Reason::GivenInitial => weights(-17, -13, -13, -10, -20),
            Reason::GivenDiffers => weights(-17, 0, 0, 0, -30),
            // in the other order once in ten of one person, once in three of strangers with the same words in their names
            Reason::NameOrder => weights(-10, -5, -10, -10, -10),
            // one day in seventy years; siblings are not born on one day
            Reason::BirthSame => weights(-1, -43, -50, -1, -1),
            Reason::BirthSwapped => weights(-17, -45, -45, -17, -30),
            // about forty other dates are one digit away
            Reason::BirthSlip => weights(-13, -29, -24, -13, -29),
            Reason::BirthNear => weights(-17, -28, -24, -17, -28),
            Reason::BirthOtherYear => weights(-20, -26, -25, -20, -26),
            // only the year or the month is known of one, and it agrees
            Reason::BirthPartly => weights(-1, -18, -18, -1, -1),
            Reason::BirthDiffers => weights(-20, 0, 0, -20, -20),
            // a card is lent in the family, once in three thousand; cards of twins follow one another
            Reason::IdSame => weights(0, -70, -35, -40, -70),
            Reason::IdSlip => weights(-12, -50, -38, -15, -50),
            // another kind of document, or one read wrong: three in a hundred
            Reason::IdDiffers => weights(-15, 0, 0, 0, 0),
            Reason::GenderSame => weights(0, -3, -3, -2, -1),
            Reason::GenderDiffers => weights(-17, -3, -3, -5, -10),
            Reason::PhoneSame => weights(-2, -50, -3, -2, -50),
            Reason::PhoneSlip => weights(-15, -40, -20, -17, -40),
            Reason::PhoneDiffers => weights(-4, 0, -3, -4, 0),
            // a house has many flats; people move
            Reason::AddressSame => weights(-2, -40, -1, -1, -40),
            Reason::AddressAlike => weights(-8, -35, -8, -8, -35),
            Reason::AddressNear => weights(-11, -15, -11, -11, -12),
            Reason::AddressDiffers => weights(-8, 0, -8, -6, 0),
        }
    }
}

const fn weights(same: i32, strangers: i32, relatives: i32, twins: i32, namesakes: i32) -> Weights {
    Weights {
        same,
        strangers,
        relatives,
        twins,
        namesakes,
    }
}

/// Returns what things seen are worth together, one person against strangers.
pub(super) fn worth(reasons: &[Reason]) -> i32 {
    reasons.iter().map(|reason| reason.worth()).sum()
}
