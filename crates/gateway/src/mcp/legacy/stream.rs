//! The streams of a session: news that belong to no request, such as changed lists, or the rest of a stream that the
//! client has lost.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, Stream, StreamExt};
use orch_mcp::{codec, sse};
use orch_relay::subscription;

use super::SESSION_HEADER;
use super::session::Session;
use crate::fields::Fields as _;
use crate::mcp::accept::Accepts;
use crate::mcp::address::Address;
use crate::mcp::{Http, McpEndpoints, accept, endpoint, refusal, respond};

const LAST_EVENT_ID: &str = "last-event-id";

pub(in crate::mcp) fn handle(address: Address<'_>, http: Http<'_>, endpoints: &McpEndpoints) -> HttpResponse {
    let entry = match endpoint::enter(address, http, endpoints) {
        Ok(entry) => entry,
        Err(refused) => return refused,
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
    if let Some((log, index)) = http.head.text(LAST_EVENT_ID).and_then(|last| session.streams.find(last)) {
        if log.is_over_at(index) {
            // A stream that ends at once would be taken for one that broke, and be asked for again and again.
            return refusal::method_not_allowed("POST");
        }
        return respond::events(log.read(index), keep_alive);
    }
    // The session may be used until the daemon stops, so it is not said to be gone.
    if endpoints.sessions.is_draining() {
        return refusal::stopping(None);
    }
    let Some(news) = News::of(session) else { return refusal::no_such_session(None) };
    respond::events(news, keep_alive)
}

/// The news of a session as events.
pub(super) struct News {
    session: Arc<Session>,
    number: u64,
    /// Questions that were sent here and wait for the client's response.
    asked: FuturesUnordered<BoxFuture<'static, Option<Bytes>>>,
}

impl News {
    /// None when the session is over.
    pub(super) fn of(session: Arc<Session>) -> Option<Self> {
        let number = session.standing.open()?;
        Some(Self { session, number, asked: FuturesUnordered::new() })
    }
}

impl Stream for News {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let this = &mut *self;
        while let Poll::Ready(Some(withdrawn)) = this.asked.poll_next_unpin(cx) {
            if let Some(message) = withdrawn {
                return Poll::Ready(Some(sse::encode_message(None, &message)));
            }
        }
        loop {
            let news = this.session.standing.poll(this.number, cx, |cx| this.session.news.poll_news(cx));
            let message = match std::task::ready!(news) {
                None => return Poll::Ready(None),
                Some(subscription::News::Notification(notification)) => {
                    if !this.session.wants(&notification) {
                        continue;
                    }
                    codec::encode_notification(notification.method.as_str(), notification.params.as_ref())
                }
                Some(subscription::News::Question(question)) => {
                    let Some((message, carry)) = this.session.ask(question) else { continue };
                    this.asked.push(carry.boxed());
                    // It has to be polled once to be woken by the answer.
                    cx.waker().wake_by_ref();
                    message
                }
            };
            return Poll::Ready(Some(sse::encode_message(None, &message)));
        }
    }
}

impl Drop for News {
    fn drop(&mut self) {
        self.session.standing.close(self.number);
        // Who was asked may still answer with a POST.
        let asked = std::mem::take(&mut self.asked);
        if !asked.is_empty()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(asked.for_each(|_| std::future::ready(())));
        }
    }
}
