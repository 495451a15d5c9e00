//! Splits a text of one or several JSON values into them, as it arrives. Finds where values end; whether they are
//! valid is for the decoder.

use bytes::{Buf as _, Bytes, BytesMut};

#[derive(Default)]
pub(super) struct Values {
    buffer: BytesMut,
    /// Everything before this belongs to the value at the front.
    scanned: usize,
    depth: usize,
    in_string: bool,
    escaped: bool,
}

/// Something between the values that is neither an object nor an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotJson;

impl Values {
    pub(super) fn reserve(&mut self, bytes: usize) {
        self.buffer.reserve(bytes);
    }

    pub(super) fn push(&mut self, chunk: &[u8]) {
        self.buffer.extend_from_slice(chunk);
    }

    /// Nothing is begun and not finished.
    pub(super) fn is_empty(&self) -> bool {
        self.buffer.iter().all(|byte| is_between(*byte))
    }

    pub(super) fn rest(&self) -> &[u8] {
        &self.buffer
    }

    pub(super) fn next_value(&mut self) -> Result<Option<Bytes>, NotJson> {
        if self.depth == 0 {
            let skip = self.buffer.iter().take_while(|byte| is_between(**byte)).count();
            self.buffer.advance(skip);
            match self.buffer.first() {
                None => return Ok(None),
                Some(b'{' | b'[') => {}
                Some(_) => return Err(NotJson),
            }
        }
        let Some(end) = self.scan() else { return Ok(None) };
        self.scanned = 0;
        Ok(Some(self.buffer.split_to(end).freeze()))
    }

    /// The end of the value at the front.
    fn scan(&mut self) -> Option<usize> {
        loop {
            let rest = self.buffer.get(self.scanned..).unwrap_or_default();
            if self.in_string {
                if self.escaped {
                    rest.first()?;
                    self.scanned += 1;
                    self.escaped = false;
                    continue;
                }
                let Some(stop) = memchr::memchr2(b'"', b'\\', rest) else {
                    self.scanned = self.buffer.len();
                    return None;
                };
                self.escaped = rest.get(stop) == Some(&b'\\');
                self.in_string = self.escaped;
                self.scanned += stop + 1;
                continue;
            }
            let mut stopped = None;
            for (index, byte) in rest.iter().enumerate() {
                match byte {
                    b'"' => self.in_string = true,
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                    _ => continue,
                }
                if self.in_string || self.depth == 0 {
                    stopped = Some(index + 1);
                    break;
                }
            }
            match stopped {
                None => {
                    self.scanned = self.buffer.len();
                    return None;
                }
                Some(length) => {
                    self.scanned += length;
                    if !self.in_string {
                        return Some(self.scanned);
                    }
                }
            }
        }
    }
}

/// White space, and the record separator of JSON text sequences.
fn is_between(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0x1e)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::{NotJson, Values};

    fn split(text: &[u8], chunk: usize) -> Result<Vec<String>, NotJson> {
        let mut values = Values::default();
        let mut found = Vec::new();
        for part in text.chunks(chunk.max(1)) {
            values.push(part);
            while let Some(value) = values.next_value()? {
                found.push(String::from_utf8(value.to_vec()).expect("text"));
            }
        }
        assert!(values.is_empty() || !text.ends_with(b"\n"), "{found:?}");
        Ok(found)
    }

    #[test]
    fn finds_values_in_any_chunking() {
        let text = "{\"a\":\"}\\\"{\\\\\"}\n[1,[2]]\r\n \x1e{\n  \"b\": {\"c\": \"\\u005d\"}\n}{}\n";
        for chunk in 1..text.len() {
            let expected = ["{\"a\":\"}\\\"{\\\\\"}", "[1,[2]]", "{\n  \"b\": {\"c\": \"\\u005d\"}\n}", "{}"];
            assert_eq!(split(text.as_bytes(), chunk), Ok(expected.map(str::to_owned).to_vec()));
        }
        assert_eq!(split(b"{}\nnull", 3), Err(NotJson));
        assert_eq!(split(b"{\"a\":", 3), Ok(vec![]));
    }

    proptest! {
        #[test]
        fn splits_what_was_joined(texts in proptest::collection::vec("\\PC{0,20}", 0..8), chunk in 1usize..40, pretty: bool) {
            let values: Vec<String> = texts.iter().map(|text| {
                let value = serde_json::json!({ "t": [text, { "n": 1 }] });
                if pretty { serde_json::to_string_pretty(&value).expect("json") } else { value.to_string() }
            }).collect();
            let joined: String = values.iter().map(|value| format!("{value}\n")).collect();
            assert_eq!(split(joined.as_bytes(), chunk), Ok(values));
        }
    }
}
