//! Owns the bytes that were read and not yet understood.
//! Never looks into them and never reads by itself.

const FIRST_SIZE: usize = 16 * 1024;

pub(crate) struct Inbox {
    bytes: Vec<u8>,
    filled: usize,
}

impl Inbox {
    pub(crate) fn new() -> Self {
        Self::with_size(FIRST_SIZE)
    }

    pub(crate) fn with_size(size: usize) -> Self {
        Self { bytes: vec![0; size.max(1)], filled: 0 }
    }

    /// Where the next read goes; never empty, so a read of 0 always means the end.
    pub(crate) fn spare(&mut self) -> &mut [u8] {
        if self.filled == self.bytes.len() {
            self.bytes.resize(self.bytes.len() * 2, 0);
        }
        self.bytes.get_mut(self.filled..).unwrap_or_default()
    }

    pub(crate) fn advance(&mut self, read: usize) {
        self.filled = (self.filled + read).min(self.bytes.len());
    }

    pub(crate) fn filled(&self) -> &[u8] {
        self.bytes.get(..self.filled).unwrap_or_default()
    }

    /// Forgets the first `count` bytes. The usual case, all of them, moves nothing.
    pub(crate) fn consume(&mut self, count: usize) {
        let count = count.min(self.filled);
        if count < self.filled {
            self.bytes.copy_within(count..self.filled, 0);
        }
        self.filled -= count;
    }
}

#[cfg(test)]
mod tests {
    use super::Inbox;

    fn put(inbox: &mut Inbox, bytes: &[u8]) {
        for byte in bytes {
            if let Some(slot) = inbox.spare().first_mut() {
                *slot = *byte;
            }
            inbox.advance(1);
        }
    }

    #[test]
    fn keeps_what_was_not_consumed_and_grows() {
        let mut inbox = Inbox::with_size(2);
        put(&mut inbox, b"hello world");
        assert_eq!(inbox.filled(), b"hello world");
        inbox.consume(6);
        assert_eq!(inbox.filled(), b"world");
        put(&mut inbox, b"s");
        inbox.consume(100);
        assert_eq!(inbox.filled(), b"");
    }
}
