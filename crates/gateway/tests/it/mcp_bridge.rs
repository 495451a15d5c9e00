//! What a client of one era hears of a server of the other, where it is not about questions: errors and log messages.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use orch_gateway::mcp::McpConfig;
use orch_mcp::error::{RpcError, code};
use orch_mcp::level::LogLevel;
use orch_mcp::message::{MethodName, Notification};
use orch_mcp::peer::{PeerError, PeerRequest, ReplyItem, ReplyStream};
use orch_mcp::revision::Revision;
use orch_testkit::scripted_peer::ends;
use serde_json::json;

use crate::mcp_world::{Mcp, SERVER, call, legacy, modern, raw};

#[actix_web::test]
async fn a_busy_server_is_no_limit_of_ours() {
    let busy = |_: PeerRequest| -> ReplyStream {
        let retry_after = Some(Duration::from_secs(7));
        ends(Err(PeerError::Busy { reason: "the server is busy (HTTP 429)".to_owned(), retry_after }))
    };
    let mcp = Mcp::before(McpConfig::default(), Revision::V2025_11_25, busy).await;
    let session = mcp.world.open_session(SERVER, &mcp.key).await;
    let old = legacy("POST", SERVER, &mcp.key, Some(&session)).set_json(call(2, json!({})));
    for sent in [old, modern(SERVER, &mcp.key, &call(2, json!({})), json!({}))] {
        let answer = mcp.world.send(sent).await;
        assert_eq!((answer.status, answer.header("retry-after")), (200, None), "{answer:?}");
        let error = answer.json()["error"].clone();
        assert_eq!(error["code"], -32603);
        assert_eq!(error["data"], json!({"gateway": {"reason": "upstream_busy"}, "retryAfterMs": 7000}));
    }
}

#[actix_web::test]
async fn a_url_is_asked_for_only_where_the_protocol_has_that() {
    let wants_a_url = |_: PeerRequest| -> ReplyStream {
        let asked = json!({"elicitations": [{"mode": "url", "url": "https://a", "message": "m"}]});
        ends(Err(PeerError::Rpc(RpcError::new(code::URL_ELICITATION_REQUIRED, "sign in").with_data(&asked))))
    };
    let mcp = Mcp::before(McpConfig::default(), Revision::V2025_11_25, wants_a_url).await;
    let complete = json!({"jsonrpc": "2.0", "id": 1, "method": "completion/complete",
        "params": {"ref": {"type": "ref/prompt", "name": "p"}, "argument": {"name": "a", "value": ""}}});
    for can in [json!({}), json!({"elicitation": {"url": {}}})] {
        let answer = mcp.ask(&complete, can.clone()).await;
        let error = answer.json()["error"].clone();
        assert_eq!((answer.status, &error["code"]), (200, &json!(-32603)), "{can}: {answer:?}");
        assert_eq!(error["data"]["original"]["code"], -32042);
        let answer = mcp.ask(&call(2, json!({})), can.clone()).await.json();
        let is_asked = answer["result"]["resultType"] == "input_required";
        assert!(is_asked != (answer["error"]["code"] == -32021) && is_asked == (can != json!({})), "{can}: {answer}");
    }
}

#[actix_web::test]
async fn a_modern_server_is_told_the_level_that_a_client_has_said() {
    let mcp = Mcp::before(McpConfig::default(), Revision::V2026_07_28, |_| ends(Ok(raw("{}")))).await;
    let session = mcp.world.open_session(SERVER, &mcp.key).await;
    let send = async |body| {
        let sent = legacy("POST", SERVER, &mcp.key, Some(&session)).set_json(&body);
        assert_eq!(mcp.world.send(sent).await.status, 200);
        mcp.peer.sent().last().unwrap().log_level
    };
    assert_eq!(send(call(2, json!({}))).await, None);
    send(json!({"jsonrpc": "2.0", "id": 3, "method": "logging/setLevel", "params": {"level": "warning"}})).await;
    assert_eq!(send(call(4, json!({}))).await, Some(LogLevel::Warning));
}

#[actix_web::test]
async fn a_client_that_has_said_no_level_hears_what_is_usual() {
    let logs = |_: PeerRequest| -> ReplyStream {
        let log = |level: &str| {
            let params = Some(raw(&json!({"level": level, "data": level}).to_string()));
            ReplyItem::Notification(Notification { method: MethodName::from_static("notifications/message"), params })
        };
        let end = ReplyItem::End(Ok(raw(r#"{"content":[]}"#)));
        Box::pin(stream::iter([log("debug"), log("info"), log("error"), end]).boxed())
    };
    let mcp = Mcp::before(McpConfig::default(), Revision::V2025_11_25, logs).await;
    let session = mcp.world.open_session(SERVER, &mcp.key).await;
    let heard = mcp.hold(legacy("POST", SERVER, &mcp.key, Some(&session)).set_json(call(2, json!({})))).await;
    let heard = heard.rest().await;
    let levels = ["debug", "info", "error"].map(|level| heard.contains(&format!(r#""level":"{level}""#)));
    assert_eq!(levels, [false, true, true], "{heard}");
}
