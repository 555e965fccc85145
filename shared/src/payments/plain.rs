//! JSON that leaves no room: every name once, whole numbers only, and one way to write it (RFC 8785).

use crate::problem::Problem;
use serde::de::{DeserializeOwned, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt::{self, Write as _};

/// What a body says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plain {
    Nothing,
    Claim(bool),
    Number(i64),
    Text(String),
    List(Vec<Plain>),
    /// In the order of RFC 8785.
    Map(Vec<(String, Plain)>),
}

/// Whole numbers that every reader of JSON reads alike.
const NUMBER_MAX: i64 = (1 << 53) - 1;

/// Reads a body into what it is expected to be, and into the one way to write it.
///
/// # Errors
/// `shape`.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<(T, Plain), Problem> {
    let shape = || Problem::new("shape", "");
    let plain: Plain = serde_json::from_slice(body).map_err(|_| shape())?;
    let read = serde_json::from_slice(body).map_err(|_| shape())?;
    Ok((read, plain))
}

impl Plain {
    /// Returns the one way to write it.
    pub fn canonical(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) {
        match self {
            Plain::Nothing => text.push_str("null"),
            Plain::Claim(true) => text.push_str("true"),
            Plain::Claim(false) => text.push_str("false"),
            Plain::Number(number) => {
                write!(text, "{number}").expect("a string takes everything");
            }
            Plain::Text(said) => write_text(said, text),
            Plain::List(items) => {
                text.push('[');
                for (at, item) in items.iter().enumerate() {
                    text.push_str(if at == 0 { "" } else { "," });
                    item.write(text);
                }
                text.push(']');
            }
            Plain::Map(fields) => {
                text.push('{');
                for (at, (name, value)) in fields.iter().enumerate() {
                    text.push_str(if at == 0 { "" } else { "," });
                    write_text(name, text);
                    text.push(':');
                    value.write(text);
                }
                text.push('}');
            }
        }
    }

    /// Returns where it first differs from another, as a path: `amount/amount_minor`.
    pub fn first_difference(&self, other: &Self) -> Option<String> {
        if self == other {
            return None;
        }
        let (Plain::Map(ours), Plain::Map(theirs)) = (self, other) else {
            return Some(String::new());
        };
        let of = |fields: &[(String, Plain)], name: &str| {
            let mut fields = fields.iter();
            fields
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.clone())
        };
        let mut names: Vec<&String> = ours.iter().chain(theirs).map(|(name, _)| name).collect();
        names.sort_by(|one, other| one.encode_utf16().cmp(other.encode_utf16()));
        names.into_iter().find_map(|name| {
            let inner = match (of(ours, name), of(theirs, name)) {
                (Some(our), Some(their)) => our.first_difference(&their)?,
                (Some(_), None) | (None, Some(_)) => String::new(),
                (None, None) => return None,
            };
            let path = if inner.is_empty() {
                name.clone()
            } else {
                format!("{name}/{inner}")
            };
            Some(path)
        })
    }
}

/// Texts are escaped as RFC 8785 says, which is what `serde_json` does.
fn write_text(said: &str, text: &mut String) {
    text.push_str(&serde_json::to_string(said).expect("a text is JSON"));
}

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(OfJson)
    }
}

struct OfJson;

impl<'de> Visitor<'de> for OfJson {
    type Value = Plain;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without fractions")
    }

    fn visit_unit<E>(self) -> Result<Plain, E> {
        Ok(Plain::Nothing)
    }

    fn visit_bool<E>(self, is: bool) -> Result<Plain, E> {
        Ok(Plain::Claim(is))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Plain, E> {
        if number.abs() > NUMBER_MAX {
            return Err(E::custom("a number that not everybody reads alike"));
        }
        Ok(Plain::Number(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Plain, E> {
        let number = i64::try_from(number).map_err(E::custom)?;
        self.visit_i64(number)
    }

    fn visit_str<E>(self, text: &str) -> Result<Plain, E> {
        Ok(Plain::Text(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Plain, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Plain::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Plain, A::Error> {
        let mut fields: Vec<(String, Plain)> = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        fields.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
        if fields.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(A::Error::custom("a name twice"));
        }
        Ok(Plain::Map(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Option<Plain> {
        read::<Plain>(text.as_bytes()).ok().map(|(plain, _)| plain)
    }

    #[test]
    fn one_body_is_written_in_one_way() {
        let check = |text: &str, expect: &str| {
            assert_eq!(
                plain(text).map(|plain| plain.canonical()).as_deref(),
                Some(expect)
            );
        };
        check(
            r#" { "b" : [ 1 , null ] , "a" : { } } "#,
            r#"{"a":{},"b":[1,null]}"#,
        );
        check(
            r#"{"\u20ac":1,"\r":2,"1":3,"\u00f6":4}"#,
            "{\"\\r\":2,\"1\":3,\"ö\":4,\"€\":1}",
        );
        // beyond the first plane, surrogates come before U+FB33
        check(
            r#"{"\ufb33":1,"\ud83d\ude00":2}"#,
            "{\"😀\":2,\"\u{fb33}\":1}",
        );
        check(r#""\u0007\u001F\/\"\\""#, r#""\u0007\u001f/\"\\""#);
        check("9007199254740991", "9007199254740991");
    }

    #[test]
    fn what_two_readers_could_read_differently_is_not_read() {
        for wrong in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":{"b":1,"\u0062":2}}"#,
            "1.0",
            "1e2",
            "-0",
            "9007199254740992",
            "-9007199254740992",
            "18446744073709551615",
            "1 2",
            "",
            r#"{"a":1,}"#,
        ] {
            assert_eq!(plain(wrong), None, "{wrong}");
        }
        let deep = "[".repeat(10_000);
        assert_eq!(plain(&deep), None);
    }

    #[test]
    fn the_first_difference_is_named() {
        let check = |one: &str, other: &str, expect: Option<&str>| {
            let (one, other) = (plain(one).expect("JSON"), plain(other).expect("JSON"));
            assert_eq!(one.first_difference(&other).as_deref(), expect);
            assert_eq!(other.first_difference(&one).as_deref(), expect);
        };
        check(r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#, None);
        check(r#"{"a":1,"b":2}"#, r#"{"a":1,"b":3}"#, Some("b"));
        check(r#"{"a":{"c":1,"d":2}}"#, r#"{"a":{"c":1}}"#, Some("a/d"));
        check(r#"{"a":[1]}"#, r#"{"a":[2]}"#, Some("a"));
        check("1", "2", Some(""));
    }
}
