//! Request ids, kept as the sender wrote them.

use std::fmt;

use bytestring::ByteString;
use serde_json::value::RawValue;

/// A JSON string or integral number, as text. Never normalised: `"7"`, `7` and `7.0` are different ids, and all go back as
/// they came.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RequestId(ByteString);

impl RequestId {
    /// A JSON value that is a part of `buffer`. None when it is not a string or an integral number.
    pub(crate) fn within(buffer: &ByteString, text: &str) -> Option<Self> {
        let mut bytes = text.bytes();
        let valid = match bytes.next()? {
            b'"' => true,
            // Nearly all numbers are digits and nothing else.
            b'-' | b'0'..=b'9' => bytes.all(|b| b.is_ascii_digit()) || integral(text).is_some(),
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

    /// The number of ours that it stands for; see [`number`].
    #[must_use]
    pub fn as_number(&self) -> Option<u64> {
        number(&self.0)
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

/// The number of ours behind a JSON value: `17`, `17.0`, `1.7e1` or `"17"`. Servers are known to answer with a string, or
/// in the spelling that their language has for any number.
#[must_use]
pub fn number(json: &str) -> Option<u64> {
    let text = json.trim_matches('"');
    text.parse().ok().or_else(|| {
        let (digits, zeros) = integral(text)?;
        digits.parse::<u64>().ok()?.checked_mul(10u64.checked_pow(zeros)?)
    })
}

/// The digits of a JSON number and how many zeros follow them, however it is written. None when it has a fraction.
fn integral(text: &str) -> Option<(String, u32)> {
    let (number, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let mut digits = format!("{whole}{fraction}");
    let written = digits.len();
    digits.truncate(digits.trim_end_matches('0').len());
    let trimmed = written - digits.len();
    if trimmed > 0 && matches!(&*digits, "" | "-") {
        return Some(("0".to_owned(), 0));
    }
    let moved = i64::try_from(trimmed).ok()? - i64::try_from(fraction.len()).ok()?;
    // An exponent that is too large for this is nobody's.
    let zeros = i64::from(exponent.parse::<i32>().ok()?) + moved;
    Some((digits, u32::try_from(zeros).ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::number;

    #[test]
    fn a_number_is_the_same_in_every_spelling() {
        for text in ["17", "17.0", "1.7e1", "1.70E+1", "170e-1", "0.17e2", "\"17\"", "\"17.0\""] {
            assert_eq!(number(text), Some(17), "{text}");
        }
        assert_eq!(
            (number("0.0"), number("0e-7"), number("1e19")),
            (Some(0), Some(0), Some(10_000_000_000_000_000_000))
        );
        for text in
            ["-17", "-1.7e1", "1.75e1", "17e-1", "1e20", "1e400", "1e99999999999", "\"\"", "\"e\"", "\"x\"", "null"]
        {
            assert_eq!(number(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_exponent_does_not_change_the_number(expected: u64, places in 0usize..25) {
            assert_eq!(number(&format!("{expected}{}e-{places}", "0".repeat(places))), Some(expected));
            let digits = format!("{expected:0>width$}", width = places + 1);
            let (whole, fraction) = digits.split_at(digits.len() - places);
            let point = if places > 0 { "." } else { "" };
            assert_eq!(number(&format!("{whole}{point}{fraction}e{places}")), Some(expected));
        }
    }
}
