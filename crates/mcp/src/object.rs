//! Shallow reading and editing of JSON objects: one level is looked at, the rest is copied byte for byte.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::raw::Raw;
use crate::text::Text;
use crate::walk::{NotPlain, Walk, unescaped};

/// The value is not a JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a JSON object")]
pub struct NotAnObject;

/// The members of an object in their order, values untouched. A repeated key stays repeated; the last one counts.
struct Members<'a>(Vec<(Cow<'a, str>, &'a str)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Walk;
        impl<'de> Visitor<'de> for Walk {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(8);
                while let Some((Text(key), value)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    members.push((key, value.get()));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Walk)
    }
}

fn members(object: &Raw) -> Result<Members<'_>, NotAnObject> {
    match members_plain(object.as_str()) {
        Ok(members) => Ok(members),
        Err(NotPlain) => object.read().map_err(|_| NotAnObject),
    }
}

fn members_plain(object: &str) -> Result<Members<'_>, NotPlain> {
    let mut members = Vec::with_capacity(8);
    let mut walk = Walk::over(object)?;
    while let Some((key, value)) = walk.next()? {
        members.push((Cow::Borrowed(key), value));
    }
    Ok(Members(members))
}

/// Looks for some members in one walk, and keeps nothing of the others.
struct Pick<'k, const N: usize>([&'k str; N]);

impl<'de, const N: usize> DeserializeSeed<'de> for Pick<'_, N> {
    type Value = [Option<&'de RawValue>; N];

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, const N: usize> Visitor<'de> for Pick<'_, N> {
    type Value = [Option<&'de RawValue>; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = [None; N];
        while let Some(Text(key)) = map.next_key::<Text<'de>>()? {
            match self.0.iter().zip(&mut found).find(|(wanted, _)| **wanted == key) {
                Some((_, place)) => *place = Some(map.next_value()?),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found)
    }
}

/// The values of some members, each None when it is absent. Of a repeated key the last one counts.
pub fn pick<const N: usize>(object: &Raw, keys: [&str; N]) -> Result<[Option<Raw>; N], NotAnObject> {
    let found = match pick_plain(object.as_str(), keys) {
        Ok(found) => found,
        Err(NotPlain) => {
            let mut reader = serde_json::Deserializer::from_str(object.as_str());
            let found = Pick(keys).deserialize(&mut reader).map_err(|_| NotAnObject)?;
            found.map(|value| value.map(RawValue::get))
        }
    };
    Ok(found.map(|value| Some(Raw::within(object.buffer(), value?))))
}

fn pick_plain<'a, const N: usize>(object: &'a str, keys: [&str; N]) -> Result<[Option<&'a str>; N], NotPlain> {
    let mut found = [None; N];
    let mut members = Walk::over(object)?;
    while let Some((key, value)) = members.next()? {
        if let Some((_, place)) = keys.iter().zip(&mut found).find(|(wanted, _)| **wanted == key) {
            *place = Some(value);
        }
    }
    Ok(found)
}

/// The value of a member; None when it is absent or the value is no object.
#[must_use]
pub fn member(object: &Raw, key: &str) -> Option<Raw> {
    let [found] = pick(object, [key]).ok()?;
    found
}

/// The text of a member that is a string.
#[must_use]
pub fn string(object: &Raw, key: &str) -> Option<String> {
    member(object, key)?.read().ok()
}

/// The text of a member that is there once and a string without escapes, without a copy. None is no answer: everything
/// else needs a closer look.
#[must_use]
pub fn plain_string<'a>(object: &'a Raw, key: &str) -> Option<&'a str> {
    let mut found = None;
    let mut members = Walk::over(object.as_str()).ok()?;
    while let Some((name, value)) = members.next().ok()? {
        if name == key && found.replace(value).is_some() {
            return None;
        }
    }
    unescaped(found?)
}

/// All members in their order.
pub fn entries(object: &Raw) -> Result<Vec<(String, Raw)>, NotAnObject> {
    let members = members(object)?;
    Ok(members.0.into_iter().map(|(key, value)| (key.into_owned(), Raw::within(object.buffer(), value))).collect())
}

/// The elements of an array, untouched; None when it is none.
#[must_use]
pub fn elements(array: &Raw) -> Option<Vec<Raw>> {
    let values: Vec<&RawValue> = array.read().ok()?;
    Some(values.into_iter().map(|value| Raw::within(array.buffer(), value.get())).collect())
}

/// The object with a member set, in its old place when it was there, else at the end.
pub fn with(object: &Raw, key: &str, value: &Raw) -> Result<Raw, NotAnObject> {
    with_all(object, [(key, value)])
}

/// The object with some members set, as by [`with`] one after the other.
pub fn with_all<'a>(
    object: &'a Raw,
    changes: impl IntoIterator<Item = (&'a str, &'a Raw)>,
) -> Result<Raw, NotAnObject> {
    edit(object, |members| {
        for (key, value) in changes {
            let mut found = false;
            for (name, old) in members.iter_mut() {
                if name == key {
                    *old = value.as_str();
                    found = true;
                }
            }
            if !found {
                members.push((Cow::Borrowed(key), value.as_str()));
            }
        }
    })
}

/// The object without the members that `drop` says yes to.
pub fn without(object: &Raw, drop: impl Fn(&str) -> bool) -> Result<Raw, NotAnObject> {
    edit(object, |members| members.retain(|(name, _)| !drop(name)))
}

fn edit<'a>(object: &'a Raw, change: impl FnOnce(&mut Vec<(Cow<'a, str>, &'a str)>)) -> Result<Raw, NotAnObject> {
    let mut list = members(object)?.0;
    change(&mut list);
    Ok(write(list.iter().map(|(key, value)| (key.as_ref(), *value))))
}

/// An object made of members whose values are JSON text already.
#[must_use]
pub fn build<'a>(members: impl IntoIterator<Item = (&'a str, &'a Raw)>) -> Raw {
    write(members.into_iter().map(|(key, value)| (key, value.as_str())))
}

fn write<'a>(members: impl Iterator<Item = (&'a str, &'a str)>) -> Raw {
    let mut out = String::from("{");
    for (index, (key, value)) in members.enumerate() {
        if index > 0 {
            out.push(',');
        }
        crate::codec::put_string(&mut out, key);
        out.push(':');
        out.push_str(value);
    }
    out.push('}');
    Raw::trusted(out)
}

/// An array of values that are JSON text already.
#[must_use]
pub fn array<'a>(values: impl IntoIterator<Item = &'a Raw>) -> Raw {
    let mut out = String::from("[");
    for (index, value) in values.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str(value.as_str());
    }
    out.push(']');
    Raw::trusted(out)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{array, build, elements, entries, member, pick, plain_string, with, with_all, without};
    use crate::raw::Raw;

    fn raw(text: &'static str) -> Raw {
        Raw::parse(Bytes::from_static(text.as_bytes())).expect(text)
    }

    #[test]
    fn finds_members_without_touching_them() {
        let object = raw(r#"{"a":{"b" : [1, 2]},"a\u0062":1e400,"x":1,"x":2}"#);
        assert_eq!(member(&object, "a"), Some(raw(r#"{"b" : [1, 2]}"#)));
        assert_eq!(member(&object, "ab"), Some(raw("1e400")));
        assert_eq!(member(&object, "x"), Some(raw("2")));
        assert_eq!(member(&object, "y"), None);
        assert_eq!(member(&raw("[1]"), "y"), None);
        assert_eq!(pick(&object, ["x", "y", "a"]), Ok([Some(raw("2")), None, Some(raw(r#"{"b" : [1, 2]}"#))]));
        assert!(pick(&raw("\"a\""), ["a"]).is_err());
        assert_eq!(entries(&object).map(|list| list.len()), Ok(4));
    }

    #[test]
    fn reads_plain_strings_alone() {
        let object = raw(r#"{"a":"ü","b":"\n","c":1,"d":"x","d":"x"}"#);
        assert_eq!(plain_string(&object, "a"), Some("ü"));
        for key in ["b", "c", "d", "e"] {
            assert_eq!(plain_string(&object, key), None, "{key}");
        }
        assert_eq!(plain_string(&raw(r#"{"\u0061":1,"b":"x"}"#), "b"), None);
    }

    #[test]
    fn sets_and_removes_members() {
        let object = raw(r#"{ "a": 1.0, "b": "\u00e9" }"#);
        assert_eq!(with(&object, "a", &raw("2")), Ok(raw(r#"{"a":2,"b":"\u00e9"}"#)));
        assert_eq!(with(&object, "c", &raw("[]")), Ok(raw(r#"{"a":1.0,"b":"\u00e9","c":[]}"#)));
        assert_eq!(with(&raw("{}"), "q\"", &raw("1")), Ok(raw(r#"{"q\"":1}"#)));
        let changes = [("b", &raw("0")), ("c", &raw("[]")), ("c", &raw("{}"))];
        assert_eq!(with_all(&object, changes), Ok(raw(r#"{"a":1.0,"b":0,"c":{}}"#)));
        assert_eq!(without(&object, |key| key == "a"), Ok(raw(r#"{"b":"\u00e9"}"#)));
        assert!(with(&raw("1"), "a", &raw("2")).is_err());
    }

    #[test]
    fn builds_what_it_can_take_apart() {
        let list = array([&raw("1"), &raw("{}")]);
        assert_eq!(elements(&list), Some(vec![raw("1"), raw("{}")]));
        assert_eq!(build([("k", &list)]), raw(r#"{"k":[1,{}]}"#));
    }
}
