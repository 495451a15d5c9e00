//! Subscriptions to resources of a legacy server: a request each.

use futures_util::StreamExt;
use orch_mcp::error::RpcError;
use orch_mcp::message::MethodName;
use orch_mcp::object;
use orch_mcp::peer::{Peer, PeerError, PeerFuture, PeerRequest, ReplyItem, Topic};
use orch_mcp::raw::Raw;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    Subscribe,
    Unsubscribe,
}

/// Sends `resources/subscribe` or `resources/unsubscribe` and waits for its end.
pub(crate) fn send(peer: &dyn Peer, wish: Wish, topic: Topic) -> PeerFuture<'_, Result<(), PeerError>> {
    let Topic::Resource(uri) = topic else {
        let refusal = RpcError::method_not_found("subscriptions/listen");
        return Box::pin(std::future::ready(Err(PeerError::Rpc(refusal))));
    };
    let uri = Raw::serialize(&uri).unwrap_or_else(|_| Raw::from_static("null"));
    let method = match wish {
        Wish::Subscribe => "resources/subscribe",
        Wish::Unsubscribe => "resources/unsubscribe",
    };
    let request = PeerRequest::new(MethodName::from_static(method), Some(object::build([("uri", &uri)])));
    let mut replies = peer.send(request);
    Box::pin(async move {
        while let Some(item) = replies.next().await {
            if let ReplyItem::End(end) = item {
                return end.map(|_| ());
            }
        }
        Err(PeerError::Closed { reason: "the connection ended without an answer".to_owned() })
    })
}
