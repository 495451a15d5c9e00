//! One request of a client and its reply. In the revisions with sessions a client that goes away has not cancelled,
//! so an exchange that is dropped early is carried to its end in the background.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::web::Bytes;
use futures_util::{Stream, StreamExt, stream};
use orch_mcp::codec;
use orch_mcp::id::RequestId;
use orch_relay::reply::{Event, Reply};

use tokio::sync::mpsc;

use super::legacy::session::InFlight;

/// Notifications that wait for a client to read; further ones are dropped.
const SLOW_CLIENT: usize = 256;

pub(super) struct Exchange {
    id: RequestId,
    /// None once the reply has ended.
    running: Option<(Reply, InFlight)>,
}

impl Exchange {
    pub(super) const fn new(id: RequestId, reply: Reply, in_flight: InFlight) -> Self {
        Self { id, running: Some((reply, in_flight)) }
    }

    pub(super) const fn id(&self) -> &RequestId {
        &self.id
    }

    /// The messages as they go to the client: notifications, then the response, unless the client cancelled. Driven by
    /// a task of its own, so that a client which does not read holds up neither the deadline nor a revocation; it only
    /// misses notifications.
    pub(super) fn into_messages(mut self) -> impl Stream<Item = Bytes> + use<> {
        let (sender, receiver) = mpsc::channel(SLOW_CLIENT);
        tokio::spawn(async move {
            while let Some(event) = self.next().await {
                let ends = matches!(event, Event::End(_));
                let Some(message) = message(&self.id, event) else { continue };
                // Both fail when the client has gone, and then the request goes on all the same.
                if ends {
                    let _ = sender.send(message).await;
                } else {
                    let _ = sender.try_send(message);
                }
            }
        });
        stream::unfold(receiver, |mut messages| async move { messages.recv().await.map(|message| (message, messages)) })
    }
}

/// None for a request that was cancelled: it gets no response.
pub(super) fn message(id: &RequestId, event: Event) -> Option<Bytes> {
    match event {
        Event::Notification(notification) => {
            Some(codec::encode_notification(notification.method.as_str(), notification.params.as_ref()))
        }
        Event::End(answer) => Some(match answer.into_inner() {
            Ok(result) => codec::encode_result(id, &result),
            Err(error) => codec::encode_error(Some(id), &error),
        }),
        // Nobody is asked on this leg; the server learns that when the question is dropped.
        Event::Question(_) | Event::Cancelled => None,
    }
}

impl Stream for Exchange {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        let Some((reply, _)) = &mut self.running else { return Poll::Ready(None) };
        let event = reply.poll_next_unpin(cx);
        if matches!(event, Poll::Ready(None | Some(Event::End(_) | Event::Cancelled))) {
            self.running = None;
        }
        event
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let Some((mut reply, in_flight)) = self.running.take() else { return };
        // Without a runtime the process is about to end, and the call is recorded as abandoned.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            while reply.next().await.is_some() {}
            drop(in_flight);
        });
    }
}
