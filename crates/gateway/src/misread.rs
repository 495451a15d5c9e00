//! What is said about content that does not read as what it shall be, in a body or a query: the field and the problem,
//! never the value that was sent, which may be a secret.

use crate::api_error::ApiError;

/// From what serde says, and the path that it says it of.
pub(crate) fn refuse(path: String, message: &str) -> ApiError {
    let path = if path == "." { String::new() } else { path };
    let (field, problem) = describe(path, message);
    ApiError::invalid(field, problem, "")
}

fn describe(path: String, message: &str) -> (String, String) {
    if let Some(name) = named(message, "unknown field `") {
        // The path ends in the unknown field already, but not where an object is read twice, its tag first.
        let is_there = path.strip_suffix(name).is_some_and(|above| above.is_empty() || above.ends_with('.'));
        let field = if is_there { path } else { below(&path, name) };
        return (field, "it is not known here".to_owned());
    }
    if let Some(name) = named(message, "missing field `") {
        return (below(&path, name), "it is missing".to_owned());
    }
    if let Some(name) = named(message, "duplicate field `") {
        return (below(&path, name), "it is there twice".to_owned());
    }
    if message.starts_with("unknown variant `") {
        let expected = message.rsplit_once("expected ").map_or("something else", |(_, expected)| expected);
        return (path, format!("expected {expected}"));
    }
    for start in ["invalid type: ", "invalid value: ", "invalid length "] {
        if let Some(rest) = message.strip_prefix(start) {
            let expected = rest.rsplit_once(", expected ").map_or("something else", |(_, expected)| expected);
            let found = rest.split(['"', '`', ',']).next().unwrap_or_default().trim();
            return (path, format!("expected {}, found {}", in_words(expected), found_in_words(found)));
        }
    }
    (path, "it cannot be read".to_owned())
}

fn named<'a>(message: &'a str, start: &str) -> Option<&'a str> {
    let (name, _) = message.strip_prefix(start)?.split_once('`')?;
    Some(name)
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// What was expected, without the names that types have here.
fn in_words(expected: &str) -> String {
    let range = |max: u64| format!("a whole number from 0 to {max}");
    match expected {
        "u8" => range(u8::MAX.into()),
        "u16" => range(u16::MAX.into()),
        "u32" => range(u32::MAX.into()),
        "u64" => range(u64::MAX),
        "i8" | "i16" | "i32" | "i64" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "an array".to_owned(),
        "a map" => "an object".to_owned(),
        other if ["struct ", "internally tagged enum "].iter().any(|start| other.starts_with(start)) => {
            "an object".to_owned()
        }
        other => other.to_owned(),
    }
}

fn found_in_words(found: &str) -> &str {
    match found {
        "sequence" => "array",
        "map" => "object",
        other => other,
    }
}
