//! A message from a client. Decodes it once and hands it to the dialect that it is written in.

use std::pin::Pin;

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};

use super::address::Address;
use super::body::BodyError;
use super::exchange::Exchange;
use super::{McpEndpoints, accept, body, endpoint, incoming, legacy, modern, refusal, respond};

pub(super) async fn handle(
    address: Address<'_>,
    request: &HttpRequest,
    payload: Payload,
    endpoints: &McpEndpoints,
) -> HttpResponse {
    let entry = match endpoint::enter(address, request, endpoints) {
        Ok(entry) => entry,
        Err(refused) => return refused,
    };
    let headers = request.headers();
    if !accept::is_json(headers) {
        return refusal::unsupported_media_type();
    }
    let Some(accepts) = accept::accepts(headers) else { return refusal::not_acceptable() };
    let limit = endpoints.config.max_body_bytes;
    let body = match body::read(headers, payload, limit).await {
        Ok(body) => body,
        Err(BodyError::TooLarge) => return refusal::too_large(limit),
        Err(BodyError::Broken) => return HttpResponse::BadRequest().finish(),
        Err(BodyError::Slow) => return HttpResponse::RequestTimeout().finish(),
    };
    let incoming = match incoming::decode(&body) {
        Ok(incoming) => incoming,
        Err(malformed) => return refusal::malformed(&malformed),
    };
    let taken = if modern::is_modern(&incoming, headers) {
        Taken::Apart(Box::pin(modern::post(entry, request, accepts, incoming, endpoints)))
    } else {
        legacy::post(entry, request, accepts, incoming, endpoints)
    };
    match taken {
        Taken::Answered(response) => response,
        Taken::Relayed(exchange) => respond::respond(exchange, accepts, &endpoints.config).await,
        Taken::Apart(answer) => answer.await,
    }
}

/// What becomes of a message. Apart from those who wait, so that the future of a common request is small: it is made for
/// each one.
pub(super) enum Taken<'a> {
    Answered(HttpResponse),
    /// A request in a session, on its way.
    Relayed(Exchange),
    /// What is rare or large.
    Apart(Pin<Box<dyn Future<Output = HttpResponse> + 'a>>),
}
