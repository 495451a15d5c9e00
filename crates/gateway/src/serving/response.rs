//! The head of a response, and how its body is sent.

use std::fmt::Write as _;

use actix_http::body::BodySize;
use actix_http::header::{CONNECTION, CONTENT_LENGTH, DATE, TRANSFER_ENCODING};
use actix_http::{ResponseHead, StatusCode};
use bytes::BytesMut;

use super::date::Date;
use crate::request_id::{self, RequestId};

/// How a client finds the end of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// There is none, and nothing is said of it.
    Bare,
    Length(u64),
    Chunks,
    UntilClosed,
}

impl Form {
    pub(super) fn of(status: StatusCode, size: BodySize, is_1_1: bool) -> Self {
        if status.is_informational() || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            return Self::Bare;
        }
        match size {
            BodySize::None => Self::Length(0),
            BodySize::Sized(length) => Self::Length(length),
            BodySize::Stream if is_1_1 => Self::Chunks,
            BodySize::Stream => Self::UntilClosed,
        }
    }
}

/// What is said of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Connection {
    pub(super) keeps: bool,
    /// The client speaks HTTP/1.1, where a connection stays unless something else is said.
    pub(super) is_1_1: bool,
}

pub(super) fn write_head(out: &mut BytesMut, head: &ResponseHead, form: Form, connection: Connection, date: &Date) {
    if head.status == StatusCode::OK {
        out.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
    } else {
        let reason = head.status.canonical_reason().unwrap_or_default();
        // Memory takes everything.
        let _ = write!(out, "HTTP/1.1 {} {reason}\r\n", head.status.as_str());
    }
    match form {
        Form::Bare | Form::UntilClosed => {}
        Form::Length(length) => {
            let _ = write!(out, "content-length: {length}\r\n");
        }
        Form::Chunks => out.extend_from_slice(b"transfer-encoding: chunked\r\n"),
    }
    write_connection(out, connection);
    for (name, value) in head.headers() {
        // Whatever a handler says of the framing, it is we who frame.
        if [CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION, DATE].contains(name) {
            continue;
        }
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            out.extend_from_slice(part);
        }
    }
    date.write(out);
    out.extend_from_slice(b"\r\n");
}

/// The head of a response that is one message of an MCP endpoint.
pub(super) fn write_message_head(
    out: &mut BytesMut,
    length: usize,
    id: Option<&RequestId>,
    connection: Connection,
    date: &Date,
) {
    out.extend_from_slice(
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-content-type-options: nosniff\r\ncontent-length: ",
    );
    // Memory takes everything.
    let _ = write!(out, "{length}\r\n");
    write_connection(out, connection);
    if let Some(id) = id {
        let _ = write!(out, "{}: {}\r\n", request_id::HEADER, id.as_str());
    }
    date.write(out);
    out.extend_from_slice(b"\r\n");
}

fn write_connection(out: &mut BytesMut, connection: Connection) {
    match connection {
        Connection { keeps: false, .. } => out.extend_from_slice(b"connection: close\r\n"),
        Connection { keeps: true, is_1_1: false } => out.extend_from_slice(b"connection: keep-alive\r\n"),
        Connection { keeps: true, is_1_1: true } => {}
    }
}

pub(super) fn write_chunk(out: &mut BytesMut, data: &[u8]) {
    // An empty one would be the last.
    if !data.is_empty() {
        let _ = write!(out, "{:x}\r\n", data.len());
        out.extend_from_slice(data);
        out.extend_from_slice(b"\r\n");
    }
}

pub(super) const LAST_CHUNK: &[u8] = b"0\r\n\r\n";
