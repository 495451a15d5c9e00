//! Owns what the echo server says: the meaning of each method, the same on both transports.
//! Never knows a session, a socket or a pipe.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::message::{Message, Unreadable};

/// The newest comes first and is offered to a client that asks for an unknown one.
pub(crate) const REVISIONS: [&str; 2] = ["2025-11-25", "2025-06-18"];

const TOOLS: &str = r#"{"tools":[{"name":"echo","description":"Returns the text it is given","inputSchema":{"type":"object","properties":{"text":{"type":"string"}},"required":["text"]}}]}"#;
const TEXT_MISSING: &str =
    r#"{"content":[{"type":"text","text":"the argument text must be a string"}],"isError":true}"#;

/// Appends the answer to `out`; nothing when none is due.
pub(crate) fn answer(message: &Message<'_>, out: &mut Vec<u8>) {
    match message {
        Message::PlainCall { id, text } => echo(id, &["\"", text, "\""], out),
        Message::Request { id, method, params } => request(id, method, *params, out),
        Message::Unanswered => {}
    }
}

/// Appends the answer to bytes that are no message; their id, if any, cannot be known.
pub(crate) fn refuse(reason: &Unreadable, out: &mut Vec<u8>) {
    match reason {
        Unreadable::NotJson => error("null", -32700, "not JSON", out),
        Unreadable::NotJsonRpc => error("null", -32600, "not a single JSON-RPC 2.0 message", out),
    }
}

pub(crate) fn error(id: &str, code: i32, message: &'static str, out: &mut Vec<u8>) {
    let code = code.to_string();
    let parts = ["{\"jsonrpc\":\"2.0\",\"id\":", id, ",\"error\":{\"code\":", &code];
    extend(out, &parts);
    extend(out, &[",\"message\":\"", message, "\"}}"]);
}

fn request(id: &str, method: &str, params: Option<&RawValue>, out: &mut Vec<u8>) {
    match method {
        "initialize" => initialize(id, params, out),
        "ping" => result(id, "{}", out),
        "tools/list" => result(id, TOOLS, out),
        "tools/call" => call(id, params, out),
        _ => error(id, -32601, "method not found", out),
    }
}

fn initialize(id: &str, params: Option<&RawValue>, out: &mut Vec<u8>) {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Params<'b> {
        #[serde(borrow)]
        protocol_version: Cow<'b, str>,
    }
    let asked = params.and_then(|raw| serde_json::from_str::<Params<'_>>(raw.get()).ok());
    let Some(asked) = asked else {
        return error(id, -32602, "protocolVersion is missing", out);
    };
    let [newest, ..] = REVISIONS;
    let agreed = REVISIONS.into_iter().find(|known| *known == asked.protocol_version).unwrap_or(newest);
    extend(out, &["{\"jsonrpc\":\"2.0\",\"id\":", id, ",\"result\":{\"protocolVersion\":\"", agreed]);
    extend(out, &["\",\"capabilities\":{\"tools\":{}},\"serverInfo\":{\"name\":\"orch-bench-echo\""]);
    extend(out, &[",\"version\":\"", env!("CARGO_PKG_VERSION"), "\"}}}"]);
}

fn call(id: &str, params: Option<&RawValue>, out: &mut Vec<u8>) {
    #[derive(Deserialize)]
    struct Params<'b> {
        #[serde(borrow)]
        name: Cow<'b, str>,
        #[serde(borrow)]
        arguments: Option<&'b RawValue>,
    }
    #[derive(Deserialize)]
    struct Arguments<'b> {
        #[serde(borrow)]
        text: &'b RawValue,
    }
    let params = params.and_then(|raw| serde_json::from_str::<Params<'_>>(raw.get()).ok());
    let arguments = match params {
        Some(Params { name, arguments }) if name == "echo" => arguments,
        Some(_) => return error(id, -32602, "unknown tool", out),
        None => return error(id, -32602, "params of a call are missing", out),
    };
    let arguments = arguments.and_then(|raw| serde_json::from_str::<Arguments<'_>>(raw.get()).ok());
    match arguments.map(|arguments| arguments.text.get()) {
        Some(text) if text.starts_with('"') => echo(id, &[text], out),
        // Wrong input is a tool result, so that a model can see it and try again.
        _ => result(id, TEXT_MISSING, out),
    }
}

fn echo(id: &str, text: &[&str], out: &mut Vec<u8>) {
    extend(out, &["{\"jsonrpc\":\"2.0\",\"id\":", id]);
    extend(out, &[",\"result\":{\"content\":[{\"type\":\"text\",\"text\":"]);
    extend(out, text);
    extend(out, &["}]}}"]);
}

fn result(id: &str, result: &str, out: &mut Vec<u8>) {
    extend(out, &["{\"jsonrpc\":\"2.0\",\"id\":", id, ",\"result\":", result, "}"]);
}

fn extend(out: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, Result};
    use proptest::prelude::{any, proptest};
    use serde_json::{Value, json};

    use super::{answer, refuse};
    use crate::message::Message;

    fn ask(sent: &str) -> Result<Value> {
        let mut out = Vec::new();
        match Message::read(sent.as_bytes()) {
            Ok(message) => answer(&message, &mut out),
            Err(reason) => refuse(&reason, &mut out),
        }
        serde_json::from_slice(&out).context("an answer in JSON")
    }

    fn check(method: &str, params: Value, pointer: &str, expected: Value) -> Result<()> {
        let sent = json!({"jsonrpc": "2.0", "id": "i", "method": method, "params": params});
        let got = ask(&sent.to_string())?;
        assert_eq!(got.pointer("/id"), Some(&json!("i")), "{got}");
        assert_eq!(got.pointer(pointer), Some(&expected), "{got}");
        Ok(())
    }

    #[test]
    fn speaks_the_methods_of_a_server_with_one_tool() -> Result<()> {
        let revision = "/result/protocolVersion";
        let code = "/error/code";
        let echo = |arguments: Value| json!({"name": "echo", "arguments": arguments});
        let old = json!({"protocolVersion": "2025-06-18", "capabilities": {}});
        check("initialize", old, revision, json!("2025-06-18"))?;
        let future = json!({"protocolVersion": "2999-01-01"});
        check("initialize", future, revision, json!("2025-11-25"))?;
        check("initialize", json!({}), code, json!(-32602))?;
        check("ping", json!({}), "/result", json!({}))?;
        check("tools/list", json!({}), "/result/tools/0/name", json!("echo"))?;
        check("tools/call", echo(json!({"text": "x"})), "/result/content/0/text", json!("x"))?;
        check("tools/call", echo(json!({"text": 1})), "/result/isError", json!(true))?;
        check("tools/call", json!({"name": "other"}), code, json!(-32602))?;
        check("server/discover", json!({}), code, json!(-32601))
    }

    #[test]
    fn refuses_what_it_cannot_read() -> Result<()> {
        assert_eq!(ask("{")?.pointer("/error/code"), Some(&json!(-32700)));
        assert_eq!(ask("[]")?.pointer("/error/code"), Some(&json!(-32600)));
        Ok(())
    }

    proptest! {
        #[test]
        fn returns_exactly_the_text_it_is_given(text in any::<String>()) {
            let params = json!({"name": "echo", "arguments": {"text": text}});
            assert!(check("tools/call", params, "/result/content/0/text", json!(text)).is_ok());
        }
    }
}
