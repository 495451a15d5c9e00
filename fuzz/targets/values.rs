//! Any body that a server answers with, as one or several JSON values: the same ones in whatever parts they come.

#![no_main]
#![expect(dead_code, reason = "the file is that of the crate, which uses all of it")]

#[path = "../../crates/upstream/src/http/values.rs"]
mod values;

use values::{NotJson, Values};

fn split(text: &[u8], chunk: usize) -> (Vec<Vec<u8>>, Result<Vec<u8>, NotJson>) {
    let mut values = Values::default();
    let mut found = Vec::new();
    for part in text.chunks(chunk.max(1)) {
        values.push(part);
        loop {
            match values.next_value() {
                Ok(Some(value)) => found.push(value.to_vec()),
                Ok(None) => break,
                Err(error) => return (found, Err(error)),
            }
        }
    }
    (found, Ok(values.rest().to_vec()))
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let (whole, rest) = split(input, input.len());
    assert!(whole.iter().all(|value| matches!(value.first(), Some(b'{' | b'['))));
    for chunk in [1, 3, 64] {
        let (parts, end) = split(input, chunk);
        assert_eq!(parts, whole, "in parts of {chunk}");
        assert_eq!(end.is_ok(), rest.is_ok(), "in parts of {chunk}");
    }
});
