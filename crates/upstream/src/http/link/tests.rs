//! A connection to a server that does what a script says, over a real socket.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::{Link, LinkError, SendError, Settled};
use crate::http::wire::Wire;
use orch_http1::response::Head;

/// A link, and the server's end of it.
async fn pair() -> (Box<Link>, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listener");
    let stream = TcpStream::connect(listener.local_addr().expect("address")).await.expect("connected");
    let (server, _) = listener.accept().await.expect("accepted");
    (Link::new(Wire::Plain(stream), Duration::from_secs(5)), server)
}

async fn post(link: &mut Link, body: impl Into<Bytes>) -> Result<Head, SendError> {
    link.send(&Method::POST, &Uri::from_static("/mcp"), &HeaderMap::new(), &body.into()).await
}

/// What comes of the request up to these bytes.
async fn request(server: &mut TcpStream, end: &[u8]) -> Vec<u8> {
    let mut seen = Vec::new();
    while !seen.ends_with(end) {
        assert!(server.read_buf(&mut seen).await.expect("a request") > 0, "closed after {} bytes", seen.len());
    }
    seen
}

async fn say(server: &mut TcpStream, text: &str) {
    server.write_all(text.as_bytes()).await.expect("taken");
}

/// One request, up to the head of its answer.
async fn answered(link: &mut Link, server: &mut TcpStream, answer: &str) {
    let serving = async {
        request(server, b"hi").await;
        say(server, answer).await;
    };
    let (head, ()) = tokio::join!(post(link, "hi"), serving);
    head.expect("head");
}

async fn body(link: &mut Link) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(data) = link.read().await {
        all.extend_from_slice(&data.expect("data"));
    }
    all
}

/// What the link is good for, once the server's last words and deeds have arrived.
async fn settled(link: &mut Link, expected: Settled) {
    let arrived = async {
        while link.settle() != expected {
            tokio::task::yield_now().await;
        }
    };
    let seen = tokio::time::timeout(Duration::from_secs(10), arrived).await;
    assert!(seen.is_ok(), "{:?} instead of {expected:?}", link.settle());
}

const HELLO: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

#[tokio::test]
async fn carries_one_exchange_after_the_other() {
    let (mut link, mut server) = pair().await;
    for round in 0..3 {
        let text = format!("body {round}");
        let serving = async {
            let seen = request(&mut server, text.as_bytes()).await;
            assert!(seen.starts_with(b"POST /mcp HTTP/1.1\r\ncontent-length: 6\r\n\r\n"), "{seen:?}");
            say(&mut server, HELLO).await;
        };
        let (head, ()) = tokio::join!(post(&mut link, text.clone()), serving);
        assert_eq!(head.expect("head").status, 200);
        assert_eq!(body(&mut link).await, b"hello");
        settled(&mut link, Settled::Ready).await;
    }
}

#[tokio::test]
async fn a_long_body_is_sent_and_received_as_a_whole() {
    let (mut link, mut server) = pair().await;
    let long: Vec<u8> = (0..3_000_000u32).map(|at| b'a' + u8::try_from(at % 26).expect("a letter")).collect();
    let head = format!("POST /mcp HTTP/1.1\r\ncontent-length: {}\r\n\r\n", long.len());
    let serving = async {
        let mut seen = Vec::new();
        while seen.len() < head.len() + long.len() {
            assert!(server.read_buf(&mut seen).await.expect("more of it") > 0);
        }
        let sent = seen.split_off(head.len());
        assert_eq!(String::from_utf8_lossy(&seen), head);
        assert!(sent == long, "what arrives is what was sent");
        say(&mut server, &format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", long.len())).await;
        server.write_all(&long).await.expect("taken");
    };
    let exchange = async {
        post(&mut link, long.clone()).await.expect("head");
        assert!(link.announced() > 0 && !link.is_at_end());
        assert!(body(&mut link).await == long, "what comes back is the same");
    };
    tokio::join!(serving, exchange);
    settled(&mut link, Settled::Ready).await;
}

#[tokio::test]
async fn a_refusal_before_the_end_of_the_request_is_heard() {
    let (mut link, mut server) = pair().await;
    let serving = async {
        let mut some = [0; 1000];
        let _ = server.read(&mut some).await.expect("some of it");
        say(&mut server, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nno!").await;
    };
    let (head, ()) = tokio::join!(post(&mut link, vec![b'x'; 20_000_000]), serving);
    assert_eq!(head.expect("head").status, 413);
    assert_eq!(body(&mut link).await, b"no!");
    assert_eq!(link.settle(), Settled::Over, "the rest of the request would be taken for the next one");
}

#[tokio::test]
async fn tells_what_was_sent_before_it_was_lost() {
    // Before anything.
    let (mut link, server) = pair().await;
    server.set_zero_linger().expect("a hard end");
    drop(server);
    settled(&mut link, Settled::Over).await;
    let lost = post(&mut link, "hi").await.expect_err("lost");
    assert!(lost.unsent && !lost.on_kept, "{lost:?}");
    // In the middle of the first exchange.
    let (mut link, mut server) = pair().await;
    let serving = async {
        request(&mut server, b"hi").await;
        drop(server);
    };
    let (head, ()) = tokio::join!(post(&mut link, "hi"), serving);
    let lost = head.expect_err("lost");
    assert!(matches!(lost.error, LinkError::Closed), "{lost:?}");
    assert!(!lost.unsent && !lost.on_kept);
    // In the middle of the head of the second one.
    let (mut link, mut server) = pair().await;
    let serving = async {
        request(&mut server, b"hi").await;
        say(&mut server, HELLO).await;
        request(&mut server, b"hi").await;
        say(&mut server, "HTTP/1.1 200 OK\r\nContent-").await;
        drop(server);
    };
    let exchanges = async {
        post(&mut link, "hi").await.expect("head");
        body(&mut link).await;
        post(&mut link, "hi").await.expect_err("lost")
    };
    let (lost, ()) = tokio::join!(exchanges, serving);
    assert_eq!(lost.error.to_string(), "the server closed it in the middle of the answer");
    assert!(!lost.unsent && lost.on_kept);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_no_whole_one() {
    let (mut link, mut server) = pair().await;
    let serving = async {
        request(&mut server, b"hi").await;
        say(&mut server, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n").await;
        drop(server);
    };
    let (head, ()) = tokio::join!(post(&mut link, "hi"), serving);
    head.expect("head");
    assert_eq!(link.read().await.expect("data").expect("data"), "hel");
    assert!(matches!(link.read().await, Some(Err(LinkError::Cut))));
    assert_eq!(link.settle(), Settled::Over);
}

#[tokio::test]
async fn what_nobody_asked_for_ends_the_connection() {
    // An answer too many could be taken for that to the next request.
    let (mut link, mut server) = pair().await;
    answered(&mut link, &mut server, &format!("{HELLO}{HELLO}")).await;
    assert_eq!(body(&mut link).await, b"hello");
    assert_eq!(link.settle(), Settled::Over);
    // Also when it comes later.
    let (mut link, mut server) = pair().await;
    answered(&mut link, &mut server, HELLO).await;
    body(&mut link).await;
    settled(&mut link, Settled::Ready).await;
    say(&mut server, "HTTP/1.1 408 Request Timeout\r\n\r\n").await;
    settled(&mut link, Settled::Over).await;
}

#[tokio::test]
async fn the_rest_of_an_answer_is_passed_over() {
    let (mut link, mut server) = pair().await;
    answered(&mut link, &mut server, "HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n").await;
    assert_eq!(link.settle(), Settled::Unfinished);
    say(&mut server, "2\r\nlo\r\n0\r\n\r\n").await;
    settled(&mut link, Settled::Ready).await;
}

#[tokio::test]
async fn a_server_says_how_long_it_keeps_a_connection() {
    for (said, seconds) in [("timeout=3, max=9", 2), ("timeout=9999", 60), ("max=3", 5), ("timeout=0", 0)] {
        let (mut link, mut server) = pair().await;
        answered(
            &mut link,
            &mut server,
            &format!("HTTP/1.1 200 OK\r\nKeep-Alive: {said}\r\nContent-Length: 0\r\n\r\n"),
        )
        .await;
        assert_eq!(link.idle(), Duration::from_secs(seconds), "{said}");
    }
}
