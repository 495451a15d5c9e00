//! Owns reading one JSON-RPC message that a client sent: a plain echo call by scanning, all else
//! through `serde_json`. Never answers it.

mod plain;

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// The `id` and the echoed text stay raw JSON: they go out as they came in.
#[derive(Debug)]
pub(crate) enum Message<'b> {
    /// A call of `echo` in the shape that every ordinary client sends; `text` is without quotes.
    PlainCall {
        id: &'b str,
        text: &'b str,
    },
    Request {
        id: &'b str,
        method: Cow<'b, str>,
        params: Option<&'b RawValue>,
    },
    /// A notification or a response: nothing to answer.
    Unanswered,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    NotJson,
    NotJsonRpc,
}

impl<'b> Message<'b> {
    pub(crate) fn read(bytes: &'b [u8]) -> Result<Self, Unreadable> {
        let text = std::str::from_utf8(bytes).map_err(|_| Unreadable::NotJson)?;
        match plain::call(text) {
            Some((id, text)) => Ok(Self::PlainCall { id, text }),
            None => Self::read_any(text),
        }
    }

    fn read_any(text: &'b str) -> Result<Self, Unreadable> {
        let envelope: Envelope<'_> = serde_json::from_str(text)
            .map_err(|error| if error.is_data() { Unreadable::NotJsonRpc } else { Unreadable::NotJson })?;
        if envelope.jsonrpc != "2.0" {
            return Err(Unreadable::NotJsonRpc);
        }
        match (envelope.method, envelope.id.map(RawValue::get)) {
            (Some(method), Some(id)) if is_id(id) => Ok(Self::Request { id, method, params: envelope.params }),
            (Some(_), None) => Ok(Self::Unanswered),
            (None, Some(_)) if envelope.result.is_some() || envelope.error.is_some() => Ok(Self::Unanswered),
            _ => Err(Unreadable::NotJsonRpc),
        }
    }
}

#[derive(Deserialize)]
struct Envelope<'b> {
    #[serde(borrow)]
    jsonrpc: Cow<'b, str>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'b RawValue>,
    #[serde(borrow)]
    method: Option<Cow<'b, str>>,
    #[serde(borrow)]
    params: Option<&'b RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'b RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    error: Option<&'b RawValue>,
}

/// Keeps an explicit `null` apart from an absent member, which `Option` alone does not.
fn present<'de, D>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error>
where
    D: Deserializer<'de>,
{
    <&RawValue>::deserialize(deserializer).map(Some)
}

fn is_id(raw: &str) -> bool {
    raw.starts_with(|first: char| first == '"' || first == '-' || first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{Message, Unreadable};

    fn check(text: &str) -> Result<String, Unreadable> {
        Message::read(text.as_bytes()).map(|message| match message {
            Message::PlainCall { id, text } => format!("plain {id} {text}"),
            Message::Request { id, method, .. } => format!("request {id} {method}"),
            Message::Unanswered => "unanswered".to_owned(),
        })
    }

    #[test]
    fn tells_the_kinds_apart() {
        for (text, expected) in [
            (r#"{"jsonrpc":"2.0","id":"a","method":"ping"}"#, "request \"a\" ping"),
            (r#"{"jsonrpc":"2.0","id":7,"method":"p\u0069ng","params":{}}"#, "request 7 ping"),
            (r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#, "unanswered"),
            (r#"{"jsonrpc":"2.0","id":1,"result":{}}"#, "unanswered"),
            (r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":""}}"#, "unanswered"),
        ] {
            assert_eq!(check(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_not_a_message() {
        for (text, expected) in [
            ("", Unreadable::NotJson),
            (r#"{"jsonrpc":"2.0","id":1,"method":"ping"} x"#, Unreadable::NotJson),
            (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, Unreadable::NotJsonRpc),
            (r#"{"id":1,"method":"ping"}"#, Unreadable::NotJsonRpc),
            (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, Unreadable::NotJsonRpc),
            (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, Unreadable::NotJsonRpc),
            (r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, Unreadable::NotJsonRpc),
            (r#"{"jsonrpc":"2.0","id":1}"#, Unreadable::NotJsonRpc),
        ] {
            assert_eq!(check(text), Err(expected), "{text}");
        }
        assert_eq!(Message::read(b"{\"\xff\":1}").err(), Some(Unreadable::NotJson));
    }
}
