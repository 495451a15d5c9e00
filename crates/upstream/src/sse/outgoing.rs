//! Carries what we say to the server, one request each, in order of their lines.

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

/// The id of a request of ours.
fn request_id(line: &Bytes) -> Option<RequestId> {
    match codec::decode(line).ok()? {
        Incoming::Single(Message::Request(request)) => Some(request.id),
        _ => None,
    }
}
