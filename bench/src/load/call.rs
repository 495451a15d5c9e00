//! Owns the bytes of one `tools/call`, made once and stamped with a new id and text each time.
//! Never sends them.

use std::ops::Range;

use serde_json::json;

use crate::decimal;

/// Ids of one width keep the length of the request, and with it its head, the same.
/// They stay below 2^53, which is all that every JSON reader keeps exactly.
const FIRST_ID: u64 = 1_000_000_000_000_000;
const ID_WIDTH: usize = 16;
/// No session makes more calls in the time a run may take.
const IDS_OF_A_SESSION: u64 = 1_000_000_000;
/// Of clients without sessions.
pub(super) const REVISION: &str = "2026-07-28";
/// What makes a text unique: eight digits of session and eight of call.
const STAMP_WIDTH: usize = 16;

/// Which tool is called, with how many bytes of text.
#[derive(Clone)]
pub(crate) struct Shape {
    pub(crate) tool: String,
    pub(crate) payload: u64,
}

pub(crate) struct Call {
    bytes: Vec<u8>,
    id: Range<usize>,
    text: Range<usize>,
    session: u64,
    count: u64,
    first_id: u64,
}

impl Call {
    /// The call without anything around it, as a client with a session sends it.
    pub(crate) fn new(shape: &Shape, session: u64) -> Self {
        Self::with_members(shape, session, "")
    }

    /// The same of a client that says with each call who it is.
    pub(crate) fn stateless(shape: &Shape, session: u64) -> Self {
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": REVISION,
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": {"name": "orch-bench", "version": env!("CARGO_PKG_VERSION")},
        });
        Self::with_members(shape, session, &format!(",\"_meta\":{meta}"))
    }

    /// `members` are further ones of the params.
    fn with_members(shape: &Shape, session: u64, members: &str) -> Self {
        let padding = "x".repeat((shape.payload as usize).saturating_sub(STAMP_WIDTH));
        let head = "{\"jsonrpc\":\"2.0\",\"id\":";
        let method = ",\"method\":\"tools/call\",\"params\":{\"name\":";
        let tool = json!(shape.tool).to_string();
        let arguments = ",\"arguments\":{\"text\":\"";
        let id = head.len()..head.len() + ID_WIDTH;
        let start = id.end + method.len() + tool.len() + arguments.len();
        let text = start..start + STAMP_WIDTH + padding.len();
        let (blank_id, stamp) = ("0".repeat(ID_WIDTH), "0".repeat(STAMP_WIDTH));
        let bytes = [head, &blank_id, method, &tool, arguments, &stamp, &padding, "\"}", members, "}}"].concat();
        Self { bytes: bytes.into_bytes(), id, text, session, count: 0, first_id: FIRST_ID }
    }

    /// Ids that no other session uses, for sessions that share one pipe.
    /// Otherwise all use the same ones, as clients of a daemon do.
    pub(crate) fn with_own_ids(self) -> Self {
        Self { first_id: FIRST_ID + self.session * IDS_OF_A_SESSION, ..self }
    }

    /// The same call with `head` in front and `tail` behind.
    pub(crate) fn within(self, head: &[u8], tail: &[u8]) -> Self {
        let shift = |range: Range<usize>| range.start + head.len()..range.end + head.len();
        Self { bytes: [head, &self.bytes, tail].concat(), id: shift(self.id), text: shift(self.text), ..self }
    }

    /// Makes this the next call: an id new in its session, a text new in the whole run.
    pub(crate) fn stamp(&mut self) {
        self.count += 1;
        if let Some(slot) = self.bytes.get_mut(self.id.clone()) {
            decimal::fill(slot, self.first_id + self.count);
        }
        let text = self.text.start..self.text.start + STAMP_WIDTH;
        if let Some((session, call)) = self.bytes.get_mut(text).map(|slot| slot.split_at_mut(STAMP_WIDTH / 2)) {
            decimal::fill(session, self.session);
            decimal::fill(call, self.count);
        }
    }

    /// How often it was stamped.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn id(&self) -> &[u8] {
        self.bytes.get(self.id.clone()).unwrap_or_default()
    }

    pub(crate) fn text(&self) -> &[u8] {
        self.bytes.get(self.text.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Result;
    use serde_json::{Value, json};

    use super::{Call, Shape};

    #[test]
    fn every_stamp_is_a_valid_call_with_its_own_id_and_text() -> Result<()> {
        let shape = Shape { tool: "a\"b".to_owned(), payload: 20 };
        let mut call = Call::new(&shape, 7).with_own_ids().within(b" ", b"\n");
        for count in 1..=2 {
            call.stamp();
            let sent: Value = serde_json::from_slice(call.bytes())?;
            let text = format!("00000007{count:08}xxxx");
            let expected = json!({"jsonrpc": "2.0", "id": 1_000_007_000_000_000u64 + count,
                "method": "tools/call",
                "params": {"name": "a\"b", "arguments": {"text": text}}});
            assert_eq!(sent, expected);
            assert_eq!(call.text(), text.as_bytes());
            assert_eq!(call.id(), format!("100000700000000{count}").as_bytes());
        }
        Ok(())
    }

    #[test]
    fn a_stateless_call_says_who_calls() -> Result<()> {
        let mut call = Call::stateless(&Shape { tool: "echo".to_owned(), payload: 16 }, 1);
        call.stamp();
        let sent: Value = serde_json::from_slice(call.bytes())?;
        let params = sent.get("params").unwrap_or(&Value::Null);
        assert_eq!(params.pointer("/arguments/text"), Some(&json!("0000000100000001")));
        let version = params.pointer("/_meta/io.modelcontextprotocol~1protocolVersion");
        assert_eq!(version, Some(&json!("2026-07-28")));
        assert!(params.pointer("/_meta/io.modelcontextprotocol~1clientCapabilities").is_some_and(Value::is_object));
        Ok(())
    }
}
