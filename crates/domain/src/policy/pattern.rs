//! Glob patterns over names: `*` any text, `?` one character, `[ab]` one of some, `{a,b}` one of some texts, `\` takes
//! the meaning away. Compiled once, when it is read; matching allocates nothing.

use std::fmt;
use std::sync::Arc;

use globset::{GlobBuilder, GlobMatcher};

use super::spelling::{self, Spelling, Spellings};

#[derive(Clone)]
pub struct Pattern {
    text: String,
    matcher: GlobMatcher,
    /// The same in the other spellings of URIs, where those differ.
    respelled: Option<Arc<Respelled>>,
}

struct Respelled {
    canonical: GlobMatcher,
    decoded: GlobMatcher,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a pattern: {reason}")]
pub struct InvalidPattern {
    pub text: String,
    pub reason: String,
}

/// What has a meaning in a pattern.
const SPECIAL: [char; 8] = ['*', '?', '[', ']', '{', '}', '\\', '!'];

/// Whether upper and lower case are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    Sensitive,
    Insensitive,
}

impl Pattern {
    /// In bytes.
    pub const MAX_LEN: usize = 256;

    /// A pattern over names of servers, tools, prompts and resources, which are told apart by case.
    pub fn parse(text: &str) -> Result<Self, InvalidPattern> {
        Self::compile(text, Case::Sensitive)
    }

    /// A pattern over what clients call themselves, where case says nothing.
    pub fn parse_client(text: &str) -> Result<Self, InvalidPattern> {
        Self::compile(text, Case::Insensitive)
    }

    /// A pattern over names of members of arguments, which everybody writes in another case.
    pub fn parse_member(text: &str) -> Result<Self, InvalidPattern> {
        Self::compile(text, Case::Insensitive)
    }

    /// The pattern that matches this name and no other.
    pub fn literal(name: &str) -> Result<Self, InvalidPattern> {
        let mut text = String::with_capacity(name.len());
        for character in name.chars() {
            if SPECIAL.contains(&character) {
                text.push('\\');
            }
            text.push(character);
        }
        Self::compile(&text, Case::Sensitive)
    }

    fn compile(text: &str, case: Case) -> Result<Self, InvalidPattern> {
        let invalid = |reason: String| InvalidPattern { text: text.to_owned(), reason };
        if text.is_empty() {
            return Err(invalid("it is empty; write * to match everything".to_owned()));
        }
        // A literal name is escaped, which makes it longer.
        if text.len() > Self::MAX_LEN * 4 {
            return Err(invalid(format!("it is longer than {} bytes", Self::MAX_LEN)));
        }
        let matcher = glob(text, case).map_err(|error| invalid(error.kind().to_string()))?;
        let respelled = (case == Case::Sensitive).then(|| respelled(text)).flatten().map(Arc::new);
        Ok(Self { text: text.to_owned(), matcher, respelled })
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name that a [`literal`](Self::literal) pattern stands for.
    #[must_use]
    pub fn unescaped(&self) -> String {
        let mut characters = self.text.chars();
        let mut name = String::with_capacity(self.text.len());
        while let Some(character) = characters.next() {
            name.push(if character == '\\' { characters.next().unwrap_or('\\') } else { character });
        }
        name
    }

    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        self.matcher.is_match(name)
    }

    /// Whether it matches the URI in this spelling, as the pattern was written or in the same spelling.
    pub(super) fn matches_spelled(&self, uri: &str, spelling: Spelling) -> bool {
        let respelled = self.respelled.as_deref().and_then(|respelled| match spelling {
            Spelling::AsWritten => None,
            Spelling::Canonical => Some(&respelled.canonical),
            Spelling::Decoded => Some(&respelled.decoded),
        });
        self.matches(uri) || respelled.is_some_and(|matcher| matcher.is_match(uri))
    }

    pub(super) const fn has_spellings(&self) -> bool {
        self.respelled.is_some()
    }
}

fn glob(text: &str, case: Case) -> Result<GlobMatcher, globset::Error> {
    let mut builder = GlobBuilder::new(text);
    builder.case_insensitive(case == Case::Insensitive).literal_separator(false).backslash_escape(true);
    builder.build().map(|glob| glob.compile_matcher())
}

fn respelled(text: &str) -> Option<Respelled> {
    let Spellings { canonical, decoded } = spelling::of_pattern(text)?;
    // What is a pattern in one spelling is one in the others; else it is about what it says and no more.
    Some(Respelled {
        canonical: glob(&canonical, Case::Sensitive).ok()?,
        decoded: glob(&decoded, Case::Sensitive).ok()?,
    })
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.text).finish()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn matches_whole_names() {
        for (pattern, name, matches) in [
            ("get_*", "get_user", true),
            ("get_*", "forget_user", false),
            ("*", "", true),
            ("*", "a/b c", true),
            ("file:///a/*", "file:///a/b/c", true),
            ("?x", "ax", true),
            ("{create,delete}_*", "delete_repo", true),
            ("[ab]c", "bc", true),
            ("Get", "get", false),
        ] {
            assert_eq!(Pattern::parse(pattern).expect(pattern).matches(name), matches, "{pattern} {name}");
        }
        assert!(Pattern::parse_client("claude*").expect("a pattern").matches("Claude Code 1.2"));
    }

    #[test]
    fn a_literal_matches_itself_alone() {
        for name in ["a*b", "a[b]", "{x}", "a\\b", "ü?"] {
            let literal = Pattern::literal(name).expect(name);
            assert!(literal.matches(name), "{name}");
            assert_eq!(literal.unescaped(), name);
            assert!(!literal.matches("aab"));
        }
    }

    #[test]
    fn refuses_what_is_no_pattern() {
        for text in ["", "[a", "{a", "a\\"] {
            assert!(Pattern::parse(text).is_err(), "{text}");
        }
    }
}
