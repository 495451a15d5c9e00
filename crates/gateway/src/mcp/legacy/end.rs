//! The end of a session by its client.

use actix_web::{HttpRequest, HttpResponse};

use super::SESSION_HEADER;
use crate::mcp::address::Address;
use crate::mcp::{McpEndpoints, endpoint, refusal};

pub(in crate::mcp) fn handle(address: Address<'_>, http: &HttpRequest, endpoints: &McpEndpoints) -> HttpResponse {
    let entry = match endpoint::enter(address, http, endpoints) {
        Ok(entry) => entry,
        Err(refused) => return refused,
    };
    if !http.headers().contains_key(&SESSION_HEADER) {
        return refusal::method_not_allowed("POST");
    }
    match super::find_session(&entry, http.headers(), None, endpoints) {
        Ok(session) => {
            endpoints.sessions.end(&session);
            HttpResponse::NoContent().finish()
        }
        Err(refused) => refused,
    }
}
