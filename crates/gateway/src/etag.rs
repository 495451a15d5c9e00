//! Versions on the wire: `ETag` on answers, `If-Match` on changes.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{FromRequest, HttpRequest};

use crate::api_error::{ApiError, Code};

/// The `ETag` of a version.
pub(crate) fn of(version: u32) -> (header::HeaderName, String) {
    (header::ETAG, format!("\"{version}\""))
}

/// The version that the client has seen, if it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IfMatch(pub Option<u32>);

impl FromRequest for IfMatch {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse(request.headers().get(header::IF_MATCH)).map(Self))
    }
}

/// A tag that is none of ours can match nothing, a weak one never matches.
fn parse(value: Option<&HeaderValue>) -> Result<Option<u32>, ApiError> {
    let Some(value) = value else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    if text.contains(',') {
        return Err(ApiError::new(Code::MalformedRequest, "If-Match takes one ETag here"));
    }
    let version = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).and_then(|text| text.parse().ok());
    version.map(Some).ok_or_else(|| ApiError::new(Code::Stale, "If-Match is not an ETag that was given out"))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::parse;

    #[test]
    fn reads_what_it_writes() {
        let check = |text: &'static str| parse(Some(&HeaderValue::from_static(text))).ok();
        assert_eq!(check("\"7\""), Some(Some(7)));
        assert_eq!(check("*"), Some(None));
        for text in ["7", "W/\"7\"", "\"x\"", "\"1\", \"2\"", ""] {
            assert_eq!(check(text), None, "{text}");
        }
        assert_eq!(parse(None).ok(), Some(None));
    }
}
