//! Messages that come slowly, packed, or so that nobody can read them.

use actix_web::test::TestRequest;
use orch_domain::port::directory_source::DirectorySource as _;
use serde_json::{Value, json};

use crate::mcp_sessions::{initialize, over_sse, request_of, served, switch};
use crate::mcp_world::{Held, Mcp, SERVER, call, legacy, modern, within};
use crate::world::login;

/// A client over HTTP+SSE that has introduced itself.
async fn known_over_sse(mcp: &Mcp, revision: &str) -> (Held, String) {
    let (mut stream, address) = over_sse(mcp).await;
    let mut hello = initialize();
    hello["params"]["protocolVersion"] = json!(revision);
    assert_eq!(mcp.world.send(legacy("POST", &address, &mcp.key, None).set_json(hello)).await.status, 202);
    assert!(stream.next().await.unwrap().contains(r#""result""#));
    (stream, address)
}

#[actix_web::test]
async fn a_key_that_is_revoked_while_a_message_comes_makes_no_call() {
    let mut mcp = served().await;
    let (id, key) = mcp.world.key(&mcp.admin, &mcp.project).await;
    mcp.key = key;
    let session = mcp.world.open_session(SERVER, &mcp.key).await;
    let (_stream, address) = known_over_sse(&mcp, "2025-11-25").await;
    let call = call(5, json!({}));
    let begun = [
        mcp.world.begin(modern(SERVER, &mcp.key, &call, json!({}))).await,
        mcp.world.begin(legacy("POST", SERVER, &mcp.key, Some(&session)).set_json(&call)).await,
        mcp.world.begin(legacy("POST", &address, &mcp.key, None).set_json(&call)).await,
    ];
    mcp.world.control.keys.revoke(&login(mcp.admin.id), "demo", &id.to_string(), None).await.unwrap();
    mcp.world.catch_up().await;
    for begun in begun {
        assert_eq!(begun.end().await.status, 401);
    }
    assert_eq!(mcp.calls(), 0);
}

#[actix_web::test]
async fn a_tool_that_is_taken_away_while_a_message_comes_is_not_called() {
    let mcp = served().await;
    let session = mcp.world.open_session(SERVER, &mcp.key).await;
    let (mut stream, address) = known_over_sse(&mcp, "2025-11-25").await;
    let call = call(5, json!({}));
    let alone = mcp.world.begin(modern(SERVER, &mcp.key, &call, json!({}))).await;
    let in_session = mcp.world.begin(legacy("POST", SERVER, &mcp.key, Some(&session)).set_json(&call)).await;
    let over_sse = mcp.world.begin(legacy("POST", &address, &mcp.key, None).set_json(&call)).await;
    switch(&mcp, false).await;
    for begun in [alone, in_session] {
        let refused: Value = serde_json::from_slice(&begun.end().await.whole().await).unwrap();
        assert_eq!(refused["error"]["code"], -32602, "{refused}");
    }
    assert_eq!(over_sse.end().await.status, 202);
    let mut told = String::new();
    while !told.contains(r#""id":5"#) {
        told = stream.next().await.unwrap();
    }
    assert!(told.contains("-32602"), "{told}");
    assert_eq!(mcp.calls(), 0);
}

#[actix_web::test]
async fn a_stream_that_is_left_while_a_message_comes_is_not_there() {
    let mcp = served().await;
    let (stream, address) = known_over_sse(&mcp, "2025-11-25").await;
    let begun = mcp.world.begin(legacy("POST", &address, &mcp.key, None).set_json(call(5, json!({})))).await;
    drop(stream);
    assert_eq!(begun.end().await.status, 404);
    assert_eq!(mcp.calls(), 0);
}

#[actix_web::test]
async fn a_message_that_comes_keeps_no_stream_open() {
    let mcp = served().await;
    let (stream, address) = over_sse(&mcp).await;
    let begun = mcp.world.begin(legacy("POST", &address, &mcp.key, None).set_json(initialize())).await;
    mcp.world.sessions.recheck(&mcp.world.store.load().await.unwrap(), |_| false);
    within(stream.rest()).await;
    assert_eq!(begun.end().await.status, 404);
}

#[actix_web::test]
async fn a_response_that_nobody_can_read_is_answered_by_no_id() {
    let mcp = served().await;
    // What asks and what answers count on their own: both may have a request 7.
    let unclear = json!({"jsonrpc": "2.0", "id": 7, "result": {}, "error": {}});
    let mut hello = initialize();
    hello["params"]["protocolVersion"] = json!("2025-03-26");
    let opened = mcp.world.send(legacy("POST", SERVER, &mcp.key, None).set_json(&hello)).await;
    let session = opened.header("mcp-session-id").unwrap();
    let (mut stream, address) = known_over_sse(&mcp, "2025-03-26").await;
    for (path, session) in [(SERVER, Some(session)), (address.as_str(), None)] {
        let post = |body: &Value| mcp.world.send(legacy("POST", path, &mcp.key, session).set_json(body));
        let refused = post(&unclear).await;
        let told = refused.json();
        assert_eq!((refused.status, told["error"]["code"].as_i64()), (400, Some(-32600)), "{told}");
        assert_eq!(told.get("id"), None, "{told}");
        let request = post(&json!({"jsonrpc": "2.0", "id": 7, "method": "ping", "params": 7})).await;
        assert_eq!((request.status, &request.json()["id"]), (400, &json!(7)));
        let taken = post(&json!([unclear])).await;
        assert!(taken.status == 202 && !taken.body.contains("error"), "{taken:?}");
        let both = post(&json!([unclear, request_of(8, "ping", json!({}))])).await;
        assert!(!both.body.contains("error"), "{both:?}");
    }
    let mut told = String::new();
    while !told.contains(r#""id":8"#) {
        told = stream.next().await.unwrap();
        assert!(!told.contains(r#""error""#), "{told}");
    }
}

#[actix_web::test]
async fn what_is_packed_is_told_from_what_is_no_message() {
    let mcp = served().await;
    let (_stream, address) = over_sse(&mcp).await;
    for path in [SERVER, &address] {
        for (coding, body, refused) in [
            ("gzip", &b"\x1f\x8b\x08\0"[..], 415),
            ("identity, br", b"\x1b\x03", 415),
            ("identity", b"nonsense", 400),
            ("Identity", b"nonsense", 400),
            ("", b"nonsense", 400),
            // It was not packed after all.
            ("gzip", br#"{"jsonrpc":"2.0","id":1}"#, 400),
        ] {
            let sent: TestRequest = legacy("POST", path, &mcp.key, None)
                .insert_header(("content-type", "application/json"))
                .insert_header(("content-encoding", coding))
                .set_payload(body);
            let answer = mcp.world.send(sent).await;
            assert_eq!(answer.status, refused, "{path} {coding}: {answer:?}");
            assert_eq!(answer.header("accept-encoding"), (refused == 415).then_some("identity"), "{coding}");
        }
    }
}

/// Some clients show nobody an error that has no id.
#[actix_web::test]
async fn who_is_not_let_in_is_told_so_by_the_id_of_the_request() {
    let mcp = served().await;
    let elsewhere = SERVER.replace("/demo/", "/elsewhere/");
    let cases = [(SERVER, "orch_unknown", 401), (SERVER, "", 401), (elsewhere.as_str(), mcp.key.as_str(), 404)];
    for (path, key, status) in cases {
        let refuse = async |request| {
            let refused = mcp.world.send(request).await;
            assert_eq!(refused.status, status, "{path} {key}: {}", refused.body);
            serde_json::from_str::<Value>(&refused.body).unwrap()
        };
        let asked = call(77, json!({}));
        assert_eq!(refuse(modern(path, key, &asked, json!({}))).await["id"], 77);
        assert_eq!(refuse(legacy("POST", path, key, None).set_json(&asked)).await["id"], 77);
        let notice = json!({ "jsonrpc": "2.0", "method": "notifications/x" });
        assert_eq!(refuse(legacy("POST", path, key, None).set_json(notice)).await.get("id"), None);
    }
}
