//! Streams over HTTP: the server's own, and answers that break off and are resumed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use orch_mcp::declared::Declared;
use orch_mcp::peer::{Asking, Connection, EraChoice, Peer as _, PeerError, ReplyItem};
use serde_json::Value;
use tokio::sync::Notify;

use crate::support::server::{
    Asked, Script, Server, Speech, Step, accepted, chunk, events, handshake_in, head, last_chunk, message, response,
    result,
};
use crate::support::{Events, call, config, drain, raw, request, with_progress, within};

const CHANGED: &str = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;

async fn server(answer: impl Fn(&Asked) -> Option<Script> + Send + Sync + 'static) -> Server {
    Server::start(move |asked| answer(asked).or_else(|| handshake_in("s", asked)).unwrap_or_else(accepted)).await
}

#[tokio::test]
async fn hands_on_what_the_server_says_and_opens_its_stream_again() {
    let opened = AtomicUsize::new(0);
    let server = server(move |asked| {
        (asked.method() == "GET").then(|| match opened.fetch_add(1, Ordering::SeqCst) {
            0 => vec![
                head("text/event-stream"),
                chunk(&format!("id: 1\nretry: 100\ndata: {CHANGED}\n\n: comment\n\n")),
                chunk("data: {\"jsonrpc\":\"2.0\",\"id\":\"q\",\"method\":\"roots/list\"}\n\n"),
                last_chunk(),
            ],
            1 => response("503 Service Unavailable", ""),
            2 => vec![
                head("text/event-stream"),
                chunk("id: 2\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/resources/updated\",\"params\":{\"uri\":\"a:b\"}}\n\n"),
                Step::Hang(Arc::default()),
            ],
            _ => response("405 Method Not Allowed", ""),
        })
    })
    .await;
    let (peer, events) = server.connect().await;
    assert_eq!(events.next().await, "notifications/tools/list_changed");
    assert_eq!(events.next().await, r#"notifications/resources/updated {"uri":"a:b"}"#);
    let gets = server.wait_for("GET", 3).await;
    let last_ids: Vec<_> = gets.iter().map(|get| get.header("last-event-id")).collect();
    assert_eq!(last_ids, [None, Some("1"), Some("1")]);
    let answer = server.wait_for("response", 1).await.remove(0).json();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&"q".into(), &(-32601).into()));
    drop(peer);
}

#[tokio::test]
async fn opens_the_stream_of_the_new_session() {
    let valid = Arc::new(AtomicUsize::new(1));
    let opened = AtomicUsize::new(0);
    let limit = valid.clone();
    let server = Server::start(move |asked| {
        let session: usize = asked.header("mcp-session-id").and_then(|id| id.parse().ok()).unwrap_or(0);
        match asked.method().as_str() {
            "initialize" => {
                let number = opened.fetch_add(1, Ordering::SeqCst) + 1;
                handshake_in(&number.to_string(), asked).unwrap_or_else(accepted)
            }
            _ if session < limit.load(Ordering::SeqCst) => response("404 Not Found", ""),
            "GET" => vec![
                head("text/event-stream"),
                chunk(&format!("data: {{\"jsonrpc\":\"2.0\",\"method\":\"notifications/{session}\"}}\n\n")),
                Step::Hang(Arc::default()),
            ],
            "tools/call" => result(asked, "{}"),
            _ => accepted(),
        }
    })
    .await;
    let (peer, events) = server.connect().await;
    assert_eq!(events.next().await, "notifications/1");
    valid.store(2, Ordering::SeqCst);
    assert_eq!(call(&*peer, "{}").await.as_deref(), Ok("{}"));
    assert_eq!(events.next().await, "notifications/tools/list_changed");
    assert_eq!(events.next().await, "notifications/2");
}

#[tokio::test]
async fn heals_a_session_that_is_lost_while_nobody_calls() {
    let valid = Arc::new(AtomicUsize::new(1));
    let opened = AtomicUsize::new(0);
    let limit = valid.clone();
    let end_stream = Arc::new(Notify::new());
    let ends = end_stream.clone();
    let server = Server::start(move |asked| {
        let session: usize = asked.header("mcp-session-id").and_then(|id| id.parse().ok()).unwrap_or(0);
        match asked.method().as_str() {
            "initialize" => {
                let number = opened.fetch_add(1, Ordering::SeqCst) + 1;
                handshake_in(&number.to_string(), asked).unwrap_or_else(accepted)
            }
            _ if session < limit.load(Ordering::SeqCst) => response("404 Not Found", ""),
            "GET" => vec![
                head("text/event-stream"),
                chunk(&format!("retry: 100\ndata: {{\"jsonrpc\":\"2.0\",\"method\":\"notifications/{session}\"}}\n\n")),
                Step::Wait(ends.clone()),
                last_chunk(),
            ],
            _ => accepted(),
        }
    })
    .await;
    let (_peer, events) = server.connect().await;
    assert_eq!(events.next().await, "notifications/1");
    valid.store(2, Ordering::SeqCst);
    end_stream.notify_one();
    assert_eq!(events.next().await, "notifications/tools/list_changed");
    assert_eq!(events.next().await, "notifications/2");
}

#[tokio::test]
async fn resumes_an_answer_after_the_time_the_server_asks_for() {
    let resumed = AtomicUsize::new(0);
    let server = server(move |asked| match asked.method().as_str() {
        "tools/call" => Some(vec![
            head("text/event-stream"),
            chunk("id: e-1\nretry: 300\ndata:\n\n"),
            last_chunk(),
        ]),
        "GET" if asked.header("last-event-id") == Some("e-1") => {
            assert_eq!((asked.header("mcp-session-id"), resumed.fetch_add(1, Ordering::SeqCst)), (Some("s"), 0));
            // The connection goes in the middle, after progress.
            Some(vec![
                head("text/event-stream"),
                chunk("id: e-2\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progressToken\":2,\"progress\":1}}\n\n"),
                Step::Close,
            ])
        }
        "GET" if asked.header("last-event-id") == Some("e-2") => {
            Some(events(&[r#"{"jsonrpc":"2.0","id":2,"result":{"late":true}}"#]))
        }
        _ => None,
    })
    .await;
    let (peer, _events) = server.connect().await;
    let started = Instant::now();
    let (items, end) = drain(peer.send(with_progress("tools/call", "{}"))).await;
    assert_eq!(end.as_deref(), Ok(r#"{"late":true}"#));
    assert_eq!(items, [r#"progress {"progress":1}"#]);
    assert!(started.elapsed() >= Duration::from_millis(600), "{:?}", started.elapsed());
}

#[tokio::test]
async fn gives_up_an_answer_that_cannot_be_resumed() {
    let server = server(|asked| match asked.method().as_str() {
        "tools/call" => Some(vec![head("text/event-stream"), chunk("id: e-1\nretry: 1\ndata:\n\n"), last_chunk()]),
        "GET" if asked.header("last-event-id").is_some() => Some(match asked.header("x-mode") {
            Some("gone") => response("404 Not Found", ""),
            Some("refused") => response("405 Method Not Allowed", ""),
            _ => vec![head("text/event-stream"), last_chunk()],
        }),
        _ => None,
    })
    .await;
    for (mode, expected) in [
        ("gone", "the server's answer broke off and its session is gone"),
        ("refused", "the server's answer broke off: the server answered with HTTP 405"),
        ("empty", "the server's answer broke off and could not be resumed: the stream ended each time"),
    ] {
        let mut target = server.target();
        target.headers.push(("x-mode".to_owned(), mode.into()));
        let events = crate::support::Events::new();
        let peer = orch_upstream::http::connect(&target, &crate::support::SHARED, &crate::support::config(), events)
            .await
            .expect("peer");
        assert_eq!(call(&*peer, "{}").await, Err(PeerError::Closed { reason: expected.to_owned() }), "{mode}");
    }
}

#[tokio::test]
async fn an_answer_ends_the_call_though_its_stream_goes_on() {
    let server = server(|asked| {
        (asked.method() == "tools/call").then(|| {
            vec![
                head("text/event-stream"),
                chunk(&format!("data: {}\n\n", message(asked, "{}"))),
                Step::Hang(Arc::default()),
            ]
        })
    })
    .await;
    let (peer, _events) = server.connect().await;
    for _ in 0..3 {
        assert_eq!(call(&*peer, "{}").await.as_deref(), Ok("{}"));
    }
    assert!(!server.methods().contains(&"notifications/cancelled".to_owned()));
}

#[tokio::test]
async fn a_flood_of_requests_of_the_server_holds_up_nothing_that_others_say() {
    let (say, speech) = Speech::new();
    let server = server(move |asked| match asked.method().as_str() {
        "GET" => Some(vec![head("text/event-stream"), Step::Say(speech.clone())]),
        // Our answers to its pings are not taken.
        "response" if asked.body.contains("ping") => Some(vec![Step::Wait(Arc::default())]),
        "tools/call" => Some(vec![Step::Hang(Arc::default())]),
        _ => None,
    })
    .await;
    let (events, mut config) = (Events::new(), config());
    config.http.background = 2;
    let declared = Declared { capabilities: raw(r#"{"elicitation":{}}"#), info: None };
    let of_a_client = Connection { era: EraChoice::Legacy, declared, asking: Asking::Anytime };
    let peer =
        orch_upstream::http::connect(&server.target(), &of_a_client, &config, events.clone()).await.expect("peer");
    for number in 0..9 {
        say.send(format!("data: {{\"jsonrpc\":\"2.0\",\"id\":\"ping {number}\",\"method\":\"ping\"}}\n\n"))
            .expect("the stream");
    }
    server.wait_for("response", 2).await;
    assert!(events.next().await.contains("does not take what it is told"));
    let elicitation = r#"{"jsonrpc":"2.0","id":"e","method":"elicitation/create","params":{}}"#;
    say.send(format!("data: {elicitation}\n\n")).expect("the stream");
    // It is dropped with the event, which is an answer too.
    while events.next().await != "question elicitation/create" {}
    let answers = server.wait_for("response", 3).await;
    assert!(answers[2].body.contains("cancel"), "{answers:?}");
    let mut given_up = peer.send(request("tools/call", "{}"));
    tokio::select! {
        item = given_up.next() => panic!("{item:?}"),
        _ = server.wait_for("tools/call", 1) => {}
    }
    drop(given_up);
    server.wait_for("notifications/cancelled", 1).await;
}

#[tokio::test]
async fn progress_reaches_its_call_on_whichever_stream_it_comes() {
    let (say, speech) = Speech::new();
    let (say_beside, beside) = Speech::new();
    let server = server(move |asked| {
        let speech = match asked.method().as_str() {
            "GET" => &speech,
            "tools/call" if asked.body.contains("beside") => &beside,
            "tools/call" => return Some(vec![head("application/json"), Step::Hang(Arc::default())]),
            _ => return None,
        };
        Some(vec![head("text/event-stream"), Step::Say(speech.clone())])
    })
    .await;
    let (peer, events) = server.connect().await;
    let mut reply = peer.send(with_progress("tools/call", "{}"));
    let mut other = peer.send(with_progress("tools/call", r#"{"name":"beside"}"#));
    let mut items = async || {
        tokio::select! {
            item = within(reply.next()) => item,
            item = within(other.next()) => panic!("it is not of that call: {item:?}"),
        }
    };
    let progress = |token: &Value, value: u32| {
        let params = format!(r#"{{"progressToken":{token},"progress":{value}}}"#);
        format!("data: {{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{params}}}\n\n")
    };
    let mut hear = async || match items().await {
        Some(ReplyItem::Progress(params)) => params.as_str().to_owned(),
        item => panic!("{item:?}"),
    };
    let told = async {
        let calls = server.wait_for("tools/call", 2).await;
        let call = calls.iter().find(|call| !call.body.contains("beside")).expect("the call").json();
        let token = call["params"]["_meta"]["progressToken"].clone();
        for (value, token) in [(7, &Value::from(999)), (1, &token), (1, &token), (2, &token)] {
            say.send(progress(token, value)).expect("the stream");
        }
        token
    };
    let (first, token) = tokio::join!(hear(), told);
    assert_eq!(first, r#"{"progress":1}"#);
    assert_eq!(hear().await, r#"{"progress":2}"#, "progress increases");
    say_beside.send(progress(&token, 3)).expect("the stream");
    assert_eq!(hear().await, r#"{"progress":3}"#);
    assert!(events.is_empty());
}
