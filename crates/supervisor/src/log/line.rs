//! One line of a process log. Holds text that is already redacted and cut.

use std::{fmt::Write as _, time::SystemTime};

use serde::{Deserialize, Serialize};

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Counts from 1 over the life of the log, without gaps.
    pub seq: u64,
    /// When it was read.
    pub at: SystemTime,
    /// Where it came from.
    pub stream: LogStream,
    /// The process that printed it, or that a remark is about.
    pub pid: Option<u32>,
    /// The text without its line end; bytes that are not UTF-8 are replaced.
    pub text: Box<str>,
    /// The line was longer than the limit; `text` ends with a mark that says so.
    pub cut: bool,
}

/// Where a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogStream {
    /// Standard error of the process.
    Stderr,
    /// What it said to us in a message that is meant for a log.
    Protocol,
    /// The daemon.
    Daemon,
}

impl LogStream {
    /// A stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stderr => "stderr",
            Self::Protocol => "protocol",
            Self::Daemon => "daemon",
        }
    }
}

/// Raw bytes as text of at most `limit` bytes and, if it was longer, a mark.
pub(crate) fn text(raw: &[u8], limit: usize) -> (Box<str>, bool) {
    let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
    let mut text = String::from_utf8_lossy(raw).into_owned();
    let cut = text.len() > limit;
    if cut {
        text.truncate(text.floor_char_boundary(limit));
        let _ = write!(text, " [line cut at {limit} bytes]");
    }
    (text.into_boxed_str(), cut)
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn cuts_between_characters_and_says_so() {
        fn check(raw: &[u8], expected: &str, cut: bool) {
            assert_eq!(text(raw, 4), (expected.into(), cut));
        }
        check(b"", "", false);
        check(b"abcd", "abcd", false);
        check(b"abc\r", "abc", false);
        check(b"abcd\r", "abcd", false);
        check(b"abcde", "abcd [line cut at 4 bytes]", true);
        check("abcü".as_bytes(), "abc [line cut at 4 bytes]", true);
        check(b"\xff", "\u{fffd}", false);
    }
}
