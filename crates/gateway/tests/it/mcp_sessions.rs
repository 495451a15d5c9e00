//! Clients with sessions: their streams, how much they may have open, and what nobody else gets of them.

use std::sync::Arc;

use orch_control::keys::NewKey;
use orch_domain::quota::Allowance;
use orch_domain::role::Role;
use orch_gateway::mcp::McpConfig;
use orch_mcp::revision::Revision;
use orch_testkit::scripted_peer::{ends, never};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::mcp_world::{Mcp, SERVER, UNIFIED, call, legacy, raw, within};
use crate::world::{Answer, World, bearer, login, request};

fn request_of(id: u32, method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

fn initialize() -> Value {
    request_of(
        1,
        "initialize",
        json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "a", "version": "1"}}),
    )
}

async fn served() -> Mcp {
    Mcp::before(McpConfig::default(), Revision::V2025_11_25, |_| ends(Ok(raw(r#"{"content":[]}"#)))).await
}

#[actix_web::test]
async fn a_stream_is_asked_for_as_one_and_a_second_one_ends_the_first() {
    let mcp = served().await;
    let session = mcp.world.open_session(UNIFIED, &mcp.key).await;
    let get = |accept: &'static str| legacy("GET", UNIFIED, &mcp.key, Some(&session)).insert_header(("accept", accept));
    assert_eq!(mcp.world.send(get("application/json")).await.status, 406);
    assert_eq!(mcp.world.send(get("text/html")).await.status, 406);
    let none = mcp.world.send(legacy("GET", UNIFIED, &mcp.key, None)).await;
    assert_eq!((none.status, none.header("allow")), (405, Some("POST")));
    let mut first = mcp.hold(get("text/event-stream")).await;
    assert_eq!(first.status, 200);
    let pending = futures_util::future::poll_immediate(std::pin::pin!(first.next())).await;
    assert_eq!(pending, None, "it is open");
    let second = mcp.hold(get("text/event-stream")).await;
    assert_eq!(second.status, 200);
    assert_eq!(first.next().await, None);
}

#[actix_web::test]
async fn a_client_that_takes_json_alone_gets_json() {
    let mcp = served().await;
    let session = mcp.world.open_session(SERVER, &mcp.key).await;
    for (accept, kind) in [
        ("application/json", "application/json"),
        ("application/json, text/event-stream", "application/json"),
        ("text/event-stream", "text/event-stream"),
    ] {
        let sent = legacy("POST", SERVER, &mcp.key, Some(&session)).insert_header(("accept", accept));
        let answer = mcp.world.send(sent.set_json(call(2, json!({})))).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(kind)), "{accept}");
    }
}

#[actix_web::test]
async fn a_session_is_its_principals_alone() {
    let mcp = served().await;
    let session = mcp.world.open_session(UNIFIED, &mcp.key).await;
    let member = mcp.world.member(&mcp.project, Role::Member).await;
    let (_, others) = mcp.world.key(&member, &mcp.project).await;
    let (_, another_of_mine) = mcp.world.key(&mcp.admin, &mcp.project).await;
    let ping = |endpoint: &str, key: &str, session: &str| {
        legacy("POST", endpoint, key, Some(session)).set_json(request_of(2, "ping", json!({})))
    };
    let unknown = mcp.world.send(ping(UNIFIED, &mcp.key, "nothing")).await;
    assert_eq!((unknown.status, &unknown.json()["error"]["code"]), (404, &json!(-32001)));
    for key in [&others, &another_of_mine] {
        let foreign = mcp.world.send(ping(UNIFIED, key, &session)).await;
        assert_eq!((foreign.status, foreign.body), (404, unknown.body.clone()));
        let resumed = legacy("GET", UNIFIED, key, Some(&session)).insert_header(("last-event-id", "1:1"));
        assert_eq!(mcp.world.send(resumed).await.status, 404);
        assert_eq!(mcp.world.send(legacy("DELETE", UNIFIED, key, Some(&session))).await.status, 404);
    }
    assert_eq!(mcp.world.send(ping(SERVER, &mcp.key, &session)).await.status, 404, "of another endpoint");
    assert_eq!(mcp.world.send(ping(UNIFIED, &mcp.key, &session)).await.status, 200);
}

#[actix_web::test]
async fn nothing_is_answered_without_a_credential() {
    let mcp = served().await;
    let token = mcp.world.token(&mcp.admin).await;
    let in_query = format!("{UNIFIED}?access_token={}", mcp.key);
    for (method, path) in [
        ("POST", UNIFIED),
        ("GET", UNIFIED),
        ("DELETE", UNIFIED),
        ("POST", SERVER),
        ("GET", "/projects/demo/unified/sse"),
        ("POST", "/projects/demo/unified/messages?sessionId=x"),
        ("POST", in_query.as_str()),
    ] {
        let answer = mcp.world.send(request(method, path).set_json(initialize())).await;
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some(r#"Bearer realm="mcp""#)), "{path}");
        let wrong = mcp.world.send(bearer(request(method, path), "orch_nothing").set_json(initialize())).await;
        let challenge = r#"Bearer realm="mcp", error="invalid_token""#;
        assert_eq!((wrong.status, wrong.header("www-authenticate")), (401, Some(challenge)), "{path}");
    }
    // A key of another project is as good as one for an endpoint that does not exist.
    let (other, other_admin) = mcp.world.project("other").await;
    let (_, foreign) = mcp.world.key(&other_admin, &other).await;
    let refused = mcp.world.send(legacy("POST", UNIFIED, &foreign, None).set_json(initialize())).await;
    let missing = legacy("POST", "/projects/nothing/unified/mcp", &foreign, None).set_json(initialize());
    assert_eq!((refused.status, refused.body), (404, mcp.world.send(missing).await.body));
    // Clients look for metadata before they connect, and learn at once that there is none.
    for path in
        ["/.well-known/oauth-protected-resource/projects/demo/unified/mcp", "/.well-known/oauth-authorization-server"]
    {
        assert_eq!(mcp.world.get(path, &token).await.status, 404, "{path}");
        assert_eq!(mcp.world.send(request("GET", path)).await.status, 404, "{path}");
    }
}

fn is_limited(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert!(answer.header("retry-after").is_some_and(|after| after.parse::<u64>().is_ok_and(|after| after > 0)));
    assert_eq!(answer.json()["error"]["data"]["gateway"]["reason"], "limit");
}

#[actix_web::test]
async fn who_has_too_much_open_hears_when_to_come_again() {
    let config = McpConfig { max_requests_per_session: 1, max_sessions: 1, ..McpConfig::default() };
    let mcp = Mcp::before(config, Revision::V2025_11_25, |_| never()).await;
    let session = mcp.world.open_session(SERVER, &mcp.key).await;
    let sent = |id: u32| {
        legacy("POST", SERVER, &mcp.key, Some(&session))
            .insert_header(("accept", "text/event-stream"))
            .set_json(call(id, json!({})))
    };
    let held = mcp.hold(sent(2)).await;
    assert_eq!(held.status, 200);
    is_limited(&mcp.world.send(sent(3)).await, 429);
    let member = mcp.world.member(&mcp.project, Role::Member).await;
    let (_, others) = mcp.world.key(&member, &mcp.project).await;
    is_limited(&mcp.world.send(legacy("POST", SERVER, &others, None).set_json(initialize())).await, 503);
}

async fn slow_key(world: &World, mcp: &Mcp, per_minute: u32) -> String {
    let allowance = Allowance { per_minute: Some(per_minute), ..Allowance::default() };
    let new = NewKey { name: "slow".into(), allowance, ..NewKey::default() };
    let created = world.control.keys.create(&login(mcp.admin.id), "demo", new).await.unwrap();
    world.catch_up().await;
    created.plain.expose_secret().to_owned()
}

#[actix_web::test]
async fn settings_of_a_session_count_like_everything_else() {
    let mcp = served().await;
    let key = slow_key(&mcp.world, &mcp, 2).await;
    let session = mcp.world.open_session(UNIFIED, &key).await;
    let set = |id: u32| {
        let body = request_of(id, "logging/setLevel", json!({"level": "debug"}));
        legacy("POST", UNIFIED, &key, Some(&session)).set_json(body)
    };
    let done = mcp.world.send(set(2)).await;
    assert_eq!((done.status, &done.json()["result"]), (200, &json!({})));
    is_limited(&mcp.world.send(set(3)).await, 429);
}

#[actix_web::test]
async fn a_client_over_http_sse_that_leaves_during_the_handshake_leaves_nothing() {
    let mcp = served().await;
    // The server is not there yet, so the handshake waits for it.
    let closed = Arc::clone(&mcp.door).acquire_owned().await.unwrap();
    let sse = legacy("GET", "/projects/demo/servers/s/sse", &mcp.key, None);
    let mut stream = mcp.hold(sse).await;
    let first = stream.next().await.unwrap();
    let address = first.lines().find_map(|line| line.strip_prefix("data: ")).unwrap().to_owned();
    let posted = mcp.world.send(legacy("POST", &address, &mcp.key, None).set_json(initialize())).await;
    assert_eq!(posted.status, 202);
    drop(stream);
    let gone = mcp.world.send(legacy("POST", &address, &mcp.key, None).set_json(initialize())).await;
    assert_eq!(gone.status, 404);
    drop(closed);
    // The next handshake is answered by the same connection, so the one before has come to its end as well.
    let session = within(mcp.world.open_session(SERVER, &mcp.key)).await;
    assert!(!session.is_empty());
    within(async {
        while mcp.world.sessions.count() != 1 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
