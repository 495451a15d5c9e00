//! Values against the schemas of the OpenAPI document. Stricter than JSON Schema: a member that is not described is a
//! flaw, and so is a keyword that is not understood here.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The document, to look up what schemas refer to.
pub(crate) struct Schemas<'d>(pub(crate) &'d Value);

/// The members of an object that are described.
#[derive(Default)]
struct Described {
    names: BTreeSet<String>,
    /// Any member may be there.
    all: bool,
}

impl Schemas<'_> {
    /// What is wrong with a value, each with where it is.
    pub(crate) fn flaws(&self, schema: &Value, value: &Value) -> Vec<String> {
        let mut flaws = Vec::new();
        self.whole(schema, value, "", &mut flaws);
        flaws
    }

    /// What a reference leads to, or the thing itself.
    pub(crate) fn resolve<'a>(&'a self, thing: &'a Value) -> &'a Value {
        match thing["$ref"].as_str() {
            Some(place) => self.0.pointer(place.trim_start_matches('#')).unwrap_or_else(|| panic!("no {place}")),
            None => thing,
        }
    }

    /// A value with all of its members.
    fn whole(&self, schema: &Value, value: &Value, at: &str, flaws: &mut Vec<String>) {
        let mut described = Described::default();
        self.part(schema, value, at, &mut described, flaws);
        if let Some(members) = value.as_object()
            && !described.all
        {
            let unknown = members.keys().filter(|name| !described.names.contains(*name));
            flaws.extend(unknown.map(|name| format!("{at}/{name} is not described")));
        }
    }

    /// A value by one schema, which may be a part of what is said about it.
    fn part(&self, schema: &Value, value: &Value, at: &str, described: &mut Described, flaws: &mut Vec<String>) {
        let schema = schema.as_object().unwrap_or_else(|| panic!("{at}: {schema} is no schema"));
        if !["$ref", "allOf", "oneOf", "properties", "additionalProperties"]
            .iter()
            .any(|word| schema.contains_key(*word))
        {
            described.all = true;
        }
        for (word, said) in schema {
            let fits = match word.as_str() {
                "description" | "default" | "example" | "title" => true,
                "$ref" => {
                    self.part(self.resolve(&Value::Object(schema.clone())), value, at, described, flaws);
                    true
                }
                "allOf" => {
                    for part in said.as_array().unwrap() {
                        self.part(part, value, at, described, flaws);
                    }
                    true
                }
                "oneOf" => {
                    described.all = true;
                    let one = |part: &Value| {
                        let mut flaws = Vec::new();
                        self.whole(part, value, at, &mut flaws);
                        flaws
                    };
                    let tried: Vec<_> = said.as_array().unwrap().iter().map(one).collect();
                    match tried.iter().filter(|flaws| flaws.is_empty()).count() {
                        1 => {}
                        0 => flaws.extend(tried.into_iter().flatten().map(|flaw| format!("perhaps {flaw}"))),
                        many => flaws.push(format!("{at} fits {many} of what it may be")),
                    }
                    true
                }
                "type" => match said {
                    Value::Array(types) => types.iter().any(|kind| is_a(value, kind)),
                    kind => is_a(value, kind),
                },
                "properties" => {
                    for (name, schema) in said.as_object().unwrap() {
                        described.names.insert(name.clone());
                        if let Some(member) = value.get(name) {
                            self.whole(schema, member, &format!("{at}/{name}"), flaws);
                        }
                    }
                    true
                }
                "required" => {
                    let names = said.as_array().unwrap().iter().map(|name| name.as_str().unwrap());
                    let missing = names.filter(|name| value.is_object() && value.get(*name).is_none());
                    flaws.extend(missing.map(|name| format!("{at}/{name} is missing")));
                    true
                }
                "additionalProperties" if *said == Value::Bool(false) => true,
                "additionalProperties" => {
                    described.all = true;
                    let no_names = Map::new();
                    let named = schema.get("properties").and_then(Value::as_object).unwrap_or(&no_names);
                    for (name, member) in value.as_object().into_iter().flatten() {
                        if !named.contains_key(name) {
                            self.whole(said, member, &format!("{at}/{name}"), flaws);
                        }
                    }
                    true
                }
                "propertyNames" => said["type"] == "string",
                "items" => {
                    for (place, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.whole(said, item, &format!("{at}/{place}"), flaws);
                    }
                    true
                }
                "enum" => said.as_array().unwrap().contains(value),
                "minimum" => value.as_f64().is_none_or(|number| number >= said.as_f64().unwrap()),
                "maximum" => value.as_f64().is_none_or(|number| number <= said.as_f64().unwrap()),
                "minLength" => value.as_str().is_none_or(|text| text.chars().count() as u64 >= said.as_u64().unwrap()),
                "maxLength" => value.as_str().is_none_or(|text| text.chars().count() as u64 <= said.as_u64().unwrap()),
                "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= said.as_u64().unwrap()),
                "maxItems" => value.as_array().is_none_or(|items| items.len() as u64 <= said.as_u64().unwrap()),
                "format" => value.as_str().is_none_or(|text| match said.as_str().unwrap() {
                    "uuid" => uuid::Uuid::parse_str(text).is_ok(),
                    "date-time" => OffsetDateTime::parse(text, &Rfc3339).is_ok(),
                    "password" => true,
                    other => panic!("{at}: texts of the format {other} are not known here"),
                }),
                _ => panic!("{at}: {word} is not understood here"),
            };
            if !fits {
                flaws.push(format!("{at}: {value} does not fit {word} {said}"));
            }
        }
    }
}

fn is_a(value: &Value, kind: &Value) -> bool {
    match kind.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        other => panic!("there is no type {other}"),
    }
}

#[test]
fn finds_each_kind_of_flaw() {
    let document = serde_json::json!({ "components": { "schemas": {
        "A": {
            "type": "object", "required": ["id"], "additionalProperties": false,
            "properties": { "id": { "type": "string", "format": "uuid" }, "n": { "type": ["integer", "null"], "maximum": 3 } }
        },
        "B": { "allOf": [
            { "$ref": "#/components/schemas/A" },
            { "type": "object", "properties": { "kind": { "type": "string", "enum": ["b"] } } }
        ] }
    } } });
    let schemas = Schemas(&document);
    let id = "0199b1f0-5d3a-7c11-9b5e-1f2d3c4b5a60";
    let check = |value: Value, expected: &str| {
        let flaws = schemas.flaws(&serde_json::json!({ "$ref": "#/components/schemas/B" }), &value);
        let fits =
            if expected.is_empty() { flaws.is_empty() } else { flaws.iter().any(|flaw| flaw.contains(expected)) };
        assert!(fits, "{value}: {flaws:?}");
    };
    check(serde_json::json!({ "id": id, "n": null, "kind": "b" }), "");
    check(serde_json::json!({ "kind": "b" }), "/id is missing");
    check(serde_json::json!({ "id": id, "other": 1 }), "/other is not described");
    check(serde_json::json!({ "id": "x" }), "does not fit format");
    check(serde_json::json!({ "id": id, "n": 4 }), "does not fit maximum");
    check(serde_json::json!({ "id": id, "n": "4" }), "does not fit type");
    check(serde_json::json!({ "id": id, "kind": "c" }), "does not fit enum");
}
