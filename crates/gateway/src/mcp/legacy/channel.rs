//! Clients over HTTP+SSE: one stream for everything that they are told, and a second address for what they say. The
//! session ends with the stream.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header::ALLOW;
use actix_web::web::Bytes;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::{Stream, StreamExt};
use orch_domain::directory::Directory;
use orch_domain::principal::Principal;
use orch_mcp::codec::{self, Incoming};
use orch_mcp::error::{RpcError, code};
use orch_mcp::id::RequestId;
use orch_mcp::message::{Message, Request};
use orch_mcp::method::Method;
use orch_mcp::raw::Raw;
use orch_mcp::revision::Revision;
use orch_mcp::{meta, sse};
use orch_relay::stop::StopReason;
use tokio::sync::{Semaphore, mpsc};

use super::request::Setting;
use super::session::{NotTaken, Session};
use super::{batch, handshake, notification, request, stream};
use crate::mcp::accept::{self, Accepts};
use crate::mcp::address::Address;
use crate::mcp::body;
use crate::mcp::endpoint::{self, Entry};
use crate::mcp::reach::Reach;
use crate::mcp::{Http, McpEndpoints, incoming, refusal, respond};
use crate::serving::feed::Sent;

/// Events that wait for a client to read; whoever has more to say waits.
const QUEUE: usize = 16;

const NO_HANDSHAKE: &str = "send initialize first, and wait for its answer";

/// Open streams, by the ids in their message addresses.
#[derive(Default)]
pub(in crate::mcp) struct Channels(Mutex<HashMap<Box<str>, Arc<Channel>>>);

struct Channel {
    reach: Reach,
    out: mpsc::Sender<Bytes>,
    place: Arc<Place>,
    /// Requests whose answers the client has not taken yet: one that does not read cannot ask for ever.
    unread: Arc<Semaphore>,
}

/// What the stream of a client and its messages share.
#[derive(Default)]
struct Place(Mutex<Seat>);

#[derive(Default)]
enum Seat {
    /// The client has not introduced itself.
    #[default]
    Empty,
    Taken(Arc<Session>),
    /// The stream has ended.
    Left,
}

impl Place {
    fn session(&self) -> Option<Arc<Session>> {
        match &*self.lock() {
            Seat::Taken(session) => Some(Arc::clone(session)),
            Seat::Empty | Seat::Left => None,
        }
    }

    /// Takes a session in, and gives the one that has no use any more: an earlier one, or this, as a server may take so
    /// long to start that the client has left meanwhile.
    fn take(&self, session: &Arc<Session>) -> Option<Arc<Session>> {
        let mut seat = self.lock();
        match &mut *seat {
            Seat::Left => Some(Arc::clone(session)),
            Seat::Taken(earlier) => Some(std::mem::replace(earlier, Arc::clone(session))),
            Seat::Empty => {
                *seat = Seat::Taken(Arc::clone(session));
                None
            }
        }
    }

    fn leave(&self) -> Option<Arc<Session>> {
        match std::mem::replace(&mut *self.lock(), Seat::Left) {
            Seat::Taken(session) => Some(session),
            Seat::Empty | Seat::Left => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Seat> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Channels {
    fn find(&self, id: &str, reach: &Reach) -> Option<Arc<Channel>> {
        self.lock().get(id).filter(|channel| channel.reach == *reach).cloned()
    }

    /// The daemon is about to stop: ends the streams of clients that have not introduced themselves. Those of sessions
    /// end with what their sessions are told.
    pub(super) fn drain(&self) {
        self.lock().retain(|_, channel| channel.session().is_some());
    }

    /// None when the user has too many already.
    fn open(&self, id: &str, channel: &Arc<Channel>, most: usize) -> Option<()> {
        let mut open = self.lock();
        let user = channel.reach.principal.user_id;
        let own = open.values().filter(|channel| channel.reach.principal.user_id == user).count();
        if own >= most {
            return None;
        }
        open.insert(id.into(), Arc::clone(channel));
        Some(())
    }

    fn close(&self, id: &str) {
        self.lock().remove(id);
    }

    /// Ends the stream of a session that is over.
    fn close_of(&self, session: &Arc<Session>) {
        self.lock().retain(|_, channel| !channel.session().is_some_and(|own| Arc::ptr_eq(&own, session)));
    }

    /// Ends the streams that `directory` does not allow any more; those of sessions end with their sessions.
    pub(super) fn recheck(&self, directory: &Directory, is_live: impl Fn(&Principal) -> bool) {
        self.lock().retain(|_, channel| channel.reach.is_open(directory, &is_live));
    }

    pub(super) fn end_all(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Arc<Channel>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Channel {
    fn session(&self) -> Option<Arc<Session>> {
        self.place.session()
    }

    /// Sends a message; it is lost when the client has gone.
    async fn tell(&self, message: &Bytes) {
        let _ = self.out.send(sse::encode_message(None, message)).await;
    }

    async fn refuse(&self, id: &RequestId, error: &RpcError) {
        self.tell(&codec::encode_error(Some(id), error)).await;
    }
}

/// `GET` of the stream.
pub(in crate::mcp) fn open(
    address: Address<'_>,
    http: Http<'_>,
    endpoints: &actix_web::web::Data<McpEndpoints>,
) -> HttpResponse {
    let entry = match endpoint::enter(address, http, endpoints) {
        Ok(entry) => entry,
        Err(refused) => return refused.answer(None),
    };
    if !matches!(accept::accepts(http.head), Some(Accepts::Both | Accepts::EventsOnly)) {
        return refusal::not_acceptable();
    }
    if endpoints.sessions.is_draining() {
        return refusal::stopping(None);
    }
    let mut random = [0; 32];
    if getrandom::fill(&mut random).is_err() {
        return refusal::too_many_sessions();
    }
    let id = URL_SAFE_NO_PAD.encode(random);
    let (out, events) = mpsc::channel(QUEUE);
    let place = Arc::new(Place::default());
    let unread = Arc::new(Semaphore::new(endpoints.config.max_requests_per_session));
    let channel = Arc::new(Channel { reach: entry.reach(), out, place: Arc::clone(&place), unread });
    let sessions = Arc::clone(&endpoints.sessions);
    if sessions.channels.open(&id, &channel, endpoints.config.max_sessions_per_user).is_none() {
        return refusal::too_many_sessions();
    }
    // Relative, so that it is right behind any proxy that leaves paths alone.
    let messages = format!("{}messages?sessionId={id}", http.head.path().strip_suffix("sse").unwrap_or_default());
    let first = Bytes::from(format!("event: endpoint\ndata: {messages}\n\n"));
    // From here on only the registry keeps it open.
    drop(channel);
    let outgoing = Outgoing { first: Some(first), events, id, place, endpoints: endpoints.clone() };
    respond::events(outgoing, Duration::from_secs(endpoints.config.keep_alive_secs))
}

/// Everything that goes to one client. Its end is the end of the session.
struct Outgoing {
    first: Option<Bytes>,
    events: mpsc::Receiver<Bytes>,
    id: String,
    place: Arc<Place>,
    endpoints: actix_web::web::Data<McpEndpoints>,
}

impl Stream for Outgoing {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        match self.first.take() {
            Some(first) => Poll::Ready(Some(first)),
            None => self.events.poll_recv(cx),
        }
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        let sessions = &self.endpoints.sessions;
        sessions.channels.close(&self.id);
        if let Some(session) = self.place.leave() {
            // On this transport nobody can come back for what is still running.
            session.stop_all(StopReason::Cancelled);
            sessions.end(&session);
        }
    }
}

/// `POST` to the address of the stream: what clients try that speak a later transport as well. No JSON-RPC, so that
/// they understand that this is another one.
pub(in crate::mcp) fn not_here() -> HttpResponse {
    HttpResponse::MethodNotAllowed()
        .insert_header((ALLOW, "GET"))
        .content_type("text/plain; charset=utf-8")
        .body("this is the stream of the HTTP+SSE transport: open it with GET, and post to the address that it names")
}

/// `POST` of a message.
pub(in crate::mcp) async fn post(
    address: Address<'_>,
    http: Http<'_>,
    body: Sent,
    endpoints: &actix_web::web::Data<McpEndpoints>,
) -> HttpResponse {
    let reached = match reach(address, http, endpoints) {
        Ok(reached) => reached,
        Err(refused) => return refused,
    };
    if !accept::is_json(http.head) {
        return refusal::unsupported_media_type();
    }
    // While a body is waited for the stream must be free to end, and what was allowed may be so no more.
    let reached = matches!(body, Sent::Whole(_)).then_some(reached);
    let body = match body::read(http.head, body, endpoints.config.max_body_bytes).await {
        Ok(body) => body,
        Err(error) => return refusal::no_body(error),
    };
    let (entry, channel) = match reached.map_or_else(|| reach(address, http, endpoints), Ok) {
        Ok(reached) => reached,
        Err(refused) => return refused,
    };
    let messages = match incoming::decode(&body) {
        Ok(Incoming::Single(message)) => vec![Ok(message)],
        Ok(Incoming::Batch(entries)) => {
            // Only one revision had them, and it may be spoken over this transport too.
            let Some(session) = channel.session() else {
                return refusal::bad_request(None, code::INVALID_REQUEST, NO_HANDSHAKE);
            };
            if let Err(refused) = batch::check(&session, &entries) {
                return refused;
            }
            entries
        }
        Err(malformed) => return refusal::malformed(http.head, &malformed),
    };
    for message in messages {
        match message {
            Ok(message) => take(&channel, entry.clone(), message, endpoints).await,
            Err(malformed) => {
                channel.tell(&codec::encode_error(malformed.id.as_ref(), &malformed.error)).await;
            }
        }
    }
    HttpResponse::Accepted().content_type("text/plain; charset=utf-8").body("Accepted")
}

/// Who posts, and the stream that the address names.
fn reach(
    address: Address<'_>,
    http: Http<'_>,
    endpoints: &McpEndpoints,
) -> Result<(Entry, Arc<Channel>), HttpResponse> {
    let entry = endpoint::enter(address, http, endpoints).map_err(|refused| refused.answer(None))?;
    let id = http.head.query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("sessionId="));
    let channel = id.and_then(|id| endpoints.sessions.channels.find(id, &entry.reach()));
    channel.map(|channel| (entry, channel)).ok_or_else(|| refusal::no_such_session(None))
}

async fn take(channel: &Arc<Channel>, entry: Entry, message: Message, endpoints: &actix_web::web::Data<McpEndpoints>) {
    match message {
        Message::Request(request) => asked(channel, entry, request, endpoints).await,
        Message::Notification(notification) => {
            if let Some(session) = channel.session() {
                notification::handle(&session, &notification);
            }
        }
        Message::Response(response) => {
            if let Some(session) = channel.session() {
                session.asked.answer(response);
            }
        }
    }
}

async fn asked(channel: &Arc<Channel>, entry: Entry, request: Request, endpoints: &actix_web::web::Data<McpEndpoints>) {
    let id = request.id.detached();
    // At once, as clients of both eras ask this first.
    if let Some(requested) = meta::protocol_version(request.params.as_ref()) {
        return channel.refuse(&id, &only_legacy(&requested)).await;
    }
    if request.method.known() == Method::Discover {
        return channel.refuse(&id, &RpcError::method_not_found(request.method.as_str())).await;
    }
    let Ok(unread) = Arc::clone(&channel.unread).try_acquire_owned() else {
        return channel.refuse(&id, &request::refused(NotTaken::TooMany)).await;
    };
    if request.method.known() == Method::Initialize {
        // A server may have to be started; the POST is answered meanwhile.
        let (channel, endpoints) = (Arc::clone(channel), endpoints.clone());
        actix_web::rt::spawn(async move {
            match handshake::open(&entry, &request, &endpoints).await {
                Ok((session, hello)) => {
                    if let Some(useless) = channel.place.take(&session) {
                        endpoints.sessions.end(&useless);
                    }
                    channel.tell(&codec::encode_result(&id, &hello.write())).await;
                    tell_news(&channel, session, &endpoints);
                }
                Err(handshake::Refused::Error(error)) => channel.refuse(&id, &error).await,
                Err(handshake::Refused::TooMany) => {
                    channel.refuse(&id, &refusal::sessions_limited()).await;
                }
                Err(handshake::Refused::Stopping) => channel.refuse(&id, &refusal::stopping_error()).await,
            }
            drop(unread);
        });
        return;
    }
    let Some(session) = channel.session() else {
        return channel.refuse(&id, &RpcError::new(code::INVALID_REQUEST, NO_HANDSHAKE)).await;
    };
    if let Some(setting) = Setting::of(&request) {
        return match setting.make(&entry, &session, &request, endpoints).await {
            Ok(made) => channel.tell(&made).await,
            Err(error) => channel.refuse(&id, &error).await,
        };
    }
    match request::start(entry, &session, Accepts::Both, request, endpoints) {
        Err(not_taken) => channel.refuse(&id, &request::refused(not_taken)).await,
        Ok(exchange) => {
            let log = session.open_stream();
            exchange.drive(None, Arc::clone(&log));
            let out = channel.out.clone();
            tokio::spawn(async move {
                let mut messages = Box::pin(log.messages(1));
                while let Some(message) = messages.next().await {
                    if out.send(sse::encode_message(None, &message)).await.is_err() {
                        return;
                    }
                }
                drop(unread);
            });
        }
    }
}

/// What concerns no request goes over the same stream. With the session's end the stream ends.
fn tell_news(channel: &Arc<Channel>, session: Arc<Session>, endpoints: &McpEndpoints) {
    let Some(mut news) = stream::News::of(Arc::clone(&session)) else {
        return endpoints.sessions.channels.close_of(&session);
    };
    let out = channel.out.clone();
    let sessions = Arc::downgrade(&endpoints.sessions);
    tokio::spawn(async move {
        while let Some(event) = news.next().await {
            if out.send(event).await.is_err() {
                return;
            }
        }
        if let Some(sessions) = sessions.upgrade() {
            sessions.channels.close_of(&session);
        }
    });
}

/// -32022: this transport is one of the revisions with a handshake.
fn only_legacy(requested: &Raw) -> RpcError {
    #[derive(serde::Serialize)]
    struct Data<'a> {
        supported: Vec<&'static str>,
        requested: &'a Raw,
    }
    let supported: Vec<&'static str> =
        Revision::ALL.into_iter().rev().filter(|revision| revision.is_legacy()).map(Revision::as_str).collect();
    let text = format!("this transport is only spoken with a handshake; supported: {}", supported.join(", "));
    RpcError::new(code::UNSUPPORTED_VERSION, text).with_data(&Data { supported, requested })
}
