//! One connection of a client: reads requests, has the application answer them one after the other, and writes the
//! responses. All of it in one task, so that nothing has to be woken between its parts.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_http::{Request, StatusCode};
use actix_service::Service;
use actix_web::body::MessageBody;
use actix_web::dev::ServiceResponse;
use actix_web::{Error, HttpResponse};
use bytes::{Buf as _, Bytes, BytesMut};
use orch_http1::may_end_head;
use orch_http1::request::{Head, Unreadable, take_head};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;
use tokio_util::io::poll_read_buf;

use super::alarm::Alarm;
use super::feed::{Feed, Step};
use super::open::Place;
use super::{Worker, request, response};
use crate::api_error;
use crate::mcp::{self, Answered, Http};
use crate::request_id::RequestId;
use crate::serving::response::{Connection as Said, Form};

/// So many bytes are read at once, and up to so many of a body that is known to be long.
const READ: usize = 8 * 1024;
const READ_OF_LONG: usize = 64 * 1024;

/// So much of the next requests is read while one is answered. What is read tells whether the client is still there.
const AHEAD: usize = 16 * 1024;

/// A body that is not longer is sent in one piece with its head.
const TOGETHER: usize = 16 * 1024;

/// Of a stream not more than this waits for a client that reads slowly.
const UNSENT: usize = 32 * 1024;

/// A buffer that grew larger than this is given back once it is empty.
const KEPT: usize = 64 * 1024;

/// A client that takes nothing of its answer for so long has gone without a word.
const STALLED: Duration = Duration::from_secs(60);

/// A client that is still sending when its request has been answered would not see the answer if we just closed.
const LINGER: Duration = Duration::from_secs(2);

const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

pub(super) struct Connection<W, S> {
    wire: W,
    peer: SocketAddr,
    input: BytesMut,
    /// Something has come that may end a head.
    fresh: bool,
    output: BytesMut,
    /// To be sent after `output`.
    long: Bytes,
    alarm: Alarm,
    /// How long an answer of an MCP endpoint may take that is sent as a whole.
    patience: Alarm,
    /// It has carried a request.
    used: bool,
    worker: Rc<Worker<S>>,
    place: Place,
}

/// What comes of waiting for a request.
enum Asked {
    Request(Head),
    Unreadable(Unreadable),
    /// Its head has not come in time.
    Slow,
    /// There will be none.
    Over,
}

/// What becomes of the connection after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    Next,
    /// The client is told that this was all.
    Linger,
    Close,
}

/// What was asked for, as far as the form of the response depends on it.
#[derive(Clone, Copy)]
struct Terms {
    is_head: bool,
    is_1_1: bool,
    keeps: bool,
}

/// What a look at the client brings.
enum Client {
    /// The handler has got more of the body.
    Fed,
    Gone,
}

impl<W, S, B> Connection<W, S>
where
    W: AsyncRead + AsyncWrite + Unpin,
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    pub(super) fn new(wire: W, peer: SocketAddr, worker: Rc<Worker<S>>) -> Self {
        let place = Place::new(Rc::clone(&worker.open));
        Self {
            wire,
            peer,
            input: BytesMut::new(),
            fresh: false,
            output: BytesMut::new(),
            long: Bytes::new(),
            alarm: Alarm::default(),
            patience: Alarm::default(),
            used: false,
            worker,
            place,
        }
    }

    pub(super) async fn serve(mut self) {
        let worker = Rc::clone(&self.worker);
        loop {
            match self.exchange(&worker).await {
                After::Next => self.used = true,
                After::Linger => return self.linger().await,
                After::Close => return,
            }
        }
    }

    /// One request and its response.
    async fn exchange(&mut self, worker: &Worker<S>) -> After {
        let asked = poll_fn(|cx| self.poll_head(cx)).await;
        self.alarm.stop();
        let head = match asked {
            Asked::Request(head) => head,
            Asked::Unreadable(why) => {
                let status = StatusCode::from_u16(why.status()).unwrap_or(StatusCode::BAD_REQUEST);
                return self.refuse(status, &why.to_string()).await;
            }
            Asked::Slow => {
                return self.refuse(StatusCode::REQUEST_TIMEOUT, "the head of the request did not come in time").await;
            }
            Asked::Over => return After::Close,
        };
        let terms = Terms { is_head: head.method() == b"HEAD", is_1_1: head.is_1_1, keeps: head.keeps };
        let (body, mut feed) = Feed::of(head.body, head.expects, &mut self.input);
        if let Some((address, endpoints)) = worker.endpoint(&head) {
            worker.idle_poll.note();
            let http = Http { head: &head, peer: self.peer };
            let mut patience = std::mem::take(&mut self.patience);
            let answered = {
                let answer = pin!(mcp::answer(address, http, body, endpoints, &mut patience));
                self.answered(answer, &mut feed).await
            };
            self.patience = patience;
            match &answered {
                Some(Answered::Response(response)) if response.status().is_client_error() => {
                    worker.idle_poll.note_refused()
                }
                _ => worker.idle_poll.note(),
            }
            return match answered {
                Some(Answered::Message { body, id }) => self.respond_message(body, id.as_ref(), terms, feed).await,
                Some(Answered::Response(response)) => self.respond(response, terms, feed).await,
                None => After::Close,
            };
        }
        let Some(request) = request::build(&head, body, self.peer) else {
            let why = "the method, the address or a header of the request is not valid";
            return self.refuse(StatusCode::BAD_REQUEST, why).await;
        };
        drop(head);
        let mut answer = pin!(worker.app.call(request));
        match self.answered(answer.as_mut(), &mut feed).await {
            Some(Ok(answered)) => self.respond(answered.into_parts().1, terms, feed).await,
            Some(Err(error)) => self.respond(HttpResponse::from_error(error), terms, feed).await,
            None => {
                // A page that is left or loaded anew has asked for a change all the same, and half of one is worse than
                // none.
                feed.break_off();
                let _ = answer.await;
                After::Close
            }
        }
    }

    /// Waits for the answer, and brings the handler what it wants of the body. None when the client has gone, by which
    /// one of the modern era cancels a call.
    async fn answered<F: Future>(&mut self, mut answer: Pin<&mut F>, feed: &mut Feed) -> Option<F::Output> {
        poll_fn(|cx| {
            loop {
                if let Poll::Ready(answered) = answer.as_mut().poll(cx) {
                    return Poll::Ready(Some(answered));
                }
                match ready!(self.poll_client(cx, feed)) {
                    Client::Fed => {}
                    Client::Gone => return Poll::Ready(None),
                }
            }
        })
        .await
    }

    /// Waits for a request for as long as a connection is kept, and for its head for as long as a client may take.
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Asked> {
        loop {
            if std::mem::take(&mut self.fresh) {
                match take_head(&mut self.input) {
                    Ok(Some(head)) => {
                        // More may have come with it.
                        self.fresh = !self.input.is_empty();
                        return Poll::Ready(Asked::Request(head));
                    }
                    Ok(None) => {}
                    Err(why) => return Poll::Ready(Asked::Unreadable(why)),
                }
            }
            let is_idle = self.input.is_empty();
            if is_idle && self.worker.open.is_ending() {
                return Poll::Ready(Asked::Over);
            }
            match self.poll_fill(cx, 0) {
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Asked::Over),
                Poll::Ready(Ok(read)) => {
                    let new = self.input.get(self.input.len().saturating_sub(read)..).unwrap_or_default();
                    self.fresh = may_end_head(new, self.input.len());
                    if is_idle {
                        self.alarm.stop();
                    }
                }
                Poll::Pending => {
                    if is_idle && self.input.capacity() > READ {
                        self.input = BytesMut::new();
                    }
                    if !self.alarm.is_set() {
                        let is_kept = is_idle && self.used;
                        self.alarm.set(if is_kept { self.worker.idle_time } else { self.worker.head_time });
                    }
                    self.place.take(cx.waker());
                    ready!(self.alarm.poll(cx));
                    return Poll::Ready(if is_idle { Asked::Over } else { Asked::Slow });
                }
            }
        }
    }

    /// Brings the handler what it asks for of the body, and finds out when the client has gone.
    fn poll_client(&mut self, cx: &mut Context<'_>, feed: &mut Feed) -> Poll<Client> {
        loop {
            match feed.step(cx, &mut self.input) {
                Step::Given => return Poll::Ready(Client::Fed),
                Step::Idle if self.input.len() >= AHEAD => return Poll::Pending,
                Step::Idle => {}
                Step::Wanting => {
                    if let Feed::Parts(parts) = feed
                        && std::mem::take(&mut parts.expects)
                    {
                        self.output.extend_from_slice(CONTINUE);
                    }
                    if ready!(self.poll_send(cx)).is_err() {
                        return Poll::Ready(Client::Gone);
                    }
                }
            }
            match ready!(self.poll_fill(cx, feed.announced())) {
                Ok(0) | Err(_) => return Poll::Ready(Client::Gone),
                Ok(_) => self.fresh = true,
            }
        }
    }

    async fn respond<Body: MessageBody>(
        &mut self,
        response: HttpResponse<Body>,
        terms: Terms,
        mut feed: Feed,
    ) -> After {
        let (head, body) = response.into_parts();
        let size = body.size();
        let form = Form::of(head.status(), size, terms.is_1_1);
        let keeps = form != Form::UntilClosed && self.keeps(terms, &feed);
        let said = Said { keeps, is_1_1: terms.is_1_1 };
        response::write_head(&mut self.output, head.head(), form, said, &self.worker.date);
        drop(head);
        let is_sent = if terms.is_head || form == Form::Bare {
            self.send().await
        } else {
            match body.try_into_bytes() {
                Ok(bytes) => {
                    self.put(bytes);
                    self.send().await
                }
                Err(body) => self.stream(body, form, &mut feed).await,
            }
        };
        self.after(is_sent, keeps, feed).await
    }

    async fn respond_message(&mut self, body: Bytes, id: Option<&RequestId>, terms: Terms, feed: Feed) -> After {
        let keeps = self.keeps(terms, &feed);
        let said = Said { keeps, is_1_1: terms.is_1_1 };
        response::write_message_head(&mut self.output, body.len(), id, said, &self.worker.date);
        self.put(body);
        let is_sent = self.send().await;
        self.after(is_sent, keeps, feed).await
    }

    /// Whether another request may follow this one.
    fn keeps(&self, terms: Terms, feed: &Feed) -> bool {
        terms.keeps && feed.is_short() && !self.worker.open.is_draining()
    }

    async fn after(&mut self, is_sent: bool, keeps: bool, mut feed: Feed) -> After {
        if !is_sent {
            After::Close
        } else if keeps && self.skip(&mut feed).await {
            After::Next
        } else {
            After::Linger
        }
    }

    /// Sends a body as it comes. False when that failed.
    async fn stream<Body: MessageBody>(&mut self, body: Body, form: Form, feed: &mut Feed) -> bool {
        let mut body = pin!(body);
        let mut rest = if let Form::Length(length) = form { length } else { 0 };
        let mut ended = false;
        poll_fn(|cx| {
            loop {
                let mut is_pending = false;
                while !ended && !is_pending && self.output.len() < UNSENT {
                    match body.as_mut().poll_next(cx) {
                        Poll::Ready(Some(Ok(data))) => match form {
                            Form::Chunks => response::write_chunk(&mut self.output, &data),
                            Form::UntilClosed => self.output.extend_from_slice(&data),
                            Form::Length(_) | Form::Bare => {
                                // More than was said would be taken for the next response.
                                let Some(left) = rest.checked_sub(data.len() as u64) else { return Poll::Ready(false) };
                                rest = left;
                                self.output.extend_from_slice(&data);
                            }
                        },
                        // The client sees that the end is missing.
                        Poll::Ready(Some(Err(_))) => return Poll::Ready(false),
                        Poll::Ready(None) if rest > 0 => return Poll::Ready(false),
                        Poll::Ready(None) => {
                            ended = true;
                            if form == Form::Chunks {
                                self.output.extend_from_slice(response::LAST_CHUNK);
                            }
                        }
                        Poll::Pending => is_pending = true,
                    }
                }
                let sent = self.poll_send(cx);
                match &sent {
                    Poll::Ready(Err(_)) => return Poll::Ready(false),
                    Poll::Ready(Ok(())) if ended => return Poll::Ready(true),
                    _ => {}
                }
                match self.poll_client(cx, feed) {
                    Poll::Ready(Client::Gone) => return Poll::Ready(false),
                    Poll::Ready(Client::Fed) => {}
                    Poll::Pending if sent.is_ready() && !is_pending => {}
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await
    }

    /// Answers what is no request of anybody.
    async fn refuse(&mut self, status: StatusCode, why: &str) -> After {
        let response = api_error::unreadable(status, why);
        let terms = Terms { is_head: false, is_1_1: true, keeps: false };
        self.respond(response, terms, Feed::Broken).await
    }

    /// Throws away what nobody has read of a body. False when the connection is of no use any more.
    async fn skip(&mut self, feed: &mut Feed) -> bool {
        if feed.is_whole() {
            return true;
        }
        let head_time = self.worker.head_time;
        let skipped = poll_fn(|cx| {
            while !feed.skip(&mut self.input) {
                match ready!(self.poll_fill(cx, feed.announced())) {
                    Ok(0) | Err(_) => return Poll::Ready(false),
                    Ok(_) => self.fresh = true,
                }
            }
            Poll::Ready(feed.is_whole())
        });
        timeout(head_time, skipped).await.unwrap_or(false)
    }

    /// Says that this was all, and gives the client time to read it.
    async fn linger(mut self) {
        let lingering = async {
            if self.wire.shutdown().await.is_err() {
                return;
            }
            loop {
                self.input.clear();
                match poll_fn(|cx| self.poll_fill(cx, 0)).await {
                    Ok(0) | Err(_) => return,
                    Ok(_) => {}
                }
            }
        };
        // Whoever has not read it by then does not.
        let _ = timeout(LINGER, lingering).await;
    }

    fn put(&mut self, bytes: Bytes) {
        if bytes.len() <= TOGETHER {
            self.output.extend_from_slice(&bytes);
        } else {
            self.long = bytes;
        }
    }

    async fn send(&mut self) -> bool {
        poll_fn(|cx| self.poll_send(cx)).await.is_ok()
    }

    /// Sends all that is to be sent. Fails when the client takes nothing for too long.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let is_head = !self.output.is_empty();
            let rest = if is_head { &self.output[..] } else { &self.long[..] };
            if rest.is_empty() {
                return Poll::Ready(Ok(()));
            }
            let Poll::Ready(written) = Pin::new(&mut self.wire).poll_write(cx, rest) else {
                if !self.alarm.is_set() {
                    self.alarm.set(STALLED);
                }
                ready!(self.alarm.poll(cx));
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            };
            self.alarm.stop();
            let written = written?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            if !is_head {
                self.long.advance(written);
            } else if written == self.output.len() {
                // Clearing keeps the memory, and advancing would not.
                self.output.clear();
                if self.output.capacity() > KEPT {
                    self.output = BytesMut::new();
                }
            } else {
                self.output.advance(written);
            }
        }
    }

    /// Reads what has come; 0 at the end of the connection. `announced` bytes are known to come.
    fn poll_fill(&mut self, cx: &mut Context<'_>, announced: u64) -> Poll<io::Result<usize>> {
        if self.input.capacity() - self.input.len() < READ / 2 {
            let long = usize::try_from(announced).unwrap_or(READ_OF_LONG);
            self.input.reserve(long.clamp(READ, READ_OF_LONG));
        }
        poll_read_buf(Pin::new(&mut self.wire), cx, &mut self.input)
    }
}

#[cfg(test)]
mod tests;
