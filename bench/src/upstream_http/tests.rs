//! Tests of the statuses and sessions, without a socket.

use std::borrow::Cow;

use crate::http1::Request;

use super::{Answers, Sessions, respond};

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;

fn post(body: &str) -> Request<'_> {
    Request {
        method: "POST",
        path: "/mcp",
        session: None,
        revision: None,
        origin: None,
        keep_alive: true,
        body: Cow::Borrowed(body.as_bytes()),
    }
}

fn ask(sessions: &Sessions, request: &Request<'_>) -> String {
    let mut answers = Answers { out: Vec::new(), body: Vec::new() };
    respond(request, sessions, &mut answers);
    assert!(answers.body.is_empty(), "a body was left for the next answer");
    String::from_utf8_lossy(&answers.out).into_owned()
}

fn check(sessions: &Sessions, request: &Request<'_>, expected: &[&str]) {
    let got = ask(sessions, request);
    for part in expected {
        assert!(got.contains(part), "{part} is not in {got}");
    }
}

#[test]
fn a_session_lives_from_initialize_to_delete() {
    let sessions = Sessions::default();
    let opened = ask(&sessions, &post(INITIALIZE));
    let id = opened.split("mcp-session-id: ").nth(1).and_then(|rest| rest.get(..36));
    let id = id.unwrap_or_default().as_bytes();
    let within = |request| Request { session: Some(id), ..request };
    check(&sessions, &within(post(PING)), &["200 OK", r#""result":{}"#]);
    let quiet = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    check(&sessions, &within(post(quiet)), &["202 Accepted", "content-length: 0"]);
    let delete = within(Request { method: "DELETE", ..post("") });
    check(&sessions, &delete, &["200 OK"]);
    check(&sessions, &delete, &["404 Not Found"]);
    check(&sessions, &within(post(PING)), &["404 Not Found", "-32001"]);
}

#[test]
fn answers_what_does_not_fit_with_the_right_status() {
    let sessions = Sessions::default();
    let get = Request { method: "GET", ..post("") };
    let discover = r#"{"jsonrpc":"2.0","id":1,"method":"server/discover"}"#;
    let modern = Request { revision: Some(b"2026-07-28"), ..post(discover) };
    check(&sessions, &get, &["405", "allow: POST"]);
    check(&sessions, &modern, &["200 OK", "-32601"]);
    check(&sessions, &post(PING), &["400", "no session id", r#""id":1"#]);
    check(&sessions, &post("{"), &["400", "-32700"]);
    check(&sessions, &Request { path: "/", ..post(PING) }, &["404"]);
    check(&sessions, &Request { revision: Some(b"1999-01-01"), ..post(PING) }, &["400", "version"]);
    check(&sessions, &Request { origin: Some(b"https://example.com"), ..post(PING) }, &["403"]);
    let near = Request { origin: Some(b"http://localhost:1"), ..post(INITIALIZE) };
    check(&sessions, &near, &["200 OK"]);
    let fake = Request { origin: Some(b"http://localhost.example.com"), ..post(INITIALIZE) };
    check(&sessions, &fake, &["403"]);
}
