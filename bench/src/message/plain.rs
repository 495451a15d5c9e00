//! Owns the quick way to an echo call: one pass, no allocation, nothing decoded.
//! Takes only what it fully understands; at the least doubt it says `None` and `serde_json` decides.

use memchr::memchr2;

/// Deeper `_meta` is left to `serde_json`.
const MAX_DEPTH: u32 = 8;

/// The raw id and the text of `tools/call` of `echo`.
/// The text is taken only without escapes, so its raw form and its meaning are the same.
pub(super) fn call(text: &str) -> Option<(&str, &str)> {
    let mut scan = Scan { text, at: 0 };
    let mut call = Found::default();
    scan.object(|scan, key| match key {
        "jsonrpc" => put(&mut call.version, scan.string()?),
        "id" => put(&mut call.id, scan.id()?),
        "method" => put(&mut call.method, scan.string()?),
        "params" => scan.object(|scan, key| match key {
            "name" => put(&mut call.tool, scan.string()?),
            "arguments" => scan.object(|scan, key| match key {
                "text" => put(&mut call.text, scan.string()?),
                _ => None,
            }),
            "_meta" => scan.skip(0),
            _ => None,
        }),
        _ => None,
    })?;
    scan.end()?;
    match call {
        Found {
            version: Some("2.0"),
            id: Some(id),
            method: Some("tools/call"),
            tool: Some("echo"),
            text: Some(text),
        } => Some((id, text)),
        _ => None,
    }
}

#[derive(Default)]
struct Found<'b> {
    version: Option<&'b str>,
    id: Option<&'b str>,
    method: Option<&'b str>,
    tool: Option<&'b str>,
    text: Option<&'b str>,
}

/// A repeated member is somebody else's decision.
fn put<'b>(slot: &mut Option<&'b str>, value: &'b str) -> Option<()> {
    slot.replace(value).is_none().then_some(())
}

struct Scan<'b> {
    text: &'b str,
    at: usize,
}

impl<'b> Scan<'b> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// The next byte that is not space, taken.
    fn next(&mut self) -> Option<u8> {
        self.space();
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn expect(&mut self, wanted: u8) -> Option<()> {
        (self.next()? == wanted).then_some(())
    }

    fn end(&mut self) -> Option<()> {
        self.space();
        self.peek().is_none().then_some(())
    }

    fn object(&mut self, mut member: impl FnMut(&mut Self, &'b str) -> Option<()>) -> Option<()> {
        self.expect(b'{')?;
        self.space();
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            let key = self.string()?;
            self.expect(b':')?;
            member(self, key)?;
            match self.next()? {
                b',' => {}
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }

    fn string(&mut self) -> Option<&'b str> {
        self.expect(b'"')?;
        let rest = self.text.as_bytes().get(self.at..)?;
        let length = memchr2(b'"', b'\\', rest)?;
        if rest.get(length) != Some(&b'"') {
            return None;
        }
        let value = self.text.get(self.at..self.at + length)?;
        // Folding instead of `all` lets the compiler look at many bytes at a time.
        if value.bytes().fold(u8::MAX, u8::min) < b' ' {
            return None;
        }
        self.at += length + 1;
        Some(value)
    }

    fn integer(&mut self) -> Option<&'b str> {
        self.space();
        let rest = self.text.get(self.at..)?;
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        let digits = rest.get(..length)?;
        if digits.is_empty() || (digits.len() > 1 && digits.starts_with('0')) {
            return None;
        }
        if matches!(rest.as_bytes().get(length), Some(b'.' | b'e' | b'E')) {
            return None;
        }
        self.at += length;
        Some(digits)
    }

    /// A number or a string, in the form it is to be sent back.
    fn id(&mut self) -> Option<&'b str> {
        self.space();
        if self.peek()? != b'"' {
            return self.integer();
        }
        let start = self.at;
        self.string()?;
        self.text.get(start..self.at)
    }

    fn skip(&mut self, depth: u32) -> Option<()> {
        self.space();
        match self.peek()? {
            b'"' => self.string().map(|_| ()),
            b'0'..=b'9' => self.integer().map(|_| ()),
            b'{' if depth < MAX_DEPTH => self.object(|scan, _| scan.skip(depth + 1)),
            _ => ["true", "false", "null"]
                .iter()
                .find_map(|word| self.text.get(self.at..)?.starts_with(word).then(|| self.at += word.len())),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};
    use serde_json::{Value, json};

    use super::call;

    const PLAIN: &str =
        r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"text":"hi"}}}"#;

    #[test]
    fn takes_the_ordinary_shapes() {
        assert_eq!(call(PLAIN), Some(("7", "hi")));
        let other = r#" { "params" : {"_meta":{"a":{"b":[]}},"arguments":{"text":""},"name":"echo"},
            "method":"tools/call", "id" : "x" , "jsonrpc":"2.0" } "#;
        assert_eq!(call(other), None, "an array is not plain");
        assert_eq!(call(&other.replace("[]", "true")), Some(("\"x\"", "")));
    }

    #[test]
    fn leaves_the_unusual_to_serde() {
        for (old, new) in [
            ("7", "7.0"),
            ("7", "07"),
            ("7", "-7"),
            ("7", "null"),
            ("hi", r"h\u0069"),
            ("hi", "h\ni"),
            ("\"hi\"", "1"),
            ("echo", "other"),
            ("tools/call", "tools/list"),
            ("\"id\":7", "\"id\":7,\"id\":8"),
            ("\"id\":7,", ""),
            ("2.0", "1.0"),
            ("}}}", "}}"),
            ("}}}", "}}}}"),
            ("}}}", "},}}"),
            ("\"arguments\"", "\"extra\":1,\"arguments\""),
        ] {
            let text = PLAIN.replacen(old, new, 1);
            assert_eq!(call(&text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_serde_on_every_text(id in any::<u32>(), text in any::<String>()) {
            let sent = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call",
                "params": {"name": "echo", "arguments": {"text": text}}}).to_string();
            let decoded = serde_json::from_str::<Value>(&format!("\"{text}\""));
            match call(&sent) {
                Some((raw_id, raw_text)) => {
                    assert_eq!(raw_id, id.to_string());
                    assert_eq!(raw_text, text);
                    assert_eq!(decoded.ok(), Some(Value::String(text)));
                }
                None => assert_ne!(json!(text).to_string(), format!("\"{text}\"")),
            }
        }

        #[test]
        fn takes_nothing_that_serde_refuses(
            at in 0..PLAIN.len(),
            byte in proptest::sample::select(br#"{}[]",:\ 019.e-tn"#.to_vec()),
        ) {
            let mut bytes = PLAIN.as_bytes().to_vec();
            if let Some(slot) = bytes.get_mut(at) {
                *slot = byte;
            }
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if call(&text).is_some() {
                assert!(serde_json::from_str::<Value>(&text).is_ok(), "{text}");
            }
        }
    }
}
