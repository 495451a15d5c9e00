//! Heads of requests, written and read, whole and in any pieces, and what is refused.

use bytes::{Bytes, BytesMut};
use http::header::HOST;
use http::{HeaderMap, HeaderValue, Method, Uri};
use proptest::prelude::{Strategy, prop_assert_eq, prop_oneof, proptest};

use super::{Unreadable, take_head, write_head};
use crate::body::{LONGEST_LINE, Piece};
use crate::{LONGEST_HEAD, MOST_HEADERS, may_end_head};

#[derive(Debug, PartialEq, Eq)]
struct Read {
    method: String,
    target: Bytes,
    headers: Vec<(String, Bytes)>,
    body: Vec<u8>,
    is_1_1: bool,
    keeps: bool,
    expects: bool,
}

/// Takes the next request off `input`, asking for more bytes where there are too few. None when all have been read. Or
/// why it is refused, after the status of that.
fn next(input: &mut BytesMut, mut more: impl FnMut(&mut BytesMut) -> bool) -> Result<Option<Read>, String> {
    let refused = |why: Unreadable| format!("{} {why}", why.status());
    let mut head = loop {
        match take_head(input).map_err(refused)? {
            Some(head) => break head,
            None if more(input) => {}
            None if input.is_empty() => return Ok(None),
            None => return Err("cut in the head".to_owned()),
        }
    };
    let text = |part: &[u8]| String::from_utf8(part.to_vec()).expect("letters");
    let mut read = Read {
        method: text(head.method()),
        target: head.target(),
        headers: head.headers().map(|(name, value)| (text(name), value)).collect(),
        body: Vec::new(),
        is_1_1: head.is_1_1,
        keeps: head.keeps,
        expects: head.expects,
    };
    loop {
        match head.body.take(input).map_err(|malformed| refused(malformed.into()))? {
            Piece::Data(piece) => read.body.extend_from_slice(&piece),
            Piece::End => return Ok(Some(read)),
            Piece::Wanting if more(input) => {}
            Piece::Wanting => return Err("cut in the body".to_owned()),
        }
    }
}

/// Reads a request that arrives in pieces of `size` bytes. Gives it and what came after its end.
fn read(request: &[u8], size: usize) -> Result<(Read, Vec<u8>), String> {
    let mut input = BytesMut::new();
    let mut pieces = request.chunks(size.max(1));
    let mut more = |input: &mut BytesMut| pieces.next().map(|piece| input.extend_from_slice(piece)).is_some();
    let read = next(&mut input, &mut more)?.ok_or("nothing but blank lines")?;
    while more(&mut input) {}
    Ok((read, input.to_vec()))
}

/// Reads requests that come one after another, up to the first that is refused.
fn read_all(requests: &[u8], size: usize) -> (Vec<Read>, Option<String>) {
    let mut input = BytesMut::new();
    let mut pieces = requests.chunks(size.max(1));
    let mut all = Vec::new();
    loop {
        let more = |input: &mut BytesMut| pieces.next().map(|piece| input.extend_from_slice(piece)).is_some();
        match next(&mut input, more) {
            Ok(Some(read)) => all.push(read),
            Ok(None) => return (all, None),
            Err(why) => return (all, Some(why)),
        }
    }
}

/// The same body and the same rest for every size of pieces.
#[track_caller]
fn check(request: &str, body: &str, rest: &str) {
    for size in [1, 2, 3, 7, 64, request.len()] {
        let (read, left) = read(request.as_bytes(), size).expect("a request");
        assert_eq!((&read.body[..], &left[..]), (body.as_bytes(), rest.as_bytes()), "in pieces of {size}: {request:?}");
    }
}

/// Refused for the same reason for every size of pieces.
#[track_caller]
fn refuses(request: impl AsRef<[u8]>, status: u16, why: &str) {
    let request = request.as_ref();
    let malformed = if status == 400 { "the request is not valid HTTP/1.1: " } else { "" };
    let expected = format!("{status} {malformed}{why}");
    for size in [1, 2, 3, 7, 64, request.len()] {
        let refused = read(request, size).expect_err("refused");
        assert_eq!(refused, expected, "in pieces of {size}: {}", request.escape_ascii());
    }
}

/// A part of what is read of a request that has no body, the same for every size of pieces.
#[track_caller]
fn of_head<T: PartialEq + std::fmt::Debug>(head: &str, part: impl Fn(Read) -> T) -> T {
    let request = format!("{head}\r\n\r\n");
    let read = |size| part(read(request.as_bytes(), size).expect("a request").0);
    let whole = read(request.len());
    for size in [1, 2, 3, 7, 64] {
        assert_eq!(read(size), whole, "in pieces of {size}: {head:?}");
    }
    whole
}

#[test]
fn writes_requests() {
    let written = |method: Method, uri: &'static str, length: usize| {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static("example.com"));
        headers.append("x-a", HeaderValue::from_bytes(b"\xe4").expect("value"));
        headers.append("x-a", HeaderValue::from_static("2"));
        let mut out = BytesMut::new();
        write_head(&mut out, &method, &Uri::from_static(uri), &headers, length);
        out.freeze()
    };
    let expected: &[u8] =
        b"POST /mcp?k=v HTTP/1.1\r\nhost: example.com\r\nx-a: \xe4\r\nx-a: 2\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(written(Method::POST, "/mcp?k=v", 0), Bytes::from_static(expected));
    let begins = |head: Bytes, with: &[u8]| assert!(head.starts_with(with), "{head:?}");
    begins(written(Method::POST, "http://a:80/mcp?k", 7), b"POST http://a:80/mcp?k HTTP/1.1\r\n");
    begins(written(Method::GET, "/", 0), b"GET / HTTP/1.1\r\n");
    assert!(!written(Method::GET, "/", 0).windows(7).any(|part| part == b"content"));
    assert!(!written(Method::DELETE, "/", 0).windows(7).any(|part| part == b"content"));
}

#[test]
fn gives_a_head_as_it_came() {
    let request = b"POST /a%20b?q=\xc3\xa4 HTTP/1.1\r\nHost: a\r\nX-A:\t\xe4\xff b \r\nx-a:2\r\nEmpty:\r\nCONTENT-length: 2\r\n\r\nhi";
    for size in [1, 2, 3, 7, 64, request.len()] {
        let (read, rest) = read(request, size).expect("a request");
        let header = |name: &str, value: &'static [u8]| (name.to_owned(), Bytes::from_static(value));
        let expected = Read {
            method: "POST".to_owned(),
            target: Bytes::from_static(b"/a%20b?q=\xc3\xa4"),
            headers: vec![
                header("Host", b"a"),
                header("X-A", b"\xe4\xff b"),
                header("x-a", b"2"),
                header("Empty", b""),
                header("CONTENT-length", b"2"),
            ],
            body: b"hi".to_vec(),
            is_1_1: true,
            keeps: true,
            expects: false,
        };
        assert_eq!((read, rest), (expected, Vec::new()), "in pieces of {size}");
    }
    let target = |line: &str| of_head(line, |read| (read.method, read.target));
    for (method, asked) in
        [("OPTIONS", "*"), ("CONNECT", "a:80"), ("GET", "http://a:80/b"), ("M-SEARCH", "?"), ("get", "/")]
    {
        let expected = (method.to_owned(), Bytes::from_static(asked.as_bytes()));
        assert_eq!(target(&format!("{method} {asked} HTTP/1.1\r\nHost: a:80")), expected);
    }
}

#[test]
fn knows_what_is_asked_for() {
    for (target, path, query, authority) in [
        ("/", "/", None, None),
        ("/a/b?c=d?e", "/a/b", Some("c=d?e"), None),
        ("/a?", "/a", Some(""), None),
        ("//a/b", "//a/b", None, None),
        ("/a://b/c", "/a://b/c", None, None),
        ("http://h:1/a?b", "/a", Some("b"), Some("h:1")),
        ("http://http/http/a", "/http/a", None, Some("http")),
        ("http://h", "", None, Some("h")),
        ("http://h?q", "", Some("q"), Some("h")),
        ("http:///a", "/a", None, Some("")),
        ("*", "*", None, None),
        ("h:443", "h:443", None, None),
    ] {
        let host = authority.unwrap_or("a");
        let mut input = BytesMut::from(format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes());
        let head = take_head(&mut input).expect("readable").expect("a head");
        assert_eq!((head.path(), head.query(), head.authority()), (path, query, authority), "{target}");
    }
}

#[test]
fn finds_headers_by_name_in_any_case() {
    let mut input = BytesMut::from(&b"GET / HTTP/1.1\r\nHost: a\r\nA-b: 1\r\nc: 2\r\na-B: \xe4\r\n\r\n"[..]);
    let head = take_head(&mut input).expect("readable").expect("a head");
    assert_eq!(head.all("a-b").collect::<Vec<_>>(), [b"1".as_slice(), b"\xe4"]);
    assert_eq!((head.all("c").count(), head.all("a_b").count(), head.all("").count()), (1, 0, 0));
    assert_eq!(head.fields().map(|(name, _)| name).collect::<Vec<_>>(), [b"Host".as_slice(), b"A-b", b"c", b"a-B"]);
}

#[test]
fn finds_the_end_of_a_body() {
    check("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "", "");
    check("GET / HTTP/1.1\r\nHost: a\r\n\r\nrest", "", "rest");
    // Without a length there is none, other than with responses.
    check("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nrest", "", "rest");
    check("POST / HTTP/1.0\r\n\r\nrest", "", "rest");
    let length = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:";
    check(&format!("{length} 5\r\n\r\nhello"), "hello", "");
    check(&format!("{length}\t005 \r\n\r\nhelloGET"), "hello", "GET");
    check(&format!("{length} 0\r\n\r\nrest"), "", "rest");
    check("POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello!", "hello", "!");
    // Whatever the method.
    check("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello!", "hello", "!");
    check("HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello!", "hello", "!");
    let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n";
    check(&format!("{chunked}5\r\nhello\r\n1;a=b\r\n!\r\n0\r\n\r\n"), "hello!", "");
    check(&format!("{chunked}00a\r\n0123456789\r\n0\r\nX: y\r\nZ:\r\n\r\nrest"), "0123456789", "rest");
    check(&format!("{chunked}0\r\n\r\n"), "", "");
}

#[test]
fn says_when_it_is_cut() {
    let cut = |request: &str| {
        let why = |size| read(request.as_bytes(), size).expect_err("cut");
        let whole = why(request.len());
        assert!([1, 2, 3, 7, 64].into_iter().all(|size| why(size) == whole), "{request:?}");
        whole
    };
    assert_eq!(cut("\r\n\r\n"), "nothing but blank lines");
    assert_eq!(cut("P"), "cut in the head");
    assert_eq!(cut("POST / HTTP/1.1\r\nHost: a\r\nContent-Le"), "cut in the head");
    assert_eq!(cut("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"), "cut in the head");
    assert_eq!(cut("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell"), "cut in the body");
    assert_eq!(
        cut("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\nhell"),
        "cut in the body"
    );
    let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(cut(&format!("{chunked}5\r\nhello\r\n")), "cut in the body");
    assert_eq!(cut(&format!("{chunked}0\r\n")), "cut in the body");
}

#[test]
fn knows_when_the_connection_may_be_kept() {
    let keeps = |version: &str, headers: &str| {
        of_head(&format!("GET / HTTP/{version}\r\nHost: a{headers}"), |read| (read.is_1_1, read.keeps))
    };
    assert_eq!(keeps("1.1", ""), (true, true));
    assert_eq!(keeps("1.1", "\r\nConnection: Keep-Alive"), (true, true));
    assert_eq!(keeps("1.1", "\r\nConnection: closed"), (true, true));
    assert_eq!(keeps("1.1", "\r\nConnection: close"), (true, false));
    assert_eq!(keeps("1.1", "\r\nconnection: upgrade , CLOSE"), (true, false));
    assert_eq!(keeps("1.1", "\r\nConnection: keep-alive\r\nConnection: close"), (true, false));
    assert_eq!(keeps("1.0", ""), (false, false));
    assert_eq!(keeps("1.0", "\r\nConnection: a, keep-alive"), (false, true));
    assert_eq!(keeps("1.0", "\r\nConnection: keep-alive, close"), (false, false));
}

#[test]
fn knows_who_waits_to_be_told_to_go_on() {
    let expects = |version: &str, headers: &str, body: &str| {
        let request = format!("POST / HTTP/{version}\r\nHost: a\r\n{headers}\r\n\r\n{body}");
        let read = |size| read(request.as_bytes(), size).expect("a request").0.expects;
        let whole = read(request.len());
        assert!([1, 2, 3, 7, 64].into_iter().all(|size| read(size) == whole), "{request:?}");
        whole
    };
    assert!(expects("1.1", "Content-Length: 2\r\nExpect: 100-continue", "hi"));
    assert!(expects("1.1", "expect:100-Continue \r\nTransfer-Encoding: chunked", "0\r\n\r\n"));
    assert!(!expects("1.1", "Content-Length: 2", "hi"));
    // There is nothing to wait with.
    assert!(!expects("1.1", "Expect: 100-continue", ""));
    assert!(!expects("1.1", "Expect: 100-continue\r\nContent-Length: 0", ""));
    for expected in ["100-continue", "a miracle"] {
        assert!(!expects("1.0", &format!("Content-Length: 2\r\nExpect: {expected}"), "hi"));
    }
    let why = "nothing but 100-continue can be expected";
    for expected in ["", "a miracle", "100", "100-continued", "100-continue, 100-continue", "100-continue;q=1"] {
        refuses(format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: {expected}\r\n\r\nhi"), 417, why);
    }
    refuses("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nExpect: 100-continue\r\n\r\n", 417, why);
}

#[test]
fn reads_one_request_after_another() {
    let first = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
    let second = "POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
    let third = "GET /c HTTP/1.0\r\n\r\n";
    check(&format!("{first}{second}{third}"), "hello", &format!("{second}{third}"));
    check(&format!("{second}{third}"), "hi", third);
    let read = |requests: &str, size| {
        let (all, why) = read_all(requests.as_bytes(), size);
        let all = all.into_iter().map(|read| (read.target, read.body)).collect::<Vec<_>>();
        (all, why)
    };
    let expected = [("/a", "hello"), ("/b", "hi"), ("/c", "")]
        .map(|(target, body)| (Bytes::from_static(target.as_bytes()), body.as_bytes().to_vec()));
    // The second one has blank lines before it, as some send them after a body.
    let requests = format!("\r\n{first}\r\n\n\r\n{second}{third}\r\n");
    for size in [1, 2, 3, 7, 64, requests.len()] {
        assert_eq!(read(&requests, size), (expected.to_vec(), None), "in pieces of {size}");
        let refused = Some("505 only HTTP/1.1 and HTTP/1.0 are spoken here".to_owned());
        let requests = format!("{requests}GET / HTTP/3.0\r\n\r\n{first}");
        assert_eq!(read(&requests, size), (expected.to_vec(), refused), "in pieces of {size}");
    }
}

#[test]
fn refuses_what_could_be_read_in_two_ways() {
    let with = |headers: &str, body: &str, status: u16, why: &str| {
        refuses(format!("POST / HTTP/1.1\r\nHost: a\r\n{headers}\r\n\r\n{body}"), status, why);
    };
    let both = "it says how long its body is, and that it comes in chunks";
    with("Content-Length: 5\r\nTransfer-Encoding: chunked", "0\r\n\r\n", 400, both);
    with("Transfer-Encoding: chunked\r\ncontent-length: 5", "0\r\n\r\n", 400, both);
    with("Content-Length: 0\r\nTransfer-Encoding: identity", "", 400, both);
    let lengths = "it says more than once how long its body is";
    with("Content-Length: 5\r\nContent-Length: 6", "hello", 400, lengths);
    with("Content-Length: 5\r\nA: b\r\nCONTENT-LENGTH: 5", "hello", 400, lengths);
    for length in ["+5", "-1", "5 5", "0x5", "", "5,", "5, 5", "5.0", "5;", "18446744073709551616"] {
        with(&format!("Content-Length: {length}"), "hello", 400, "the length of its body is no number");
    }
    let coding = "a body can be sent with its length or in chunks, and not in another coding";
    for codings in
        ["gzip, chunked", "chunked, gzip", "chunked, chunked", "identity", "xchunked", "chunked;a=b", ",chunked", ""]
    {
        with(&format!("Transfer-Encoding: {codings}"), "0\r\n\r\n", 501, coding);
    }
    with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n", 501, coding);
    with("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "0\r\n\r\n", 501, coding);
    let chunked = "Transfer-Encoding: chunked";
    refuses(format!("POST / HTTP/1.0\r\n{chunked}\r\n\r\n0\r\n\r\n"), 400, "there are no chunks in HTTP/1.0");
    refuses(format!("POST / HTTP/1.0\r\n{chunked}\r\nContent-Length: 5\r\n\r\nhello"), 400, both);
    for host in ["a", "b", ""] {
        with(&format!("host: {host}"), "", 400, "it names more than one host");
        let elsewhere = format!("GET http://evil.example/ HTTP/1.1\r\nHost: {host}\r\n\r\n");
        refuses(elsewhere, 400, "it names more than one host");
    }
    refuses("GET / HTTP/1.1\r\n\r\n", 400, "it names no host");
    refuses("GET http://a/ HTTP/1.1\r\n\r\n", 400, "it names no host");
    with(chunked, "5\r\nhello!\r\n0\r\n\r\n", 400, "a chunk is longer than it says");
    with(chunked, "5\r\nhello\n0\r\n\r\n", 400, "a chunk is longer than it says");
    // An end of line is one for everybody, also after what is said of a chunk.
    for size in [
        "x\r\n",
        "-1\r\n",
        "+1\r\n",
        "0x1\r\n",
        " 1\r\n",
        "\r\n",
        "5\n",
        "5 5\r\n",
        "5\rhello\r\n",
        "5;a\rb\r\n",
        "5;a\nhello\r\n",
        "11111111111111111\r\n",
    ] {
        with(chunked, size, 400, "the size of a chunk cannot be read");
    }
    with(chunked, "0\r\nX: y\n\n", 400, "what comes after its body cannot be read");
    with(chunked, "0\r\n\n", 400, "what comes after its body cannot be read");
}

#[test]
fn refuses_what_is_no_head() {
    let head = "its head cannot be read";
    for header in [
        "Content-Length : 5",
        "Content-Length\t: 5",
        "A: b\r\n folded",
        "A: b\r\n\tfolded",
        " A: b",
        "A",
        ": b",
        "\u{e4}: b",
        "A: b\0",
        "A: b\rc",
        "A: b\u{7f}",
    ] {
        refuses(format!("GET / HTTP/1.1\r\nHost: a\r\n{header}\r\n\r\n"), 400, head);
    }
    for line in [
        "GET /",
        "GET  / HTTP/1.1",
        "GET\t/ HTTP/1.1",
        " GET / HTTP/1.1",
        "GET  HTTP/1.1",
        "GET / HTTP/1.1 ",
        "GET / HTTP/1.10",
        "G\u{e4}T / HTTP/1.1",
        "GET /\0 HTTP/1.1",
        "SSH-2.0-OpenSSH_9.9",
    ] {
        refuses(format!("{line}\r\n\r\n"), 400, head);
    }
    // Of TLS, and a target that is no text.
    refuses(b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", 400, head);
    refuses(b"GET /\xe4 HTTP/1.1\r\nHost: a\r\n\r\n", 400, head);
    let version = "only HTTP/1.1 and HTTP/1.0 are spoken here";
    refuses("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, version);
    for spoken in ["HTTP/2", "HTTP/2.0", "HTTP/1.2", "HTTP/0.9", "http/1.1", "HTTP/11", "ICY/1.1", "a HTTP/1.1"] {
        refuses(format!("GET / {spoken}\r\n\r\n"), 505, version);
    }
}

#[test]
fn nothing_grows_without_end() {
    let too_large = "431 the head of the request has more than 65536 bytes or 100 headers";
    let sizes = |request: &str| [1000, 4096, LONGEST_HEAD, LONGEST_HEAD + 1, request.len()];
    let refused = |request: &str| {
        for size in sizes(request) {
            assert_eq!(read(request.as_bytes(), size).expect_err("refused"), too_large, "in pieces of {size}");
        }
    };
    let accepted = |request: &str, headers: usize| {
        for size in sizes(request) {
            let (read, rest) = read(request.as_bytes(), size).expect("a request");
            assert_eq!((read.headers.len(), &rest[..]), (headers, &b"rest"[..]), "in pieces of {size}");
        }
    };
    let of_length = |length: usize| {
        let empty = "GET / HTTP/1.1\r\nHost: a\r\nA: \r\n\r\n".len();
        format!("GET / HTTP/1.1\r\nHost: a\r\nA: {}\r\n\r\nrest", "x".repeat(length - empty))
    };
    accepted(&of_length(LONGEST_HEAD), 2);
    refused(&of_length(LONGEST_HEAD + 1));
    refused(&of_length(LONGEST_HEAD * 2));
    // It is not waited for the end of it.
    let long = "x".repeat(LONGEST_HEAD);
    for begin in ["", "GET /", "GET / HTTP/1.1\r\nHost: a\r\n", "GET / HTTP/1.1\r\nHost: a\r\nA: "] {
        refused(&format!("{begin}{long}x"));
    }
    // It is only the head that is limited, whatever comes with it.
    check(&format!("GET / HTTP/1.1\r\nHost: a\r\n\r\n{long}"), "", &long);
    let many = |count: usize| format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\nrest", "a: b\r\n".repeat(count - 1));
    accepted(&many(MOST_HEADERS), MOST_HEADERS);
    refused(&many(MOST_HEADERS + 1));
    refused(&many(MOST_HEADERS * 100));
    let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let refused = |request: String| read(request.as_bytes(), 4096).expect_err("refused");
    let extension = "x".repeat(LONGEST_LINE + 1);
    assert!(refused(format!("{chunked}5;{extension}")).ends_with("the size of a chunk cannot be read"));
    assert!(refused(format!("{chunked}0\r\n{long}x")).ends_with("what comes after its body is too long"));
}

#[test]
fn a_head_ends_with_what_may_end_it() {
    let request = b"\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";
    let long = [&b"GET / HTTP/1.1\r\nHost: a\r\nA: "[..], &vec![b'x'; LONGEST_HEAD]].concat();
    for (request, size) in
        [(&request[..], 1), (request, 2), (request, 7), (request, 64), (&long, 1000), (&long, 30_000)]
    {
        let mut input = BytesMut::new();
        let read = request.chunks(size).find_map(|piece| {
            input.extend_from_slice(piece);
            let is_asked = may_end_head(piece, input.len());
            let read = take_head(&mut input).transpose();
            assert!(is_asked || read.is_none(), "in pieces of {size}");
            read
        });
        assert_eq!(read.expect("a head").err(), (request.len() > LONGEST_HEAD).then_some(Unreadable::TooLarge));
    }
}

#[test]
fn any_bytes_are_read_the_same_in_any_pieces() {
    orch_testkit::fuzz::run(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/requests"), |input| {
        let whole = read_all(input, input.len());
        let bodies: usize = whole.0.iter().map(|read| read.body.len() + "A / HTTP/1.1\n\n".len()).sum();
        assert!(bodies <= input.len());
        // What is longer may be too long in one piece and not in another.
        if input.len() <= LONGEST_LINE {
            for size in [1, 3, 64] {
                assert_eq!(read_all(input, size), whole, "in pieces of {size}");
            }
        }
    });
}

/// The name of a header that says nothing of how a request is read.
fn names() -> impl Strategy<Value = String> {
    "[xX][-!#$%&'*+.^_`|~0-9A-Za-z]{0,20}"
}

/// Anything that a header can say, without the spaces around it.
fn values() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![b' '..=b'~', 0x80..=0xffu8, proptest::strategy::Just(b'\t')];
    proptest::collection::vec(byte, 0..40).prop_map(|value| value.trim_ascii().to_vec())
}

proptest! {
    #[test]
    fn headers_are_given_back_in_their_order(
        headers in proptest::collection::vec((names(), "[ \t]{0,2}", values(), "[ \t]{0,2}"), 0..20),
        size in 1usize..9000,
    ) {
        let mut request = b"GET / HTTP/1.1\r\nHost: a\r\n".to_vec();
        for (name, before, value, after) in &headers {
            for part in [name.as_bytes(), b":", before.as_bytes(), value, after.as_bytes(), b"\r\n"] {
                request.extend_from_slice(part);
            }
        }
        request.extend_from_slice(b"\r\nrest");
        let (read, rest) = read(&request, size).expect("a request");
        let mut given = vec![("Host".to_owned(), Bytes::from_static(b"a"))];
        given.extend(headers.into_iter().map(|(name, _, value, _)| (name, Bytes::from(value))));
        prop_assert_eq!((read.headers, rest), (given, b"rest".to_vec()));
    }

    #[test]
    fn reads_chunks_of_any_sizes_in_any_pieces(chunks in proptest::collection::vec(1usize..6000, 0..6), size in 1usize..9000) {
        let mut request = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        let mut sent = Vec::new();
        for length in chunks {
            let data = vec![b'0'; length];
            request.extend_from_slice(format!("{length:X}\r\n").as_bytes());
            request.extend_from_slice(&data);
            request.extend_from_slice(b"\r\n");
            sent.extend_from_slice(&data);
        }
        request.extend_from_slice(b"0\r\n\r\nrest");
        let (read, rest) = read(&request, size).expect("a request");
        prop_assert_eq!((read.body, rest), (sent, b"rest".to_vec()));
    }
}
