//! What clients without sessions bring back: for how long it is good, how often, and for whom.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::{StreamExt as _, future, stream};
use orch_gateway::mcp::McpConfig;
use orch_mcp::error::{RpcError, code};
use orch_mcp::message::MethodName;
use orch_mcp::peer::{PeerError, PeerRequest, ReplyItem, ReplyStream};
use orch_mcp::question::Question;
use orch_mcp::revision::Revision;
use orch_testkit::scripted_peer::{ends, never};
use serde_json::{Value, json};

use crate::mcp_modern::{asks, retry};
use crate::mcp_world::{Mcp, SERVER, call, modern, raw};
use crate::world::Answer;

/// A modern server that never has enough.
fn insists(_: PeerRequest) -> ReplyStream {
    let asked = json!({"method": "elicitation/create", "params": {"message": "m", "requestedSchema": {}}});
    let result = json!({"resultType": "input_required", "inputRequests": {"a": asked}, "requestState": "s"});
    ends(Ok(raw(&result.to_string())))
}

/// A legacy server that wants a URL opened, each time.
fn wants_a_url(_: PeerRequest) -> ReplyStream {
    let asked = json!({"elicitations": [{"mode": "url", "url": "https://a", "message": "m", "elicitationId": "1"}]});
    ends(Err(PeerError::Rpc(RpcError::new(code::URL_ELICITATION_REQUIRED, "sign in").with_data(&asked))))
}

fn can() -> Value {
    json!({"elicitation": {"form": {}, "url": {}}})
}

fn is_asked(answer: &Answer) -> bool {
    answer.json()["result"]["resultType"] == "input_required"
}

fn is_invalid(answer: &Answer) -> bool {
    let error = &answer.json()["error"];
    error["code"] == -32602 && error["message"].as_str().is_some_and(|text| text.starts_with("invalid requestState"))
}

#[actix_web::test]
async fn a_state_is_good_for_as_long_as_a_call_waits() {
    let config = McpConfig { park_secs: 60, ..McpConfig::default() };
    for (revision, server) in [
        (Revision::V2026_07_28, insists as fn(PeerRequest) -> ReplyStream),
        (Revision::V2025_11_25, wants_a_url),
        (Revision::V2025_11_25, asks),
    ] {
        let mcp = Mcp::before(config.clone(), revision, server).await;
        let asked = mcp.ask(&call(1, json!({})), can()).await;
        mcp.world.clock.advance(Duration::from_secs(61));
        let late = mcp.ask(&retry(2, &asked), can()).await;
        assert!(is_invalid(&late), "{revision}: {late:?}");

        let asked = mcp.ask(&call(3, json!({})), can()).await;
        mcp.world.clock.advance(Duration::from_secs(59));
        let in_time = mcp.ask(&retry(4, &asked), can()).await;
        assert!(in_time.json()["result"].is_object(), "{revision}: {in_time:?}");
    }
}

#[actix_web::test]
async fn a_url_is_opened_for_one_call() {
    let mcp = Mcp::before(McpConfig::default(), Revision::V2025_11_25, wants_a_url).await;
    let calls = || mcp.peer.sent().iter().filter(|request| request.method.as_str() == "tools/call").count();
    let asked = mcp.ask(&call(1, json!({})), can()).await;
    let mut wrong = retry(2, &asked);
    wrong["params"]["inputResponses"]["url-1"] = json!(7);
    assert_eq!(mcp.ask(&wrong, can()).await.json()["error"]["code"], -32602);

    // That has consumed nothing. Of two who come at once one gets through.
    let (first, second) = (retry(3, &asked), retry(4, &asked));
    let both = <[Answer; 2]>::from(future::join(mcp.ask(&first, can()), mcp.ask(&second, can())).await);
    let [through, refused] = if is_asked(&both[0]) {
        both
    } else {
        let [one, two] = both;
        [two, one]
    };
    assert!(is_asked(&through) && is_invalid(&refused), "{through:?} {refused:?}");
    assert_eq!(calls(), 2);
    assert!(is_invalid(&mcp.ask(&retry(5, &asked), can()).await));

    // Nothing answered: the same is asked again, under another state.
    let mut nothing = retry(6, &through);
    nothing["params"]["inputResponses"] = json!({});
    let again = mcp.ask(&nothing, can()).await;
    assert!(is_asked(&again) && is_invalid(&mcp.ask(&retry(7, &through), can()).await));
    let mut declined = retry(8, &again);
    declined["params"]["inputResponses"]["url-1"] = json!({"action": "decline"});
    assert_eq!(mcp.ask(&declined, can()).await.json()["result"]["isError"], true);
    assert!(is_invalid(&mcp.ask(&retry(9, &again), can()).await), "declined once and for all");
    assert_eq!(calls(), 2, "nothing of this was a call");
}

#[actix_web::test]
async fn a_url_is_not_opened_anew_for_a_call_that_was_too_many() {
    let config = McpConfig { max_requests_per_user: 1, ..McpConfig::default() };
    let busy = Arc::new(AtomicBool::new(false));
    let is_busy = Arc::clone(&busy);
    let server = move |request| if is_busy.load(Ordering::Relaxed) { never() } else { wants_a_url(request) };
    let mcp = Mcp::before(config, Revision::V2025_11_25, server).await;
    let asked = mcp.ask(&call(1, json!({})), can()).await;
    busy.store(true, Ordering::Relaxed);
    let events =
        modern(SERVER, &mcp.key, &call(2, json!({})), json!({})).insert_header(("accept", "text/event-stream"));
    let held = mcp.hold(events).await;
    assert_eq!(mcp.ask(&retry(3, &asked), can()).await.status, 429);
    drop(held);
    busy.store(false, Ordering::Relaxed);
    assert!(is_asked(&mcp.ask(&retry(4, &asked), can()).await), "the URL that was opened still counts");
    assert!(is_invalid(&mcp.ask(&retry(5, &asked), can()).await));
}

/// Asks twice, takes the first question back at once, and says what it heard to the second. With only the first it ends
/// by itself.
fn takes_back(second_too: bool) -> impl Fn(PeerRequest) -> ReplyStream {
    move |_| {
        let ask = |message: &str| {
            let params = json!({"message": message, "requestedSchema": {"type": "object", "properties": {}}});
            Question::new(MethodName::from_static("elicitation/create"), Some(raw(&params.to_string())))
        };
        let ((first, nobody), (second, answered)) = (ask("first"), ask("second"));
        drop(nobody);
        let questions = if second_too { vec![first, second] } else { vec![first] };
        let end = stream::once(async move {
            if second_too {
                answered.await;
            } else {
                // Longer than what is asked at once is waited for.
                tokio::time::sleep(Duration::from_millis(150)).await;
            }
            ReplyItem::End(Ok(raw(r#"{"content":[]}"#)))
        });
        Box::pin(stream::iter(questions).map(ReplyItem::Question).chain(end))
    }
}

#[actix_web::test]
async fn a_question_that_was_taken_back_is_not_asked() {
    let mcp = Mcp::before(McpConfig::default(), Revision::V2025_11_25, takes_back(true)).await;
    let asked = mcp.ask(&call(1, json!({})), can()).await;
    let open: Vec<_> = asked.json()["result"]["inputRequests"].as_object().unwrap().clone().into_iter().collect();
    assert_eq!((open.len(), &open[0].1["params"]["message"]), (1, &json!("second")));
    assert_eq!(mcp.ask(&retry(2, &asked), can()).await.json()["result"]["resultType"], "complete");

    let mcp = Mcp::before(McpConfig::default(), Revision::V2025_11_25, takes_back(false)).await;
    let answer = mcp.ask(&call(1, json!({})), can()).await;
    assert_eq!(answer.json()["result"]["resultType"], "complete", "nothing is left to ask: {answer:?}");
}

#[actix_web::test]
async fn a_question_about_a_task_is_like_any_other() {
    let about = |_: PeerRequest| -> ReplyStream {
        let related = json!({"io.modelcontextprotocol/related-task": {"taskId": "t"}, "v": 1});
        let params = json!({"message": "m", "requestedSchema": {}, "task": {}, "_meta": related});
        let params = Some(raw(&params.to_string()));
        let (question, answered) = Question::new(MethodName::from_static("elicitation/create"), params);
        let end = stream::once(async move {
            answered.await;
            ReplyItem::End(Ok(raw("{}")))
        });
        Box::pin(stream::iter([ReplyItem::Question(question)]).chain(end))
    };
    let mcp = Mcp::before(McpConfig::default(), Revision::V2025_11_25, about).await;
    let asked = mcp.ask(&call(1, json!({})), can()).await.json();
    let params = &asked["result"]["inputRequests"]["r1-1"]["params"];
    assert_eq!(*params, json!({"message": "m", "requestedSchema": {}, "_meta": {"v": 1}}));
}
