//! A walk over the members of an object that is plain: valid JSON without escapes in its keys and not nested deeply. Such
//! is nearly every message, and it is walked several times, so this is kept small and quick. What is not plain is for
//! serde_json, which knows all of JSON and says what is wrong.

/// Members of a plain object, in their order. Values are valid JSON.
pub(crate) struct Walk<'a> {
    text: &'a str,
    at: usize,
    begun: bool,
}

/// It is not plain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotPlain;

/// Values nested deeper than this are not plain.
const MAX_DEPTH: u32 = 64;

impl<'a> Walk<'a> {
    pub(crate) fn over(text: &'a str) -> Result<Self, NotPlain> {
        let at = blanks(text.as_bytes(), 0);
        if text.as_bytes().get(at) != Some(&b'{') {
            return Err(NotPlain);
        }
        Ok(Self { text, at: at + 1, begun: false })
    }

    /// The next key and its value, as written. None when the object is over, and nothing is behind it.
    pub(crate) fn next(&mut self) -> Result<Option<(&'a str, &'a str)>, NotPlain> {
        self.step().ok_or(NotPlain)
    }

    /// None when something is not plain.
    fn step(&mut self) -> Option<Option<(&'a str, &'a str)>> {
        let bytes = self.text.as_bytes();
        let mut at = blanks(bytes, self.at);
        match (*bytes.get(at)?, self.begun) {
            (b'}', _) => return (blanks(bytes, at + 1) == bytes.len()).then_some(None),
            (b',', true) => at = blanks(bytes, at + 1),
            (_, true) => return None,
            (_, false) => self.begun = true,
        }
        if *bytes.get(at)? != b'"' {
            return None;
        }
        let key_end = string(bytes, at + 1)?;
        let key = self.text.get(at + 1..key_end - 1)?;
        if memchr::memchr(b'\\', key.as_bytes()).is_some() {
            return None;
        }
        let begin = colon(bytes, key_end)?;
        self.at = value(bytes, begin)?;
        Some(Some((key, self.text.get(begin..self.at)?)))
    }
}

/// What a string says that has no escapes; None for everything else.
pub(crate) fn unescaped(value: &str) -> Option<&str> {
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    memchr::memchr(b'\\', inner.as_bytes()).is_none().then_some(inner)
}

/// Where the blanks from `at` on end.
fn blanks(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = text.get(at) {
        at += 1;
    }
    at
}

/// Where the value begins that belongs to a key that ends at `at`.
fn colon(text: &[u8], at: usize) -> Option<usize> {
    let at = blanks(text, at);
    (*text.get(at)? == b':').then(|| blanks(text, at + 1))
}

/// Where the value that begins at `at` ends.
fn value(text: &[u8], mut at: usize) -> Option<usize> {
    // What the values around are, the innermost in the lowest bit: set for an object.
    let mut around = 0u64;
    let mut depth = 0u32;
    loop {
        match *text.get(at)? {
            b'"' => at = string(text, at + 1)?,
            open @ (b'{' | b'[') => {
                let is_object = open == b'{';
                at = blanks(text, at + 1);
                let next = *text.get(at)?;
                if next == if is_object { b'}' } else { b']' } {
                    at += 1;
                } else {
                    depth += 1;
                    if depth > MAX_DEPTH {
                        return None;
                    }
                    around = (around << 1) | u64::from(is_object);
                    if is_object {
                        at = key(text, at)?;
                    }
                    continue;
                }
            }
            b't' => at = word(text, at, b"true")?,
            b'f' => at = word(text, at, b"false")?,
            b'n' => at = word(text, at, b"null")?,
            b'-' | b'0'..=b'9' => at = number(text, at)?,
            _ => return None,
        }
        // Behind a value: the next one, or the end of those around.
        loop {
            if depth == 0 {
                return Some(at);
            }
            at = blanks(text, at);
            let is_object = around & 1 == 1;
            match (*text.get(at)?, is_object) {
                (b',', true) => {
                    at = key(text, blanks(text, at + 1))?;
                    break;
                }
                (b',', false) => {
                    at = blanks(text, at + 1);
                    break;
                }
                (b'}', true) | (b']', false) => {
                    at += 1;
                    depth -= 1;
                    around >>= 1;
                }
                _ => return None,
            }
        }
    }
}

/// Where the value of the key begins that begins at `at`.
fn key(text: &[u8], at: usize) -> Option<usize> {
    if *text.get(at)? != b'"' {
        return None;
    }
    colon(text, string(text, at + 1)?)
}

fn word(text: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    text.get(at..)?.starts_with(word).then_some(at + word.len())
}

/// Where the string ends whose content begins at `at`, behind its quote.
fn string(text: &[u8], mut at: usize) -> Option<usize> {
    loop {
        while let Some(eight) = text.get(at..).and_then(<[u8]>::first_chunk::<8>) {
            let special = special(u64::from_le_bytes(*eight));
            if special != 0 {
                at += special.trailing_zeros() as usize / 8;
                break;
            }
            at += 8;
        }
        match *text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => match *text.get(at + 1)? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => at += 2,
                b'u' => {
                    let digits = text.get(at + 2..at + 6)?;
                    if !digits.iter().all(u8::is_ascii_hexdigit) {
                        return None;
                    }
                    at += 6;
                }
                _ => return None,
            },
            0..0x20 => return None,
            _ => at += 1,
        }
    }
}

/// Not zero when one of eight bytes ends a string, begins an escape or may not be in one. The lowest bit that is set is
/// in the first such byte; bits above it say nothing.
const fn special(eight: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let quote = eight ^ (ONES * b'"' as u64);
    let escape = eight ^ (ONES * b'\\' as u64);
    let control = eight.wrapping_sub(ONES * 0x20) & !eight;
    let quote = quote.wrapping_sub(ONES) & !quote;
    let escape = escape.wrapping_sub(ONES) & !escape;
    (control | quote | escape) & HIGH
}

fn number(text: &[u8], mut at: usize) -> Option<usize> {
    if *text.get(at)? == b'-' {
        at += 1;
    }
    at = match *text.get(at)? {
        b'0' => at + 1,
        b'1'..=b'9' => digits(text, at)?,
        _ => return None,
    };
    if text.get(at) == Some(&b'.') {
        at = digits(text, at + 1)?;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        at += 1;
        if let Some(b'+' | b'-') = text.get(at) {
            at += 1;
        }
        at = digits(text, at)?;
    }
    Some(at)
}

/// At least one.
fn digits(text: &[u8], at: usize) -> Option<usize> {
    let count = text.get(at..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (count > 0).then_some(at + count)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, proptest};
    use serde_json::value::RawValue;

    use super::{NotPlain, Walk, unescaped};

    fn walked(text: &str) -> Result<Vec<(String, String)>, NotPlain> {
        let mut walk = Walk::over(text)?;
        let mut members = Vec::new();
        while let Some((key, value)) = walk.next()? {
            members.push((key.to_owned(), value.to_owned()));
        }
        Ok(members)
    }

    /// What serde_json makes of it.
    fn parsed(text: &str) -> Option<Vec<(String, String)>> {
        let members: Members = serde_json::from_str(text).ok()?;
        Some(members.0)
    }

    struct Members(Vec<(String, String)>);

    impl<'de> serde::Deserialize<'de> for Members {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visit;
            impl<'de> serde::de::Visitor<'de> for Visit {
                type Value = Members;

                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an object")
                }

                fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                    let mut members = Vec::new();
                    while let Some((key, value)) = map.next_entry::<String, &RawValue>()? {
                        members.push((key, value.get().to_owned()));
                    }
                    Ok(Members(members))
                }
            }
            deserializer.deserialize_map(Visit)
        }
    }

    /// A walk never takes what the parser refuses, and never otherwise.
    fn agrees(text: &str) {
        if let Ok(members) = walked(text) {
            assert_eq!(Some(members), parsed(text), "{text}");
        }
    }

    #[test]
    fn takes_what_is_plain() {
        for text in [
            "{}",
            " \t\r\n{ } ",
            r#"{"a":1,"b":[],"c":{},"a":"x"}"#,
            r#" { "a" : [ 1 , -0.5e+7 , { "b" : [ [ ] , null ] } ] , "" : true , "ü" : false } "#,
            r#"{"long enough to be read in eights":"also this, with \"escapes\\ \u00e9\/\b\f\n\r\t in it ü"}"#,
        ] {
            let members = walked(text);
            assert!(members.is_ok(), "{text}");
            assert_eq!(members.ok(), parsed(text), "{text}");
        }
    }

    #[test]
    fn leaves_the_rest_to_the_parser() {
        let (open, close) = ("[".repeat(65), "]".repeat(65));
        let deep = format!(r#"{{"a":{open}1{close}}}"#);
        for text in [
            "",
            "[]",
            "1",
            "{",
            "}",
            "{}{}",
            "{}x",
            "{,}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{"a":1 "b":2}"#,
            r#"{a:1}"#,
            r#"{"a":01}"#,
            r#"{"a":1.}"#,
            r#"{"a":.5}"#,
            r#"{"a":-}"#,
            r#"{"a":1e}"#,
            r#"{"a":+1}"#,
            r#"{"a":tru}"#,
            r#"{"a":nulll}"#,
            r#"{"a":[1,]}"#,
            r#"{"a":[1}"#,
            r#"{"a":{"b":1]}"#,
            r#"{"a":{"b"}}"#,
            r#"{"a":{1:2}}"#,
            r#"{"a":"\x"}"#,
            r#"{"a":"\u12g4"}"#,
            r#"{"a":"\u123"}"#,
            "{\"a\":\"\n\"}",
            r#"{"a":"}"#,
            r#"{"a":"\"#,
            r#"{"\u0061":1}"#,
            "{\"a\":1}\u{a0}",
            &deep,
        ] {
            assert_eq!(walked(text), Err(NotPlain), "{text}");
        }
    }

    #[test]
    fn strings_are_read_when_they_have_no_escapes() {
        assert_eq!(unescaped(r#""ü""#), Some("ü"));
        for value in [r#""\n""#, "1", "\"", ""] {
            assert_eq!(unescaped(value), None, "{value}");
        }
    }

    proptest! {
        #[test]
        fn agrees_on_any_text_that_looks_like_json(text in r#"[{}\[\]",:\\0-9eE+.\- \ntrufalsn/bü\x00-\x02]{0,40}"#) {
            agrees(&format!("{{{text}}}"));
            agrees(&format!(r#"{{"a":{text}}}"#));
            agrees(&format!(r#"{{"a":"{text}"}}"#));
        }

        #[test]
        fn agrees_on_a_message_with_one_byte_changed(at in any::<prop::sample::Index>(), byte in 0u8..128, length in 0usize..20) {
            let mut text = format!(
                r#"{{"jsonrpc":"2.0","id":17,"method":"tools/call","params":{{"name":"e","arguments":{{"a":[-1.5e3,"{}\u00e9\\",null,{{}}]}}}}}}"#,
                "x".repeat(length),
            ).into_bytes();
            let at = at.index(text.len());
            text[at] = byte;
            if let Ok(text) = String::from_utf8(text) {
                agrees(&text);
            }
        }
    }
}
