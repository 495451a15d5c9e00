//! What follows from the kind of an operation: its errors, its credentials, its preconditions, its headers. What is
//! particular to one operation stands at its handler.

use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Components, Content, Ref, RefOr, Required};

use crate::api_error::{Code, FieldError, ProblemView};
use crate::middleware::Gate;
use crate::openapi::examples::{Examples, Side};
use crate::openapi::{API_KEY, COOKIE, LOGIN};

/// Operations that change what has a version, and so take `If-Match`.
const VERSIONED: [&str; 17] = [
    "update_user",
    "update_profile",
    "update_project",
    "delete_project",
    "update_server",
    "delete_server",
    "put_policy",
    "put_limits",
    "put_instance_limits",
    "update_team",
    "delete_team",
    "update_key",
    "delete_key",
    "update_member",
    "delete_member",
    "update_team_member",
    "delete_team_member",
];

/// Operations that an API key may ask for; all others take a login.
const FOR_KEYS: [&str; 24] = [
    "get_me",
    "list_projects",
    "get_project",
    "list_members",
    "list_project_teams",
    "list_servers",
    "get_server",
    "export_servers",
    "list_tools",
    "get_tool_history",
    "explain_policy",
    "list_approvals",
    "get_approval",
    "get_limits",
    "create_call",
    "create_answer",
    "delete_call",
    "list_snippets",
    "render_snippets",
    "list_catalog_servers",
    "list_calls",
    "list_activity",
    "get_usage",
    "list_top_usage",
];

/// Operations that answer where the new thing is.
const LOCATING: [&str; 4] = ["create_user", "create_team", "create_project", "create_server"];

/// Operations that wait for an MCP server.
const WAITING: [&str; 2] = ["start_server", "stop_server"];

/// Operations that check a password, and so slow down.
const GUESSABLE: [&str; 6] = [
    "create_login",
    "update_password",
    "create_sign_up",
    "create_password_reset",
    "redeem_password_reset",
    "redeem_invitation",
];

/// Operations on links and invitations that are over at some time.
const ENDING: [&str; 10] = [
    "find_invitation",
    "accept_invitation",
    "redeem_invitation",
    "decline_invitation",
    "accept_own_invitation",
    "decline_own_invitation",
    "renew_invitation",
    "renew_project_invitation",
    "renew_team_invitation",
    "redeem_password_reset",
];

/// Operations without a caller that contradict what is there when accounts are not given out, or no mail goes out.
const AT_THE_DOOR: [&str; 3] = ["create_sign_up", "create_password_reset", "redeem_invitation"];

/// Errors that operations have in common: what each means, and what it says for example.
const PROBLEMS: [(Code, &str, &str); 14] = [
    (Code::MalformedRequest, "The body or the query cannot be read", "the query cannot be read"),
    (
        Code::Unauthenticated,
        "No credential, or one that is not valid any more; `invalid_credentials` for a login that failed",
        "send an access token or an API key as `Authorization: Bearer`",
    ),
    (
        Code::Forbidden,
        "The caller sees the object and may not do this, or a page of a foreign origin asks",
        "this needs the role admin on the project",
    ),
    (Code::NotFound, "It does not exist, or the caller may not know that it does", "there is no such project"),
    (
        Code::Conflict,
        "It contradicts what is there; `last_admin` and `last_instance_admin` when nobody would be left to manage it",
        "the slug is taken",
    ),
    (Code::Gone, "It was answered, taken back, used, or is too old", "the invitation was taken back"),
    (Code::Stale, "Changed since the caller has seen it: read it again", "the project was changed in between"),
    (Code::TooLarge, "The body is too large", "the body is larger than this server takes"),
    (Code::UnsupportedMediaType, "The body is of the wrong media type", "send the body as application/json"),
    (
        Code::Invalid,
        "A member of the body or a parameter is wrong; `errors` says which and how to mend it",
        "alias: it is not a server alias",
    ),
    (
        Code::TooManyRequests,
        "Too many requests, attempts or calls in flight; `Retry-After` says when to try again",
        "this key may send 60 requests a minute",
    ),
    (
        Code::Internal,
        "Something failed inside",
        "something failed inside; the log has the details under the request id",
    ),
    (Code::ServerFailed, "The MCP server did not start or stop", "the process ended with exit code 1"),
    (
        Code::Unavailable,
        "The database is away for the moment, or the daemon is stopping; `Retry-After` says when to try again",
        "the database is not available; try again in a moment",
    ),
];

/// Describes the errors that operations refer to.
pub(super) fn describe_problems(components: &mut Components) {
    for (code, description, detail) in PROBLEMS {
        let field = FieldError {
            field: "alias".to_owned(),
            problem: "it is not a server alias".to_owned(),
            hint: "use 1 to 24 of a-z, 0-9 and -, starting with a letter".to_owned(),
            line: None,
            column: None,
        };
        let errors = if code == Code::Invalid { vec![field] } else { Vec::new() };
        let example = ProblemView::new(code, detail, "0f8b2c1d4e5a69788796a5b4c3d2e1f0", &errors);
        let mut content = Content::new(Some(Ref::from_schema_name("Problem")));
        content.example = serde_json::to_value(example).ok();
        let mut response = ResponseBuilder::new()
            .description(description)
            .header("X-Request-Id", text("What the log of the daemon has the request under."))
            .content("application/problem+json", content);
        if matches!(code, Code::TooManyRequests | Code::Unavailable) {
            response = response.header("Retry-After", seconds("Seconds until it is worth trying again."));
        }
        if code == Code::Unauthenticated {
            response = response.header("WWW-Authenticate", text("`Bearer`."));
        }
        components.responses.insert(name(code), RefOr::T(response.build()));
    }
}

/// The name of an error among the components: `TooManyRequests`.
fn name(code: Code) -> String {
    format!("{code:?}")
}

fn text(description: &str) -> Header {
    header(Type::String, description)
}

fn seconds(description: &str) -> Header {
    header(Type::Integer, description)
}

fn header(kind: Type, description: &str) -> Header {
    HeaderBuilder::new().schema(Some(ObjectBuilder::new().schema_type(kind))).description(Some(description)).build()
}

/// An operation with where it is.
pub(super) struct Place<'a> {
    pub(super) method: &'static str,
    pub(super) path: &'a str,
}

/// Adds what follows from the kind of an operation.
pub(super) fn complete(place: &Place<'_>, operation: &mut Operation, components: &Components, examples: &Examples) {
    let id = operation.operation_id.clone().unwrap_or_default();
    operation.security = Some(credentials(place.path, &id));
    let has_body = operation.request_body.is_some();
    for content in operation.request_body.iter_mut().filter_map(inline).flat_map(|body| body.content.values_mut()) {
        if let RefOr::T(content) = content {
            examples.put(&id, Side::Request, content);
        }
    }
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response {
            answer(place.method, &id, status, response, components);
            for content in response.content.values_mut().filter_map(inline) {
                examples.put(&id, Side::Response, content);
            }
        }
    }
    if !place.path.starts_with("/api/") {
        return;
    }
    let versioned = VERSIONED.contains(&id.as_str());
    if versioned {
        let parameter = ParameterBuilder::new()
            .name("If-Match")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some("The `ETag` that the caller has seen; 412 when it is not the present one any more."))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
            .build();
        operation.parameters.get_or_insert_default().push(RefOr::T(parameter));
    }
    let has_query = operation
        .parameters
        .iter()
        .flatten()
        .any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query));
    for code in problems(place.path, &id, Takes { body: has_body, query: has_query, precondition: versioned }) {
        let response = Ref::from_response_name(name(code));
        operation.responses.responses.insert(code.status().as_str().to_owned(), RefOr::Ref(response));
    }
}

fn inline<T>(value: &mut RefOr<T>) -> Option<&mut T> {
    match value {
        RefOr::T(value) => Some(value),
        RefOr::Ref(_) => None,
    }
}

/// The credentials that an operation takes; each of them is enough. None where nobody is asked for one.
fn credentials(path: &str, id: &str) -> Vec<SecurityRequirement> {
    let schemes: &[&str] = match Gate::of_path(path) {
        Gate::Pulse | Gate::Open => &[],
        Gate::Caller if FOR_KEYS.contains(&id) => &[LOGIN, API_KEY, COOKIE],
        Gate::Caller => &[LOGIN, COOKIE],
    };
    schemes.iter().map(|scheme| SecurityRequirement::new(*scheme, Vec::<String>::new())).collect()
}

/// Says what a success means, and which headers it has.
fn answer(method: &str, id: &str, status: &str, response: &mut Response, components: &Components) {
    let is_stream = response.content.keys().any(|media| media == "text/event-stream");
    response.description = match (status, method) {
        ("200", _) if is_stream => "A stream of server-sent events; the `data` of each is JSON",
        ("200", "GET") => "What was asked for",
        ("200", _) => "Done; this is how it is now",
        ("201", _) => "Made; this is it",
        ("202", _) => "Taken; what comes of it is told by mail alone",
        ("204", _) => "Done; the answer has no body",
        _ => "Not now",
    }
    .to_owned();
    let mut bodies = response.content.values_mut().filter_map(inline);
    if bodies.any(|body| body.schema.as_ref().is_some_and(|schema| has_version(schema, components))) {
        let etag = text("The version of what is in the body, for `If-Match`.");
        response.headers.insert("ETag".to_owned(), RefOr::T(etag));
    }
    if LOCATING.contains(&id) {
        response.headers.insert("Location".to_owned(), RefOr::T(text("The path of what was made.")));
    }
}

/// Whether what is described has a version of its own, which its `ETag` is made of.
fn has_version(schema: &RefOr<Schema>, components: &Components) -> bool {
    match schema {
        RefOr::Ref(schema) => {
            let name = schema.ref_location.rsplit('/').next().unwrap_or_default();
            components.schemas.get(name).is_some_and(|schema| has_version(schema, components))
        }
        // That of the system is a text.
        RefOr::T(Schema::Object(object)) => object.properties.get("version").is_some_and(is_number),
        RefOr::T(Schema::AllOf(parts)) => parts.items.iter().any(|part| has_version(part, components)),
        RefOr::T(_) => false,
    }
}

fn is_number(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(object)) if object.schema_type == SchemaType::Type(Type::Integer))
}

/// What an operation takes beside its path.
#[derive(Debug, Clone, Copy)]
struct Takes {
    body: bool,
    query: bool,
    precondition: bool,
}

/// The errors that an operation may answer with.
fn problems(path: &str, id: &str, takes: Takes) -> impl Iterator<Item = Code> {
    let open = Gate::of_path(path) != Gate::Caller;
    let changes = [
        "create_", "update_", "put_", "delete_", "rotate_", "import_", "start_", "stop_", "restart_", "approve_",
        "deny_", "accept_", "renew_",
    ]
    .iter()
    .any(|verb| id.starts_with(verb));
    [
        (takes.body || takes.query || takes.precondition, Code::MalformedRequest),
        (true, Code::Unauthenticated),
        (true, Code::Forbidden),
        // Stars name what they are on in their body.
        (path.contains('{') || path.contains("/invitations/") || id == "create_star", Code::NotFound),
        (AT_THE_DOOR.contains(&id) || (changes && !path.contains("/auth/")), Code::Conflict),
        (ENDING.contains(&id) || (id.starts_with("delete_") && id.ends_with("invitation")), Code::Gone),
        (takes.precondition, Code::Stale),
        (takes.body, Code::TooLarge),
        (takes.body, Code::UnsupportedMediaType),
        (takes.body || takes.query, Code::Invalid),
        (!open || GUESSABLE.contains(&id), Code::TooManyRequests),
        (true, Code::Internal),
        (WAITING.contains(&id), Code::ServerFailed),
        (true, Code::Unavailable),
    ]
    .into_iter()
    .filter_map(|(applies, code)| applies.then_some(code))
}
