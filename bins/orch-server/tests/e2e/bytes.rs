//! What is passed on is passed on byte for byte.

use crate::harness::{Daemon, scripted};
use crate::wire::Wire;

const RAW_RESULT: &str = "{ \"content\" : [ {\"type\":\"text\",\"text\":\"\\ud83d\\ude00 \u{2028} café \\u0000\"} ], \"unknown\":{\"n\":12345678901234567890,\"f\":1.0,\"e\":1e400,\"dup\":1,\"dup\":2}, \"_meta\":{\"vendor/x\": [ ]} }";

const ARGUMENTS: &str = "{ \"want\" : \"params\", \"n\":12345678901234567890,\"f\":1.0,\"e\":1e400, \"u\":\"\\ud83d\\ude00 é \u{2028} \\\\ \\\" \", \"dup\":1,\"dup\":2, \"x\": [ { } ,null,\ttrue ] }";

#[tokio::test]
async fn arguments_and_results_arrive_as_they_were_written() {
    let daemon = Daemon::start().await;
    let project = daemon.project("bytes", serde_json::json!({ "s": scripted(&[]) })).await;
    for (endpoint, tool) in [("servers/s/mcp", "raw"), ("unified/mcp", "s__raw")] {
        let wire = Wire::open(&project, endpoint, "2025-11-25").await;
        let call =
            |params: &str| format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{params}}}");

        let result = wire.post(call(&format!("{{\"name\":\"{tool}\"}}"))).await;
        assert_eq!(result.raw_result(), RAW_RESULT, "{endpoint}");

        let sent = format!("{{\"future\" : {{\"a\":1e2}},\"name\":\"{tool}\",\"arguments\":{ARGUMENTS}}}");
        let result = wire.post(call(&sent)).await;
        let seen = result.json()["result"]["content"][0]["text"].as_str().expect("the params").to_owned();
        assert!(seen.contains(ARGUMENTS), "{endpoint}: {seen}");
        assert!(seen.contains("{\"a\":1e2}"), "unknown members stay: {seen}");
        if endpoint == "servers/s/mcp" {
            assert_eq!(seen, sent, "nothing is rewritten for one server");
        }
    }
}

#[tokio::test]
async fn ids_come_back_as_they_were_written() {
    let daemon = Daemon::start().await;
    let project = daemon.project("ids", serde_json::json!({ "s": scripted(&[]) })).await;
    let wire = Wire::open(&project, "servers/s/mcp", "2025-06-18").await;
    for id in ["\"7\"", "7", "9007199254740993", "-1", "\"\"", "\"\\u00e9\\\"\""] {
        let call = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/call\",\"params\":{{\"name\":\"echo\",\"arguments\":{{\"text\":\"x\"}}}}}}"
        );
        let answer = wire.post(call).await;
        let text = String::from_utf8(answer.body.to_vec()).expect("UTF-8");
        assert!(text.contains(&format!("\"id\":{id},")), "{text}");
    }
}

#[tokio::test]
async fn pretty_printed_requests_reach_a_stdio_server_on_one_line() {
    let daemon = Daemon::start().await;
    let project = daemon.project("lines", serde_json::json!({ "s": scripted(&[]) })).await;
    let wire = Wire::open(&project, "servers/s/mcp", "2025-06-18").await;
    let body = "{\r\n  \"jsonrpc\": \"2.0\",\r\n \"id\": 1,\n \"method\": \"tools/call\",\n \"params\": {\n  \"name\": \"echo\",\n  \"arguments\": { \"text\": \"a\\r\\nb\" }\n }\n}";
    let answer = wire.post(body).await;
    assert_eq!(answer.json()["result"]["content"][0]["text"], "a\r\nb");
}

#[tokio::test]
async fn progress_comes_under_the_clients_own_token() {
    let daemon = Daemon::start().await;
    let project = daemon.project("progress", serde_json::json!({ "s": scripted(&[]) })).await;
    let wire = Wire::open(&project, "unified/mcp", "2025-11-25").await;
    for token in ["\"progress-test-1\"", "5"] {
        let call = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{{\"name\":\"s__progress\",\"arguments\":{{}},\"_meta\":{{\"progressToken\":{token}}}}}}}"
        );
        let answer = wire.post(call).await;
        assert_eq!(answer.headers["content-type"], "text/event-stream");
        let text = String::from_utf8(answer.body.to_vec()).expect("UTF-8");
        assert_eq!(text.matches(&format!("\"progressToken\":{token}")).count(), 3, "{text}");
        assert!(text.trim_end().ends_with("\"text\":\"done\"}]}}"), "the answer comes last: {text}");
    }
}
