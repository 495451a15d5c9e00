//! The handshake over HTTP: what is sent, and every way it fails, with its exact words.

use std::sync::Arc;

use orch_mcp::peer::Peer as _;
use orch_upstream::http::HttpTarget;
use orch_upstream::{AddressPolicy, ConnectError, UpstreamConfig};

use crate::support::server::{
    Script, Server, Step, accepted, chunk, handshake, handshake_in, head, json, message, response, result,
};
use crate::support::{Events, call, config, within};

#[tokio::test]
async fn sends_the_headers_that_belong_to_it() {
    let server = Server::start(|asked| handshake_in("s-1", asked).unwrap_or_else(|| result(asked, "{}"))).await;
    let mut target = server.target();
    target.url.push_str("?tenant=7");
    target.headers.push(("X-Key".to_owned(), "sesame".into()));
    let peer = within(orch_upstream::http::connect(&target, &crate::support::SHARED, &config(), Events::new()))
        .await
        .expect("peer");
    assert_eq!(call(&*peer, "{}").await.as_deref(), Ok("{}"));

    let posts: Vec<_> = server.all().into_iter().filter(|asked| asked.verb == "POST").collect();
    for (index, post) in posts.iter().enumerate() {
        assert_eq!(post.path, "/mcp?tenant=7");
        assert_eq!(post.header("host"), Some(format!("127.0.0.1:{}", server.port).as_str()));
        assert_eq!(post.header("content-type"), Some("application/json"));
        assert_eq!(post.header("accept"), Some("application/json, text/event-stream"));
        assert_eq!(post.header("x-key"), Some("sesame"));
        assert!(post.header("user-agent").is_some_and(|agent| agent.starts_with("mcp-orchestrator/")));
        let later = index > 0;
        assert_eq!(post.header("mcp-session-id"), later.then_some("s-1"), "{}", post.method());
        assert_eq!(post.header("mcp-protocol-version"), later.then_some("2025-11-25"));
    }
    let initialize = posts[0].json();
    assert_eq!(initialize["params"]["protocolVersion"], "2025-11-25");
    assert_eq!(initialize["params"]["capabilities"], serde_json::json!({}));
    let get = &server.wait_for("GET", 1).await[0];
    assert_eq!((get.header("accept"), get.header("mcp-session-id")), (Some("text/event-stream"), Some("s-1")));
    assert_eq!((get.header("content-type"), get.header("x-key")), (None, Some("sesame")));
}

#[tokio::test]
async fn older_revisions_get_no_version_header_and_hello_may_come_as_events() {
    let server = Server::start(|asked| match asked.method().as_str() {
        "initialize" => {
            let hello = message(asked, r#"{"protocolVersion":"2025-03-26","capabilities":{}}"#);
            crate::support::server::events(&[
                r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"data":1}}"#,
                &hello,
            ])
        }
        "tools/call" => result(asked, "{}"),
        _ => handshake(asked).unwrap_or_else(accepted),
    })
    .await;
    let (peer, events) = server.connect().await;
    assert_eq!(peer.hello().revision.as_str(), "2025-03-26");
    assert_eq!(call(&*peer, "{}").await.as_deref(), Ok("{}"));
    assert_eq!(server.wait_for("tools/call", 1).await[0].header("mcp-protocol-version"), None);
    assert_eq!(events.next().await, r#"notifications/message {"data":1}"#);
}

/// `initialize` is answered so.
async fn failure(answer: impl Fn() -> Script + Send + Sync + 'static) -> String {
    let server = Server::start(move |asked| match asked.method().as_str() {
        "initialize" => answer(),
        _ => accepted(),
    })
    .await;
    server.failure().await.to_string()
}

#[tokio::test]
async fn tells_failures_apart() {
    let error = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"no key"}}"#;
    assert_eq!(failure(move || json(error)).await, "answered initialize with error -32603: no key");
    let kind = "content-type: application/json";
    assert_eq!(
        failure(move || response(&format!("400 Bad Request\r\n{kind}"), error)).await,
        "answered initialize with error -32603: no key"
    );
    assert_eq!(
        failure(|| json(r#"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2031-01-01"}}"#)).await,
        "speaks protocol version 2031-01-01, which is unknown here"
    );
    assert_eq!(
        failure(|| response("401 Unauthorized\r\nwww-authenticate: Bearer x=sesame", "")).await,
        "refused our credentials (HTTP 401)"
    );
    assert_eq!(
        failure(|| response("404 Not Found\r\ncontent-type: text/html", "<h1>Not Found</h1><p>nginx</p>")).await,
        "the server answered with HTTP 404: Not Found nginx"
    );
    assert_eq!(
        failure(|| response("301 Moved Permanently\r\nlocation: http://169.254.169.254/", "")).await,
        "the server redirects (HTTP 301), which is not followed"
    );
    assert_eq!(
        failure(|| response("200 OK\r\ncontent-type: text/html; charset=utf-8", "<html>")).await,
        "the server answered with content of type text/html instead of JSON"
    );
    assert_eq!(failure(|| json("hello")).await, "the server's answer is not JSON: hello");
    assert_eq!(failure(accepted).await, "the server did not answer initialize");
    assert!(failure(|| vec![Step::Close]).await.contains("was lost before the answer"));
    let unreadable = chunk("data: {\"result\":{}}\n\n");
    assert_eq!(
        failure(move || vec![head("text/event-stream"), unreadable.clone(), Step::Hang(Arc::default())]).await,
        "the server's answer is no message (`jsonrpc` must be \"2.0\"): {\"result\":{}}"
    );
}

#[tokio::test]
async fn refuses_a_session_id_that_cannot_be_sent_back() {
    let server = Server::start(|asked| handshake_in("two words", asked).unwrap_or_else(accepted)).await;
    assert_eq!(server.failure().await.to_string(), "the server gave a session id that cannot be sent back");
}

#[tokio::test]
async fn says_that_initialized_was_refused() {
    let server = Server::start(|asked| match asked.method().as_str() {
        "notifications/initialized" => response("400 Bad Request", "no"),
        _ => handshake(asked).unwrap_or_else(accepted),
    })
    .await;
    assert_eq!(
        server.failure().await.to_string(),
        "the server refused notifications/initialized: the server answered with HTTP 400: no"
    );
}

async fn failure_to_reach(url: &str, config: &UpstreamConfig) -> String {
    let target = HttpTarget { url: url.to_owned(), headers: Vec::new() };
    within(orch_upstream::http::connect(&target, &crate::support::SHARED, config, Events::new()))
        .await
        .expect_err("a failure")
        .to_string()
}

#[tokio::test]
async fn names_host_and_port_of_what_it_cannot_reach() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("listener");
    let port = free.local_addr().expect("address").port();
    drop(free);
    assert_eq!(
        failure_to_reach(&format!("http://127.0.0.1:{port}/mcp?key=sesame"), &config()).await,
        format!("cannot connect to 127.0.0.1:{port}: connection refused")
    );
    let unresolved = failure_to_reach("http://no-such-host.invalid/mcp", &config()).await;
    assert!(unresolved.starts_with("cannot resolve the host name no-such-host.invalid: "), "{unresolved}");
    let plain = Server::start(|_| accepted()).await;
    let refused = failure_to_reach(&format!("https://127.0.0.1:{}/mcp", plain.port), &config()).await;
    assert!(refused.starts_with(&format!("cannot agree on TLS with 127.0.0.1:{}: ", plain.port)), "{refused}");
}

#[tokio::test]
async fn gives_up_on_a_server_that_is_silent() {
    let server = Server::start(|_| vec![Step::Hang(std::sync::Arc::default())]).await;
    let config = UpstreamConfig { handshake_timeout_ms: 200, ..config() };
    let error = failure_to_reach(&server.target().url, &config).await;
    assert_eq!(error, "did not answer initialize within 200 ms");
}

#[tokio::test]
async fn dials_no_address_that_is_not_allowed() {
    let closed = UpstreamConfig { addresses: AddressPolicy::default(), ..config() };
    let server = Server::start(|_| accepted()).await;
    for (url, address, why) in [
        ("http://127.0.0.1:PORT/mcp", "127.0.0.1", "it is this machine"),
        ("http://localhost:PORT/mcp", "", "it is this machine"),
        ("http://0x7f.1:PORT/mcp", "127.0.0.1", "it is this machine"),
        ("http://2130706433:PORT/mcp", "127.0.0.1", "it is this machine"),
        ("http://[::1]:PORT/mcp", "::1", "it is this machine"),
        ("http://[::ffff:127.0.0.1]:PORT/mcp", "::ffff:127.0.0.1", "it is this machine"),
        ("http://0.0.0.0:PORT/mcp", "0.0.0.0", "it is unspecified"),
        ("http://10.0.0.1:PORT/mcp", "10.0.0.1", "it is in a private network"),
        ("http://[fd00::1]:PORT/mcp", "fd00::1", "it is in a private network"),
        ("http://100.64.0.1:PORT/mcp", "100.64.0.1", "it is in a private network"),
        ("http://169.254.169.254/latest/meta-data", "169.254.169.254", "it gives out credentials of a cloud"),
        ("http://[::ffff:a9fe:a9fe]/", "::ffff:169.254.169.254", "it gives out credentials of a cloud"),
        ("http://169.254.1.1/", "169.254.1.1", "it is link-local"),
        ("http://224.0.0.1/", "224.0.0.1", "it is a multicast address"),
    ] {
        let url = url.replace("PORT", &server.port.to_string());
        let error = failure_to_reach(&url, &closed).await;
        assert!(error.contains(&format!("has the address {address}")), "{url}: {error}");
        assert!(error.ends_with(&format!("which is not allowed: {why}")), "{url}: {error}");
    }
    assert_eq!(server.connections(), 0);
    let blocked = HttpTarget { url: "http://10.0.0.1/".to_owned(), headers: Vec::new() };
    let error = orch_upstream::http::connect(&blocked, &crate::support::SHARED, &closed, Events::new())
        .await
        .expect_err("blocked");
    assert!(matches!(error, ConnectError::Unreachable(_)));
}
