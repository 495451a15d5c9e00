//! The text of a header.

use actix_web::http::header::HeaderValue;

/// Looks at many bytes at once, where `HeaderValue::to_str` looks at each. Lets letters beyond ASCII pass, which none of the
/// values has that somebody is looked up by.
pub(super) fn of(value: &HeaderValue) -> Option<&str> {
    std::str::from_utf8(value.as_bytes()).ok()
}
