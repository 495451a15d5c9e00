//! Members of a file that mean nothing to us: kept as they are, unless they may hold a secret.

use jsonc_parser::ast::Value;
use jsonc_parser::common::Ranged;

use crate::mcp_config::source::Source;

pub(super) fn to_json(source: Source<'_>, value: &Value<'_>) -> serde_json::Value {
    match value {
        Value::StringLit(text) => serde_json::Value::String(text.value.clone().into_owned()),
        // The parser takes only numbers that JSON has; one that does not fit stays as it was written.
        Value::NumberLit(number) => serde_json::from_str(number.value)
            .unwrap_or_else(|_| serde_json::Value::String(source.slice(number.range()).to_owned())),
        Value::BooleanLit(flag) => serde_json::Value::Bool(flag.value),
        Value::NullKeyword(_) => serde_json::Value::Null,
        Value::Array(array) => array.elements.iter().map(|element| to_json(source, element)).collect(),
        Value::Object(object) => object
            .properties
            .iter()
            .map(|member| (member.name.as_str().to_owned(), to_json(source, &member.value)))
            .collect(),
    }
}

/// Whether a member that we would store in plain and give out again may be something to hide.
pub(super) fn may_hold_secret(name: &str, value: &serde_json::Value) -> bool {
    const MARKS: [&str; 9] =
        ["secret", "token", "password", "passwd", "apikey", "api_key", "api-key", "credential", "authorization"];
    let lower = name.to_ascii_lowercase();
    let marked = MARKS.iter().any(|mark| lower.contains(mark));
    match value {
        serde_json::Value::Object(members) => {
            (matches!(lower.as_str(), "headers" | "env") && !members.is_empty())
                || members.iter().any(|(inner, value)| may_hold_secret(inner, value) || (marked && holds_text(value)))
        }
        serde_json::Value::Array(items) => {
            items.iter().any(|item| may_hold_secret("", item) || (marked && holds_text(item)))
        }
        serde_json::Value::String(_) => marked,
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => false,
    }
}

fn holds_text(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::String(_) => true,
        serde_json::Value::Array(items) => items.iter().any(holds_text),
        serde_json::Value::Object(members) => members.values().any(holds_text),
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => false,
    }
}
