//! What a modern request over HTTP repeats of its body in headers: names of headers, the encoding of their values, and
//! the arguments that a tool's schema wants as headers. Both sides use it; neither reads nor writes HTTP here.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::object;
use crate::raw::Raw;
use crate::word::Word;

pub const VERSION: &str = "mcp-protocol-version";
pub const METHOD: &str = "mcp-method";
pub const NAME: &str = "mcp-name";
/// What the headers of arguments begin with.
pub const PARAM_PREFIX: &str = "mcp-param-";

const OPEN: &str = "=?base64?";
const CLOSE: &str = "?=";

/// Deeper properties are not looked at.
const MAX_DEPTH: usize = 32;

/// The member of the params that `Mcp-Name` repeats.
#[must_use]
pub fn named_member(method: &str) -> Option<&'static str> {
    match method {
        "tools/call" | "prompts/get" => Some("name"),
        "resources/read" => Some("uri"),
        "tasks/get" | "tasks/update" | "tasks/cancel" => Some("taskId"),
        _ => None,
    }
}

/// A value as it is to stand in a header.
#[must_use]
pub fn encode(value: &str) -> String {
    let plain = value.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte))
        && value.trim_matches([' ', '\t']) == value
        && !(value.starts_with(OPEN) && value.ends_with(CLOSE));
    if plain { value.to_owned() } else { format!("{OPEN}{}{CLOSE}", STANDARD.encode(value)) }
}

/// The value behind a header's text; None when it is malformed.
#[must_use]
pub fn decode(text: &str) -> Option<String> {
    let text = text.trim_matches([' ', '\t']);
    let Some(encoded) = text.strip_prefix(OPEN).and_then(|rest| rest.strip_suffix(CLOSE)) else {
        return Some(text.to_owned());
    };
    String::from_utf8(STANDARD.decode(encoded).ok()?).ok()
}

/// An argument that is repeated in a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirroredArgument {
    /// In lower case, with the prefix.
    pub header: String,
    /// Names of properties from the root of the arguments.
    path: Vec<String>,
    /// Whether the schema has it as a number, which may be written in several ways.
    is_integer: bool,
}

/// Why a tool cannot be offered over HTTP in this era.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`x-mcp-header` at {at}: {problem}")]
pub struct InvalidAnnotation {
    pub at: String,
    pub problem: String,
}

/// Whether a definition or schema may want arguments as headers. Nearly none does.
#[must_use]
pub fn may_mirror(definition: &Raw) -> bool {
    static ANNOTATION: Word = Word::new("x-mcp-header");
    ANNOTATION.is_in(definition.as_bytes())
}

/// The arguments that a tool's `inputSchema` wants as headers.
pub fn mirrored(input_schema: &Raw) -> Result<Vec<MirroredArgument>, InvalidAnnotation> {
    if !may_mirror(input_schema) {
        return Ok(Vec::new());
    }
    let Ok(schema) = input_schema.read::<Value>() else { return Ok(Vec::new()) };
    let mut found = Found::default();
    found.object(&schema, &mut Vec::new())?;
    Ok(found.arguments)
}

#[derive(Default)]
struct Found {
    arguments: Vec<MirroredArgument>,
    names: HashSet<String>,
}

impl Found {
    /// Looks through a schema that is reached by names of properties alone.
    fn object(&mut self, schema: &Value, path: &mut Vec<String>) -> Result<(), InvalidAnnotation> {
        let Value::Object(members) = schema else { return Ok(()) };
        for (key, value) in members {
            if key == "properties" || key == "x-mcp-header" {
                continue;
            }
            forbid(value, &format!("{}/{key}", pointer(path)))?;
        }
        let Some(Value::Object(properties)) = members.get("properties") else { return Ok(()) };
        for (name, property) in properties {
            path.push(name.clone());
            if path.len() > MAX_DEPTH {
                return Err(invalid(path, "it is nested too deep"));
            }
            if let Value::Object(property) = property {
                self.property(property, path)?;
            }
            self.object(property, path)?;
            path.pop();
        }
        Ok(())
    }

    fn property(&mut self, property: &Map<String, Value>, path: &[String]) -> Result<(), InvalidAnnotation> {
        let Some(annotation) = property.get("x-mcp-header") else { return Ok(()) };
        let name = annotation.as_str().ok_or_else(|| invalid(path, "it must be a string"))?;
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(invalid(path, "it must be a header name: letters, digits and !#$%&'*+-.^_`|~"));
        }
        let kind = property.get("type").and_then(Value::as_str);
        if !matches!(kind, Some("string" | "integer" | "boolean")) {
            return Err(invalid(path, "the property must be of type string, integer or boolean"));
        }
        let header = format!("{PARAM_PREFIX}{}", name.to_ascii_lowercase());
        if !self.names.insert(header.clone()) {
            return Err(invalid(path, "another property has this header already"));
        }
        let is_integer = kind == Some("integer");
        self.arguments.push(MirroredArgument { header, path: path.to_vec(), is_integer });
        Ok(())
    }
}

/// Fails when an annotation is anywhere in here, where no argument can be found by name alone.
fn forbid(value: &Value, at: &str) -> Result<(), InvalidAnnotation> {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                if key == "x-mcp-header" {
                    let problem = "the property cannot be reached by `properties` alone".to_owned();
                    return Err(InvalidAnnotation { at: at.to_owned(), problem });
                }
                forbid(value, &format!("{at}/{key}"))?;
            }
            Ok(())
        }
        Value::Array(values) => values.iter().try_for_each(|value| forbid(value, at)),
        _ => Ok(()),
    }
}

fn pointer(path: &[String]) -> String {
    path.iter().map(|name| format!("/properties/{name}")).collect()
}

fn invalid(path: &[String], problem: &str) -> InvalidAnnotation {
    InvalidAnnotation { at: pointer(path), problem: problem.to_owned() }
}

const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
}

impl MirroredArgument {
    /// The argument's value as text, before it is encoded; None when it is absent or null, and then there is no header.
    #[must_use]
    pub fn value(&self, arguments: &Raw) -> Option<String> {
        let mut value = arguments.clone();
        for name in &self.path {
            value = object::member(&value, name)?;
        }
        match value.as_str() {
            "null" => None,
            text if text.starts_with('"') => value.read().ok(),
            text => Some(text.to_owned()),
        }
    }

    /// Whether a header's decoded text says the same as the argument's value; integers are compared as numbers.
    #[must_use]
    pub fn agrees(&self, value: &str, header: &str) -> bool {
        let as_numbers = || matches!((integer(value), integer(header)), (Some(value), Some(header)) if value == header);
        value == header || (self.is_integer && as_numbers())
    }
}

/// `42`, `42.0` and `4.2e1` are the same integer.
fn integer(text: &str) -> Option<i64> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let number: f64 = text.parse().ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "whole numbers below 2^53 are exact")]
    (number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_991.0).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::proptest;

    use super::{decode, encode, mirrored};
    use crate::raw::Raw;

    fn raw(text: &str) -> Raw {
        Raw::parse(Bytes::copy_from_slice(text.as_bytes())).expect(text)
    }

    #[test]
    fn encodes_only_what_cannot_stand_as_it_is() {
        for plain in ["read_file", "file:///a b", "", "=?base64?x"] {
            assert_eq!(encode(plain), plain);
        }
        assert_eq!(encode("café"), "=?base64?Y2Fmw6k=?=");
        assert_eq!(encode(" a"), "=?base64?IGE=?=");
        assert_eq!(encode("=?base64?YQ==?="), format!("=?base64?{}?=", "PT9iYXNlNjQ/WVE9PT89"));
        assert_eq!(decode("  foo\t"), Some("foo".to_owned()));
        assert_eq!(decode("=?base64?***?="), None);
        assert_eq!(decode("=?base64?/w==?="), None);
    }

    proptest! {
        #[test]
        fn decodes_what_it_encodes(value in "\\PC{0,40}|[\\x00-\\x7f]{0,20}") {
            let header = encode(&value);
            assert!(header.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte)));
            assert_eq!(decode(&header), Some(value));
        }
    }

    #[test]
    fn finds_annotated_properties_at_any_depth() {
        let schema = raw(
            r#"{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"},"a":{"type":"object","properties":{"b":{"type":"integer","x-mcp-header":"Deep"}}}}}"#,
        );
        let found = mirrored(&schema).expect("valid");
        let arguments = raw(r#"{"region":"eu","a":{"b":42}}"#);
        let headers: Vec<_> =
            found.iter().map(|argument| (argument.header.as_str(), argument.value(&arguments))).collect();
        assert_eq!(headers, [("mcp-param-region", Some("eu".to_owned())), ("mcp-param-deep", Some("42".to_owned()))]);
        assert_eq!(found[0].value(&raw(r#"{"region":null}"#)), None);
        assert_eq!(found[1].value(&raw("{}")), None);
    }

    #[test]
    fn refuses_annotations_that_no_client_could_follow() {
        let property = |property: &str| raw(&format!(r#"{{"properties":{{"p":{property}}}}}"#));
        for schema in [
            property(r#"{"type":"number","x-mcp-header":"A"}"#),
            property(r#"{"x-mcp-header":"A"}"#),
            property(r#"{"type":"string","x-mcp-header":"A B"}"#),
            property(r#"{"type":"string","x-mcp-header":""}"#),
            property(r#"{"type":"string","x-mcp-header":1}"#),
            property(r#"{"type":"array","items":{"type":"string","x-mcp-header":"A"}}"#),
            property(r#"{"oneOf":[{"type":"string","x-mcp-header":"A"}]}"#),
            raw(r##"{"properties":{"p":{"$ref":"#/$defs/x"}},"$defs":{"x":{"type":"string","x-mcp-header":"A"}}}"##),
            raw(
                r#"{"properties":{"p":{"type":"string","x-mcp-header":"A"},"q":{"type":"string","x-mcp-header":"a"}}}"#,
            ),
        ] {
            assert!(mirrored(&schema).is_err(), "{schema:?}");
        }
    }

    #[test]
    fn a_property_may_have_any_name() {
        let schema = raw(r#"{"properties":{"x-mcp-header":{"type":"string"},"properties":{"type":"string"}}}"#);
        assert_eq!(mirrored(&schema), Ok(Vec::new()));
    }

    #[test]
    fn compares_integers_as_numbers_and_nothing_else() {
        for (kind, value, header, agrees) in [
            ("integer", "42", "42.0", true),
            ("integer", "42", "4.2e1", true),
            ("integer", "42", "43", false),
            ("boolean", "true", "true", true),
            ("boolean", "true", "True", false),
            ("string", "042", "42", false),
            ("string", "42", "42.0", false),
            ("string", "042", "042", true),
        ] {
            let schema = format!(r#"{{"properties":{{"p":{{"type":"{kind}","x-mcp-header":"A"}}}}}}"#);
            let found = mirrored(&raw(&schema)).expect("valid");
            assert_eq!(found[0].agrees(value, header), agrees, "{kind} {value} {header}");
        }
    }
}
