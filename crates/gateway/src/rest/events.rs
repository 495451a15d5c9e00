//! Live events as server-sent events. Ends a stream when the login behind it ends.

mod view;

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, get};
use futures_util::Stream;
use orch_auth::authenticator::Authenticator;
use orch_control::events::Watch;
use orch_domain::event::bus::EventId;
use orch_domain::id::UserId;
use orch_domain::principal::Principal;
use serde::Deserialize;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};
use utoipa::IntoParams;
use uuid::Uuid;

use self::view::EventView;
use crate::api_error::{ApiError, Code};
use crate::caller::Caller;
use crate::query::Query;
use crate::register::Register;
use crate::rest::Rest;

/// How often it is seen whether the login still holds.
const LOOK: Duration = Duration::from_millis(500);
/// A stream on which nothing happens gets a comment this often, so that no proxy takes it for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Streams that one account may have open at once: several tabs on several machines.
const MAX_PER_USER: usize = 32;

const LAST_EVENT_ID: &str = "last-event-id";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct EventQuery {
    /// Only events of this project, by id or slug.
    project: Option<String>,
    /// The id of the last event that was seen, for clients that cannot send the header `Last-Event-ID`.
    last_event_id: Option<String>,
}

pub(crate) fn configure(config: &mut impl Register) {
    config.service(watch_events);
}

/// Watch what happens, as server-sent events
///
/// For every login; not for API keys.
///
/// Each `data` is an event as JSON, and its `type` says which. `hello` comes first. `reset` says that events were
/// missed and everything has to be read again; `access` that the caller's projects, roles, teams or own invitations are
/// others than before. An event tells where to read again and has no content of its own.
///
/// A client that comes back sends the id of the last event that it has seen and gets what it has missed. The stream
/// ends when the login does, and only shows what the caller may see at that moment. A comment comes every 15 seconds.
/// An account has at most 32 streams open: 429 beyond.
#[utoipa::path(
    operation_id = "watch_events",
    tag = "events",
    params(EventQuery, ("Last-Event-ID" = Option<String>, Header, description = "the id of the last event that was seen")),
    responses((status = 200, body = EventView, content_type = "text/event-stream"))
)]
#[get("/events")]
async fn watch_events(
    caller: Caller,
    rest: Data<Rest>,
    request: HttpRequest,
    Query(query): Query<EventQuery>,
) -> Result<HttpResponse, ApiError> {
    if rest.stopping.is_draining() {
        return Err(ApiError::stopping());
    }
    let header = request.headers().get(LAST_EVENT_ID).and_then(|value| value.to_str().ok());
    // An id that is not one of ours is one that nobody knows any more, and gets a reset.
    let last = header.or(query.last_event_id.as_deref()).filter(|id| !id.is_empty()).map(parse_id);
    let watch = rest.control.events.watch(&caller.principal, query.project.as_deref(), last).await?;
    let seat = rest.event_seats.take(caller.principal.user_id)?;
    let stream = Events::new(watch, caller.principal, Arc::clone(&rest.identity.authenticator), seat);
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header((CACHE_CONTROL, "no-cache, no-transform"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(stream))
}

fn parse_id(text: &str) -> EventId {
    let unknown = EventId { bus: Uuid::nil(), seq: 0 };
    let Some((bus, seq)) = text.split_once('-') else { return unknown };
    match (Uuid::try_parse(bus), seq.parse()) {
        (Ok(bus), Ok(seq)) => EventId { bus, seq },
        _ => unknown,
    }
}

fn write_id(id: EventId) -> String {
    format!("{}-{}", id.bus.simple(), id.seq)
}

/// One event on the wire.
fn frame(id: Option<EventId>, event: &EventView) -> Bytes {
    let data = serde_json::to_string(event).unwrap_or_default();
    let id = id.map_or_else(String::new, |id| format!("id: {}\n", write_id(id)));
    Bytes::from(format!("{id}data: {data}\n\n"))
}

struct Events {
    watch: Watch,
    principal: Principal,
    authenticator: Arc<Authenticator>,
    looks: Interval,
    quiet_since: Instant,
    greeted: bool,
    _seat: Seat,
}

impl Events {
    fn new(watch: Watch, principal: Principal, authenticator: Arc<Authenticator>, seat: Seat) -> Self {
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { watch, principal, authenticator, looks, quiet_since: Instant::now(), greeted: false, _seat: seat }
    }

    fn say(&mut self, bytes: Bytes) -> Poll<Option<Result<Bytes, std::convert::Infallible>>> {
        self.quiet_since = Instant::now();
        Poll::Ready(Some(Ok(bytes)))
    }
}

impl Stream for Events {
    type Item = Result<Bytes, std::convert::Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        // Each tick wakes this stream, so that an end of the login is seen even when nothing else happens.
        while this.looks.poll_tick(cx).is_ready() {}
        if !this.authenticator.is_live(&this.principal) {
            return Poll::Ready(None);
        }
        if !this.greeted {
            this.greeted = true;
            return this.say(frame(this.watch.begin(), &EventView::Hello));
        }
        match Pin::new(&mut this.watch).poll_next(cx) {
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Ready(Some(news)) => {
                let (id, event) = EventView::of(news);
                this.say(frame(id, &event))
            }
            Poll::Pending if this.quiet_since.elapsed() >= HEARTBEAT => this.say(Bytes::from_static(b": alive\n\n")),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// How many streams each account has open.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seats(Arc<Mutex<HashMap<UserId, usize>>>);

impl Seats {
    fn take(&self, user: UserId) -> Result<Seat, ApiError> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(user).or_insert(0);
        if *count >= MAX_PER_USER {
            let text = format!("{MAX_PER_USER} event streams of this account are open, the limit; close one");
            return Err(ApiError::new(Code::TooManyRequests, text).retry_after(5));
        }
        *count += 1;
        Ok(Seat { seats: self.clone(), user })
    }
}

/// One open stream; given back when it is dropped.
#[derive(Debug)]
struct Seat {
    seats: Seats,
    user: UserId,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.user);
            }
        }
    }
}
