//! Recognises secrets that somebody else knows: defaults, documentation examples, patterns. Cannot recognise a good
//! one; that takes a random source.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};

/// What is wrong with a secret. Never says what the secret is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weakness {
    WellKnown,
    Repetitive,
    /// A text or a sequence where random bytes were expected.
    Predictable,
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WellKnown => "it is a well-known default or example",
            Self::Repetitive => "it repeats itself",
            Self::Predictable => "it is not random",
        })
    }
}

/// In lower case and without separators. Long enough that a random base64 text holds one by chance in less than one
/// of a million cases.
const PLACEHOLDERS: &[&str] = &[
    "changeme",
    "changethis",
    "changein",
    "mysecret",
    "yoursecret",
    "yourjwt",
    "your256bit",
    "jwtsecret",
    "authsecret",
    "secretkey",
    "secretsecret",
    "supersecret",
    "password",
    "passphrase",
    "development",
    "notsecure",
    "insecure",
    "placeholder",
    "replaceme",
    "replacethis",
    "generateme",
    "examplekey",
    "defaultsecret",
    "atleast256bits",
    "atleast32",
    "atleastten",
    "opensslrand",
    "administrator",
    "letmein",
    "thisisasecret",
    "topsecret",
    "notasecret",
    "devsecret",
    "testsecret",
    "secret123",
];

/// Beginnings of alphabets and keyboards, and the key printed in RFC 7515.
const SEQUENCES: &[&str] = &[
    "0123456789",
    "1234567890",
    "9876543210",
    "abcdefghij",
    "zyxwvutsrq",
    "qwertyuiop",
    "aym1sysppbydfgzld3umj1qzkobwvmko",
];

/// Says how a text secret such as JWT_SECRET is weak; None when nothing speaks against it.
#[must_use]
pub fn weakness_of(secret: &SecretString) -> Option<Weakness> {
    let text = secret.expose_secret();
    // Of 32 random hex digits, the least random secret that is long enough, some 14 are different.
    if is_repetitive(text.as_bytes(), 8) {
        return Some(Weakness::Repetitive);
    }
    let plain: zeroize::Zeroizing<String> = zeroize::Zeroizing::new(
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect(),
    );
    let known = |list: &[&str]| list.iter().any(|part| plain.contains(part));
    (known(PLACEHOLDERS) || known(SEQUENCES)).then_some(Weakness::WellKnown)
}

/// Says how a binary key is weak; None when nothing speaks against it.
#[must_use]
pub(crate) fn weakness_of_key(key: &[u8; 32]) -> Option<Weakness> {
    // Of 32 random bytes some 30 are different; fewer than 16 does not happen.
    if is_repetitive(key, 16) {
        return Some(Weakness::Repetitive);
    }
    let steps: Vec<u8> =
        key.iter().zip(key.iter().skip(1)).map(|(earlier, later)| later.wrapping_sub(*earlier)).collect();
    if steps.iter().all(|step| steps.first() == Some(step)) {
        return Some(Weakness::WellKnown);
    }
    // A passphrase written as base64 or hex. Random bytes are all printable once in 10^14 cases.
    key.iter().all(|byte| (0x20..0x7f).contains(byte)).then_some(Weakness::Predictable)
}

/// Whether `bytes` has fewer than `least` different values, or is one shorter text over and over.
fn is_repetitive(bytes: &[u8], least: usize) -> bool {
    let mut seen = [false; 256];
    for byte in bytes {
        if let Some(slot) = seen.get_mut(usize::from(*byte)) {
            *slot = true;
        }
    }
    let different = seen.iter().filter(|seen| **seen).count();
    different < least || has_period_of_at_most(bytes, bytes.len() / 2)
}

fn has_period_of_at_most(bytes: &[u8], longest: usize) -> bool {
    (1..=longest).any(|period| bytes.iter().zip(bytes.iter().skip(period)).all(|(a, b)| a == b))
}
