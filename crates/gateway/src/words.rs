//! Schemas of members whose values are words of a list, with the list in them. What is said of the
//! member has to be said here, as a schema of one's own takes its place.

use serde_json::Value;
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};

pub(crate) fn one_of(about: &str, words: impl Iterator<Item = &'static str>) -> Object {
    ObjectBuilder::new().schema_type(Type::String).description(Some(about)).enum_values(Some(words)).build()
}

pub(crate) fn one_of_or_null(about: &str, words: impl Iterator<Item = &'static str>) -> Object {
    let words = words.map(Value::from).chain([Value::Null]);
    let either = SchemaType::from_iter([Type::String, Type::Null]);
    ObjectBuilder::new().schema_type(either).description(Some(about)).enum_values(Some(words)).build()
}
