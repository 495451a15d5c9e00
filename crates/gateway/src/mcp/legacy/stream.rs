//! The stream of a session: news that belong to no request, such as changed lists.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;

use super::SESSION_HEADER;
use crate::mcp::accept::Accepts;
use crate::mcp::address::Address;
use crate::mcp::{McpEndpoints, accept, endpoint, refusal, respond};

pub(in crate::mcp) fn handle(address: Address<'_>, http: &HttpRequest, endpoints: &McpEndpoints) -> HttpResponse {
    let entry = match endpoint::enter(address, http, endpoints) {
        Ok(entry) => entry,
        Err(refused) => return refused,
    };
    if !http.headers().contains_key(SESSION_HEADER) {
        return refusal::method_not_allowed("POST");
    }
    let session = match super::find_session(&entry, http.headers(), None, endpoints) {
        Ok(session) => session,
        Err(refused) => return refused,
    };
    if !matches!(accept::accepts(http.headers()), Some(Accepts::Both | Accepts::EventsOnly)) {
        return refusal::not_acceptable();
    }
    let Some(news) = session.listen() else { return refusal::no_such_session(None) };
    let events = stream::unfold(news, |mut news| async move { news.recv().await.map(|event| (event, news)) });
    respond::events(events, Duration::from_secs(endpoints.config.keep_alive_secs))
}
