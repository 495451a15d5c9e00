//! JSON-RPC messages with everything but the envelope raw.

use bytes::Bytes;

use crate::error::RpcError;
use crate::id::RequestId;
use crate::method::Method;
use crate::raw::Raw;

#[derive(Debug, Clone)]
pub enum Message {
    Request(Request),
    Notification(Notification),
    Response(Response),
}

#[derive(Debug, Clone)]
pub struct Request {
    pub id: RequestId,
    pub method: MethodName,
    /// An object when present.
    pub params: Option<Raw>,
}

#[derive(Debug, Clone)]
pub struct Notification {
    pub method: MethodName,
    pub params: Option<Raw>,
}

#[derive(Debug, Clone)]
pub struct Response {
    /// None when the sender wrote `null`, as servers do that could not read the request's id.
    pub id: Option<RequestId>,
    pub outcome: Result<Raw, RpcError>,
}

/// A method's name, sharing the buffer of its message.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct MethodName(Bytes);

impl MethodName {
    #[must_use]
    pub const fn from_static(name: &'static str) -> Self {
        Self(Bytes::from_static(name.as_bytes()))
    }

    /// `name` is borrowed from `buffer`, or was unescaped and is copied.
    pub(crate) fn within(buffer: &Bytes, name: std::borrow::Cow<'_, str>) -> Self {
        match name {
            std::borrow::Cow::Borrowed(name) => Self(buffer.slice_ref(name.as_bytes())),
            std::borrow::Cow::Owned(name) => Self(Bytes::copy_from_slice(name.as_bytes())),
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    #[must_use]
    pub fn known(&self) -> Method<'_> {
        Method::parse(self.as_str())
    }
}

impl std::fmt::Debug for MethodName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
