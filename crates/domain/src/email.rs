//! E-mail addresses as account names. Does not decide whether an address can receive mail.

use std::fmt;

/// An e-mail address in lower case, so that it is unique whatever way it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Email(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an e-mail address: {reason}")]
pub struct InvalidEmail {
    pub text: String,
    pub reason: &'static str,
}

impl Email {
    /// Accepts `local@domain` of at most 254 bytes without spaces or control characters.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim();
        let fail = |reason| Err(InvalidEmail { text: text.to_owned(), reason });
        if text.len() > 254 {
            return fail("it is longer than 254 bytes");
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return fail("it contains a space or control character");
        }
        let Some((local, domain)) = text.rsplit_once('@') else {
            return fail("it has no @");
        };
        if local.is_empty() || domain.is_empty() || local.contains('@') {
            return fail("write it as name@domain");
        }
        Ok(Self(text.to_lowercase()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Email;

    #[test]
    fn is_the_same_whatever_the_case() {
        assert_eq!(Email::parse(" Ada@Example.COM ").map(|e| e.to_string()), Ok("ada@example.com".to_owned()));
    }

    #[test]
    fn refuses_what_is_no_address() {
        for text in ["", "ada", "@x", "ada@", "a b@c", "a@b@c", "a\n@b"] {
            assert!(Email::parse(text).is_err(), "{text:?}");
        }
    }
}
