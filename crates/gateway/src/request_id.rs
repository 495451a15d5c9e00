//! The id that a request has in answers and logs: the client's own if it is sane, or one of ours. Made only when
//! somebody asks for it.

use std::fmt::Write as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpMessage, HttpRequest};

use crate::fields::Fields;

pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

#[derive(Debug, Clone)]
pub struct RequestId(HeaderValue);

const MAX_LEN: usize = 64;

impl RequestId {
    /// The id of this request, the same every time.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        if let Some(known) = request.extensions().get::<Self>() {
            return known.clone();
        }
        let id = Self::sent(request.headers()).unwrap_or_else(Self::mint);
        request.extensions_mut().insert(id.clone());
        id
    }

    /// What the client sent, if it is short and plain enough to be repeated in a log.
    #[must_use]
    pub fn sent(headers: &impl Fields) -> Option<Self> {
        let bytes = headers.first(HEADER.as_str())?;
        let sane = (1..=MAX_LEN).contains(&bytes.len())
            && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        HeaderValue::from_bytes(bytes).ok().filter(|_| sane).map(Self)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    #[must_use]
    pub fn header(&self) -> HeaderValue {
        self.0.clone()
    }

    /// Unique among processes and within this one; not a secret.
    pub(crate) fn mint() -> Self {
        static PROCESS: OnceLock<u64> = OnceLock::new();
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let process = PROCESS.get_or_init(|| uuid::Uuid::new_v4().as_u64_pair().0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let mut text = String::with_capacity(24);
        // Writing to a String does not fail.
        let _ = write!(text, "{:012x}{number:012x}", process >> 16);
        Self(HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("unknown")))
    }
}
