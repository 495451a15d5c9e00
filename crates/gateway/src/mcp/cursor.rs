//! Cursors of lists. A client gets them sealed, so that one comes back as it was given, from whom it was given to, at the
//! same endpoint and for the same list. What else comes is refused by whoever makes the pages.

use std::sync::Arc;

use orch_auth::state_seal::StateSeal;
use orch_mcp::message::{MethodName, Request};
use orch_mcp::method::Method;
use orch_mcp::object;
use orch_mcp::raw::Raw;
use orch_mcp::word::Word;

use super::reach::Reach;

/// What the cursors of one request are sealed with.
pub(super) struct Cursors {
    seal: Arc<StateSeal>,
    reach: String,
    method: MethodName,
}

impl Cursors {
    /// None for requests that are about no list.
    pub(super) fn of(request: &Request, reach: impl FnOnce() -> Reach, seal: &Arc<StateSeal>) -> Option<Self> {
        matches!(
            request.method.known(),
            Method::ToolsList | Method::PromptsList | Method::ResourcesList | Method::ResourceTemplatesList
        )
        .then(|| Self {
            seal: Arc::clone(seal),
            reach: format!("{:?}", reach()),
            method: request.method.clone(),
        })
    }

    /// Puts the inside of the client's cursor in its place; something that is no cursor when it was not given out.
    pub(super) fn open(&self, request: &mut Request) {
        let Some(params) = &request.params else { return };
        let Some(cursor) = object::member(params, "cursor").filter(|cursor| cursor.as_str() != "null") else { return };
        let inner = cursor
            .read::<String>()
            .ok()
            .and_then(|sealed| self.seal.open(&self.parts(), &sealed))
            .and_then(|inner| String::from_utf8(inner).ok())
            .and_then(|inner| Raw::serialize(&inner).ok());
        let inner = inner.unwrap_or_else(|| Raw::from_static("false"));
        if let Ok(params) = object::with(params, "cursor", &inner) {
            request.params = Some(params);
        }
    }

    /// Seals the cursor of a result.
    pub(super) fn seal(&self, result: Raw) -> Raw {
        static NEXT_CURSOR: Word = Word::new("nextCursor");
        if !NEXT_CURSOR.is_in(result.as_bytes()) {
            return result;
        }
        let next = object::member(&result, "nextCursor").and_then(|next| next.read::<String>().ok());
        next.and_then(|next| self.seal.seal(&self.parts(), next.as_bytes()))
            .and_then(|sealed| Raw::serialize(&sealed).ok())
            .and_then(|sealed| object::with(&result, "nextCursor", &sealed).ok())
            .unwrap_or(result)
    }

    fn parts(&self) -> [&[u8]; 3] {
        [b"cursor", self.reach.as_bytes(), self.method.as_str().as_bytes()]
    }
}
