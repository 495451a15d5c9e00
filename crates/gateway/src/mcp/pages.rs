//! What a browser has to be told before a page of another origin may use an endpoint: CORS, as the Fetch standard has it.
//! Decides nothing: origins that may not ask do not come this far. Never with credentials of the browser's own: endpoints
//! take no cookies.

use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HeaderMap, HeaderValue, VARY,
};
use orch_http1::request::Head;

use crate::fields::Fields as _;

/// The page that asks, if it is one.
pub(super) fn origin(head: &Head) -> Option<HeaderValue> {
    HeaderValue::from_bytes(head.first("origin")?).ok()
}

/// Lets the page read the response.
pub(super) fn let_read(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    headers.append(VARY, ORIGIN);
}

/// Tells the browser, which asks before the page may, what can be sent here.
pub(super) fn let_send(headers: &mut HeaderMap, methods: &'static str) {
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, SENT);
    headers.insert(ACCESS_CONTROL_MAX_AGE, AN_HOUR);
}

const ORIGIN: HeaderValue = HeaderValue::from_static("origin");
/// What a client of some revision reads.
const EXPOSED: HeaderValue =
    HeaderValue::from_static("mcp-session-id, mcp-protocol-version, retry-after, www-authenticate, x-request-id");
/// All, as clients of 2026-07-28 mirror parameters in headers whose names the tools give. The star does not stand for the
/// credential.
const SENT: HeaderValue = HeaderValue::from_static("authorization, *");
const AN_HOUR: HeaderValue = HeaderValue::from_static("3600");
