//! Calls: what goes to the server, what comes back, and what is on record.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt;
use orch_domain::arguments::{Arguments, RecordedArguments};
use orch_domain::call::{CallKind, Outcome};
use orch_domain::id::ProjectId;
use orch_domain::policy::Subject;
use orch_domain::policy::pattern::Pattern;
use orch_domain::port::argument_digester::ArgumentDigester;
use orch_domain::role::Role;
use orch_mcp::error::RpcError;
use orch_mcp::peer::{PeerError, ReplyItem};
use orch_relay::reply::Event;
use orch_relay::stop::StopReason;
use orch_testkit::fakes::PlainDigester;
use orch_testkit::scripted_peer::{ScriptedPeer, items, never};

use crate::house::{House, end, hello, raw, usual};

fn peer(house: &House, alias: &str, call: Result<&str, PeerError>) -> Arc<ScriptedPeer> {
    let peer = Arc::new(ScriptedPeer::new(hello(), usual("read", call.map(raw))));
    house.connector.put(alias, Ok(Arc::clone(&peer)));
    peer
}

#[tokio::test]
async fn passes_params_and_results_untouched_on_a_servers_own_endpoint() {
    let house = House::with(&["fs"]);
    let result = r#"{ "content":[{"type":"resource_link","uri":"file:///a","name":"a"}], "x" : 1e400 }"#;
    let fs = peer(&house, "fs", Ok(result));
    let params = r#"{ "name" : "read","arguments":{"n":12345678901234567890, "f":1.0},"future":[ ] }"#;
    let answer = house.ask(&house.alone("fs"), "tools/call", params).await;
    assert_eq!(answer, Ok(raw(result)));
    let sent = fs.sent().into_iter().find(|request| request.method.as_str() == "tools/call").expect("the call");
    assert_eq!((sent.params, sent.progress), (Some(raw(params)), false));

    let calls = house.recorded();
    assert_eq!(calls.len(), 1);
    assert_eq!((calls[0].kind, calls[0].outcome), (CallKind::Tool, Outcome::Ok));
    assert_eq!((&*calls[0].server, calls[0].target.as_str(), &*calls[0].client), ("fs", "read", "tester 1"));
}

#[tokio::test]
async fn arguments_are_on_record_as_the_project_wants_them() {
    let params = r#"{"name":"read","arguments":{"path":"/a","token":"planted"}}"#;
    let digest = PlainDigester.digest(ProjectId::new(), br#"{"path":"/a","token":"planted"}"#);
    let redacted = r#"{"path":"/a","token":"[redacted]"}"#.to_owned();
    let hidden = vec![Pattern::parse_member("path").expect("a pattern")];
    let all_hidden = r#"{"path":"[redacted]","token":"[redacted]"}"#.to_owned();
    for (choice, expected) in [
        (RecordedArguments::Nothing, None),
        (RecordedArguments::Digest, Some(Arguments::Digest(digest))),
        (RecordedArguments::Redacted { hidden: Vec::new() }, Some(Arguments::Redacted(redacted))),
        (RecordedArguments::Redacted { hidden }, Some(Arguments::Redacted(all_hidden))),
    ] {
        let house = House::with(&["fs"]);
        let fs = peer(&house, "fs", Ok("{}"));
        house.change_project(|project| project.project.recorded_arguments = choice.clone());
        house.ask(&house.alone("fs"), "tools/call", params).await.expect("an answer");
        let sent = fs.sent().into_iter().find(|request| request.method.as_str() == "tools/call").expect("the call");
        assert_eq!(sent.params, Some(raw(params)), "the server gets what the client sent");
        // Also of what is refused; a call without arguments has none.
        house.ask(&house.unified(), "tools/call", &params.replace("read", "nobody__x")).await.expect_err("unknown");
        house.ask(&house.alone("fs"), "tools/call", r#"{"name":"read"}"#).await.expect("an answer");
        let kept: Vec<_> = house.recorded().into_iter().map(|call| call.arguments).collect();
        assert_eq!(kept, [expected.clone(), expected, None], "{choice:?}");
    }
}

#[tokio::test]
async fn translates_names_and_uris_on_the_unified_endpoint() {
    let house = House::with(&["fs", "git"]);
    let result = r#"{"content":[{"type":"resource_link","uri":"file:///a"},{"type":"resource","resource":{"uri":"ui://x/y"}},{"type":"text","text":"\"uri\""}]}"#;
    let fs = peer(&house, "fs", Ok(result));
    peer(&house, "git", Ok("{}"));
    let cx = house.unified();
    let answer = house.ask(&cx, "tools/call", r#"{"name":"fs__read","arguments":{}}"#).await.expect("a result");
    assert_eq!(
        answer.as_str(),
        r#"{"content":[{"type":"resource_link","uri":"fs+file:///a"},{"type":"resource","resource":{"uri":"ui://fs/x/y"}},{"type":"text","text":"\"uri\""}]}"#
    );
    let sent = fs.sent().into_iter().find(|request| request.method.as_str() == "tools/call").expect("the call");
    assert_eq!(sent.params, Some(raw(r#"{"name":"read","arguments":{}}"#)));

    let fs = peer(&house, "fs", Ok(r#"{"contents":[{"uri":"file:///a","text":"x"}]}"#));
    house.change("fs", |server| server.generation += 1);
    let read = house.ask(&house.unified(), "resources/read", r#"{"uri":"fs+file:///a"}"#).await.expect("a result");
    assert_eq!(read.as_str(), r#"{"contents":[{"uri":"fs+file:///a","text":"x"}]}"#);
    let sent = fs.sent().into_iter().find(|request| request.method.as_str() == "resources/read").expect("the read");
    assert_eq!(sent.params, Some(raw(r#"{"uri":"file:///a"}"#)));
}

#[tokio::test]
async fn answers_a_denied_call_like_an_unknown_one_and_records_both() {
    let house = House::with(&["fs"]);
    let fs = peer(&house, "fs", Ok("{}"));
    let unknown = house.ask(&house.unified(), "tools/call", r#"{"name":"nobody__x"}"#).await.expect_err("unknown");
    assert_eq!((unknown.code, unknown.message.as_str()), (-32602, "unknown tool: nobody__x"));
    let denied = |role| {
        let mut cx = house.unified();
        cx.subject = Subject::of(cx.principal.user_id, role);
        cx
    };
    for role in [None, Some(Role::Viewer)] {
        let refused = house.ask(&denied(role), "tools/call", r#"{"name":"fs__read"}"#).await.expect_err("denied");
        assert_eq!((refused.code, refused.message.as_str()), (-32602, "unknown tool: fs__read"));
    }
    let uri = house.ask(&house.unified(), "resources/read", r#"{"uri":"file:///etc/passwd"}"#).await;
    let uri = uri.expect_err("an unknown resource");
    assert_eq!(uri.code, -32002);
    assert_eq!(uri.data, Some(raw(r#"{"uri":"file:///etc/passwd"}"#)));
    assert!(fs.sent().iter().all(|request| request.method.as_str() != "tools/call"), "nothing reached the server");
    assert_eq!(house.recorded().len(), 4);
    assert!(house.recorded().iter().all(|call| call.outcome == Outcome::Refused));
}

#[tokio::test]
async fn relays_errors_and_tells_tool_errors_apart_in_the_record() {
    let house = House::with(&["a", "b", "c"]);
    peer(&house, "a", Ok(r#"{"content":[],"isError":true}"#));
    let own = RpcError { code: -31999, message: "log in".to_owned(), data: Some(raw(r#"{"x":1.0}"#)) };
    peer(&house, "b", Err(PeerError::Rpc(own.clone())));
    peer(&house, "c", Err(PeerError::Closed { reason: "the server exited with code 3".to_owned() }));
    assert!(house.ask(&house.unified(), "tools/call", r#"{"name":"a__read"}"#).await.is_ok());
    assert_eq!(house.ask(&house.unified(), "tools/call", r#"{"name":"b__read"}"#).await, Err(own));
    let gone = house.ask(&house.unified(), "tools/call", r#"{"name":"c__read"}"#).await.expect_err("gone");
    assert_eq!(gone.message, "server c is not available: the server exited with code 3");
    let outcomes: Vec<_> = house.recorded().iter().map(|call| call.outcome).collect();
    assert_eq!(outcomes, [Outcome::ToolError, Outcome::RpcError(-31999), Outcome::Unavailable]);
}

#[tokio::test(start_paused = true)]
async fn gives_up_on_a_silent_server_and_cancels_upstream() {
    let house = House::with(&["fs"]);
    let script = usual("read", Ok(raw("{}")));
    let fs = Arc::new(ScriptedPeer::new(hello(), move |request| {
        if request.method.as_str() == "tools/call" { never() } else { script(request) }
    }));
    house.connector.put("fs", Ok(Arc::clone(&fs)));
    let slow = house.ask(&house.unified(), "tools/call", r#"{"name":"fs__read"}"#).await.expect_err("too slow");
    assert_eq!(slow.message, "server fs did not answer within 30 s");
    assert_eq!(fs.cancelled(), ["tools/call"]);
    assert_eq!(house.recorded()[0].outcome, Outcome::Timeout);
}

#[tokio::test(start_paused = true)]
async fn progress_keeps_a_call_alive_and_carries_the_clients_token() {
    let house = House::with(&["fs"]);
    let script = usual("read", Ok(raw("{}")));
    let fs = Arc::new(ScriptedPeer::new(hello(), move |request| {
        if request.method.as_str() != "tools/call" {
            return script(request);
        }
        assert!(request.progress);
        let steps = futures_util::stream::iter(1..=3).then(|step| async move {
            tokio::time::sleep(Duration::from_secs(20)).await;
            ReplyItem::Progress(raw(&format!(r#"{{"progress":{step}}}"#)))
        });
        let done = futures_util::stream::iter([ReplyItem::End(Ok(raw(r#"{"content":[]}"#)))]);
        Box::pin(steps.chain(done))
    }));
    house.connector.put("fs", Ok(fs));
    let cx = house.alone("fs");
    let mut reply = house.send(&cx, "tools/call", r#"{"name":"read","_meta":{"progressToken":"abc","v":1}}"#);
    for step in 1..=3 {
        let Some(Event::Notification(progress)) = reply.next().await else { panic!("no progress {step}") };
        assert_eq!(progress.method.as_str(), "notifications/progress");
        assert_eq!(progress.params, Some(raw(&format!(r#"{{"progress":{step},"progressToken":"abc"}}"#))));
    }
    assert!(matches!(reply.next().await, Some(Event::End(_))));
    assert!(reply.next().await.is_none());
}

#[tokio::test]
async fn ends_early_when_told_to() {
    for (reason, outcome, said) in [
        (StopReason::Cancelled, Outcome::Cancelled, None),
        (StopReason::AccessEnded, Outcome::Abandoned, Some("access has ended")),
        (
            StopReason::Stopping,
            Outcome::Stopping,
            Some("the daemon stopped before the call ended; it may have been done in part"),
        ),
    ] {
        let house = House::with(&["fs"]);
        let script = usual("read", Ok(raw("{}")));
        let fs = Arc::new(ScriptedPeer::new(hello(), move |request| {
            if request.method.as_str() == "tools/call" { never() } else { script(request) }
        }));
        house.connector.put("fs", Ok(Arc::clone(&fs)));
        let cx = house.alone("fs");
        let mut reply = house.send(&cx, "tools/call", r#"{"name":"read"}"#);
        let stop = Arc::clone(&cx.stop);
        let (event, ()) = tokio::join!(reply.next(), async {
            while fs.sent().iter().all(|request| request.method.as_str() != "tools/call") {
                tokio::task::yield_now().await;
            }
            // That the daemon is about to stop ends nothing that is being done.
            stop.drain();
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            assert!(house.recorded().is_empty() && fs.cancelled().is_empty());
            stop.stop(reason);
        });
        match (said, event) {
            (None, Some(Event::Cancelled)) => {}
            (Some(said), Some(Event::End(answer))) => {
                assert_eq!(answer.into_inner().expect_err("an error").message, said);
            }
            (_, event) => panic!("{event:?}"),
        }
        drop(reply);
        assert_eq!(fs.cancelled(), ["tools/call"]);
        assert_eq!(house.recorded()[0].outcome, outcome);
    }
}

#[tokio::test]
async fn a_reply_that_nobody_takes_is_recorded_as_abandoned() {
    let house = House::with(&["fs"]);
    let script = usual("read", Ok(raw("{}")));
    let fs = Arc::new(ScriptedPeer::new(hello(), move |request| {
        if request.method.as_str() == "tools/call" {
            return items(vec![ReplyItem::Progress(raw("{}"))]);
        }
        script(request)
    }));
    house.connector.put("fs", Ok(fs));
    drop(house.send(&house.alone("fs"), "tools/call", r#"{"name":"read"}"#));
    assert_eq!(house.recorded()[0].outcome, Outcome::Abandoned);
    // A stream that ends without an answer is the server's fault.
    let torn = end(house.send(&house.alone("fs"), "tools/call", r#"{"name":"read"}"#)).await.expect_err("torn");
    assert_eq!(torn.message, "server fs is not available: the connection ended without an answer");
}

#[tokio::test]
async fn a_call_that_cannot_be_recorded_is_not_made() {
    let house = House::with(&["fs"]);
    let fs = peer(&house, "fs", Ok("{}"));
    house.record.full.store(true, Ordering::Release);
    let refused = house.ask(&house.alone("fs"), "tools/call", r#"{"name":"read"}"#).await.expect_err("refused");
    assert_eq!(refused.data, Some(raw(r#"{"gateway":{"reason":"record_unavailable"}}"#)));
    assert!(fs.sent().iter().all(|request| request.method.as_str() != "tools/call"));
}

#[tokio::test]
async fn params_that_name_nothing_are_refused() {
    let house = House::with(&["fs"]);
    peer(&house, "fs", Ok("{}"));
    for (method, params) in [
        ("tools/call", "{}"),
        ("tools/call", r#"{"name":7}"#),
        ("prompts/get", r#"{"arguments":{}}"#),
        ("resources/read", r#"{"name":"x"}"#),
    ] {
        let refused = house.ask(&house.alone("fs"), method, params).await.expect_err(params);
        assert_eq!(refused.code, -32602, "{method} {params}");
    }
    assert_eq!(house.recorded().len(), 4);
}

#[tokio::test]
async fn passes_unknown_methods_to_one_server_and_refuses_them_for_many() {
    let house = House::with(&["fs"]);
    let fs = peer(&house, "fs", Ok(r#"{"x":1}"#));
    let answer = house.ask(&house.alone("fs"), "vendor/do", r#"{"y":1.0}"#).await;
    assert_eq!(answer, Ok(raw(r#"{"x":1}"#)));
    assert!(fs.sent().iter().any(|request| request.params == Some(raw(r#"{"y":1.0}"#))));
    assert_eq!(house.ask(&house.unified(), "vendor/do", "{}").await.expect_err("unknown").code, -32601);
    assert_eq!(house.ask(&house.alone("fs"), "tasks/get", "{}").await.expect_err("withheld").code, -32601);
    let completed = house
        .ask(
            &house.unified(),
            "completion/complete",
            r#"{"ref":{"type":"ref/prompt","name":"fs__greet"},"argument":{}}"#,
        )
        .await;
    assert_eq!(completed, Ok(raw(r#"{"x":1}"#)));
    let sent = fs.sent().into_iter().find(|request| request.method.as_str() == "completion/complete").expect("sent");
    assert_eq!(sent.params, Some(raw(r#"{"ref":{"type":"ref/prompt","name":"greet"},"argument":{}}"#)));
    let unknown =
        house.ask(&house.unified(), "completion/complete", r#"{"ref":{"type":"ref/prompt","name":"zz"}}"#).await;
    assert_eq!(unknown.expect_err("unknown").code, -32602);
}
