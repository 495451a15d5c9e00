//! The end of a session by its client.

use actix_web::HttpResponse;

use super::SESSION_HEADER;
use crate::fields::Fields as _;
use crate::mcp::address::Address;
use crate::mcp::{Http, McpEndpoints, endpoint, refusal};

pub(in crate::mcp) fn handle(address: Address<'_>, http: Http<'_>, endpoints: &McpEndpoints) -> HttpResponse {
    let entry = match endpoint::enter(address, http, endpoints) {
        Ok(entry) => entry,
        Err(refused) => return refused.answer(None),
    };
    if !http.head.has(SESSION_HEADER) {
        return refusal::method_not_allowed("POST");
    }
    match super::find_session(&entry, http.head, None, endpoints) {
        Ok(session) => {
            endpoints.sessions.end(&session);
            HttpResponse::NoContent().finish()
        }
        Err(refused) => refused,
    }
}
