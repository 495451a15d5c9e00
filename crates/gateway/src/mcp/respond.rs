//! From a reply to an HTTP response: JSON when the first thing that comes is the answer, else an event stream.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::body::{BoxBody, MessageBody as _};
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use actix_web::web::Bytes;
use futures_util::{Stream, StreamExt, stream};
use orch_mcp::id::RequestId;
use orch_mcp::revision::Revision;
use orch_mcp::sse;
use orch_relay::reply::Event;

use super::accept::Accepts;
use super::exchange::{Exchange, message};
use super::{Answered, McpConfig, refusal};
use crate::serving::alarm::Alarm;

pub(super) async fn respond(
    mut exchange: Exchange,
    accepts: Accepts,
    config: &McpConfig,
    patience: &mut Alarm,
) -> Answered {
    let keep_alive = Duration::from_secs(config.keep_alive_secs);
    let first = match accepts {
        // Nothing is gained by waiting: it will be events in any case.
        Accepts::EventsOnly => None,
        // Apart, as it is rare.
        Accepts::JsonOnly => return Box::pin(json_only(exchange)).await,
        Accepts::Both => {
            patience.set(Duration::from_millis(config.commit_after_ms));
            let first = first_event(&mut exchange, patience).await;
            patience.stop();
            first
        }
    };
    let first = match first {
        Some(end @ Event::End(_)) => return ended(exchange.id(), end),
        first => first,
    };
    // Cancelled: there is no response, and clients take this for it.
    let Some(session) = exchange.session() else { return HttpResponse::Accepted().finish().into() };
    let log = session.open_stream();
    // Older clients fail on an event without content.
    let priming = (session.client.revision >= Revision::V2025_11_25).then(|| log.priming());
    exchange.drive(first, Arc::clone(&log));
    events(stream::iter(priming).chain(log.read(1)), keep_alive).into()
}

/// The first event, or None when it takes too long to wait for with the status line.
async fn first_event(exchange: &mut Exchange, patience: &mut Alarm) -> Option<Event> {
    poll_fn(|cx| match exchange.poll_next_unpin(cx) {
        Poll::Pending => patience.poll(cx).map(|()| None),
        event => event,
    })
    .await
}

/// A client that takes no events gets the answer alone.
async fn json_only(mut exchange: Exchange) -> Answered {
    while let Some(event) = exchange.next().await {
        if matches!(event, Event::End(_)) {
            return ended(exchange.id(), event);
        }
    }
    refusal::bad_request(Some(exchange.id()), orch_mcp::error::code::BAD_SESSION, "the request was cancelled").into()
}

/// The answer alone. One about a limit has its status.
fn ended(id: &RequestId, end: Event) -> Answered {
    let limited = match &end {
        Event::End(answer) => answer.get().as_ref().err().filter(|error| error.retry_after().is_some()).cloned(),
        _ => None,
    };
    match limited {
        Some(error) => refusal::error(StatusCode::OK, id, &error).into(),
        None => Answered::Message { body: message(id, end).unwrap_or_default(), id: None },
    }
}

/// The same for a client that takes nothing but events: an answer that would go out as JSON becomes the only event of a
/// stream. A refusal stays as it is, since its status says most of it.
pub(super) fn as_events(answered: Answered) -> Answered {
    let response = match answered {
        Answered::Message { body, .. } => HttpResponse::Ok().content_type(JSON).body(body),
        Answered::Response(response) => response,
    };
    let is_json = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == JSON);
    if response.status() != StatusCode::OK || !is_json {
        return response.into();
    }
    let (mut head, body) = response.into_parts();
    let body = match body.try_into_bytes() {
        Ok(message) => {
            for (name, value) in EVENTS {
                head.headers_mut().insert(name, value);
            }
            BoxBody::new(sse::encode_message(None, &message))
        }
        Err(body) => body,
    };
    head.set_body(body).into()
}

const JSON: &str = "application/json";

/// What an event stream says of itself.
const EVENTS: [(HeaderName, HeaderValue); 3] = [
    (CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
    (CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform")),
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
];

/// An event stream that is kept alive by comments.
pub(crate) fn events(events: impl Stream<Item = Bytes> + 'static, keep_alive: Duration) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    for header in EVENTS {
        response.insert_header(header);
    }
    response.streaming(kept_alive(Box::pin(events), keep_alive))
}

fn kept_alive(
    mut events: Pin<Box<impl Stream<Item = Bytes> + 'static>>,
    every: Duration,
) -> impl Stream<Item = Result<Bytes, std::convert::Infallible>> {
    let mut timer = Box::pin(tokio::time::sleep(every));
    stream::poll_fn(move |cx| {
        let next = events.as_mut().poll_next(cx).map(|event| event.map(Ok));
        if next.is_ready() {
            timer.as_mut().reset(tokio::time::Instant::now() + every);
            return next;
        }
        if timer.as_mut().poll(cx).is_ready() {
            timer.as_mut().reset(tokio::time::Instant::now() + every);
            // The new deadline has to be polled once to wake this task.
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Ready(Some(Ok(Bytes::from_static(sse::KEEP_ALIVE))));
            }
        }
        Poll::Pending
    })
}
