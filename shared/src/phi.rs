//! What may not be read in a log: a name, a number, a password, what somebody searched for.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::ops::Deref;

/// Something a person typed or that is about a person. Printed in any way it is `•••`, and it has no `Serialize`: whoever
/// has to send it says so at the field, with [`on_the_wire`].
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Phi<T>(T);

impl<T> Phi<T> {
    /// Takes what is inside, to be used and not to be shown.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> From<T> for Phi<T> {
    fn from(inside: T) -> Self {
        Self(inside)
    }
}

impl From<&str> for Phi<String> {
    fn from(inside: &str) -> Self {
        Self(inside.to_owned())
    }
}

impl<T> Deref for Phi<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Phi<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}

impl<T> fmt::Display for Phi<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}

/// For fields of messages between desk and hub, `#[serde(with = "crate::phi::on_the_wire")]`: not for logs.
pub mod on_the_wire {
    use super::{Deserialize, Deserializer, Phi, Serialize, Serializer};

    /// Writes what is inside.
    pub fn serialize<T: Serialize, S: Serializer>(phi: &Phi<T>, to: S) -> Result<S::Ok, S::Error> {
        phi.0.serialize(to)
    }

    /// Reads what is inside.
    pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Phi<T>, D::Error> {
        T::deserialize(from).map(Phi)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_prints_as_dots_inside_anything() {
        #[derive(Debug)]
        struct Ask {
            password: Phi<String>,
        }
        let ask = Ask {
            password: "zqxmarker".to_owned().into(),
        };
        assert_eq!(format!("{ask:?}"), "Ask { password: ••• }");
        assert_eq!(format!("{}", ask.password), "•••");
        assert_eq!(ask.password.len(), 9);
    }
}
