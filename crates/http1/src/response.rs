//! The head of a response, as a client reads it.

use bytes::{Buf as _, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use httparse::{ParserConfig, Response, Status};

use crate::body::{Body, Chunks};
use crate::{LONGEST_HEAD, MOST_HEADERS, Malformed, fields};

/// The head of a response.
#[derive(Debug)]
pub struct Head {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Body,
    /// The connection may carry another exchange after this one.
    pub keeps: bool,
}

/// Takes the head of a response off `input`, once it is there as a whole. What servers say before it, such as 103, is
/// nothing to us.
pub fn take_head(input: &mut BytesMut) -> Result<Option<Head>, Malformed> {
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
    let keeps = is_certain
        && body != Body::UntilClosed
        && fields::keeps(is_1_1, headers.get_all(CONNECTION).iter().map(HeaderValue::as_bytes));
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
            let said = fields::number(said.trim_ascii()).ok_or(Malformed("the length of its body is no number"))?;
            if length.is_some_and(|length| length != said) {
                return Err(contradictory);
            }
            length = Some(said);
        }
    }
    Ok(length)
}

#[cfg(test)]
mod tests;
