//! Owns one MCP client of the load, in one of three dialects: its handshake, its connections, its calls, its end.
//! Never measures.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::client::Connection;
use crate::endpoint::Endpoint;
use crate::event_stream::EventStream;
use crate::load::answer::{Verifier, excerpt};
use crate::load::call::{self, Call, Shape};

const REVISION: &str = "2025-11-25";

/// How a client speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Streamable HTTP with a session.
    Session,
    /// Streamable HTTP without one: each call says everything.
    Stateless,
    /// HTTP+SSE: calls are posted, and answered on a standing stream.
    Sse,
}

#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) endpoint: Endpoint,
    pub(crate) bearer: Option<String>,
    pub(crate) dialect: Dialect,
}

pub(crate) struct Session {
    target: Target,
    /// The `MCP-` headers that the handshake settled.
    agreed: String,
    connection: Connection,
    /// Where the answers come that do not come with the call.
    answers: Option<EventStream>,
    call: Call,
    verifier: Verifier,
}

impl Session {
    /// `number` tells this session's texts from those of others.
    pub(crate) async fn open(target: &Target, shape: &Shape, number: u64) -> Result<Self> {
        let mut target = target.clone();
        let mut connection = Connection::open(target.endpoint.address()).await.context("connect")?;
        let mut answers = None;
        let agreed = match target.dialect {
            Dialect::Session => initialize(&mut connection, &target).await?,
            Dialect::Stateless => {
                let (revision, tool) = (call::REVISION, &shape.tool);
                format!("mcp-protocol-version: {revision}\r\nmcp-method: tools/call\r\nmcp-name: {tool}\r\n")
            }
            Dialect::Sse => {
                answers = Some(initialize_sse(&mut connection, &mut target).await?);
                String::new()
            }
        };
        let call = match target.dialect {
            Dialect::Stateless => Call::stateless(shape, number),
            Dialect::Session | Dialect::Sse => Call::new(shape, number),
        };
        let head = target.head("POST", &agreed, call.bytes().len());
        let call = call.within(&head, b"");
        Ok(Self { target, agreed, connection, answers, call, verifier: Verifier::default() })
    }

    /// One call; an error when anything about its answer is not as it must be.
    pub(crate) async fn call(&mut self) -> Result<()> {
        if !self.connection.stays() {
            self.reconnect().await?;
        }
        self.call.stamp();
        let (call, verifier) = (&self.call, &mut self.verifier);
        if let Some(answers) = &mut self.answers {
            let status = self.connection.exchange(call.bytes(), |response| response.status).await?;
            ensure!(status == 202, "status {status}");
            let answer = answers.next().await?;
            return verifier.verify(&answer.data, false, call.id(), call.text());
        }
        let verdict = self.connection.exchange(call.bytes(), |response| {
            if response.status != 200 {
                bail!("status {} with {}", response.status, excerpt(&response.body));
            }
            verifier.verify(&response.body, response.event_stream, call.id(), call.text())
        });
        verdict.await?
    }

    pub(crate) async fn close(mut self) -> Result<()> {
        // Without a session there is nothing to end, and one over HTTP+SSE ends with its stream.
        if self.target.dialect != Dialect::Session {
            return Ok(());
        }
        if !self.connection.stays() {
            self.reconnect().await?;
        }
        let request = self.target.head("DELETE", &self.agreed, 0);
        let status = self.connection.exchange(&request, |response| response.status).await?;
        ensure!(matches!(status, 200 | 202 | 204), "status {status}");
        Ok(())
    }

    /// A server may end a connection, when it says so.
    async fn reconnect(&mut self) -> Result<()> {
        let address = self.target.endpoint.address();
        self.connection = Connection::open(address).await.context("connect again")?;
        Ok(())
    }
}

impl Target {
    fn head(&self, method: &str, extra: &str, length: usize) -> Vec<u8> {
        let (path, host) = (self.endpoint.path(), self.endpoint.address());
        let bearer = match &self.bearer {
            Some(bearer) => format!("authorization: Bearer {bearer}\r\n"),
            None => String::new(),
        };
        let body = match length {
            0 => String::new(),
            _ => format!("content-type: application/json\r\ncontent-length: {length}\r\n"),
        };
        let accept = "accept: application/json, text/event-stream\r\n";
        format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\n{accept}{bearer}{extra}{body}\r\n").into_bytes()
    }

    fn post(&self, extra: &str, message: &Value) -> Vec<u8> {
        let body = message.to_string().into_bytes();
        [self.head("POST", extra, body.len()), body].concat()
    }
}

fn hello() -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": REVISION,
        "capabilities": {},
        "clientInfo": {"name": "orch-bench", "version": env!("CARGO_PKG_VERSION")},
    }})
}

/// Opens the stream and shakes hands; from then on the target is where messages are posted.
async fn initialize_sse(connection: &mut Connection, target: &mut Target) -> Result<EventStream> {
    let request = target.head("GET", "", 0);
    let mut events = EventStream::open(target.endpoint.address(), &request).await.context("open the stream")?;
    let first = events.next().await.context("the endpoint event")?;
    ensure!(first.name == "endpoint", "the first event is {:?}", first.name);
    let path = String::from_utf8(first.data).context("the endpoint event")?;
    ensure!(path.starts_with('/'), "messages go to {path:?}, which is no path");
    target.endpoint = Endpoint::local(target.endpoint.address().port(), &path);
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    for message in [hello(), ready] {
        let request = target.post("", &message);
        let status = connection.exchange(&request, |response| response.status).await.context("the handshake")?;
        ensure!(status == 202, "the handshake: status {status}");
        if message.get("id").is_some() {
            let answer = events.next().await.context("the answer to initialize")?;
            let body = excerpt(&answer.data);
            ensure!(body.contains(&format!("\"protocolVersion\":\"{REVISION}\"")), "not agreed on {REVISION}: {body}");
        }
    }
    Ok(events)
}

/// Opens the session and returns the headers that all its further requests carry.
async fn initialize(connection: &mut Connection, target: &Target) -> Result<String> {
    let request = target.post("", &hello());
    let answer = connection.exchange(&request, |response| {
        let body = excerpt(&response.body);
        let session = response.session.and_then(|id| std::str::from_utf8(id).ok());
        (response.status, session.map(str::to_owned), body)
    });
    let (status, session, body) = answer.await.context("initialize")?;
    ensure!(status == 200, "initialize: status {status} with {body}");
    ensure!(
        body.contains(&format!("\"protocolVersion\":\"{REVISION}\"")),
        "initialize: not agreed on {REVISION}: {body}"
    );
    let session = match session {
        Some(id) => format!("mcp-session-id: {id}\r\n"),
        None => String::new(),
    };
    let agreed = format!("{session}mcp-protocol-version: {REVISION}\r\n");
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let request = target.post(&agreed, &ready);
    let answer = connection.exchange(&request, |response| response.status);
    let status = answer.await.context("initialized")?;
    ensure!(status == 202, "initialized: status {status}");
    Ok(agreed)
}
