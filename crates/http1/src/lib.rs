//! HTTP/1.1 as bytes, from both sides: heads of requests and of responses, and where a body ends. Reads and writes no
//! socket. Strict where two readers could disagree about the end of a message: what comes after it would be taken for
//! another one.

pub mod body;
mod fields;
pub mod request;
pub mod response;

/// More headers than this nobody needs.
pub const MOST_HEADERS: usize = 100;

/// A head of more bytes is none.
pub const LONGEST_HEAD: usize = 64 * 1024;

/// What is not HTTP/1.1; says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not valid HTTP/1.1: {0}")]
pub struct Malformed(&'static str);

/// Where a header is asked for so that nothing is looked through that cannot have ended it: a peer that sends its head
/// byte by byte has it read again with each line, and not with each byte. `new` are the bytes that have just come.
#[must_use]
pub fn may_end_head(new: &[u8], all: usize) -> bool {
    memchr::memchr(b'\n', new).is_some() || all > LONGEST_HEAD
}
