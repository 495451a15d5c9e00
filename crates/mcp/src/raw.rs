//! One JSON value as text, never decoded unless somebody needs what is inside.

use std::fmt;

use bytes::Bytes;
use bytestring::ByteString;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The text of exactly one valid JSON value, sharing the buffer that it arrived in.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Raw(ByteString);

impl Raw {
    /// Checks that the text is one JSON value.
    pub fn parse(text: Bytes) -> Result<Self, serde_json::Error> {
        // What is no text is no JSON, and its parser says that with the place.
        let Ok(text) = ByteString::try_from(text.clone()) else {
            return Err(match serde_json::from_slice::<&RawValue>(&text) {
                Err(error) => error,
                Ok(_) => serde::de::Error::custom("not UTF-8"),
            });
        };
        let value: &RawValue = serde_json::from_str(&text)?;
        Ok(Self::within(&text, value.get()))
    }

    /// The text of a value that the caller has just built and knows to be valid JSON.
    pub(crate) fn trusted(text: String) -> Self {
        Self(text.into())
    }

    /// A JSON value that is a part of `buffer`. No copy.
    pub(crate) fn within(buffer: &ByteString, value: &str) -> Self {
        Self(buffer.slice_ref(value))
    }

    #[must_use]
    pub const fn from_static(text: &'static str) -> Self {
        Self(ByteString::from_static(text))
    }

    /// Serialises a value that serde can write, such as a type of ours.
    pub fn serialize(value: &impl serde::Serialize) -> Result<Self, serde_json::Error> {
        serde_json::to_string(value).map(Self::trusted)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0.into_bytes()
    }

    #[must_use]
    pub(crate) const fn buffer(&self) -> &ByteString {
        &self.0
    }

    #[must_use]
    pub fn is_object(&self) -> bool {
        self.0.starts_with('{')
    }

    /// Reads the value as a type that may borrow from it.
    pub fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.0)
    }

    /// A copy that does not keep the buffer alive in which the value arrived.
    #[must_use]
    pub fn detached(&self) -> Self {
        Self(ByteString::from(&*self.0))
    }

    /// The same value on one line. Line breaks of JSON text stand only between tokens, so a space does as well.
    #[must_use]
    pub fn on_one_line(&self) -> Self {
        if memchr::memchr2(b'\n', b'\r', self.as_bytes()).is_none() {
            return self.clone();
        }
        Self::trusted(self.0.replace(['\n', '\r'], " "))
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl serde::Serialize for Raw {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::Error;
        let value: &RawValue = serde_json::from_str(&self.0).map_err(S::Error::custom)?;
        value.serialize(serializer)
    }
}
