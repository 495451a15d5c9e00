//! Request bodies: size, media type and JSON, and what is said when they are wrong. Never repeats a value that was
//! sent: it may be a secret.

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
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        refuse(if path == "." { String::new() } else { path }, error.inner())
    })?;
    deserializer.end().map_err(|error| refuse(String::new(), &error))?;
    Ok(value)
}

fn refuse(path: String, error: &serde_json::Error) -> ApiError {
    let (line, column) = (error.line(), error.column());
    if error.is_data() {
        let (field, problem) = describe(path, &error.to_string());
        return ApiError::invalid(field, problem, "");
    }
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or(&text);
    ApiError::new(Code::MalformedJson, format!("line {line}, column {column}: {what}"))
}

/// The field and the problem in words, without the value that was sent.
fn describe(path: String, message: &str) -> (String, String) {
    let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
    if let Some(rest) = message.strip_prefix("unknown field `")
        && let Some((name, _)) = rest.split_once('`')
    {
        // The path ends in the unknown field already.
        let field = if path.is_empty() { name.to_owned() } else { path };
        return (field, "this field is not known here".to_owned());
    }
    if let Some(rest) = message.strip_prefix("missing field `")
        && let Some((name, _)) = rest.split_once('`')
    {
        return (below(&path, name), "it is missing".to_owned());
    }
    if message.starts_with("unknown variant `") {
        let expected = message.rsplit_once("expected ").map_or("something else", |(_, expected)| expected);
        return (path, format!("expected {expected}"));
    }
    for start in ["invalid type: ", "invalid value: ", "invalid length "] {
        if let Some(rest) = message.strip_prefix(start) {
            let expected = rest.rsplit_once(", expected ").map_or("something else", |(_, expected)| expected);
            let found = rest.split(['"', '`', ',']).next().unwrap_or_default().trim();
            return (path, format!("expected {expected}, found {found}"));
        }
    }
    if let Some(rest) = message.strip_prefix("duplicate field `")
        && let Some((name, _)) = rest.split_once('`')
    {
        return (below(&path, name), "it is there twice".to_owned());
    }
    (path, "it cannot be read".to_owned())
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
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
    }

    fn check(text: &'static str, expected: &str) {
        let error = parse::<Body>(&Bytes::from_static(text.as_bytes())).unwrap_err();
        assert_eq!(error.to_string(), expected, "{text}");
    }

    #[test]
    fn says_what_is_wrong_without_repeating_values() {
        check(r#"{"inner": {"count": "hunter2"}}"#, "inner.count: expected u32, found string");
        check(r#"{"inner": {"count": -5}}"#, "inner.count: expected u32, found integer");
        check(r#"{"inner": {"count": 1, "hunter": 2}}"#, "inner.hunter: this field is not known here");
        check(r#"{"outer": 1}"#, "outer: this field is not known here");
        check(r#"{"inner": {}}"#, "inner.count: it is missing");
        check("{}", "inner: it is missing");
        check(r#"{"inner": {"count": 1, "count": 2}}"#, "inner.count: it is there twice");
        check("{\n  \"inner\" 1}", "line 2, column 11: expected `:`");
        check(r#"{"inner": {"count": 1}} x"#, "line 1, column 25: trailing characters");
        check("", "line 1, column 0: EOF while parsing a value");
    }
}
