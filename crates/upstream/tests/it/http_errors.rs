//! Refusals of HTTP servers, in our words and without their secrets or ours.

use std::time::Duration;

use orch_mcp::peer::{Peer as _, PeerError};

use crate::support::server::{Script, Server, accepted, handshake, response};
use crate::support::{Events, call, config, method, within};

/// How a call ends that is answered so. Our header's value is `Bearer sesame-open`.
async fn end(answer: impl Fn() -> Script + Send + Sync + 'static) -> PeerError {
    let server = Server::start(move |asked| match asked.method().as_str() {
        "tools/call" => answer(),
        _ => handshake(asked).unwrap_or_else(accepted),
    })
    .await;
    let mut target = server.target();
    target.headers.push(("authorization".to_owned(), "Bearer sesame-open".into()));
    let peer = within(orch_upstream::http::connect(&target, &crate::support::SHARED, &config(), Events::new()))
        .await
        .expect("peer");
    let error = call(&*peer, "{}").await.expect_err("an error");
    assert!(!peer.is_closed());
    error
}

#[tokio::test]
async fn credentials_that_are_refused() {
    for (status, text) in [(401, "401 Unauthorized"), (403, "403 Forbidden")] {
        let answer = move || response(&format!("{text}\r\nwww-authenticate: Bearer realm=\"x\""), "{\"error\":\"x\"}");
        assert_eq!(end(answer).await, PeerError::Unauthorized { status });
    }
}

#[tokio::test]
async fn servers_that_are_busy() {
    let busy = |retry_after: Option<u64>, reason: &str| PeerError::Busy {
        reason: reason.to_owned(),
        retry_after: retry_after.map(Duration::from_secs),
    };
    assert_eq!(
        end(|| response("429 Too Many Requests\r\nretry-after: 7", "slow down")).await,
        busy(Some(7), "the server is busy (HTTP 429, try again after 7 s)")
    );
    assert_eq!(end(|| response("503 Service Unavailable", "")).await, busy(None, "the server is busy (HTTP 503)"));
    let until = "retry-after: Sat, 28 Nov 2026 07:00:00 GMT";
    let head = format!("503 Service Unavailable\r\n{until}\r\ndate: Sat, 28 Nov 2026 06:59:00 GMT");
    assert_eq!(
        end(move || response(&head, "")).await,
        busy(Some(60), "the server is busy (HTTP 503, try again after 60 s)")
    );
    // Nobody says what time it is there.
    assert_eq!(
        end(move || response(&format!("503 Service Unavailable\r\n{until}"), "")).await,
        busy(None, "the server is busy (HTTP 503, try again after Sat, 28 Nov 2026 07:00:00 GMT)")
    );
}

#[tokio::test]
async fn errors_of_the_server_itself() {
    let body = r#"{"jsonrpc":"2.0","id":2,"error":{"code":-32602,"message":"bad name","data":{"x":1.0}}}"#;
    let PeerError::Rpc(error) = end(move || response("400 Bad Request\r\ncontent-type: application/json", body)).await
    else {
        panic!("no error of the server");
    };
    assert_eq!((error.code, error.message.as_str()), (-32602, "bad name"));
    assert_eq!(error.data.map(|data| data.as_str().to_owned()).as_deref(), Some(r#"{"x":1.0}"#));
}

#[tokio::test]
async fn pages_redirects_and_secrets() {
    let protocol = |reason: &str| PeerError::Protocol { reason: reason.to_owned() };
    let page = "<html><head><title>502</title></head>\n<body>\u{1b}[31m<h1>Bad Gateway</h1></body></html>";
    assert_eq!(
        end(move || response("502 Bad Gateway\r\ncontent-type: text/html", page)).await,
        protocol("the server answered with HTTP 502: 502 [31m Bad Gateway")
    );
    assert_eq!(
        end(|| response("500 Oops", "your token sesame-open (Bearer sesame-open) is odd")).await,
        protocol("the server answered with HTTP 500: your token [redacted] ([redacted]) is odd")
    );
    assert_eq!(end(|| response("500 Oops", "")).await, protocol("the server answered with HTTP 500"));
    assert_eq!(
        end(|| response("307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/", "")).await,
        protocol(
            "the server redirects to another origin, http://127.0.0.1:1/, which is not followed; set the URL to it if that is right"
        )
    );
    assert_eq!(
        end(|| response("404 Not Found", "no such page")).await,
        protocol("the server answered with HTTP 404: no such page")
    );
}

#[tokio::test]
async fn notifications_that_are_refused() {
    let server = Server::start(|asked| match asked.method().as_str() {
        "notifications/x" => response("500 Oops", ""),
        _ => handshake(asked).unwrap_or_else(accepted),
    })
    .await;
    let (peer, _events) = server.connect().await;
    assert_eq!(peer.notify(method("notifications/y"), None).await, Ok(()));
    let reason = "the server answered with HTTP 500".to_owned();
    assert_eq!(peer.notify(method("notifications/x"), None).await, Err(PeerError::Protocol { reason }));
}
