//! The listening of a peer to a modern server: one stream of `subscriptions/listen` with everything that is wanted.
//! What is wanted more goes on a new stream, and the old one ends only when that is agreed upon.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use orch_mcp::codec;
use orch_mcp::error::RpcError;
use orch_mcp::id::RequestId;
use orch_mcp::message::{Message, MethodName, Notification};
use orch_mcp::method;
use orch_mcp::peer::{PeerError, PeerEvent, PeerRequest};

use crate::followed::{Wanted, listen_params};
use crate::http::exchange::{Outgoing, Replay, exchange_apart};
use crate::http::listen::take;
use crate::http::messages::{Heard, Messages};
use crate::http::refusal::{Verdict, judge};
use crate::http::shared::Shared;

const SHORTEST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How long a server may take to acknowledge a stream.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(10);

enum NotOpened {
    /// It has no such streams.
    Never(RpcError),
    Now,
}

/// Runs until the server has said that it has nothing of this kind.
pub(super) async fn run(shared: &Arc<Shared>) {
    let mut wanted = shared.followed.wanted();
    let mut backoff = SHORTEST_WAIT;
    let mut current: Option<Box<Messages>> = None;
    let mut missed = false;
    loop {
        if current.is_none() {
            let now = wanted.borrow_and_update().clone();
            match open(shared, &now).await {
                Ok(stream) => {
                    backoff = SHORTEST_WAIT;
                    current = Some(stream);
                    if std::mem::replace(&mut missed, false) {
                        look_at_all_lists(shared);
                    }
                }
                Err(NotOpened::Never(error)) => {
                    shared.followed.refuse(error);
                    return;
                }
                Err(NotOpened::Now) => {
                    tokio::time::sleep(backoff).await;
                    backoff = (backoff * 2).min(LONGEST_WAIT);
                    continue;
                }
            }
        }
        let Some(stream) = &mut current else { continue };
        tokio::select! {
            heard = stream.next() => match heard {
                Ok(Some(Heard::Message(Message::Response(_)))) | Ok(None) | Err(_) => {
                    current = None;
                    missed = true;
                    tokio::time::sleep(backoff).await;
                }
                Ok(Some(heard)) => take(shared, heard),
            },
            changed = wanted.changed() => {
                if changed.is_err() {
                    return;
                }
                let now = wanted.borrow_and_update().clone();
                // What the old stream still says meanwhile waits in it, and is then said by the new one too.
                if let Ok(stream) = open(shared, &now).await {
                    current = Some(stream);
                }
            }
        }
    }
}

/// Opens a stream and waits for its acknowledgement.
async fn open(shared: &Arc<Shared>, wanted: &Wanted) -> Result<Box<Messages>, NotOpened> {
    let session = shared.session.load_full();
    let id = shared.next_id();
    let request = PeerRequest::new(MethodName::from_static("subscriptions/listen"), Some(listen_params(wanted)));
    let params = shared.modern_params(request.params.as_ref(), &request, None);
    let body = codec::encode_request(&RequestId::from_number(id), request.method.as_str(), Some(&params));
    let headers = session.of_request(&request, &params).into_owned();
    let outgoing = Outgoing { method: Method::POST, headers: &headers, body, replay: Replay::Harmless };
    let answer = exchange_apart(shared, &outgoing).await.map_err(|_| NotOpened::Now)?;
    let mut messages = match judge(shared, answer, &headers).await {
        Verdict::Messages(messages) => messages,
        Verdict::Refused(PeerError::Rpc(error)) => return Err(NotOpened::Never(error)),
        Verdict::Nothing | Verdict::SessionLost | Verdict::Refused(_) => return Err(NotOpened::Now),
    };
    let acknowledged = tokio::time::timeout(ACKNOWLEDGED_WITHIN, async {
        loop {
            match messages.next().await {
                Ok(Some(Heard::Message(Message::Notification(notification))))
                    if notification.method.as_str() == method::ACKNOWLEDGED =>
                {
                    return Ok(notification);
                }
                Ok(Some(Heard::Message(Message::Response(response)))) => {
                    return Err(match response.outcome {
                        Err(error) => NotOpened::Never(error),
                        Ok(_) => NotOpened::Now,
                    });
                }
                Ok(Some(other)) => take(shared, other),
                Ok(None) | Err(_) => return Err(NotOpened::Now),
            }
        }
    });
    let acknowledged = acknowledged.await.map_err(|_| NotOpened::Now)??;
    shared.followed.agree(wanted.version, &acknowledged);
    Ok(messages)
}

/// What changed while nobody listened is not known.
fn look_at_all_lists(shared: &Shared) {
    for changed in [method::TOOLS_LIST_CHANGED, method::PROMPTS_LIST_CHANGED, method::RESOURCES_LIST_CHANGED] {
        let method = MethodName::from_static(changed);
        shared.sink.event(PeerEvent::Notification(Notification { method, params: None }));
    }
}
