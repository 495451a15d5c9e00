//! Request bodies: size, media type and JSON, and what is said when they are wrong. Never repeats a value that was
//! sent: it may be a secret.

mod objects;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::api_error::{ApiError, Code};
use crate::body::objects::Objects;
use crate::misread;

/// A JSON body, read.
#[derive(Debug)]
pub struct Json<T>(pub T);

/// A JSON body that may be left out.
#[derive(Debug)]
pub struct OptionalJson<T>(pub T);

/// A text body of a file: JSON with comments, whatever it is called.
#[derive(Debug)]
pub struct FileText(pub String);

/// A client that takes longer to send its body is holding a connection for nothing.
const PATIENCE: Duration = Duration::from_secs(30);

fn read(request: &HttpRequest, payload: &mut Payload) -> impl Future<Output = Result<web::Bytes, ApiError>> + use<> {
    let bytes = web::Bytes::from_request(request, payload);
    async move {
        match tokio::time::timeout(PATIENCE, bytes).await {
            Ok(bytes) => bytes.map_err(unreadable),
            Err(_) => Err(ApiError::new(Code::MalformedRequest, "the body did not arrive within 30 s")),
        }
    }
}

type Reading<T> = Pin<Box<dyn Future<Output = Result<T, ApiError>>>>;

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = ApiError;
    type Future = Reading<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let accepted = is_json(request);
        let bytes = read(request, payload);
        Box::pin(async move {
            let bytes = bytes.await?;
            if !accepted {
                return Err(not_json());
            }
            parse(&bytes).map(Self)
        })
    }
}

impl<T: DeserializeOwned + Default + 'static> FromRequest for OptionalJson<T> {
    type Error = ApiError;
    type Future = Reading<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let accepted = is_json(request);
        let bytes = read(request, payload);
        Box::pin(async move {
            let bytes = bytes.await?;
            if bytes.is_empty() {
                return Ok(Self(T::default()));
            }
            if !accepted {
                return Err(not_json());
            }
            parse(&bytes).map(Self)
        })
    }
}

impl FromRequest for FileText {
    type Error = ApiError;
    type Future = Reading<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let accepted = is_json(request) || media_type(request) == Some("text/plain");
        let bytes = read(request, payload);
        Box::pin(async move {
            let bytes = bytes.await?;
            if !accepted {
                return Err(ApiError::new(
                    Code::UnsupportedMediaType,
                    "send the file as application/json or text/plain",
                ));
            }
            String::from_utf8(bytes.into())
                .map(Self)
                .map_err(|_| ApiError::new(Code::MalformedRequest, "the file is not UTF-8 text"))
        })
    }
}

fn media_type(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or(value).trim())
}

fn is_json(request: &HttpRequest) -> bool {
    media_type(request).is_some_and(|media_type| {
        let ends = |suffix: &str| media_type.to_ascii_lowercase().ends_with(suffix);
        ends("/json") || ends("+json") || ends("/jsonc") || ends("/json5")
    })
}

fn not_json() -> ApiError {
    ApiError::new(Code::UnsupportedMediaType, "send the body as application/json")
}

fn unreadable(error: actix_web::Error) -> ApiError {
    match error.as_error::<PayloadError>() {
        Some(PayloadError::Overflow) => ApiError::new(Code::TooLarge, "the body is larger than this server takes"),
        _ => ApiError::new(Code::MalformedRequest, "the body could not be read"),
    }
}

fn parse<T: DeserializeOwned>(bytes: &Bytes) -> Result<T, ApiError> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(Objects(&mut deserializer)).map_err(|error| {
        let path = error.path().to_string();
        refuse(path, error.inner())
    })?;
    deserializer.end().map_err(|error| refuse(String::new(), &error))?;
    Ok(value)
}

fn refuse(path: String, error: &serde_json::Error) -> ApiError {
    let text = error.to_string();
    // A refused value has no place of its own; the path says where it is.
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    if error.is_data() {
        return misread::refuse(path, what);
    }
    ApiError::new(Code::MalformedJson, format!("line {}, column {}: {what}", error.line(), error.column()))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde::Deserialize;

    use super::parse;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        #[expect(dead_code, reason = "only its reading is of interest")]
        inner: Inner,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "only its reading is of interest")]
        count: u32,
        #[serde(default)]
        #[expect(dead_code, reason = "only its reading is of interest")]
        any: Vec<Tagged>,
        #[serde(default)]
        #[expect(dead_code, reason = "only its reading is of interest")]
        one: Option<Variant>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(tag = "type", rename_all = "snake_case")]
    enum Tagged {
        Named {
            #[expect(dead_code, reason = "only its reading is of interest")]
            names: Vec<String>,
        },
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Variant {
        Inside {
            #[expect(dead_code, reason = "only its reading is of interest")]
            count: u32,
        },
    }

    fn check(text: &'static str, expected: &str) {
        let error = parse::<Body>(&Bytes::from_static(text.as_bytes())).unwrap_err();
        assert_eq!(error.to_string(), expected, "{text}");
    }

    #[test]
    fn says_what_is_wrong_without_repeating_values() {
        check(
            r#"{"inner": {"count": "hunter2"}}"#,
            "inner.count: expected a whole number from 0 to 4294967295, found string",
        );
        check(
            r#"{"inner": {"count": -5}}"#,
            "inner.count: expected a whole number from 0 to 4294967295, found integer",
        );
        check(r#"{"inner": {"count": 1, "hunter": 2}}"#, "inner.hunter: it is not known here");
        check(r#"{"outer": 1}"#, "outer: it is not known here");
        check(r#"{"inner": {}}"#, "inner.count: it is missing");
        check("{}", "inner: it is missing");
        check(r#"{"inner": {"count": 1, "count": 2}}"#, "inner.count: it is there twice");
        check("{\n  \"inner\" 1}", "line 2, column 11: expected `:`");
        check(r#"{"inner": {"count": 1}} x"#, "line 1, column 25: trailing characters");
        check("", "line 1, column 0: EOF while parsing a value");
    }

    #[test]
    fn takes_no_array_for_an_object() {
        check(r#"[{"count": 1}]"#, "expected an object, found array");
        check(" [", "expected an object, found array");
        check(r#"{"inner": [1]}"#, "inner: expected an object, found array");
        check(r#"{"inner": {"count": 1, "any": [["named", []]]}}"#, "inner.any[0]: expected an object, found array");
        check(
            r#"{"inner": {"count": 1, "one": {"inside": [1]}}}"#,
            "inner.one.inside: expected an object, found array",
        );
        check(r#"{"inner": {"count": {}}}"#, "inner.count: expected a whole number from 0 to 4294967295, found object");
        let body =
            r#"{"inner": {"count": 1, "any": [{"type": "named", "names": ["a"]}], "one": {"inside": {"count": 1}}}}"#;
        parse::<Body>(&Bytes::from_static(body.as_bytes())).unwrap();
    }
}
