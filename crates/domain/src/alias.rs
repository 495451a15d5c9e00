//! Server aliases: the short name of a server in URLs and in namespaced tool names.

use std::fmt;

/// `[a-z][a-z0-9-]{0,23}`, unique in its project. Chosen by an admin, never by the upstream.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Alias(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a server alias: use 1 to 24 of a-z, 0-9 and -, starting with a letter")]
pub struct InvalidAlias {
    pub text: String,
}

impl Alias {
    pub const MAX_LEN: usize = 24;

    pub fn parse(text: &str) -> Result<Self, InvalidAlias> {
        let starts = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        let inside = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if starts && inside && text.len() <= Self::MAX_LEN {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidAlias { text: text.to_owned() })
        }
    }

    /// Derives an alias from the free-form name of an imported server: `"My Server_2"` gives `my-server-2`.
    #[must_use]
    pub fn derive(name: &str) -> Option<Self> {
        let mut alias = String::with_capacity(name.len());
        for c in name.chars().flat_map(char::to_lowercase) {
            if c.is_ascii_lowercase() || (c.is_ascii_digit() && !alias.is_empty()) {
                alias.push(c);
            } else if !alias.is_empty() && !alias.ends_with('-') {
                alias.push('-');
            }
            if alias.len() == Self::MAX_LEN {
                break;
            }
        }
        Self::parse(alias.trim_end_matches('-')).ok()
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Alias {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Alias;

    #[test]
    fn accepts_the_documented_form_only() {
        for text in ["a", "github", "fs-2", "abcdefghijklmnopqrstuvwx"] {
            assert!(Alias::parse(text).is_ok(), "{text:?}");
        }
        for text in ["", "2a", "-a", "A", "a_b", "a.b", "abcdefghijklmnopqrstuvwxy"] {
            assert!(Alias::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn derives_from_imported_names() {
        assert_eq!(Alias::derive("My Server_2").map(|a| a.to_string()), Some("my-server-2".into()));
        assert_eq!(Alias::derive("@scope/pkg").map(|a| a.to_string()), Some("scope-pkg".into()));
        assert_eq!(Alias::derive("123"), None);
    }
}
