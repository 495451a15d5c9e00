//! The methods of MCP, of both eras.
//!
//! **To add a row**, write one line in [`legacy`] or [`stateless`]: the method, its params toward the server `a`, and
//! what is told to who may everything, to a key that is read-only, and to a key of another server. The method has to
//! have a row when `orch_mcp::method::Method` knows it.

use serde_json::{Value, json};

use super::Who;

/// What a method is answered, once it is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// A result.
    Done,
    /// An error of this code, as for what does not exist.
    Error(i64),
    /// It is a notification, and is taken without a word.
    Taken,
    /// A stream that goes on.
    Stream,
}

use Told::{Done, Error, Stream, Taken};

/// One line of the table.
#[derive(Debug)]
pub struct Row {
    pub method: &'static str,
    /// For the endpoint of the server `a`; on the unified one, names and URIs have their prefix.
    pub params: Value,
    full: Told,
    /// For a key that is read-only.
    read_only: Told,
    /// For a key of another server, on the unified endpoint; the other one is not there for it.
    scoped: Told,
}

impl Row {
    /// What somebody is told who is let in.
    #[must_use]
    pub const fn expected(&self, who: Who) -> Told {
        match who {
            Who::ScopedKey => self.scoped,
            Who::ReadOnlyKey => self.read_only,
            _ => self.full,
        }
    }

    /// Whether it is answered at all.
    #[must_use]
    pub fn is_notification(&self) -> bool {
        self.method.starts_with("notifications/")
    }
}

/// The status before any method is looked at; None for who is let in.
#[must_use]
pub const fn shut_out(who: Who) -> Option<u16> {
    match who {
        Who::Nobody | Who::ExpiredKey | Who::RevokedKey | Who::Deactivated => Some(401),
        Who::Stranger | Who::ForeignKey => Some(404),
        Who::Viewer => Some(403),
        Who::Member | Who::Admin | Who::InstanceAdmin | Who::OwnKey | Who::ScopedKey | Who::ReadOnlyKey => None,
    }
}

fn row(method: &'static str, params: Value, [full, read_only, scoped]: [Told; 3]) -> Row {
    Row { method, params, full, read_only, scoped }
}

/// The first message of a session.
#[must_use]
pub fn handshake() -> Row {
    let params = json!({
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "m", "version": "1" },
    });
    row("initialize", params, [Done, Done, Done])
}

/// Within a session.
#[must_use]
#[rustfmt::skip]
pub fn legacy() -> Vec<Row> {
    vec![
        row("notifications/initialized", json!({}), [Taken, Taken, Taken]),
        row("ping", json!({}), [Done, Done, Done]),
        row("tools/list", json!({}), [Done, Done, Done]),
        row("tools/call", json!({"name": "echo", "arguments": {"text": "x"}}), [Done, Error(-32602), Error(-32602)]),
        row("prompts/list", json!({}), [Done, Done, Done]),
        row("prompts/get", json!({"name": "none"}), [Error(-32601), Error(-32602), Error(-32602)]),
        row("resources/list", json!({}), [Done, Done, Done]),
        row("resources/templates/list", json!({}), [Done, Done, Done]),
        row("resources/read", json!({"uri": "file:///a"}), [Done, Done, Error(-32002)]),
        row("resources/subscribe", json!({"uri": "file:///a"}), [Done, Done, Error(-32002)]),
        row("resources/unsubscribe", json!({"uri": "file:///a"}), [Done, Done, Done]),
        row("logging/setLevel", json!({"level": "error"}), [Done, Done, Done]),
        row("completion/complete", json!({"ref": {"type": "ref/prompt", "name": "none"}, "argument": {"name": "a", "value": ""}}),
            [Error(-32601), Error(-32601), Error(-32602)]),
        row("notifications/cancelled", json!({"requestId": 77}), [Taken, Taken, Taken]),
        row("notifications/progress", json!({"progressToken": 77, "progress": 1}), [Taken, Taken, Taken]),
        row("notifications/roots/list_changed", json!({}), [Taken, Taken, Taken]),
        row("vendor/unknown", json!({}), [Error(-32601), Error(-32601), Error(-32601)]),
    ]
}

/// Each by itself.
#[must_use]
#[rustfmt::skip]
pub fn stateless() -> Vec<Row> {
    vec![
        row("server/discover", json!({}), [Done, Done, Done]),
        row("tools/list", json!({}), [Done, Done, Done]),
        row("tools/call", json!({"name": "echo", "arguments": {"text": "x"}}), [Done, Error(-32602), Error(-32602)]),
        row("prompts/list", json!({}), [Done, Done, Done]),
        row("prompts/get", json!({"name": "none"}), [Error(-32601), Error(-32602), Error(-32602)]),
        row("resources/list", json!({}), [Done, Done, Done]),
        row("resources/templates/list", json!({}), [Done, Done, Done]),
        row("resources/read", json!({"uri": "file:///a"}), [Done, Done, Error(-32602)]),
        row("completion/complete", json!({"ref": {"type": "ref/prompt", "name": "none"}, "argument": {"name": "a", "value": ""}}),
            [Error(-32601), Error(-32601), Error(-32602)]),
        row("subscriptions/listen", json!({"notifications": {"toolsListChanged": true}}), [Stream, Stream, Stream]),
        // The server has no tasks, and that is told to everybody alike.
        row("tasks/get", json!({"taskId": "none"}), [Error(-32601), Error(-32601), Error(-32601)]),
        row("tasks/update", json!({"taskId": "none"}), [Error(-32601), Error(-32601), Error(-32601)]),
        row("tasks/cancel", json!({"taskId": "none"}), [Error(-32601), Error(-32601), Error(-32601)]),
        row("vendor/unknown", json!({}), [Error(-32601), Error(-32601), Error(-32601)]),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use orch_mcp::method::Method;

    use super::{handshake, legacy, stateless};

    #[test]
    fn has_a_row_for_every_method_that_we_know() {
        let rows = legacy().into_iter().chain(stateless()).chain([handshake()]);
        let rows: BTreeSet<_> = rows.map(|row| row.method).collect();
        let missing: Vec<_> = Method::NAMES.iter().filter(|name| !rows.contains(*name)).collect();
        assert!(missing.is_empty(), "methods without a row: {missing:?}");
    }
}
