//! A legacy server refuses a call until its user has opened a URL (-32042). Such a call is over; a modern client that
//! can open URLs is asked to, and the call is made anew when it comes back.

use orch_mcp::error::{RpcError, code};
use orch_mcp::message::Request;
use orch_mcp::method::Method;
use orch_mcp::object;
use orch_mcp::raw::Raw;
use orch_relay::context::CallContext;
use orch_relay::reply::Answer;

/// A server that has refused so often is not going to stop.
const MOST: u32 = 10;

/// Whether the client said that it opens URLs.
pub(super) fn is_possible(cx: &CallContext) -> bool {
    let elicitation = object::member(&cx.client.declared.capabilities, "elicitation");
    elicitation.and_then(|it| object::member(&it, "url")).is_some_and(|url| url.is_object())
}

/// What the client has to declare to be asked.
pub(super) fn not_declared(error: &RpcError) -> RpcError {
    let needed = serde_json::json!({ "requiredCapabilities": { "elicitation": { "url": {} } } });
    RpcError::new(code::MISSING_CAPABILITY, error.message.clone()).with_data(&needed)
}

/// What is to be opened, each as the params of a question. An error when the server does not say, or asks for too much.
pub(super) fn asked(error: &RpcError, round: u32) -> Result<Vec<String>, RpcError> {
    let broken = |what: &str| RpcError::gateway("upstream_protocol", format!("the server broke the protocol: {what}"));
    if round > MOST {
        return Err(broken(&format!("it wanted a URL opened {MOST} times")));
    }
    let listed = error.data.as_ref().and_then(|data| object::member(data, "elicitations"));
    let listed = listed.and_then(|all| object::elements(&all)).unwrap_or_default();
    let asked: Vec<String> = listed
        .iter()
        .filter(|one| object::string(one, "url").is_some())
        .filter_map(|one| object::without(one, |member| matches!(member, "elicitationId" | "task" | "_meta")).ok())
        .map(|one| one.as_str().to_owned())
        .collect();
    if asked.is_empty() { Err(broken("it wants a URL opened and does not say which")) } else { Ok(asked) }
}

/// The key of a question.
fn key(index: usize) -> String {
    format!("url-{}", index + 1)
}

/// The result that asks the client.
pub(super) fn input_required(asked: &[String], state: &str) -> Option<Raw> {
    let method = Raw::from_static("\"elicitation/create\"");
    let mut requests = Vec::with_capacity(asked.len());
    for (index, params) in asked.iter().enumerate() {
        let params = Raw::parse(bytes::Bytes::copy_from_slice(params.as_bytes())).ok()?;
        requests.push((key(index), object::build([("method", &method), ("params", &params)])));
    }
    let requests = object::build(requests.iter().map(|(key, request)| (key.as_str(), request)));
    let state = Raw::serialize(&state).ok()?;
    let kind = Raw::from_static("\"input_required\"");
    Some(object::build([("resultType", &kind), ("inputRequests", &requests), ("requestState", &state)]))
}

/// What the client's return comes to.
pub(super) enum Return {
    /// Everything was opened: the call can be made, without what only we wanted.
    Call(Request),
    /// Not everything was answered.
    Again,
    /// The user did not want to.
    Over(Answer),
}

/// Reads what the client brings back. An error consumes nothing.
pub(super) fn come_back(asked: &[String], request: Request) -> Result<Return, RpcError> {
    let params = request.params.clone().unwrap_or_else(|| Raw::from_static("{}"));
    let responses = match object::member(&params, "inputResponses") {
        None => Vec::new(),
        Some(responses) => object::entries(&responses)
            .map_err(|_| RpcError::invalid_params("params.inputResponses must be an object"))?,
    };
    for index in 0..asked.len() {
        let key = key(index);
        let Some((_, answer)) = responses.iter().find(|(name, _)| *name == key) else { return Ok(Return::Again) };
        match object::string(answer, "action").as_deref() {
            Some("accept") => {}
            Some("decline" | "cancel") => return Ok(Return::Over(refused(&request.method.known()))),
            _ => {
                let text = format!("params.inputResponses.{key} is no result of elicitation/create");
                return Err(RpcError::invalid_params(text));
            }
        }
    }
    let own = |member: &str| matches!(member, "inputResponses" | "requestState");
    let params = object::without(&params, own).map_err(|_| RpcError::invalid_params("params must be an object"))?;
    Ok(Return::Call(Request { params: Some(params), ..request }))
}

/// The end of a call whose URL was not opened.
fn refused(method: &Method<'_>) -> Answer {
    const TEXT: &str = "the server wants a URL opened first, and that was declined";
    if *method != Method::ToolsCall {
        return Err(RpcError::gateway("declined", TEXT));
    }
    let result = serde_json::json!({ "content": [{ "type": "text", "text": TEXT }], "isError": true });
    Raw::serialize(&result).map_err(|_| RpcError::gateway("declined", TEXT))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use orch_mcp::codec::{Incoming, decode};
    use orch_mcp::error::RpcError;
    use orch_mcp::message::{Message, Request};
    use orch_mcp::raw::Raw;

    use super::{Return, asked, come_back, input_required};

    fn required() -> RpcError {
        let data = r#"{"elicitations":[{"mode":"url","url":"https://a/b","message":"Sign in","elicitationId":"1"}]}"#;
        let data = Raw::parse(Bytes::from_static(data.as_bytes())).ok();
        RpcError { code: -32042, message: "sign in".to_owned(), data }
    }

    fn request(params: &str) -> Request {
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
        match decode(&Bytes::from(text)).expect("a message") {
            Incoming::Single(Message::Request(request)) => request,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_url_is_asked_for_without_the_id_of_a_session() {
        let asked = asked(&required(), 1).expect("asked");
        let result = input_required(&asked, "s").expect("a result");
        assert!(result.as_str().contains(r#""url":"https://a/b""#) && !result.as_str().contains("elicitationId"));
        assert!(super::asked(&required(), 11).is_err());
        assert!(super::asked(&RpcError::new(-32042, "x"), 1).is_err());
    }

    #[test]
    fn a_call_is_made_anew_when_all_was_opened() {
        let asked = asked(&required(), 1).expect("asked");
        let back = |responses: &str| {
            come_back(&asked, request(&format!(r#"{{"name":"a","requestState":"s","inputResponses":{responses}}}"#)))
        };
        match back(r#"{"url-1":{"action":"accept"}}"#) {
            Ok(Return::Call(request)) => assert_eq!(request.params.expect("params").as_str(), r#"{"name":"a"}"#),
            _ => panic!("no call"),
        }
        assert!(matches!(back(r#"{"other":{"action":"accept"}}"#), Ok(Return::Again)));
        assert!(matches!(back(r#"{"url-1":{"action":"decline"}}"#), Ok(Return::Over(Ok(_)))));
        assert!(back(r#"{"url-1":7}"#).is_err() && back("7").is_err());
    }
}
