//! HTTP/1.1 as bytes: the head of a request, the head of a response, and where its body ends. Reads and writes no
//! socket. Strict where two readers could disagree about the end of a response: what comes after it would be taken for
//! the answer to another request.

use std::fmt::Write as _;

use bytes::{Buf as _, Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use httparse::{ParserConfig, Response, Status};

/// More headers than this no server needs.
const MOST_HEADERS: usize = 100;

/// A head that is longer is none.
pub(super) const LONGEST_HEAD: usize = 64 * 1024;

/// The size of a chunk, with what servers may say about it, and the trailers after the last one.
const LONGEST_LINE: usize = 8 * 1024;
const LONGEST_TRAILERS: usize = 64 * 1024;

/// A piece that is not longer is copied, so that the buffer is free for the next one.
const COPIED: usize = 4 * 1024;

/// The head of a response.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(super) body: Body,
    /// The connection may carry another exchange after this one.
    pub(super) keeps: bool,
}

/// What is not HTTP/1.1; says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer is not valid HTTP/1.1: {0}")]
pub(crate) struct Malformed(&'static str);

const UNREADABLE_SIZE: Malformed = Malformed("the size of a chunk cannot be read");

/// Writes the head of a request whose body has `length` bytes.
pub(super) fn write_head(out: &mut BytesMut, method: &Method, uri: &Uri, headers: &HeaderMap, length: usize) {
    out.extend_from_slice(method.as_str().as_bytes());
    out.extend_from_slice(b" ");
    if let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) {
        // As a proxy wants it.
        for part in [scheme, "://", authority.as_str()] {
            out.extend_from_slice(part.as_bytes());
        }
    }
    out.extend_from_slice(uri.path_and_query().map_or("/", |path| path.as_str()).as_bytes());
    out.extend_from_slice(b" HTTP/1.1\r\n");
    for (name, value) in headers {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            out.extend_from_slice(part);
        }
    }
    if length > 0 || *method == Method::POST {
        // Memory takes everything.
        let _ = write!(out, "content-length: {length}\r\n");
    }
    out.extend_from_slice(b"\r\n");
}

/// Takes the head of a response off `input`, once it is there as a whole. What servers say before it, such as 103, is
/// nothing to us.
pub(super) fn take_head(input: &mut BytesMut) -> Result<Option<Head>, Malformed> {
    loop {
        // Of an end of line too many after the last response. They would be looked at again with each further one.
        let blank = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        input.advance(blank);
        let mut headers = [const { std::mem::MaybeUninit::uninit() }; MOST_HEADERS];
        let mut response = Response::new(&mut []);
        let parsed = ParserConfig::default().parse_response_with_uninit_headers(&mut response, input, &mut headers);
        let length = match parsed {
            Ok(Status::Complete(length)) => length,
            Ok(Status::Partial) if input.len() > LONGEST_HEAD => return Err(Malformed("its head is too long")),
            Ok(Status::Partial) => return Ok(None),
            Err(httparse::Error::TooManyHeaders) => return Err(Malformed("it has too many headers")),
            Err(_) => return Err(Malformed("its head cannot be read")),
        };
        let status = response.code.and_then(|code| StatusCode::from_u16(code).ok());
        let status = status.ok_or(Malformed("its status is none"))?;
        if status == StatusCode::SWITCHING_PROTOCOLS {
            return Err(Malformed("it switches to another protocol, which nobody has asked for"));
        }
        if status.is_informational() {
            input.advance(length);
            continue;
        }
        let is_1_1 = response.version == Some(1);
        let head = head(status, is_1_1, response.headers)?;
        input.advance(length);
        return Ok(Some(head));
    }
}

fn head(status: StatusCode, is_1_1: bool, parsed: &[httparse::Header<'_>]) -> Result<Head, Malformed> {
    let mut headers = HeaderMap::with_capacity(parsed.len());
    for header in parsed {
        let name = HeaderName::from_bytes(header.name.as_bytes());
        let value = HeaderValue::from_bytes(header.value);
        let (Ok(name), Ok(value)) = (name, value) else { return Err(Malformed("a header of it cannot be read")) };
        headers.append(name, value);
    }
    let (body, is_certain) = body(status, is_1_1, &headers)?;
    let keeps = is_certain && body != Body::UntilClosed && keeps(is_1_1, &headers);
    Ok(Head { status, headers, body, keeps })
}

/// How the end of the body is told, and whether everybody on the way understands it like this.
fn body(status: StatusCode, is_1_1: bool, headers: &HeaderMap) -> Result<(Body, bool), Malformed> {
    if matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        return Ok((Body::Ended, true));
    }
    let length = content_length(headers)?;
    if let Some(coding) = headers.get(TRANSFER_ENCODING) {
        let is_only = headers.get_all(TRANSFER_ENCODING).iter().nth(1).is_none();
        if !is_1_1 || !is_only || !coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked") {
            return Err(Malformed("its body is sent in a way that is not understood"));
        }
        return Ok((Body::Chunks(Chunks::Size), length.is_none()));
    }
    Ok((length.map_or(Body::UntilClosed, Body::of_length), true))
}

fn content_length(headers: &HeaderMap) -> Result<Option<u64>, Malformed> {
    let contradictory = Malformed("it says two different lengths of its body");
    let mut length = None;
    for value in headers.get_all(CONTENT_LENGTH) {
        // Some who stand between join what was said twice.
        for said in value.as_bytes().split(|byte| *byte == b',') {
            let said = number(said.trim_ascii()).ok_or(Malformed("the length of its body is no number"))?;
            if length.is_some_and(|length| length != said) {
                return Err(contradictory);
            }
            length = Some(said);
        }
    }
    Ok(length)
}

/// Digits and nothing else.
fn number(text: &[u8]) -> Option<u64> {
    if !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn keeps(is_1_1: bool, headers: &HeaderMap) -> bool {
    let says = |word: &[u8]| {
        let mut values = headers.get_all(CONNECTION).iter();
        values.any(|value| value.as_bytes().split(|byte| *byte == b',').any(|token| is_word(token, word)))
    };
    !says(b"close") && (is_1_1 || says(b"keep-alive"))
}

fn is_word(token: &[u8], word: &[u8]) -> bool {
    token.trim_ascii().eq_ignore_ascii_case(word)
}

/// What is still to come of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    Ended,
    /// So many bytes, more than none.
    Length(u64),
    Chunks(Chunks),
    UntilClosed,
}

/// Where in a body of chunks we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunks {
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
pub(super) enum Piece {
    Data(Bytes),
    /// Nothing without more of them.
    Wanting,
    End,
}

impl Body {
    const fn of_length(length: u64) -> Self {
        if length == 0 { Self::Ended } else { Self::Length(length) }
    }

    /// At least so many bytes are to come.
    pub(super) const fn announced(self) -> u64 {
        match self {
            Self::Length(rest) | Self::Chunks(Chunks::Data(rest)) => rest,
            _ => 0,
        }
    }

    /// Takes the next piece off `input`.
    pub(super) fn take(&mut self, input: &mut BytesMut) -> Result<Piece, Malformed> {
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

#[cfg(test)]
mod tests;
