//! The `_meta` member of params: progress tokens and reserved keys, which are hop-by-hop. The rest passes untouched.

use crate::object;
use crate::raw::Raw;
use crate::word::Word;

/// Keys that only the two ends of one connection may set.
const RESERVED: [&str; 5] = [
    "io.modelcontextprotocol/protocolVersion",
    "io.modelcontextprotocol/clientInfo",
    "io.modelcontextprotocol/clientCapabilities",
    "io.modelcontextprotocol/logLevel",
    "io.modelcontextprotocol/subscriptionId",
];

const PROGRESS_TOKEN: &str = "progressToken";

/// What a client's params say to us and not to the upstream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HopMeta {
    /// A string or integer, as written; None when no progress was asked for.
    pub progress_token: Option<Raw>,
}

/// Takes the hop-by-hop part out of params. Params that have none come back as they are, without a copy.
#[must_use]
pub fn take_hop(params: Raw) -> (Raw, HopMeta) {
    static META: Word = Word::new("_meta");
    // Nearly every call has nothing of this. A key written with escapes is searched for by the backslash.
    let bytes = params.as_bytes();
    if !META.is_in(bytes) && memchr::memchr(b'\\', bytes).is_none() {
        return (params, HopMeta::default());
    }
    let Some(meta) = object::member(&params, "_meta").filter(Raw::is_object) else {
        return (params, HopMeta::default());
    };
    let is_hop = |key: &str| key == PROGRESS_TOKEN || RESERVED.contains(&key);
    let Ok(entries) = object::entries(&meta) else { return (params, HopMeta::default()) };
    let progress_token = entries.iter().rfind(|(key, _)| key == PROGRESS_TOKEN).map(|(_, token)| token.clone());
    let progress_token = progress_token.filter(is_token);
    if !entries.iter().any(|(key, _)| is_hop(key)) {
        return (params, HopMeta::default());
    }
    let rest = if entries.iter().all(|(key, _)| is_hop(key)) {
        object::without(&params, |key| key == "_meta")
    } else {
        object::without(&meta, is_hop).and_then(|meta| object::with(&params, "_meta", &meta))
    };
    (rest.unwrap_or(params), HopMeta { progress_token })
}

/// Params that ask the upstream for progress under our own token.
#[must_use]
pub fn with_progress_token(params: Option<&Raw>, token: u64) -> Raw {
    let token = Raw::trusted(token.to_string());
    let empty = Raw::from_static("{}");
    let params = params.unwrap_or(&empty);
    let meta = object::member(params, "_meta").filter(Raw::is_object).unwrap_or_else(|| empty.clone());
    object::with(&meta, PROGRESS_TOKEN, &token)
        .and_then(|meta| object::with(params, "_meta", &meta))
        .unwrap_or_else(|_| params.clone())
}

/// The protocol version that a modern request carries in its params.
#[must_use]
pub fn protocol_version(params: Option<&Raw>) -> Option<Raw> {
    static VENDOR: Word = Word::new("modelcontextprotocol");
    let params = params.filter(|params| VENDOR.is_in(params.as_bytes()))?;
    object::member(&object::member(params, "_meta")?, "io.modelcontextprotocol/protocolVersion")
}

fn is_token(raw: &Raw) -> bool {
    crate::id::RequestId::parse(raw).is_some()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{HopMeta, protocol_version, take_hop, with_progress_token};
    use crate::raw::Raw;

    fn raw(text: &'static str) -> Raw {
        Raw::parse(Bytes::from_static(text.as_bytes())).expect(text)
    }

    #[track_caller]
    fn check(params: &'static str, rest: &'static str, token: Option<&'static str>) {
        let taken = take_hop(raw(params));
        assert_eq!(taken, (raw(rest), HopMeta { progress_token: token.map(raw) }));
    }

    #[test]
    fn leaves_what_is_end_to_end() {
        check(r#"{ "name": "a" }"#, r#"{ "name": "a" }"#, None);
        check(r#"{ "_meta": { "vendor/x" : 1.0 } }"#, r#"{ "_meta": { "vendor/x" : 1.0 } }"#, None);
        check(r#"{ "text": "_meta \" progressToken" }"#, r#"{ "text": "_meta \" progressToken" }"#, None);
    }

    #[test]
    fn takes_tokens_with_their_type() {
        check(r#"{"_meta":{"progressToken":"abc"},"name":"a"}"#, r#"{"name":"a"}"#, Some("\"abc\""));
        check(r#"{"_meta":{"v":1,"progressToken":5}}"#, r#"{"_meta":{"v":1}}"#, Some("5"));
        check(r#"{"_meta":{"progress\u0054oken":5}}"#, "{}", Some("5"));
        check(r#"{"_meta":{"progressToken":1.5}}"#, "{}", None);
    }

    #[test]
    fn takes_reserved_keys() {
        check(r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}"#, "{}", None);
        assert_eq!(
            protocol_version(Some(&raw(r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}"#))),
            Some(raw("\"2026-07-28\""))
        );
    }

    #[test]
    fn asks_for_progress_under_our_token() {
        assert_eq!(with_progress_token(None, 7), raw(r#"{"_meta":{"progressToken":7}}"#));
        assert_eq!(
            with_progress_token(Some(&raw(r#"{"name":"a","_meta":{"v":1}}"#)), 7),
            raw(r#"{"name":"a","_meta":{"v":1,"progressToken":7}}"#)
        );
    }
}
