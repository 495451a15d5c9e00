//! Cursors of lists. A client gets them sealed, so that one comes back as it was given, from whom it was given to, at the
//! same endpoint and for the same list, and soon. What else comes is refused by whoever makes the pages.

use std::sync::Arc;

use orch_auth::state_seal::StateSeal;
use orch_domain::port::clock::Clock;
use orch_mcp::message::{MethodName, Request};
use orch_mcp::method::Method;
use orch_mcp::object;
use orch_mcp::raw::Raw;
use orch_mcp::word::Word;

use super::McpEndpoints;
use super::reach::Reach;

/// A cursor is good for so many seconds: who reads a list reads it to its end.
const GOOD_FOR: i64 = 60 * 60;

/// What the cursors of one request are sealed with.
pub(super) struct Cursors {
    seal: Arc<StateSeal>,
    clock: Arc<dyn Clock>,
    reach: String,
    method: MethodName,
}

impl Cursors {
    /// None for requests that are about no list.
    pub(super) fn of(request: &Request, reach: impl FnOnce() -> Reach, endpoints: &McpEndpoints) -> Option<Self> {
        matches!(
            request.method.known(),
            Method::ToolsList | Method::PromptsList | Method::ResourcesList | Method::ResourceTemplatesList
        )
        .then(|| Self {
            seal: Arc::clone(&endpoints.seal),
            clock: Arc::clone(&endpoints.clock),
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
            .and_then(|sealed| self.seal.open_at(&self.parts(), &sealed, self.now()))
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
        next.and_then(|next| self.seal.seal_until(&self.parts(), next.as_bytes(), self.now() + GOOD_FOR))
            .and_then(|sealed| Raw::serialize(&sealed).ok())
            .and_then(|sealed| object::with(&result, "nextCursor", &sealed).ok())
            .unwrap_or(result)
    }

    fn now(&self) -> i64 {
        self.clock.now().unix_timestamp()
    }

    fn parts(&self) -> [&[u8]; 3] {
        [b"cursor", self.reach.as_bytes(), self.method.as_str().as_bytes()]
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use actix_web::web::Bytes;
    use orch_auth::master::{MasterSecrets, Strictness};
    use orch_auth::state_seal::StateSeal;
    use orch_auth::vault::key::parse_keys;
    use orch_mcp::codec::{Incoming, decode};
    use orch_mcp::message::{Message, Request};
    use orch_mcp::object;
    use orch_mcp::raw::Raw;
    use orch_testkit::fakes::FixedClock;

    use super::Cursors;

    fn of(reach: &str, request: &Request, clock: &FixedClock) -> Cursors {
        let keys = parse_keys(&"00".repeat(32).into()).expect("keys");
        let secrets = MasterSecrets::derive(&"a".repeat(40).into(), keys, Strictness::Development).expect("secrets");
        let seal = Arc::new(StateSeal::new(&secrets));
        Cursors { seal, clock: Arc::new(clock.clone()), reach: reach.to_owned(), method: request.method.clone() }
    }

    fn request(method: &str, cursor: &Raw) -> Request {
        let text =
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{"cursor":{}}}}}"#, cursor.as_str());
        match decode(&Bytes::from(text)) {
            Ok(Incoming::Single(Message::Request(request))) => request,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_cursor_is_good_for_its_reader_its_list_and_a_while() {
        let clock = FixedClock::default();
        let list = request("tools/list", &Raw::from_static("null"));
        let page = of("alice", &list, &clock).seal(Raw::from_static(r#"{"tools":[],"nextCursor":"place"}"#));
        let given = object::member(&page, "nextCursor").expect("a cursor");
        assert!(!given.as_str().contains("place"));
        let opened = |reader: &str, method: &str| {
            let mut request = request(method, &given);
            of(reader, &request, &clock).open(&mut request);
            request.params.and_then(|params| object::string(&params, "cursor"))
        };
        assert_eq!(opened("alice", "tools/list").as_deref(), Some("place"));
        assert_eq!(opened("bob", "tools/list"), None);
        assert_eq!(opened("alice", "prompts/list"), None);
        clock.advance(Duration::from_secs(3599));
        assert_eq!(opened("alice", "tools/list").as_deref(), Some("place"));
        clock.advance(Duration::from_secs(1));
        assert_eq!(opened("alice", "tools/list"), None, "it is over");
    }
}
