//! Calls to a child: bytes that stay as they are, progress, cancellation, and what a child should not say.

use futures_util::StreamExt as _;
use orch_mcp::declared::Declared;
use orch_mcp::peer::{Asking, Connection, EraChoice, Peer as _, PeerError, ReplyItem};
use orch_mcp::raw::Raw;
use orch_upstream::UpstreamConfig;
use serde_json::json;

use crate::support::child::{self, Child, connected, connected_with};
use crate::support::{Events, call, config, drain, end, method, raw, request, spawn, with_progress, within};

#[tokio::test]
async fn passes_params_and_results_byte_for_byte() {
    let (peer, mut child, _events) = connected().await;
    for params in [
        r#"{ "a" : 1e400, "b":1.0,"c":12345678901234567890 , "d":"\u00e9é\u2028 ","e":{"unknown":[null,true]} }"#,
        r#"{}"#,
    ] {
        let reply = spawn(peer.send(request("tools/call", params)));
        let line = child.line().await;
        assert!(line.ends_with(&format!(r#","method":"tools/call","params":{params}}}"#)), "{line}");
        let id: serde_json::Value = serde_json::from_str(&line.replace("1e400", "1")).expect("json");
        child.answer(&id, params).await;
        assert_eq!(within(reply).await.expect("task").as_deref(), Ok(params));
    }
}

#[tokio::test]
async fn puts_pretty_params_on_one_line() {
    let (peer, mut child, _events) = connected().await;
    let reply = spawn(peer.send(request("tools/call", "{\n  \"a\": \"x\\ny\",\r\n  \"b\": [\n1]\n}")));
    let line = child.line().await;
    assert!(line.ends_with(r#""params":{   "a": "x\ny",    "b": [ 1] }}"#), "{line}");
    let message = serde_json::from_str(&line).expect("json");
    child.answer(&message, "{}").await;
    assert_eq!(within(reply).await.expect("task").as_deref(), Ok("{}"));
}

#[tokio::test]
async fn takes_ids_in_other_spellings_crlf_marks_and_batches() {
    let (peer, mut child, events) = connected().await;
    let replies = [(); 3].map(|()| spawn(peer.send(request("tools/call", "{}"))));
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(child.message().await["id"].as_u64().expect("an integer"));
    }
    child.say(&format!("\u{feff}{{\"jsonrpc\":\"2.0\",\"id\":\"{}\",\"result\":{{\"n\":0}}}}\r", ids[0])).await;
    child
        .say(&format!(
            r#"[{{"jsonrpc":"2.0","id":{}.0,"result":{{"n":1}}}},7,{{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}},{{"jsonrpc":"2.0","id":{},"error":{{"code":5,"message":"m","data":{{"x":1.0}}}}}}]"#,
            ids[1], ids[2]
        ))
        .await;
    let mut ends = Vec::new();
    for reply in replies {
        ends.push(within(reply).await.expect("task"));
    }
    assert_eq!(ends[0].as_deref(), Ok("{\"n\":0}"));
    assert_eq!(ends[1].as_deref(), Ok("{\"n\":1}"));
    let Err(PeerError::Rpc(error)) = &ends[2] else { panic!("{ends:?}") };
    assert_eq!((error.code, error.message.as_str()), (5, "m"));
    assert_eq!(error.data.as_ref().map(|data| data.as_str()), Some(r#"{"x":1.0}"#));
    assert!(events.next().await.starts_with("oddity: standard output has a line that is no message"));
    assert_eq!(events.next().await, "notifications/tools/list_changed");
}

#[tokio::test]
async fn maps_progress_to_its_request() {
    let (peer, mut child, events) = connected().await;
    let reply = tokio::spawn(drain(peer.send(with_progress("tools/call", r#"{"name":"a","_meta":{"v":1}}"#))));
    let message = child.message().await;
    let token = &message["params"]["_meta"]["progressToken"];
    assert_eq!((token, &message["params"]["_meta"]["v"]), (&message["id"], &1.into()));
    let progress = |params: &str| format!(r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{params}}}"#);
    child.say(&progress(&format!(r#"{{"progressToken":{token},"progress":1,"total":10.0,"x":{{}}}}"#))).await;
    for dropped in [
        format!(r#"{{"progressToken":{token},"progress":1}}"#),
        format!(r#"{{"progressToken":{token},"progress":0.5}}"#),
        format!(r#"{{"progressToken":{token},"value":5}}"#),
        r#"{"progressToken":"invented","progress":5}"#.to_owned(),
        r#"{"progressToken":99999,"progress":5}"#.to_owned(),
    ] {
        child.say(&progress(&dropped)).await;
    }
    child.say(&progress(&format!(r#"{{"progress":2,"progressToken":"{token}"}}"#))).await;
    child.answer(&message, r#"{"ok":true}"#).await;
    child.say(&progress(&format!(r#"{{"progressToken":{token},"progress":9}}"#))).await;
    let (items, end) = within(reply).await.expect("task");
    assert_eq!(items, [r#"progress {"progress":1,"total":10.0,"x":{}}"#, r#"progress {"progress":2}"#]);
    assert_eq!(end.as_deref(), Ok(r#"{"ok":true}"#));
    assert!(events.is_empty());
}

#[tokio::test]
async fn keeps_the_newest_progress_for_a_slow_caller_and_none_for_who_asked_for_none() {
    let (peer, mut child, _events) = connected_with(&UpstreamConfig { progress_queue: 2, ..config() }).await;
    let mut slow = peer.send(with_progress("tools/call", "{}"));
    assert!(futures_util::poll!(slow.next()).is_pending());
    let quiet = peer.send(request("tools/call", "{}"));
    let quiet = tokio::spawn(drain(quiet));
    let (first, second) = (child.message().await, child.message().await);
    for value in 1..=5 {
        for message in [&first, &second] {
            let params = format!(r#"{{"progressToken":{},"progress":{value}}}"#, message["id"]);
            child.say(&format!(r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{params}}}"#)).await;
        }
    }
    child.answer(&first, "{}").await;
    child.answer(&second, "{}").await;
    assert_eq!(within(quiet).await.expect("task"), (vec![], Ok("{}".to_owned())));
    let expected = [r#"progress {"progress":4}"#, r#"progress {"progress":5}"#].map(str::to_owned).to_vec();
    assert_eq!(drain(slow).await, (expected, Ok("{}".to_owned())));
}

#[tokio::test]
async fn does_nothing_before_the_first_poll() {
    let (peer, mut child, _events) = connected().await;
    drop(peer.send(request("tools/call", "{}")));
    peer.notify(method("notifications/x"), Some(raw("{\n}"))).await.expect("sent");
    assert_eq!(child.line().await, r#"{"jsonrpc":"2.0","method":"notifications/x","params":{ }}"#);
}

#[tokio::test]
async fn cancels_a_request_that_is_dropped_and_ignores_its_late_answer() {
    let (peer, mut child, events) = connected().await;
    let mut reply = peer.send(request("tools/call", "{}"));
    assert!(futures_util::poll!(reply.next()).is_pending());
    let message = child.message().await;
    drop(reply);
    let cancelled = child.message().await;
    assert_eq!(cancelled["method"], "notifications/cancelled");
    assert_eq!(cancelled["params"]["requestId"], message["id"]);
    child.answer(&message, r#"{"late":1}"#).await;
    let reply = spawn(peer.send(request("tools/call", "{}")));
    let message = child.message().await;
    child.answer(&message, r#"{"next":1}"#).await;
    assert_eq!(within(reply).await.expect("task").as_deref(), Ok(r#"{"next":1}"#));
    assert!(events.is_empty(), "{}", events.next().await);
}

#[tokio::test]
async fn cancels_nothing_after_the_end() {
    let (peer, mut child, _events) = connected().await;
    let mut reply = peer.send(request("tools/call", "{}"));
    assert!(futures_util::poll!(reply.next()).is_pending());
    let message = child.message().await;
    child.answer(&message, "{}").await;
    assert!(matches!(within(reply.next()).await, Some(ReplyItem::End(Ok(_)))));
    drop(reply);
    peer.notify(method("notifications/x"), None).await.expect("sent");
    assert_eq!(child.message().await["method"], "notifications/x");
}

#[tokio::test]
async fn reports_what_fits_nothing_and_goes_on() {
    let (peer, mut child, events) = connected().await;
    for odd in [
        "Done!",
        r#"{"jsonrpc":"2.0","id":"#,
        r#"{"jsonrpc":"2.0","id":4711,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":"abc","result":{}}"#,
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"what?"}}"#,
    ] {
        child.say(odd).await;
    }
    assert_eq!(events.next().await, "oddity: standard output has a line that is no message: Done!");
    assert!(events.next().await.starts_with("oddity: standard output has a line that is no message (not valid JSON"));
    assert_eq!(events.next().await, "oddity: a response belongs to no request, or came twice: id 4711");
    assert_eq!(events.next().await, "oddity: a response belongs to no request, or came twice: id \"abc\"");
    assert_eq!(events.next().await, "oddity: an error belongs to no request: what?");

    let reply = spawn(peer.send(request("tools/call", "{}")));
    let message = child.message().await;
    child.answer(&message, r#"{"n":1}"#).await;
    child.answer(&message, r#"{"n":2}"#).await;
    assert_eq!(within(reply).await.expect("task").as_deref(), Ok(r#"{"n":1}"#));
    assert!(events.next().await.starts_with("oddity: a response belongs to no request, or came twice"));
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_the_end_of_its_call() {
    let (peer, mut child, _events) = connected().await;
    let deep = format!(r#""jsonrpc":"2.0","result":{{"a":{}{}}}"#, "[".repeat(500), "]".repeat(500));
    for (members, why) in [
        (r#""result":{}"#, "`jsonrpc` must be \"2.0\""),
        (r#""jsonrpc":"2.0","result":{},"error":{}"#, "`result` and `error` exclude each other"),
        (deep.as_str(), "nested deeper than 128 levels"),
    ] {
        let reply = spawn(peer.send(request("tools/call", "{}")));
        let asked = child.message().await;
        // A request of the server that has the same number is about nothing of ours.
        child.say(&format!(r#"{{"jsonrpc":"1.0","id":{},"method":"ping"}}"#, asked["id"])).await;
        child.say(&format!(r#"{{"id":{},{members}}}"#, asked["id"])).await;
        let reason = format!("the server's answer is no message ({why})");
        assert_eq!(within(reply).await.expect("task"), Err(PeerError::Protocol { reason }));
    }
    let reply = spawn(peer.send(request("tools/call", "{}")));
    let asked = child.message().await;
    child.say(&format!(r#"{{"jsonrpc":"2.0","id":{},"result":{{"n":1}},"error":null}}"#, asked["id"])).await;
    assert_eq!(within(reply).await.expect("task").as_deref(), Ok(r#"{"n":1}"#));
}

#[tokio::test]
async fn does_not_flood_the_log() {
    let (peer, mut child, events) = connected().await;
    for _ in 0..500 {
        child.say("rubbish").await;
    }
    let reply = spawn(peer.send(request("tools/call", "{}")));
    let message = child.message().await;
    child.answer(&message, "{}").await;
    within(reply).await.expect("task").expect("result");
    let told = events.oddities().len();
    assert!((20..30).contains(&told), "{told}");
}

#[tokio::test]
async fn answers_the_server_and_hands_notifications_on() {
    let (_peer, mut child, events) = connected().await;
    for name in ["sampling/createMessage", "elicitation/create", "roots/list", "tasks/get"] {
        child.say(&format!(r#"{{"jsonrpc":"2.0","id":"r-{name}","method":"{name}","params":{{}}}}"#)).await;
        let answer = child.message().await;
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&format!("r-{name}").into(), &(-32601).into()));
    }
    child.say(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"r"}}"#).await;
    child.say(r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1.0}}"#).await;
    assert_eq!(events.next().await, r#"notifications/message {"level":"info","data":1.0}"#);
}

#[tokio::test]
async fn a_question_about_no_call_is_not_taken_for_one_that_the_client_does_not_know() {
    static OF_A_CLIENT: Connection = Connection {
        era: EraChoice::Legacy,
        declared: Declared { capabilities: Raw::from_static(r#"{"elicitation":{},"sampling":{}}"#), info: None },
        asking: Asking::OneCall,
    };
    let (connecting, script) = child::start_as(&OF_A_CLIENT, &config(), &Events::new());
    let mut child = Child::new(within(script).await.expect("script"));
    child.shake_hands().await;
    let _peer = within(connecting).await.expect("task").expect("peer");
    let mut answer = async |method: &str, params: &str| {
        child.say(&format!(r#"{{"jsonrpc":"2.0","id":"q","method":"{method}","params":{params}}}"#)).await;
        child.message().await
    };
    assert_eq!(answer("elicitation/create", "{}").await["result"]["action"], "cancel");
    let sampling = answer("sampling/createMessage", "{}").await;
    assert_eq!(sampling["error"], json!({ "code": -32603, "message": "no associated client request" }));
    // What was not declared.
    for (method, params) in [("roots/list", "{}"), ("elicitation/create", r#"{"mode":"url"}"#), ("tasks/list", "{}")] {
        assert_eq!(answer(method, params).await["error"]["code"], -32601, "{method} {params}");
    }
}

#[tokio::test]
async fn refuses_when_a_child_does_not_read() {
    let mut config = config();
    config.stdio.queue_bytes = 200_000;
    let (peer, mut child, _events) = connected_with(&config).await;
    let params = format!(r#"{{"text":"{}"}}"#, "x".repeat(50_000));
    let mut waiting = Vec::new();
    let mut refused = 0;
    for _ in 0..20 {
        let mut reply = peer.send(request("tools/call", &params));
        match futures_util::poll!(reply.next()) {
            std::task::Poll::Pending => waiting.push(tokio::spawn(end(reply))),
            std::task::Poll::Ready(Some(ReplyItem::End(Err(PeerError::Busy { reason, .. })))) => {
                assert_eq!(reason, "the server does not read what it is sent");
                refused += 1;
            }
            std::task::Poll::Ready(other) => panic!("{other:?}"),
        }
    }
    assert!(refused >= 10 && waiting.len() >= 4, "{refused} refused, {} waiting", waiting.len());
    // It reads again: everything that was taken is there, whole and in order.
    let mut last = 0;
    for _ in 0..waiting.len() {
        let message = child.message().await;
        assert_eq!(message["params"]["text"].as_str().map(str::len), Some(50_000));
        assert!(message["id"].as_u64() > Some(last));
        last = message["id"].as_u64().expect("id");
        child.answer(&message, &format!(r#"{{"id":{last}}}"#)).await;
    }
    for reply in waiting {
        within(reply).await.expect("task").expect("result");
    }
    let reply = spawn(peer.send(request("tools/call", "{}")));
    let message = child.message().await;
    child.answer(&message, "{}").await;
    within(reply).await.expect("task").expect("result");
}

#[tokio::test]
async fn has_a_limit_on_open_requests() {
    let (peer, mut child, _events) = connected_with(&UpstreamConfig { max_in_flight: 2, ..config() }).await;
    let first = spawn(peer.send(request("tools/call", "{}")));
    let second = spawn(peer.send(request("tools/call", "{}")));
    let (one, two) = (child.message().await, child.message().await);
    let busy = PeerError::Busy { reason: "the server has 2 requests open, the limit".to_owned(), retry_after: None };
    assert_eq!(call(&*peer, "{}").await, Err(busy));
    child.answer(&two, "{}").await;
    child.answer(&one, "{}").await;
    within(first).await.expect("task").expect("result");
    within(second).await.expect("task").expect("result");
}
