//! One request over HTTP, from its first poll to its end: sent, its stream read and resumed, cancelled when the
//! caller goes. Runs entirely in the caller's task.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use http::{Method, StatusCode};
use orch_mcp::codec;
use orch_mcp::id::RequestId;
use orch_mcp::message::Message;
use orch_mcp::meta;
use orch_mcp::method::{self, Method as Known};
use orch_mcp::modern;
use orch_mcp::peer::{PeerError, PeerEvent, PeerRequest, ReplyItem, ReplyStream};
use orch_mcp::raw::Raw;
use tokio_util::sync::WaitForCancellationFutureOwned;

use crate::excerpt::excerpt;
use crate::http::aside::Aside;
use crate::http::exchange::{Outgoing, Replay, exchange};
use crate::http::messages::{Heard, Messages, ReadError};
use crate::http::refusal::{Verdict, judge};
use crate::http::session::Session;
use crate::http::shared::Shared;
use crate::server_request;
use crate::stdio::slot::Slot;

/// So often a stream is resumed without a single message in between.
const FRUITLESS_RESUMES: u32 = 5;

/// How long to wait before resuming where the server does not say, and at most where it does.
const RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(60);

pub(super) fn send(shared: Arc<Shared>, request: PeerRequest) -> ReplyStream {
    let id = shared.next_id();
    Box::pin(Call {
        id,
        progress: request.progress.then(|| Arc::new(Slot::new(&request, shared.progress_queue))),
        closed: Box::pin(shared.closed.clone().cancelled_owned()),
        is_open: false,
        phase: Phase::Opening(Box::pin(start(Arc::clone(&shared), request, id))),
        shared,
    })
}

struct Call {
    shared: Arc<Shared>,
    /// Ours; also the progress token.
    id: u64,
    /// Where its progress waits, whichever stream that comes on.
    progress: Option<Arc<Slot>>,
    closed: Pin<Box<WaitForCancellationFutureOwned>>,
    /// It was polled, so that it may have been sent, and it counts among the open ones.
    is_open: bool,
    phase: Phase,
}

enum Phase {
    /// On its way, or going on after its stream broke off.
    Opening(Pin<Box<dyn Future<Output = Result<Reading, PeerError>> + Send>>),
    Reading(Reading),
    Done,
}

struct Reading {
    messages: Box<Messages>,
    session: Arc<Session>,
    fruitless: u32,
}

impl Stream for Call {
    type Item = ReplyItem;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<ReplyItem>> {
        if matches!(self.phase, Phase::Done) {
            return Poll::Ready(None);
        }
        let item = match self.poll_item(cx) {
            Poll::Ready(item) => item,
            Poll::Pending => {
                ready!(self.closed.as_mut().poll(cx));
                ReplyItem::End(Err(Shared::closed_error()))
            }
        };
        if let ReplyItem::End(_) = &item {
            self.finish();
        }
        Poll::Ready(Some(item))
    }
}

impl Call {
    fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<ReplyItem> {
        if !self.is_open {
            self.is_open = true;
            let limit = self.shared.max_in_flight;
            if self.shared.in_flight.fetch_add(1, Ordering::Relaxed) >= limit {
                let reason = format!("the server has {limit} requests open, the limit");
                return Poll::Ready(ReplyItem::End(Err(PeerError::Busy { reason, retry_after: None })));
            }
            if let Some(slot) = &self.progress {
                // What limits their number is above.
                let _ = self.shared.progress.admit(self.id, Arc::clone(slot), usize::MAX);
            }
        }
        loop {
            if let Some(slot) = &self.progress
                && let Poll::Ready(item) = slot.poll(cx)
            {
                return Poll::Ready(item);
            }
            match &mut self.phase {
                Phase::Opening(opening) => match ready!(opening.as_mut().poll(cx)) {
                    Ok(reading) => self.phase = Phase::Reading(reading),
                    Err(error) => return Poll::Ready(ReplyItem::End(Err(error))),
                },
                Phase::Reading(reading) => match ready!(reading.messages.poll_next(cx)) {
                    Ok(Some(heard)) => {
                        reading.fruitless = 0;
                        if let Some(item) = self.take(heard) {
                            return Poll::Ready(item);
                        }
                    }
                    Err(ReadError::Protocol(reason)) => {
                        return Poll::Ready(ReplyItem::End(Err(PeerError::Protocol { reason })));
                    }
                    Ok(None) | Err(ReadError::Broken) => {
                        if let Phase::Reading(reading) = std::mem::replace(&mut self.phase, Phase::Done) {
                            self.phase = Phase::Opening(Box::pin(resume(Arc::clone(&self.shared), reading)));
                        }
                    }
                },
                Phase::Done => return Poll::Ready(ReplyItem::End(Err(Shared::closed_error()))),
            }
        }
    }

    /// What a message means to the caller; None when nothing.
    fn take(&mut self, heard: Heard) -> Option<ReplyItem> {
        let message = match heard {
            Heard::Message(message) => message,
            Heard::Oddity(oddity) if oddity.answers(self.id) => {
                return Some(ReplyItem::End(Err(PeerError::Protocol { reason: oddity.text })));
            }
            Heard::Oddity(oddity) => {
                self.shared.oddities.report(|| oddity.text);
                return None;
            }
        };
        match message {
            Message::Response(response) => {
                // An error without an id can only be about the one request of this exchange.
                if response.id.as_ref().is_none_or(|id| id.as_number() == Some(self.id)) {
                    return Some(ReplyItem::End(response.outcome.map_err(PeerError::Rpc)));
                }
                self.shared.oddities.report(|| {
                    let id = response.id.as_ref().map(|id| excerpt(id.as_bytes())).unwrap_or_default();
                    format!("a response belongs to another request: id {id}")
                });
                None
            }
            Message::Notification(notification) => match notification.method.known() {
                Known::Progress => {
                    self.shared.progress(&notification);
                    None
                }
                Known::Cancelled => {
                    self.shared.questions.withdraw(&notification);
                    None
                }
                // About the server and not about this request, wherever it was said.
                _ if method::is_list_changed(notification.method.as_str())
                    || notification.method.as_str() == method::RESOURCE_UPDATED =>
                {
                    self.shared.sink.event(PeerEvent::Notification(notification));
                    None
                }
                _ => Some(ReplyItem::Notification(notification)),
            },
            Message::Request(request) => {
                if let Some(question) = self.shared.question(&request) {
                    return Some(ReplyItem::Question(question));
                }
                self.shared.deliver_in_background(
                    Aside::Reply,
                    server_request::answer(&request, &self.shared.connection.declared),
                );
                None
            }
        }
    }

    /// The end is known: nothing is to be cancelled, and the connection can serve others.
    fn finish(&mut self) {
        if let Phase::Reading(reading) = std::mem::replace(&mut self.phase, Phase::Done) {
            reading.messages.release(&self.shared.pool);
        }
        if std::mem::take(&mut self.is_open) {
            self.leave();
        }
    }

    fn leave(&self) {
        self.shared.in_flight.fetch_sub(1, Ordering::Relaxed);
        if self.progress.is_some() {
            self.shared.progress.retract(self.id);
        }
    }

    fn cancel(&self) {
        if self.shared.session.load().is_modern {
            // Leaving is cancelling.
            return;
        }
        let params = format!(r#"{{"requestId":{},"reason":"the caller gave up"}}"#, self.id);
        if let Ok(params) = Raw::parse(params.into()) {
            let body = codec::encode_notification(Known::Cancelled.as_str(), Some(&params));
            self.shared.deliver_in_background(Aside::Cancellation, body);
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if self.is_open {
            self.leave();
            // The connection goes with the call; what is left of its answer is not read.
            self.cancel();
        }
    }
}

/// Sends the request. If the server has forgotten the session it was not executed, so it is sent once more in a
/// new one.
async fn start(shared: Arc<Shared>, request: PeerRequest, id: u64) -> Result<Reading, PeerError> {
    let shared = &shared;
    let mut session = shared.session.load_full();
    let is_modern = session.is_modern;
    let token = request.progress.then_some(id);
    let params = match &request.params {
        params if is_modern => Some(shared.modern_params(params.as_ref(), &request, token)),
        params if request.progress => Some(meta::with_progress_token(params.as_ref(), id)),
        params => params.clone(),
    };
    let empty = Raw::from_static("{}");
    let body = codec::encode_request(&RequestId::from_number(id), request.method.as_str(), params.as_ref());
    let replay = replay(&request.method.known());
    for _ in 0..2 {
        let headers = session.of_request(&request, params.as_ref().unwrap_or(&empty));
        let outgoing = Outgoing { method: Method::POST, headers: &headers, body: body.clone(), replay };
        let answer = exchange(shared, &outgoing).await?;
        let status = answer.status;
        match judge(shared, answer, &headers).await {
            Verdict::Messages(messages) => {
                drop(headers);
                return Ok(Reading { messages, session, fruitless: 0 });
            }
            Verdict::SessionLost => {
                drop(headers);
                // Apart, as it is rare and large.
                Box::pin(shared.renew(&session)).await?;
                session = shared.session.load_full();
            }
            Verdict::Refused(error) => {
                drop(headers);
                // It has not run the request. That is sent to what the server is now by whoever wants to.
                if is_modern && may_be_of_legacy(status, &error) && Box::pin(shared.is_of_another_era()).await {
                    let reason = "the server does not speak the era any more that it spoke before".to_owned();
                    return Err(PeerError::Closed { reason });
                }
                return Err(error);
            }
            Verdict::Nothing => {
                let reason = "the server accepted the request and does not answer it".to_owned();
                return Err(PeerError::Protocol { reason });
            }
        }
    }
    Err(PeerError::Protocol { reason: "the server forgets every session at once".to_owned() })
}

/// Goes on with a stream that ended before the response, where the server gave a place to go on from.
async fn resume(shared: Arc<Shared>, mut reading: Reading) -> Result<Reading, PeerError> {
    let shared = &*shared;
    let place = reading.messages.last_event_id().filter(|_| !reading.session.is_modern);
    let Some(last) = place.map(str::to_owned) else {
        let reason = "the server ended its answer before the response".to_owned();
        return Err(PeerError::Closed { reason });
    };
    let wait = reading.messages.retry_ms().map_or(RETRY, Duration::from_millis).min(LONGEST_RETRY);
    let mut failure = "the stream ended each time".to_owned();
    while reading.fruitless < FRUITLESS_RESUMES {
        reading.fruitless += 1;
        tokio::time::sleep(wait).await;
        let headers = reading.session.resuming(Some(&last));
        let body = bytes::Bytes::new();
        let outgoing = Outgoing { method: Method::GET, headers: &headers, body, replay: Replay::Harmless };
        let answer = match exchange(shared, &outgoing).await {
            Ok(answer) => answer,
            Err(error) => {
                failure = PeerError::from(error).to_string();
                continue;
            }
        };
        match judge(shared, answer, &headers).await {
            Verdict::Messages(messages) => {
                reading.messages = messages.going_on_from(&reading.messages);
                return Ok(reading);
            }
            Verdict::Nothing => failure = "the server has nothing to go on with".to_owned(),
            Verdict::Refused(error @ PeerError::Busy { .. }) => failure = error.to_string(),
            Verdict::Refused(error) => {
                return Err(PeerError::Closed { reason: format!("the server's answer broke off: {error}") });
            }
            Verdict::SessionLost => {
                let reason = "the server's answer broke off and its session is gone".to_owned();
                return Err(PeerError::Closed { reason });
            }
        }
    }
    Err(PeerError::Closed { reason: format!("the server's answer broke off and could not be resumed: {failure}") })
}

/// Whether a refusal has nothing of the modern era, which may be because the server has become one of the other.
fn may_be_of_legacy(status: StatusCode, error: &PeerError) -> bool {
    let answers_so = matches!(
        status,
        StatusCode::BAD_REQUEST
            | StatusCode::NOT_FOUND
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::NOT_ACCEPTABLE
            | StatusCode::UNPROCESSABLE_ENTITY
    );
    answers_so
        && match error {
            PeerError::Rpc(error) => modern::may_be_of_legacy(error),
            PeerError::Protocol { .. } => true,
            _ => false,
        }
}

/// Requests that only read may be sent twice; a tool may do anything, and so may what we do not know.
fn replay(method: &Known<'_>) -> Replay {
    match method {
        Known::Ping
        | Known::ToolsList
        | Known::PromptsList
        | Known::PromptsGet
        | Known::ResourcesList
        | Known::ResourceTemplatesList
        | Known::ResourcesRead
        | Known::ResourcesSubscribe
        | Known::ResourcesUnsubscribe
        | Known::Complete
        | Known::SetLevel => Replay::Harmless,
        _ => Replay::Unsent,
    }
}
