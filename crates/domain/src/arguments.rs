//! What of the arguments of calls goes on record: nothing, unless a project wants it otherwise. The choice, the names
//! that are always hidden, and what was kept. Reads no arguments itself.

use std::sync::LazyLock;

use crate::policy::pattern::Pattern;

/// A project's choice.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RecordedArguments {
    #[default]
    Nothing,
    /// A keyed digest: shows whether two calls had the same arguments, and not which.
    Digest,
    /// The arguments, but for the values of members that are called so or like one of [`ALWAYS_HIDDEN`].
    Redacted { hidden: Vec<Pattern> },
}

/// Members whose values are never recorded, in any case.
pub const ALWAYS_HIDDEN: [&str; 14] = [
    "*password*",
    "*passwd*",
    "*passphrase*",
    "*secret*",
    "*token*",
    "*credential*",
    "*authorization*",
    "*api?key*",
    "*apikey*",
    "*private?key*",
    "*privatekey*",
    "*cookie*",
    "pin",
    "otp",
];

static ALWAYS: LazyLock<Vec<Pattern>> =
    LazyLock::new(|| ALWAYS_HIDDEN.into_iter().filter_map(|text| Pattern::parse_member(text).ok()).collect());

impl RecordedArguments {
    pub const MAX_HIDDEN: usize = 100;

    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Digest => "digest",
            Self::Redacted { .. } => "redacted",
        }
    }

    /// Whether the value of a member of that name must not be recorded.
    #[must_use]
    pub fn hides(&self, member: &str) -> bool {
        let own = match self {
            Self::Redacted { hidden } => hidden.as_slice(),
            Self::Nothing | Self::Digest => return true,
        };
        ALWAYS.iter().chain(own).any(|pattern| pattern.matches(member))
    }
}

/// What was kept of one call's arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arguments {
    Digest([u8; 32]),
    /// JSON, cut when it was long.
    Redacted(String),
}

impl Arguments {
    /// In bytes.
    pub const MAX_LEN: usize = 8 * 1024;

    /// The digest as hexadecimal digits.
    #[must_use]
    pub fn digest(&self) -> Option<String> {
        match self {
            Self::Digest(digest) => Some(digest.iter().map(|byte| format!("{byte:02x}")).collect()),
            Self::Redacted(_) => None,
        }
    }

    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Digest(_) => None,
            Self::Redacted(text) => Some(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ALWAYS, ALWAYS_HIDDEN, RecordedArguments};
    use crate::policy::pattern::Pattern;

    #[test]
    fn hides_what_is_called_like_a_secret_and_what_the_project_names() {
        assert_eq!(ALWAYS.len(), ALWAYS_HIDDEN.len(), "each of them is a pattern");
        let own = vec![Pattern::parse_member("ssn*").expect("a pattern")];
        let choice = RecordedArguments::Redacted { hidden: own };
        for name in ["password", "dbPassword", "API_KEY", "apiKey", "access-token", "SSN_last", "client_secret"] {
            assert!(choice.hides(name), "{name}");
        }
        for name in ["path", "query", "spin", "keyboard", "myssn"] {
            assert!(!choice.hides(name), "{name}");
        }
        assert!(RecordedArguments::Nothing.hides("path"));
    }
}
