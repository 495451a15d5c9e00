//! What a request has to be before it is looked at, in the order that the revision gives. Knows nothing of tools.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use orch_mcp::error::{RpcError, code};
use orch_mcp::headers::{self, MirroredArgument};
use orch_mcp::message::{Notification, Request};
use orch_mcp::meta;
use orch_mcp::modern::{self, RequestMeta};
use orch_mcp::object;
use orch_mcp::raw::Raw;
use orch_mcp::revision::Revision;

use crate::fields::{Fields, plain};
use crate::mcp::refusal;

/// The request's own statement about its client, once everything in the envelope agrees.
pub(super) fn envelope(http: &impl Fields, request: &Request) -> Result<RequestMeta, HttpResponse> {
    let refuse = |error: &RpcError| refusal::rpc(StatusCode::BAD_REQUEST, Some(&request.id), error);
    let meta = RequestMeta::read(request.params.as_ref()).map_err(|error| refuse(&error))?;
    is_spoken(http, &meta.version).map_err(|error| refuse(&error))?;
    same(http, headers::METHOD, "Mcp-Method", request.method.as_str()).map_err(|error| refuse(&error))?;
    if let Some(member) = headers::named_member(request.method.as_str()) {
        let name = request.params.as_ref().and_then(|params| object::string(params, member));
        // A request without the member is refused for that, by the one who needs it.
        if let Some(name) = name {
            same(http, headers::NAME, "Mcp-Name", &name).map_err(|error| refuse(&error))?;
        }
    }
    if modern::is_removed(request.method.as_str()) {
        let error = RpcError::method_not_found(request.method.as_str());
        return Err(refusal::rpc(StatusCode::NOT_FOUND, Some(&request.id), &error));
    }
    Ok(meta)
}

/// A notification need not say which version it is of; if it does, that has to agree as with a request.
pub(super) fn notification(http: &impl Fields, notification: &Notification) -> Result<(), HttpResponse> {
    let Some(version) = meta::protocol_version(notification.params.as_ref()) else { return Ok(()) };
    let version =
        version.read::<String>().map_err(|_| RpcError::invalid_params("the version in params._meta must be a string"));
    version
        .and_then(|version| is_spoken(http, &version))
        .map_err(|error| refusal::rpc(StatusCode::BAD_REQUEST, None, &error))
}

/// Checks the version that a message says it is of.
fn is_spoken(http: &impl Fields, version: &str) -> Result<(), RpcError> {
    same(http, headers::VERSION, "MCP-Protocol-Version", version)?;
    if Revision::parse(version).is_none_or(Revision::is_legacy) {
        return Err(modern::unsupported_version(version));
    }
    Ok(())
}

/// So many headers of arguments that nobody here knows go on to a server, and so long ones.
const MOST_FOREIGN: usize = 32;
const LONGEST_FOREIGN: usize = 4 * 1024;

/// The arguments that the tool wants repeated as headers, against the headers. Gives the headers of that kind which the
/// schema does not have: what they mean is between the client and the server.
pub(super) fn arguments(
    http: &impl Fields,
    request: &Request,
    input_schema: Option<&Raw>,
) -> Result<Vec<(String, String)>, HttpResponse> {
    // A server whose annotations are wrong is not the fault of this client.
    let mirrored = input_schema.and_then(|schema| headers::mirrored(schema).ok()).unwrap_or_default();
    let foreign = foreign(http, &mirrored);
    if mirrored.is_empty() {
        return Ok(foreign);
    }
    let arguments = request.params.as_ref().and_then(|params| object::member(params, "arguments"));
    let arguments = arguments.unwrap_or_else(|| Raw::from_static("{}"));
    for argument in mirrored {
        let value = argument.value(&arguments);
        let sent = only(http, &argument.header).map_err(|error| bad(request, &error))?;
        let agrees = match (&value, &sent) {
            (None, None) => true,
            (Some(value), Some(sent)) => argument.agrees(value, sent),
            (Some(_), None) | (None, Some(_)) => false,
        };
        if !agrees {
            let text = match (value, sent) {
                (Some(_), None) => {
                    format!("the header {} is missing: the tool wants its argument there too", argument.header)
                }
                (None, Some(_)) => format!("the header {} is there, and its argument is not", argument.header),
                _ => format!("the header {} and its argument do not say the same", argument.header),
            };
            return Err(bad(request, &RpcError::new(code::HEADER_MISMATCH, text)));
        }
    }
    Ok(foreign)
}

fn foreign(http: &impl Fields, mirrored: &[MirroredArgument]) -> Vec<(String, String)> {
    let is_one = |name: &str| {
        name.get(..headers::PARAM_PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(headers::PARAM_PREFIX))
    };
    let is_known = |name: &str| mirrored.iter().any(|argument| argument.header.eq_ignore_ascii_case(name));
    let text = |value| plain(value).filter(|text| text.len() <= LONGEST_FOREIGN).map(str::to_owned);
    http.each()
        .filter(|(name, _)| is_one(name) && !is_known(name))
        .filter_map(|(name, value)| Some((name.to_ascii_lowercase(), text(value)?)))
        .take(MOST_FOREIGN)
        .collect()
}

fn bad(request: &Request, error: &RpcError) -> HttpResponse {
    refusal::rpc(StatusCode::BAD_REQUEST, Some(&request.id), error)
}

/// Checks that a header is there, once, and says what the body says.
fn same(http: &impl Fields, name: &str, shown: &str, expected: &str) -> Result<(), RpcError> {
    match only(http, name)? {
        None => Err(RpcError::new(code::HEADER_MISMATCH, format!("the header {shown} is missing"))),
        Some(value) if value == expected => Ok(()),
        Some(_) => {
            Err(RpcError::new(code::HEADER_MISMATCH, format!("the header {shown} and the body do not say the same")))
        }
    }
}

/// The decoded value of a header that may be there once.
fn only(http: &impl Fields, name: &str) -> Result<Option<String>, RpcError> {
    let mut values = http.all(name);
    let Some(value) = values.next() else { return Ok(None) };
    if values.any(|other| other != value) {
        return Err(RpcError::new(code::HEADER_MISMATCH, format!("the header {name} is there twice")));
    }
    let decoded = plain(value).and_then(headers::decode);
    decoded.map(Some).ok_or_else(|| {
        RpcError::new(code::HEADER_MISMATCH, format!("the header {name} is neither plain text nor a base64 sentinel"))
    })
}
