//! What of a call's arguments goes on record, where a project wants any of it. Never looks at them otherwise.

use orch_domain::arguments::{Arguments, RecordedArguments};
use orch_mcp::object;
use orch_mcp::raw::Raw;
use serde_json::Value;

use crate::context::CallContext;
use crate::relay::Relay;

/// What stands in the place of a value that is not recorded.
const HIDDEN: &str = "[redacted]";

/// None where nothing is wanted, and for what has no arguments.
pub(crate) fn kept(relay: &Relay, cx: &CallContext, params: &Raw) -> Option<Arguments> {
    let project = &cx.project.project;
    if project.recorded_arguments == RecordedArguments::Nothing {
        return None;
    }
    let arguments = object::member(params, "arguments")?;
    match &project.recorded_arguments {
        RecordedArguments::Nothing => None,
        RecordedArguments::Digest => Some(Arguments::Digest(relay.digester.digest(project.id, arguments.as_bytes()))),
        choice @ RecordedArguments::Redacted { .. } => Some(Arguments::Redacted(redacted(choice, &arguments))),
    }
}

/// The arguments without what has to be hidden, at most [`Arguments::MAX_LEN`] bytes of them.
fn redacted(choice: &RecordedArguments, arguments: &Raw) -> String {
    // What cannot be read cannot be redacted either.
    let Ok(mut value) = serde_json::from_str::<Value>(arguments.as_str()) else { return HIDDEN.to_owned() };
    hide(choice, &mut value);
    let mut text = value.to_string();
    if text.len() > Arguments::MAX_LEN {
        text.truncate(text.floor_char_boundary(Arguments::MAX_LEN - '…'.len_utf8()));
        text.push('…');
    }
    text
}

fn hide(choice: &RecordedArguments, value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if choice.hides(name) {
                    *value = Value::String(HIDDEN.to_owned());
                } else {
                    hide(choice, value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide(choice, item)),
        Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => {}
    }
}

#[cfg(test)]
mod tests {
    use orch_domain::arguments::{Arguments, RecordedArguments};
    use orch_domain::policy::pattern::Pattern;
    use orch_mcp::raw::Raw;
    use serde_json::json;

    use super::redacted;

    fn check(arguments: &str) -> String {
        let hidden = vec![Pattern::parse_member("ssn").expect("a pattern")];
        let raw = Raw::parse(arguments.to_owned().into()).expect("JSON");
        redacted(&RecordedArguments::Redacted { hidden }, &raw)
    }

    #[test]
    fn hides_values_by_the_names_of_their_members_however_deep() {
        let shown = check(r#"{"path":"/a","auth":[{"Password":"p1"},{"x":{"SSN":12,"deep":{"api_key":["k"]}}}]}"#);
        let hidden = json!({ "SSN": "[redacted]", "deep": { "api_key": "[redacted]" } });
        let expected = json!({ "path": "/a", "auth": [{ "Password": "[redacted]" }, { "x": hidden }] });
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).expect("JSON"), expected);
    }

    #[test]
    fn keeps_a_part_of_what_is_long() {
        let shown = check(&format!(r#"{{"text":"{}"}}"#, "ü".repeat(Arguments::MAX_LEN)));
        assert!(shown.len() <= Arguments::MAX_LEN && shown.ends_with('…'), "{}", shown.len());
    }

    #[test]
    fn what_is_nested_too_deeply_to_be_read_is_not_kept() {
        let depth = 400;
        let text = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let choice = RecordedArguments::Redacted { hidden: Vec::new() };
        assert_eq!(redacted(&choice, &Raw::from_static(text.leak())), "[redacted]");
    }
}
