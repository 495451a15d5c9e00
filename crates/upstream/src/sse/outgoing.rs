//! Carries what we say to the server, one request each. Requests and answers overtake each other, since the server takes
//! them as they come; a notification is taken after everything before it and before everything behind it.

use std::sync::Arc;

use bytes::Bytes;
use orch_mcp::codec::{self, Incoming};
use orch_mcp::id::RequestId;
use orch_mcp::message::Message;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::unix::pipe;
use tokio::task::JoinSet;

use crate::http::shared::Shared as Web;
use crate::stdio::shared::Shared;

/// Requests on their way at once. Servers answer on their stream, so these are short.
const AT_ONCE: usize = 32;

/// Runs until the connection ends.
pub(super) async fn run(shared: Arc<Shared>, web: Arc<Web>, lines: pipe::Receiver) {
    let mut lines = BufReader::new(lines).lines();
    let mut sending = JoinSet::new();
    loop {
        let line = tokio::select! {
            () = shared.stop.cancelled() => break,
            stuck = shared.outbox.stuck() => {
                // The pipe is full: we read it ourselves, so there is room in a moment.
                if let Some(pipe) = stuck {
                    let _ = pipe.writable().await;
                    let _ = shared.outbox.drain();
                }
                continue;
            }
            line = lines.next_line() => match line {
                Ok(Some(line)) => Bytes::from(line),
                Ok(None) | Err(_) => break,
            },
        };
        while sending.len() >= AT_ONCE {
            sending.join_next().await;
        }
        if is_notification(&line) {
            // `initialized` opens the door for what follows, and `cancelled` is about what went before.
            let in_order = async {
                while sending.join_next().await.is_some() {}
                if let Err(error) = web.deliver(line).await {
                    tracing::debug!(error = %error, "a notification was not taken");
                }
            };
            tokio::select! {
                () = shared.stop.cancelled() => break,
                () = in_order => continue,
            }
        }
        let (shared, web) = (Arc::clone(&shared), Arc::clone(&web));
        sending.spawn(async move {
            if let Err(error) = web.deliver(line.clone()).await {
                match request_id(&line) {
                    Some(id) => shared.fail(&id, error),
                    None => tracing::debug!(error = %error, "a message was not taken"),
                }
            }
        });
    }
    sending.shutdown().await;
}

fn is_notification(line: &Bytes) -> bool {
    matches!(codec::decode(line), Ok(Incoming::Single(Message::Notification(_))))
}

/// The id of a request of ours.
fn request_id(line: &Bytes) -> Option<RequestId> {
    match codec::decode(line).ok()? {
        Incoming::Single(Message::Request(request)) => Some(request.id),
        _ => None,
    }
}
