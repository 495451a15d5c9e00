//! Connections: kept and used again, found dead in time, and never a call sent twice that may have been executed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::StreamExt as _;
use orch_mcp::peer::{Peer as _, PeerError};
use orch_upstream::UpstreamConfig;
use tokio::sync::Notify;

use crate::support::server::{
    Asked, Script, Server, Step, accepted, chunk, events, handshake, head, message, response, result, write,
};
use crate::support::{call, config, end, request, spawn, within};

async fn server(answer: impl Fn(&Asked) -> Script + Send + Sync + 'static) -> Server {
    Server::start(move |asked| match asked.method().as_str() {
        "tools/call" | "tools/list" => answer(asked),
        _ => handshake(asked).unwrap_or_else(accepted),
    })
    .await
}

#[tokio::test]
async fn uses_one_connection_for_calls_one_after_the_other() {
    let server = server(|asked| match asked.json()["params"]["n"].as_u64() {
        Some(n) if n % 2 == 0 => events(&[&message(asked, "{}")]),
        _ => result(asked, "{}"),
    })
    .await;
    let (peer, _events) = server.connect().await;
    server.wait_for("GET", 1).await;
    for n in 0..50 {
        assert_eq!(call(&*peer, &format!(r#"{{"n":{n}}}"#)).await.as_deref(), Ok("{}"));
    }
    // One for the calls and one for the server's own stream; the end of an event stream may come late a few times.
    assert!(server.connections() <= 6, "{}", server.connections());
}

#[tokio::test]
async fn uses_as_many_connections_as_there_are_calls_at_a_time() {
    let server = server(|asked| result(asked, &format!(r#"{{"n":{}}}"#, asked.json()["params"]["n"]))).await;
    let (peer, _events) = server.connect().await;
    let callers: Vec<_> = (0..16)
        .map(|caller| {
            let peer = Arc::clone(&peer);
            tokio::spawn(async move {
                for index in 0..50 {
                    let n = caller * 1000 + index;
                    let params = format!(r#"{{"n":{n}}}"#);
                    assert_eq!(call(&*peer, &params).await, Ok(params));
                }
            })
        })
        .collect();
    for caller in callers {
        within(caller).await.expect("caller");
    }
    assert!(server.connections() <= 18, "{}", server.connections());
}

#[tokio::test]
async fn a_call_on_a_connection_that_is_dead_is_sent_on_a_new_one() {
    let (close, closed) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (closing, tell) = (close.clone(), closed.clone());
    let server = server(move |asked| {
        let mut script = result(asked, "{}");
        // The server ends the connection some time after an answer, as servers do.
        script.push(Step::Wait(closing.clone()));
        script.push(Step::CloseAndTell(tell.clone()));
        script
    })
    .await;
    let (peer, _events) = server.connect().await;
    server.wait_for("GET", 1).await;
    let before = server.connections();
    for calls in 1..=5 {
        assert_eq!(call(&*peer, "{}").await.as_deref(), Ok("{}"));
        close.notify_one();
        within(closed.notified()).await;
        // Lets this thread's runtime look at its sockets.
        tokio::task::yield_now().await;
        assert_eq!(server.wait_for("tools/call", calls).await.len(), calls);
    }
    // The first call had the connection of the handshake, another that of the refused stream.
    assert!((before + 3..=before + 4).contains(&server.connections()), "{}", server.connections());
}

/// On a kept connection the server reads the request and closes without a word.
async fn server_that_swallows(times: usize) -> Server {
    let swallowed = AtomicUsize::new(0);
    server(move |asked| {
        let warm = asked.json()["params"]["warm"].is_boolean();
        if !warm && swallowed.fetch_add(1, Ordering::SeqCst) < times { vec![Step::Close] } else { result(asked, "{}") }
    })
    .await
}

#[tokio::test]
async fn a_tool_call_is_never_sent_twice() {
    let server = server_that_swallows(1).await;
    let (peer, _events) = server.connect().await;
    call(&*peer, r#"{"warm":true}"#).await.expect("result");
    let Err(PeerError::Closed { reason }) = call(&*peer, "{}").await else { panic!("no error") };
    let expected = format!("the connection to 127.0.0.1:{} was lost before the answer: ", server.port);
    assert!(reason.starts_with(&expected), "{reason}");
    assert_eq!(server.wait_for("tools/call", 2).await.len(), 2);
    assert_eq!(call(&*peer, "{}").await.as_deref(), Ok("{}"));
}

#[tokio::test]
async fn a_list_is_sent_once_more() {
    let server = server_that_swallows(1).await;
    let (peer, _events) = server.connect().await;
    call(&*peer, r#"{"warm":true}"#).await.expect("result");
    assert_eq!(end(peer.send(request("tools/list", "{}"))).await.as_deref(), Ok("{}"));
    assert_eq!(server.wait_for("tools/list", 2).await.len(), 2);
}

#[tokio::test]
async fn a_connection_is_not_kept_longer_than_the_limit() {
    let server = server(|asked| result(asked, "{}")).await;
    let mut config = config();
    config.http.idle_ms = 0;
    let (peer, _events) = server.connect_with(&config).await;
    server.wait_for("GET", 1).await;
    let before = server.connections();
    for _ in 0..3 {
        call(&*peer, "{}").await.expect("result");
    }
    assert_eq!(server.connections(), before + 3);
}

#[tokio::test]
async fn a_server_that_closes_after_each_answer_is_served_all_the_same() {
    let server = server(|asked| {
        let mut script =
            response("200 OK\r\ncontent-type: application/json\r\nconnection: close", &message(asked, "{}"));
        script.push(Step::Close);
        script
    })
    .await;
    let (peer, _events) = server.connect().await;
    for _ in 0..3 {
        assert_eq!(call(&*peer, "{}").await.as_deref(), Ok("{}"));
    }
}

#[tokio::test]
async fn a_dropped_call_closes_its_connection_and_cancels() {
    let gone = Arc::new(Notify::new());
    let closed = gone.clone();
    let server = server(move |asked| {
        let begin = format!("data: {}\n\n", message(asked, "{}").replace("result", "resul"));
        vec![head("text/event-stream"), chunk(&begin), Step::Hang(closed.clone())]
    })
    .await;
    let (peer, _events) = server.connect().await;
    let mut reply = peer.send(request("tools/call", "{}"));
    let asked = loop {
        assert!(futures_util::poll!(reply.next()).is_pending());
        if let Some(asked) = server.all().into_iter().find(|asked| asked.method() == "tools/call") {
            break asked;
        }
        tokio::task::yield_now().await;
    };
    drop(reply);
    within(gone.notified()).await;
    let cancelled = &server.wait_for("notifications/cancelled", 1).await[0];
    assert_eq!(cancelled.json()["params"]["requestId"], asked.id());
}

#[tokio::test]
async fn a_call_that_never_began_is_not_cancelled() {
    let server = server(|asked| result(asked, "{}")).await;
    let (peer, _events) = server.connect().await;
    drop(peer.send(request("tools/call", "{}")));
    call(&*peer, "{}").await.expect("result");
    within(peer.close()).await;
    assert!(!server.methods().contains(&"notifications/cancelled".to_owned()), "{:?}", server.methods());
}

#[tokio::test]
async fn a_broken_answer_is_an_error_and_spoils_nothing() {
    let server = server(|asked| match asked.json()["params"]["n"].as_u64() {
        Some(1) => vec![
            write("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{\"js"),
            Step::Close,
        ],
        Some(2) => vec![head("text/event-stream"), chunk("data: {}\n\n"), Step::Close],
        Some(3) => vec![write("rubbish\r\n\r\n"), Step::Close],
        _ => result(asked, "{}"),
    })
    .await;
    let (peer, _events) = server.connect().await;
    for n in [1, 2, 3] {
        let end = call(&*peer, &format!(r#"{{"n":{n}}}"#)).await;
        assert!(matches!(end, Err(PeerError::Closed { .. })), "{n}: {end:?}");
        assert_eq!(call(&*peer, "{}").await.as_deref(), Ok("{}"));
    }
}

#[tokio::test]
async fn has_a_limit_on_open_requests() {
    let go_on = Arc::new(Notify::new());
    let waits = go_on.clone();
    let server = server(move |asked| {
        let mut script = vec![Step::Wait(waits.clone())];
        script.extend(result(asked, "{}"));
        script
    })
    .await;
    let (peer, _events) = server.connect_with(&UpstreamConfig { max_in_flight: 2, ..config() }).await;
    let waiting = [(); 2].map(|()| spawn(peer.send(request("tools/call", "{}"))));
    server.wait_for("tools/call", 2).await;
    let reason = "the server has 2 requests open, the limit".to_owned();
    assert_eq!(call(&*peer, "{}").await, Err(PeerError::Busy { reason, retry_after: None }));
    go_on.notify_waiters();
    for reply in waiting {
        within(reply).await.expect("task").expect("result");
    }
    go_on.notify_one();
    call(&*peer, "{}").await.expect("a place is free again");
}
