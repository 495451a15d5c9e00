//! Anything that a client sends over HTTP: the same requests in whatever pieces they come.

#![no_main]

use bytes::{Bytes, BytesMut};
use orch_http1::body::Piece;
use orch_http1::request::take_head;

/// What is longer may be too long in one piece and not in another.
const COMPARED: usize = 8 * 1024;

#[derive(Debug, PartialEq, Eq)]
struct Read {
    method: Vec<u8>,
    target: Bytes,
    headers: Vec<(Vec<u8>, Bytes)>,
    body: Vec<u8>,
    is_1_1: bool,
    keeps: bool,
    expects: bool,
}

/// The requests up to the first that is refused, with the status of that, or to one that is cut.
fn read(requests: &[u8], size: usize) -> (Vec<Read>, Option<u16>) {
    let mut input = BytesMut::new();
    let mut pieces = requests.chunks(size.max(1));
    let mut more = |input: &mut BytesMut| pieces.next().map(|piece| input.extend_from_slice(piece)).is_some();
    let mut all = Vec::new();
    loop {
        let mut head = match take_head(&mut input) {
            Ok(Some(head)) => head,
            Ok(None) if more(&mut input) => continue,
            Ok(None) => return (all, None),
            Err(why) => return (all, Some(why.status())),
        };
        let mut body = Vec::new();
        loop {
            match head.body.take(&mut input) {
                Ok(Piece::Data(piece)) => body.extend_from_slice(&piece),
                Ok(Piece::End) => break,
                Ok(Piece::Wanting) if more(&mut input) => {}
                Ok(Piece::Wanting) => return (all, None),
                Err(_) => return (all, Some(400)),
            }
        }
        all.push(Read {
            method: head.method().to_vec(),
            target: head.target(),
            headers: head.headers().map(|(name, value)| (name.to_vec(), value)).collect(),
            body,
            is_1_1: head.is_1_1,
            keeps: head.keeps,
            expects: head.expects,
        });
    }
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let whole = read(input, input.len());
    let least: usize = whole.0.iter().map(|read| read.body.len() + "A / HTTP/1.1\n\n".len()).sum();
    assert!(least <= input.len());
    if input.len() <= COMPARED {
        for size in [1, 3, 64] {
            assert_eq!(read(input, size), whole, "in pieces of {size}");
        }
    }
});
