//! Tests of the HTTP/1.1 framing.

use proptest::prelude::{any, prop, proptest};

use super::{Malformed, Request, request, response};

const PLAIN: &[u8] = b"POST /mcp HTTP/1.1\r\nHost: x\r\nMcp-Session-Id: abc\r\n\
    MCP-Protocol-Version: 2025-11-25\r\nContent-Length: 5\r\n\r\nhello";

fn body_of(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>, Malformed> {
    Ok(request(bytes)?.map(|(request, used)| (request.body.into_owned(), used)))
}

#[test]
fn reads_a_request_with_the_headers_that_matter() {
    let expected = Request {
        method: "POST",
        path: "/mcp",
        session: Some(b"abc"),
        revision: Some(b"2025-11-25"),
        origin: None,
        keep_alive: true,
        body: b"hello".into(),
    };
    assert_eq!(request(PLAIN), Ok(Some((expected, PLAIN.len()))));
}

#[test]
fn wants_more_for_every_proper_prefix() {
    for end in 0..PLAIN.len() {
        assert_eq!(request(PLAIN.get(..end).unwrap_or_default()), Ok(None), "{end} bytes");
    }
}

#[test]
fn leaves_the_next_pipelined_request_alone() {
    let two = [PLAIN, PLAIN].concat();
    assert_eq!(body_of(&two), Ok(Some((b"hello".to_vec(), PLAIN.len()))));
}

#[test]
fn joins_chunks_and_skips_trailers() {
    let bytes = b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n\
        3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nTrailer: 1\r\n\r\nGET";
    assert_eq!(body_of(bytes), Ok(Some((b"hello".to_vec(), bytes.len() - 3))));
}

#[test]
fn refuses_ambiguous_and_broken_framing() {
    for bytes in [
        &b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"[..],
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\na",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\na",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"\0\0\0\0",
    ] {
        assert!(request(bytes).is_err(), "{}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn tells_whether_the_connection_stays() {
    let check = |bytes: &[u8]| request(bytes).ok().flatten().map(|(head, _)| head.keep_alive);
    assert_eq!(check(b"GET / HTTP/1.1\r\n\r\n"), Some(true));
    assert_eq!(check(b"GET / HTTP/1.0\r\n\r\n"), Some(false));
    assert_eq!(check(b"GET / HTTP/1.1\r\nConnection: Close\r\n\r\n"), Some(false));
    assert_eq!(check(b"GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n"), Some(true));
}

#[test]
fn reads_a_response_after_interim_ones() {
    let bytes = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\
        Content-Type: text/event-stream; charset=utf-8\r\nContent-Length: 2\r\n\r\nok";
    let read = response(bytes, false).ok().flatten();
    let seen = read.map(|(head, used)| (head.status, head.event_stream, head.body, used));
    assert_eq!(seen, Some((200, true, b"ok"[..].into(), bytes.len())));
}

#[test]
fn a_response_of_unstated_length_ends_with_the_connection() {
    let bytes = b"HTTP/1.1 200 OK\r\n\r\nok";
    assert_eq!(response(bytes, false), Ok(None));
    let read = response(bytes, true).ok().flatten();
    assert_eq!(read.map(|(head, _)| head.body), Some(b"ok"[..].into()));
}

#[test]
fn a_response_without_content_has_no_body() {
    let bytes = b"HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1";
    let read = response(bytes, false).ok().flatten();
    assert_eq!(read.map(|(head, used)| (head.body, used)), Some((b""[..].into(), bytes.len() - 8)));
}

proptest! {
    #[test]
    fn any_cut_into_chunks_gives_the_same_body(
        body in prop::collection::vec(any::<u8>(), 1..200),
        cuts in 1usize..50,
    ) {
        let mut bytes = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        for chunk in body.chunks(cuts) {
            bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            bytes.extend_from_slice(chunk);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"0\r\n\r\n");
        assert_eq!(body_of(&bytes), Ok(Some((body, bytes.len()))));
    }

    #[test]
    fn never_takes_more_than_there_is(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(Some((_, used))) = request(&bytes) {
            assert!(used <= bytes.len());
        }
        if let Ok(Some((_, used))) = response(&bytes, true) {
            assert!(used <= bytes.len());
        }
    }
}
