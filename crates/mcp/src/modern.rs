//! The envelope of revision 2026-07-28: what each request says of its client, what each result says of itself, and
//! the errors that only this era has. Knows no transport.

use std::time::Duration;

use serde::Serialize;

use crate::declared::Declared;
use crate::error::{RpcError, code};
use crate::id::RequestId;
use crate::initialize::{ServerHello, names_one};
use crate::level::LogLevel;
use crate::message::Notification;
use crate::method::Method;
use crate::object;
use crate::raw::Raw;
use crate::revision::Revision;
use crate::word::Word;

const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
const RESULT_TYPE: &str = "resultType";
const TTL: &str = "ttlMs";
const COMPLETE: &str = "\"complete\"";
/// Of what a listen stream says.
pub const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";

/// What a request says of its client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestMeta {
    pub version: String,
    pub declared: Declared,
    pub log_level: Option<LogLevel>,
}

impl RequestMeta {
    /// Reads `_meta`. An error names the member that is missing or malformed.
    pub fn read(params: Option<&Raw>) -> Result<Self, RpcError> {
        let missing = |what: &str| RpcError::invalid_params(format!("params._meta needs {what}"));
        let meta = params
            .and_then(|params| object::member(params, "_meta"))
            .filter(Raw::is_object)
            .ok_or_else(|| missing(&format!("`{VERSION}` and `{CAPABILITIES}`")))?;
        let [version, capabilities, info, level] =
            object::pick(&meta, [VERSION, CAPABILITIES, CLIENT_INFO, LOG_LEVEL]).unwrap_or_default();
        let version = version.and_then(|version| version.read::<String>().ok());
        let version = version.ok_or_else(|| missing(&format!("`{VERSION}`, a string")))?;
        let capabilities =
            capabilities.filter(Raw::is_object).ok_or_else(|| missing(&format!("`{CAPABILITIES}`, an object")))?;
        let log_level = match level {
            None => None,
            Some(level) => Some(LogLevel::read(&level).ok_or_else(|| {
                let known = LogLevel::ALL.map(LogLevel::as_str).join(", ");
                RpcError::invalid_params(format!("params._meta: `{LOG_LEVEL}` must be one of {known}"))
            })?),
        };
        let info = info.filter(Raw::is_object);
        Ok(Self { version, declared: Declared { capabilities, info }, log_level })
    }
}

/// Params that say of their client what every request of this era must say. Hop-by-hop members are gone already.
#[must_use]
pub fn with_request_meta(
    params: Option<&Raw>,
    declared: &Declared,
    level: Option<LogLevel>,
    token: Option<u64>,
) -> Raw {
    let empty = Raw::from_static("{}");
    let params = params.unwrap_or(&empty);
    let version = Raw::from_static("\"2026-07-28\"");
    let level = level.and_then(|level| Raw::serialize(&level.as_str()).ok());
    let token = token.and_then(|token| Raw::serialize(&token).ok());
    let members = [
        (VERSION, Some(&version)),
        (CAPABILITIES, Some(&declared.capabilities)),
        (CLIENT_INFO, declared.info.as_ref()),
        (LOG_LEVEL, level.as_ref()),
        ("progressToken", token.as_ref()),
    ];
    let said = members.into_iter().filter_map(|(key, value)| Some((key, value?)));
    let meta = match object::member(params, "_meta").filter(Raw::is_object) {
        Some(meta) => object::with_all(&meta, said).unwrap_or_else(|_| meta.clone()),
        None => object::build(said),
    };
    object::with(params, "_meta", &meta).unwrap_or_else(|_| params.clone())
}

/// What `server/discover` says; None when the server speaks no version of this era that we speak.
#[must_use]
pub fn read_discover(result: &Raw) -> Option<ServerHello> {
    let versions = versions(result);
    let revision = versions.iter().copied().filter(|revision| !revision.is_legacy()).max()?;
    let member = |key: &str| object::member(result, key).filter(Raw::is_object);
    let info = member("_meta").and_then(|meta| object::member(&meta, SERVER_INFO)).filter(Raw::is_object);
    Some(ServerHello {
        revision,
        capabilities: member("capabilities").unwrap_or_else(|| Raw::from_static("{}")),
        server_info: info.unwrap_or_else(|| Raw::from_static("{}")),
        instructions: object::string(result, "instructions"),
        also: versions.into_iter().filter(|other| *other != revision).collect(),
    })
}

/// Which listen stream a notification is of, by the number of our request. Some servers write it as a string.
#[must_use]
pub fn subscription_id(notification: &Notification) -> Option<u64> {
    static ID: Word = Word::new("subscriptionId");
    let params = notification.params.as_ref().filter(|params| ID.is_in(params.as_bytes()))?;
    let id = object::member(&object::member(params, "_meta")?, SUBSCRIPTION_ID)?;
    RequestId::parse(&id)?.as_number()
}

/// The known ones among `supportedVersions`.
pub(crate) fn versions(result: &Raw) -> Vec<Revision> {
    let listed = object::member(result, "supportedVersions").and_then(|versions| object::elements(&versions));
    let listed = listed.unwrap_or_default();
    listed.iter().filter_map(|version| Revision::parse(&version.read::<String>().ok()?)).collect()
}

/// Whether an error to `server/discover` can only come from a server of this era: it has one of the era's codes and
/// the data that goes with it.
#[must_use]
pub fn is_modern_error(error: &RpcError) -> bool {
    let data = |member: &str| error.data.as_ref().and_then(|data| object::member(data, member)).is_some();
    match error.code {
        // The second of each pair was the number while the revision was a draft.
        code::UNSUPPORTED_VERSION | -32004 => data("supported"),
        code::MISSING_CAPABILITY | -32003 => data("requiredCapabilities"),
        code::HEADER_MISMATCH => true,
        _ => false,
    }
}

/// Whether a server that refuses a version offers one of this era that we speak.
#[must_use]
pub fn offers_ours(error: &RpcError) -> bool {
    let supported = error.data.as_ref().and_then(|data| object::member(data, "supported"));
    let supported = supported.and_then(|supported| object::elements(&supported)).unwrap_or_default();
    supported.iter().filter_map(|version| Revision::parse(&version.read::<String>().ok()?)).any(|v| !v.is_legacy())
}

/// Whether a refusal that came with an error status can be of a server that does not know this era: it has none of the
/// era's own words.
#[must_use]
pub fn may_be_of_legacy(error: &RpcError) -> bool {
    match error.code {
        code::UNSUPPORTED_VERSION | -32004 => !offers_ours(error),
        code::INVALID_REQUEST | -32019..=-32000 => !is_modern_error(error),
        _ => false,
    }
}

/// A method that the era has done away with; a server must not answer it, whoever is behind.
#[must_use]
pub fn is_removed(method: &str) -> bool {
    matches!(
        method,
        "initialize"
            | "ping"
            | "logging/setLevel"
            | "resources/subscribe"
            | "resources/unsubscribe"
            | "tasks/list"
            | "tasks/result"
    )
}

/// The versions of this era that we speak.
#[must_use]
pub fn supported() -> Vec<&'static str> {
    Revision::ALL.into_iter().filter(|revision| !revision.is_legacy()).map(Revision::as_str).collect()
}

/// -32022: the version of the request is not one of this era that we speak.
#[must_use]
pub fn unsupported_version(requested: &str) -> RpcError {
    #[derive(Serialize)]
    struct Data<'a> {
        supported: Vec<&'static str>,
        requested: &'a str,
    }
    let supported = supported();
    let text = format!("unsupported protocol version {requested:?}; supported: {}", supported.join(", "));
    RpcError::new(code::UNSUPPORTED_VERSION, text).with_data(&Data { supported, requested })
}

/// The result of `server/discover`. All revisions are listed, as clients with a handshake are served too.
#[must_use]
pub fn discover_result(hello: &ServerHello) -> Raw {
    let versions: Vec<&str> = Revision::ALL.into_iter().rev().map(Revision::as_str).collect();
    let versions = Raw::serialize(&versions).unwrap_or_else(|_| Raw::from_static("[]"));
    let instructions = hello.instructions.as_ref().and_then(|text| Raw::serialize(text).ok());
    let mut members = vec![("supportedVersions", &versions), ("capabilities", &hello.capabilities)];
    if let Some(instructions) = &instructions {
        members.push(("instructions", instructions));
    }
    object::build(members)
}

/// What a modern server's result is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// It says so, or nothing, as servers do that are older than the member.
    Complete,
    InputRequired,
    /// Of the extension for tasks.
    Task,
    /// The result is invalid. As the server wrote it.
    Unknown(Raw),
}

/// Reads what a modern server's result says that it is.
#[must_use]
pub fn kind(result: &Raw) -> Kind {
    let Some(said) = result_type(result) else { return Kind::Complete };
    match said.read::<String>().as_deref() {
        Ok("complete") => Kind::Complete,
        Ok("input_required") => Kind::InputRequired,
        Ok("task") => Kind::Task,
        _ => Kind::Unknown(said),
    }
}

/// A legacy server's result, for a client of this era. It is complete, whatever the server means by a member of this
/// era's name.
#[must_use]
pub fn of_legacy(result: Raw) -> Raw {
    if result_type(&result).is_none() {
        return result;
    }
    object::with(&result, RESULT_TYPE, &Raw::from_static(COMPLETE)).unwrap_or(result)
}

fn result_type(result: &Raw) -> Option<Raw> {
    static TYPE: Word = Word::new(RESULT_TYPE);
    // A key written with escapes is searched for by the backslash.
    let bytes = result.as_bytes();
    if !TYPE.is_in(bytes) && memchr::memchr(b'\\', bytes).is_none() {
        return None;
    }
    object::member(result, RESULT_TYPE)
}

/// -32021: the client did not declare what it would be asked for. `required` is what it would have to declare.
#[must_use]
pub fn missing_capability(required: &serde_json::Value, message: impl Into<String>) -> RpcError {
    RpcError::new(code::MISSING_CAPABILITY, message).with_data(&serde_json::json!({ "requiredCapabilities": required }))
}

/// A result that may be kept for this long. Without it, [`Stamp`] says that it may not be kept at all.
#[must_use]
pub fn with_ttl(result: Raw, ttl: Duration) -> Raw {
    let milliseconds = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
    if milliseconds == 0 {
        return result;
    }
    let ttl = Raw::serialize(&milliseconds).ok();
    ttl.and_then(|ttl| object::with(&result, TTL, &ttl).ok()).unwrap_or(result)
}

/// For how long a result may be kept, where it says so.
#[must_use]
pub fn ttl(result: &Raw) -> Option<Duration> {
    object::member(result, TTL)?.read().ok().map(Duration::from_millis)
}

/// What a result of this era has to say of itself.
#[derive(Debug, Clone, Copy)]
pub struct Stamp<'a> {
    /// An `Implementation`, where it is known. An empty one is not known, and so is not added.
    pub server_info: Option<&'a Raw>,
}

impl Stamp<'_> {
    /// Adds what is missing: `resultType`, the hints for caches on the methods that need them, the server's
    /// identity. The result is one that [`kind`] knows, or of a legacy server and has been through [`of_legacy`].
    #[must_use]
    pub fn apply(&self, method: &Method<'_>, result: Raw) -> Raw {
        self.try_apply(method, &result).unwrap_or(result)
    }

    fn try_apply(&self, method: &Method<'_>, result: &Raw) -> Result<Raw, object::NotAnObject> {
        let [said, ttl, meta] = object::pick(result, [RESULT_TYPE, TTL, "_meta"])?;
        let (complete, zero, private) =
            (Raw::from_static(COMPLETE), Raw::from_static("0"), Raw::from_static("\"private\""));
        let is_complete = said.as_ref().is_none_or(|said| *said == complete);
        let cached = is_complete && is_cacheable(method);
        let has_ttl = ttl.is_some_and(|ttl| ttl.read::<u64>().is_ok());
        let named = self.named(meta)?;
        let missing = [
            (RESULT_TYPE, said.is_none().then_some(&complete)),
            (TTL, (cached && !has_ttl).then_some(&zero)),
            // Who may see what is decided here for each principal, so nothing is public.
            ("cacheScope", cached.then_some(&private)),
            ("_meta", named.as_ref()),
        ];
        let missing = missing.into_iter().filter_map(|(key, value)| Some((key, value?)));
        object::with_all(result, missing)
    }

    /// The result's `_meta` with the server's identity; None where there is nothing to add.
    fn named(&self, meta: Option<Raw>) -> Result<Option<Raw>, object::NotAnObject> {
        let Some(info) = self.server_info.filter(|info| names_one(info)) else { return Ok(None) };
        let Some(meta) = meta.filter(Raw::is_object) else { return Ok(Some(object::build([(SERVER_INFO, info)]))) };
        match object::member(&meta, SERVER_INFO) {
            Some(_) => Ok(None),
            None => object::with(&meta, SERVER_INFO, info).map(Some),
        }
    }
}

/// Whether results of the method must say how long they may be kept, and by whom.
#[must_use]
pub const fn is_cacheable(method: &Method<'_>) -> bool {
    matches!(
        method,
        Method::Discover
            | Method::ToolsList
            | Method::PromptsList
            | Method::ResourcesList
            | Method::ResourceTemplatesList
            | Method::ResourcesRead
    )
}

/// Whether a result of the method may ask for input, and a request of it may bring some.
#[must_use]
pub const fn may_ask(method: &Method<'_>) -> bool {
    matches!(method, Method::ToolsCall | Method::PromptsGet | Method::ResourcesRead)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{Kind, RequestMeta, Stamp, kind, of_legacy, read_discover, subscription_id};
    use crate::level::LogLevel;
    use crate::message::{MethodName, Notification};
    use crate::method::Method;
    use crate::raw::Raw;
    use crate::revision::Revision;

    fn raw(text: &str) -> Raw {
        Raw::parse(Bytes::copy_from_slice(text.as_bytes())).expect(text)
    }

    #[test]
    fn a_listen_stream_is_known_by_its_number_however_that_is_written() {
        for (meta, expected) in [
            (r#"{"io.modelcontextprotocol/subscriptionId":7}"#, Some(7)),
            (r#"{"io.modelcontextprotocol/subscriptionId":"7"}"#, Some(7)),
            (r#"{"io.modelcontextprotocol\/subscriptionId":7}"#, Some(7)),
            (r#"{"io.modelcontextprotocol/other":7}"#, None),
        ] {
            let params = Some(raw(&format!(r#"{{"_meta":{meta}}}"#)));
            let notification = Notification { method: MethodName::from_static("notifications/acknowledged"), params };
            assert_eq!(subscription_id(&notification), expected, "{meta}");
        }
    }

    fn params(meta: &str) -> Raw {
        raw(&format!(r#"{{"_meta":{meta}}}"#))
    }

    #[test]
    fn reads_what_a_request_says_of_its_client() {
        let meta = RequestMeta::read(Some(&params(
            r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"roots":{}},"io.modelcontextprotocol/logLevel":"warning"}"#,
        )))
        .expect("meta");
        assert_eq!(meta.version, "2026-07-28");
        assert_eq!(meta.declared.capabilities.as_str(), r#"{"roots":{}}"#);
        assert_eq!(meta.declared.info, None);
        assert_eq!(meta.log_level, Some(LogLevel::Warning));
    }

    #[test]
    fn names_what_is_missing() {
        for (meta, names) in [
            ("{}", "protocolVersion"),
            ("[]", "protocolVersion"),
            (r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#, "clientCapabilities"),
            (
                r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/logLevel":"loud"}"#,
                "logLevel",
            ),
        ] {
            let error = RequestMeta::read(Some(&params(meta))).expect_err(meta);
            assert_eq!(error.code, -32602);
            assert!(error.message.contains(names), "{}", error.message);
        }
        assert_eq!(RequestMeta::read(None).map_err(|error| error.code), Err(-32602));
    }

    #[track_caller]
    fn check(method: Method<'_>, result: &str, stamped: &str) {
        assert_eq!(Stamp { server_info: None }.apply(&method, raw(result)), raw(stamped));
    }

    #[test]
    fn every_result_says_what_it_is() {
        check(Method::ToolsCall, r#"{"content":[]}"#, r#"{"content":[],"resultType":"complete"}"#);
        let asks = r#"{"resultType":"input_required","requestState":"x"}"#;
        check(Method::ToolsCall, asks, asks);
    }

    #[test]
    fn a_result_is_what_a_modern_server_says_and_nothing_else() {
        assert_eq!(kind(&raw(r#"{"content":[{"type":"text","text":"\n"}]}"#)), Kind::Complete);
        assert_eq!(kind(&raw(r#"{"resultType":"complete"}"#)), Kind::Complete);
        assert_eq!(kind(&raw(r#"{"result\u0054ype":"input_required"}"#)), Kind::InputRequired);
        assert_eq!(kind(&raw(r#"{"resultType":"task"}"#)), Kind::Task);
        assert_eq!(kind(&raw(r#"{"resultType":"mine"}"#)), Kind::Unknown(raw("\"mine\"")));
        assert_eq!(kind(&raw(r#"{"resultType":7}"#)), Kind::Unknown(raw("7")));
    }

    #[test]
    fn a_legacy_server_has_no_types_of_results() {
        for said in [r#""input_required""#, r#""task""#, r#""mine""#, "7"] {
            let result = raw(&format!(r#"{{"resultType":{said},"x":1}}"#));
            assert_eq!(of_legacy(result), raw(r#"{"resultType":"complete","x":1}"#));
        }
        let plain = raw(r#"{ "content": [] }"#);
        assert_eq!(of_legacy(plain.clone()), plain);
    }

    #[test]
    fn a_discover_result_without_a_modern_version_is_of_a_legacy_server() {
        let legacy = raw(r#"{"supportedVersions":["2025-11-25","2025-06-18"],"capabilities":{}}"#);
        assert_eq!(read_discover(&legacy), None);
        assert_eq!(read_discover(&raw(r#"{"supportedVersions":["2031-01-01"]}"#)), None);
        let both = raw(r#"{"supportedVersions":["2025-11-25","2026-07-28"]}"#);
        assert_eq!(read_discover(&both).map(|hello| hello.revision), Some(Revision::V2026_07_28));
    }

    #[test]
    fn cacheable_results_are_private_to_their_reader() {
        check(
            Method::ToolsList,
            r#"{"tools":[],"cacheScope":"public","ttlMs":7}"#,
            r#"{"tools":[],"cacheScope":"private","ttlMs":7,"resultType":"complete"}"#,
        );
        check(
            Method::ResourcesRead,
            r#"{"contents":[],"ttlMs":-1}"#,
            r#"{"contents":[],"ttlMs":0,"resultType":"complete","cacheScope":"private"}"#,
        );
    }

    #[test]
    fn a_server_that_does_not_say_who_it_is_stays_unnamed() {
        let hello = read_discover(&raw(r#"{"supportedVersions":["2026-07-28"],"_meta":{}}"#)).expect("hello");
        assert_eq!(hello.server_info(), None);
        for server_info in [hello.server_info(), Some(&hello.server_info)] {
            let result = raw(r#"{"resultType":"complete","_meta":{"v":1}}"#);
            assert_eq!(Stamp { server_info }.apply(&Method::ToolsCall, result.clone()), result);
        }
    }

    #[test]
    fn a_server_is_named_once() {
        let info = raw(r#"{"name":"a"}"#);
        let stamp = Stamp { server_info: Some(&info) };
        assert_eq!(
            stamp.apply(&Method::ToolsCall, raw(r#"{"resultType":"complete","_meta":{"v":1}}"#)),
            raw(r#"{"resultType":"complete","_meta":{"v":1,"io.modelcontextprotocol/serverInfo":{"name":"a"}}}"#)
        );
        let own = raw(r#"{"resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"b"}}}"#);
        assert_eq!(stamp.apply(&Method::ToolsCall, own.clone()), own);
    }
}
