//! The session of the moment, as the headers of the requests in it. Replaced as a whole when the server forgets it.

use std::borrow::Cow;

use http::header::{ACCEPT, CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue};
use orch_mcp::headers;
use orch_mcp::object;
use orch_mcp::peer::PeerRequest;
use orch_mcp::raw::Raw;
use orch_mcp::revision::Revision;

pub(crate) const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
pub(crate) const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");

pub(crate) struct Session {
    /// The server has no sessions: every request says everything.
    pub(crate) is_modern: bool,
    /// Counts the sessions of one peer; 0 is before the first.
    pub(crate) generation: u64,
    /// Of every POST.
    pub(crate) post: HeaderMap,
    /// Of every GET, and of the DELETE.
    pub(crate) get: HeaderMap,
}

impl Session {
    /// Before the handshake.
    pub(crate) fn none(base: &HeaderMap) -> Self {
        Self { is_modern: false, generation: 0, post: base.clone(), get: get(base) }
    }

    pub(crate) fn new(generation: u64, base: &HeaderMap, revision: Revision, id: Option<HeaderValue>) -> Self {
        let mut post = base.clone();
        // Older revisions do not know the header, and their servers may refuse a value they do not expect.
        if revision >= Revision::V2025_06_18 {
            post.insert(PROTOCOL_VERSION, HeaderValue::from_static(revision.as_str()));
        }
        if let Some(mut id) = id {
            id.set_sensitive(true);
            post.insert(SESSION_ID, id);
        }
        Self { is_modern: false, generation, get: get(&post), post }
    }

    /// For a server without sessions: what every request carries.
    pub(crate) fn modern(generation: u64, base: &HeaderMap, revision: Revision) -> Self {
        Self { is_modern: true, ..Self::new(generation, base, revision, None) }
    }

    /// The headers of one request, with what they repeat of its body.
    pub(crate) fn of_request(&self, request: &PeerRequest, params: &Raw) -> Cow<'_, HeaderMap> {
        if !self.is_modern {
            return Cow::Borrowed(&self.post);
        }
        let mut sent = self.post.clone();
        let mut put = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(&headers::encode(value)) {
                sent.insert(name, value);
            }
        };
        let method = request.method.as_str();
        put(HeaderName::from_static(headers::METHOD), method);
        if let Some(name) = headers::named_member(method).and_then(|member| object::string(params, member)) {
            put(HeaderName::from_static(headers::NAME), &name);
        }
        let mirrored = request.input_schema.as_ref().and_then(|schema| headers::mirrored(schema).ok());
        let mirrored = mirrored.unwrap_or_default();
        if !mirrored.is_empty() {
            let arguments = object::member(params, "arguments").unwrap_or_else(|| Raw::from_static("{}"));
            for argument in &mirrored {
                let name = HeaderName::from_bytes(argument.header.as_bytes());
                if let (Ok(name), Some(value)) = (name, argument.value(&arguments)) {
                    put(name, &value);
                }
            }
        }
        for (name, value) in &request.foreign_headers {
            // Of those that the schema does know by now, it says whether they are there.
            let is_known = !name.starts_with(headers::PARAM_PREFIX) || mirrored.iter().any(|it| it.header == *name);
            if let (false, Ok(name), Ok(value)) =
                (is_known, HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
            {
                sent.insert(name, value);
            }
        }
        Cow::Owned(sent)
    }

    /// Whether the server gave the session an id.
    pub(crate) fn has_id(&self) -> bool {
        self.post.contains_key(SESSION_ID)
    }

    /// The headers of a GET that goes on after an event.
    pub(crate) fn resuming(&self, last_event_id: Option<&str>) -> HeaderMap {
        let mut headers = self.get.clone();
        if let Some(id) = last_event_id.and_then(|id| HeaderValue::from_str(id).ok()) {
            headers.insert(LAST_EVENT_ID, id);
        }
        headers
    }
}

fn get(post: &HeaderMap) -> HeaderMap {
    let mut headers = post.clone();
    headers.remove(CONTENT_TYPE);
    headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
    headers
}
