//! The values of the headers that say how a message is to be read.

/// Digits and nothing else.
pub(crate) fn number(text: &[u8]) -> Option<u64> {
    if !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Whether the connection stays, by the values of `Connection`.
pub(crate) fn keeps<'a>(is_1_1: bool, connection: impl Iterator<Item = &'a [u8]>) -> bool {
    let (mut close, mut keep) = (false, false);
    for token in connection.flat_map(|value| value.split(|byte| *byte == b',')) {
        close |= is_word(token, b"close");
        keep |= is_word(token, b"keep-alive");
    }
    !close && (is_1_1 || keep)
}

pub(crate) fn is_word(token: &[u8], word: &[u8]) -> bool {
    token.trim_ascii().eq_ignore_ascii_case(word)
}
