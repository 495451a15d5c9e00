//! Bad input gets a clear refusal, on a connection that goes on working.

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::harness::{DEADLINE, Daemon, scripted};
use crate::wire::{Wire, answer};

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

#[tokio::test]
async fn bodies_that_are_no_messages() {
    let daemon = Daemon::start().await;
    let project = daemon.project("bad", json!({ "s": scripted(&[]) })).await;
    let wire = Wire::open(&project, "unified/mcp", "2025-06-18").await;
    let deep =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"x","params":{{"a":{}{}}}}}"#, "[".repeat(9000), "]".repeat(9000));
    for (body, status, code) in [
        ("nonsense", 400, -32700),
        ("", 400, -32700),
        (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, 400, -32600),
        (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, 400, -32600),
        (r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, 400, -32600),
        (r#"{"id":1,"method":"ping"}"#, 400, -32600),
        (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, 400, -32600),
        ("[]", 400, -32600),
        (deep.as_str(), 400, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"no/such/method"}"#, 200, -32601),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}"#, 200, -32602),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"nobody__x"}}"#, 200, -32602),
        (r#"{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"file:///x"}}"#, 200, -32002),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":"garbage"}}"#, 200, -32602),
    ] {
        let refused = wire.post(body.to_owned()).await;
        let shown: String = body.chars().take(80).collect();
        assert_eq!(refused.status, status, "{shown}");
        assert_eq!(refused.json()["error"]["code"], code, "{shown}");
    }
    assert_eq!(wire.post(PING).await.json()["result"], json!({}));
}

#[tokio::test]
async fn requests_with_the_wrong_shape() {
    let daemon = Daemon::start().await;
    let project = daemon.project("shape", json!({ "s": scripted(&[]) })).await;
    let wire = Wire::open(&project, "unified/mcp", "2025-06-18").await;
    let post = || wire.request(reqwest::Method::POST);

    let huge = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"x":"{}"}}}}"#, "a".repeat(5 << 20));
    let refused = wire.post(huge).await;
    assert_eq!(refused.status, 413);
    let text = answer(post().header("content-type", "text/plain").body(PING)).await;
    assert_eq!(text.status, 415);
    let html = daemon.http.post(project.url("unified/mcp")).bearer_auth(&project.key).header("accept", "text/html");
    assert_eq!(answer(html.header("content-type", "application/json").body(PING)).await.status, 406);
    let version = post().header("mcp-protocol-version", "1999-01-01").header("content-type", "application/json");
    assert_eq!(answer(version.body(PING)).await.status, 400);
    let evil = post().header("origin", "https://evil.example").header("content-type", "application/json");
    assert_eq!(answer(evil.body(PING)).await.status, 403);
    let host = post().header("host", "evil.example.com").header("content-type", "application/json");
    assert!((400..500).contains(&answer(host.body(PING)).await.status));
    let put = answer(wire.request(reqwest::Method::PUT)).await;
    assert_eq!((put.status, put.headers["allow"].to_str().expect("a list")), (405, "POST, GET, DELETE"));

    // Without a session.
    let none = Wire::without_session(&project, "unified/mcp");
    assert_eq!(none.post(PING).await.json()["error"]["code"], -32000);
    assert_eq!(none.post(PING).await.status, 400);
    assert_eq!(answer(none.request(reqwest::Method::GET)).await.status, 405);
    assert_eq!(answer(none.request(reqwest::Method::DELETE)).await.status, 405);
    let discover = none.post(r#"{"jsonrpc":"2.0","id":"d","method":"server/discover"}"#).await;
    assert_eq!((discover.status, discover.json()["error"]["code"].as_i64()), (400, Some(-32602)));

    // With one that is over.
    let gone = Wire::open(&project, "unified/mcp", "2025-11-25").await;
    assert_eq!(answer(gone.request(reqwest::Method::DELETE)).await.status, 204);
    assert_eq!(gone.post(PING).await.status, 404);
    assert_eq!(answer(gone.request(reqwest::Method::GET)).await.status, 404);
    // A session is bound to its endpoint.
    let mut moved = Wire::without_session(&project, "servers/s/mcp");
    moved.session.clone_from(&wire.session);
    assert_eq!(moved.post(PING).await.status, 404);
    assert_eq!(wire.post(PING).await.json()["result"], json!({}));
}

#[tokio::test]
async fn bodies_that_do_not_come_as_they_should() {
    let daemon = Daemon::start().await;
    let project = daemon.project("bodies", json!({ "s": scripted(&[]) })).await;
    let wire = Wire::open(&project, "unified/mcp", "2025-06-18").await;
    let host = daemon.base.trim_start_matches("http://");
    let head = format!(
        "POST /projects/bodies/unified/mcp HTTP/1.1\r\nauthorization: Bearer {}\r\nmcp-session-id: {}\r\n\
         accept: application/json, text/event-stream\r\ncontent-type: application/json\r\nconnection: close\r\n",
        project.key, wire.session
    );
    let told = async |rest: &str| {
        let mut stream = tokio::net::TcpStream::connect(host).await.expect("a connection");
        stream.write_all(format!("{head}{rest}").as_bytes()).await.expect("room");
        let mut told = String::new();
        let read = stream.read_to_string(&mut told);
        tokio::time::timeout(DEADLINE, read).await.expect("in time").expect("text");
        told
    };
    let large = told(&format!("host: {host}\r\nexpect: 100-continue\r\ncontent-length: 99999999\r\n\r\n")).await;
    assert!(large.starts_with("HTTP/1.1 413 ") && !large.contains("100 Continue"), "nobody has to send it: {large}");
    let chunked = format!("host: {host}\r\ntransfer-encoding: chunked\r\n\r\n");
    let broken = told(&format!("{chunked}5\r\nabcdefg\r\n")).await;
    assert!(broken.starts_with("HTTP/1.1 400 ") && broken.contains("its chunks cannot be read"), "{broken}");
    let trailed = told(&format!("{chunked}{:x}\r\n{PING}\r\n0\r\nx: y\r\n\r\n", PING.len())).await;
    assert!(trailed.starts_with("HTTP/1.1 200 "), "{trailed}");
    let nowhere = told(&format!("content-length: {}\r\n\r\n{PING}", PING.len())).await;
    assert!(nowhere.starts_with("HTTP/1.1 400 ") && nowhere.contains("it names no host"), "{nowhere}");

    let packed = wire.request(reqwest::Method::POST).header("content-type", "application/json");
    let packed = answer(packed.header("content-encoding", "gzip").body(&b"\x1f\x8b\x08\0"[..])).await;
    assert_eq!((packed.status, packed.headers["accept-encoding"].to_str().expect("a list")), (415, "identity"));
    assert_eq!(wire.post(PING).await.json()["result"], json!({}));
}

#[tokio::test]
async fn strangers_learn_nothing() {
    let daemon = Daemon::start().await;
    let mine = daemon.project("mine", json!({ "s": scripted(&[]) })).await;
    let other = daemon.project("other", json!({ "s": scripted(&[]) })).await;
    let ask = |project: &str, key: Option<&str>| {
        let request = daemon
            .http
            .post(format!("{}/projects/{project}/unified/mcp", daemon.base))
            .header("content-type", "application/json")
            .body(PING);
        match key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    };
    let nobody = answer(ask("mine", None)).await;
    assert_eq!(nobody.status, 401);
    assert!(nobody.headers["www-authenticate"].to_str().expect("a challenge").starts_with("Bearer"));
    let other_end = if mine.key.ends_with('x') { 'y' } else { 'x' };
    let broken = format!("{}{other_end}", &mine.key[..mine.key.len() - 1]);
    assert_eq!(answer(ask("mine", Some(&broken))).await.status, 401);
    let foreign = answer(ask("mine", Some(&other.key))).await;
    let absent = answer(ask("no-such-project", Some(&other.key))).await;
    assert_eq!((foreign.status, absent.status), (404, 404));
    assert_eq!(foreign.body, absent.body, "a foreign project answers like one that is not there");
    let query = daemon.http.post(format!("{}?token={}", mine.url("unified/mcp"), mine.key)).body(PING);
    assert_eq!(answer(query).await.status, 401, "a key in the query string is none");
    // Somebody else's session is not there.
    let session = Wire::open(&mine, "unified/mcp", "2025-06-18").await;
    let second = daemon.post("/projects/mine/keys", json!({ "name": "second" })).await;
    let theirs = ask("mine", second["key"].as_str()).header("mcp-session-id", &session.session);
    assert_eq!(answer(theirs).await.status, 404);
    assert_eq!(session.post(PING).await.json()["result"], json!({}));
}

#[tokio::test]
async fn batches_belong_to_the_first_revision_of_the_transport() {
    let daemon = Daemon::start().await;
    let project = daemon.project("batch", json!({ "s": scripted(&[]) })).await;
    let wire = Wire::open(&project, "servers/s/mcp", "2025-03-26").await;
    let batch = r#"[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"notifications/x"},{"jsonrpc":"2.0","id":"b","method":"tools/call","params":{"name":"echo","arguments":{"text":"batched"}}}]"#;
    let as_json = daemon
        .http
        .post(project.url("servers/s/mcp"))
        .bearer_auth(&project.key)
        .header("accept", "application/json")
        .header("content-type", "application/json")
        .header("mcp-session-id", &wire.session)
        .body(batch);
    let answers = answer(as_json).await.json();
    assert_eq!(answers.as_array().map(Vec::len), Some(2), "{answers}");
    assert!(answers.to_string().contains("batched"));
    let as_events = wire.post(batch).await;
    let text = String::from_utf8(as_events.body.to_vec()).expect("UTF-8");
    assert_eq!(text.matches("data: ").count(), 2, "{text}");
    let quiet = wire.post(r#"[{"jsonrpc":"2.0","method":"notifications/x"}]"#).await;
    assert_eq!((quiet.status, quiet.body.len()), (202, 0));
    let hello = wire.post(r#"[{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}]"#).await;
    assert_eq!((hello.status, hello.json()["error"]["code"].as_i64()), (400, Some(-32600)));
}
