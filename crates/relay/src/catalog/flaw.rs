//! What strict clients refuse of a tool's schemas, and with it the whole list; and the least change that mends it.
//! Looks at schemas only, and fetches nothing.

use std::collections::HashSet;

use jsonschema::{draft7, draft201909, draft202012};
use orch_mcp::object;
use orch_mcp::raw::Raw;
use serde_json::{Value, json};

/// What is wrong with a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flaw {
    /// In words for admins.
    pub(crate) reason: String,
    /// The definition with the least change that makes it valid.
    pub(crate) repaired: Raw,
}

/// More things than this are not mended one by one.
const MOST_REPAIRS: usize = 32;

/// A longer schema is passed as it is: no client of ours gains from what it would cost to look through it.
const LONGEST: usize = 256 * 1024;

/// Keywords whose values are data and no schemas.
const DATA: [&str; 4] = ["const", "enum", "default", "examples"];

/// One thing that is wrong.
#[derive(Debug)]
struct Wrong {
    reason: String,
    mend: Mend,
}

#[derive(Debug)]
enum Mend {
    /// The root says that it is an object.
    SetType,
    /// What this JSON pointer leads to is left out.
    Remove(String),
    /// Nothing less than an open schema helps.
    Replace,
}

/// None when a strict client takes the tool as it is.
pub(crate) fn find(tool: &Raw) -> Option<Flaw> {
    let mut repaired = tool.clone();
    let mut reasons = Vec::new();
    if let Some((reason, schema)) = examine(object::member(tool, "inputSchema").as_ref(), Root::Object) {
        reasons.push(format!("inputSchema: {reason}"));
        let schema = Raw::serialize(&schema).ok()?;
        repaired = object::with(&repaired, "inputSchema", &schema).ok()?;
    }
    let output = object::member(tool, "outputSchema");
    if output.is_some()
        && let Some((reason, _)) = examine(output.as_ref(), Root::Any)
    {
        reasons.push(format!("outputSchema: {reason}"));
        // A client that has none of it believes every result, which is what a mended one would come to.
        repaired = object::without(&repaired, |name| name == "outputSchema").ok()?;
    }
    (!reasons.is_empty()).then(|| Flaw { reason: reasons.join("; "), repaired })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Root {
    Object,
    Any,
}

/// What is first wrong with a schema, and the schema without anything that is.
fn examine(schema: Option<&Raw>, root: Root) -> Option<(String, Value)> {
    let open = || json!({ "type": "object" });
    let Some(schema) = schema else { return Some(("it is missing".to_owned(), open())) };
    if schema.as_bytes().len() > LONGEST {
        return None;
    }
    let Ok(mut schema) = serde_json::from_str::<Value>(schema.as_str()) else {
        return Some(("it is nested too deeply".to_owned(), open()));
    };
    let mut first = None;
    for _ in 0..MOST_REPAIRS {
        let Some(wrong) = first_wrong(&schema, root) else {
            return first.map(|reason| (reason, schema));
        };
        first.get_or_insert(wrong.reason);
        let mended = match wrong.mend {
            Mend::SetType => set_type(&mut schema),
            Mend::Remove(pointer) => remove(&mut schema, &pointer),
            Mend::Replace => false,
        };
        if !mended {
            break;
        }
    }
    first.map(|reason| (reason, open()))
}

fn first_wrong(schema: &Value, root: Root) -> Option<Wrong> {
    if !schema.is_object() {
        let is_output = root == Root::Any && schema.is_boolean();
        return (!is_output).then(|| Wrong { reason: "it is not an object".to_owned(), mend: Mend::Replace });
    }
    if root == Root::Object && schema.get("type") != Some(&json!("object")) {
        let reason = match schema.get("type") {
            None => "it does not say \"type\": \"object\"".to_owned(),
            Some(other) => format!("its type is {other} and not \"object\""),
        };
        return Some(Wrong { reason, mend: Mend::SetType });
    }
    if let Some(wrong) = against_meta_schema(schema) {
        return Some(wrong);
    }
    unresolved(schema, schema, &mut String::new(), &names(schema))
}

fn against_meta_schema(schema: &Value) -> Option<Wrong> {
    let dialect = schema.get("$schema").and_then(Value::as_str).unwrap_or_default();
    let outcome = if ["draft-04", "draft-06", "draft-07"].iter().any(|draft| dialect.contains(draft)) {
        draft7::meta::validate(schema)
    } else if dialect.contains("2019-09") {
        draft201909::meta::validate(schema)
    } else {
        // What clients take a schema for that says nothing, or names a dialect that nobody knows.
        draft202012::meta::validate(schema)
    };
    let error = outcome.err()?;
    let pointer = error.instance_path().as_str().to_owned();
    let place = if pointer.is_empty() { "it".to_owned() } else { pointer.clone() };
    let mend = if pointer.is_empty() { Mend::Replace } else { Mend::Remove(pointer) };
    let reason: String = format!("{place} is no valid JSON Schema: {error}").chars().take(300).collect();
    Some(Wrong { reason, mend })
}

/// Names that references can have inside of a schema.
#[derive(Default)]
struct Names {
    anchors: HashSet<String>,
    /// Something in it has an address of its own, from which references may count.
    has_base: bool,
}

/// Those of one schema.
fn names(schema: &Value) -> Names {
    let mut found = Names::default();
    let mut waiting = vec![schema];
    while let Some(value) = waiting.pop() {
        match value {
            Value::Object(members) => {
                for keyword in ["$id", "id", "$anchor", "$dynamicAnchor"] {
                    let Some(name) = members.get(keyword).and_then(Value::as_str) else { continue };
                    found.has_base |= name.contains("://");
                    found.anchors.insert(name.trim_start_matches('#').to_owned());
                }
                waiting.extend(members.values());
            }
            Value::Array(items) => waiting.extend(items),
            _ => {}
        }
    }
    found
}

/// The first reference into the schema itself that leads nowhere. One to another document is left to who reads it.
fn unresolved(root: &Value, at: &Value, pointer: &mut String, names: &Names) -> Option<Wrong> {
    let length = pointer.len();
    let mut look = |step: &str, inner: &Value| {
        pointer.push('/');
        pointer.push_str(&step.replace('~', "~0").replace('/', "~1"));
        let found = unresolved(root, inner, pointer, names);
        pointer.truncate(length);
        found
    };
    match at {
        Value::Object(members) => {
            let broken = members.get("$ref").and_then(Value::as_str).filter(|target| !leads(root, target, names));
            if let Some(target) = broken {
                let reason = format!("the reference {target:?} leads nowhere");
                return Some(Wrong { reason, mend: Mend::Remove(format!("{pointer}/$ref")) });
            }
            members
                .iter()
                .filter(|(name, _)| !DATA.contains(&name.as_str()))
                .find_map(|(name, inner)| look(name, inner))
        }
        Value::Array(items) => items.iter().enumerate().find_map(|(index, inner)| look(&index.to_string(), inner)),
        _ => None,
    }
}

fn leads(root: &Value, target: &str, names: &Names) -> bool {
    match target.strip_prefix('#') {
        None | Some("") => true,
        Some(pointer) if pointer.starts_with('/') => {
            let decoded = pointer.replace("%25", "%").replace("%24", "$").replace("%20", " ");
            // With an `$id` inside, a pointer may count from there.
            root.pointer(pointer).is_some() || root.pointer(&decoded).is_some() || names.has_base
        }
        Some(anchor) => names.anchors.contains(anchor),
    }
}

fn set_type(schema: &mut Value) -> bool {
    let Value::Object(members) = schema else { return false };
    members.insert("type".to_owned(), json!("object"));
    true
}

fn remove(schema: &mut Value, pointer: &str) -> bool {
    let Some((parent, last)) = pointer.rsplit_once('/') else { return false };
    let key = last.replace("~1", "/").replace("~0", "~");
    match schema.pointer_mut(parent) {
        Some(Value::Object(members)) => members.shift_remove(&key).is_some(),
        Some(Value::Array(items)) => match key.parse::<usize>() {
            Ok(index) if index < items.len() => {
                items.remove(index);
                true
            }
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use orch_mcp::raw::Raw;

    use super::find;

    fn tool(schemas: &str) -> Raw {
        Raw::parse(Bytes::from(format!(r#"{{"name":"t",{schemas}}}"#))).expect(schemas)
    }

    fn check(schemas: &str, reason: &str, repaired: &str) {
        let flaw = find(&tool(schemas)).unwrap_or_else(|| panic!("nothing wrong with {schemas}"));
        assert!(flaw.reason.contains(reason), "{reason} in {}", flaw.reason);
        assert_eq!(flaw.repaired.as_str(), tool(repaired).as_str());
        assert_eq!(find(&flaw.repaired), None, "what is repaired is in order");
    }

    #[test]
    fn leaves_good_tools_alone() {
        for schemas in [
            r#""inputSchema":{"type":"object"}"#,
            r##""inputSchema":{"type":"object","properties":{"a":{"$ref":"#/$defs/A"},"b":{"$ref":"#b"}},"$defs":{"A":{},"B":{"$anchor":"b"}}}"##,
            r##""inputSchema":{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","definitions":{"a b":{}},"properties":{"x":{"$ref":"#/definitions/a%20b"}}}"##,
            r#""inputSchema":{"type":"object","properties":{"x":{"$ref":"https://example.com/other.json"}}}"#,
            r##""inputSchema":{"type":"object","properties":{"x":{"default":{"$ref":"#/nowhere"}}}}"##,
            r#""inputSchema":{"$schema":"urn:unknown","type":"object","x-own":1},"outputSchema":{"type":"array"}"#,
        ] {
            assert_eq!(find(&tool(schemas)), None, "{schemas}");
        }
    }

    #[test]
    fn mends_as_little_as_possible() {
        check(r#""title":"x""#, "inputSchema: it is missing", r#""title":"x","inputSchema":{"type":"object"}"#);
        check(r#""inputSchema":[]"#, "not an object", r#""inputSchema":{"type":"object"}"#);
        check(
            r#""inputSchema":{"properties":{"a":{"type":"string"}}}"#,
            "does not say",
            r#""inputSchema":{"properties":{"a":{"type":"string"}},"type":"object"}"#,
        );
        check(r#""inputSchema":{"type":"string"}"#, "its type is \"string\"", r#""inputSchema":{"type":"object"}"#);
        check(
            r#""inputSchema":{"type":"object","properties":{"a":{"type":"strin"},"b":{"type":"string"}}}"#,
            "/properties/a/type is no valid JSON Schema",
            r#""inputSchema":{"type":"object","properties":{"a":{},"b":{"type":"string"}}}"#,
        );
        check(
            r##""inputSchema":{"type":"object","properties":{"a":{"$ref":"#/$defs/gone"}}}"##,
            "\"#/$defs/gone\" leads nowhere",
            r#""inputSchema":{"type":"object","properties":{"a":{}}}"#,
        );
        check(
            r#""inputSchema":{"type":"object"},"outputSchema":{"type":7},"_meta":{"a":1}"#,
            "outputSchema: /type is no valid JSON Schema",
            r#""inputSchema":{"type":"object"},"_meta":{"a":1}"#,
        );
    }
}
