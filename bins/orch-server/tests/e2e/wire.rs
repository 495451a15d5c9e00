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
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
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
        let mut wire = Self::without_session(project, endpoint);
        let hello = json!({
            "jsonrpc": "2.0", "id": 0, "method": "initialize",
            "params": { "protocolVersion": revision, "capabilities": {}, "clientInfo": { "name": "wire", "version": "1" } },
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

pub(crate) async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, body: response.bytes().await.expect("a body") }
}
