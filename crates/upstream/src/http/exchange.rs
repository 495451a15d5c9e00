//! One request and the head of its response, on a kept connection or a new one. Decides whether a request may be
//! sent a second time; nothing else here does.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use orch_mcp::peer::PeerError;

use crate::error::{ConnectError, DialError, seconds};
use crate::http::link::{Link, SendError};
use crate::http::redirect::{self, Redirect};
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
}

#[derive(Debug)]
pub(crate) enum ExchangeError {
    Dial(DialError),
    /// The connection was lost before the response.
    Broken(String),
    /// The server wants what is not done.
    Refused(String),
}

/// A server that does not answer what it is sent, or only says that it cannot, is left alone for a while.
pub(crate) async fn exchange(shared: &Shared, outgoing: &Outgoing<'_>) -> Result<Answer, ExchangeError> {
    if outgoing.method != Method::POST {
        return exchanged(shared, outgoing, Lines::Kept).await;
    }
    let attempt = shared.answering.admit().map_err(|open| ExchangeError::Dial(shared.dialer.resting(open)))?;
    let outcome = exchanged(shared, outgoing, Lines::Kept).await;
    match &outcome {
        Ok(answer) if is_out_of_order(answer) => attempt.failed(&format!("HTTP {}", answer.status.as_u16())),
        Ok(_) | Err(ExchangeError::Refused(_)) => attempt.succeeded(),
        Err(ExchangeError::Broken(why)) => attempt.failed(why),
        // That is for the breaker of the way there.
        Err(ExchangeError::Dial(_)) => {}
    }
    outcome
}

/// As [`exchange`], for a stream that stays: it takes no connection from those who call.
pub(crate) async fn exchange_apart(shared: &Shared, outgoing: &Outgoing<'_>) -> Result<Answer, ExchangeError> {
    exchanged(shared, outgoing, Lines::New).await
}

/// Whether an answer is no answer of an MCP server: what stands before it says that it is not there, or it has come to
/// grief. What it says itself may well have such a status.
fn is_out_of_order(answer: &Answer) -> bool {
    let status = answer.status;
    matches!(status, StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT)
        || status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED && !is_json(&answer.headers)
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    kind.to_ascii_lowercase().starts_with(b"application/json")
}

/// On which connections a request may go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lines {
    /// One of those that wait, if there is any.
    Kept,
    New,
}

async fn exchanged(shared: &Shared, outgoing: &Outgoing<'_>, lines: Lines) -> Result<Answer, ExchangeError> {
    let mut followed = 0;
    let mut lost_one = false;
    loop {
        // Where one kept connection is lost, the others may be as well.
        let kept = if lines == Lines::New || lost_one { None } else { shared.pool.take() };
        let is_kept = kept.is_some();
        let link = match kept {
            Some(link) => link,
            // Apart, as it is rare and large.
            None => Box::pin(shared.dialer.dial()).await.map_err(ExchangeError::Dial)?,
        };
        match attempt(shared, link, outgoing).await {
            Ok(answer) if followed == redirect::LIMIT => return Ok(answer),
            Ok(answer) => match follow(shared, answer)? {
                Some(answer) => return Ok(answer),
                None => (followed, lost_one) = (followed + 1, false),
            },
            Err(Lost::Broken(failed)) if is_kept && outgoing.replay.allows(&failed) => lost_one = true,
            Err(failed) => return Err(broken(shared, &failed)),
        }
    }
}

impl Replay {
    fn allows(self, failed: &SendError) -> bool {
        failed.unsent || self == Self::Harmless && failed.on_kept
    }
}

/// A server that redirects to another path of its own gets the request there, and all that come after it. None when
/// it is to be sent again; the server has not executed it.
fn follow(shared: &Shared, answer: Answer) -> Result<Option<Answer>, ExchangeError> {
    match redirect::of(&shared.endpoint, answer.status, &answer.headers) {
        None => Ok(Some(answer)),
        Some(Redirect::Refused(reason)) => Err(ExchangeError::Refused(reason)),
        Some(Redirect::Within(uri)) => {
            shared.pool.park(answer.link);
            let whole = shared.uri.load().authority().is_some();
            let uri = if whole { shared.endpoint.absolute(&uri) } else { uri };
            tracing::debug!(server.address = %shared.dialer, "redirected within the server");
            shared.uri.store(Arc::new(uri));
            Ok(None)
        }
    }
}

async fn attempt(shared: &Shared, mut link: Box<Link>, outgoing: &Outgoing<'_>) -> Result<Answer, Lost> {
    let Outgoing { method, headers, body, .. } = outgoing;
    let sending = link.send(method, &shared.uri.load(), headers, body);
    let head = match shared.response_timeout {
        None => sending.await?,
        Some(after) => match tokio::time::timeout(after, sending).await {
            Ok(sent) => sent?,
            Err(_) => return Err(Lost::Late(after)),
        },
    };
    Ok(Answer { link, status: head.status, headers: head.headers })
}

/// Why there is no response.
enum Lost {
    Broken(SendError),
    Late(Duration),
}

impl From<SendError> for Lost {
    fn from(error: SendError) -> Self {
        Self::Broken(error)
    }
}

fn broken(shared: &Shared, lost: &Lost) -> ExchangeError {
    let server = &shared.dialer;
    ExchangeError::Broken(match lost {
        Lost::Broken(failed) => format!("the connection to {server} was lost before the answer: {}", failed.error),
        Lost::Late(after) => format!("{server} did not begin to answer within {}", seconds(*after)),
    })
}

impl From<ExchangeError> for PeerError {
    fn from(error: ExchangeError) -> Self {
        match error {
            ExchangeError::Dial(error) => Self::Closed { reason: error.to_string() },
            ExchangeError::Broken(reason) => Self::Closed { reason },
            ExchangeError::Refused(reason) => Self::Protocol { reason },
        }
    }
}

impl From<ExchangeError> for ConnectError {
    fn from(error: ExchangeError) -> Self {
        match error {
            ExchangeError::Dial(error) => Self::Unreachable(error),
            ExchangeError::Broken(reason) | ExchangeError::Refused(reason) => Self::Unusable { reason },
        }
    }
}
