//! Owns HTTP/1.1 framing: where a message ends and the few headers that matter here.
//! Never touches a socket and never decides what a message means.

use std::borrow::Cow;

use httparse::{EMPTY_HEADER, Status};
use memchr::memmem;

/// A longer message is refused instead of buffered.
pub(crate) const MAX_MESSAGE: usize = 32 * 1024 * 1024;
const MAX_HEAD: usize = 64 * 1024;
const MAX_HEADERS: usize = 64;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request<'b> {
    pub(crate) method: &'b str,
    pub(crate) path: &'b str,
    pub(crate) session: Option<&'b [u8]>,
    pub(crate) revision: Option<&'b [u8]>,
    pub(crate) origin: Option<&'b [u8]>,
    pub(crate) keep_alive: bool,
    pub(crate) body: Cow<'b, [u8]>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Response<'b> {
    pub(crate) status: u16,
    pub(crate) session: Option<&'b [u8]>,
    pub(crate) event_stream: bool,
    pub(crate) keep_alive: bool,
    pub(crate) body: Cow<'b, [u8]>,
}

/// Reads the first request in `bytes` and says how many it took; `None` when more are needed.
pub(crate) fn request(bytes: &[u8]) -> Result<Option<(Request<'_>, usize)>, Malformed> {
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let head = match parsed.parse(bytes) {
        Ok(Status::Complete(head)) => head,
        Ok(Status::Partial) => return unfinished(bytes, MAX_HEAD),
        Err(_) => return Err(Malformed("request head")),
    };
    let (Some(method), Some(path), Some(version)) = (parsed.method, parsed.path, parsed.version) else {
        return Err(Malformed("request line"));
    };
    let fields = Fields::of(parsed.headers, version == 1)?;
    let framing = match fields.framing {
        Framing::Unstated => Framing::Length(0),
        stated => stated,
    };
    let Some((body, used)) = body(bytes, head, framing)? else {
        return unfinished(bytes, MAX_MESSAGE);
    };
    let request = Request {
        method,
        path,
        session: fields.session,
        revision: fields.revision,
        origin: fields.origin,
        keep_alive: fields.keep_alive,
        body,
    };
    Ok(Some((request, used)))
}

/// Reads the first final response in `bytes`; interim ones are skipped.
/// `ended` says that the peer closed, which ends a body of unstated length.
pub(crate) fn response(bytes: &[u8], ended: bool) -> Result<Option<(Response<'_>, usize)>, Malformed> {
    let mut skipped = 0;
    loop {
        let rest = bytes.get(skipped..).unwrap_or_default();
        match any_response(rest, ended)? {
            Some((Some(response), used)) => return Ok(Some((response, skipped + used))),
            Some((None, interim)) => skipped += interim,
            None => return Ok(None),
        }
    }
}

/// `Some((None, _))` is an interim (1xx) response.
fn any_response(bytes: &[u8], ended: bool) -> Result<Option<(Option<Response<'_>>, usize)>, Malformed> {
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Response::new(&mut headers);
    let head = match parsed.parse(bytes) {
        Ok(Status::Complete(head)) => head,
        Ok(Status::Partial) => return unfinished(bytes, MAX_HEAD),
        Err(_) => return Err(Malformed("response head")),
    };
    let (Some(status), Some(version)) = (parsed.code, parsed.version) else {
        return Err(Malformed("status line"));
    };
    if (100..200).contains(&status) {
        return Ok(Some((None, head)));
    }
    let fields = Fields::of(parsed.headers, version == 1)?;
    let framing = match fields.framing {
        _ if status == 204 || status == 304 => Framing::Length(0),
        Framing::Unstated if ended => Framing::Length(bytes.len() - head),
        stated => stated,
    };
    let Some((body, used)) = body(bytes, head, framing)? else {
        return unfinished(bytes, MAX_MESSAGE);
    };
    let response = Response {
        status,
        session: fields.session,
        event_stream: fields.event_stream,
        keep_alive: fields.keep_alive && !ended,
        body,
    };
    Ok(Some((Some(response), used)))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Framing {
    Unstated,
    Length(usize),
    Chunked,
}

struct Fields<'b> {
    session: Option<&'b [u8]>,
    revision: Option<&'b [u8]>,
    origin: Option<&'b [u8]>,
    event_stream: bool,
    keep_alive: bool,
    framing: Framing,
}

impl<'b> Fields<'b> {
    fn of(headers: &[httparse::Header<'b>], keep_alive: bool) -> Result<Self, Malformed> {
        let mut fields = Self {
            session: None,
            revision: None,
            origin: None,
            event_stream: false,
            keep_alive,
            framing: Framing::Unstated,
        };
        for header in headers {
            let (name, value) = (header.name, header.value);
            let is = |wanted: &str| name.eq_ignore_ascii_case(wanted);
            // The length decides first: most headers are none of these and cost one comparison.
            match name.len() {
                6 if is("origin") => fields.origin = Some(value),
                10 if is("connection") => {
                    if value.eq_ignore_ascii_case(b"close") {
                        fields.keep_alive = false;
                    } else if value.eq_ignore_ascii_case(b"keep-alive") {
                        fields.keep_alive = true;
                    }
                }
                12 if is("content-type") => {
                    fields.event_stream = starts_with(value, b"text/event-stream");
                }
                14 if is("content-length") => {
                    let length = Framing::Length(length(value)?);
                    // Two different framings are how requests are smuggled.
                    if fields.framing != Framing::Unstated && fields.framing != length {
                        return Err(Malformed("two body lengths"));
                    }
                    fields.framing = length;
                }
                14 if is("mcp-session-id") => fields.session = Some(value),
                17 if is("transfer-encoding") => {
                    if !value.eq_ignore_ascii_case(b"chunked") || fields.framing != Framing::Unstated {
                        return Err(Malformed("transfer encoding"));
                    }
                    fields.framing = Framing::Chunked;
                }
                20 if is("mcp-protocol-version") => fields.revision = Some(value),
                _ => {}
            }
        }
        Ok(fields)
    }
}

fn unfinished<T>(bytes: &[u8], limit: usize) -> Result<Option<T>, Malformed> {
    if bytes.len() > limit { Err(Malformed("message too long")) } else { Ok(None) }
}

fn starts_with(value: &[u8], prefix: &[u8]) -> bool {
    value.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn length(value: &[u8]) -> Result<usize, Malformed> {
    if value.is_empty() || value.len() > 12 {
        return Err(Malformed("content length"));
    }
    value.iter().try_fold(0, |sum, byte| match byte {
        b'0'..=b'9' => Ok(sum * 10 + usize::from(byte - b'0')),
        _ => Err(Malformed("content length")),
    })
}

/// The body that starts at `head`, and where the message ends.
type Body<'b> = Option<(Cow<'b, [u8]>, usize)>;

fn body(bytes: &[u8], head: usize, framing: Framing) -> Result<Body<'_>, Malformed> {
    match framing {
        Framing::Unstated => Ok(None),
        Framing::Length(length) => {
            if length > MAX_MESSAGE {
                return Err(Malformed("message too long"));
            }
            let end = head + length;
            Ok(bytes.get(head..end).map(|body| (Cow::Borrowed(body), end)))
        }
        Framing::Chunked => chunked(bytes, head),
    }
}

fn chunked(bytes: &[u8], head: usize) -> Result<Body<'_>, Malformed> {
    let mut body = Cow::Borrowed(&[][..]);
    let mut at = head;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let (line, size) = match httparse::parse_chunk_size(rest) {
            Ok(Status::Complete(found)) => found,
            Ok(Status::Partial) => return Ok(None),
            Err(_) => return Err(Malformed("chunk size")),
        };
        let size = usize::try_from(size).map_err(|_| Malformed("chunk size"))?;
        if size > MAX_MESSAGE {
            return Err(Malformed("message too long"));
        }
        let start = at + line;
        if size == 0 {
            return Ok(trailer_end(bytes, start).map(|end| (body, end)));
        }
        let Some(chunk) = bytes.get(start..start + size) else { return Ok(None) };
        match bytes.get(start + size..start + size + 2) {
            Some(b"\r\n") => {}
            Some(_) => return Err(Malformed("chunk end")),
            None => return Ok(None),
        }
        // One chunk is the usual case and stays where it is.
        if body.is_empty() {
            body = Cow::Borrowed(chunk);
        } else {
            body.to_mut().extend_from_slice(chunk);
        }
        at = start + size + 2;
    }
}

/// After the last chunk come trailer lines, which are ignored, and an empty line.
fn trailer_end(bytes: &[u8], start: usize) -> Option<usize> {
    let rest = bytes.get(start..)?;
    if rest.starts_with(b"\r\n") {
        return Some(start + 2);
    }
    memmem::find(rest, b"\r\n\r\n").map(|found| start + found + 4)
}

#[cfg(test)]
mod tests;
