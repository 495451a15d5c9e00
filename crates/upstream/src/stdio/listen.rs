//! The listening of a peer to a modern server over its pipe: one standing request with everything that is wanted. What
//! is wanted more goes into a new one, and the old one ends only when that is agreed upon. Ends with the connection.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use orch_mcp::peer::{PeerError, ReplyItem};

use crate::followed::{Wanted, listen_request};
use crate::stdio::reply::StdioReply;
use crate::stdio::shared::Shared;

/// How long a server may take to acknowledge.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(10);
/// Before a stream is opened again that the server has ended.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) async fn run(shared: Arc<Shared>) {
    let mut wanted = shared.followed.wanted();
    let stop = shared.stop.clone();
    loop {
        let now = wanted.borrow_and_update().clone();
        let Some(mut current) = open(&shared, &now).await else { return };
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                item = current.next() => match item {
                    Some(ReplyItem::End(Err(PeerError::Closed { .. }))) | None => return,
                    Some(ReplyItem::End(_)) => break,
                    Some(_) => {}
                },
                changed = wanted.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let now = wanted.borrow_and_update().clone();
                    let Some(new) = open(&shared, &now).await else { return };
                    current = new;
                }
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// None when the server has no such streams, or is gone.
async fn open(shared: &Arc<Shared>, wanted: &Wanted) -> Option<StdioReply> {
    let mut acknowledged = shared.acknowledged.subscribe();
    acknowledged.mark_unchanged();
    let mut reply = StdioReply::new(Arc::clone(shared), listen_request(wanted, &shared.identity));
    let answer = async {
        loop {
            tokio::select! {
                biased;
                changed = acknowledged.changed() => {
                    changed.ok()?;
                    let notification = acknowledged.borrow_and_update().clone()?;
                    shared.followed.agree(wanted.version, &notification);
                    return Some(());
                }
                item = reply.next() => match item {
                    Some(ReplyItem::End(Err(PeerError::Rpc(error)))) => {
                        shared.followed.refuse(error);
                        return None;
                    }
                    Some(ReplyItem::End(_)) | None => return None,
                    Some(_) => {}
                },
            }
        }
    };
    tokio::time::timeout(ACKNOWLEDGED_WITHIN, answer).await.ok()??;
    Some(reply)
}
