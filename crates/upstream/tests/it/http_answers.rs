//! Answers over HTTP in every form that servers give them, and what comes before the answer.

use std::sync::Arc;

use orch_mcp::peer::{Peer as _, PeerError};
use orch_upstream::UpstreamConfig;

use crate::support::server::{
    Asked, Script, Server, Step, accepted, chunk, events, handshake, head, json, last_chunk, message, response, result,
    write,
};
use crate::support::{call, config, drain, request, with_progress};

async fn server(answer: impl Fn(&Asked) -> Script + Send + Sync + 'static) -> Server {
    Server::start(move |asked| match asked.method().as_str() {
        "tools/call" => answer(asked),
        _ => handshake(asked).unwrap_or_else(accepted),
    })
    .await
}

#[tokio::test]
async fn passes_params_and_results_byte_for_byte() {
    let odd = "{ \"a\" : 1e400,\n \"b\":1.0,\"c\":12345678901234567890 , \"d\":\"\\u00e9é\u{2028}\",\r\n\"e\":{\"unknown\":[null]} }";
    let server = server(move |asked| {
        assert!(asked.body.ends_with(&format!("\"params\":{odd}}}")), "{}", asked.body);
        let id = asked.id();
        json(&format!("{{\"jsonrpc\": \"2.0\",\n \"id\": {id},\n \"result\": {odd}\n}}\n"))
    })
    .await;
    let (peer, _events) = server.connect().await;
    assert_eq!(call(&*peer, odd).await.as_deref(), Ok(odd));
}

#[tokio::test]
async fn reads_json_however_it_is_cut() {
    let server = server(|asked| {
        let text = message(asked, r#"{"text":"a\"}é"}"#);
        let mut script = vec![head("application/json; charset=utf-8")];
        let bytes = text.as_bytes();
        script.extend(bytes.chunks(3).flat_map(|part| {
            let mut frame = format!("{:x}\r\n", part.len()).into_bytes();
            frame.extend_from_slice(part);
            frame.extend_from_slice(b"\r\n");
            // Frames do not end where writes do.
            let half = frame.len() / 2;
            vec![write(&frame[..half]), write(&frame[half..])]
        }));
        script.push(last_chunk());
        script
    })
    .await;
    let (peer, _events) = server.connect().await;
    for _ in 0..3 {
        assert_eq!(call(&*peer, "{}").await.as_deref(), Ok(r#"{"text":"a\"}é"}"#));
    }
    assert!(server.connections() <= 3, "{}", server.connections());
}

#[tokio::test]
async fn reads_a_large_answer_and_string_ids() {
    let text = "x".repeat(3_000_000);
    let large = format!(r#"{{"text":"{text}"}}"#);
    let expected = large.clone();
    let server =
        server(move |asked| json(&format!(r#"{{"jsonrpc":"2.0","id":"{}","result":{large}}}"#, asked.id()))).await;
    let (peer, _events) = server.connect().await;
    assert!(call(&*peer, "{}").await == Ok(expected), "the answer is another one");
}

fn progress(asked: &Asked, value: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{},"progress":{value}}}}}"#,
        asked.id()
    )
}

const LOG: &str = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"data":1}}"#;

#[tokio::test]
async fn hands_on_what_comes_before_the_answer_as_events() {
    let server = server(|asked| {
        assert_eq!(asked.json()["params"]["_meta"]["progressToken"], asked.id());
        events(&[
            &progress(asked, "1"),
            &progress(asked, "1"),
            LOG,
            r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"other","progress":7}}"#,
            "not json",
            &progress(asked, "2.5"),
            &message(asked, r#"{"ok":true}"#),
        ])
    })
    .await;
    let (peer, events) = server.connect().await;
    let (items, end) = drain(peer.send(with_progress("tools/call", "{}"))).await;
    assert_eq!(items, ["progress {\"progress\":1}", "notifications/message", "progress {\"progress\":2.5}"]);
    assert_eq!(end.as_deref(), Ok(r#"{"ok":true}"#));
    assert!(events.oddities()[0].starts_with("an event is no message"), "{:?}", events.oddities());
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_the_end_of_its_call_in_a_stream_that_stays_open() {
    let server = server(|asked| {
        let params = asked.json()["params"].clone();
        let (id, members) = (asked.id(), params["members"].as_str().expect("members").to_owned());
        let other = r#"{"id":999,"result":{"of":"another"}}"#;
        let asks = format!(r#"{{"jsonrpc":"1.0","id":{id},"method":"ping"}}"#);
        let answer = format!(r#"{{"id":{id},{members}}}"#);
        let answer = if params["batch"] == true { format!("[{LOG},{answer}]") } else { answer };
        let answer = if params["nameless"] == true { format!("{{{members}}}") } else { answer };
        let event = |data: &str| chunk(&format!("data: {data}\n\n"));
        vec![head("text/event-stream"), event(other), event(&asks), event(&answer), Step::Hang(Arc::default())]
    })
    .await;
    let (peer, events) = server.connect().await;
    let deep = format!(r#""jsonrpc":"2.0","result":{{"a":{}{}}}"#, "[".repeat(500), "]".repeat(500));
    for (members, why, how) in [
        (r#""result":{}"#, "`jsonrpc` must be \"2.0\"", ""),
        (r#""result":{}"#, "`jsonrpc` must be \"2.0\"", "batch"),
        (r#""jsonrpc":"2.0","result":{}"#, "a response needs the `id` of its request", "nameless"),
        (r#""jsonrpc":"2.0","result":{},"error":{}"#, "`result` and `error` exclude each other", ""),
        (&deep, "nested deeper than 128 levels", ""),
    ] {
        let params = serde_json::json!({ "members": members, how: true }).to_string();
        let Err(PeerError::Protocol { reason }) = call(&*peer, &params).await else { panic!("{members}") };
        assert!(reason.starts_with(&format!("the server's answer is no message ({why})")), "{reason}");
    }
    let oddities = events.oddities();
    assert!(oddities[0].ends_with(r#": {"id":999,"result":{"of":"another"}}"#), "{oddities:?}");
    assert!(oddities[1].starts_with("an event is no message"), "{oddities:?}");
}

#[tokio::test]
async fn takes_several_json_values_and_batches_as_they_come() {
    for wrap in [false, true] {
        let server = server(move |asked| {
            let answer = message(asked, "{}");
            if wrap {
                return json(&format!("[{LOG},{},{answer}]", progress(asked, "1")));
            }
            vec![
                head("application/json"),
                chunk(&format!("{LOG}\n{}", &progress(asked, "1")[..30])),
                chunk(&format!("{}\r\n", &progress(asked, "1")[30..])),
                chunk(&answer),
                last_chunk(),
            ]
        })
        .await;
        let (peer, _events) = server.connect().await;
        let (items, end) = drain(peer.send(with_progress("tools/call", "{}"))).await;
        assert_eq!(items, ["notifications/message", "progress {\"progress\":1}"]);
        assert_eq!(end.as_deref(), Ok("{}"));
    }
}

#[tokio::test]
async fn delivers_json_values_before_the_body_ends() {
    use futures_util::StreamExt as _;
    let go_on = std::sync::Arc::new(tokio::sync::Notify::new());
    let waits = go_on.clone();
    let server = server(move |asked| {
        vec![
            head("application/json"),
            chunk(&format!("{LOG}\n")),
            crate::support::server::Step::Wait(waits.clone()),
            chunk(&message(asked, "{}")),
            last_chunk(),
        ]
    })
    .await;
    let (peer, _events) = server.connect().await;
    let mut reply = peer.send(request("tools/call", "{}"));
    let first = crate::support::within(reply.next()).await;
    assert!(matches!(first, Some(orch_mcp::peer::ReplyItem::Notification(_))), "{first:?}");
    go_on.notify_one();
    assert_eq!(drain(reply).await.1.as_deref(), Ok("{}"));
}

#[tokio::test]
async fn attributes_an_error_without_id_and_reports_a_foreign_answer() {
    let server = server(|asked| match asked.json()["params"]["n"].as_u64() {
        Some(1) => json(r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"m"}}"#),
        _ => events(&[r#"{"jsonrpc":"2.0","id":4711,"result":{"foreign":1}}"#, &message(asked, "{}")]),
    })
    .await;
    let (peer, events) = server.connect().await;
    let Err(PeerError::Rpc(error)) = call(&*peer, r#"{"n":1}"#).await else { panic!("no error") };
    assert_eq!(error.code, -32000);
    assert_eq!(call(&*peer, "{}").await.as_deref(), Ok("{}"));
    assert_eq!(events.oddities(), ["a response belongs to another request: id 4711"]);
}

#[tokio::test]
async fn answers_requests_of_the_server_by_post() {
    let server = server(|asked| {
        events(&[
            r#"{"jsonrpc":"2.0","id":"p","method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":7,"method":"elicitation/create","params":{}}"#,
            &message(asked, "{}"),
        ])
    })
    .await;
    let (peer, _events) = server.connect().await;
    assert_eq!(call(&*peer, "{}").await.as_deref(), Ok("{}"));
    let mut answers: Vec<_> = server.wait_for("response", 2).await.iter().map(Asked::json).collect();
    answers.sort_by_key(|answer| answer["id"].is_string());
    assert_eq!((&answers[0]["id"], &answers[0]["error"]["code"]), (&7.into(), &(-32601).into()));
    assert_eq!(answers[1], serde_json::json!({"jsonrpc":"2.0","id":"p","result":{}}));
}

#[tokio::test]
async fn refuses_answers_over_the_limit_in_every_form() {
    let server = server(|asked| {
        let large = message(asked, &format!(r#"{{"t":"{}"}}"#, "x".repeat(5000)));
        match asked.json()["params"]["form"].as_str() {
            Some("length") => json(&large),
            Some("chunks") => {
                let (a, b) = large.split_at(2000);
                vec![head("application/json"), chunk(a), chunk(b), last_chunk()]
            }
            _ => events(&[&large]),
        }
    })
    .await;
    let (peer, _events) = server.connect_with(&UpstreamConfig { max_message_bytes: 4000, ..config() }).await;
    for form in ["length", "chunks", "events"] {
        let reason = "the server's answer is larger than 4000 bytes".to_owned();
        let end = call(&*peer, &format!(r#"{{"form":"{form}"}}"#)).await;
        assert_eq!(end, Err(PeerError::Protocol { reason }), "{form}");
    }
}

#[tokio::test]
async fn says_what_is_wrong_with_an_answer() {
    let server = server(|asked| match asked.json()["params"]["n"].as_u64() {
        Some(0) => accepted(),
        Some(1) => response("200 OK\r\ncontent-type: text/plain", "ok"),
        Some(2) => json(r#"{"result":{}}"#),
        Some(3) => json(""),
        Some(4) => events(&[]),
        Some(5) => json(r#"{"jsonrpc":"2.0","id":1,"result":{"#),
        _ => result(asked, "{}"),
    })
    .await;
    let (peer, _events) = server.connect().await;
    for (n, expected) in [
        "the server accepted the request and does not answer it",
        "the server answered with content of type text/plain instead of JSON",
        "the server's answer is no message (`jsonrpc` must be \"2.0\"): {\"result\":{}}",
        "the server ended its answer before the response",
        "the server ended its answer before the response",
        "the server's answer ends in the middle of a message: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{",
        "",
    ]
    .into_iter()
    .enumerate()
    {
        let end = call(&*peer, &format!(r#"{{"n":{n}}}"#)).await;
        assert_eq!(end.err().map(|error| error.to_string()).unwrap_or_default(), expected, "{n}");
    }
}
