//! What has to be changed in an answer on its way out. On the endpoint of one server: nothing. On the unified
//! endpoint: the URIs of resources, so that they can be read back.

use std::sync::Arc;

use orch_domain::server::Server;
use orch_mcp::error::{RpcError, code};
use orch_mcp::message::Notification;
use orch_mcp::raw::Raw;
use orch_mcp::word::Word;
use orch_mcp::{method, object, tasks};

use crate::{questions, uris};

/// Which members of the result hold URIs of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `content[]`: linked and embedded resources.
    ToolResult,
    /// `messages[].content`: the same.
    PromptResult,
    /// `contents[].uri`.
    ReadResult,
    /// `taskId`.
    Task,
    Other,
}

#[derive(Debug, Clone)]
pub(crate) enum Outward {
    AsIs,
    Namespaced { server: Arc<Server>, shape: Shape },
}

impl Outward {
    pub(crate) fn result(&self, mut result: Raw) -> Raw {
        static INPUT_REQUESTS: Word = Word::new(r#""inputRequests""#);
        static URI: Word = Word::new(r#""uri""#);
        let Self::Namespaced { server, shape } = self else { return result };
        if INPUT_REQUESTS.is_in(result.as_bytes())
            && let Some(named) = with_senders(&server.name, &result)
        {
            if *shape != Shape::Task {
                return named;
            }
            result = named;
        }
        if *shape == Shape::Task || tasks::created(&result).is_some() {
            return with_task(server.alias.as_str(), &result).unwrap_or(result);
        }
        // Most results have no URI at all. One in an escaped key stays as it is, and cannot be read back.
        if !URI.is_in(result.as_bytes()) {
            return result;
        }
        let alias = server.alias.as_str();
        let rewritten = match shape {
            Shape::ToolResult => in_array(&result, "content", |block| content_block(alias, block)),
            Shape::PromptResult => in_array(&result, "messages", |message| {
                let content = content_block(alias, &object::member(message, "content")?)?;
                object::with(message, "content", &content).ok()
            }),
            Shape::ReadResult => in_array(&result, "contents", |contents| with_uri(alias, contents)),
            Shape::Task | Shape::Other => None,
        };
        rewritten.unwrap_or(result)
    }

    /// A log message says which server it is of.
    pub(crate) fn notification(&self, notification: Notification) -> Notification {
        match self {
            Self::Namespaced { server, .. } => with_logger(server.alias.as_str(), notification),
            Self::AsIs => notification,
        }
    }

    /// The params of a question, as the client is to see them.
    pub(crate) fn question(&self, method: &str, params: Option<Raw>) -> Option<Raw> {
        match self {
            Self::Namespaced { server, .. } if method == questions::ELICITATION => {
                params.map(|params| questions::with_sender(&server.name, params))
            }
            Self::AsIs | Self::Namespaced { .. } => params,
        }
    }

    /// An error's `data.uri`.
    pub(crate) fn error(&self, mut error: RpcError) -> RpcError {
        if let Self::Namespaced { server, .. } = self
            && error.code == code::URL_ELICITATION_REQUIRED
            && let Some(data) = error.data.as_ref().and_then(|data| {
                in_array(data, "elicitations", |one| Some(questions::with_sender(&server.name, one.clone())))
            })
        {
            error.data = Some(data);
        } else if let Self::Namespaced { server, .. } = self
            && let Some(data) = error.data.as_ref().and_then(|data| with_uri(server.alias.as_str(), data))
        {
            error.data = Some(data);
        }
        error
    }
}

/// `<alias>/<logger>` on log messages; everything else as it is.
pub(crate) fn with_logger(alias: &str, notification: Notification) -> Notification {
    if notification.method.as_str() != method::LOG_MESSAGE {
        return notification;
    }
    let named = notification.params.as_ref().and_then(|params| {
        let logger = match object::string(params, "logger") {
            Some(logger) => format!("{alias}/{logger}"),
            None => alias.to_owned(),
        };
        object::with(params, "logger", &Raw::serialize(&logger).ok()?).ok()
    });
    Notification { params: named.or(notification.params), method: notification.method }
}

/// The result under the id that the client knows. What a finished task holds is a result of its own.
fn with_task(alias: &str, result: &Raw) -> Option<Raw> {
    let id = Raw::serialize(&crate::tasks::expose(alias, &object::string(result, "taskId")?)).ok()?;
    let shown = object::with(result, "taskId", &id).ok()?;
    let Some(inner) = object::member(&shown, "result") else { return Some(shown) };
    let inner = in_array(&inner, "content", |block| content_block(alias, block)).unwrap_or(inner);
    object::with(&shown, "result", &inner).ok()
}

/// What a modern server asks, with its name where that is shown to people.
fn with_senders(server: &str, result: &Raw) -> Option<Raw> {
    let asked = object::entries(&object::member(result, "inputRequests")?).ok()?;
    let named: Vec<(String, Raw)> = asked
        .into_iter()
        .map(|(key, request)| {
            let is_shown = object::string(&request, "method").as_deref() == Some(questions::ELICITATION);
            let params = object::member(&request, "params").filter(|_| is_shown);
            let named = params.map(|params| questions::with_sender(server, params));
            let request = named.and_then(|params| object::with(&request, "params", &params).ok()).unwrap_or(request);
            (key, request)
        })
        .collect();
    let named = object::build(named.iter().map(|(key, request)| (key.as_str(), request)));
    object::with(result, "inputRequests", &named).ok()
}

fn in_array(object: &Raw, member: &str, rewrite: impl Fn(&Raw) -> Option<Raw>) -> Option<Raw> {
    let elements = object::elements(&object::member(object, member)?)?;
    let rewritten: Vec<Raw> = elements.into_iter().map(|element| rewrite(&element).unwrap_or(element)).collect();
    object::with(object, member, &object::array(&rewritten)).ok()
}

/// None when the block has no URI of the server's.
fn content_block(alias: &str, block: &Raw) -> Option<Raw> {
    match object::string(block, "type")?.as_str() {
        "resource_link" => with_uri(alias, block),
        "resource" => {
            let resource = with_uri(alias, &object::member(block, "resource")?)?;
            object::with(block, "resource", &resource).ok()
        }
        _ => None,
    }
}

fn with_uri(alias: &str, object: &Raw) -> Option<Raw> {
    let uri = object::string(object, "uri")?;
    let exposed = Raw::serialize(&uris::expose(alias, &uri)).ok()?;
    object::with(object, "uri", &exposed).ok()
}
