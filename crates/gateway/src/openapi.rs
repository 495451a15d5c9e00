//! The OpenAPI document, generated from the handlers, and the pages that show it.

use actix_web::http::header;
use actix_web::web::{self, Data};
use actix_web::{App, HttpRequest, HttpResponse};
use bytes::Bytes;
use std::sync::{Arc, OnceLock};
use utoipa::OpenApi as _;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, Required};
use utoipa_actix_web::AppExt;
use utoipa_swagger_ui::Config;

use crate::api_error::{ApiError, Code, FieldError, ProblemView};
use crate::cookies;
use crate::fallback::Routes;
use crate::middleware::Gate;
use crate::{health, rest};

/// Where the document is served.
pub const PATH: &str = "/api/openapi.json";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "MCP Orchestrator",
        description = "REST of the MCP Orchestrator. Send an access token or an API key as `Authorization: Bearer`; \
                       browsers have cookies. An API key looks and calls with the rights of its creator in one \
                       project; it never manages."
    ),
    components(schemas(ProblemView<'_>, FieldError))
)]
struct Document;

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

/// The whole document.
#[must_use]
pub fn openapi() -> OpenApi {
    let (_, mut document) = App::new()
        .into_utoipa_app()
        .openapi(Document::openapi())
        .configure(|config| {
            health::configure(config);
            rest::configure(config);
        })
        .split_for_parts();
    document.info.license = None;
    document.info.contact = None;
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An access token of `create_login`, or an API key."))
        .build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    components.add_security_scheme(
        "cookie",
        SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
            cookies::ACCESS,
            "Set by `create_login`; taken from pages of the same origin only.",
        ))),
    );
    for (path, item) in &mut document.paths.paths {
        for operation in operations(item) {
            complete(path, operation);
        }
    }
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete].into_iter().flatten()
}

/// Adds what follows from the kind of an operation: its errors, its security, its precondition.
fn complete(path: &str, operation: &mut Operation) {
    let id = operation.operation_id.clone().unwrap_or_default();
    let open = Gate::of_path(path) == Gate::Open;
    let is_api = path.starts_with("/api/");
    operation.security = Some(if open {
        Vec::new()
    } else {
        let required = |name: &str| SecurityRequirement::new(name, Vec::<String>::new());
        vec![required("bearer"), required("cookie")]
    });
    if !is_api {
        return;
    }
    let has_path = path.contains('{');
    let has_body = operation.request_body.is_some();
    let has_query = operation
        .parameters
        .iter()
        .flatten()
        .any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query));
    let versioned = VERSIONED.contains(&id.as_str());
    let changes = [
        "create_", "update_", "put_", "delete_", "rotate_", "import_", "start_", "stop_", "restart_", "approve_",
        "deny_", "accept_", "renew_",
    ]
    .iter()
    .any(|verb| id.starts_with(verb));
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
    let errors = [
        (has_body || has_query || versioned, Code::MalformedRequest, "The body or the query cannot be read"),
        (true, Code::Unauthenticated, "No credential, or one that is not valid any more"),
        (true, Code::Forbidden, "The caller sees the object and may not do this"),
        (
            // Stars name what they are on in their body.
            has_path || path.contains("/invitations/") || id == "create_star",
            Code::NotFound,
            "It does not exist, or the caller may not know that it does",
        ),
        (
            AT_THE_DOOR.contains(&id.as_str()) || (changes && !path.contains("/auth/")),
            Code::Conflict,
            "It contradicts what is there",
        ),
        (
            ENDING.contains(&id.as_str()) || (id.starts_with("delete_") && id.ends_with("invitation")),
            Code::Gone,
            "It was answered, taken back, used, or is too old",
        ),
        (versioned, Code::Stale, "Changed since the caller has seen it"),
        (has_body, Code::TooLarge, "The body is too large"),
        (has_body, Code::UnsupportedMediaType, "The body is of the wrong media type"),
        (has_body || has_query, Code::Invalid, "A field is wrong; `errors` says which and how to mend it"),
        (
            !open || GUESSABLE.contains(&id.as_str()),
            Code::TooManyRequests,
            "Too many requests or attempts; `Retry-After` says when to try again",
        ),
        (id == "create_call", Code::TooManyRequests, "Too many calls of the user are in flight"),
        (true, Code::Internal, "Something failed inside"),
        (WAITING.contains(&id.as_str()), Code::ServerFailed, "The MCP server did not start or stop"),
        (true, Code::Unavailable, "The database is away for the moment"),
    ];
    for (applies, code, description) in errors {
        if applies {
            let content = Content::new(Some(Ref::from_schema_name("Problem")));
            let response =
                ResponseBuilder::new().description(description).content("application/problem+json", content).build();
            operation.responses.responses.insert(code.status().as_str().to_owned(), RefOr::T(response));
        }
    }
}

/// What the documentation handlers serve. Made when it is first asked for.
#[derive(Default)]
pub(crate) struct Documentation {
    json: OnceLock<Bytes>,
    routes: OnceLock<Routes>,
}

impl Documentation {
    fn json(&self) -> Result<Bytes, ApiError> {
        if let Some(json) = self.json.get() {
            return Ok(json.clone());
        }
        let json = serde_json::to_vec(&openapi()).map_err(|error| ApiError::internal(error.to_string()))?;
        Ok(self.json.get_or_init(|| Bytes::from(json)).clone())
    }

    /// The paths with the methods that each takes.
    pub(crate) fn routes(&self) -> &Routes {
        self.routes.get_or_init(|| Routes::of(&openapi()))
    }
}

pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config
        .route(PATH, web::get().to(document))
        .route("/docs", web::get().to(to_docs))
        .route("/docs/{file:.*}", web::get().to(docs));
}

async fn document(documentation: Data<Documentation>) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().content_type("application/json").body(documentation.json()?))
}

async fn to_docs() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "/docs/")).finish()
}

/// The pages run a script and style themselves; nothing comes from anywhere else.
const PAGE_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                           object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

async fn docs(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let path = request.match_info().query("file");
    // The validator badge would send the address of this instance to a foreign site.
    let config = Config::from(PATH).validator_url("none");
    let file = utoipa_swagger_ui::serve(path, Arc::new(config))
        .map_err(|error| ApiError::internal(error.to_string()))?
        .ok_or_else(|| ApiError::new(Code::NoSuchRoute, "there is nothing at this path"))?;
    let mut response = HttpResponse::Ok();
    if file.gzpipped {
        response.insert_header((header::CONTENT_ENCODING, "gzip"));
    }
    Ok(response
        .content_type(file.content_type)
        .insert_header((header::CONTENT_SECURITY_POLICY, PAGE_POLICY))
        .body(file.bytes.into_owned()))
}
