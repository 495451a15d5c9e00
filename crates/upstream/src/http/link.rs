//! One HTTP/1.1 connection. It has no task: whoever waits for something on it polls it, so an answer arrives on the
//! thread that waits for it. Knows nothing of MCP.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use http::{HeaderMap, Method, Uri};
use orch_http1::body::{Body, Piece};
use orch_http1::response::{self, Head};
use orch_http1::{Malformed, may_end_head, request};
use tokio::io::AsyncWrite as _;
use tokio_util::io::poll_read_buf;

use crate::http::dial::why;
use crate::http::wire::Wire;

/// What a server announces is trusted up to here.
const LONGEST_IDLE: Duration = Duration::from_secs(60);

/// We stop using a connection so much earlier than the server closes it, or a request may cross its end.
const MARGIN: Duration = Duration::from_secs(1);

/// A body that is not longer is sent in one piece with its head.
const TOGETHER: usize = 16 * 1024;

/// So many bytes are read at once, and up to so many of a body that is known to be long.
const READ: usize = 8 * 1024;
const READ_OF_LONG: usize = 64 * 1024;

/// So many pieces of what is left of a response are read and thrown away.
const LEFT_OVER: usize = 4;

pub(crate) struct Link {
    wire: Wire,
    input: BytesMut,
    output: Output,
    /// What is to come of the response.
    body: Body,
    /// It can carry another exchange after this one.
    keeps: bool,
    /// It has carried a whole exchange before.
    used: bool,
    /// How long it may be kept without use.
    idle: Duration,
}

/// What is to be sent: the head of a request, with its body if that is short.
#[derive(Default)]
struct Output {
    head: BytesMut,
    body: Bytes,
    /// Something of it was taken by the system.
    begun: bool,
    flushed: bool,
    /// Why the rest of it cannot be sent.
    failed: Option<io::Error>,
}

/// Why a request has no response.
#[derive(Debug)]
pub(crate) struct SendError {
    /// Not one byte of it was sent.
    pub(crate) unsent: bool,
    /// The connection was a kept one, and may have been closed before the request was sent.
    pub(crate) on_kept: bool,
    pub(crate) error: LinkError,
}

/// What becomes of a connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    #[error("the server closed it")]
    Closed,
    #[error("the server closed it in the middle of the answer")]
    Cut,
    #[error("{}", why(.0))]
    Io(io::Error),
    #[error("the answer is {0}")]
    Malformed(#[from] Malformed),
}

/// What a connection is good for after an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    Ready,
    /// The end of the response has not come yet.
    Unfinished,
    Over,
}

impl Link {
    pub(crate) fn new(wire: Wire, idle: Duration) -> Box<Self> {
        Box::new(Self {
            wire,
            input: BytesMut::new(),
            output: Output::default(),
            body: Body::Ended,
            keeps: true,
            used: false,
            idle,
        })
    }

    pub(crate) fn idle(&self) -> Duration {
        self.idle
    }

    /// Sends a request and waits for the head of the response. A link on which this was given up is not to be used again.
    pub(crate) fn send<'link>(
        &'link mut self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> impl Future<Output = Result<Head, SendError>> + use<'link> {
        self.output.begin(method, uri, headers, body);
        // Until the response has come.
        self.keeps = false;
        poll_fn(move |cx| self.poll_head(cx))
    }

    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<Head, SendError>> {
        // What it says of a failure is said when there is no response: many servers refuse a request before they have
        // read all of it.
        let is_sent = self.output.poll_send(&mut self.wire, cx).is_ready();
        loop {
            let head = match ready!(self.poll_fill(cx)) {
                Ok(0) if self.input.is_empty() => Err(LinkError::Closed),
                Ok(0) => Err(LinkError::Cut),
                Ok(read) if !self.may_have_head(read) => Ok(None),
                Ok(_) => response::take_head(&mut self.input).map_err(LinkError::from),
                Err(error) => Err(LinkError::Io(error)),
            };
            match head {
                Ok(None) => {}
                Ok(Some(head)) => {
                    self.body = head.body;
                    self.keeps = head.keeps && is_sent && self.output.failed.is_none();
                    if !self.used {
                        self.used = true;
                        self.idle = announced_idle(&head.headers).map_or(self.idle, |idle| idle.min(LONGEST_IDLE));
                    }
                    return Poll::Ready(Ok(head));
                }
                Err(error) => {
                    let error = self.output.failed.take().map_or(error, LinkError::Io);
                    return Poll::Ready(Err(SendError { unsent: !self.output.begun, on_kept: self.used, error }));
                }
            }
        }
    }

    /// Whether the last `read` bytes can have ended a head.
    fn may_have_head(&self, read: usize) -> bool {
        let new = self.input.get(self.input.len().saturating_sub(read)..).unwrap_or_default();
        may_end_head(new, self.input.len())
    }

    /// The next piece of the response's body; None at its end.
    pub(crate) async fn read(&mut self) -> Option<Result<Bytes, LinkError>> {
        poll_fn(|cx| self.poll_read(cx)).await
    }

    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, LinkError>>> {
        loop {
            let error = match self.body.take(&mut self.input) {
                Ok(Piece::Data(data)) => return Poll::Ready(Some(Ok(data))),
                Ok(Piece::End) => return Poll::Ready(None),
                Err(malformed) => LinkError::from(malformed),
                Ok(Piece::Wanting) => match ready!(self.poll_fill(cx)) {
                    Ok(0) if self.body == Body::UntilClosed => {
                        self.body = Body::Ended;
                        return Poll::Ready(None);
                    }
                    Ok(0) => LinkError::Cut,
                    Ok(_) => continue,
                    Err(error) => LinkError::Io(error),
                },
            };
            self.keeps = false;
            return Poll::Ready(Some(Err(error)));
        }
    }

    /// At least so many bytes of the response's body are to come.
    pub(crate) fn announced(&self) -> u64 {
        self.body.announced()
    }

    /// Nothing of the response's body is to come.
    pub(crate) fn is_at_end(&self) -> bool {
        self.body == Body::Ended
    }

    /// Brings the response to its end as far as that goes without waiting, and looks whether the server has closed the
    /// connection.
    pub(crate) fn settle(&mut self) -> Settled {
        // Nobody is to be woken: the next one who wants the connection looks again.
        let cx = &mut Context::from_waker(Waker::noop());
        // Whatever follows a response is nothing that anybody waits for, and there is a limit to its length.
        for _ in 0..LEFT_OVER {
            if self.is_at_end() || !self.keeps {
                break;
            }
            if self.poll_read(cx).is_pending() {
                return Settled::Unfinished;
            }
        }
        if !self.keeps || !self.input.is_empty() {
            return Settled::Over;
        }
        if !self.is_at_end() {
            return Settled::Unfinished;
        }
        // Whatever comes before a request is no answer to it.
        if self.poll_fill(cx).is_pending() { Settled::Ready } else { Settled::Over }
    }

    /// Reads what has come; 0 at the end of the connection.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.input.capacity() - self.input.len() < READ / 2 {
            let long = usize::try_from(self.body.announced()).unwrap_or(READ_OF_LONG);
            self.input.reserve(long.clamp(READ, READ_OF_LONG));
        }
        poll_read_buf(Pin::new(&mut self.wire), cx, &mut self.input)
    }
}

impl Output {
    fn begin(&mut self, method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) {
        *self = Self { head: std::mem::take(&mut self.head), ..Self::default() };
        self.head.clear();
        let together = body.len() <= TOGETHER;
        self.head.reserve(READ / 8 + if together { body.len() } else { 0 });
        request::write_head(&mut self.head, method, uri, headers, body.len());
        if together {
            self.head.extend_from_slice(body);
        } else {
            self.body = body.clone();
        }
    }

    /// Ready when there is nothing more to send, or it cannot be sent.
    fn poll_send(&mut self, wire: &mut Wire, cx: &mut Context<'_>) -> Poll<()> {
        if self.flushed || self.failed.is_some() {
            return Poll::Ready(());
        }
        let sent = ready!(self.poll_write(wire, cx));
        self.flushed = true;
        self.failed = sent.err();
        Poll::Ready(())
    }

    fn poll_write(&mut self, wire: &mut Wire, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let of_head = !self.head.is_empty();
            let rest = if of_head { &self.head[..] } else { &self.body[..] };
            if rest.is_empty() {
                return Pin::new(wire).poll_flush(cx);
            }
            let written = ready!(Pin::new(&mut *wire).poll_write(cx, rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.begun = true;
            if of_head {
                self.head.advance(written);
            } else {
                self.body.advance(written);
            }
        }
    }
}

/// `Keep-Alive: timeout=5`.
fn announced_idle(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get("keep-alive")?.to_str().ok()?;
    let seconds = value.split(',').find_map(|part| part.trim().strip_prefix("timeout="))?.parse().ok()?;
    Some(Duration::from_secs(seconds).saturating_sub(MARGIN))
}

#[cfg(test)]
mod tests;
