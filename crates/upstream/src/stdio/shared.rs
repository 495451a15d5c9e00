//! What the owner of a connection and its callers have in common, and what becomes of a line that came in.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use orch_mcp::codec::{self, Incoming, Malformed};
use orch_mcp::declared::Declared;
use orch_mcp::id::RequestId;
use orch_mcp::message::{Message, Notification, Request, Response};
use orch_mcp::method::{self, Method};
use orch_mcp::modern;
use orch_mcp::object;
use orch_mcp::peer::{Asking, Connection, PeerError, PeerEvent, PeerRequest, PeerSink, ReplyItem};
use orch_mcp::raw::Raw;
use orch_supervisor::{ExitReason, Process};
use tokio_util::sync::CancellationToken;

use crate::config::{ClientIdentity, UpstreamConfig};
use crate::excerpt::excerpt;
use crate::followed::Followed;
use crate::oddity::Oddities;
use crate::progress::Progress;
use crate::questions::{self, Questions};
use crate::server_request;
use crate::stdio::end::End;
use crate::stdio::home::{Home, Place};
use crate::stdio::outbox::{Outbox, When};
use crate::stdio::slot::Slot;
use crate::stdio::table::{Claimed, Table};

pub(crate) struct Shared {
    /// None where the other end is no child of ours.
    process: Option<Process>,
    pub(crate) table: Table,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) limits: Limits,
    /// None where the reading stays where it is.
    home: Option<Home>,
    /// Asks the owner to end the connection.
    pub(crate) stop: CancellationToken,
    next_id: AtomicU64,
    /// As it was wished for.
    pub(crate) connection: Connection,
    questions: Arc<Questions>,
    /// Set once, by the handshake: every request says of its client what there is to say.
    pub(crate) modern: OnceLock<()>,
    /// What a modern server is to tell us of, and what it has agreed to.
    pub(crate) followed: Followed,
    /// The id of the last listen of ours that was acknowledged. One that it replaces may still be open, and would say
    /// everything a second time.
    listening: AtomicU64,
    pub(crate) identity: ClientIdentity,
    pub(super) oddities: Oddities,
    pub(crate) sink: Arc<dyn PeerSink>,
    introduced: AtomicBool,
    /// Lines that were no message.
    rubbish: AtomicU64,
}

/// The part of the configuration that calls need.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) max_in_flight: usize,
    pub(crate) progress_queue: usize,
    pub(crate) gather_above: usize,
}

impl Shared {
    pub(crate) fn new(
        process: Option<Process>,
        outbox: Outbox,
        connection: &Connection,
        config: &UpstreamConfig,
        sink: Arc<dyn PeerSink>,
    ) -> Self {
        Self {
            home: process.is_some().then(Home::default),
            process,
            table: Table::default(),
            outbox: Arc::new(outbox),
            limits: Limits {
                max_in_flight: config.max_in_flight,
                progress_queue: config.progress_queue.max(1),
                gather_above: config.stdio.gather_above,
            },
            stop: CancellationToken::new(),
            next_id: AtomicU64::new(1),
            connection: connection.clone(),
            questions: Arc::default(),
            modern: OnceLock::new(),
            followed: Followed::default(),
            listening: AtomicU64::new(0),
            identity: config.identity.clone(),
            oddities: Oddities::new(Arc::clone(&sink)),
            sink,
            introduced: AtomicBool::new(false),
            rubbish: AtomicU64::new(0),
        }
    }

    pub(crate) const fn process(&self) -> Option<&Process> {
        self.process.as_ref()
    }

    /// How the child ended; never resolves where there is none.
    pub(crate) async fn exited(&self) -> ExitReason {
        match &self.process {
            Some(process) => process.exited().await,
            None => std::future::pending().await,
        }
    }

    /// Somebody on this thread makes a request.
    pub(crate) fn asked(&self) {
        if let Some(home) = &self.home {
            home.asked();
        }
    }

    /// Waits until the reading had better be somewhere else.
    pub(super) async fn wished(&self) -> Place {
        match &self.home {
            Some(home) => home.wished().await,
            None => std::future::pending().await,
        }
    }

    /// The reading is where the connection was made, and stays there for a while.
    pub(super) fn stays_home(&self) {
        if let Some(home) = &self.home {
            home.stays();
        }
    }

    /// The reading is there now; None for where the connection was made.
    pub(super) fn moved_to(&self, place: Option<&Place>) {
        if let Some(home) = &self.home {
            home.moved_to(place);
        }
    }

    /// A request that was not delivered has no answer to wait for.
    pub(crate) fn fail(&self, id: &RequestId, error: PeerError) {
        if let Some(Claimed::Waiting(slot)) = id.as_number().map(|id| self.table.claim(id)) {
            slot.finish(Err(error));
        }
    }

    /// Whether somebody waits for the answer to this request.
    pub(crate) fn is_waiting(&self, id: &RequestId) -> bool {
        id.as_number().is_some_and(|id| self.table.find(id).is_some())
    }

    pub(crate) fn is_modern(&self) -> bool {
        self.modern.get().is_some()
    }

    /// Params that say of the client behind them what a modern server wants to know.
    pub(crate) fn modern_params(&self, request: &PeerRequest, token: Option<u64>) -> Raw {
        let own;
        let declared = match &request.declared {
            Some(declared) => &**declared,
            None => {
                own = Declared { capabilities: Raw::from_static("{}"), info: Some(self.identity.implementation()) };
                &own
            }
        };
        modern::with_request_meta(request.params.as_ref(), declared, request.log_level, token)
    }

    pub(crate) fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// From here on somebody has the peer, and is told when it closes.
    pub(crate) fn introduce(&self) {
        self.introduced.store(true, Ordering::Release);
    }

    pub(crate) fn rubbish(&self) -> u64 {
        self.rubbish.load(Ordering::Relaxed)
    }

    /// Ends every request that waits and takes no more.
    pub(crate) fn end(&self, end: End) {
        let waiting = self.table.end(end);
        self.outbox.close();
        self.questions.end();
        let reason = end.to_string();
        for slot in waiting {
            slot.finish(Err(PeerError::Closed { reason: reason.clone() }));
        }
        if end != End::Closed && self.introduced.load(Ordering::Acquire) {
            self.sink.event(PeerEvent::Closed { reason });
        }
    }

    /// One line that the child wrote.
    pub(crate) fn receive(self: &Arc<Self>, line: &Bytes) {
        match codec::decode(line) {
            Ok(Incoming::Single(message)) => self.dispatch(message),
            Ok(Incoming::Batch(entries)) => {
                for entry in entries {
                    match entry {
                        Ok(message) => self.dispatch(message),
                        Err(malformed) => self.refuse(line, malformed),
                    }
                }
            }
            Err(malformed) => self.refuse(line, malformed),
        }
    }

    /// What is no message is left out. The request that it was meant to answer has no better answer to wait for.
    fn refuse(&self, line: &[u8], malformed: Malformed) {
        let Malformed { id, is_response, error } = malformed;
        let why = &error.message;
        if let Some(id) = id.filter(|_| is_response) {
            self.fail(&id, PeerError::Protocol { reason: format!("the server's answer is no message ({why})") });
        }
        self.rubbish.fetch_add(1, Ordering::Relaxed);
        self.oddities.report(|| {
            let begins_like_one = matches!(line.first(), Some(b'{' | b'['));
            if begins_like_one {
                format!("standard output has a line that is no message ({why}): {}", excerpt(line))
            } else {
                format!("standard output has a line that is no message: {}", excerpt(line))
            }
        });
    }

    fn dispatch(self: &Arc<Self>, message: Message) {
        match message {
            Message::Response(response) => self.deliver(response),
            Message::Notification(notification) => self.notified(notification),
            Message::Request(request) if questions::is_question(&request) && self.is_asked(&request) => {}
            Message::Request(request) => {
                // A child that asks and does not read loses our answers before we lose memory.
                if self.outbox.push(&server_request::answer(&request, &self.connection.declared), When::Now).is_err() {
                    self.oddities.report(|| "an answer to a request of the server was not taken".to_owned());
                }
            }
        }
    }

    /// Hands a question to whom it belongs. False when that is nobody, or nobody knows who.
    fn is_asked(self: &Arc<Self>, request: &Request) -> bool {
        let asked = match self.connection.asking {
            Asking::Never => return false,
            Asking::OneCall => match self.table.only() {
                Some(slot) => Some(slot),
                None => return false,
            },
            // All calls are of the same session, so any of them brings the question to the right client.
            Asking::Anytime => self.table.latest(),
        };
        let shared = Arc::downgrade(self);
        let question = self.questions.open(request, move |response| {
            let Some(shared) = shared.upgrade() else { return };
            if shared.outbox.push(&response, When::Now).is_err() {
                shared.oddities.report(|| "an answer to a question of the server was not taken".to_owned());
            }
        });
        let Some(question) = question else { return false };
        match asked {
            Some(slot) => slot.other(ReplyItem::Question(question)),
            None => self.sink.event(PeerEvent::Question(question)),
        }
        true
    }

    fn deliver(&self, response: Response) {
        let Some(id) = response.id else {
            let error = response.outcome.err().map(|error| excerpt(error.message.as_bytes())).unwrap_or_default();
            self.oddities.report(|| format!("an error belongs to no request: {error}"));
            return;
        };
        match id.as_number().map_or(Claimed::Unknown, |id| self.table.claim(id)) {
            Claimed::Waiting(slot) => slot.finish(response.outcome.map_err(PeerError::Rpc)),
            Claimed::GivenUp => {}
            Claimed::Unknown => self
                .oddities
                .report(|| format!("a response belongs to no request, or came twice: id {}", excerpt(id.as_bytes()))),
        }
    }

    /// Whether a notification is of a listen stream that another one has taken the place of, which is still open.
    fn is_said_twice(&self, notification: &Notification) -> bool {
        let listening = self.listening.load(Ordering::Relaxed);
        listening != 0
            && modern::subscription_id(notification).is_some_and(|id| id != listening)
            && self.table.find(listening).is_some()
    }

    /// The server agrees to a listen. What counts is one of ours that is open: one that was waited for in vain takes the
    /// place of none, and what somebody else listens to is not ours to follow.
    fn acknowledged(&self, notification: Notification) {
        if let Some((id, slot)) = modern::subscription_id(&notification).and_then(|id| self.listen(id)) {
            // Now and not when the listening gets to it: what is said next may be of the new stream already. The last one
            // has the highest id, so an older one that is acknowledged again changes nothing.
            self.listening.fetch_max(id, Ordering::Relaxed);
            slot.other(ReplyItem::Notification(notification));
        }
    }

    /// A modern server asks nothing that it could take back. What it cancels is a listen, which so comes to its end.
    fn listen_ended(&self, notification: &Notification) {
        let id = notification.params.as_ref().and_then(|params| object::member(params, "requestId"));
        let id = id.and_then(|id| RequestId::parse(&id)?.as_number());
        let Some((id, slot)) = id.and_then(|id| self.listen(id)) else { return };
        // As one that is given up: its result may still come.
        if self.table.give_up(id) {
            slot.finish(Err(PeerError::Protocol { reason: "the server ended the stream".to_owned() }));
        }
    }

    /// The open listen of ours with this id.
    fn listen(&self, id: u64) -> Option<(u64, Arc<Slot>)> {
        self.table.find(id).filter(|slot| slot.is_listen).map(|slot| (id, slot))
    }

    fn notified(&self, notification: Notification) {
        match notification.method.known() {
            Method::Progress => {
                // Invented tokens and late progress are common and harmless.
                if let Some(progress) = Progress::read(notification.params.as_ref())
                    && let Some(slot) = self.table.find(progress.token)
                {
                    slot.progress(progress);
                }
            }
            _ if notification.method.as_str() == method::ACKNOWLEDGED => self.acknowledged(notification),
            Method::Cancelled if self.is_modern() => self.listen_ended(&notification),
            Method::Cancelled => self.questions.withdraw(&notification),
            _ if self.is_said_twice(&notification) => {}
            _ if self.is_modern() && notification.method.as_str() == method::LOG_MESSAGE => {
                // It is about a request that asked for it, and does not say about which.
                match self.table.only().filter(|slot| slot.wants_log) {
                    Some(slot) => slot.other(ReplyItem::Notification(notification)),
                    None => self.sink.event(PeerEvent::Notification(notification)),
                }
            }
            // On a connection that is one client's, what is said during its only call is about that call.
            _ if self.connection.asking != Asking::Never
                && !method::is_list_changed(notification.method.as_str())
                && notification.method.as_str() != method::RESOURCE_UPDATED =>
            {
                match self.table.only() {
                    Some(slot) => slot.other(ReplyItem::Notification(notification)),
                    None => self.sink.event(PeerEvent::Notification(notification)),
                }
            }
            _ => self.sink.event(PeerEvent::Notification(notification)),
        }
    }
}
