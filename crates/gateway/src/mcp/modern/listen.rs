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
use orch_mcp::object;
use orch_mcp::raw::Raw;
use orch_mcp::{codec, method, sse};
use orch_relay::context::CallContext;
use orch_relay::subscription::{Interest, News, Subscription};

use super::running::Ticket;
use crate::mcp::accept::Accepts;
use crate::mcp::reach::Reach;
use crate::mcp::{McpEndpoints, refusal, respond};

const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";

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
    let refuse = |error: &RpcError| refusal::rpc(StatusCode::OK, Some(&request.id), error);
    let interest = match interest(request) {
        Ok(interest) => interest,
        Err(error) => return refuse(&error),
    };
    let limit = endpoints.config.max_listens_per_user;
    if endpoints.running.listens_of(reach.principal.user_id) >= limit {
        return refuse(&RpcError::gateway("limit", format!("{limit} listens are open, the limit")));
    }
    let most = endpoints.config.max_requests_per_user;
    let Some(ticket) = endpoints.running.enter(reach, &cx.stop, Some(request.id.detached()), most) else {
        return refuse(&RpcError::gateway("limit", format!("{most} requests are in flight, the limit")));
    };
    let subscription = endpoints.relay.subscribe(cx, interest).await;
    let id = request.id.detached();
    let listen = Listen { subscription, id, state: State::New, _ticket: ticket };
    respond::events(listen, Duration::from_secs(endpoints.config.keep_alive_secs))
}

fn interest(request: &Request) -> Result<Interest, RpcError> {
    let wanted = request
        .params
        .as_ref()
        .and_then(|params| object::member(params, "notifications"))
        .filter(Raw::is_object)
        .ok_or_else(|| RpcError::invalid_params("params.notifications must be an object"))?;
    let flag = |name: &str| object::member(&wanted, name).is_some_and(|value| value.as_str() == "true");
    let uris = match object::member(&wanted, "resourceSubscriptions") {
        None => Vec::new(),
        Some(uris) => uris.read().map_err(|_| {
            RpcError::invalid_params("params.notifications.resourceSubscriptions must be an array of strings")
        })?,
    };
    Ok(Interest {
        tools: flag("toolsListChanged"),
        prompts: flag("promptsListChanged"),
        resources: flag("resourcesListChanged"),
        uris,
    })
}

struct Listen {
    subscription: Subscription,
    /// Of the request, with its type: it is on every message.
    id: RequestId,
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
        let params = object::build([("notifications", &object::build(members))]);
        self.tagged(method::ACKNOWLEDGED, Some(params))
    }

    /// A notification of this stream.
    fn tagged(&self, method: &str, params: Option<Raw>) -> Bytes {
        let params = self.with_id(params.unwrap_or_else(|| Raw::from_static("{}")));
        sse::encode_message(None, &codec::encode_notification(method, Some(&params)))
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
                        return Poll::Ready(Some(this.tagged(notification.method.as_str(), notification.params)));
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
