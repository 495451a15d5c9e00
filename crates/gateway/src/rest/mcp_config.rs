//! Import and export of `mcp-config.json`.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get, post};
use orch_control::import::ImportMode;
use orch_control::import::plan::{ImportPlan, ImportVerb, PlannedServer};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api_error::{ApiError, FieldError};
use crate::body::FileText;
use crate::caller::Caller;
use crate::query::Query;
use crate::register::Register;
use crate::rest::Rest;

/// What an import did or would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportView {
    /// Whether nothing was changed.
    dry_run: bool,
    /// In the order of the file.
    servers: Vec<PlannedServerView>,
    /// What was not understood or not taken as it stands, and yet stops nothing.
    warnings: Vec<FieldError>,
    /// With one of these nothing is imported. Only in the answer to a dry run; otherwise they are the error.
    problems: Vec<FieldError>,
}

/// A server of the file, and what becomes of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlannedServerView {
    /// The name of the server in the file.
    name: String,
    /// The alias that it has or gets: made of the name.
    alias: String,
    /// What is done with it.
    action: ImportActionView,
    /// What an update changes.
    changes: Vec<String>,
}

/// What is done with a server of the file.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ImportAction)]
pub enum ImportActionView {
    Create,
    Update,
    Unchanged,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ImportQuery {
    /// Only say what would be done.
    #[serde(default)]
    dry_run: bool,
}

/// Our dialect of the file; files of other clients have other names for the same.
#[derive(ToSchema)]
#[schema(as = McpConfig)]
#[expect(dead_code, reason = "it stands for a file that is read and written as text")]
pub struct McpConfigView {
    /// Servers by name.
    #[schema(rename = "mcpServers", value_type = Object)]
    mcp_servers: (),
}

impl From<PlannedServer> for PlannedServerView {
    fn from(planned: PlannedServer) -> Self {
        let action = match planned.verb {
            ImportVerb::Create => ImportActionView::Create,
            ImportVerb::Update => ImportActionView::Update,
            ImportVerb::Unchanged => ImportActionView::Unchanged,
        };
        Self { name: planned.key, alias: planned.alias.to_string(), action, changes: planned.changes.lines().collect() }
    }
}

impl ImportView {
    fn of(plan: ImportPlan, mode: ImportMode) -> Self {
        Self {
            dry_run: mode == ImportMode::DryRun,
            servers: plan.servers.into_iter().map(PlannedServerView::from).collect(),
            warnings: plan.notes.into_iter().map(FieldError::from).collect(),
            problems: plan.problems.into_iter().map(FieldError::from).collect(),
        }
    }
}

pub(crate) fn configure(config: &mut impl Register) {
    config.service(import).service(export);
}

/// Import a client's configuration file: all of it or nothing
///
/// For admins of the project; not for API keys.
///
/// Takes files of Claude Desktop, Claude Code, Cursor, Cline, Windsurf, VS Code and Zed as they are, with comments.
/// Servers are told apart by name: those of the file are made or updated, others stay. With `dry_run` nothing is
/// changed, and problems are in the answer. Importing the same file again changes nothing. 422 names the line of each
/// problem.
#[utoipa::path(
    operation_id = "import_servers",
    tag = "servers",
    params(("project" = String, Path, description = "id or slug"), ImportQuery),
    request_body = McpConfigView,
    responses((status = 200, body = ImportView))
)]
#[post("/projects/{project}/import")]
async fn import(
    caller: Caller,
    rest: Data<Rest>,
    project: Path<String>,
    Query(query): Query<ImportQuery>,
    FileText(text): FileText,
) -> Result<HttpResponse, ApiError> {
    let mode = if query.dry_run { ImportMode::DryRun } else { ImportMode::Apply };
    let plan = rest.control.import.run(&caller.principal, &project, &text, mode).await?;
    Ok(HttpResponse::Ok().json(ImportView::of(plan, mode)))
}

/// Export the servers of a project as `mcp-config.json`
///
/// For everybody who sees the project.
///
/// The servers that the caller sees. Secrets are replaced by placeholders such as `${NAME}`; importing the file again
/// keeps what is stored.
#[utoipa::path(
    operation_id = "export_servers",
    tag = "servers",
    params(("project" = String, Path, description = "id or slug")),
    responses((status = 200, body = McpConfigView))
)]
#[get("/projects/{project}/export")]
async fn export(caller: Caller, rest: Data<Rest>, project: Path<String>) -> Result<HttpResponse, ApiError> {
    let file = rest.control.export.get(&caller.principal, &project).await?;
    let mut text = serde_json::to_string_pretty(&file).map_err(ApiError::internal)?;
    text.push('\n');
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header(("Content-Disposition", "attachment; filename=\"mcp-config.json\""))
        .body(text))
}
