//! The head of a request: written by a client, read by a server.

use std::fmt::Write as _;
use std::ops::Range;

use bytes::{Buf as _, Bytes, BytesMut};
use http::{HeaderMap, Method, Uri};
use httparse::{ParserConfig, Request, Status};

use crate::body::{Body, Chunks};
use crate::{LONGEST_HEAD, MOST_HEADERS, Malformed, fields};

/// The head of a request as it came. Names of headers are compared whatever their case.
#[derive(Debug)]
pub struct Head {
    text: Bytes,
    method: Range<usize>,
    target: Range<usize>,
    fields: Vec<(Range<usize>, Range<usize>)>,
    /// Of HTTP/1.1, and not of 1.0.
    pub is_1_1: bool,
    pub body: Body,
    /// The client wants to use the connection for another request.
    pub keeps: bool,
    /// The client sends the body when it has been told to go on.
    pub expects: bool,
}

/// Why a request is not read. The connection is of no use after it: nobody knows where the next request begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("the request is {0}")]
    Malformed(#[from] Malformed),
    #[error("the head of the request has more than {LONGEST_HEAD} bytes or {MOST_HEADERS} headers")]
    TooLarge,
    #[error("only HTTP/1.1 and HTTP/1.0 are spoken here")]
    Version,
    #[error("a body can be sent with its length or in chunks, and not in another coding")]
    Coding,
    #[error("nothing but 100-continue can be expected")]
    Expectation,
}

impl Unreadable {
    /// The status that the client is told.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::Expectation => 417,
            Self::TooLarge => 431,
            Self::Coding => 501,
            Self::Version => 505,
        }
    }
}

impl Head {
    #[must_use]
    pub fn method(&self) -> &[u8] {
        self.part(&self.method)
    }

    /// What is asked for, as it came.
    #[must_use]
    pub fn target(&self) -> Bytes {
        self.text.slice(self.target.clone())
    }

    /// The path of what is asked for, without its query. Empty when it is no text.
    #[must_use]
    pub fn path(&self) -> &str {
        let (path, _) = self.place();
        path
    }

    /// What comes after a question mark.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        let (_, query) = self.place();
        query
    }

    /// The host, when it is named with the path, as to a proxy.
    #[must_use]
    pub fn authority(&self) -> Option<&str> {
        let (_, rest) = self.text_of_target().split_once("://").filter(|_| !self.is_path())?;
        rest.split(['/', '?']).next()
    }

    fn place(&self) -> (&str, Option<&str>) {
        let mut place = self.text_of_target();
        if !self.is_path()
            && let Some((_, rest)) = place.split_once("://")
        {
            place = rest.find(['/', '?']).and_then(|at| rest.get(at..)).unwrap_or_default();
        }
        place.split_once('?').map_or((place, None), |(path, query)| (path, Some(query)))
    }

    fn text_of_target(&self) -> &str {
        std::str::from_utf8(self.part(&self.target)).unwrap_or_default()
    }

    /// As nearly always.
    fn is_path(&self) -> bool {
        self.part(&self.target).starts_with(b"/")
    }

    /// Names and values in their order.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> {
        self.fields.iter().map(|(name, value)| (self.part(name), self.part(value)))
    }

    /// Names and values in their order. The values share the memory of the head.
    pub fn headers(&self) -> impl ExactSizeIterator<Item = (&[u8], Bytes)> {
        self.fields.iter().map(|(name, value)| (self.part(name), self.text.slice(value.clone())))
    }

    /// All values of a header.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        // Nearly all names differ in their length already.
        let is_named = move |known: &Range<usize>| {
            known.len() == name.len() && self.part(known).eq_ignore_ascii_case(name.as_bytes())
        };
        self.fields.iter().filter(move |(known, _)| is_named(known)).map(|(_, value)| self.part(value))
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        self.text.get(range.clone()).unwrap_or_default()
    }

    /// What its headers say of how it is to be read.
    fn understand(&mut self) -> Result<(), Unreadable> {
        self.check_host()?;
        self.body = self.framing()?;
        self.keeps = fields::keeps(self.is_1_1, self.all("connection"));
        self.expects = self.expectation()?;
        Ok(())
    }

    fn check_host(&self) -> Result<(), Malformed> {
        let mut hosts = self.all("host");
        let (host, another) = (hosts.next(), hosts.next());
        let differs = |host: &[u8]| self.authority().is_some_and(|named| !named.as_bytes().eq_ignore_ascii_case(host));
        // Whoever goes by the other one would take it for somebody else's.
        if another.is_some() || host.is_some_and(differs) {
            return Err(Malformed("it names more than one host"));
        }
        if host.is_none() && self.is_1_1 {
            return Err(Malformed("it names no host"));
        }
        Ok(())
    }

    /// Whether the client waits to be told to go on.
    fn expectation(&self) -> Result<bool, Unreadable> {
        // Those of 1.0 cannot wait for anything.
        if !self.is_1_1 {
            return Ok(false);
        }
        let mut expected = self.all("expect");
        match (expected.next(), expected.next()) {
            (None, _) => Ok(false),
            (Some(word), None) if fields::is_word(word, b"100-continue") => Ok(self.body != Body::Ended),
            _ => Err(Unreadable::Expectation),
        }
    }

    /// Stricter than with responses: a client can be told.
    fn framing(&self) -> Result<Body, Unreadable> {
        let mut lengths = self.all("content-length");
        let mut codings = self.all("transfer-encoding");
        match (lengths.next(), codings.next()) {
            (None, None) => Ok(Body::Ended),
            (Some(_), Some(_)) => Err(Malformed("it says how long its body is, and that it comes in chunks").into()),
            (Some(length), None) => {
                if lengths.next().is_some() {
                    return Err(Malformed("it says more than once how long its body is").into());
                }
                let length = fields::number(length).ok_or(Malformed("the length of its body is no number"))?;
                Ok(Body::of_length(length))
            }
            (None, Some(_)) if !self.is_1_1 => Err(Malformed("there are no chunks in HTTP/1.0").into()),
            (None, Some(coding)) => {
                let is_chunked = fields::is_word(coding, b"chunked") && codings.next().is_none();
                if is_chunked { Ok(Body::Chunks(Chunks::Size)) } else { Err(Unreadable::Coding) }
            }
        }
    }
}

/// Takes the head of a request off `input`, once it is there as a whole.
pub fn take_head(input: &mut BytesMut) -> Result<Option<Head>, Unreadable> {
    // Some send an end of line after a body. They would be looked at again with each further one.
    let blank = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    input.advance(blank);
    if input.is_empty() {
        return Ok(None);
    }
    let mut headers = [const { std::mem::MaybeUninit::uninit() }; MOST_HEADERS];
    let mut request = Request::new(&mut []);
    let parsed = ParserConfig::default().parse_request_with_uninit_headers(&mut request, input, &mut headers);
    let length = match parsed {
        Ok(Status::Complete(length)) if length <= LONGEST_HEAD => length,
        Ok(Status::Partial) if input.len() <= LONGEST_HEAD => return Ok(None),
        Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(Unreadable::TooLarge),
        Err(httparse::Error::Version) => return Err(Unreadable::Version),
        Err(_) => return Err(Malformed("its head cannot be read").into()),
    };
    let (Some(method), Some(target), Some(version)) = (request.method, request.path, request.version) else {
        return Err(Malformed("its head cannot be read").into());
    };
    let start = input.as_ptr().addr();
    let range = |part: &[u8]| {
        let from = part.as_ptr().addr() - start;
        from..from + part.len()
    };
    let mut head = Head {
        method: range(method.as_bytes()),
        target: range(target.as_bytes()),
        fields: request.headers.iter().map(|field| (range(field.name.as_bytes()), range(field.value))).collect(),
        // A copy, so that the buffer is free for what comes next.
        text: Bytes::copy_from_slice(input.get(..length).unwrap_or_default()),
        is_1_1: version == 1,
        body: Body::Ended,
        keeps: false,
        expects: false,
    };
    input.advance(length);
    head.understand()?;
    Ok(Some(head))
}

/// Writes the head of a request whose body has `length` bytes.
pub fn write_head(out: &mut BytesMut, method: &Method, uri: &Uri, headers: &HeaderMap, length: usize) {
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

#[cfg(test)]
mod tests;
