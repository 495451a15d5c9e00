//! Carries what we say to the server, one request each. Requests and answers overtake each other, since the server takes
//! them as they come; a notification is taken after everything before it and before everything behind it, as long as
//! the server takes what it is sent.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use orch_mcp::codec::{self, Incoming};
use orch_mcp::id::RequestId;
use orch_mcp::message::Message;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::unix::pipe;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Timeout, timeout};

use crate::http::shared::Shared as Web;
use crate::stdio::handshake::INITIALIZED;
use crate::stdio::shared::Shared;
use crate::stdio::writer;

/// Messages at once that nobody knows more about yet. Servers answer on their stream, so these are short.
const AT_ONCE: usize = 32;

/// What was not taken in this time does not keep others waiting any more. Some servers hold a request until they have
/// its answer.
const ORDER_TIME: Duration = Duration::from_secs(1);

/// What was not taken in this time is given up, unless it is a request whose answer somebody waits for.
const DELIVERY_TIME: Duration = Duration::from_secs(10);

/// Runs until the connection ends.
pub(super) async fn run(shared: Arc<Shared>, web: Arc<Web>, lines: pipe::Receiver) {
    tokio::select! {
        () = shared.stop.cancelled() => {}
        // Beside the reading, which makes the room in the pipe that this waits for.
        () = writer::run(&shared) => {}
        () = carry(&shared, &web, lines) => {}
    }
}

async fn carry(shared: &Arc<Shared>, web: &Arc<Web>, lines: pipe::Receiver) {
    let mut lines = BufReader::new(lines).lines();
    let mut sending = JoinSet::new();
    let mut fresh = FuturesUnordered::new();
    // All requests that wait for an answer may be held by the server; what else there is ends in time.
    let most = shared.limits.max_in_flight.saturating_add(AT_ONCE);
    loop {
        let line = tokio::select! {
            Some(_) = fresh.next() => continue,
            Some(_) = sending.join_next() => continue,
            line = lines.next_line(), if fresh.len() < AT_ONCE && sending.len() < most => match line {
                Ok(Some(line)) => Bytes::from(line),
                Ok(None) | Err(_) => return,
            },
        };
        let message = message(&line);
        let in_order = matches!(message, Some(Message::Notification(_)));
        if in_order {
            // `initialized` opens the door for what follows, and `cancelled` is about what went before.
            while fresh.next().await.is_some() {}
        }
        let patience = match &message {
            Some(Message::Notification(it)) if it.method.as_str() == INITIALIZED => DELIVERY_TIME,
            _ => ORDER_TIME,
        };
        let request = match message {
            Some(Message::Request(request)) => Some(request.id),
            _ => None,
        };
        let (taken, fresh_one) = freshly(patience);
        fresh.push(fresh_one);
        let (shared, web) = (Arc::clone(shared), Arc::clone(web));
        sending.spawn(async move {
            let _taken = taken;
            deliver(&shared, &web, line, request.as_ref()).await;
        });
        if in_order {
            while fresh.next().await.is_some() {}
        }
    }
}

/// Resolves when the other half is dropped, or after some time.
fn freshly(patience: Duration) -> (oneshot::Sender<Infallible>, Timeout<oneshot::Receiver<Infallible>>) {
    let (taken, fresh) = oneshot::channel();
    (taken, timeout(patience, fresh))
}

/// `request` is the id of a request of ours.
async fn deliver(shared: &Shared, web: &Arc<Web>, line: Bytes, request: Option<&RequestId>) {
    let mut delivery = std::pin::pin!(web.deliver(line));
    loop {
        match (timeout(DELIVERY_TIME, &mut delivery).await, request) {
            (Ok(Ok(())), _) => return,
            (Ok(Err(error)), Some(id)) => return shared.fail(id, error),
            (Ok(Err(error)), None) => return tracing::debug!(error = %error, "a message was not taken"),
            (Err(_), Some(id)) if shared.is_waiting(id) => {}
            (Err(_), _) => return tracing::debug!("a message was not taken in time"),
        }
    }
}

fn message(line: &Bytes) -> Option<Message> {
    match codec::decode(line).ok()? {
        Incoming::Single(message) => Some(message),
        Incoming::Batch(_) => None,
    }
}
