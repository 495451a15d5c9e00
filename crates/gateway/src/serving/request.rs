//! From the head of a request to what the application takes.

use std::net::SocketAddr;

use actix_http::header::{HeaderName, HeaderValue};
use actix_http::{Method, Request, Uri, Version};
use orch_http1::request::Head;

use super::feed::Sent;

/// None when its method, address or headers are none.
pub(super) fn build(head: &Head, body: Sent, peer: SocketAddr) -> Option<Request> {
    let mut request = Request::with_payload(body.into());
    let to = request.head_mut();
    to.method = match head.method() {
        // What answers the one answers the other, and the connection leaves the body out.
        b"HEAD" => Method::GET,
        method => Method::from_bytes(method).ok()?,
    };
    to.uri = Uri::from_maybe_shared(head.target()).ok()?;
    to.version = if head.is_1_1 { Version::HTTP_11 } else { Version::HTTP_10 };
    to.peer_addr = Some(peer);
    for (name, value) in head.headers() {
        let name = HeaderName::from_bytes(name).ok()?;
        to.headers_mut().append(name, HeaderValue::from_maybe_shared(value).ok()?);
    }
    Some(request)
}
