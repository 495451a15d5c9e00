//! What a client wants to be told of without asking each time: one internal shape for the stream of a legacy session
//! and for a modern listen. Knows neither; it gives news that are ready for the client.

mod mailbox;
mod registry;
mod sight;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use futures_util::future::join_all;
use orch_domain::policy::item::ItemClass;
use orch_domain::server::Server;
use orch_mcp::error::RpcError;
use orch_mcp::level::LogLevel;
use orch_mcp::message::Notification;
use orch_mcp::method::Method;
use orch_mcp::peer::Topic;
use orch_mcp::question::Question;

pub(crate) use self::mailbox::Followed;
use self::mailbox::Mailbox;
use crate::context::{CallContext, Endpoint};
use crate::error::CallError;
use crate::fleet::wanted::Needed;
use crate::fleet::{Slot, Unready};
use crate::relay::Relay;
use crate::{tasks, uris, view};

pub(crate) use self::registry::{Audience, Registry};

/// The level of the log for a session that has not said.
const USUAL: LogLevel = LogLevel::Info;

/// Resources and tasks that one subscription may follow.
const MAX_TOPICS: usize = 1024;

/// How long a server may take to accept what a new listen wants of it, before the listen is acknowledged without.
const ACKNOWLEDGE_WITHIN: Duration = Duration::from_millis(500);

/// What a client wants to be told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Interest {
    pub tools: bool,
    pub prompts: bool,
    pub resources: bool,
    /// Resources to follow, by the URIs that the client knows.
    pub uris: Vec<String>,
    /// Tasks to follow, by the ids that servers know; with an alias before them on the unified endpoint.
    pub tasks: Vec<String>,
}

impl Interest {
    /// Every list and no resource: what a session begins with.
    #[must_use]
    pub const fn lists() -> Self {
        Self { tools: true, prompts: true, resources: true, uris: Vec::new(), tasks: Vec::new() }
    }
}

/// Something a client is told.
#[derive(Debug)]
pub enum News {
    /// Ready to send.
    Notification(Notification),
    /// A server asks, on a connection that is this session's alone, and about no request.
    Question(Question),
}

/// A client's interest for as long as it exists. Its news may be read by one reader at a time; while nobody reads, they
/// are kept in few words: a list that changed ten times has changed.
pub struct Subscription {
    handle: SubscriptionHandle,
    honoured: Interest,
}

/// Changes a subscription while somebody else reads its news.
#[derive(Clone)]
pub struct SubscriptionHandle {
    relay: Arc<Relay>,
    mailbox: Arc<Mailbox>,
    cx: Arc<CallContext>,
}

impl Relay {
    /// Opens a subscription. What is asked for and cannot be had is missing from [`Subscription::honoured`].
    pub async fn subscribe(self: &Arc<Self>, cx: &CallContext, interest: Interest) -> Subscription {
        let lists = [interest.tools, interest.prompts, interest.resources];
        let audience = Audience::of(cx);
        let mailbox = Arc::new(Mailbox::new(lists));
        self.fleet.registry().add(audience, &mailbox);
        let handle = SubscriptionHandle { relay: Arc::clone(self), mailbox, cx: Arc::new(cx.clone()) };
        // Made before anything is awaited: given up in the middle, it takes everything back.
        let lists = Interest { uris: Vec::new(), tasks: Vec::new(), ..interest };
        let mut subscription = Subscription { handle, honoured: lists };
        let handle = &subscription.handle;
        if cx.client.session.is_some() {
            // Others may have had it silenced.
            handle.follow_levels(|now| now.is_some_and(|now| now > USUAL));
        }
        let resources = join_all(interest.uris.into_iter().map(|uri| async move {
            let added = tokio::time::timeout(ACKNOWLEDGE_WITHIN, handle.add(cx, &uri)).await;
            added.is_ok_and(|added| added.is_ok()).then_some(uri)
        }));
        let tasks = join_all(interest.tasks.into_iter().map(|task| async move {
            let added = tokio::time::timeout(ACKNOWLEDGE_WITHIN, handle.add_task(cx, &task)).await;
            added.is_ok_and(|added| added.is_ok()).then_some(task)
        }));
        let (resources, tasks) = tokio::join!(resources, tasks);
        subscription.honoured.uris = resources.into_iter().flatten().collect();
        subscription.honoured.tasks = tasks.into_iter().flatten().collect();
        subscription
    }
}

impl Subscription {
    /// What the client gets.
    #[must_use]
    pub const fn honoured(&self) -> &Interest {
        &self.honoured
    }

    #[must_use]
    pub const fn handle(&self) -> &SubscriptionHandle {
        &self.handle
    }

    /// The next news. Of several readers only the last one is woken.
    pub fn poll_news(&self, cx: &mut Context<'_>) -> Poll<Option<News>> {
        if self.handle.cx.stop.poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        self.handle.mailbox.poll(cx)
    }
}

impl Stream for Subscription {
    type Item = News;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<News>> {
        self.poll_news(cx)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let SubscriptionHandle { relay, mailbox, cx } = &self.handle;
        relay.fleet.registry().remove(mailbox);
        if cx.client.session.is_some() {
            // Servers need not be more verbose than the most curious of those who are left, if it was this one.
            let own = mailbox.level().unwrap_or(USUAL);
            self.handle.follow_levels(|now| now == Some(own));
        }
        for ((server, topic), place) in mailbox.close() {
            // What is followed on the session's own connection ends with that.
            if place == Followed::Shared
                && let Some(slot) = relay.fleet.slot(server)
            {
                slot.unwatch(&topic);
            }
        }
        if let Some(session) = cx.client.session {
            relay.fleet.end_session(session);
        }
    }
}

impl SubscriptionHandle {
    /// Follows one more resource. `cx` is of the request that asks for it: a subscription may be older than a server.
    pub async fn add(&self, cx: &CallContext, uri: &str) -> Result<(), RpcError> {
        let revision = self.cx.client.revision;
        let (server, own) = locate(cx, uri).map_err(|error| error.to_rpc(revision))?;
        if !self.relay.sees(cx, &server, ItemClass::Resource, &own) {
            // News of what is not there for this principal are not to be had either.
            return Err(CallError::UnknownResource { uri: uri.to_owned() }.to_rpc(revision));
        }
        self.follow(cx, &server, &Topic::Resource(own)).await
    }

    /// Follows a task, by the id that its server knows, with the alias before it on the unified endpoint.
    async fn add_task(&self, cx: &CallContext, task: &str) -> Result<(), RpcError> {
        let (server, id) = tasks::locate(cx, task).ok_or_else(orch_mcp::tasks::unknown)?;
        if !self.relay.sees(cx, &server, ItemClass::Method, "tasks/get") {
            return Err(orch_mcp::tasks::unknown());
        }
        self.follow(cx, &server, &Topic::Task(id)).await
    }

    async fn follow(&self, cx: &CallContext, server: &Arc<Server>, topic: &Topic) -> Result<(), RpcError> {
        let revision = self.cx.client.revision;
        let name = server.alias.to_string();
        let busy = |reason: String| CallError::Busy { server: name.clone(), reason }.to_rpc(revision);
        match self.mailbox.follow(server.id, topic, MAX_TOPICS) {
            mailbox::Follow::New => {}
            mailbox::Follow::Already => return Ok(()),
            mailbox::Follow::TooMany => return Err(busy(format!("{MAX_TOPICS} resources are followed, the limit"))),
        }
        let _asking = mailbox::Asking { mailbox: &self.mailbox, server: server.id, topic };
        let slot = self.relay.fleet.slot(server.id);
        let watched = match &slot {
            None => Err(CallError::Unavailable { server: name.clone(), reason: "it is being set up".to_owned() }),
            Some(slot) => slot.watch_for(&Needed::of(cx, server), topic).await.map_err(|error| match error {
                Unwatchable::Unready(Unready::Failed(reason)) => {
                    CallError::Unavailable { server: name.clone(), reason }
                }
                Unwatchable::Unready(Unready::Busy(reason)) => CallError::Busy { server: name.clone(), reason },
                Unwatchable::Peer(error) => CallError::from_peer(&name, error),
            }),
        };
        match &watched {
            Ok(place) if self.mailbox.settle(server.id, topic, *place) => {}
            // The subscription ended, or the wish was taken back, while the server was being asked.
            Ok(place) => self.leave(slot.as_ref(), *place, topic),
            Err(_) => {}
        }
        watched.map(|_| ()).map_err(|error| error.to_rpc(revision))
    }

    /// Takes back what the server has agreed to.
    fn leave(&self, slot: Option<&Arc<Slot>>, place: Followed, topic: &Topic) {
        let Some(slot) = slot else { return };
        match (place, self.cx.client.session) {
            (Followed::Shared, _) => slot.unwatch(topic),
            (Followed::Own, Some(session)) => slot.unwatch_own(session, topic),
            // The task that asks sees that it is not wanted any more.
            (Followed::Own | Followed::Asking, _) => {}
        }
    }

    /// Follows one resource less; of one that is not followed it does nothing.
    pub fn remove(&self, cx: &CallContext, uri: &str) -> Result<(), RpcError> {
        let (server, own) = locate(cx, uri).map_err(|error| error.to_rpc(self.cx.client.revision))?;
        let topic = Topic::Resource(own);
        if let Some(place) = self.mailbox.unfollow(server.id, &topic) {
            self.leave(self.relay.fleet.slot(server.id).as_ref(), place, &topic);
        }
        Ok(())
    }

    /// The client of a session wants log messages from this level on. Servers that speak to this session alone are told;
    /// others are as verbose as the most curious of their clients.
    pub fn set_log_level(&self, level: LogLevel) {
        let audience = Audience::of(&self.cx);
        self.mailbox.set_level(level);
        if let Some(session) = self.cx.client.session {
            for slot in self.relay.fleet.slots_of(audience.project, audience.server) {
                slot.set_lane_level(session, level);
            }
        }
        self.follow_levels(|_| true);
    }

    /// Looks again at the level of what is shared, where `concerned` says so of the present one: to look is to ask all.
    fn follow_levels(&self, concerned: impl Fn(Option<LogLevel>) -> bool) {
        let audience = Audience::of(&self.cx);
        let slots = self.relay.fleet.slots_of(audience.project, audience.server);
        slots.iter().filter(|slot| concerned(slot.level())).for_each(|slot| slot.follow_levels());
    }

    /// Tells servers that speak to this session alone something, such as that its roots changed. Nothing decides over what
    /// is told, so it is told only what is a notification by its name: there are servers that act on any method, with or
    /// without an id. What we do not know is meant for one server, if for any.
    pub fn notify(&self, notification: &Notification) {
        let Some(session) = self.cx.client.session else { return };
        let is_told = match (notification.method.known(), &self.cx.endpoint) {
            (Method::RootsListChanged, _) => true,
            (Method::Other(name), Endpoint::Server(_)) => name.starts_with("notifications/"),
            _ => false,
        };
        if !is_told || self.relay.limiter.request(&self.cx.subject, &self.cx.project).is_err() {
            return;
        }
        let audience = Audience::of(&self.cx);
        for slot in self.relay.fleet.slots_of(audience.project, audience.server) {
            slot.notify_lane(session, notification);
        }
    }
}

/// The server of a URI that the client knows, and the server's own URI.
fn locate(cx: &CallContext, uri: &str) -> Result<(Arc<Server>, String), CallError> {
    let unknown = || CallError::UnknownResource { uri: uri.to_owned() };
    match &cx.endpoint {
        Endpoint::Server(server) => Ok((Arc::clone(server), uri.to_owned())),
        Endpoint::Unified => {
            // It is told of by the name that it has in lists, so it cannot be followed by another one.
            let origin = view::resolve_uri(&cx.project, uri)
                .filter(|origin| uris::expose(origin.server.alias.as_str(), &origin.name) == uri)
                .ok_or_else(unknown)?;
            Ok((origin.server, origin.name))
        }
    }
}

/// Why a resource cannot be followed.
#[derive(Debug)]
pub(crate) enum Unwatchable {
    Unready(Unready),
    Peer(orch_mcp::peer::PeerError),
}
