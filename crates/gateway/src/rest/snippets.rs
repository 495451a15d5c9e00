//! What to write into the settings of MCP clients.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get, post};
use orch_control::snippets::{Snippet, SnippetClient, SnippetsSeen, SnippetsWanted};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api_error::ApiError;
use crate::body::Json;
use crate::caller::Caller;
use crate::query::Query;
use crate::register::Register;
use crate::rest::Rest;

/// The settings of all clients for one endpoint.
#[derive(Debug, Serialize, ToSchema)]
pub struct SnippetsView {
    /// Where clients reach the endpoint.
    url: String,
    /// By client.
    items: Vec<SnippetView>,
    /// Always null: the list is given as a whole.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// The settings of one client.
#[derive(Serialize, ToSchema)]
pub struct SnippetView {
    /// Such as `claude-code`.
    client: &'static str,
    /// As its makers write it.
    title: &'static str,
    /// `json` or `toml`.
    language: &'static str,
    /// The files that take the text, the most usual first.
    files: Vec<&'static str>,
    /// What to write there.
    text: String,
    /// A command of the client's own that does the same.
    #[schema(required = true)]
    command: Option<String>,
    /// A link that opens the client and asks it to do the same.
    #[schema(required = true)]
    install_link: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SnippetsQuery {
    /// One of `claude-code`, `claude-desktop`, `cursor`, `cline`, `vscode`, `windsurf`, `zed`, `codex`, `gemini-cli`;
    /// all when left out.
    client: Option<String>,
    /// Alias or id of a server; the unified endpoint when left out.
    server: Option<String>,
}

/// A key, and for which client.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenderSnippetsRequest {
    /// Like the query of `list_snippets`.
    client: Option<String>,
    /// Alias or id of a server; the unified endpoint when left out.
    server: Option<String>,
    /// The whole API key that is to stand in the text, of one that opens the project; it is not kept.
    #[schema(value_type = String)]
    key: SecretString,
}

impl std::fmt::Debug for SnippetView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The text may hold a key.
        f.debug_struct("SnippetView").field("client", &self.client).finish_non_exhaustive()
    }
}

impl From<Snippet> for SnippetView {
    fn from(snippet: Snippet) -> Self {
        Self {
            client: snippet.client.as_str(),
            title: snippet.client.title(),
            language: snippet.language.as_str(),
            files: snippet.files,
            text: snippet.text,
            command: snippet.command,
            install_link: snippet.install_link,
        }
    }
}

impl From<SnippetsSeen> for SnippetsView {
    fn from(seen: SnippetsSeen) -> Self {
        let items = seen.snippets.into_iter().map(SnippetView::from).collect();
        Self { url: seen.url, items, next_cursor: None }
    }
}

pub(crate) fn configure(config: &mut impl Register) {
    config.service(list_snippets).service(render_snippets);
}

/// List settings for MCP clients, with a placeholder for the key
///
/// For everybody who sees the project.
///
/// A text for each client with where it belongs, for the unified endpoint or for one server.
#[utoipa::path(
    operation_id = "list_snippets",
    tag = "snippets",
    params(("project" = String, Path, description = "id or slug"), SnippetsQuery),
    responses((status = 200, body = SnippetsView))
)]
#[get("/projects/{project}/snippets")]
async fn list_snippets(
    caller: Caller,
    rest: Data<Rest>,
    project: Path<String>,
    Query(query): Query<SnippetsQuery>,
) -> Result<HttpResponse, ApiError> {
    let client = client(query.client.as_deref())?;
    let wanted = SnippetsWanted { client, server: query.server.as_deref(), key: None };
    let seen = rest.control.snippets.list(&caller.principal, &rest.site.base_url, &project, wanted).await?;
    Ok(HttpResponse::Ok().json(SnippetsView::from(seen)))
}

/// List settings for MCP clients, with a key in them
///
/// For everybody who sees the project.
///
/// For a key that was just made. Nothing is changed or kept. A key that does not open the project is not found.
#[utoipa::path(
    operation_id = "render_snippets",
    tag = "snippets",
    params(("project" = String, Path, description = "id or slug")),
    request_body = RenderSnippetsRequest,
    responses((status = 200, body = SnippetsView))
)]
#[post("/projects/{project}/snippets")]
async fn render_snippets(
    caller: Caller,
    rest: Data<Rest>,
    project: Path<String>,
    Json(body): Json<RenderSnippetsRequest>,
) -> Result<HttpResponse, ApiError> {
    let client = client(body.client.as_deref())?;
    let wanted = SnippetsWanted { client, server: body.server.as_deref(), key: Some(body.key) };
    let seen = rest.control.snippets.list(&caller.principal, &rest.site.base_url, &project, wanted).await?;
    Ok(HttpResponse::Ok().json(SnippetsView::from(seen)))
}

fn client(name: Option<&str>) -> Result<Option<SnippetClient>, ApiError> {
    let Some(name) = name else { return Ok(None) };
    SnippetClient::parse(name).map(Some).ok_or_else(|| {
        let known = SnippetClient::ALL.map(SnippetClient::as_str).join(", ");
        ApiError::invalid("client", "its settings are not known here", format!("use one of {known}"))
    })
}
