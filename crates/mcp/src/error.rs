//! JSON-RPC errors.

use std::time::Duration;

use bytestring::ByteString;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::raw::Raw;

/// Codes with a meaning of their own; see the revision's specification.
pub mod code {
    pub const PARSE_ERROR: i64 = -32700;
    pub const INVALID_REQUEST: i64 = -32600;
    pub const METHOD_NOT_FOUND: i64 = -32601;
    pub const INVALID_PARAMS: i64 = -32602;
    pub const INTERNAL: i64 = -32603;
    /// Bad request or session, as the TypeScript SDK uses it toward legacy clients.
    pub const BAD_SESSION: i64 = -32000;
    /// Session not found, likewise.
    pub const SESSION_NOT_FOUND: i64 = -32001;
    /// Legacy revisions only.
    pub const RESOURCE_NOT_FOUND: i64 = -32002;
    /// The client has to visit a URL first; revision 2025-11-25 only.
    pub const URL_ELICITATION_REQUIRED: i64 = -32042;
    /// Modern: headers and body do not say the same.
    pub const HEADER_MISMATCH: i64 = -32020;
    /// Modern: the client did not declare what the server needs of it.
    pub const MISSING_CAPABILITY: i64 = -32021;
    /// Modern: the version of the request is not spoken here.
    pub const UNSUPPORTED_VERSION: i64 = -32022;
}

/// An error object. `data` stays raw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RpcError {
    pub code: i64,
    pub message: String,
    pub data: Option<Raw>,
}

impl RpcError {
    #[must_use]
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    #[must_use]
    pub fn with_data(mut self, data: &impl Serialize) -> Self {
        self.data = Raw::serialize(data).ok();
        self
    }

    #[must_use]
    pub fn method_not_found(method: &str) -> Self {
        Self::new(code::METHOD_NOT_FOUND, format!("method not found: {method}"))
    }

    #[must_use]
    pub fn invalid_params(message: impl Into<String>) -> Self {
        Self::new(code::INVALID_PARAMS, message)
    }

    /// An error of the relay itself: -32603 with `data.gateway.reason`, one of a stable set of words.
    #[must_use]
    pub fn gateway(reason: &'static str, message: impl Into<String>) -> Self {
        #[derive(Serialize)]
        struct Data {
            gateway: Gateway,
        }
        #[derive(Serialize)]
        struct Gateway {
            reason: &'static str,
        }
        Self::new(code::INTERNAL, message).with_data(&Data { gateway: Gateway { reason } })
    }

    /// A server has too much to do; `data.retryAfterMs` says when it is worth trying again, where that is known. No
    /// limit of ours: the client itself has nothing too much.
    #[must_use]
    pub fn busy(message: impl Into<String>, retry_after: Option<Duration>) -> Self {
        const REASON: &str = "upstream_busy";
        let Some(retry_after) = retry_after else { return Self::gateway(REASON, message) };
        Self::try_again(REASON, message, retry_after)
    }

    /// A limit of ours was reached; `data.retryAfterMs` says when it is worth trying again.
    #[must_use]
    pub fn limited(message: impl Into<String>, retry_after: Duration) -> Self {
        Self::try_again("limit", message, retry_after)
    }

    fn try_again(reason: &'static str, message: impl Into<String>, after: Duration) -> Self {
        let milliseconds = u64::try_from(after.as_millis()).unwrap_or(u64::MAX).max(1);
        let data = serde_json::json!({ "gateway": { "reason": reason }, "retryAfterMs": milliseconds });
        Self::new(code::INTERNAL, message).with_data(&data)
    }

    /// When it is worth trying again, of an error of [`limited`](Self::limited).
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        #[derive(Deserialize)]
        struct Data {
            gateway: Gateway,
            #[serde(rename = "retryAfterMs")]
            retry_after_ms: u64,
        }
        #[derive(Deserialize)]
        struct Gateway {
            reason: String,
        }
        let data: Data = self.data.as_ref().filter(|_| self.code == code::INTERNAL)?.read().ok()?;
        (data.gateway.reason == "limit").then(|| Duration::from_millis(data.retry_after_ms))
    }

    /// Reads an error object leniently: upstreams write odd codes and leave the message out.
    pub(crate) fn from_raw(buffer: &ByteString, value: &RawValue) -> Self {
        #[derive(Deserialize)]
        struct Wire<'a> {
            #[serde(default)]
            code: Option<f64>,
            #[serde(default)]
            message: Option<String>,
            #[serde(default, borrow)]
            data: Option<&'a RawValue>,
        }
        match serde_json::from_str::<Wire<'_>>(value.get()) {
            Ok(wire) => Self {
                #[expect(clippy::cast_possible_truncation, reason = "codes are small integers; others are clamped")]
                code: wire.code.map_or(code::INTERNAL, |code| code as i64),
                message: wire.message.unwrap_or_else(|| "the error has no message".to_owned()),
                data: wire.data.map(|data| Raw::within(buffer, data.get())),
            },
            Err(_) => Self {
                code: code::INTERNAL,
                message: "the error object is malformed".to_owned(),
                data: Some(Raw::within(buffer, value.get())),
            },
        }
    }
}

impl Serialize for RpcError {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("code", &self.code)?;
        map.serialize_entry("message", &self.message)?;
        if let Some(data) = &self.data {
            map.serialize_entry("data", data)?;
        }
        map.end()
    }
}
