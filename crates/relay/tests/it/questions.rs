//! Calls in the middle of which a server asks: whose time runs, what goes back, and what when nobody answers.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use orch_mcp::declared::Declared;
use orch_mcp::error::RpcError;
use orch_mcp::initialize::ServerHello;
use orch_mcp::message::{MethodName, Notification};
use orch_mcp::peer::{PeerRequest, ReplyItem, ReplyStream};
use orch_mcp::question::Question;
use orch_mcp::revision::Revision;
use orch_relay::context::{CallContext, Client};
use orch_relay::reply::{Event, Reply};
use orch_relay::subscription::Interest;
use orch_testkit::scripted_peer::{ScriptedPeer, ends};

use crate::house::{House, hello, raw};

const CALL: &str = r#"{"name":"ask","arguments":{"a":1.0}}"#;

/// A client that can be asked by a form.
fn askable(house: &House) -> CallContext {
    let declared = Declared { capabilities: raw(r#"{"elicitation":{},"sampling":{}}"#), info: None };
    let client = Client::new("tester 1".into(), Revision::V2025_11_25, declared, None);
    CallContext { client: Arc::new(client), ..house.alone("fs") }
}

fn put(house: &House, hello: ServerHello, call: impl Fn(PeerRequest) -> ReplyStream + Send + Sync + 'static) {
    let script = move |request: PeerRequest| match request.method.as_str() {
        "tools/call" => call(request),
        _ => ends(Ok(raw(r#"{"tools":[],"prompts":[],"resources":[],"resourceTemplates":[]}"#))),
    };
    house.connector.put("fs", Ok(Arc::new(ScriptedPeer::new(hello, script))));
}

/// A legacy server that asks once and tells what it heard.
fn asks_once(house: &House) {
    put(house, hello(), |_| {
        let params = Some(raw(r#"{"message":"who?"}"#));
        let (question, answered) = Question::new(MethodName::from_static("elicitation/create"), params);
        let asked = stream::iter([ReplyItem::Question(question)]);
        let told = stream::once(async move {
            let heard = match answered.await {
                Some(Ok(result)) => result.as_str().to_owned(),
                Some(Err(error)) => error.message,
                None => "nobody".to_owned(),
            };
            ReplyItem::End(Ok(raw(&serde_json::json!({ "heard": heard }).to_string())))
        });
        Box::pin(asked.chain(told))
    });
}

async fn question(reply: &mut Reply) -> Question {
    loop {
        match reply.next().await {
            Some(Event::Question(question)) => return question,
            Some(Event::Notification(_)) => {}
            other => panic!("no question but {other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_servers_time_stands_still_while_somebody_thinks() {
    let house = House::with(&["fs"]);
    asks_once(&house);
    let mut reply = house.send(&askable(&house), "tools/call", CALL);
    let asked = question(&mut reply).await;
    assert_eq!(asked.params, Some(raw(r#"{"message":"who?"}"#)));
    // Far beyond the 30 seconds that the server has for its own part.
    let thinking = tokio::time::timeout(Duration::from_secs(300), reply.next()).await;
    assert!(thinking.is_err(), "{thinking:?}");
    asked.answer(Ok(raw(r#"{"action":"accept"}"#)));
    assert_eq!(crate::house::end(reply).await, Ok(raw(r#"{"heard":"{\"action\":\"accept\"}"}"#)));
}

#[tokio::test(start_paused = true)]
async fn a_server_hears_when_nobody_answers() {
    let house = House::with(&["fs"]);
    asks_once(&house);
    let mut reply = house.send(&askable(&house), "tools/call", CALL);
    let asked = question(&mut reply).await;
    assert_eq!(crate::house::end(reply).await, Ok(raw(r#"{"heard":"nobody"}"#)));
    assert!(asked.is_withdrawn(), "who was asked is told that it is too late");

    let mut reply = house.send(&askable(&house), "tools/call", CALL);
    drop(question(&mut reply).await);
    assert_eq!(crate::house::end(reply).await, Ok(raw(r#"{"heard":"nobody"}"#)));
}

fn modern() -> ServerHello {
    ServerHello { revision: Revision::V2026_07_28, ..hello() }
}

#[tokio::test(start_paused = true)]
async fn a_modern_server_gets_its_state_and_its_answers_back() {
    let house = House::with(&["fs"]);
    let rounds = Arc::new(AtomicU32::new(0));
    let retried = Arc::<Mutex<Option<PeerRequest>>>::default();
    let kept = Arc::clone(&retried);
    put(&house, modern(), move |request| {
        if rounds.fetch_add(1, Ordering::SeqCst) == 0 {
            return ends(Ok(raw(r#"{"resultType":"input_required","requestState":"\u00e9 \"1\"","inputRequests":{
                    "who":{"method":"elicitation/create","params":{"message":"who?"}},
                    "what":{"method":"sampling/createMessage","params":{"messages":[]}}}}"#)));
        }
        *kept.lock().unwrap() = Some(request);
        ends(Ok(raw(r#"{"resultType":"complete","content":[]}"#)))
    });
    let mut reply = house.send(&askable(&house), "tools/call", CALL);
    for _ in 0..2 {
        let asked = question(&mut reply).await;
        let answer = if asked.method.as_str() == "elicitation/create" {
            Err(RpcError::new(-1, "no"))
        } else {
            Ok(raw(r#"{"role":"assistant"}"#))
        };
        asked.answer(answer);
    }
    assert_eq!(crate::house::end(reply).await, Ok(raw(r#"{"resultType":"complete","content":[]}"#)));
    let retried = retried.lock().unwrap().clone().expect("a second request").params.expect("params");
    assert!(retried.as_str().starts_with(r#"{"name":"ask","arguments":{"a":1.0},"inputResponses":{"#), "{retried:?}");
    assert!(retried.as_str().ends_with(r#""requestState":"\u00e9 \"1\""}"#), "{retried:?}");
    assert!(retried.as_str().contains(r#""who":{"action":"cancel"}"#), "an elicitation that failed is a cancelled one");
    assert!(retried.as_str().contains(r#""what":{"role":"assistant"}"#));
}

#[tokio::test(start_paused = true)]
async fn what_a_modern_server_may_not_ask_ends_the_call() {
    for (asks, why) in [
        (r#"{"resultType":"input_required","inputRequests":{"r":{"method":"roots/list"}}}"#, "did not declare"),
        (r#"{"resultType":"input_required","inputRequests":{"x":{"method":"tools/call"}}}"#, "did not declare"),
        (r#"{"resultType":"input_required"}"#, "does not say which"),
        (r#"{"resultType":"later"}"#, "unknown type"),
    ] {
        let house = House::with(&["fs"]);
        put(&house, modern(), move |_| ends(Ok(raw(asks))));
        let error = house.ask(&askable(&house), "tools/call", CALL).await.expect_err(asks);
        assert_eq!(error.code, -32603, "{asks}");
        assert!(error.message.contains(why), "{}", error.message);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_sampling_ends_the_call_and_is_not_sent_again() {
    let house = House::with(&["fs"]);
    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    put(&house, modern(), move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        ends(Ok(raw(
            r#"{"resultType":"input_required","inputRequests":{"s":{"method":"sampling/createMessage","params":{}}}}"#,
        )))
    });
    let mut reply = house.send(&askable(&house), "tools/call", CALL);
    question(&mut reply).await.answer(Err(RpcError::new(-1, "User rejected sampling request")));
    let error = crate::house::end(reply).await.expect_err("refused");
    assert_eq!(error.code, -32603);
    assert!(error.message.contains("User rejected"), "{}", error.message);
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

/// A client of somebody's in a session of its own.
fn session(cx: &CallContext) -> CallContext {
    let declared = (*cx.client.declared).clone();
    let client =
        Client::new("tester 1".into(), Revision::V2025_11_25, declared, Some(orch_relay::context::SessionKey::new()));
    CallContext { client: Arc::new(client), ..cx.clone() }
}

#[tokio::test(start_paused = true)]
async fn an_account_has_so_many_connections_of_its_own() {
    let house = House::with(&["fs"]);
    put(&house, hello(), |_| ends(Ok(raw(r#"{"content":[]}"#))));
    let cx = askable(&house);
    let limit = orch_relay::config::RelayConfig::default().max_lanes_per_user;
    // Idle ones give way to new ones of the same account.
    for _ in 0..limit + 3 {
        house.ask(&session(&cx), "tools/call", CALL).await.expect("a result");
    }
    // Busy ones do not.
    put(&house, hello(), |_| orch_testkit::scripted_peer::never());
    house.change("fs", |server| server.generation += 1);
    let cx = askable(&house);
    let mut running = Vec::new();
    for _ in 0..limit {
        let mut reply = house.send(&session(&cx), "tools/call", CALL);
        assert!(tokio::time::timeout(Duration::from_secs(1), reply.next()).await.is_err());
        running.push(reply);
    }
    let error = house.ask(&session(&cx), "tools/call", CALL).await.expect_err("too many");
    assert!(error.message.contains("of this account"), "{}", error.message);
}

#[tokio::test(start_paused = true)]
async fn a_notification_is_no_way_round_decisions() {
    let house = House::with(&["fs"]);
    let peer = Arc::new(ScriptedPeer::new(hello(), |request| match request.method.as_str() {
        "tools/call" => ends(Ok(raw(r#"{"content":[]}"#))),
        _ => ends(Ok(raw(r#"{"tools":[],"prompts":[],"resources":[],"resourceTemplates":[]}"#))),
    }));
    house.connector.put("fs", Ok(Arc::clone(&peer)));
    let cx = session(&askable(&house));
    house.ask(&cx, "tools/call", CALL).await.expect("a result");
    let news = house.relay.subscribe(&cx, Interest::lists()).await;
    for method in ["tools/call", "resources/read", "notifications/roots/list_changed", "custom/x", "notifications/x"] {
        let method = MethodName::from_static(method);
        news.handle().notify(&Notification { method, params: Some(raw(CALL)) });
    }
    while peer.told().len() < 2 {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(peer.told(), ["notifications/roots/list_changed", "notifications/x"]);
}

#[tokio::test(start_paused = true)]
async fn what_a_given_up_call_still_asks_is_not_taken_for_the_next_one_s() {
    let house = House::with(&["fs"]);
    asks_once(&house);
    let cx = askable(&house);
    let mut connects = Vec::new();
    for give_up in [false, false, true, false] {
        let mut reply = house.send(&cx, "tools/call", CALL);
        let asked = question(&mut reply).await;
        connects.push(house.connector.connects_of("fs"));
        if give_up {
            drop(reply);
            continue;
        }
        asked.answer(Ok(raw(r#"{"action":"accept"}"#)));
        crate::house::end(reply).await.expect("an answer");
    }
    let steps: Vec<_> = connects.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(steps, [0, 0, 1], "the connection of the call that was given up is used for no other");
}
