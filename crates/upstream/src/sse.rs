//! Peers over HTTP+SSE: everything that a server says comes on one stream, and what we say goes to an address that the
//! stream names. A conversation like that with a child, whose lines go out as requests of their own.

mod outgoing;
mod peer;

use std::sync::Arc;

use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};
use orch_mcp::peer::{Connection, EraChoice, PeerEvent, PeerSink};
use orch_mcp::sse::Decoder;
use secrecy::ExposeSecret as _;
use tokio::net::unix::pipe;
use tracing::Instrument as _;
use url::Url;

use crate::config::UpstreamConfig;
use crate::error::ConnectError;
use crate::excerpt::{Secrets, excerpt};
use crate::http::HttpTarget;
use crate::http::endpoint::shown;
use crate::http::exchange::{Answer, Outgoing, Replay, exchange_apart};
use crate::http::link::Link;
use crate::http::session::Session;
use crate::http::shared::Shared as Web;
use crate::stdio::end::End;
use crate::stdio::handshake;
use crate::stdio::outbox::Outbox;
use crate::stdio::shared::Shared;

pub use peer::SsePeer;

/// Opens the stream and does the handshake. The runtime that calls this drives the stream for as long as the peer
/// lives.
pub async fn connect(
    target: &HttpTarget,
    connection: &Connection,
    config: &UpstreamConfig,
    sink: Arc<dyn PeerSink>,
) -> Result<Arc<SsePeer>, ConnectError> {
    if connection.era == EraChoice::Modern {
        return Err(ConnectError::OtherEra { wanted: "2026-07-28" });
    }
    // The transport is one of the revisions with a handshake, whatever else the server speaks elsewhere.
    let connection = Connection { era: EraChoice::Legacy, ..connection.clone() };
    let span = tracing::debug_span!("upstream.connect", transport = "sse", server.url = %shown(&target.url));
    async move {
        let after = config.handshake_timeout();
        let opened = tokio::time::timeout(after, open(target, &connection, config));
        let (mut stream, messages) = opened.await.map_err(|_| ConnectError::Silent { after })??;
        let secrets = Secrets::new(target.headers.iter().map(|(_, value)| value.expose_secret()));
        let target = HttpTarget { url: messages, headers: target.headers.clone() };
        let web = Web::new(&target, &connection, config, Arc::new(Deaf)).await?;
        let (sender, receiver) = pipe::pipe().map_err(|error| ConnectError::Unusable { reason: error.to_string() })?;
        let outbox = Outbox::new(sender, config.stdio.queue_bytes);
        let shared = Arc::new(Shared::new(None, outbox, &connection, config, sink));
        let peer_tasks = tokio_util::task::TaskTracker::new();
        peer_tasks.spawn({
            let shared = Arc::clone(&shared);
            async move {
                let end = tokio::select! {
                    end = stream.read(&shared) => end,
                    () = shared.stop.cancelled() => End::Closed,
                };
                shared.end(end);
                shared.stop.cancel();
            }
        });
        peer_tasks.spawn(outgoing::run(Arc::clone(&shared), Arc::new(web), receiver));
        let guard = peer::Guard::new(shared, peer_tasks);
        let hello = handshake::run(guard.shared(), config).await.map_err(|error| match error {
            ConnectError::Refused(error) => ConnectError::Refused(secrets.hide_in(error)),
            other => other,
        })?;
        guard.shared().introduce();
        Ok(Arc::new(SsePeer::new(guard, hello)))
    }
    .instrument(span)
    .await
}

/// What a server says on the connection of the messages is nothing: it speaks on its stream.
struct Deaf;

impl PeerSink for Deaf {
    fn event(&self, _event: PeerEvent) {}
}

/// The server's stream.
struct Stream {
    link: Box<Link>,
    decoder: Decoder,
}

/// Opens the stream, and reads from it where messages go.
async fn open(
    target: &HttpTarget,
    connection: &Connection,
    config: &UpstreamConfig,
) -> Result<(Stream, String), ConnectError> {
    let web = Web::new(target, connection, config, Arc::new(Deaf)).await?;
    let session = Session::none(&web.endpoint.headers);
    let body = bytes::Bytes::new();
    let outgoing = Outgoing { method: Method::GET, headers: &session.get, body, replay: Replay::Harmless };
    let Answer { link, status, headers } = exchange_apart(&web, &outgoing).await?;
    if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        return Err(ConnectError::Unauthorized { status: status.as_u16() });
    }
    let kind = headers.get(CONTENT_TYPE).map(http::HeaderValue::as_bytes).unwrap_or_default();
    if status != StatusCode::OK || !kind.to_ascii_lowercase().starts_with(b"text/event-stream") {
        let reason = format!("the server answered with HTTP {} instead of an event stream", status.as_u16());
        return Err(ConnectError::Unusable { reason });
    }
    let mut stream = Stream { link, decoder: Decoder::new(config.max_message_bytes) };
    let named = stream.endpoint().await?;
    Ok((stream, resolve(&target.url, &named)?))
}

/// The address of the messages. Only the server itself gets what is meant for it, with the headers that go with it.
fn resolve(url: &str, named: &str) -> Result<String, ConnectError> {
    let unusable = |reason: String| ConnectError::Unusable { reason };
    let base = Url::parse(url).map_err(|error| ConnectError::InvalidUrl { why: error.to_string() })?;
    let messages = base
        .join(named)
        .map_err(|_| unusable(format!("the server names an address that is none: {}", excerpt(named.as_bytes()))))?;
    if messages.origin() != base.origin() {
        let text = "the server sends messages to another origin, which is not followed";
        return Err(unusable(format!("{text}: {}", shown(messages.as_str()))));
    }
    Ok(messages.into())
}

impl Stream {
    async fn endpoint(&mut self) -> Result<String, ConnectError> {
        let unusable = |reason: &str| ConnectError::Unusable { reason: reason.to_owned() };
        loop {
            match self.decoder.next_event() {
                Ok(Some(event)) if event.name == "endpoint" => return Ok(event.data),
                Ok(Some(_)) => return Err(unusable("the first event of the server's stream is not `endpoint`")),
                Ok(None) => {}
                Err(error) => return Err(unusable(&format!("the server's stream is broken: {error}"))),
            }
            match self.link.read().await {
                Some(Ok(data)) => self.decoder.push(&data),
                Some(Err(_)) | None => return Err(unusable("the server's stream ended before it named an address")),
            }
        }
    }

    /// Hands everything on, to the end of the stream.
    async fn read(&mut self, shared: &Arc<Shared>) -> End {
        loop {
            match self.decoder.next_event() {
                Ok(Some(event)) => {
                    if event.name == "message" && !event.data.is_empty() {
                        shared.receive(&bytes::Bytes::from(event.data));
                    }
                    continue;
                }
                Ok(None) => {}
                Err(orch_mcp::sse::DecodeError::TooLarge { limit }) => return End::LineTooLong { limit },
                Err(_) => return End::Broken(std::io::ErrorKind::InvalidData),
            }
            match self.link.read().await {
                Some(Ok(data)) => self.decoder.push(&data),
                Some(Err(_)) => return End::StreamLost,
                None => return End::StreamEnded,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::resolve;

    #[test]
    fn messages_go_to_the_server_itself() {
        let resolved = |named: &str| resolve("http://host:1/a/sse?x=1", named).ok();
        assert_eq!(resolved("/messages?id=1").as_deref(), Some("http://host:1/messages?id=1"));
        assert_eq!(resolved("messages").as_deref(), Some("http://host:1/a/messages"));
        assert_eq!(resolved("http://host:1/m").as_deref(), Some("http://host:1/m"));
        for other in ["http://host:2/m", "https://host:1/m", "http://evil/m", "//evil/m", "file:///etc/passwd"] {
            assert_eq!(resolved(other), None, "{other}");
        }
    }
}
