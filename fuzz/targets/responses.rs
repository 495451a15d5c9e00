//! Anything that a server answers over HTTP: the same response in whatever pieces it comes.

#![no_main]

use bytes::BytesMut;
use orch_http1::body::{Body, Piece};
use orch_http1::response::take_head;

/// What is longer may be too long in one piece and not in another.
const COMPARED: usize = 8 * 1024;

fn read(response: &[u8], size: usize) -> Option<(u16, Vec<u8>, usize, bool)> {
    let mut input = BytesMut::new();
    let mut pieces = response.chunks(size.max(1));
    let mut more = |input: &mut BytesMut| pieces.next().map(|piece| input.extend_from_slice(piece));
    let mut head = loop {
        match take_head(&mut input).ok()? {
            Some(head) => break head,
            None => more(&mut input)?,
        }
    };
    let mut data = Vec::new();
    loop {
        match head.body.take(&mut input).ok()? {
            Piece::Data(piece) => data.extend_from_slice(&piece),
            Piece::End => break,
            Piece::Wanting if more(&mut input).is_some() => {}
            Piece::Wanting if head.body == Body::UntilClosed => break,
            Piece::Wanting => return None,
        }
    }
    while more(&mut input).is_some() {}
    Some((head.status.as_u16(), data, input.len(), head.keeps))
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let whole = read(input, input.len());
    if let Some((_, data, rest, _)) = &whole {
        assert!(data.len() + rest < input.len());
    }
    if input.len() <= COMPARED {
        for size in [1, 3, 64] {
            assert_eq!(read(input, size), whole, "in pieces of {size}");
        }
    }
});
