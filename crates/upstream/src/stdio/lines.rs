//! Splits what a child writes into lines, without copying. Knows nothing of what is in them.

use bytes::{Bytes, BytesMut};

/// As much as a pipe holds by default.
const CHUNK: usize = 64 * 1024;

/// With less room than this a new buffer is taken.
const ROOM: usize = 8 * 1024;

const BOM: &[u8] = b"\xEF\xBB\xBF";

pub(super) struct Lines {
    buffer: BytesMut,
    /// No line break is before this.
    scanned: usize,
    limit: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLong {
    pub(super) limit: usize,
}

impl Lines {
    pub(super) fn new(limit: usize) -> Self {
        Self { buffer: BytesMut::new(), scanned: 0, limit }
    }

    /// Where the next bytes go; has room.
    pub(super) fn spare(&mut self) -> &mut BytesMut {
        if self.buffer.capacity() - self.buffer.len() < ROOM {
            self.buffer.reserve(CHUNK);
        }
        &mut self.buffer
    }

    /// The next complete line that is not blank, without its end, a byte order mark and blanks around it.
    pub(super) fn next_line(&mut self) -> Result<Option<Bytes>, TooLong> {
        let limit = self.limit;
        loop {
            let unscanned = self.buffer.get(self.scanned..).unwrap_or_default();
            let Some(end) = memchr::memchr(b'\n', unscanned) else {
                self.scanned = self.buffer.len();
                return if self.buffer.len() > limit { Err(TooLong { limit }) } else { Ok(None) };
            };
            let line = self.buffer.split_to(self.scanned + end + 1).freeze();
            self.scanned = 0;
            if line.len() > limit.saturating_add(1) {
                return Err(TooLong { limit });
            }
            let text = line.trim_ascii();
            let text = text.strip_prefix(BOM).map_or(text, <[u8]>::trim_ascii_start);
            if !text.is_empty() {
                return Ok(Some(line.slice_ref(text)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::{Lines, TooLong};

    fn split(text: &[u8], chunk: usize, limit: usize) -> Result<Vec<Vec<u8>>, TooLong> {
        let mut lines = Lines::new(limit);
        let mut found = Vec::new();
        for part in text.chunks(chunk.max(1)) {
            lines.spare().extend_from_slice(part);
            while let Some(line) = lines.next_line()? {
                found.push(line.to_vec());
            }
        }
        Ok(found)
    }

    #[test]
    fn skips_what_is_not_content() {
        let text = "\u{feff}{\"a\":1}\r\n\n \t\r\n  b \u{2028}c  \n\u{feff}\nunfinished";
        for chunk in 1..text.len() {
            let expected = vec![b"{\"a\":1}".to_vec(), "b \u{2028}c".as_bytes().to_vec()];
            assert_eq!(split(text.as_bytes(), chunk, 100), Ok(expected));
        }
    }

    #[test]
    fn refuses_lines_over_the_limit() {
        assert_eq!(split(b"12345\n", 1, 5), Ok(vec![b"12345".to_vec()]));
        assert_eq!(split(b"123456\n", 9, 5), Err(TooLong { limit: 5 }));
        assert_eq!(split(b"123456", 2, 5), Err(TooLong { limit: 5 }));
    }

    #[test]
    fn any_bytes_are_split_the_same_in_any_chunks() {
        orch_testkit::fuzz::run(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/lines"), |input| {
            let whole = split(input, input.len(), 4096);
            if let Ok(lines) = &whole {
                assert!(lines.iter().all(|line| !line.is_empty() && !line.contains(&b'\n')));
                assert_eq!(split(input, 3, 4096).as_ref(), Ok(lines));
            }
        });
    }

    proptest! {
        #[test]
        fn loses_and_mixes_nothing(lines in proptest::collection::vec("[a-z]{1,40}", 0..50), chunk in 1usize..100, crlf in any::<bool>()) {
            let end = if crlf { "\r\n" } else { "\n" };
            let text: String = lines.iter().map(|line| format!("{line}{end}")).collect();
            let expected: Vec<Vec<u8>> = lines.iter().map(|line| line.as_bytes().to_vec()).collect();
            assert_eq!(split(text.as_bytes(), chunk, 100), Ok(expected));
        }
    }
}
