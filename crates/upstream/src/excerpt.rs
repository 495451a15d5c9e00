//! Short, harmless pieces of what an upstream wrote, for logs and errors. Never shows a secret it was told of.

use orch_mcp::error::RpcError;
use secrecy::{ExposeSecret, SecretString};

/// An excerpt is at most this many characters.
const LENGTH: usize = 200;

/// Shorter values are words and switches; hiding them would make a text unreadable.
const SHORTEST_SECRET: usize = 6;

/// Values that must not be repeated.
pub(crate) struct Secrets(Vec<SecretString>);

impl Secrets {
    /// Values with several words, such as `Bearer x`, are also hidden by word.
    pub(crate) fn new<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let values = values.into_iter().flat_map(|value| std::iter::once(value).chain(value.split([' ', '=', '\n'])));
        Self(values.filter(|value| value.len() >= SHORTEST_SECRET).map(SecretString::from).collect())
    }

    /// An error that may be told to anybody: its message is cut short after that, and what is attached to it goes.
    pub(crate) fn hide_in(&self, error: RpcError) -> RpcError {
        RpcError { message: excerpt(self.hide(error.message).as_bytes()), data: None, ..error }
    }

    pub(crate) fn hide(&self, text: String) -> String {
        self.0.iter().fold(text, |text, secret| {
            let secret = secret.expose_secret();
            if text.contains(secret) { text.replace(secret, "[redacted]") } else { text }
        })
    }
}

/// The beginning of a text on one line, without control characters.
pub(crate) fn excerpt(bytes: &[u8]) -> String {
    // A character has at most four bytes.
    let shown = bytes.get(..LENGTH * 4).unwrap_or(bytes);
    let text = String::from_utf8_lossy(shown);
    let mut out = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    match out.char_indices().nth(LENGTH) {
        Some((end, _)) => {
            out.truncate(end);
            out.push('…');
        }
        None if bytes.len() > shown.len() => out.push('…'),
        None => {}
    }
    out
}

/// An excerpt of a page: the words without the markup.
pub(crate) fn page_excerpt(bytes: &[u8]) -> String {
    let mut words = Vec::with_capacity(bytes.len().min(4096));
    let mut in_tag = false;
    for byte in bytes.iter().take(64 * 1024) {
        match byte {
            b'<' => in_tag = true,
            b'>' if in_tag => {
                in_tag = false;
                words.push(b' ');
            }
            byte if !in_tag => words.push(*byte),
            _ => {}
        }
    }
    excerpt(&words)
}

#[cfg(test)]
mod tests {
    use super::{Secrets, excerpt, page_excerpt};

    #[test]
    fn keeps_texts_short_and_on_one_line() {
        assert_eq!(excerpt(b"  a\tb\r\n\x1b[31mc\xff "), "a b [31mc\u{fffd}");
        assert_eq!(excerpt("é".repeat(300).as_bytes()).chars().count(), 201);
        assert_eq!(page_excerpt(b"<html><h1>Bad  gateway</h1>\n<hr>nginx</html>"), "Bad gateway nginx");
    }

    #[test]
    fn hides_secrets_and_their_words() {
        let secrets = Secrets::new(["Bearer sesame-open", "abc"]);
        assert_eq!(secrets.hide("token sesame-open is bad, abc".to_owned()), "token [redacted] is bad, abc");
    }
}
