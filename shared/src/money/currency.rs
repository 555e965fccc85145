//! The currencies of ISO 4217 that are money, and into how many minor units each is divided.

use crate::problem::Problem;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A currency by its three letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// Those that have no minor unit.
const WHOLE: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
/// Those that have a thousand.
const THOUSAND: &str = "BHD IQD JOD KWD LYD OMR TND";
/// Those that have a hundred. Metals, bonds, test codes and units of account nobody pays with are not here.
const HUNDRED: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF \
    CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR \
    IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN \
    NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL \
    THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD XCG YER ZAR ZMW ZWG";

impl Currency {
    /// Reads three capital letters that ISO 4217 knows.
    pub fn parse(text: &str) -> Option<Self> {
        let letters: [u8; 3] = text.as_bytes().try_into().ok()?;
        exponent_of(text).map(|_| Self(letters))
    }

    /// Returns every currency.
    pub fn all() -> impl Iterator<Item = Self> {
        let letters = [WHOLE, HUNDRED, THOUSAND].into_iter();
        letters
            .flat_map(str::split_whitespace)
            .filter_map(Self::parse)
    }

    /// Returns how many decimal places its minor unit has: 0, 2 or 3.
    pub fn exponent(self) -> u8 {
        exponent_of(self.letters()).expect("a currency is made from one that is known")
    }

    /// Returns its three letters.
    pub fn letters(&self) -> &str {
        std::str::from_utf8(&self.0).expect("letters of ISO 4217 are ASCII")
    }

    /// Says whether another amount is in the same currency.
    ///
    /// # Errors
    /// `money.currency_mismatch`.
    pub fn must_be(self, other: Self) -> Result<(), Problem> {
        if self == other {
            return Ok(());
        }
        Err(Problem::new("money.currency_mismatch", "currency").with("currency", self))
    }
}

fn exponent_of(letters: &str) -> Option<u8> {
    let lists = [(WHOLE, 0), (HUNDRED, 2), (THOUSAND, 3)];
    let has = |list: &str| list.split_whitespace().any(|known| known == letters);
    lists
        .into_iter()
        .find(|(list, _)| has(list))
        .map(|(_, places)| places)
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.letters())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.letters())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("money.currency_unknown"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_currency_has_its_minor_units() {
        let check = |text: &str, expect: Option<u8>| {
            assert_eq!(
                Currency::parse(text).map(Currency::exponent),
                expect,
                "{text}"
            );
        };
        check("INR", Some(2));
        check("JPY", Some(0));
        check("KWD", Some(3));
        for wrong in ["", "IN", "INRS", "inr", "XXX", "XTS", "XAU", "IN ", "ΩΩ"] {
            check(wrong, None);
        }
    }

    #[test]
    fn every_currency_stands_in_one_list_once() {
        let all = [WHOLE, HUNDRED, THOUSAND].join(" ");
        let mut letters: Vec<&str> = all.split_whitespace().collect();
        let count = letters.len();
        letters.sort_unstable();
        letters.dedup();
        assert_eq!(letters.len(), count);
        assert!(letters.iter().all(|one| one.len() == 3));
    }
}
