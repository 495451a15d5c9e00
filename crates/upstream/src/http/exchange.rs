//! One request and the head of its response, on a kept connection or a new one. Decides whether a request may be
//! sent a second time; nothing else here does.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use orch_mcp::peer::PeerError;

use crate::error::{ConnectError, DialError};
use crate::http::link::{Link, SendError};
use crate::http::shared::Shared;

/// A request, ready to be sent.
pub(crate) struct Outgoing<'a> {
    pub(crate) method: Method,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) replay: Replay,
}

/// When a request that failed on a kept connection is sent again on a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replay {
    /// Only if nothing of it was sent: it may have been executed otherwise.
    Unsent,
    /// Doing it twice changes nothing.
    Harmless,
}

/// The head of a response and the connection that its body comes on.
pub(crate) struct Answer {
    pub(crate) link: Box<Link>,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Incoming,
}

#[derive(Debug)]
pub(crate) enum ExchangeError {
    Dial(DialError),
    /// The connection was lost before the response.
    Broken(String),
}

pub(crate) async fn exchange(shared: &Shared, outgoing: &Outgoing<'_>) -> Result<Answer, ExchangeError> {
    if let Some(link) = shared.pool.take() {
        match attempt(shared, link, outgoing).await {
            Ok(answer) => return Ok(answer),
            Err(failed) if failed.unsent => {}
            Err(failed) if outgoing.replay == Replay::Harmless && failed.on_kept => {}
            Err(failed) => return Err(broken(shared, &failed)),
        }
    }
    let link = shared.dialer.dial().await.map_err(ExchangeError::Dial)?;
    attempt(shared, link, outgoing).await.map_err(|failed| broken(shared, &failed))
}

/// As [`exchange`], for a stream that stays: it takes no connection from those who call.
pub(crate) async fn exchange_apart(shared: &Shared, outgoing: &Outgoing<'_>) -> Result<Answer, ExchangeError> {
    let link = shared.dialer.dial().await.map_err(ExchangeError::Dial)?;
    attempt(shared, link, outgoing).await.map_err(|failed| broken(shared, &failed))
}

async fn attempt(shared: &Shared, mut link: Box<Link>, outgoing: &Outgoing<'_>) -> Result<Answer, SendError> {
    let mut request = Request::new(Full::new(outgoing.body.clone()));
    *request.method_mut() = outgoing.method.clone();
    *request.uri_mut() = shared.endpoint.uri.clone();
    *request.headers_mut() = outgoing.headers.clone();
    let response = link.send(request).await?;
    let (head, body) = response.into_parts();
    Ok(Answer { link, status: head.status, headers: head.headers, body })
}

fn broken(shared: &Shared, failed: &SendError) -> ExchangeError {
    ExchangeError::Broken(format!("the connection to {} was lost before the answer: {}", shared.dialer, failed.error))
}

impl From<ExchangeError> for PeerError {
    fn from(error: ExchangeError) -> Self {
        Self::Closed {
            reason: match error {
                ExchangeError::Dial(error) => error.to_string(),
                ExchangeError::Broken(reason) => reason,
            },
        }
    }
}

impl From<ExchangeError> for ConnectError {
    fn from(error: ExchangeError) -> Self {
        match error {
            ExchangeError::Dial(error) => Self::Unreachable(error),
            ExchangeError::Broken(reason) => Self::Unusable { reason },
        }
    }
}
