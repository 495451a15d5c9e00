//! Keeps the secrets of one launch out of its log. Holds no secret, only lengths and keyed hashes.

use std::{
    borrow::Cow,
    fmt,
    hash::{BuildHasher as _, RandomState},
    ops::Range,
};

use secrecy::{ExposeSecret as _, SecretString};

use crate::spec::ProcessSpec;

/// Shorter values are words, numbers and switches; hiding them would make a log unreadable.
const SHORTEST: usize = 6;

/// Longer values are looked for in pieces of this many bytes.
const LONGEST: usize = 4 * 1024;

const MARK: &[u8] = b"[redacted]";

/// Finds the values of one launch in lines and blots them out: every argument and every value of
/// a variable of at least six bytes, every line of such a value, what follows the `=` of an
/// argument, and the password of a URL.
///
/// It finds values as they were given; one that a program prints quoted, encoded or in parts is
/// not recognised.
pub struct Redactor {
    /// The secret base of the rolling hash.
    base: u64,
    /// By length.
    watched: Vec<Watched>,
}

struct Watched {
    length: usize,
    /// The base to the power of `length - 1`.
    top: u64,
    /// Few as a rule: looking through them is quicker than any table.
    hashes: Vec<u64>,
}

impl Redactor {
    /// Redacts nothing.
    pub fn none() -> Self {
        Self { base: RandomState::new().hash_one(0) % PRIME, watched: Vec::new() }
    }

    /// Redacts the values of `spec`.
    pub fn of(spec: &ProcessSpec) -> Self {
        let mut redactor = Self::none();
        for arg in &spec.args {
            let arg = arg.expose_secret();
            redactor.add(arg);
            if let Some((_, value)) = arg.split_once('=') {
                redactor.add(value);
            }
        }
        for (_, value) in &spec.env {
            redactor.add(value.expose_secret());
        }
        redactor
    }

    /// Redacts these values, such as those of headers.
    pub fn of_values<'a>(values: impl IntoIterator<Item = &'a SecretString>) -> Self {
        let mut redactor = Self::none();
        for value in values {
            let value = value.expose_secret();
            redactor.add(value);
            // `Bearer x`: the server knows x.
            if let Some((_, credential)) = value.split_once(' ') {
                redactor.add(credential);
            }
        }
        redactor
    }

    /// The length of the longest value looked for, in bytes.
    pub(crate) fn longest(&self) -> usize {
        self.watched.iter().map(|watched| watched.length).max().unwrap_or(0)
    }

    /// A text without the values, in each of its lines.
    pub fn redact_text(&self, text: &str) -> String {
        // Marks are put between bytes that were text, so this loses nothing that was not a part of a value.
        String::from_utf8_lossy(&self.redact(text.as_bytes())).into_owned()
    }

    /// The line without the values.
    pub(crate) fn redact<'a>(&self, line: &'a [u8]) -> Cow<'a, [u8]> {
        let mut found: Vec<Range<usize>> = Vec::new();
        for watched in &self.watched {
            self.find(watched, line, &mut found);
        }
        if found.is_empty() {
            return Cow::Borrowed(line);
        }
        found.sort_by_key(|range| range.start);
        let mut clean = Vec::with_capacity(line.len());
        let mut covered = 0;
        let mut blotted = false;
        for Range { start, end } in found {
            // Values that overlap or touch become one mark: which and how many is not told.
            if start > covered || !blotted {
                clean.extend_from_slice(line.get(covered..start).unwrap_or_default());
                clean.extend_from_slice(MARK);
                blotted = true;
            }
            covered = covered.max(end);
        }
        clean.extend_from_slice(line.get(covered..).unwrap_or_default());
        Cow::Owned(clean)
    }

    fn find(&self, watched: &Watched, line: &[u8], found: &mut Vec<Range<usize>>) {
        let Some((first, rest)) = line.split_at_checked(watched.length) else {
            return;
        };
        let mut hash = self.hash(first);
        if watched.hashes.contains(&hash) {
            found.push(0..watched.length);
        }
        for (start, (leaving, entering)) in line.iter().zip(rest).enumerate() {
            let without = add(hash, PRIME - multiply(symbol(*leaving), watched.top));
            hash = add(multiply(without, self.base), symbol(*entering));
            if watched.hashes.contains(&hash) {
                found.push(start + 1..start + 1 + watched.length);
            }
        }
    }

    fn add(&mut self, value: &str) {
        for line in value.lines() {
            for piece in line.trim().as_bytes().chunks(LONGEST) {
                self.watch(piece);
            }
        }
        let password = value
            .split_once("://")
            .and_then(|(_, rest)| rest.split(['/', '?', '#']).next())
            .and_then(|authority| authority.rsplit_once('@'))
            .and_then(|(user, _)| user.split_once(':'));
        if let Some((_, password)) = password {
            self.watch(password.as_bytes());
        }
    }

    fn watch(&mut self, value: &[u8]) {
        let length = value.len();
        if length < SHORTEST {
            return;
        }
        let hash = self.hash(value);
        if let Some(watched) = self.watched.iter_mut().find(|watched| watched.length == length) {
            watched.hashes.push(hash);
            return;
        }
        self.watched.push(Watched {
            length,
            top: (1..length).fold(1, |power, _| multiply(power, self.base)),
            hashes: vec![hash],
        });
    }

    fn hash(&self, bytes: &[u8]) -> u64 {
        bytes.iter().fold(0, |hash, byte| add(multiply(hash, self.base), symbol(*byte)))
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").finish_non_exhaustive()
    }
}

/// 2^61 - 1: two windows of 4 KiB collide with a probability below 2^-48.
const PRIME: u64 = (1 << 61) - 1;

fn add(a: u64, b: u64) -> u64 {
    let sum = a + b;
    if sum >= PRIME { sum - PRIME } else { sum }
}

#[expect(clippy::cast_possible_truncation, reason = "both halves are below 2^61")]
fn multiply(a: u64, b: u64) -> u64 {
    // Two to the 61st is one, modulo this prime, so the high half is simply added.
    let product = u128::from(a) * u128::from(b);
    add(product as u64 & PRIME, (product >> 61) as u64)
}

/// Never 0, or leading NULs would not count.
fn symbol(byte: u8) -> u64 {
    u64::from(byte) + 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Redactor;
    use crate::ProcessSpec;

    fn redactor(args: &[&str], env: &[&str]) -> Redactor {
        let mut spec = ProcessSpec::new("label", "program");
        spec.args = args.iter().map(|arg| (*arg).into()).collect();
        spec.env = env.iter().map(|value| ("NAME".to_owned(), (*value).into())).collect();
        Redactor::of(&spec)
    }

    fn redacted(redactor: &Redactor, line: &str) -> String {
        String::from_utf8_lossy(&redactor.redact(line.as_bytes())).into_owned()
    }

    #[test]
    fn blots_out_values_and_nothing_else() {
        let redactor = redactor(
            &["--token=sesame-open", "-v", "stdio", "abcdef", "cdefghij"],
            &[
                "ghp_1234567890",
                "-----BEGIN KEY-----\nMIIBderived\r\n-----END KEY-----\n",
                "postgres://user:p4ssword@db.example/x?y@z",
                "short",
            ],
        );
        let check = |line, expected| assert_eq!(redacted(&redactor, line), expected);
        check("", "");
        check("nothing here, stdio short -v", "nothing here, stdio short -v");
        check("got --token=sesame-open.", "got [redacted].");
        check("token is sesame-open", "token is [redacted]");
        check("ghp_1234567890", "[redacted]");
        check("(ghp_1234567890ghp_1234567890)", "([redacted])");
        check("ghp_1234567890 ghp_1234567890!", "[redacted] [redacted]!");
        check("abcdefghij and cdefghi", "[redacted] and cdefghi");
        check("line MIIBderived", "line [redacted]");
        check("login with p4ssword failed", "login with [redacted] failed");
        check("ghp_123456789", "ghp_123456789");
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", redactor(&["sesame-open"], &[])), "Redactor { .. }");
    }

    #[test]
    fn finds_a_value_longer_than_a_piece() {
        let long = "0123456789".repeat(1000);
        let redactor = redactor(&[&long], &[]);
        assert_eq!(redacted(&redactor, &format!("<{long}>")), "<[redacted]>");
        assert_eq!(redactor.longest(), 4096);
    }

    proptest! {
        #[test]
        fn agrees_with_a_plain_search(secret in "[a-c]{6,9}", line in "[a-c]{0,60}") {
            let redactor = redactor(&[&secret], &[]);
            let clean = redacted(&redactor, &line);
            prop_assert!(!clean.contains(&secret));
            prop_assert_eq!(clean == line, !line.contains(&secret));
        }

        #[test]
        fn a_value_is_found_wherever_it_stands(before in ".{0,40}", secret in "[!-~]{6,40}", after in ".{0,40}") {
            let redactor = redactor(&[], &[&secret]);
            let clean = redacted(&redactor, &format!("{before}{secret}{after}"));
            prop_assert!(clean.contains("[redacted]"));
        }
    }
}
