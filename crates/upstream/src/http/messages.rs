//! The messages in the body of a response, one after the other, in whichever form the server sends them. Knows no
//! request and no session.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use orch_mcp::codec::{self, Incoming, Malformed};
use orch_mcp::id::RequestId;
use orch_mcp::message::Message;
use orch_mcp::sse::Decoder;

use crate::excerpt::excerpt;
use crate::http::link::Link;
use crate::http::pool::Pool;
use crate::http::values::Values;

/// Pieces of a body that are read before others have their turn: a server may send any number that are no message.
const MOST_PIECES: u32 = 64;

pub(crate) struct Messages {
    link: Box<Link>,
    form: Form,
    decoded: VecDeque<Heard>,
    /// Something of the body has come.
    begun: bool,
    /// The body has come to its end.
    over: bool,
    limit: usize,
    /// Of the stream that this one goes on with.
    last_event_id: Option<String>,
    retry_ms: Option<u64>,
}

enum Form {
    Json {
        values: Values,
        /// The body, if it came in one piece.
        whole: Option<Bytes>,
    },
    Events(Decoder),
}

/// One thing in a body.
#[derive(Debug)]
pub(crate) enum Heard {
    Message(Message),
    /// No message, in a stream that may go on.
    Oddity(Oddity),
}

/// What is no message, though it may be meant as the answer to a request, which has no better one to wait for.
#[derive(Debug)]
pub(crate) struct Oddity {
    /// What it is, in words.
    pub(crate) text: String,
    is_response: bool,
    id: Option<RequestId>,
}

impl Oddity {
    fn new(what: &str, malformed: Malformed) -> Self {
        let Malformed { id, is_response, error } = malformed;
        let what = if is_response { "the server's answer" } else { what };
        Self { text: format!("{what} is no message ({})", error.message), is_response, id }
    }

    /// Whether it is meant for the request of that id, in whose exchange it came: what has no id can be for no other.
    pub(crate) fn answers(&self, id: u64) -> bool {
        self.is_response && self.id.as_ref().is_none_or(|it| it.as_number() == Some(id))
    }
}

/// Why nothing more can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReadError {
    /// The connection was lost.
    Broken,
    /// The server breaks the protocol; says how.
    Protocol(String),
}

impl Messages {
    pub(crate) fn json(link: Box<Link>, limit: usize) -> Box<Self> {
        Self::new(link, Form::Json { values: Values::default(), whole: None }, limit)
    }

    pub(crate) fn events(link: Box<Link>, limit: usize) -> Box<Self> {
        Self::new(link, Form::Events(Decoder::new(limit)), limit)
    }

    fn new(link: Box<Link>, form: Form, limit: usize) -> Box<Self> {
        Box::new(Self {
            link,
            form,
            decoded: VecDeque::new(),
            begun: false,
            over: false,
            limit,
            last_event_id: None,
            retry_ms: None,
        })
    }

    /// This stream goes on where `broken` ended.
    pub(crate) fn going_on_from(mut self: Box<Self>, broken: &Self) -> Box<Self> {
        self.last_event_id = broken.last_event_id().map(str::to_owned);
        self.retry_ms = broken.retry_ms();
        self
    }

    /// Where to go on after this stream, if the server said so.
    pub(crate) fn last_event_id(&self) -> Option<&str> {
        match &self.form {
            Form::Events(decoder) => decoder.last_id().or(self.last_event_id.as_deref()),
            Form::Json { .. } => None,
        }
    }

    /// How long the server wants us to wait before.
    pub(crate) fn retry_ms(&self) -> Option<u64> {
        match &self.form {
            Form::Events(decoder) => decoder.retry_ms().or(self.retry_ms),
            Form::Json { .. } => None,
        }
    }

    /// Gives the connection back. What still comes of this body is nobody's.
    pub(crate) fn release(self, pool: &Pool) {
        pool.park(self.link);
    }

    /// None at the end of the body.
    pub(crate) async fn next(&mut self) -> Result<Option<Heard>, ReadError> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Heard>, ReadError>> {
        let mut pieces = 0;
        loop {
            if let Some(heard) = self.decoded.pop_front() {
                return Poll::Ready(Ok(Some(heard)));
            }
            if let Some(heard) = self.decode()? {
                return Poll::Ready(Ok(Some(heard)));
            }
            if !self.decoded.is_empty() {
                continue;
            }
            if self.over {
                return Poll::Ready(match &self.form {
                    Form::Json { values, .. } if !values.is_empty() => Err(ReadError::Protocol(format!(
                        "the server's answer ends in the middle of a message: {}",
                        excerpt(values.rest())
                    ))),
                    _ => Ok(None),
                });
            }
            if pieces == MOST_PIECES {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            pieces += 1;
            match ready!(self.link.poll_read(cx)) {
                Some(Ok(data)) => self.push(data)?,
                Some(Err(_)) => return Poll::Ready(Err(ReadError::Broken)),
                None => self.over = true,
            }
        }
    }

    fn push(&mut self, data: Bytes) -> Result<(), ReadError> {
        match &mut self.form {
            Form::Events(decoder) => decoder.push(&data),
            Form::Json { values, whole } => {
                let first = !std::mem::replace(&mut self.begun, true);
                let announced = usize::try_from(self.link.announced()).unwrap_or(usize::MAX);
                // A stream of many values may be longer than the limit; what is not finished may not.
                if values.rest().len().saturating_add(data.len()).saturating_add(announced) > self.limit {
                    return Err(too_large(self.limit));
                }
                if first && self.link.is_at_end() {
                    *whole = Some(data);
                } else {
                    if first {
                        values.reserve(data.len().saturating_add(announced));
                    }
                    values.push(&data);
                }
            }
        }
        Ok(())
    }

    /// The next thing in what has arrived. Several at once go to `decoded`.
    fn decode(&mut self) -> Result<Option<Heard>, ReadError> {
        match &mut self.form {
            Form::Json { values, whole } => {
                if let Some(whole) = whole.take() {
                    match codec::decode(&whole) {
                        Ok(incoming) => return Ok(spread(incoming, &mut self.decoded)),
                        // Perhaps there are several values in it.
                        Err(_) => values.push(&whole),
                    }
                }
                let not_json =
                    |rest: &[u8]| ReadError::Protocol(format!("the server's answer is not JSON: {}", excerpt(rest)));
                let value = values.next_value().map_err(|_| not_json(values.rest()))?;
                let Some(value) = value else { return Ok(None) };
                let incoming = codec::decode(&value).map_err(|malformed| {
                    let why = malformed.error.message;
                    ReadError::Protocol(format!("the server's answer is no message ({why}): {}", excerpt(&value)))
                })?;
                Ok(spread(incoming, &mut self.decoded))
            }
            Form::Events(decoder) => loop {
                let event = match decoder.next_event() {
                    Ok(Some(event)) => event,
                    Ok(None) => return Ok(None),
                    Err(orch_mcp::sse::DecodeError::TooLarge { limit }) => return Err(too_large(limit)),
                    Err(error) => return Err(ReadError::Protocol(format!("the server's stream is broken: {error}"))),
                };
                // An event without data only tells where to resume.
                if event.name != "message" || event.data.is_empty() {
                    continue;
                }
                let data = Bytes::from(event.data);
                match codec::decode(&data) {
                    Ok(incoming) => return Ok(spread(incoming, &mut self.decoded)),
                    Err(malformed) => {
                        let oddity = Oddity::new("an event", malformed);
                        let text = format!("{}: {}", oddity.text, excerpt(&data));
                        return Ok(Some(Heard::Oddity(Oddity { text, ..oddity })));
                    }
                }
            },
        }
    }
}

fn too_large(limit: usize) -> ReadError {
    ReadError::Protocol(format!("the server's answer is larger than {limit} bytes"))
}

fn spread(incoming: Incoming, more: &mut VecDeque<Heard>) -> Option<Heard> {
    match incoming {
        Incoming::Single(message) => Some(Heard::Message(message)),
        Incoming::Batch(entries) => {
            more.extend(entries.into_iter().map(|entry| match entry {
                Ok(message) => Heard::Message(message),
                Err(malformed) => Heard::Oddity(Oddity::new("an entry of a batch", malformed)),
            }));
            more.pop_front()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::{Context, Poll, Wake, Waker};
    use std::time::Duration;

    use bytes::Bytes;
    use http::{HeaderMap, Method, Uri};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::{Heard, MOST_PIECES, Messages};
    use crate::http::link::Link;
    use crate::http::wire::Wire;

    #[derive(Default)]
    struct Woken(AtomicBool);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    /// A stream with so many pieces that are no message before one that is, all of which has arrived.
    async fn stream_with(pieces: u32) -> Box<Messages> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let connecting = TcpStream::connect(listener.local_addr().expect("an address"));
        let (ours, theirs) = tokio::join!(connecting, listener.accept());
        let mut link = Link::new(Wire::Plain(ours.expect("a connection")), Duration::from_secs(1));
        let answering = async {
            let (mut theirs, _) = theirs.expect("a connection");
            let asked = theirs.read(&mut [0; 1024]).await.expect("a request");
            assert!(asked > 0);
            let message = "data: {\"jsonrpc\":\"2.0\",\"method\":\"x\"}\n\n";
            let mut answer = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_owned();
            (0..pieces).for_each(|_| answer.push_str("2\r\n:\n\r\n"));
            answer.push_str(&format!("{:x}\r\n{message}\r\n0\r\n\r\n", message.len()));
            // Small enough to be sent and read as one.
            assert!(answer.len() < 4096);
            theirs.write_all(answer.as_bytes()).await.expect("room");
        };
        let (uri, headers) = (Uri::from_static("/"), HeaderMap::new());
        let (head, ()) = tokio::join!(link.send(&Method::GET, &uri, &headers, &Bytes::new()), answering);
        assert_eq!(head.expect("a head").status, 200);
        Messages::events(link, 1024)
    }

    #[tokio::test]
    async fn a_stream_of_nothing_lets_others_have_their_turn() {
        for (pieces, turns) in [(MOST_PIECES - 1, 0), (MOST_PIECES, 1), (3 * MOST_PIECES, 3)] {
            let mut messages = stream_with(pieces).await;
            let woken = Arc::new(Woken::default());
            let waker = Waker::from(Arc::clone(&woken));
            let mut cx = Context::from_waker(&waker);
            for turn in 0..turns {
                assert!(messages.poll_next(&mut cx).is_pending(), "{pieces} pieces, turn {turn}");
                assert!(woken.0.swap(false, Ordering::Relaxed), "it asks for the next turn itself");
            }
            let heard = messages.poll_next(&mut cx);
            assert!(matches!(heard, Poll::Ready(Ok(Some(Heard::Message(_))))), "{pieces} pieces: {heard:?}");
        }
    }
}
