//! A client that speaks HTTP/1.1 over a connection in memory. Both ends are polled by the test itself.

use std::future::poll_fn;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use actix_web::http::Method;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::test::TestRequest;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use futures_util::future::poll_immediate;
use orch_gateway::gateway::Connections;
use orch_http1::body::{Body, Piece};
use orch_http1::response::{Head, take_head};
use tokio::io::{AsyncWriteExt as _, DuplexStream, duplex};
use tokio::task::coop::unconstrained;
use tokio_util::io::poll_read_buf;

/// So much fits on the way, and a request always does.
const ROOM: usize = 1024 * 1024;

/// So much is read at once.
const READ: usize = 64 * 1024;

/// The first address of a network that is nobody's.
const NOBODY: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 0);

/// A connection that carries one request. When it is dropped, the client has left.
struct Wire {
    /// The gateway's end; None when it has closed the connection.
    gateway: Option<Pin<Box<dyn Future<Output = ()>>>>,
    client: DuplexStream,
    input: BytesMut,
}

/// A response whose body is still to be read.
pub(crate) struct Response {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    body: Body,
    wire: Wire,
}

/// A request that is not all sent yet.
pub(crate) struct Begun {
    rest: Vec<u8>,
    method: Method,
    wire: Wire,
}

/// Sends a request on a connection of its own, and waits for the head of the response.
pub(crate) async fn open(connections: &Connections<DuplexStream>, request: TestRequest) -> Response {
    send(connections, request, 0).await.end().await
}

/// Sends a request on a connection of its own but for the last byte, which the gateway waits for from then on.
pub(crate) async fn begin(connections: &Connections<DuplexStream>, request: TestRequest) -> Begun {
    let mut begun = send(connections, request, 1).await;
    assert!(poll_immediate(pin!(begun.wire.more())).await.is_none(), "an answer to what has not been said");
    begun
}

async fn send(connections: &Connections<DuplexStream>, request: TestRequest, held_back: usize) -> Begun {
    let mut request = request.to_request();
    let peer = request.peer_addr().unwrap_or_else(somewhere);
    let mut payload = BytesMut::new();
    let mut pieces = request.take_payload();
    while let Some(piece) = pieces.next().await {
        payload.extend_from_slice(&piece.unwrap());
    }

    let mut sent = Vec::new();
    write!(sent, "{} {} HTTP/1.1\r\n", request.method(), request.uri()).unwrap();
    for (name, value) in request.head().headers() {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            sent.extend_from_slice(part);
        }
    }
    if !payload.is_empty() && !request.head().headers().contains_key(CONTENT_LENGTH) {
        write!(sent, "content-length: {}\r\n", payload.len()).unwrap();
    }
    sent.extend_from_slice(b"\r\n");
    sent.extend_from_slice(&payload);

    let rest = sent.split_off(sent.len() - held_back);
    let (mut client, gateway) = duplex(ROOM.max(sent.len()));
    unconstrained(client.write_all(&sent)).await.unwrap();
    let wire = Wire { gateway: Some(connections(gateway, peer)), client, input: BytesMut::new() };
    Begun { rest, method: request.method().clone(), wire }
}

impl Begun {
    /// Sends the rest, and waits for the head of the response.
    pub(crate) async fn end(mut self) -> Response {
        unconstrained(self.wire.client.write_all(&self.rest)).await.unwrap();
        let head = self.wire.head().await;
        let body = if self.method == Method::HEAD { Body::Ended } else { head.body };
        let text = |value: &[u8]| std::str::from_utf8(value).unwrap().to_owned();
        let headers = head.headers.iter().map(|(name, value)| (name.to_string(), text(value.as_bytes())));
        Response { status: head.status.as_u16(), headers: headers.collect(), body, wire: self.wire }
    }
}

/// Where a client is of which nothing is said: somewhere else each time, so that none is slowed down for what others did.
fn somewhere() -> SocketAddr {
    static CLIENTS: AtomicU32 = AtomicU32::new(1);
    let client = Ipv4Addr::from_bits(NOBODY.to_bits() + CLIENTS.fetch_add(1, Ordering::Relaxed));
    SocketAddr::from((client, 50_000))
}

impl Wire {
    async fn head(&mut self) -> Head {
        loop {
            if let Some(head) = take_head(&mut self.input).unwrap() {
                return head;
            }
            assert!(self.more().await, "the connection ended without a response: {:?}", self.input);
        }
    }

    /// Waits until more has come. False at the end of the connection.
    async fn more(&mut self) -> bool {
        // What is there depends on what was done, and not on how much of it.
        unconstrained(poll_fn(|cx| self.poll_more(cx))).await
    }

    /// Lets the gateway do what it can, and reads all that it has written.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        if self.gateway.as_mut().is_some_and(|gateway| gateway.as_mut().poll(cx).is_ready()) {
            self.gateway = None;
        }
        let before = self.input.len();
        loop {
            self.input.reserve(READ);
            let read = poll_read_buf(Pin::new(&mut self.client), cx, &mut self.input);
            match read.map(|read| read.unwrap()) {
                Poll::Ready(0) => return Poll::Ready(self.input.len() > before),
                Poll::Ready(_) => {}
                Poll::Pending if self.input.len() > before => return Poll::Ready(true),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl Response {
    /// The next piece of the body: of one that is sent in chunks, a chunk. None at the end.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        loop {
            match self.body.take(&mut self.wire.input).unwrap() {
                Piece::Data(data) => return Some(data),
                Piece::End => return None,
                Piece::Wanting => {}
            }
            if !self.wire.more().await {
                assert_eq!(self.body, Body::UntilClosed, "the connection ended before the response");
                return None;
            }
        }
    }

    /// What is there without waiting.
    pub(crate) async fn at_once(mut self) -> Vec<u8> {
        let mut all = Vec::new();
        while let Some(Some(piece)) = poll_immediate(pin!(self.next())).await {
            all.extend_from_slice(&piece);
        }
        all
    }

    /// Everything up to the end.
    pub(crate) async fn whole(mut self) -> Vec<u8> {
        let mut all = Vec::new();
        while let Some(piece) = self.next().await {
            all.extend_from_slice(&piece);
        }
        all
    }
}
