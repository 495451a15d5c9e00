//! A message from a client. Decodes it once and hands it to the dialect that it is written in.

use std::pin::Pin;

use actix_web::HttpResponse;

use super::accept::Accepts;
use super::address::Address;
use super::exchange::Exchange;
use super::{Answered, Http, McpEndpoints, accept, body, endpoint, incoming, legacy, modern, refusal, respond};
use crate::serving::alarm::Alarm;
use crate::serving::feed::Sent;

pub(super) async fn handle(
    address: Address<'_>,
    http: Http<'_>,
    body: Sent,
    endpoints: &McpEndpoints,
    patience: &mut Alarm,
) -> Answered {
    let entry = match endpoint::enter(address, http, endpoints) {
        Ok(entry) => entry,
        Err(refused) => return refused.answer(incoming::id_of(&body).as_ref()).into(),
    };
    let head = http.head;
    if !accept::is_json(head) {
        return refusal::unsupported_media_type().into();
    }
    let Some(accepts) = accept::accepts(head) else { return refusal::not_acceptable().into() };
    // What is allowed may be so no more once a body has been waited for.
    let entry = matches!(body, Sent::Whole(_)).then_some(entry);
    let body = match body::read(head, body, endpoints.config.max_body_bytes).await {
        Ok(body) => body,
        Err(error) => return refusal::no_body(error).into(),
    };
    let entry = match entry.map_or_else(|| endpoint::enter(address, http, endpoints), Ok) {
        Ok(entry) => entry,
        Err(refused) => return refused.answer(None).into(),
    };
    let incoming = match incoming::decode(&body) {
        Ok(incoming) => incoming,
        Err(malformed) => return refusal::malformed(head, &malformed).into(),
    };
    let taken = if modern::is_modern(&incoming, head) {
        Taken::Apart(Box::pin(modern::post(entry, head, accepts, incoming, endpoints)))
    } else {
        legacy::post(entry, head, accepts, incoming, endpoints)
    };
    let answered = match taken {
        Taken::Answered(response) => response.into(),
        Taken::Relayed(exchange) => respond::respond(exchange, accepts, &endpoints.config, patience).await,
        Taken::Apart(answer) => answer.await.into(),
    };
    if accepts == Accepts::EventsOnly { respond::as_events(answered) } else { answered }
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
