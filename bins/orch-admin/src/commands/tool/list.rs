//! `tool list`: what servers offer, as last seen. A server that was never seen is started for it, in this process.

use std::sync::Arc;

use futures_util::future::join_all;
use orch_app::control::tools::ItemSeen;
use orch_app::domain::catalog::ItemKind;
use orch_app::domain::directory::ProjectFacts;
use orch_app::domain::server::Server;
use orch_app::mcp::object;
use orch_app::mcp::raw::Raw;
use orch_app::relay::context::Endpoint;
use serde::Serialize;

use crate::commands::tool::exchange;
use crate::console::Console;
use crate::output::{self, Output};

#[derive(Serialize)]
struct View {
    /// The server's alias.
    server: String,
    name: String,
    /// As the server sent it.
    definition: Raw,
}

pub(super) async fn run(console: &Console, output: &Output, project: &str, server: Option<&str>) -> anyhow::Result<()> {
    let project = exchange::project(console, project)?;
    let tools = match server {
        Some(server) => of_server(console, &project, &exchange::server(&project, server)?).await?,
        None => of_all(console, &project).await,
    };
    output.list(&tools, ["SERVER", "TOOL", "DESCRIPTION"], |tool| {
        let description = object::string(&tool.definition, "description").unwrap_or_default();
        [tool.server.clone(), tool.name.clone(), description]
    })
}

/// Side by side, as long as each needs; one that fails is named and left out.
async fn of_all(console: &Console, project: &Arc<ProjectFacts>) -> Vec<View> {
    let enabled = project.servers.values().filter(|server| server.enabled);
    let lists = join_all(enabled.map(|server| of_server(console, project, server))).await;
    let mut tools = Vec::new();
    for list in lists {
        match list {
            Ok(list) => tools.extend(list),
            Err(error) => output::remark(&format!("warning: {error:#}")),
        }
    }
    tools
}

async fn of_server(console: &Console, project: &Arc<ProjectFacts>, server: &Arc<Server>) -> anyhow::Result<Vec<View>> {
    let view = |name: String, definition: Raw| View { server: server.alias.to_string(), name, definition };
    let (who, id) = (&console.who, server.id.to_string());
    let seen = console.control().tools.list(who, project.project.slug.as_str(), &id, ItemKind::Tool).await?;
    if seen.fetched_at.is_some() {
        return seen
            .items
            .into_iter()
            .map(|ItemSeen { item, .. }| Ok(view(item.name, Raw::parse(item.definition.as_bytes().to_vec().into())?)))
            .collect();
    }
    let result = exchange::ask(console, project, Endpoint::Server(Arc::clone(server)), "tools/list", None).await?;
    let tools = object::member(&result, "tools").and_then(|tools| object::elements(&tools)).unwrap_or_default();
    Ok(tools.into_iter().map(|tool| view(object::string(&tool, "name").unwrap_or_default(), tool)).collect())
}
