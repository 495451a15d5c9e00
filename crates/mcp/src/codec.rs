//! Bytes to messages and back. Reads the envelope once and leaves the rest as it was written.

use std::fmt::Write;

use bytes::{BufMut, Bytes, BytesMut};
use bytestring::ByteString;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::error::{RpcError, code};
use crate::id::RequestId;
use crate::message::{Message, MethodName, Notification, Request, Response};
use crate::raw::Raw;
use crate::text::Text;
use crate::walk::{NotPlain, Walk, unescaped};

/// Deeper nesting than this is refused: nobody needs it, and parsers further on may recurse.
pub const MAX_DEPTH: usize = 128;

/// At most this many entries in a batch.
pub const MAX_BATCH: usize = 100;

/// A decoded body.
#[derive(Debug)]
pub enum Incoming {
    Single(Message),
    /// Only where the revision allows it; that is the edge's decision. An entry that is no message has its error.
    Batch(Vec<Result<Message, Malformed>>),
}

/// Text that is not a JSON-RPC message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", error.message)]
pub struct Malformed {
    /// The id, where it could be read.
    pub id: Option<RequestId>,
    /// It was meant as a response, and the id, where it could be read, is that of the request.
    pub is_response: bool,
    pub error: RpcError,
}

impl Malformed {
    fn new(code: i64, message: impl Into<String>) -> Self {
        Self { id: None, is_response: false, error: RpcError::new(code, message) }
    }
}

/// Decodes one message, or a batch.
pub fn decode(body: &Bytes) -> Result<Incoming, Malformed> {
    let text = ByteString::try_from(body.clone())
        .map_err(|error| Malformed::new(code::PARSE_ERROR, format!("the text is not UTF-8: {error}")))?;
    match decode_plain(&text) {
        Ok(message) => Ok(Incoming::Single(message)),
        Err(NotPlain) => decode_any(body, &text),
    }
}

/// A single message, when nothing about it is unusual.
fn decode_plain(text: &ByteString) -> Result<Message, NotPlain> {
    let mut members = Walk::over(text)?;
    let [mut version, mut id, mut method, mut params, mut result] = [None; 5];
    while let Some((key, value)) = members.next()? {
        let place = match key {
            "jsonrpc" => &mut version,
            "id" => &mut id,
            "method" => &mut method,
            "params" => &mut params,
            "result" => &mut result,
            "error" => return Err(NotPlain),
            _ => continue,
        };
        if place.replace(value).is_some() {
            return Err(NotPlain);
        }
    }
    if version != Some(r#""2.0""#) {
        return Err(NotPlain);
    }
    let id = match id {
        None => None,
        Some(id) => Some(RequestId::within(text, id).ok_or(NotPlain)?),
    };
    if let Some(result) = result {
        let (Some(id), None) = (id, method) else { return Err(NotPlain) };
        return Ok(Message::Response(Response { id: Some(id), outcome: Ok(Raw::within(text, result)) }));
    }
    let method = method.and_then(unescaped).ok_or(NotPlain)?;
    let method = MethodName::within(text, method.into());
    let params = match params {
        None => None,
        Some(params) if params.starts_with('{') => Some(Raw::within(text, params)),
        Some(_) => return Err(NotPlain),
    };
    Ok(match id {
        Some(id) => Message::Request(Request { id, method, params }),
        None => Message::Notification(Notification { method, params }),
    })
}

/// Everything else, and what is wrong with it.
fn decode_any(body: &[u8], text: &ByteString) -> Result<Incoming, Malformed> {
    if let Err(too_deep) = check_depth(body) {
        // Whose it is can be read all the same: the envelope is no deeper than that of others.
        return Err(match serde_json::from_str::<Envelope<'_>>(text) {
            Ok(envelope) => Malformed {
                id: envelope.id.and_then(|id| RequestId::within(text, id.get())),
                is_response: envelope.is_response(),
                ..too_deep
            },
            Err(_) => too_deep,
        });
    }
    if text.trim_start().starts_with('[') {
        let entries: Vec<&RawValue> = serde_json::from_str(text).map_err(parse_error)?;
        if entries.is_empty() {
            return Err(Malformed::new(code::INVALID_REQUEST, "the batch is empty"));
        }
        if entries.len() > MAX_BATCH {
            return Err(Malformed::new(code::INVALID_REQUEST, format!("a batch has at most {MAX_BATCH} entries")));
        }
        return Ok(Incoming::Batch(entries.into_iter().map(|entry| decode_one(text, entry.get())).collect()));
    }
    decode_one(text, text).map(Incoming::Single)
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Envelope<'a> {
    #[serde(borrow)]
    jsonrpc: Option<Text<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(default, borrow)]
    method: Option<Text<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    params: Option<&'a RawValue>,
    #[serde(default, borrow, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(default, borrow, deserialize_with = "present")]
    error: Option<&'a RawValue>,
}

impl Envelope<'_> {
    fn is_response(&self) -> bool {
        self.method.is_none() && (self.result.is_some() || self.error.is_some())
    }
}

/// Tells `null` from absent, which plain `Option` does not.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

fn decode_one(buffer: &ByteString, text: &str) -> Result<Message, Malformed> {
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|error| {
        // Valid JSON of the wrong shape is an invalid request, everything else a parse error.
        if error.is_data() {
            Malformed::new(code::INVALID_REQUEST, format!("not a JSON-RPC message: {error}"))
        } else {
            parse_error(error)
        }
    })?;
    let is_response = envelope.is_response();
    let id = match envelope.id {
        None => None,
        Some(raw) if raw.get() == "null" => None,
        Some(raw) => Some(RequestId::within(buffer, raw.get()).ok_or_else(|| {
            let malformed = Malformed::new(code::INVALID_REQUEST, "`id` must be a string or an integer");
            Malformed { is_response, ..malformed }
        })?),
    };
    let invalid = |message: &str| {
        let error = RpcError::new(code::INVALID_REQUEST, message);
        Err(Malformed { id: id.clone(), is_response, error })
    };
    if envelope.jsonrpc.is_none_or(|Text(version)| version != "2.0") {
        return invalid("`jsonrpc` must be \"2.0\"");
    }
    let Some(Text(method)) = envelope.method else {
        let outcome = match (envelope.result, envelope.error) {
            (Some(result), None) => Ok(Raw::within(buffer, result.get())),
            (None, Some(error)) => Err(RpcError::from_raw(buffer, error)),
            (None, None) => return invalid("neither `method` nor `result` nor `error` is there"),
            // As libraries of other dialects of JSON-RPC write what is not there.
            (Some(result), Some(error)) if error.get() == "null" => Ok(Raw::within(buffer, result.get())),
            (Some(result), Some(error)) if result.get() == "null" => Err(RpcError::from_raw(buffer, error)),
            (Some(_), Some(_)) => return invalid("`result` and `error` exclude each other"),
        };
        if envelope.id.is_none() && outcome.is_ok() {
            return invalid("a response needs the `id` of its request");
        }
        return Ok(Message::Response(Response { id, outcome }));
    };
    if envelope.result.is_some() || envelope.error.is_some() {
        return invalid("`method` excludes `result` and `error`");
    }
    let params = match envelope.params {
        None => None,
        Some(raw) if raw.get().starts_with('{') => Some(Raw::within(buffer, raw.get())),
        Some(raw) if raw.get() == "null" => None,
        Some(_) => return invalid("`params` must be an object"),
    };
    let method = MethodName::within(buffer, method);
    match (envelope.id, id) {
        (None, _) => Ok(Message::Notification(Notification { method, params })),
        (Some(_), Some(id)) => Ok(Message::Request(Request { id, method, params })),
        (Some(_), None) => Err(Malformed::new(code::INVALID_REQUEST, "`id` must not be null")),
    }
}

fn parse_error(error: serde_json::Error) -> Malformed {
    Malformed::new(code::PARSE_ERROR, format!("not valid JSON: {error}"))
}

fn check_depth(text: &[u8]) -> Result<(), Malformed> {
    // Nearly every text has too few brackets to be too deep, wherever they stand.
    if memchr::memchr2_iter(b'{', b'[', text).take(MAX_DEPTH + 1).count() <= MAX_DEPTH {
        return Ok(());
    }
    let mut depth = 0usize;
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    let message = format!("nested deeper than {MAX_DEPTH} levels");
                    return Err(Malformed::new(code::INVALID_REQUEST, message));
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                // Skip the string.
                loop {
                    let rest = bytes.as_slice();
                    let Some(stop) = memchr::memchr2(b'"', b'\\', rest) else { return Ok(()) };
                    let escaped = rest.get(stop) == Some(&b'\\');
                    let skip = if escaped { stop + 2 } else { stop + 1 };
                    bytes = rest.get(skip..).unwrap_or_default().iter();
                    if !escaped {
                        break;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// `{"jsonrpc":"2.0","id":…,"result":…}`.
#[must_use]
pub fn encode_result(id: &RequestId, result: &Raw) -> Bytes {
    let mut out = BytesMut::with_capacity(40 + id.as_bytes().len() + result.as_bytes().len());
    put_head(&mut out, Some(id));
    out.put_slice(b",\"result\":");
    out.put_slice(result.as_bytes());
    out.put_u8(b'}');
    out.freeze()
}

/// `{"jsonrpc":"2.0","id":…,"error":…}`; without `id` when it is not known.
#[must_use]
pub fn encode_error(id: Option<&RequestId>, error: &RpcError) -> Bytes {
    let mut out = BytesMut::with_capacity(160);
    put_head(&mut out, id);
    out.put_slice(b",\"error\":");
    // Writing to memory a value whose every part serialises cannot fail.
    let text = serde_json::to_vec(error)
        .unwrap_or_else(|_| br#"{"code":-32603,"message":"the error could not be written"}"#.to_vec());
    out.put_slice(&text);
    out.put_u8(b'}');
    out.freeze()
}

/// `{"jsonrpc":"2.0","id":…,"method":…,"params":…}`.
#[must_use]
pub fn encode_request(id: &RequestId, method: &str, params: Option<&Raw>) -> Bytes {
    encode_call(Some(id), method, params)
}

/// `{"jsonrpc":"2.0","method":…,"params":…}`.
#[must_use]
pub fn encode_notification(method: &str, params: Option<&Raw>) -> Bytes {
    encode_call(None, method, params)
}

fn encode_call(id: Option<&RequestId>, method: &str, params: Option<&Raw>) -> Bytes {
    let params_len = params.map_or(0, |params| params.as_bytes().len());
    let mut out = BytesMut::with_capacity(64 + method.len() + params_len);
    put_head(&mut out, id);
    out.put_slice(b",\"method\":");
    put_string(&mut out, method);
    if let Some(params) = params {
        out.put_slice(b",\"params\":");
        out.put_slice(params.as_bytes());
    }
    out.put_u8(b'}');
    out.freeze()
}

fn put_head(out: &mut BytesMut, id: Option<&RequestId>) {
    out.put_slice(br#"{"jsonrpc":"2.0""#);
    if let Some(id) = id {
        out.put_slice(b",\"id\":");
        out.put_slice(id.as_bytes());
    }
}

/// Writes a JSON string, to memory.
pub(crate) fn put_string(out: &mut impl Write, text: &str) {
    let plain = text.bytes().all(|b| b >= 0x20 && b != b'"' && b != b'\\');
    // Writing to memory does not fail.
    let _ = if plain {
        out.write_char('"').and_then(|()| out.write_str(text)).and_then(|()| out.write_char('"'))
    } else {
        write!(out, "{}", serde_json::Value::from(text))
    };
}

#[cfg(test)]
mod tests;
