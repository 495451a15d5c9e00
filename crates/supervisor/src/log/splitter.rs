//! Cuts a stream of bytes into lines of bounded length. Knows nothing of text or secrets.

/// The lines of one stream. Of a line longer than the cap the rest is thrown away.
pub(crate) struct LineSplitter {
    cap: usize,
    line: Vec<u8>,
}

impl LineSplitter {
    pub(crate) fn new(cap: usize) -> Self {
        Self { cap, line: Vec::new() }
    }

    /// Takes more bytes and gives each line they complete, without its end.
    pub(crate) fn feed(&mut self, bytes: &[u8], mut each: impl FnMut(&[u8])) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            match part.split_last() {
                Some((b'\n', rest)) => {
                    self.keep(rest);
                    each(&self.line);
                    self.line.clear();
                }
                _ => self.keep(part),
            }
        }
    }

    /// Gives what is left at the end of the stream.
    pub(crate) fn finish(&mut self, each: impl FnOnce(&[u8])) {
        if !self.line.is_empty() {
            each(&self.line);
            self.line.clear();
        }
    }

    fn keep(&mut self, part: &[u8]) {
        let room = self.cap.saturating_sub(self.line.len());
        self.line.extend_from_slice(part.get(..room).unwrap_or(part));
    }
}

#[cfg(test)]
mod tests {
    use super::LineSplitter;

    #[test]
    fn finds_lines_however_they_arrive() {
        fn check(parts: &[&str], expected: &[&str]) {
            let mut splitter = LineSplitter::new(6);
            let mut found = Vec::new();
            for part in parts {
                splitter.feed(part.as_bytes(), |line| found.push(line.to_vec()));
            }
            splitter.finish(|line| found.push(line.to_vec()));
            let expected: Vec<_> = expected.iter().map(|line| line.as_bytes().to_vec()).collect();
            assert_eq!(found, expected);
        }
        check(&[], &[]);
        check(&["a\nb\n"], &["a", "b"]);
        check(&["a", "b\n", "\n", "c"], &["ab", "", "c"]);
        check(&["abcdefgh\ni\n"], &["abcdef", "i"]);
        check(&["abcd", "efgh", "ij", "\nk"], &["abcdef", "k"]);
    }
}
