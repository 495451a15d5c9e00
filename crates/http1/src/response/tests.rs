//! Heads and bodies as servers send them, whole and in any pieces, and what is refused.

use bytes::BytesMut;
use proptest::prelude::{prop_assert_eq, proptest};

use super::take_head;
use crate::body::{Body, COPIED, Chunks, LONGEST_LINE, Piece};

/// Reads a response that arrives in pieces of `size` bytes. Gives its status, its body, what of it came after its end,
/// and whether the connection may be kept; or why it is refused.
fn read(response: &[u8], size: usize) -> Result<(u16, Vec<u8>, usize, bool), String> {
    let mut input = BytesMut::new();
    let mut pieces = response.chunks(size.max(1));
    let mut more = |input: &mut BytesMut| pieces.next().map(|piece| input.extend_from_slice(piece)).is_some();
    let mut head = loop {
        match take_head(&mut input).map_err(|malformed| malformed.to_string())? {
            Some(head) => break head,
            None if more(&mut input) => {}
            None => return Err("cut in the head".to_owned()),
        }
    };
    let mut data = Vec::new();
    loop {
        match head.body.take(&mut input).map_err(|malformed| malformed.to_string())? {
            Piece::Data(piece) => data.extend_from_slice(&piece),
            Piece::End => break,
            Piece::Wanting if more(&mut input) => {}
            Piece::Wanting if head.body == Body::UntilClosed => break,
            Piece::Wanting => return Err("cut in the body".to_owned()),
        }
    }
    while more(&mut input) {}
    Ok((head.status.as_u16(), data, input.len(), head.keeps))
}

/// The same result for every size of pieces.
#[track_caller]
fn check(response: &str, expected: Result<(u16, &str, usize, bool), &str>) {
    let expected = expected
        .map(|(status, body, rest, keeps)| (status, body.as_bytes().to_vec(), rest, keeps))
        .map_err(|why| if why.starts_with("cut") { why.to_owned() } else { format!("not valid HTTP/1.1: {why}") });
    for size in [1, 2, 3, 7, 64, response.len()] {
        assert_eq!(read(response.as_bytes(), size), expected, "in pieces of {size}: {response:?}");
    }
}

#[test]
fn finds_the_end_of_a_body() {
    check("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", Ok((200, "hello", 0, true)));
    check("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP", Ok((200, "hello", 4, true)));
    check("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", Ok((200, "", 0, true)));
    check("HTTP/1.1 202 Accepted\r\n\r\n", Ok((202, "", 0, false)));
    check("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", Ok((204, "", 0, true)));
    check("HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", Ok((304, "", 0, true)));
    check("HTTP/1.1 200 OK\r\n\r\nuntil it is closed", Ok((200, "until it is closed", 0, false)));
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n";
    check(&format!("{chunked}5\r\nhello\r\n1;a=b\r\n!\r\n0\r\n\r\n"), Ok((200, "hello!", 0, true)));
    check(&format!("{chunked}00a\r\n0123456789\r\n0\r\nX: y\r\nZ:\r\n\r\nrest"), Ok((200, "0123456789", 4, true)));
    check(&format!("{chunked}0\r\n\r\n"), Ok((200, "", 0, true)));
}

#[test]
fn knows_when_the_connection_may_be_kept() {
    let keeps = |head: &str| {
        let response = format!("{head}\r\nContent-Length: 0\r\n\r\n");
        read(response.as_bytes(), response.len()).map(|(_, _, _, keeps)| keeps)
    };
    assert_eq!(keeps("HTTP/1.1 200 OK"), Ok(true));
    assert_eq!(keeps("HTTP/1.1 200 OK\r\nConnection: Keep-Alive"), Ok(true));
    assert_eq!(keeps("HTTP/1.1 200 OK\r\nConnection: upgrade , CLOSE"), Ok(false));
    assert_eq!(keeps("HTTP/1.1 200 OK\r\nConnection: a\r\nConnection: close"), Ok(false));
    assert_eq!(keeps("HTTP/1.0 200 OK"), Ok(false));
    assert_eq!(keeps("HTTP/1.0 200 OK\r\nConnection: keep-alive"), Ok(true));
    // Whoever reads the length would see the end elsewhere.
    check(
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        Ok((200, "hello", 0, false)),
    );
}

#[test]
fn passes_over_what_comes_before_the_response() {
    let early = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    check(&format!("{early}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"), Ok((200, "hi", 0, true)));
    check("\r\n\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", Ok((200, "hi", 0, true)));
    check(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
        Err("it switches to another protocol, which nobody has asked for"),
    );
}

#[test]
fn says_when_it_is_cut() {
    check("HTTP/1.1 200 OK\r\nContent-Le", Err("cut in the head"));
    check("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", Err("cut in the body"));
    check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", Err("cut in the body"));
    check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", Err("cut in the body"));
}

#[test]
fn refuses_what_could_be_read_in_two_ways() {
    let with = |headers: &str, body: &str, why: &str| {
        check(&format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\n{body}"), Err(why));
    };
    let lengths = "it says two different lengths of its body";
    with("Content-Length: 5\r\nContent-Length: 6", "hello", lengths);
    with("Content-Length: 5, 6", "hello", lengths);
    let no_number = "the length of its body is no number";
    for length in ["+5", "-1", "5 5", "0x5", "", "5,", "99999999999999999999"] {
        with(&format!("Content-Length: {length}"), "hello", no_number);
    }
    let coding = "its body is sent in a way that is not understood";
    with("Transfer-Encoding: gzip, chunked", "", coding);
    with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "", coding);
    with("Transfer-Encoding: identity", "", coding);
    check("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", Err(coding));
    let head = "its head cannot be read";
    with("Content-Length : 5", "hello", head);
    with("A: b\r\n folded", "", head);
    check("HTTP/2 200 OK\r\n\r\n", Err(head));
    check("SSH-2.0-OpenSSH_9.9\r\n", Err(head));
    let chunked = "Transfer-Encoding: chunked";
    with(chunked, "5\r\nhello!\r\n0\r\n\r\n", "a chunk is longer than it says");
    for size in ["x\r\n", "-1\r\n", "\r\n", "5\n", "11111111111111111\r\n"] {
        with(chunked, size, "the size of a chunk cannot be read");
    }
    with(chunked, "0\r\nX: y\n\n", "what comes after its body cannot be read");
    check("HTTP/1.1 099 OK\r\n\r\n", Err("its status is none"));
}

#[test]
fn nothing_grows_without_end() {
    let refused = |response: String| read(response.as_bytes(), 4096).expect_err("refused");
    let long = "x".repeat(70_000);
    assert!(refused(format!("HTTP/1.1 200 OK\r\nA: {long}")).ends_with("its head is too long"));
    let many = "a: b\r\n".repeat(101);
    assert!(refused(format!("HTTP/1.1 200 OK\r\n{many}\r\n")).ends_with("it has too many headers"));
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let extension = "x".repeat(LONGEST_LINE + 1);
    assert!(refused(format!("{chunked}5;{extension}")).ends_with("the size of a chunk cannot be read"));
    for trailers in [long.clone(), "a: b\r\n".repeat(20_000)] {
        assert!(refused(format!("{chunked}0\r\n{trailers}")).ends_with("what comes after its body is too long"));
    }
}

#[test]
fn long_pieces_are_not_copied() {
    for (length, is_copied) in [(COPIED, true), (COPIED + 1, false)] {
        let mut input = BytesMut::from(&vec![b'x'; length][..]);
        let at = input.as_ptr();
        let mut body = Body::Chunks(Chunks::Data(u64::MAX));
        let Ok(Piece::Data(data)) = body.take(&mut input) else { panic!("a piece") };
        assert_eq!((data.len(), data.as_ptr() != at), (length, is_copied));
    }
}

#[test]
fn any_bytes_are_read_the_same_in_any_pieces() {
    orch_testkit::fuzz::run(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/responses"), |input| {
        let whole = read(input, input.len());
        if let Ok((_, data, rest, _)) = &whole {
            assert!(data.len() + rest < input.len());
        }
        // What is longer may be too long in one piece and not in another.
        if input.len() <= LONGEST_LINE {
            for size in [1, 3, 64] {
                assert_eq!(read(input, size), whole, "in pieces of {size}");
            }
        }
    });
}

proptest! {
    #[test]
    fn reads_chunks_of_any_sizes_in_any_pieces(chunks in proptest::collection::vec(1usize..6000, 0..6), size in 1usize..9000) {
        let mut response = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        let mut sent = Vec::new();
        for (index, length) in chunks.iter().enumerate() {
            let data: Vec<u8> = (0..*length).map(|at| u8::try_from((at + index) % 251).expect("a byte")).collect();
            response.extend_from_slice(format!("{length:x}\r\n").as_bytes());
            response.extend_from_slice(&data);
            response.extend_from_slice(b"\r\n");
            sent.extend_from_slice(&data);
        }
        response.extend_from_slice(b"0\r\n\r\n");
        prop_assert_eq!(read(&response, size), Ok((200, sent, 0, true)));
    }
}
