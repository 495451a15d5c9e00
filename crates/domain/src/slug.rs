//! Project slugs: the readable name of a project in URLs.

use std::fmt;

/// 1 to 40 characters of `[a-z0-9-]`, starting with a letter, not ending in `-`, and never a UUID, so that a slug
/// and an id can stand in the same place of a URL.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slug(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a slug: use 1 to 40 of a-z, 0-9 and -, starting with a letter and not ending in -")]
pub struct InvalidSlug {
    pub text: String,
}

impl Slug {
    pub const MAX_LEN: usize = 40;

    pub fn parse(text: &str) -> Result<Self, InvalidSlug> {
        let starts = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        let inside = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !starts
            || !inside
            || text.ends_with('-')
            || text.len() > Self::MAX_LEN
            || uuid::Uuid::parse_str(text).is_ok()
        {
            return Err(InvalidSlug { text: text.to_owned() });
        }
        Ok(Self(text.to_owned()))
    }

    /// Derives a slug from a display name: `"My Team's Tools"` gives `my-team-s-tools`. None when nothing is left.
    #[must_use]
    pub fn derive(name: &str) -> Option<Self> {
        let mut slug = String::with_capacity(name.len());
        for c in name.chars().flat_map(char::to_lowercase) {
            if c.is_ascii_lowercase() || (c.is_ascii_digit() && !slug.is_empty()) {
                slug.push(c);
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
            if slug.len() == Self::MAX_LEN {
                break;
            }
        }
        Self::parse(slug.trim_end_matches('-')).ok()
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Slug {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Slug;

    #[test]
    fn derives_from_a_name() {
        assert_eq!(Slug::derive("  My Team's  Tools! ").map(|s| s.to_string()), Some("my-team-s-tools".into()));
        assert_eq!(Slug::derive("42 things").map(|s| s.to_string()), Some("things".into()));
        assert_eq!(Slug::derive("한국어"), None);
    }

    #[test]
    fn refuses_what_could_be_taken_for_an_id_or_a_path() {
        for text in ["", "-a", "a-", "A", "a/b", "a.b", "1a", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"] {
            assert!(Slug::parse(text).is_err(), "{text:?}");
        }
        assert!(Slug::parse(&"a".repeat(41)).is_err());
    }
}
