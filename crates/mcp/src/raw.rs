//! One JSON value as text, never decoded unless somebody needs what is inside.

use std::fmt;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The text of exactly one valid JSON value, sharing the buffer that it arrived in.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Raw(Bytes);

impl Raw {
    /// Checks that the text is one JSON value.
    pub fn parse(text: Bytes) -> Result<Self, serde_json::Error> {
        let raw = {
            let value: &RawValue = serde_json::from_slice(&text)?;
            text.slice_ref(value.get().as_bytes())
        };
        Ok(Self(raw))
    }

    /// The text of a value that the caller has just built and knows to be valid JSON.
    pub(crate) const fn trusted(text: Bytes) -> Self {
        Self(text)
    }

    /// A part of `buffer`, which is where `value` was borrowed from. No copy.
    pub(crate) fn within(buffer: &Bytes, value: &RawValue) -> Self {
        Self(buffer.slice_ref(value.get().as_bytes()))
    }

    #[must_use]
    pub const fn from_static(text: &'static str) -> Self {
        Self(Bytes::from_static(text.as_bytes()))
    }

    /// Serialises a value that serde can write, such as a type of ours.
    pub fn serialize(value: &impl serde::Serialize) -> Result<Self, serde_json::Error> {
        serde_json::to_vec(value).map(|text| Self(text.into()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        // Every constructor has checked this, so the fallback is never taken.
        std::str::from_utf8(&self.0).unwrap_or("null")
    }

    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0
    }

    #[must_use]
    pub const fn buffer(&self) -> &Bytes {
        &self.0
    }

    #[must_use]
    pub fn is_object(&self) -> bool {
        self.0.first() == Some(&b'{')
    }

    /// Reads the value as a type that may borrow from it.
    pub fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.0)
    }

    /// A copy that does not keep the buffer alive in which the value arrived.
    #[must_use]
    pub fn detached(&self) -> Self {
        Self(Bytes::copy_from_slice(&self.0))
    }

    /// The same value on one line. Line breaks of JSON text stand only between tokens, so a space does as well.
    #[must_use]
    pub fn on_one_line(&self) -> Self {
        if memchr::memchr2(b'\n', b'\r', &self.0).is_none() {
            return self.clone();
        }
        Self(self.0.iter().map(|b| if matches!(b, b'\n' | b'\r') { b' ' } else { *b }).collect())
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
        let value: &RawValue = serde_json::from_slice(&self.0).map_err(S::Error::custom)?;
        value.serialize(serializer)
    }
}
