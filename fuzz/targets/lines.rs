//! Anything that a child writes, as lines: the same ones in whatever parts they come.

#![no_main]

#[path = "../../crates/upstream/src/stdio/lines.rs"]
mod lines;

use lines::{Lines, TooLong};

const LIMIT: usize = 4096;

fn split(text: &[u8], chunk: usize) -> Result<Vec<Vec<u8>>, TooLong> {
    let mut lines = Lines::new(LIMIT);
    let mut found = Vec::new();
    for part in text.chunks(chunk.max(1)) {
        lines.spare().extend_from_slice(part);
        while let Some(line) = lines.next_line()? {
            found.push(line.to_vec());
        }
    }
    Ok(found)
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Ok(whole) = split(input, input.len()) else { return };
    assert!(whole.iter().all(|line| !line.is_empty() && line.len() <= LIMIT && !line.contains(&b'\n')));
    for chunk in [1, 3, 64] {
        assert_eq!(split(input, chunk).as_ref(), Ok(&whole), "in parts of {chunk}");
    }
});
