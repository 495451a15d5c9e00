//! Request ids, kept as the sender wrote them.

use std::fmt;

use bytestring::ByteString;
use serde_json::value::RawValue;

/// A JSON string or integer, as text. Never normalised: `"7"` and `7` are different ids, and both go back as they came.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RequestId(ByteString);

impl RequestId {
    /// A JSON value that is a part of `buffer`. None when it is not a string or an integer.
    pub(crate) fn within(buffer: &ByteString, text: &str) -> Option<Self> {
        let mut bytes = text.bytes();
        let valid = match bytes.next()? {
            b'"' => true,
            b'-' | b'0'..=b'9' => bytes.all(|b| b.is_ascii_digit()),
            _ => false,
        };
        valid.then(|| Self(buffer.slice_ref(text)))
    }

    /// An id of our own making.
    #[must_use]
    pub fn from_number(number: u64) -> Self {
        Self(number.to_string().into())
    }

    /// Reads an id that is a member of something, such as `requestId`.
    #[must_use]
    pub fn parse(raw: &crate::raw::Raw) -> Option<Self> {
        let value: &RawValue = raw.read().ok()?;
        Self::within(raw.buffer(), value.get())
    }

    /// The number behind `17` or `"17"`; servers are known to answer with a string.
    #[must_use]
    pub fn as_number(&self) -> Option<u64> {
        self.0.trim_matches('"').parse().ok()
    }

    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// A copy that does not keep the buffer alive in which the id arrived.
    #[must_use]
    pub fn detached(&self) -> Self {
        Self(ByteString::from(&*self.0))
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
