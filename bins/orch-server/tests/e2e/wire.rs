//! Raw requests, where the official client would be too polite.

use bytes::Bytes;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::harness::{DEADLINE, Project};

/// A session spoken byte by byte.
pub(crate) struct Wire<'a> {
    project: &'a Project<'a>,
    url: String,
    pub(crate) session: String,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// The message that it is. An answer that took its time is the last one of a stream.
    pub(crate) fn json(&self) -> Value {
        let text = std::str::from_utf8(&self.body).expect("UTF-8");
        let last = text.lines().filter_map(|line| line.strip_prefix("data: ")).next_back();
        let message = if text.starts_with(['{', '[']) { text } else { last.unwrap_or(text) };
        serde_json::from_str(message).unwrap_or_else(|error| panic!("{error}: {text:?}"))
    }

    /// The text of the result member, as it was written.
    pub(crate) fn raw_result(&self) -> &str {
        let text = std::str::from_utf8(&self.body).expect("UTF-8");
        let at = text.find("\"result\":").expect("a result") + 9;
        &text[at..text.rfind('}').expect("an end")]
    }
}

impl<'a> Wire<'a> {
    pub(crate) fn without_session(project: &'a Project<'a>, endpoint: &str) -> Self {
        Self { project, url: project.url(endpoint), session: String::new() }
    }

    pub(crate) async fn open(project: &'a Project<'a>, endpoint: &str, revision: &str) -> Self {
        Self::declaring(project, endpoint, revision, json!({})).await
    }

    /// A session of a client that can be asked something.
    pub(crate) async fn declaring(project: &'a Project<'a>, endpoint: &str, revision: &str, can: Value) -> Self {
        let mut wire = Self::without_session(project, endpoint);
        let hello = json!({
            "jsonrpc": "2.0", "id": 0, "method": "initialize",
            "params": { "protocolVersion": revision, "capabilities": can, "clientInfo": { "name": "wire", "version": "1" } },
        });
        let answer = wire.post(hello.to_string()).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        assert_eq!(answer.json()["result"]["protocolVersion"], revision);
        wire.session = answer.headers["mcp-session-id"].to_str().expect("an id").to_owned();
        let initialized = wire.post(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
        assert_eq!((initialized.status, initialized.body.len()), (202, 0));
        wire
    }

    pub(crate) fn request(&self, method: reqwest::Method) -> reqwest::RequestBuilder {
        let request = self
            .project
            .daemon
            .http
            .request(method, &self.url)
            .timeout(DEADLINE)
            .bearer_auth(&self.project.key)
            .header("accept", "application/json, text/event-stream");
        if self.session.is_empty() { request } else { request.header("mcp-session-id", &self.session) }
    }

    pub(crate) async fn post(&self, body: impl Into<reqwest::Body>) -> Answer {
        let request = self.request(reqwest::Method::POST).header("content-type", "application/json").body(body);
        answer(request).await
    }
}

/// An event stream, read one message at a time.
pub(crate) struct Events {
    response: reqwest::Response,
    text: String,
}

impl Events {
    pub(crate) async fn open(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The next event with its id; None at the end of the stream. Comments are left out.
    pub(crate) async fn next(&mut self) -> Option<(Option<String>, String)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                if let Some(data) = field("data: ").or_else(|| field("data:")) {
                    return Some((field("id: "), data));
                }
                continue;
            }
            let chunk =
                tokio::time::timeout(DEADLINE, self.response.chunk()).await.expect("in time").expect("a chunk")?;
            self.text.push_str(std::str::from_utf8(&chunk).expect("UTF-8"));
        }
    }

    pub(crate) async fn message(&mut self) -> Value {
        loop {
            let (_, data) = self.next().await.expect("a message");
            if !data.is_empty() {
                return serde_json::from_str(&data).expect("JSON");
            }
        }
    }

    /// Reads on until such a message comes.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let reading = async {
            loop {
                let message = self.message().await;
                if wanted(&message) {
                    return message;
                }
            }
        };
        tokio::time::timeout(DEADLINE, reading).await.expect("such a message in time")
    }
}

/// A request of revision 2026-07-28, with the headers that go with it.
pub(crate) fn modern(project: &Project<'_>, endpoint: &str, mut body: Value, can: &Value) -> reqwest::RequestBuilder {
    let params = &mut body["params"];
    params["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2026-07-28");
    params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = can.clone();
    params["_meta"]["io.modelcontextprotocol/clientInfo"] = json!({ "name": "wire", "version": "2" });
    let named = ["name", "uri", "taskId"].into_iter().find_map(|member| params[member].as_str());
    let name = named.map(str::to_owned);
    let mut request = project
        .daemon
        .http
        .post(project.url(endpoint))
        .timeout(DEADLINE)
        .bearer_auth(&project.key)
        .header("accept", "application/json, text/event-stream")
        .header("content-type", "application/json")
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", body["method"].as_str().expect("a method"));
    if let Some(name) = name {
        request = request.header("mcp-name", name);
    }
    request.body(body.to_string())
}

pub(crate) async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, body: response.bytes().await.expect("a body") }
}
