//! One HTTP/1.1 connection. It has no task: whoever waits for something on it drives it by polling, so an answer
//! arrives on the thread that waits for it. Knows nothing of MCP.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::Full;
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper_util::rt::TokioIo;

use crate::http::waking::Waking;
use crate::http::wire::Wire;

/// What a server announces is trusted up to here.
const LONGEST_IDLE: Duration = Duration::from_secs(60);

/// We stop using a connection so much earlier than the server closes it, or a request may cross its end.
const MARGIN: Duration = Duration::from_secs(1);

type Driven = Connection<TokioIo<Wire>, Full<Bytes>>;

pub(crate) struct Link {
    sender: SendRequest<Full<Bytes>>,
    connection: Driven,
    waking: Waking,
    /// The connection has come to its end and must not be polled again.
    over: bool,
    /// It has carried a whole exchange before.
    used: bool,
    /// How long it may be kept without use.
    idle: Duration,
}

/// Why a request has no response.
#[derive(Debug)]
pub(crate) struct SendError {
    /// Not one byte of it was sent.
    pub(crate) unsent: bool,
    /// The connection was a kept one, and may have been closed before the request was sent.
    pub(crate) on_kept: bool,
    pub(crate) error: hyper::Error,
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
    pub(crate) async fn new(wire: Wire, idle: Duration) -> hyper::Result<Box<Self>> {
        let (sender, connection) = http1::Builder::new().handshake(TokioIo::new(wire)).await?;
        Ok(Box::new(Self { sender, connection, waking: Waking::new(), over: false, used: false, idle }))
    }

    pub(crate) fn idle(&self) -> Duration {
        self.idle
    }

    /// Sends a request and waits for the head of the response.
    pub(crate) async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, SendError> {
        let response = {
            let mut response = std::pin::pin!(self.sender.try_send_request(request));
            let (connection, waking, over) = (&mut self.connection, &self.waking, &mut self.over);
            let poll = |cx: &mut Context<'_>| {
                drive(connection, over, cx);
                response.as_mut().poll(cx)
            };
            waking.drive(poll).await
        };
        match response {
            Ok(response) => {
                if !self.used {
                    self.used = true;
                    self.idle = announced_idle(response.headers()).map_or(self.idle, |idle| idle.min(LONGEST_IDLE));
                }
                Ok(response)
            }
            Err(failure) => {
                Err(SendError { unsent: failure.message().is_some(), on_kept: self.used, error: failure.into_error() })
            }
        }
    }

    /// The next piece of a response's body; None at its end.
    pub(crate) async fn read(&mut self, body: &mut Incoming) -> Option<hyper::Result<Bytes>> {
        let Self { connection, waking, over, .. } = self;
        waking.drive(|cx| poll_read(connection, over, body, cx)).await
    }

    /// Brings the connection as far as it goes without waiting. `rest` is the body of the last response, if its end
    /// was not seen; it is taken out once it was.
    pub(crate) fn settle(&mut self, rest: &mut Option<Incoming>) -> Settled {
        // Nobody is to be woken: the next one who wants the connection looks again.
        let cx = &mut Context::from_waker(Waker::noop());
        if let Some(body) = rest {
            // Whatever follows a response is nothing that anybody waits for, and there is a limit to its length.
            for _ in 0..4 {
                match poll_read(&mut self.connection, &mut self.over, body, cx) {
                    Poll::Ready(Some(Ok(_))) => {}
                    Poll::Ready(Some(Err(_))) => return Settled::Over,
                    Poll::Ready(None) => {
                        *rest = None;
                        break;
                    }
                    Poll::Pending => break,
                }
            }
        }
        drive(&mut self.connection, &mut self.over, cx);
        if self.over || self.sender.is_closed() {
            Settled::Over
        } else if rest.is_some() || !self.sender.is_ready() {
            Settled::Unfinished
        } else {
            Settled::Ready
        }
    }
}

fn poll_read(
    connection: &mut Driven,
    over: &mut bool,
    body: &mut Incoming,
    cx: &mut Context<'_>,
) -> Poll<Option<hyper::Result<Bytes>>> {
    let mut driven = false;
    loop {
        match Pin::new(&mut *body).poll_frame(cx) {
            // Trailers say nothing to us.
            Poll::Ready(Some(Ok(frame))) => {
                if let Ok(data) = frame.into_data() {
                    return Poll::Ready(Some(Ok(data)));
                }
            }
            Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Pending if driven => return Poll::Pending,
            Poll::Pending => {
                drive(connection, over, cx);
                driven = true;
            }
        }
    }
}

/// An error of the connection reaches whoever waits for the response or its body.
fn drive(connection: &mut Driven, over: &mut bool, cx: &mut Context<'_>) {
    if !*over && Pin::new(connection).poll(cx).is_ready() {
        *over = true;
    }
}

/// `Keep-Alive: timeout=5`.
fn announced_idle(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get("keep-alive")?.to_str().ok()?;
    let seconds = value.split(',').find_map(|part| part.trim().strip_prefix("timeout="))?.parse().ok()?;
    Some(Duration::from_secs(seconds).saturating_sub(MARGIN))
}
