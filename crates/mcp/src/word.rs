//! Words that are looked for in messages before anything is parsed: a search is much cheaper than a look at the members.

use std::sync::OnceLock;

use memchr::memmem::Finder;

/// A word as a static: how to look for it is found out once and not with each message.
#[derive(Debug)]
pub struct Word {
    text: &'static str,
    finder: OnceLock<Finder<'static>>,
}

impl Word {
    /// A text without a slash, as some write that as `\/`. Fails to compile with one.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        let mut rest = text.as_bytes();
        while let Some((byte, others)) = rest.split_first() {
            assert!(*byte != b'/', "a slash may be written in two ways");
            rest = others;
        }
        Self { text, finder: OnceLock::new() }
    }

    /// Whether it stands anywhere in `text`, be it as a key, a value or a part of one.
    #[must_use]
    pub fn is_in(&self, text: &[u8]) -> bool {
        self.finder().find(text).is_some()
    }

    /// Where it stands in `text`.
    pub(crate) fn places<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
        self.finder().find_iter(text)
    }

    fn finder(&self) -> &Finder<'static> {
        self.finder.get_or_init(|| Finder::new(self.text))
    }
}

#[cfg(test)]
mod tests {
    use super::Word;

    #[test]
    fn is_found_wherever_it_stands() {
        static WORD: Word = Word::new("_meta");
        for (text, places) in
            [("", vec![]), ("_met", vec![]), ("_meta", vec![0]), (r#"{"x_meta":"_meta"}"#, vec![3, 11])]
        {
            assert_eq!(WORD.is_in(text.as_bytes()), !places.is_empty(), "{text}");
            assert_eq!(WORD.places(text.as_bytes()).collect::<Vec<_>>(), places, "{text}");
        }
    }
}
