//! The listening of a peer to a modern server: one stream of `subscriptions/listen` with everything that is wanted.
//! What is wanted more goes on a new stream, and the old one ends only when that is agreed upon. One that the server ends
//! or refuses is opened again after a while.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use orch_mcp::codec;
use orch_mcp::error::{RpcError, code};
use orch_mcp::id::RequestId;
use orch_mcp::message::{Message, Notification};
use orch_mcp::method;
use orch_mcp::object;
use orch_mcp::peer::{PeerError, PeerEvent, Topic};
use orch_mcp::raw::Raw;
use tokio::time::Instant;

use crate::followed::{
    ACKNOWLEDGED_WITHIN, CHANGED_WITHIN, LONGEST_WAIT, SHORTEST_WAIT, Silence, Trial, listen_request,
    look_at_all_lists, silent,
};
use crate::http::exchange::{Outgoing, Replay, exchange_apart};
use crate::http::listen::take;
use crate::http::messages::{Heard, Messages};
use crate::http::refusal::{Verdict, judge};
use crate::http::shared::Shared;

/// How long the old stream is still read when there is a new one.
const OVERLAP: Duration = Duration::from_millis(200);

enum NotOpened {
    /// The server's own word: about what was wished for, about this moment, or about all streams of this kind.
    Refused(RpcError),
    /// It does not acknowledge the stream.
    Silent,
    /// It is not reached, or does not take the request.
    Now,
}

/// A stream that another one takes the place of. When exactly the server began with the new one nobody knows, so what the
/// old one says meanwhile is held back, and told at its end unless the new one says it too.
struct Fading {
    stream: Option<Box<Messages>>,
    held: Vec<Notification>,
    /// What the new one has said.
    said: Vec<Notification>,
    until: Instant,
}

impl Fading {
    /// What the old stream says. Pending for good when it has ended.
    async fn next(&mut self) -> Option<Heard> {
        match &mut self.stream {
            None => std::future::pending().await,
            Some(stream) => match stream.next().await {
                Ok(Some(Heard::Message(Message::Response(_))) | None) | Err(_) => {
                    self.stream = None;
                    None
                }
                Ok(heard) => heard,
            },
        }
    }

    fn hold(&mut self, shared: &Arc<Shared>, heard: Option<Heard>) {
        match heard {
            Some(Heard::Message(Message::Notification(notification))) => self
                .held
                .extend(Some(notification).filter(|new| !self.said.iter().any(|said| subject(said) == subject(new)))),
            Some(other) => take(shared, other),
            None => {}
        }
    }

    /// The new stream has said something.
    fn is_said(&mut self, heard: &Heard) {
        if let Heard::Message(Message::Notification(said)) = heard {
            self.held.retain(|held| subject(held) != subject(said));
            self.said.push(said.clone());
        }
    }

    fn end(self, shared: &Arc<Shared>) {
        for notification in self.held {
            shared.sink.event(PeerEvent::Notification(notification));
        }
    }
}

/// What a notification is about: two that are about the same are worth as much as one.
fn subject(notification: &Notification) -> (&str, Option<Raw>) {
    let params = notification.params.as_ref();
    let about = params.and_then(|params| object::member(params, "uri").or_else(|| object::member(params, "taskId")));
    (notification.method.as_str(), about)
}

/// Runs until the server has said that it does not know the method.
pub(super) async fn run(shared: &Arc<Shared>) {
    let mut wanted = shared.followed.wanted();
    let mut backoff = SHORTEST_WAIT;
    let mut current: Option<Box<Messages>> = None;
    // What the current stream tells of.
    let mut told: BTreeSet<Topic> = BTreeSet::new();
    let mut fading: Option<Fading> = None;
    let mut missed = false;
    let mut silence = Silence::default();
    loop {
        if current.is_none() {
            let now = wanted.borrow_and_update().clone();
            let opened = match open(shared, &now, ACKNOWLEDGED_WITHIN).await {
                // It may be about one of the wishes alone, so it is opened without any before each has its own trial.
                Err(NotOpened::Refused(_)) if !now.is_empty() => {
                    wanted.mark_changed();
                    open(shared, &BTreeSet::new(), ACKNOWLEDGED_WITHIN).await
                }
                opened => opened,
            };
            match opened {
                Ok((stream, streamed)) => {
                    backoff = SHORTEST_WAIT;
                    silence.is_over();
                    told = streamed;
                    current = Some(stream);
                    if std::mem::replace(&mut missed, false) {
                        look_at_all_lists(&*shared.sink);
                    }
                }
                Err(not_opened) => {
                    if matches!(not_opened, NotOpened::Silent) {
                        silence.begins(&shared.oddities);
                    }
                    if let NotOpened::Refused(error) = not_opened {
                        // It had them before, so it may be another server by now.
                        if missed && shared.is_of_another_era().await {
                            return;
                        }
                        let is_unknown = error.code == code::METHOD_NOT_FOUND;
                        shared.followed.refuse(error);
                        if is_unknown {
                            return;
                        }
                    }
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
                Ok(Some(heard)) => {
                    if let Some(fading) = &mut fading {
                        fading.is_said(&heard);
                    }
                    take(shared, heard);
                }
            },
            () = fade(shared, &mut fading) => {}
            changed = wanted.changed() => {
                if changed.is_err() {
                    return;
                }
                let mut trial = Trial::new(&told, &wanted.borrow_and_update());
                while let Some(asked) = trial.next() {
                    if let Some(faded) = fading.take() {
                        faded.end(shared);
                    }
                    let (stream, outcome) = change(shared, current.take(), &asked, &mut fading).await;
                    current = stream;
                    match outcome {
                        Ok(streamed) => {
                            trial.accepted(&streamed);
                            told = streamed;
                        }
                        Err(NotOpened::Refused(error)) => {
                            if let Some(topic) = trial.refused() {
                                shared.followed.decline(&topic, PeerError::Rpc(error));
                            }
                        }
                        Err(NotOpened::Silent | NotOpened::Now) => {
                            for topic in trial.given_up() {
                                shared.followed.decline(&topic, silent());
                            }
                        }
                    }
                }
                if current.is_some() {
                    shared.followed.goes_on(&told);
                } else {
                    missed = true;
                }
            }
        }
    }
}

/// Opens a stream with what is asked for and reads the old one meanwhile; with it comes what it tells of. The old one goes
/// on when there is no new one; None when that has ended.
async fn change(
    shared: &Arc<Shared>,
    old: Option<Box<Messages>>,
    asked: &BTreeSet<Topic>,
    fading: &mut Option<Fading>,
) -> (Option<Box<Messages>>, Result<BTreeSet<Topic>, NotOpened>) {
    let mut old = Fading { stream: old, held: Vec::new(), said: Vec::new(), until: Instant::now() };
    let opened = {
        let mut opening = std::pin::pin!(open(shared, asked, CHANGED_WITHIN));
        loop {
            tokio::select! {
                opened = &mut opening => break opened,
                heard = old.next() => old.hold(shared, heard),
            }
        }
    };
    match opened {
        Ok((stream, streamed)) => {
            old.until = Instant::now() + OVERLAP;
            *fading = Some(old);
            (Some(stream), Ok(streamed))
        }
        Err(not_opened) => {
            let stream = old.stream.take();
            old.end(shared);
            (stream, Err(not_opened))
        }
    }
}

/// Reads the old stream until its time is over; pending when there is none.
async fn fade(shared: &Arc<Shared>, fading: &mut Option<Fading>) {
    let Some(old) = fading else { return std::future::pending().await };
    let until = old.until;
    loop {
        tokio::select! {
            () = tokio::time::sleep_until(until) => break,
            heard = old.next() => old.hold(shared, heard),
        }
    }
    if let Some(faded) = fading.take() {
        faded.end(shared);
    }
}

/// A stream that is acknowledged, and what it tells of.
type Opened = (Box<Messages>, BTreeSet<Topic>);

/// Opens a stream and waits for its acknowledgement.
async fn open(shared: &Arc<Shared>, wanted: &BTreeSet<Topic>, within: Duration) -> Result<Opened, NotOpened> {
    tokio::time::timeout(within, opened(shared, wanted)).await.unwrap_or(Err(NotOpened::Silent))
}

async fn opened(shared: &Arc<Shared>, wanted: &BTreeSet<Topic>) -> Result<Opened, NotOpened> {
    let session = shared.session.load_full();
    let id = shared.next_id();
    let request = listen_request(wanted, &shared.identity);
    let params = shared.modern_params(request.params.as_ref(), &request, None);
    let body = codec::encode_request(&RequestId::from_number(id), request.method.as_str(), Some(&params));
    let headers = session.of_request(&request, &params).into_owned();
    let outgoing = Outgoing { method: Method::POST, headers: &headers, body, replay: Replay::Harmless };
    let answer = exchange_apart(shared, &outgoing).await.map_err(|_| NotOpened::Now)?;
    let mut messages = match judge(shared, answer, &headers).await {
        Verdict::Messages(messages) => messages,
        Verdict::Refused(PeerError::Rpc(error)) => return Err(NotOpened::Refused(error)),
        // It was reached, and what it says is no acknowledgement.
        Verdict::Nothing | Verdict::Refused(PeerError::Protocol { .. }) => return Err(NotOpened::Silent),
        Verdict::SessionLost | Verdict::Refused(_) => return Err(NotOpened::Now),
    };
    loop {
        match messages.next().await {
            Ok(Some(Heard::Message(Message::Notification(notification))))
                if notification.method.as_str() == method::ACKNOWLEDGED =>
            {
                let streamed = shared.followed.agree(wanted, &notification);
                return Ok((messages, streamed));
            }
            Ok(Some(Heard::Message(Message::Response(response)))) => {
                return Err(match response.outcome {
                    Err(error) => NotOpened::Refused(error),
                    Ok(_) => NotOpened::Silent,
                });
            }
            Ok(Some(other)) => take(shared, other),
            Ok(None) => return Err(NotOpened::Silent),
            Err(_) => return Err(NotOpened::Now),
        }
    }
}
