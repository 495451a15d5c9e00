//! Names of members by which policy decides and that a server could read otherwise than we do. JSON leaves open what a
//! repeated key means, and some servers find members without regard to case; what could be read in two ways is refused.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::RpcError;
use crate::raw::Raw;
use crate::text::Text;
use crate::walk::{NotPlain, Walk};

/// What is called, with what, and on whose behalf.
const DECISIVE: [&str; 9] =
    ["name", "uri", "arguments", "ref", "_meta", "task", "taskId", "inputResponses", "requestState"];

/// Checks the params of a request, and the reference within them. -32602 says which member is wrong. Copies nothing but
/// keys that are written with escapes.
pub fn check(params: &Raw) -> Result<(), RpcError> {
    if is_plain(params.as_str()) == Ok(true) {
        return Ok(());
    }
    let Some(reference) = checked(params.as_str(), "params")? else { return Ok(()) };
    checked(reference.get(), "params.ref").map(|_| ())
}

/// Whether each name is there once at most and in its own spelling, also in the reference.
fn is_plain(text: &str) -> Result<bool, NotPlain> {
    let mut seen = [false; DECISIVE.len()];
    let mut members = Walk::over(text)?;
    while let Some((key, value)) = members.next()? {
        let mut names = DECISIVE.iter().zip(&mut seen);
        let Some((name, seen)) = names.find(|(name, _)| are_alike(key, name)) else { continue };
        let is_wrong = key != *name || std::mem::replace(seen, true);
        if is_wrong || (*name == "ref" && value.starts_with('{') && !is_plain(value)?) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Gives the reference. What is no object has no members, and is refused by whoever needs some.
fn checked<'a>(text: &'a str, shown: &str) -> Result<Option<&'a RawValue>, RpcError> {
    if !text.starts_with('{') {
        return Ok(None);
    }
    let unreadable = |error: serde_json::Error| RpcError::invalid_params(format!("{shown}: {error}"));
    let Checked { wrong, reference } = serde_json::from_str(text).map_err(unreadable)?;
    Err(RpcError::invalid_params(match wrong {
        None => return Ok(reference),
        Some(Wrong::Twice(name)) => format!("{shown} has `{name}` twice"),
        Some(Wrong::Like(key, name)) => format!("{shown} has `{key}`, which some servers read as `{name}`"),
    }))
}

/// What was seen in one object.
#[derive(Default)]
struct Checked<'a> {
    wrong: Option<Wrong<'a>>,
    reference: Option<&'a RawValue>,
}

enum Wrong<'a> {
    Twice(&'static str),
    Like(Cow<'a, str>, &'static str),
}

impl<'de> Deserialize<'de> for Checked<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Walk;
        impl<'de> Visitor<'de> for Walk {
            type Value = Checked<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut checked = Checked::default();
                let mut seen = [false; DECISIVE.len()];
                while let Some((Text(key), value)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    let mut names = DECISIVE.iter().zip(&mut seen);
                    let Some((name, seen)) = names.find(|(name, _)| are_alike(&key, name)) else { continue };
                    if key != *name {
                        checked.wrong.get_or_insert(Wrong::Like(key, name));
                    } else if std::mem::replace(seen, true) {
                        checked.wrong.get_or_insert(Wrong::Twice(name));
                    } else if *name == "ref" {
                        checked.reference = Some(value);
                    }
                }
                Ok(checked)
            }
        }
        deserializer.deserialize_map(Walk)
    }
}

/// Whether a decoder that pays no regard to case takes one for the other.
fn are_alike(key: &str, name: &str) -> bool {
    if key.is_ascii() {
        return key.eq_ignore_ascii_case(name);
    }
    key.chars().map(folded).eq(name.chars().map(folded))
}

/// Two letters beyond ASCII fold to letters in it: the long s and the sign of the kelvin.
const fn folded(letter: char) -> char {
    match letter {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::{any, prop, proptest};

    use super::{DECISIVE, check};
    use crate::raw::Raw;

    fn checked(params: &str) -> Result<(), String> {
        let params = Raw::parse(Bytes::copy_from_slice(params.as_bytes())).expect(params);
        check(&params).map_err(|error| {
            assert_eq!(error.code, -32602);
            error.message
        })
    }

    #[test]
    fn what_can_be_read_in_one_way_passes() {
        for params in [
            "{}",
            r#"{"name":"a","arguments":{"Name":1,"name":2,"name":3},"_meta":{"Name":1},"other":1,"other":2}"#,
            r#"{"ref":{"type":"ref/prompt","name":"a"},"argument":{"name":"x","name":"y"}}"#,
            r#"{"names":1,"nam":2,"näme":3,"":4}"#,
            "[1]",
        ] {
            assert_eq!(checked(params), Ok(()), "{params}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        let refused = |params: &str| checked(params).expect_err(params);
        assert_eq!(
            refused(r#"{"name":"allowed","Name":"denied"}"#),
            "params has `Name`, which some servers read as `name`"
        );
        assert_eq!(refused(r#"{"URI":"file:///a"}"#), "params has `URI`, which some servers read as `uri`");
        assert_eq!(refused(r#"{"name":"a","n\u0061me":"b"}"#), "params has `name` twice");
        assert_eq!(refused(r#"{"ref":{"name":"a","name":"b"}}"#), "params.ref has `name` twice");
        assert_eq!(
            refused(r#"{"ref":{"name":"a","URI":"b"}}"#),
            "params.ref has `URI`, which some servers read as `uri`"
        );
        assert_eq!(refused(r#"{"ref":{"name":"a"},"ref":{"name":"b"}}"#), "params has `ref` twice");
        assert!(refused("{\"ta\u{17f}\u{212a}\":{}}").ends_with("which some servers read as `task`"));
        assert!(refused(r#"{"\u004eame":"a"}"#).contains("`Name`"));
        assert!(refused(r#"{"name":"a","Name":"b","\ud800":1}"#).starts_with("params: "));
    }

    proptest! {
        #[test]
        fn one_spelling_of_one_name_passes_and_no_other(
            name in prop::sample::select(DECISIVE.to_vec()),
            upper in prop::collection::vec(any::<bool>(), 16),
            before: bool,
        ) {
            let spelt: String = name
                .chars()
                .zip(&upper)
                .map(|(letter, upper)| if *upper { letter.to_ascii_uppercase() } else { letter })
                .collect();
            let (first, second) = if before { (spelt.as_str(), name) } else { (name, spelt.as_str()) };
            assert!(checked(&format!(r#"{{"{first}":1,"x":2,"{second}":3}}"#)).is_err());
            assert_eq!(checked(&format!(r#"{{"{spelt}":1,"x":2}}"#)).is_ok(), spelt == name);
        }
    }
}
