//! JSON-RPC messages with everything but the envelope raw.

use bytestring::ByteString;

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
pub struct MethodName(ByteString);

impl MethodName {
    #[must_use]
    pub const fn from_static(name: &'static str) -> Self {
        Self(ByteString::from_static(name))
    }

    /// `name` is borrowed from `buffer`, or was unescaped and is copied.
    pub(crate) fn within(buffer: &ByteString, name: std::borrow::Cow<'_, str>) -> Self {
        match name {
            std::borrow::Cow::Borrowed(name) => Self(buffer.slice_ref(name)),
            std::borrow::Cow::Owned(name) => Self(name.into()),
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
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
