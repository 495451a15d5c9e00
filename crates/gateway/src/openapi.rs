//! The OpenAPI document, generated from the handlers, and the pages that show it.

mod completion;
mod examples;
mod schemas;

use actix_web::http::header;
use actix_web::web::{self, Data};
use actix_web::{App, HttpRequest, HttpResponse};
use bytes::Bytes;
use std::sync::{Arc, OnceLock};
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_actix_web::AppExt;
use utoipa_swagger_ui::Config;

use crate::api_error::{ApiError, Code, FieldError, ProblemView};
use crate::cookies;
use crate::fallback::Routes;
use crate::openapi::completion::Place;
use crate::openapi::examples::Examples;
use crate::{health, rest};

/// Where the document is served.
pub const PATH: &str = "/api/openapi.json";

/// An access token.
const LOGIN: &str = "login";
/// An API key.
const API_KEY: &str = "api_key";
/// What browsers have.
const COOKIE: &str = "cookie";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "MCP Orchestrator",
        description = include_str!("openapi/introduction.md"),
        license(name = "MIT", identifier = "MIT")
    ),
    tags(
        (name = "auth", description = "Logging in and out, and what people do who have no account yet"),
        (name = "me", description = "The own profile, logins and invitations"),
        (name = "projects", description = "The units of isolation: each has its own servers, members, keys and rules"),
        (name = "members", description = "Who reaches a project, as a person or with a team"),
        (name = "invitations", description = "Single-use links to the instance, a project or a team"),
        (name = "servers", description = "The MCP servers of a project: configuration, switches, logs, own values of members, import and export"),
        (name = "tools", description = "What servers offer: tools, prompts, resources and templates, with their history"),
        (name = "calls", description = "Calling over REST, and the record of all calls"),
        (name = "keys", description = "API keys: what clients and agents call with"),
        (name = "policy", description = "Rules over what may be used, switches of single items, and why something is as it is"),
        (name = "approvals", description = "Calls that wait until somebody agrees"),
        (name = "limits", description = "How much may be asked, in a project and in the instance"),
        (name = "snippets", description = "What to write into the settings of MCP clients"),
        (name = "sessions", description = "Open sessions of MCP clients"),
        (name = "stars", description = "What the caller wants at hand"),
        (name = "activity", description = "Calls and changes of a project in one list"),
        (name = "usage", description = "Calls summed up over time"),
        (name = "audit", description = "Everything that was done, by whom"),
        (name = "events", description = "What happens, while it happens"),
        (name = "teams", description = "Named sets of people that projects are granted to as a whole"),
        (name = "users", description = "Accounts, for instance admins"),
        (name = "system", description = "The state of the instance, for instance admins"),
        (name = "health", description = "Whether the daemon lives and is ready, for supervisors and load balancers")
    ),
    components(schemas(ProblemView<'_>, FieldError))
)]
struct Document;

/// The whole document.
#[must_use]
pub fn openapi() -> OpenApi {
    let mut document = handlers();
    document.info.contact = None;
    let components = document.components.get_or_insert_default();
    let bearer = |format: &str, description: &str| {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format(format);
        SecurityScheme::Http(scheme.description(Some(description)).build())
    };
    components.add_security_scheme(LOGIN, bearer("JWT", "The `access_token` of `create_login`."));
    components.add_security_scheme(API_KEY, bearer("orch_...", "The `key` of `create_key`: for one project."));
    components.add_security_scheme(
        COOKIE,
        SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
            cookies::ACCESS,
            "Set by `create_login`; taken from pages of the same origin only.",
        ))),
    );
    schemas::tidy(components);
    completion::describe_problems(components);
    let examples = Examples::read();
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            completion::complete(&Place { method, path }, operation, components, &examples);
        }
    }
    document
}

/// What the handlers say of themselves.
fn handlers() -> OpenApi {
    let (_, document) = App::new()
        .into_utoipa_app()
        .openapi(Document::openapi())
        .configure(|config| {
            health::configure(config);
            rest::configure(config);
        })
        .split_for_parts();
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let methods = [
        ("GET", &mut item.get),
        ("PUT", &mut item.put),
        ("POST", &mut item.post),
        ("PATCH", &mut item.patch),
        ("DELETE", &mut item.delete),
    ];
    methods.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
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
        self.routes.get_or_init(|| Routes::of(&handlers()))
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
    // Groups are closed at first: so many operations are too long a page, and slow to draw.
    let config = Config::from(PATH).validator_url("none").doc_expansion("none").filter(true).deep_linking(true);
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
