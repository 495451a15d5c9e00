//! Server capabilities: what of an upstream's is shown to a client, and the union over several upstreams.

use serde_json::{Map, Value, json};

use crate::raw::Raw;

/// The extension for pages of user interface, which is older than the modern era.
const UI: &str = "io.modelcontextprotocol/ui";

/// Whether a server's capabilities name `feature`, such as `tools`.
#[must_use]
pub fn has(capabilities: &Raw, feature: &str) -> bool {
    crate::object::member(capabilities, feature).is_some_and(|value| value.is_object())
}

/// The capabilities of a relay in front of one server with these capabilities, whose unknown features pass. Lists may
/// change for reasons of the relay's own, so `listChanged` is always said. Features in `withheld` are left out, because the
/// relay does not serve them.
#[must_use]
pub fn relayed(server: &Raw, withheld: &[&str]) -> Raw {
    of_relay(server.read().unwrap_or_default(), withheld)
}

/// The same in front of several servers. Only features that a relay can route to one of them are united.
#[must_use]
pub fn united<'a>(servers: impl IntoIterator<Item = &'a Raw>, withheld: &[&str]) -> Raw {
    let mut union = Map::new();
    for server in servers {
        let Ok(server) = server.read::<Map<String, Value>>() else { continue };
        for feature in ["tools", "prompts", "resources", "completions", "logging"] {
            if let Some(value) = server.get(feature) {
                merge(union.entry(feature).or_insert_with(|| json!({})), value);
            }
        }
        for name in [crate::tasks::EXTENSION, UI] {
            if let Some(value) = server.get("extensions").and_then(|extensions| extensions.get(name)) {
                merge(union.entry("extensions").or_insert_with(|| json!({})), &json!({ name: value }));
            }
        }
    }
    of_relay(union, withheld)
}

fn of_relay(mut capabilities: Map<String, Value>, withheld: &[&str]) -> Raw {
    for path in withheld {
        remove(&mut capabilities, path);
    }
    for feature in ["tools", "prompts", "resources"] {
        if let Some(Value::Object(value)) = capabilities.get_mut(feature) {
            value.insert("listChanged".to_owned(), Value::Bool(true));
        }
    }
    Raw::serialize(&capabilities).unwrap_or_else(|_| Raw::from_static("{}"))
}

/// What a client declared, in words that a legacy server may be told: without the tasks that nobody serves here, and
/// without the extensions of the modern era but for pages of user interface, which are older than the era.
#[must_use]
pub fn for_legacy(client: &Raw) -> Raw {
    let Ok(mut declared) = client.read::<Map<String, Value>>() else { return Raw::from_static("{}") };
    declared.shift_remove("tasks");
    if let Some(Value::Object(extensions)) = declared.get_mut("extensions") {
        extensions.retain(|name, _| name == UI);
        if extensions.is_empty() {
            declared.shift_remove("extensions");
        }
    }
    Raw::serialize(&declared).unwrap_or_else(|_| Raw::from_static("{}"))
}

/// What a client would have to declare to be asked this, in the words of `requiredCapabilities`; None when it has.
#[must_use]
pub fn lacking(client: &Raw, method: &str, params: Option<&Raw>) -> Option<Value> {
    let feature = |name: &str| crate::object::member(client, name).filter(Raw::is_object);
    let names = |member: &str| params.is_some_and(|params| crate::object::member(params, member).is_some());
    match method {
        "roots/list" => feature("roots").is_none().then(|| json!({ "roots": {} })),
        "sampling/createMessage" => {
            let sampling = feature("sampling");
            if names("tools") || names("toolChoice") {
                let with_tools = sampling.is_some_and(|sampling| has(&sampling, "tools"));
                return (!with_tools).then(|| json!({ "sampling": { "tools": {} } }));
            }
            sampling.is_none().then(|| json!({ "sampling": {} }))
        }
        "elicitation/create" => {
            let elicitation = feature("elicitation");
            let mode = |name: &str| elicitation.as_ref().is_some_and(|elicitation| has(elicitation, name));
            let by_url = params.and_then(|params| crate::object::string(params, "mode")).as_deref() == Some("url");
            if by_url {
                return (!mode("url")).then(|| json!({ "elicitation": { "url": {} } }));
            }
            // Without any mode it is forms.
            let by_form = elicitation.is_some() && (mode("form") || !mode("url"));
            (!by_form).then(|| json!({ "elicitation": { "form": {} } }))
        }
        _ => Some(json!({})),
    }
}

/// Whether a client that declared this may be asked that, in that mode and with what comes along.
#[must_use]
pub fn covers(client: &Raw, method: &str, params: Option<&Raw>) -> bool {
    lacking(client, method, params).is_none()
}

/// What a client declared, without everything that it could be asked.
#[must_use]
pub fn unasked(client: &Raw) -> Raw {
    let asked = |name: &str| matches!(name, "roots" | "sampling" | "elicitation");
    crate::object::without(client, asked).unwrap_or_else(|_| Raw::from_static("{}"))
}

/// What a server offers, for clients of the legacy revisions: without the extension that only modern ones can use.
#[must_use]
pub fn shown_to_legacy(server: &Raw) -> Raw {
    if !crate::tasks::is_named_in(server) {
        return server.clone();
    }
    let Ok(mut offered) = server.read::<Map<String, Value>>() else { return server.clone() };
    drop_tasks(&mut offered);
    Raw::serialize(&offered).unwrap_or_else(|_| server.clone())
}

fn drop_tasks(capabilities: &mut Map<String, Value>) {
    capabilities.shift_remove("tasks");
    if let Some(Value::Object(extensions)) = capabilities.get_mut("extensions") {
        extensions.shift_remove(crate::tasks::EXTENSION);
        if extensions.is_empty() {
            capabilities.shift_remove("extensions");
        }
    }
}

/// What a client with a session declared, in words of the modern era. Tasks it could not carry to their end.
#[must_use]
pub fn for_modern(client: &Raw) -> Raw {
    let Ok(mut declared) = client.read::<Map<String, Value>>() else { return Raw::from_static("{}") };
    drop_tasks(&mut declared);
    if let Some(Value::Object(roots)) = declared.get_mut("roots") {
        roots.shift_remove("listChanged");
    }
    Raw::serialize(&declared).unwrap_or_else(|_| Raw::from_static("{}"))
}

/// Removes `feature` or `feature.flag`.
fn remove(capabilities: &mut Map<String, Value>, path: &str) {
    match path.split_once('.') {
        None => {
            capabilities.remove(path);
        }
        Some((feature, flag)) => {
            if let Some(Value::Object(value)) = capabilities.get_mut(feature) {
                value.remove(flag);
            }
        }
    }
}

/// Adds the flags of `more`; a flag is true when any server says so.
fn merge(into: &mut Value, more: &Value) {
    let (Value::Object(into), Value::Object(more)) = (into, more) else { return };
    for (flag, value) in more {
        if into.get(flag) != Some(&Value::Bool(true)) {
            into.insert(flag.clone(), value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{covers, for_legacy, for_modern, has, lacking, relayed, shown_to_legacy, unasked, united};
    use crate::raw::Raw;

    fn raw(text: &'static str) -> Raw {
        Raw::parse(Bytes::from_static(text.as_bytes())).expect(text)
    }

    #[test]
    fn shows_one_server_as_it_is_but_for_what_is_withheld() {
        let server = raw(r#"{"tools":{},"resources":{"subscribe":true},"tasks":{"list":{}},"experimental":{"x":1}}"#);
        let shown = relayed(&server, &["tasks", "resources.subscribe"]);
        assert_eq!(
            shown.as_str(),
            r#"{"tools":{"listChanged":true},"resources":{"listChanged":true},"experimental":{"x":1}}"#
        );
        assert!(has(&shown, "tools") && !has(&shown, "tasks"));
    }

    #[test]
    fn tells_each_era_what_it_knows() {
        let client = raw(
            r#"{"roots":{"listChanged":true},"tasks":{},"elicitation":{},"extensions":{"io.modelcontextprotocol/ui":{},"io.modelcontextprotocol/tasks":{}},"x":1}"#,
        );
        assert_eq!(
            for_legacy(&client).as_str(),
            r#"{"roots":{"listChanged":true},"elicitation":{},"extensions":{"io.modelcontextprotocol/ui":{}},"x":1}"#
        );
        assert_eq!(
            for_modern(&client).as_str(),
            r#"{"roots":{},"elicitation":{},"extensions":{"io.modelcontextprotocol/ui":{}},"x":1}"#
        );
        assert_eq!(
            unasked(&client).as_str(),
            r#"{"tasks":{},"extensions":{"io.modelcontextprotocol/ui":{},"io.modelcontextprotocol/tasks":{}},"x":1}"#
        );
        assert_eq!(
            shown_to_legacy(&raw(r#"{"tools":{},"extensions":{"io.modelcontextprotocol/tasks":{}}}"#)).as_str(),
            r#"{"tools":{}}"#
        );
    }

    #[test]
    fn a_client_is_asked_what_it_declared() {
        let url = raw(r#"{"mode":"url","url":"https://a"}"#);
        let form = raw(r#"{"message":"m","requestedSchema":{}}"#);
        for (client, by_form, by_url) in [
            ("{}", false, false),
            (r#"{"elicitation":{}}"#, true, false),
            (r#"{"elicitation":{"form":{}}}"#, true, false),
            (r#"{"elicitation":{"url":{}}}"#, false, true),
            (r#"{"elicitation":{"form":{},"url":{}}}"#, true, true),
            (r#"{"elicitation":true}"#, false, false),
        ] {
            assert_eq!(covers(&raw(client), "elicitation/create", Some(&form)), by_form, "{client}");
            assert_eq!(covers(&raw(client), "elicitation/create", Some(&url)), by_url, "{client}");
        }
        let (plain, tools) = (raw(r#"{"messages":[]}"#), raw(r#"{"messages":[],"tools":[]}"#));
        let sampling = raw(r#"{"sampling":{}}"#);
        assert!(covers(&sampling, "sampling/createMessage", Some(&plain)));
        assert!(!covers(&sampling, "sampling/createMessage", Some(&tools)));
        assert!(covers(&raw(r#"{"sampling":{"tools":{}}}"#), "sampling/createMessage", Some(&tools)));
        assert_eq!(
            lacking(&sampling, "sampling/createMessage", Some(&tools)),
            Some(serde_json::json!({ "sampling": { "tools": {} } }))
        );
        assert!(covers(&raw(r#"{"roots":{}}"#), "roots/list", None) && !covers(&sampling, "roots/list", None));
        assert!(!covers(&sampling, "tools/call", None));
    }

    #[test]
    fn unites_several_servers() {
        let a = raw(r#"{"tools":{},"experimental":{"x":1}}"#);
        let b = raw(r#"{"prompts":{"listChanged":false},"resources":{"subscribe":true},"completions":{}}"#);
        assert_eq!(
            united([&a, &b], &[]).as_str(),
            r#"{"tools":{"listChanged":true},"prompts":{"listChanged":true},"resources":{"subscribe":true,"listChanged":true},"completions":{}}"#
        );
        assert_eq!(united([], &[]).as_str(), "{}");
        assert_eq!(united([&a], &[]).as_str(), r#"{"tools":{"listChanged":true}}"#, "one alone is no exception");
        let (tasks, ui) = (
            raw(r#"{"extensions":{"io.modelcontextprotocol/tasks":{},"x/y":{}}}"#),
            raw(r#"{"extensions":{"io.modelcontextprotocol/ui":{"z":1}}}"#),
        );
        assert_eq!(
            united([&tasks, &ui], &[]).as_str(),
            r#"{"extensions":{"io.modelcontextprotocol/tasks":{},"io.modelcontextprotocol/ui":{"z":1}}}"#
        );
    }
}
