//! The query of a request's URL, and what is said when it is wrong: the same as of a body, naming the parameter.

use std::borrow::Cow;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::de::value::{Error as ReadError, MapDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use crate::api_error::ApiError;
use crate::misread;

/// The query of a request, read; unknown parameters are refused.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse(request.query_string()).map(Self))
    }
}

fn parse<T: DeserializeOwned>(query: &str) -> Result<T, ApiError> {
    let parameters = url::form_urlencoded::parse(query.as_bytes()).map(|(name, text)| (name, Text(text)));
    serde_path_to_error::deserialize(MapDeserializer::new(parameters))
        .map_err(|error| misread::refuse(error.path().to_string(), &error.inner().to_string()))
}

/// The text of a parameter, which is read as what is asked for.
struct Text<'a>(Cow<'a, str>);

impl<'de> IntoDeserializer<'de> for Text<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! parsed {
    ($($deserialize:ident $visit:ident)*) => {$(
        fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            match self.0.parse() {
                Ok(value) => visitor.$visit(value),
                Err(_) => Err(ReadError::invalid_value(Unexpected::Other("another text"), &visitor)),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Text<'de> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.0 {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    parsed! {
        deserialize_bool visit_bool
        deserialize_u8 visit_u8
        deserialize_u16 visit_u16
        deserialize_u32 visit_u32
        deserialize_u64 visit_u64
        deserialize_i8 visit_i8
        deserialize_i16 visit_i16
        deserialize_i32 visit_i32
        deserialize_i64 visit_i64
        deserialize_f32 visit_f32
        deserialize_f64 visit_f64
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_enum(self.0.into_deserializer())
    }

    forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::parse;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        by: By,
        limit: Option<u32>,
        own: Option<bool>,
        search: Option<String>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum By {
        Tool,
        User,
    }

    fn refused(query: &str, expected: &str) {
        let error = parse::<Asked>(query).unwrap_err();
        assert_eq!(error.to_string(), expected, "{query}");
        assert_eq!(error.code().as_str(), "invalid");
    }

    #[test]
    fn reads_each_parameter_as_what_it_is() {
        let asked = parse::<Asked>("limit=5&by=user&own=true&search=a%20b%26c+d").unwrap();
        let search = Some("a b&c d".to_owned());
        assert_eq!(asked, Asked { by: By::User, limit: Some(5), own: Some(true), search });
        assert_eq!(parse::<Asked>("by=tool").unwrap(), Asked { by: By::Tool, limit: None, own: None, search: None });
    }

    #[test]
    fn names_the_parameter_that_is_wrong() {
        refused("by=tool&limit=x", "limit: expected a whole number from 0 to 4294967295, found another text");
        refused("by=tool&limit=", "limit: expected a whole number from 0 to 4294967295, found another text");
        refused("by=tool&own=yes", "own: expected true or false, found another text");
        refused("by=day", "by: expected `tool` or `user`");
        refused("limit=5", "by: it is missing");
        refused("by=tool&page=2", "page: it is not known here");
        refused("by=tool&by=user", "by: it is there twice");
    }
}
