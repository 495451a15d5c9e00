//! The task of an HTTP peer: keeps the server's own stream open and hands on what comes, and closes connections that
//! nobody uses. Belongs to the peer and ends with it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use orch_mcp::message::Message;
use orch_mcp::method::Method as Known;
use orch_mcp::peer::{Asking, PeerEvent};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::http::aside::Aside;
use crate::http::exchange::{Outgoing, Replay, exchange_apart};
use crate::http::listen_modern;
use crate::http::messages::{Heard, Messages};
use crate::http::refusal::{Verdict, judge};
use crate::http::session::Session;
use crate::http::shared::Shared;
use crate::server_request;

const SHORTEST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A server may ask for less than our own wait, but not for a busy loop.
const SHORTEST_RETRY: Duration = Duration::from_millis(100);

/// A stream that lived so long was healthy although nothing came.
const LONG_LIVED: Duration = Duration::from_secs(30);

const SWEEP: Duration = Duration::from_secs(5);

/// `opened` is told, or dropped, once the server has answered for the first time whether it has a stream.
pub(super) async fn run(shared: Arc<Shared>, opened: oneshot::Sender<()>) {
    tokio::select! {
        () = shared.closed.cancelled() => {}
        () = listen(&shared, opened) => {}
        () = sweep(&shared) => {}
    }
}

async fn sweep(shared: &Shared) {
    loop {
        tokio::time::sleep(SWEEP).await;
        shared.pool.sweep();
    }
}

/// What became of one stream.
enum Ended {
    /// The server has none.
    NotOffered,
    SessionLost,
    /// It was there, or might be; a healthy one is opened again without delay.
    Lost {
        healthy: bool,
    },
}

async fn listen(shared: &Arc<Shared>, opened: oneshot::Sender<()>) {
    let mut place = Place::default();
    let mut backoff = SHORTEST_WAIT;
    let mut offered = false;
    if shared.session.load().is_modern {
        drop(opened);
        return listen_modern::run(shared).await;
    }
    let mut opened = Some(opened);
    loop {
        let session = shared.session.load_full();
        let another = another_session(shared, &session);
        let ended = tokio::select! {
            ended = stream(shared, &session, &mut place, &mut offered, &mut opened) => ended,
            // Whatever the old session's stream still says is about a server that has forgotten it.
            () = another => {
                place = Place::default();
                backoff = SHORTEST_WAIT;
                continue;
            }
        };
        match ended {
            Ended::SessionLost if offered => {
                place = Place::default();
                if shared.renew(&session).await.is_err() {
                    return;
                }
            }
            Ended::NotOffered | Ended::SessionLost => {
                // A session that is renewed may be with another version of the server.
                another_session(shared, &session).await;
                place = Place::default();
            }
            Ended::Lost { healthy } => {
                let wait = place.retry.unwrap_or(backoff);
                backoff = if healthy { SHORTEST_WAIT } else { (backoff * 2).min(LONGEST_WAIT) };
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    () = another_session(shared, &session) => place = Place::default(),
                }
            }
        }
    }
}

async fn another_session(shared: &Shared, old: &Session) {
    while shared.session.load().generation == old.generation {
        shared.renewed.notified().await;
    }
}

/// Where to go on.
#[derive(Default)]
struct Place {
    last_event_id: Option<String>,
    retry: Option<Duration>,
}

/// Opens the stream and reads it to its end. `offered` becomes true when the server has one.
async fn stream(
    shared: &Arc<Shared>,
    session: &Session,
    place: &mut Place,
    offered: &mut bool,
    opened: &mut Option<oneshot::Sender<()>>,
) -> Ended {
    let headers = session.resuming(place.last_event_id.as_deref());
    let outgoing = Outgoing { method: Method::GET, headers: &headers, body: Bytes::new(), replay: Replay::Harmless };
    let answer = exchange_apart(shared, &outgoing).await;
    if let Some(opened) = opened.take() {
        // Nobody may wait any more.
        let _ = opened.send(());
    }
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            tracing::debug!(error = ?error, "the server's own stream cannot be opened");
            return Ended::Lost { healthy: false };
        }
    };
    let status = answer.status;
    let mut messages = match judge(shared, answer, &headers).await {
        Verdict::Messages(messages) => messages,
        Verdict::SessionLost => return Ended::SessionLost,
        Verdict::Nothing => return Ended::NotOffered,
        // A server that is down for a moment is asked again, one that has no such stream is not.
        Verdict::Refused(_) if status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED => {
            return Ended::Lost { healthy: false };
        }
        // The last of these is what servers say that have not noticed the end of the stream before.
        Verdict::Refused(_) if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::CONFLICT) => {
            return Ended::Lost { healthy: false };
        }
        Verdict::Refused(error) => {
            tracing::debug!(error = %error, "the server has no stream of its own");
            return Ended::NotOffered;
        }
    };
    *offered = true;
    let opened = Instant::now();
    let mut heard = false;
    while let Ok(Some(item)) = messages.next().await {
        heard = true;
        take(shared, item);
        remember(place, &messages);
    }
    remember(place, &messages);
    Ended::Lost { healthy: heard || opened.elapsed() >= LONG_LIVED }
}

fn remember(place: &mut Place, messages: &Messages) {
    if let Some(id) = messages.last_event_id()
        && place.last_event_id.as_deref() != Some(id)
    {
        place.last_event_id = Some(id.to_owned());
    }
    if let Some(retry) = messages.retry_ms() {
        place.retry = Some(Duration::from_millis(retry).clamp(SHORTEST_RETRY, LONGEST_WAIT));
    }
}

pub(super) fn take(shared: &Arc<Shared>, heard: Heard) {
    match heard {
        Heard::Message(Message::Notification(notification)) => match notification.method.known() {
            Known::Progress => shared.progress(&notification),
            Known::Cancelled => shared.questions.withdraw(&notification),
            _ => shared.sink.event(PeerEvent::Notification(notification)),
        },
        Heard::Message(Message::Request(request)) => {
            if shared.connection.asking == Asking::Anytime
                && let Some(question) = shared.question(&request)
            {
                shared.sink.event(PeerEvent::Question(question));
                return;
            }
            shared.deliver_in_background(Aside::Reply, server_request::answer(&request, &shared.connection.declared));
        }
        Heard::Message(Message::Response(_)) => {
            shared.oddities.report(|| "a response came on the server's own stream".to_owned());
        }
        Heard::Oddity(oddity) => shared.oddities.report(|| oddity.text),
    }
}
