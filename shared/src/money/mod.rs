//! Money: whole minor units of one currency, in checked arithmetic. No float comes near it (`shared/tests/house.rs` looks).
//!
//! [`tax`] says what is owed on a price and how it is spread, [`currency`] how many minor units a currency has.

pub mod currency;
pub mod tax;

use crate::problem::Problem;
use currency::Currency;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use ts_rs::TS;

/// The most that one document may be about: 10^12 minor units.
pub const DOCUMENT_MAX: i64 = 1_000_000_000_000;

/// An amount. On the wire `{"amount_minor": 10500, "currency": "INR"}`, from nothing to [`DOCUMENT_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct Money {
    #[serde(rename = "amount_minor")]
    #[ts(type = "number")]
    pub minor: i64,
    #[ts(type = "string")]
    pub currency: Currency,
}

impl Money {
    /// Makes an amount.
    pub fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Returns the sum.
    ///
    /// # Errors
    /// `money.currency_mismatch` and `money.out_of_range`.
    pub fn plus(self, other: Self) -> Result<Self, Problem> {
        self.currency.must_be(other.currency)?;
        let minor = self.minor.checked_add(other.minor);
        let minor = minor.ok_or_else(out_of_range)?;
        Ok(Self::new(minor, self.currency))
    }

    /// Returns the difference, which may be below nothing.
    ///
    /// # Errors
    /// `money.currency_mismatch` and `money.out_of_range`.
    pub fn minus(self, other: Self) -> Result<Self, Problem> {
        self.currency.must_be(other.currency)?;
        let minor = self.minor.checked_sub(other.minor);
        let minor = minor.ok_or_else(out_of_range)?;
        Ok(Self::new(minor, self.currency))
    }

    /// Returns the number as people write it, without its currency: `105.00`, `0.450`, `50`.
    pub fn decimal(self) -> String {
        let places = usize::from(self.currency.exponent());
        let sign = if self.minor < 0 { "-" } else { "" };
        let digits = format!("{:0>width$}", self.minor.unsigned_abs(), width = places + 1);
        let (whole, part) = digits.split_at(digits.len() - places);
        let point = if places == 0 { "" } else { "." };
        format!("{sign}{whole}{point}{part}")
    }

    /// Says whether a document may be about it.
    ///
    /// # Errors
    /// `money.out_of_range` below nothing and above [`DOCUMENT_MAX`].
    pub fn of_document(self) -> Result<Self, Problem> {
        if (0..=DOCUMENT_MAX).contains(&self.minor) {
            return Ok(self);
        }
        Err(out_of_range())
    }

    /// Says whether it can be paid: a payment is at least one minor unit.
    ///
    /// # Errors
    /// `money.out_of_range`.
    pub fn of_payment(self) -> Result<Self, Problem> {
        if self.minor < 1 {
            return Err(out_of_range());
        }
        self.of_document()
    }
}

/// Makes the problem of an amount that no document may be about.
pub(crate) fn out_of_range() -> Problem {
    Problem::new("money.out_of_range", "amount_minor").with("max", DOCUMENT_MAX)
}

/// Shows the amount as people write it: `105.00 INR`, `0.450 KWD`, `50 JPY`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.decimal(), self.currency)
    }
}

/// Reads the wire form and nothing like it: no fraction, exponent or text for a number, no name twice, none unknown.
impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        const FIELDS: &[&str] = &["amount_minor", "currency"];
        from.deserialize_struct("Money", FIELDS, OfWire)
    }
}

struct OfWire;

impl<'de> Visitor<'de> for OfWire {
    type Value = Money;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with amount_minor and currency")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Money, A::Error> {
        let (mut minor, mut currency) = (None, None);
        while let Some(name) = map.next_key::<String>()? {
            let is_again = match name.as_str() {
                "amount_minor" => minor.replace(map.next_value::<i64>()?).is_some(),
                "currency" => currency.replace(map.next_value::<Currency>()?).is_some(),
                _ => {
                    return Err(A::Error::unknown_field(
                        "another",
                        &["amount_minor", "currency"],
                    ));
                }
            };
            if is_again {
                return Err(A::Error::duplicate_field("amount_minor or currency"));
            }
        }
        let minor = minor.ok_or_else(|| A::Error::missing_field("amount_minor"))?;
        let currency = currency.ok_or_else(|| A::Error::missing_field("currency"))?;
        let money = Money::new(minor, currency).of_document();
        money.map_err(|problem| A::Error::custom(problem.code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Money> {
        serde_json::from_str(text).ok()
    }

    fn inr(minor: i64) -> Money {
        Money::new(minor, Currency::parse("INR").expect("a currency"))
    }

    #[test]
    fn the_wire_has_one_form_of_an_amount() {
        let text = r#"{"amount_minor":10500,"currency":"INR"}"#;
        assert_eq!(read(text), Some(inr(10_500)));
        assert_eq!(serde_json::to_string(&inr(10_500)).expect("JSON"), text);
        assert_eq!(read(r#"{"currency":"INR","amount_minor":0}"#), Some(inr(0)));
        let most = r#"{"amount_minor":1000000000000,"currency":"INR"}"#;
        assert_eq!(read(most), Some(inr(DOCUMENT_MAX)));
        for wrong in [
            r#"{"amount_minor":10500.0,"currency":"INR"}"#,
            r#"{"amount_minor":105e2,"currency":"INR"}"#,
            r#"{"amount_minor":1E2,"currency":"INR"}"#,
            r#"{"amount_minor":-0,"currency":"INR"}"#,
            r#"{"amount_minor":"10500","currency":"INR"}"#,
            r#"{"amount_minor":-1,"currency":"INR"}"#,
            r#"{"amount_minor":1000000000001,"currency":"INR"}"#,
            r#"{"amount_minor":9223372036854775808,"currency":"INR"}"#,
            r#"{"amount_minor":1,"amount_minor":1,"currency":"INR"}"#,
            r#"{"amount_minor":1,"currency":"INR","currency":"INR"}"#,
            r#"{"amount_minor":1,"currency":"INR","more":1}"#,
            r#"{"amount_minor":1,"currency":"inr"}"#,
            r#"{"amount_minor":1,"currency":"XXX"}"#,
            r#"{"amount_minor":1,"currency":"RUPEE"}"#,
            r#"{"amount_minor":null,"currency":"INR"}"#,
            r#"{"amount_minor":true,"currency":"INR"}"#,
            r#"{"amount_minor":[1],"currency":"INR"}"#,
            r#"{"amount_minor":1}"#,
            r#"{"currency":"INR"}"#,
            r#"[1,"INR"]"#,
            "1",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn sums_stay_in_one_currency_and_in_range() {
        let yen = Money::new(1, Currency::parse("JPY").expect("a currency"));
        let code = |found: Result<Money, Problem>| found.expect_err("refused").code;
        assert_eq!(inr(1).plus(inr(2)), Ok(inr(3)));
        assert_eq!(inr(1).minus(inr(2)), Ok(inr(-1)));
        assert_eq!(code(inr(1).plus(yen)), "money.currency_mismatch");
        assert_eq!(code(inr(1).minus(yen)), "money.currency_mismatch");
        assert_eq!(code(inr(i64::MAX).plus(inr(1))), "money.out_of_range");
        assert_eq!(code(inr(i64::MIN).minus(inr(1))), "money.out_of_range");
        assert_eq!(code(inr(-1).of_document()), "money.out_of_range");
        assert_eq!(
            code(inr(DOCUMENT_MAX + 1).of_document()),
            "money.out_of_range"
        );
        assert_eq!(code(inr(0).of_payment()), "money.out_of_range");
        assert_eq!(inr(1).of_payment(), Ok(inr(1)));
    }

    #[test]
    fn amounts_read_as_people_write_them() {
        let check = |minor: i64, currency: &str, expect: &str| {
            let money = Money::new(minor, Currency::parse(currency).expect("a currency"));
            assert_eq!(money.to_string(), expect);
        };
        check(10_500, "INR", "105.00 INR");
        check(5, "INR", "0.05 INR");
        check(-5, "INR", "-0.05 INR");
        check(450, "KWD", "0.450 KWD");
        check(50, "JPY", "50 JPY");
        check(0, "JPY", "0 JPY");
    }
}
