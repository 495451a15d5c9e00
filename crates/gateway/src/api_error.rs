//! Errors on the wire of REST: RFC 9457 problem details. The one place where they are made; what is said in public
//! and what is logged are kept apart.

mod from_control;

use std::error::Error;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use orch_domain::error::WithCauses;
use serde::Serialize;
use utoipa::ToSchema;

use crate::request_id::RequestId;

/// The body of every answer that is not a success, as `application/problem+json`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemView<'a> {
    /// `urn:orch:problem:` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// What the code means, for people; always the same for a code.
    title: &'static str,
    /// The HTTP status once more.
    status: u16,
    /// What went wrong this time, for people.
    #[schema(value_type = String)]
    detail: &'a str,
    /// Stable; programs decide by it.
    code: &'static str,
    /// The `X-Request-Id` of the request: the log has it.
    request_id: &'a str,
    /// What is wrong with single fields.
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    #[schema(value_type = Vec<FieldError>, required = false)]
    errors: &'a [FieldError],
}

impl<'a> ProblemView<'a> {
    pub(crate) fn new(code: Code, detail: &'a str, request_id: &'a str, errors: &'a [FieldError]) -> Self {
        let (status, code, title) = code.facts();
        let kind = format!("urn:orch:problem:{code}");
        Self { kind, title, status: status.as_u16(), detail, code, request_id, errors }
    }
}

/// What is wrong with one field.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FieldError {
    /// The path of the field: `transport.args[1]`.
    pub field: String,
    /// What is wrong with it, for people.
    pub problem: String,
    /// What to write instead; may be empty.
    pub hint: String,
    /// Where it stands in an imported file, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The column on that line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

/// The stable codes, with status and title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    MalformedRequest,
    MalformedJson,
    Unauthenticated,
    InvalidCredentials,
    Forbidden,
    OriginNotAllowed,
    CrossSiteRequest,
    NotFound,
    NoSuchRoute,
    MethodNotAllowed,
    Conflict,
    Gone,
    LastAdmin,
    LastInstanceAdmin,
    Stale,
    TooLarge,
    UnsupportedMediaType,
    HostNotAllowed,
    Invalid,
    TooManyRequests,
    Internal,
    ServerFailed,
    Unavailable,
}

impl Code {
    const fn facts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::MalformedRequest => (StatusCode::BAD_REQUEST, "malformed_request", "Malformed request"),
            Self::MalformedJson => (StatusCode::BAD_REQUEST, "malformed_json", "Malformed JSON"),
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthenticated", "Authentication required"),
            Self::InvalidCredentials => (StatusCode::UNAUTHORIZED, "invalid_credentials", "Invalid credentials"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "Not permitted"),
            Self::OriginNotAllowed => (StatusCode::FORBIDDEN, "origin_not_allowed", "Origin not allowed"),
            Self::CrossSiteRequest => (StatusCode::FORBIDDEN, "cross_site_request", "Cross-site request refused"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found", "Not found"),
            Self::NoSuchRoute => (StatusCode::NOT_FOUND, "no_such_route", "No such route"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed"),
            Self::Conflict => (StatusCode::CONFLICT, "conflict", "Conflict"),
            Self::Gone => (StatusCode::GONE, "gone", "Not there any more"),
            Self::LastAdmin => (StatusCode::CONFLICT, "last_admin", "Last active admin"),
            Self::LastInstanceAdmin => {
                (StatusCode::CONFLICT, "last_instance_admin", "Last active admin of the instance")
            }
            Self::Stale => (StatusCode::PRECONDITION_FAILED, "stale", "Changed in between"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large", "Body too large"),
            Self::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "Unsupported media type")
            }
            Self::HostNotAllowed => (StatusCode::MISDIRECTED_REQUEST, "host_not_allowed", "Host not allowed"),
            Self::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "invalid", "Invalid content"),
            Self::TooManyRequests => (StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "Too many requests"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error"),
            Self::ServerFailed => (StatusCode::BAD_GATEWAY, "server_failed", "The MCP server failed"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not available now"),
        }
    }

    #[must_use]
    pub const fn status(self) -> StatusCode {
        self.facts().0
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.facts().1
    }
}

/// An answer that is not a success.
#[derive(Debug)]
pub struct ApiError {
    code: Code,
    detail: String,
    errors: Vec<FieldError>,
    /// For 405: the methods that there are.
    allow: Option<String>,
    /// For 429 and 503: seconds until it is worth trying again.
    retry_after: Option<u64>,
    /// Logged, never sent.
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl ApiError {
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), errors: Vec::new(), allow: None, retry_after: None, source: None }
    }

    #[must_use]
    pub fn with_errors(self, errors: Vec<FieldError>) -> Self {
        Self { errors, ..self }
    }

    /// One field of a body or a query that is wrong.
    #[must_use]
    pub fn invalid(field: impl Into<String>, problem: impl Into<String>, hint: impl Into<String>) -> Self {
        let error =
            FieldError { field: field.into(), problem: problem.into(), hint: hint.into(), line: None, column: None };
        let detail =
            if error.field.is_empty() { error.problem.clone() } else { format!("{}: {}", error.field, error.problem) };
        Self::new(Code::Invalid, detail).with_errors(vec![error])
    }

    #[must_use]
    pub fn method_not_allowed(allow: String) -> Self {
        Self { allow: Some(allow), ..Self::new(Code::MethodNotAllowed, "this path does not take this method") }
    }

    /// A failure of ours: the cause is logged, the client learns nothing of it.
    #[must_use]
    pub fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let detail = "something failed inside; the log has the details under the request id";
        Self { source: Some(source.into()), ..Self::new(Code::Internal, detail) }
    }

    #[must_use]
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let detail = "the database is not available; try again in a moment";
        Self { source: Some(source.into()), ..Self::new(Code::Unavailable, detail).retry_after(1) }
    }

    /// Nothing can be written until somebody makes room.
    #[must_use]
    pub fn disk_full(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let detail = "the disk of the database is full; nothing can be changed until there is room on it";
        Self { source: Some(source.into()), ..Self::new(Code::Unavailable, detail).retry_after(60) }
    }

    /// To try again is of no use.
    #[must_use]
    pub fn damaged(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let detail = "the database file is damaged: an operator has to restore a backup";
        Self { source: Some(source.into()), ..Self::new(Code::Unavailable, detail) }
    }

    /// The daemon is about to stop, and does not begin this any more.
    #[must_use]
    pub fn stopping() -> Self {
        Self::new(Code::Unavailable, "the daemon is stopping; try again in a moment").retry_after(5)
    }

    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// The answer to `request`. Logs the cause of a failure of ours, once.
    #[must_use]
    pub fn respond(&self, request: &HttpRequest) -> HttpResponse {
        let id = RequestId::of(request);
        let (status, code, _) = self.code.facts();
        if status.is_server_error() {
            let cause = self.source.as_deref().map(|source| WithCauses(source).to_string()).unwrap_or_default();
            tracing::error!(request.id = id.as_str(), error.code = code, error.cause = cause, "request failed");
        }
        let body = ProblemView::new(self.code, &self.detail, id.as_str(), &self.errors);
        let mut response = HttpResponse::build(status);
        response.content_type("application/problem+json");
        response.insert_header((crate::request_id::HEADER, id.header()));
        if status == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        }
        if let Some(seconds) = self.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        if let Some(allow) = &self.allow {
            response.insert_header((header::ALLOW, allow.as_str()));
        }
        response.body(serde_json::to_vec(&body).unwrap_or_default())
    }
}

/// The answer to what is no request that could be read: the same document, with the status that HTTP has for it.
pub(crate) fn unreadable(status: StatusCode, why: &str) -> HttpResponse {
    let id = RequestId::mint();
    let body =
        ProblemView { status: status.as_u16(), ..ProblemView::new(Code::MalformedRequest, why, id.as_str(), &[]) };
    let mut response = HttpResponse::build(status)
        .content_type("application/problem+json")
        .body(serde_json::to_vec(&body).unwrap_or_default());
    crate::middleware::add_least_headers(response.headers_mut(), Some(id));
    response
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl Error for ApiError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    /// A placeholder: the middleware puts the real answer in its place, with the request's id.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.code.status())
    }
}
