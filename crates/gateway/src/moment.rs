//! Points in time as they are sent, in bodies and queries. Everything that reads one reads it here: in UTC, whole
//! microseconds and years that all behind can count with.

use std::fmt;

use orch_domain::{Timestamp, moment};
use serde::de::{Deserializer, Error, Unexpected, Visitor};
use time::format_description::well_known::Rfc3339;

/// A member that may be null or, with `serde(default)`, left out.
pub(crate) fn read_option<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    deserializer.deserialize_option(OptionVisitor)
}

/// Tells null from a member that, with `serde(default)`, is left out.
pub(crate) fn read_change<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Timestamp>>, D::Error> {
    read_option(deserializer).map(Some)
}

struct OptionVisitor;

impl<'de> Visitor<'de> for OptionVisitor {
    type Value = Option<Timestamp>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = (moment::YEARS.start(), moment::YEARS.end());
        write!(f, "a time such as 2030-01-31T00:00:00Z of the years {first} to {last}")
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let at = Timestamp::parse(text, &Rfc3339).ok().and_then(moment::taken);
        at.map(Some).ok_or_else(|| E::invalid_value(Unexpected::Other("another text"), &self))
    }
}
