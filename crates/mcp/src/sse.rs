//! Server-sent events: writing of MCP messages, and an incremental reader for streams of any chunking.

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// One event as it stands on the wire. Line breaks of a JSON text stand between tokens only, so they become spaces.
#[must_use]
pub fn encode_message(id: Option<&str>, message: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(message.len() + 40);
    if let Some(id) = id {
        out.put_slice(b"id: ");
        out.put_slice(id.as_bytes());
        out.put_u8(b'\n');
    }
    out.put_slice(b"event: message\ndata: ");
    if memchr::memchr2(b'\n', b'\r', message).is_none() {
        out.put_slice(message);
    } else {
        out.extend(message.iter().map(|b| if matches!(b, b'\n' | b'\r') { b' ' } else { *b }));
    }
    out.put_slice(b"\n\n");
    out.freeze()
}

/// A comment line; keeps connections alive and is ignored by every reader.
pub const KEEP_ALIVE: &[u8] = b":\n\n";

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Event {
    /// `message` when the stream does not say.
    pub name: String,
    pub data: String,
    /// The last event id in force after this event, if one was ever given.
    pub id: Option<String>,
}

/// Splits a byte stream into events as the WHATWG specification says: LF, CR and CRLF end lines, a BOM is skipped,
/// several `data` lines are joined, comments and unknown fields are ignored.
#[derive(Debug)]
pub struct Decoder {
    buffer: BytesMut,
    /// So much of the buffer holds no end of a line: a long line that comes in many pieces is looked through once.
    scanned: usize,
    limit: usize,
    started: bool,
    /// A CR ended the last line, so an LF that follows belongs to it.
    after_cr: bool,
    name: String,
    data: String,
    has_data: bool,
    has_any: bool,
    last_id: Option<String>,
    retry_ms: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("an event is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("an event is not UTF-8")]
    NotUtf8,
}

impl Decoder {
    /// A decoder that refuses events of more than `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            scanned: 0,
            limit,
            started: false,
            after_cr: false,
            name: String::new(),
            data: String::new(),
            has_data: false,
            has_any: false,
            last_id: None,
            retry_ms: None,
        }
    }

    pub fn push(&mut self, chunk: &[u8]) {
        self.buffer.extend_from_slice(chunk);
    }

    /// The last event id given so far, to resume from.
    #[must_use]
    pub fn last_id(&self) -> Option<&str> {
        self.last_id.as_deref()
    }

    /// The reconnection time that the stream asked for, in milliseconds.
    #[must_use]
    pub const fn retry_ms(&self) -> Option<u64> {
        self.retry_ms
    }

    /// The next complete event. An event without data, such as a priming event, has empty `data`.
    pub fn next_event(&mut self) -> Result<Option<Event>, DecodeError> {
        while let Some(line) = self.next_line()? {
            if line.is_empty() {
                if let Some(event) = self.dispatch() {
                    return Ok(Some(event));
                }
                continue;
            }
            let line = std::str::from_utf8(&line).map_err(|_| DecodeError::NotUtf8)?;
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            self.field(field, value.strip_prefix(' ').unwrap_or(value))?;
        }
        Ok(None)
    }

    fn field(&mut self, field: &str, value: &str) -> Result<(), DecodeError> {
        match field {
            "data" => {
                if self.has_data {
                    self.data.push('\n');
                }
                self.data.push_str(value);
                self.has_data = true;
                if self.data.len() > self.limit {
                    return Err(DecodeError::TooLarge { limit: self.limit });
                }
            }
            "event" => value.clone_into(&mut self.name),
            "id" if !value.contains('\0') => {
                self.last_id = Some(value.to_owned());
                self.has_any = true;
            }
            "retry" => self.retry_ms = value.parse().ok().or(self.retry_ms),
            _ => {}
        }
        Ok(())
    }

    fn dispatch(&mut self) -> Option<Event> {
        let known = self.has_data || self.has_any;
        let mut name = std::mem::take(&mut self.name);
        let data = std::mem::take(&mut self.data);
        self.has_data = false;
        self.has_any = false;
        if name.is_empty() {
            name.push_str("message");
        }
        known.then(|| Event { name, data, id: self.last_id.clone() })
    }

    fn next_line(&mut self) -> Result<Option<Bytes>, DecodeError> {
        if !self.buffer.is_empty() && std::mem::take(&mut self.after_cr) && self.buffer.first() == Some(&b'\n') {
            self.buffer.advance(1);
        }
        if !self.started {
            const BOM: &[u8] = b"\xEF\xBB\xBF";
            if self.buffer.len() < BOM.len() && BOM.starts_with(&self.buffer) {
                return Ok(None);
            }
            if self.buffer.starts_with(BOM) {
                self.buffer.advance(BOM.len());
            }
            self.started = true;
        }
        let fresh = self.buffer.get(self.scanned..).unwrap_or_default();
        let Some(end) = memchr::memchr2(b'\n', b'\r', fresh).map(|at| self.scanned + at) else {
            if self.buffer.len() > self.limit {
                return Err(DecodeError::TooLarge { limit: self.limit });
            }
            self.scanned = self.buffer.len();
            return Ok(None);
        };
        self.scanned = 0;
        self.after_cr = self.buffer.get(end) == Some(&b'\r');
        let line = self.buffer.split_to(end).freeze();
        self.buffer.advance(1);
        Ok(Some(line))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::{DecodeError, Decoder, Event, encode_message};

    fn events(text: &[u8], chunk: usize) -> Vec<Event> {
        let mut decoder = Decoder::new(1 << 20);
        let mut events = Vec::new();
        for part in text.chunks(chunk.max(1)) {
            decoder.push(part);
            while let Some(event) = decoder.next_event().expect("event") {
                events.push(event);
            }
        }
        events
    }

    #[test]
    fn reads_what_servers_write() {
        let text = "\u{feff}: hello\r\nevent: endpoint\r\ndata: /m?id=1\r\n\r\nid: 7\rdata\r\rretry: 500\ndata:a\ndata: b\nignored: x\n\n";
        for chunk in 1..text.len() {
            let events = events(text.as_bytes(), chunk);
            assert_eq!(events.len(), 3, "{events:?}");
            assert_eq!((events[0].name.as_str(), events[0].data.as_str()), ("endpoint", "/m?id=1"));
            assert_eq!((events[1].data.as_str(), events[1].id.as_deref()), ("", Some("7")));
            assert_eq!((events[2].name.as_str(), events[2].data.as_str()), ("message", "a\nb"));
        }
    }

    #[test]
    fn a_long_line_in_many_pieces_is_looked_through_once() {
        let mut decoder = Decoder::new(1000);
        decoder.push(b"data: ");
        for length in 7..100 {
            decoder.push(b"x");
            assert_eq!(decoder.next_event(), Ok(None));
            assert_eq!(decoder.scanned, length);
        }
        decoder.push(b"\n\n: more");
        let event = decoder.next_event().expect("an event").expect("an event");
        assert_eq!((event.data.len(), decoder.scanned), (93, 0));
    }

    #[test]
    fn refuses_endless_lines_and_events() {
        let mut decoder = Decoder::new(10);
        decoder.push(&[b'a'; 11]);
        assert_eq!(decoder.next_event(), Err(DecodeError::TooLarge { limit: 10 }));
        let mut decoder = Decoder::new(10);
        decoder.push(b"data: 12345\ndata: 67890\n");
        assert_eq!(decoder.next_event(), Err(DecodeError::TooLarge { limit: 10 }));
    }

    proptest! {
        #[test]
        fn reads_its_own_writing(value in "\\PC{0,40}", chunk in 1usize..50, id in any::<Option<u32>>()) {
            let message = serde_json::to_string_pretty(&serde_json::json!({ "k": [value] })).expect("json");
            let id = id.map(|id| id.to_string());
            let wire = encode_message(id.as_deref(), message.as_bytes());
            let events = events(&wire, chunk);
            assert_eq!(events.len(), 1);
            assert_eq!(events[0].id, id);
            let read: serde_json::Value = serde_json::from_str(&events[0].data).expect("json");
            assert_eq!(read, serde_json::json!({ "k": [value] }));
        }

        #[test]
        fn never_panics(bytes: Vec<u8>, chunk in 1usize..10) {
            let mut decoder = Decoder::new(1000);
            for part in bytes.chunks(chunk) {
                decoder.push(part);
                while let Ok(Some(_)) = decoder.next_event() {}
            }
        }
    }
}
