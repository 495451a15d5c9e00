//! Where the body of a message ends, and what of it is there.

use bytes::{Buf as _, Bytes, BytesMut};
use httparse::Status;

use crate::Malformed;

/// The size of a chunk, with what a peer may say about it, and the trailers after the last one.
pub(crate) const LONGEST_LINE: usize = 8 * 1024;
const LONGEST_TRAILERS: usize = 64 * 1024;

/// A piece that is not longer is copied, so that the buffer is free for the next one.
pub(crate) const COPIED: usize = 4 * 1024;

const UNREADABLE_SIZE: Malformed = Malformed("the size of a chunk cannot be read");

/// What is still to come of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    Ended,
    /// So many bytes, more than none.
    Length(u64),
    Chunks(Chunks),
    UntilClosed,
}

/// Where in a body of chunks we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chunks {
    /// Before the size of a chunk.
    Size,
    /// In the middle of one, before so many bytes.
    Data(u64),
    /// After one, before the end of its line.
    After,
    /// After the last one, with so many bytes of trailers seen.
    Trailers(usize),
}

/// What the bytes that are there bring.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    Data(Bytes),
    /// Nothing without more of them.
    Wanting,
    End,
}

impl Body {
    pub(crate) const fn of_length(length: u64) -> Self {
        if length == 0 { Self::Ended } else { Self::Length(length) }
    }

    /// At least so many bytes are to come.
    #[must_use]
    pub const fn announced(self) -> u64 {
        match self {
            Self::Length(rest) | Self::Chunks(Chunks::Data(rest)) => rest,
            _ => 0,
        }
    }

    /// Takes the next piece off `input`.
    pub fn take(&mut self, input: &mut BytesMut) -> Result<Piece, Malformed> {
        loop {
            match self {
                Self::Ended => return Ok(Piece::End),
                _ if input.is_empty() => return Ok(Piece::Wanting),
                Self::Length(rest) => {
                    let (data, left) = take_up_to(input, *rest);
                    *self = Self::of_length(left);
                    return Ok(Piece::Data(data));
                }
                Self::UntilClosed => return Ok(Piece::Data(take_up_to(input, u64::MAX).0)),
                Self::Chunks(Chunks::Data(rest)) => {
                    let (data, left) = take_up_to(input, *rest);
                    *self = Self::Chunks(if left == 0 { Chunks::After } else { Chunks::Data(left) });
                    return Ok(Piece::Data(data));
                }
                Self::Chunks(chunks) => match chunks.step(input)? {
                    Some(next) => *self = next,
                    None => return Ok(Piece::Wanting),
                },
            }
        }
    }
}

impl Chunks {
    /// What comes after the next line; None when it is not there as a whole.
    fn step(self, input: &mut BytesMut) -> Result<Option<Body>, Malformed> {
        let next = match self {
            // The library takes no size for the last one.
            Self::Size if !input.first().is_some_and(u8::is_ascii_hexdigit) => return Err(UNREADABLE_SIZE),
            Self::Size => match httparse::parse_chunk_size(input) {
                // What the library lets pass in an extension would end the line for others.
                Ok(_) if has_bare_end(input) => return Err(UNREADABLE_SIZE),
                Ok(Status::Complete((length, size))) => {
                    input.advance(length);
                    if size == 0 { Self::Trailers(0) } else { Self::Data(size) }
                }
                Ok(Status::Partial) if input.len() <= LONGEST_LINE => return Ok(None),
                Ok(Status::Partial) | Err(_) => return Err(UNREADABLE_SIZE),
            },
            Self::Data(_) => return Ok(None),
            Self::After => {
                if input.len() < 2 {
                    return Ok(None);
                }
                if !input.starts_with(b"\r\n") {
                    return Err(Malformed("a chunk is longer than it says"));
                }
                input.advance(2);
                Self::Size
            }
            Self::Trailers(seen) => {
                let end = memchr::memchr(b'\n', input);
                let seen = seen + end.map_or(input.len(), |end| end + 1);
                if seen > LONGEST_TRAILERS {
                    return Err(Malformed("what comes after its body is too long"));
                }
                let Some(end) = end else { return Ok(None) };
                let line = input.split_to(end + 1);
                match &line[..] {
                    b"\r\n" => return Ok(Some(Body::Ended)),
                    // They say nothing to us.
                    [.., b'\r', b'\n'] => Self::Trailers(seen),
                    _ => return Err(Malformed("what comes after its body cannot be read")),
                }
            }
        };
        Ok(Some(Body::Chunks(next)))
    }
}

/// Whether the first line ends without a carriage return.
fn has_bare_end(input: &[u8]) -> bool {
    memchr::memchr(b'\n', input).is_some_and(|end| !input.get(..end).unwrap_or_default().ends_with(b"\r"))
}

/// At most `most` bytes off the front of `input`, and how many are missing then.
fn take_up_to(input: &mut BytesMut, most: u64) -> (Bytes, u64) {
    let taken = usize::try_from(most).map_or(input.len(), |most| most.min(input.len()));
    let data = if taken <= COPIED {
        let data = Bytes::copy_from_slice(input.get(..taken).unwrap_or_default());
        input.advance(taken);
        data
    } else {
        input.split_to(taken).freeze()
    };
    (data, most - taken as u64)
}
