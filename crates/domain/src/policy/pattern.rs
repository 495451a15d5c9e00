//! Glob patterns over names: `*` any text, `?` one character, `[ab]` one of some, `{a,b}` one of some texts, `\` takes
//! the meaning away. Compiled when it is first asked, and once for all of its clones: there may be many of which few are
//! ever asked, and one takes a thousand times its text. Matching allocates nothing.

use std::fmt;
use std::sync::{Arc, OnceLock};

use globset::{Glob, GlobBuilder, GlobMatcher};

use super::spelling::{self, Spelling, Spellings};

#[derive(Clone)]
pub struct Pattern(Arc<Inner>);

struct Inner {
    text: String,
    matcher: Matcher,
    /// The same in the other spellings of URIs, where those differ.
    respelled: Option<Respelled>,
}

enum Matcher {
    /// Nothing in the text has a meaning.
    Itself,
    Glob(LazyGlob),
}

struct LazyGlob {
    glob: Glob,
    compiled: OnceLock<GlobMatcher>,
}

struct Respelled {
    canonical: LazyGlob,
    decoded: LazyGlob,
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
        let matcher = if case == Case::Sensitive && !text.contains(SPECIAL) {
            Matcher::Itself
        } else {
            Matcher::Glob(LazyGlob::parse(text, case).map_err(|error| invalid(error.kind().to_string()))?)
        };
        let respelled = (case == Case::Sensitive).then(|| respelled(text)).flatten();
        Ok(Self(Arc::new(Inner { text: text.to_owned(), matcher, respelled })))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// Whether it may match more than one name.
    #[must_use]
    pub fn is_glob(&self) -> bool {
        matches!(self.0.matcher, Matcher::Glob(_))
    }

    /// The name that a [`literal`](Self::literal) pattern stands for.
    #[must_use]
    pub fn unescaped(&self) -> String {
        let mut characters = self.0.text.chars();
        let mut name = String::with_capacity(self.0.text.len());
        while let Some(character) = characters.next() {
            name.push(if character == '\\' { characters.next().unwrap_or('\\') } else { character });
        }
        name
    }

    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        match &self.0.matcher {
            Matcher::Itself => self.0.text == name,
            Matcher::Glob(glob) => glob.matches(name),
        }
    }

    /// Whether it matches the URI in this spelling, as the pattern was written or in the same spelling.
    pub(super) fn matches_spelled(&self, uri: &str, spelling: Spelling) -> bool {
        let respelled = self.0.respelled.as_ref().and_then(|respelled| match spelling {
            Spelling::AsWritten => None,
            Spelling::Canonical => Some(&respelled.canonical),
            Spelling::Decoded => Some(&respelled.decoded),
        });
        self.matches(uri) || respelled.is_some_and(|glob| glob.matches(uri))
    }

    pub(super) fn has_spellings(&self) -> bool {
        self.0.respelled.is_some()
    }
}

impl LazyGlob {
    fn parse(text: &str, case: Case) -> Result<Self, globset::Error> {
        let mut builder = GlobBuilder::new(text);
        builder.case_insensitive(case == Case::Insensitive).literal_separator(false).backslash_escape(true);
        Ok(Self { glob: builder.build()?, compiled: OnceLock::new() })
    }

    fn matches(&self, name: &str) -> bool {
        self.compiled.get_or_init(|| self.glob.compile_matcher()).is_match(name)
    }
}

fn respelled(text: &str) -> Option<Respelled> {
    let Spellings { canonical, decoded } = spelling::of_pattern(text)?;
    // What is a pattern in one spelling is one in the others; else it is about what it says and no more.
    Some(Respelled {
        canonical: LazyGlob::parse(&canonical, Case::Sensitive).ok()?,
        decoded: LazyGlob::parse(&decoded, Case::Sensitive).ok()?,
    })
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.text == other.0.text
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.0.text).finish()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
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
            ("get", "get", true),
            ("get", "gets", false),
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
