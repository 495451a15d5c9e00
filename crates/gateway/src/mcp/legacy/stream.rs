//! The streams of a session: news that belong to no request, such as changed lists, or the rest of a stream that the
//! client has lost.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, Stream, StreamExt, stream};
use orch_mcp::revision::Revision;
use orch_mcp::{codec, sse};
use orch_relay::subscription;

use super::SESSION_HEADER;
use super::session::Session;
use super::streams::Log;
use crate::fields::Fields as _;
use crate::mcp::accept::Accepts;
use crate::mcp::address::Address;
use crate::mcp::{Http, McpEndpoints, accept, endpoint, refusal, respond};

const LAST_EVENT_ID: &str = "last-event-id";

pub(in crate::mcp) fn handle(address: Address<'_>, http: Http<'_>, endpoints: &McpEndpoints) -> HttpResponse {
    let entry = match endpoint::enter(address, http, endpoints) {
        Ok(entry) => entry,
        Err(refused) => return refused.answer(None),
    };
    if !http.head.has(SESSION_HEADER) {
        return refusal::method_not_allowed("POST");
    }
    let session = match super::find_session(&entry, http.head, None, endpoints) {
        Ok(session) => session,
        Err(refused) => return refused,
    };
    if !matches!(accept::accepts(http.head), Some(Accepts::Both | Accepts::EventsOnly)) {
        return refusal::not_acceptable();
    }
    let keep_alive = Duration::from_secs(endpoints.config.keep_alive_secs);
    // A stream that is not known any more has nothing to be resumed; the client gets what is new instead.
    let lost = http.head.text(LAST_EVENT_ID).and_then(|last| session.streams.find(last));
    if let Some((log, index)) = lost.as_ref().filter(|(log, _)| !log.is_of_news()) {
        if log.is_over_at(*index) {
            // A stream that ends at once would be taken for one that broke, and be asked for again and again.
            return refusal::method_not_allowed("POST");
        }
        return respond::events(Arc::clone(log).read(*index), keep_alive);
    }
    // The session may be used until the daemon stops, so it is not said to be gone.
    if endpoints.sessions.is_draining() {
        return refusal::stopping(None);
    }
    // Older clients fail on an event without content.
    let primes = lost.is_none() && session.client.revision >= Revision::V2025_11_25;
    let (log, index) = lost.unwrap_or_else(|| (session.streams.open_news(), 1));
    let priming = primes.then(|| log.priming());
    let Some(news) = News::through(session, log, index) else { return refusal::no_such_session(None) };
    respond::events(stream::iter(priming).chain(news), keep_alive)
}

/// The news of a session as events.
pub(super) struct News {
    session: Arc<Session>,
    number: u64,
    /// Where a client that loses the stream goes on, and the index of what it gets next.
    log: Option<(Arc<Log>, u64)>,
    /// Questions that were sent here and wait for the client's response.
    asked: FuturesUnordered<BoxFuture<'static, Option<Bytes>>>,
}

impl News {
    /// A stream that nobody can go on with. None when the session is over.
    pub(super) fn of(session: Arc<Session>) -> Option<Self> {
        let number = session.standing.open(None)?;
        Some(Self { session, number, log: None, asked: FuturesUnordered::new() })
    }

    /// One that begins with what `log` has from `index` on.
    fn through(session: Arc<Session>, log: Arc<Log>, index: u64) -> Option<Self> {
        let number = session.standing.open(Some(log.number()))?;
        log.read_by(number);
        Some(Self { session, number, log: Some((log, index)), asked: FuturesUnordered::new() })
    }

    /// The next event that is in the log already.
    fn logged(&mut self) -> Option<Bytes> {
        let (log, next) = self.log.as_mut()?;
        let (after, event) = log.event_from(*next)?;
        *next = after;
        Some(event)
    }

    /// What comes next, written to nowhere yet.
    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        while let Poll::Ready(Some(withdrawn)) = self.asked.poll_next_unpin(cx) {
            if let Some(message) = withdrawn {
                return Poll::Ready(Some(message));
            }
        }
        loop {
            let news = self.session.standing.poll(self.number, cx, |cx| self.session.news.poll_news(cx));
            return Poll::Ready(Some(match ready!(news) {
                None => return Poll::Ready(None),
                Some(subscription::News::Notification(notification)) => {
                    if !self.session.wants(&notification) {
                        continue;
                    }
                    codec::encode_notification(notification.method.as_str(), notification.params.as_ref())
                }
                Some(subscription::News::Question(question)) => {
                    let Some((message, carry)) = self.session.ask(question) else { continue };
                    self.asked.push(carry.boxed());
                    // It has to be polled once to be woken by the answer.
                    cx.waker().wake_by_ref();
                    message
                }
            }));
        }
    }
}

impl Stream for News {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            if let Some(event) = self.logged() {
                return Poll::Ready(Some(event));
            }
            let Poll::Ready(message) = self.poll_message(cx) else {
                // Only now somebody else who puts something there wakes this one.
                return self.logged().map_or(Poll::Pending, |event| Poll::Ready(Some(event)));
            };
            let Some(message) = message else { return Poll::Ready(None) };
            match &self.log {
                Some((log, _)) => {
                    log.push(message);
                    // This one may have been followed by another, and still have waited for an answer.
                    self.session.standing.wake(log.number(), self.number);
                }
                None => return Poll::Ready(Some(sse::encode_message(None, &message))),
            }
        }
    }
}

impl Drop for News {
    fn drop(&mut self) {
        self.session.standing.close(self.number);
        let log = self.log.take().map(|(log, _)| log);
        if let Some(log) = &log {
            self.session.streams.leave_news(log, self.number);
        }
        // Who was asked may still answer with a POST.
        let mut asked = std::mem::take(&mut self.asked);
        if !asked.is_empty()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let (session, number) = (Arc::clone(&self.session), self.number);
            runtime.spawn(async move {
                while let Some(withdrawn) = asked.next().await {
                    if let (Some(message), Some(log)) = (withdrawn, &log) {
                        log.push(message);
                        session.standing.wake(log.number(), number);
                    }
                }
            });
        }
    }
}
