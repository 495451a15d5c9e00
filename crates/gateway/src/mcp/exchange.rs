//! One request of a client and its reply. In the revisions with sessions a client that goes away has not cancelled,
//! so an exchange that is dropped early is carried to its end in the background.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::web::Bytes;
use futures_util::stream::FuturesUnordered;
use futures_util::{Stream, StreamExt};
use orch_mcp::id::RequestId;
use orch_mcp::{codec, content};
use orch_relay::reply::{Event, Reply};

use super::cursor::Cursors;
use super::legacy::session::{InFlight, Session};
use super::legacy::streams::Log;

pub(super) struct Exchange {
    id: RequestId,
    /// None once the reply has ended.
    running: Option<(Reply, InFlight)>,
    cursors: Option<Cursors>,
}

impl Exchange {
    pub(super) const fn new(id: RequestId, reply: Reply, in_flight: InFlight, cursors: Option<Cursors>) -> Self {
        Self { id, running: Some((reply, in_flight)), cursors }
    }

    pub(super) const fn id(&self) -> &RequestId {
        &self.id
    }

    pub(super) fn session(&self) -> Option<&Arc<Session>> {
        self.running.as_ref().map(|(_, in_flight)| in_flight.session())
    }

    /// Carries the reply to its end in a task of its own, so that a client which does not read, or has gone, holds up
    /// neither the deadline nor a revocation. The messages for the client go into `log`, the first of them already
    /// known.
    pub(super) fn drive(mut self, first: Option<Event>, log: Arc<Log>) {
        let Some(session) = self.session().cloned() else { return log.end() };
        tokio::spawn(async move {
            let mut asked = FuturesUnordered::new();
            let mut next = first;
            loop {
                let event = match next.take() {
                    Some(event) => event,
                    None => tokio::select! {
                        biased;
                        Some(withdrawn) = asked.next(), if !asked.is_empty() => {
                            if let Some(message) = withdrawn {
                                log.push(message);
                            }
                            continue;
                        }
                        event = self.next() => match event {
                            Some(event) => event,
                            None => break,
                        },
                    },
                };
                match event {
                    Event::Question(question) => {
                        if let Some((message, carry)) = session.ask(question) {
                            log.push(message);
                            asked.push(carry);
                        }
                    }
                    Event::Notification(ref notification) if !session.wants(notification) => {}
                    event => {
                        if let Some(message) = message(&self.id, event) {
                            log.push(message);
                        }
                    }
                }
            }
            log.end();
        });
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
        // Where it comes to this nobody can be asked; the server learns that when the question is dropped.
        Event::Question(_) | Event::Cancelled => None,
    }
}

impl Stream for Exchange {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        let this = &mut *self;
        let cursors = &this.cursors;
        let Some((reply, in_flight)) = &mut this.running else { return Poll::Ready(None) };
        let revision = in_flight.session().client.revision;
        let event = reply.poll_next_unpin(cx).map(|event| match event {
            Some(Event::End(answer)) => Some(Event::End(answer.map(|answer| {
                answer.map(|result| match cursors {
                    Some(cursors) => cursors.seal(result),
                    None => content::for_revision(revision, result),
                })
            }))),
            other => other,
        });
        if matches!(event, Poll::Ready(None | Some(Event::End(_) | Event::Cancelled))) {
            this.running = None;
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
