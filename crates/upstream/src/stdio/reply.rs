//! One request to a child, from its first poll to its end. The caller's own task writes, or one that does so for all
//! callers of its thread; whoever reads the child's output delivers.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use orch_mcp::codec;
use orch_mcp::id::RequestId;
use orch_mcp::message::MethodName;
use orch_mcp::meta;
use orch_mcp::method::Method;
use orch_mcp::peer::{PeerError, PeerRequest, ReplyItem};
use orch_mcp::raw::Raw;

use crate::stdio::home;
use crate::stdio::outbox::{Refused, When};
use crate::stdio::shared::Shared;
use crate::stdio::slot::Slot;
use crate::stdio::table::NotAdmitted;

pub(crate) struct StdioReply {
    shared: Arc<Shared>,
    state: State,
}

enum State {
    New(PeerRequest, Arc<Slot>),
    Waiting(Sent),
    Done,
}

struct Sent {
    id: u64,
    slot: Arc<Slot>,
    cancellable: bool,
}

impl StdioReply {
    pub(crate) fn new(shared: Arc<Shared>, request: PeerRequest) -> Self {
        let slot = Arc::new(Slot::new(&request, shared.limits.progress_queue));
        Self { shared, state: State::New(request, slot) }
    }

    /// The peer's own listen, which alone may be acknowledged.
    pub(super) fn listen(shared: Arc<Shared>, request: PeerRequest) -> Self {
        let slot = Arc::new(Slot::of_listen(&request));
        Self { shared, state: State::New(request, slot) }
    }

    fn start(&self, request: PeerRequest, slot: Arc<Slot>) -> Result<Sent, PeerError> {
        let shared = &*self.shared;
        shared.asked();
        let id = shared.next_id();
        let limits = shared.limits;
        let open = shared.table.admit(id, Arc::clone(&slot), limits.max_in_flight).map_err(|not| match not {
            NotAdmitted::Full => {
                let reason = format!("the server has {} requests open, the limit", limits.max_in_flight);
                PeerError::Busy { reason, retry_after: None }
            }
            NotAdmitted::Ended(end) => PeerError::Closed { reason: end.to_string() },
        })?;
        let when = if open > limits.gather_above { When::Gathered } else { When::Now };
        let is_probe = request.method.known() == Method::Discover;
        let params = if is_probe || shared.is_modern() {
            Some(shared.modern_params(&request, request.progress.then_some(id)))
        } else if request.progress {
            Some(meta::with_progress_token(request.params.as_ref(), id))
        } else {
            request.params
        };
        let line = line(Some(id), &request.method, params.as_ref());
        if let Err(refused) = shared.outbox.push(&line, when) {
            shared.table.retract(id);
            return Err(refused_error(refused, shared));
        }
        if when == When::Gathered {
            home::flush_soon(&shared.outbox);
        }
        let cancellable = !matches!(request.method.known(), Method::Initialize | Method::Discover);
        Ok(Sent { id, slot, cancellable })
    }

    fn cancel(&self, sent: &Sent) {
        if !self.shared.table.give_up(sent.id) || !sent.cancellable {
            return;
        }
        let params = format!(r#"{{"requestId":{},"reason":"the caller gave up"}}"#, sent.id);
        if let Ok(params) = Raw::parse(params.into()) {
            // One that is not taken is lost: the child does not read anyway.
            let line = codec::encode_notification(Method::Cancelled.as_str(), Some(&params));
            let _ = self.shared.outbox.push(&line, When::Now);
        }
    }
}

impl Stream for StdioReply {
    type Item = ReplyItem;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<ReplyItem>> {
        let this = &mut *self;
        if let State::New(..) = &this.state {
            let State::New(request, slot) = std::mem::replace(&mut this.state, State::Done) else {
                return Poll::Ready(None);
            };
            match this.start(request, slot) {
                Ok(sent) => this.state = State::Waiting(sent),
                Err(error) => return Poll::Ready(Some(ReplyItem::End(Err(error)))),
            }
        }
        let State::Waiting(sent) = &this.state else { return Poll::Ready(None) };
        let item = std::task::ready!(sent.slot.poll(cx));
        if let ReplyItem::End(_) = item {
            this.state = State::Done;
        }
        Poll::Ready(Some(item))
    }
}

impl Drop for StdioReply {
    fn drop(&mut self) {
        if let State::Waiting(sent) = &self.state {
            self.cancel(sent);
        }
    }
}

/// A message of ours as one line; the params' own line breaks stand between tokens.
pub(crate) fn line(id: Option<u64>, method: &MethodName, params: Option<&Raw>) -> bytes::Bytes {
    let params = params.map(Raw::on_one_line);
    match id {
        Some(id) => codec::encode_request(&RequestId::from_number(id), method.as_str(), params.as_ref()),
        None => codec::encode_notification(method.as_str(), params.as_ref()),
    }
}

pub(crate) fn refused_error(refused: Refused, shared: &Shared) -> PeerError {
    match refused {
        Refused::Full => {
            PeerError::Busy { reason: "the server does not read what it is sent".to_owned(), retry_after: None }
        }
        Refused::Closed => {
            let end = shared.table.ended().unwrap_or(crate::stdio::end::End::InputClosed);
            PeerError::Closed { reason: end.to_string() }
        }
    }
}
