//! `subscriptions/listen`: news as a stream that says at first what it is going to tell.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use futures_util::Stream;
use orch_mcp::error::RpcError;
use orch_mcp::id::RequestId;
use orch_mcp::message::Request;
use orch_mcp::modern::SUBSCRIPTION_ID;
use orch_mcp::object;
use orch_mcp::raw::Raw;
use orch_mcp::{codec, method, sse, tasks};
use orch_relay::context::CallContext;
use orch_relay::subscription::{Interest, News, Subscription};

use super::running::{NotEntered, Ticket};
use super::task;
use crate::mcp::accept::Accepts;
use crate::mcp::reach::Reach;
use crate::mcp::{McpEndpoints, refusal, respond};

pub(super) async fn handle(
    cx: &CallContext,
    reach: Reach,
    accepts: Accepts,
    request: &Request,
    endpoints: &McpEndpoints,
) -> HttpResponse {
    if accepts == Accepts::JsonOnly {
        return refusal::not_acceptable();
    }
    let refuse = |error: &RpcError| refusal::error(StatusCode::OK, &request.id, error);
    let (mut interest, shown) = match interest(request) {
        Ok(interest) => interest,
        Err(error) => return refuse(&error),
    };
    // Who does not know tasks is told of none.
    let shown = if tasks::is_named_in(&cx.client.declared.capabilities) { shown } else { Vec::new() };
    let tasks: Vec<(String, String)> =
        shown.into_iter().filter_map(|shown| Some((task::opened(&reach, &endpoints.seal, &shown)?, shown))).collect();
    interest.tasks = tasks.iter().map(|(id, _)| id.clone()).collect();
    let limit = endpoints.config.max_listens_per_user;
    if endpoints.running.listens_of(reach.principal.user_id) >= limit {
        return refuse(&refusal::limited(format!("{limit} listens are open, the limit")));
    }
    let most = endpoints.config.max_requests_per_user;
    let ticket = match endpoints.running.enter(reach, &cx.stop, Some(request.id.detached()), most) {
        Ok(ticket) => ticket,
        Err(NotEntered::TooMany) => {
            return refuse(&refusal::limited(format!("{most} requests are in flight, the limit")));
        }
        Err(NotEntered::Stopping) => return refusal::stopping(Some(&request.id)),
    };
    let subscription = endpoints.relay.subscribe(cx, interest).await;
    let id = request.id.detached();
    let listen = Listen { subscription, id, tasks, state: State::New, _ticket: ticket };
    respond::events(listen, Duration::from_secs(endpoints.config.keep_alive_secs))
}

/// What is wanted, and the tasks by the ids that the client knows.
fn interest(request: &Request) -> Result<(Interest, Vec<String>), RpcError> {
    let wanted = request
        .params
        .as_ref()
        .and_then(|params| object::member(params, "notifications"))
        .filter(Raw::is_object)
        .ok_or_else(|| RpcError::invalid_params("params.notifications must be an object"))?;
    let flag = |name: &str| object::member(&wanted, name).is_some_and(|value| value.as_str() == "true");
    let strings = |name: &str| match object::member(&wanted, name) {
        None => Ok(Vec::new()),
        Some(strings) => strings
            .read::<Vec<String>>()
            .map_err(|_| RpcError::invalid_params(format!("params.notifications.{name} must be an array of strings"))),
    };
    let interest = Interest {
        tools: flag("toolsListChanged"),
        prompts: flag("promptsListChanged"),
        resources: flag("resourcesListChanged"),
        uris: strings("resourceSubscriptions")?,
        tasks: Vec::new(),
    };
    Ok((interest, strings("taskIds")?))
}

struct Listen {
    subscription: Subscription,
    /// Of the request, with its type: it is on every message.
    id: RequestId,
    /// The followed tasks, by the ids that the relay knows and that the client does.
    tasks: Vec<(String, String)>,
    state: State,
    _ticket: Ticket,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Telling,
    Over,
}

impl Listen {
    fn acknowledgement(&self) -> Bytes {
        let honoured = self.subscription.honoured();
        let yes = Raw::from_static("true");
        let uris = Raw::serialize(&honoured.uris).unwrap_or_else(|_| Raw::from_static("[]"));
        let flags = [
            ("toolsListChanged", honoured.tools),
            ("promptsListChanged", honoured.prompts),
            ("resourcesListChanged", honoured.resources),
        ];
        let mut members: Vec<(&str, &Raw)> =
            flags.iter().filter(|(_, on)| *on).map(|(name, _)| (*name, &yes)).collect();
        if !honoured.uris.is_empty() {
            members.push(("resourceSubscriptions", &uris));
        }
        let ids: Vec<&str> =
            self.tasks.iter().filter(|(id, _)| honoured.tasks.contains(id)).map(|(_, shown)| shown.as_str()).collect();
        let task_ids = Raw::serialize(&ids).unwrap_or_else(|_| Raw::from_static("[]"));
        if !ids.is_empty() {
            members.push(("taskIds", &task_ids));
        }
        let params = object::build([("notifications", &object::build(members))]);
        self.tagged(method::ACKNOWLEDGED, Some(params))
    }

    /// A notification of this stream.
    fn tagged(&self, method: &str, params: Option<Raw>) -> Bytes {
        let params = self.with_id(params.unwrap_or_else(|| Raw::from_static("{}")));
        sse::encode_message(None, &codec::encode_notification(method, Some(&params)))
    }

    /// A task under the id that the client knows.
    fn with_shown_task(&self, params: Raw) -> Raw {
        if self.tasks.is_empty() {
            return params;
        }
        let id = object::string(&params, "taskId");
        let shown = id.and_then(|id| self.tasks.iter().find(|(own, _)| *own == id));
        shown
            .and_then(|(_, shown)| object::with(&params, "taskId", &Raw::serialize(shown).ok()?).ok())
            .unwrap_or(params)
    }

    fn with_id(&self, object: Raw) -> Raw {
        let Ok(id) = Raw::parse(Bytes::copy_from_slice(self.id.as_bytes())) else { return object };
        let meta = object::member(&object, "_meta").filter(Raw::is_object).unwrap_or_else(|| Raw::from_static("{}"));
        object::with(&meta, SUBSCRIPTION_ID, &id)
            .and_then(|meta| object::with(&object, "_meta", &meta))
            .unwrap_or(object)
    }

    /// The end in good order.
    fn result(&self) -> Bytes {
        let result = self.with_id(Raw::from_static(r#"{"resultType":"complete"}"#));
        sse::encode_message(None, &codec::encode_result(&self.id, &result))
    }
}

impl Stream for Listen {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let this = &mut *self;
        match this.state {
            State::Over => Poll::Ready(None),
            State::New => {
                this.state = State::Telling;
                Poll::Ready(Some(this.acknowledgement()))
            }
            State::Telling => loop {
                match std::task::ready!(this.subscription.poll_news(cx)) {
                    Some(News::Notification(notification)) => {
                        let params = notification.params.map(|params| this.with_shown_task(params));
                        return Poll::Ready(Some(this.tagged(notification.method.as_str(), params)));
                    }
                    // Of a session's own connection; there is no session.
                    Some(News::Question(_)) => {}
                    None => {
                        this.state = State::Over;
                        return Poll::Ready(Some(this.result()));
                    }
                }
            },
        }
    }
}
