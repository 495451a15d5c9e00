//! The listening of a peer to a modern server over its pipe: one standing request with everything that is wanted. What
//! is wanted more goes into a new one, and the old one ends only when that is agreed upon. One that the server ends or
//! refuses is opened again after a while. Ends with the connection, or when the server does not know the method.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use orch_mcp::error::{RpcError, code};
use orch_mcp::peer::{PeerError, ReplyItem, Topic};

use crate::followed::{
    ACKNOWLEDGED_WITHIN, CHANGED_WITHIN, LONGEST_WAIT, SHORTEST_WAIT, Silence, Trial, listen_request,
    look_at_all_lists, silent,
};
use crate::stdio::reply::StdioReply;
use crate::stdio::shared::Shared;

enum NotOpened {
    /// The server's own word: about what was wished for, about this moment, or about all streams of this kind.
    Refused(RpcError),
    /// It does not acknowledge the stream.
    Silent,
    /// The connection is over.
    Gone,
}

pub(super) async fn run(shared: Arc<Shared>) {
    let stop = shared.stop.clone();
    tokio::select! {
        () = stop.cancelled() => {}
        () = listen(&shared) => {}
    }
}

async fn listen(shared: &Arc<Shared>) {
    let mut wanted = shared.followed.wanted();
    let mut backoff = SHORTEST_WAIT;
    let mut missed = false;
    let mut silence = Silence::default();
    loop {
        let now = wanted.borrow_and_update().clone();
        let mut opened = open(shared, &now, ACKNOWLEDGED_WITHIN).await;
        if matches!(opened, Err(NotOpened::Refused(_))) && !now.is_empty() {
            // It may be about one of the wishes alone, so it is opened without any before each has its own trial.
            wanted.mark_changed();
            opened = open(shared, &BTreeSet::new(), ACKNOWLEDGED_WITHIN).await;
        }
        match opened {
            Ok((mut current, mut told)) => {
                backoff = SHORTEST_WAIT;
                silence.is_over();
                if std::mem::replace(&mut missed, true) {
                    look_at_all_lists(&*shared.sink);
                }
                loop {
                    tokio::select! {
                        item = current.next() => match item {
                            Some(ReplyItem::End(Err(PeerError::Closed { .. }))) | None => return,
                            Some(ReplyItem::End(_)) => break,
                            Some(_) => {}
                        },
                        changed = wanted.changed() => {
                            if changed.is_err() {
                                return;
                            }
                            let trial = Trial::new(&told, &wanted.borrow_and_update());
                            if try_all(shared, trial, &mut current, &mut told).await.is_none() {
                                return;
                            }
                            shared.followed.goes_on(&told);
                        }
                    }
                }
            }
            Err(NotOpened::Refused(error)) => {
                let is_unknown = error.code == code::METHOD_NOT_FOUND;
                shared.followed.refuse(error);
                if is_unknown {
                    return;
                }
            }
            Err(NotOpened::Gone) => return,
            Err(NotOpened::Silent) => silence.begins(&shared.oddities),
        }
        tokio::time::sleep(backoff).await;
        backoff = (backoff * 2).min(LONGEST_WAIT);
    }
}

/// Puts a stream with more in it in the place of the current one, as far as the server agrees. None when it is gone.
async fn try_all(
    shared: &Arc<Shared>,
    mut trial: Trial,
    current: &mut StdioReply,
    told: &mut BTreeSet<Topic>,
) -> Option<()> {
    while let Some(asked) = trial.next() {
        match open(shared, &asked, CHANGED_WITHIN).await {
            Ok((new, streamed)) => {
                trial.accepted(&streamed);
                *current = new;
                *told = streamed;
            }
            Err(NotOpened::Refused(error)) => {
                if let Some(topic) = trial.refused() {
                    shared.followed.decline(&topic, PeerError::Rpc(error));
                }
            }
            Err(NotOpened::Silent) => {
                for topic in trial.given_up() {
                    shared.followed.decline(&topic, silent());
                }
            }
            Err(NotOpened::Gone) => return None,
        }
    }
    Some(())
}

/// A stream that is acknowledged, and what it tells of.
type Opened = (StdioReply, BTreeSet<Topic>);

/// Opens a stream and waits for its acknowledgement.
async fn open(shared: &Arc<Shared>, wanted: &BTreeSet<Topic>, within: Duration) -> Result<Opened, NotOpened> {
    let mut reply = StdioReply::listen(Arc::clone(shared), listen_request(wanted, &shared.identity));
    let answer = async {
        loop {
            match reply.next().await {
                // Nothing else is said about a listen.
                Some(ReplyItem::Notification(acknowledged)) => {
                    return Ok(shared.followed.agree(wanted, &acknowledged));
                }
                Some(ReplyItem::End(Err(PeerError::Rpc(error)))) => return Err(NotOpened::Refused(error)),
                Some(ReplyItem::End(Err(PeerError::Closed { .. }))) | None => return Err(NotOpened::Gone),
                Some(ReplyItem::End(_)) => return Err(NotOpened::Silent),
                Some(_) => {}
            }
        }
    };
    let streamed = tokio::time::timeout(within, answer).await.unwrap_or(Err(NotOpened::Silent))?;
    Ok((reply, streamed))
}
