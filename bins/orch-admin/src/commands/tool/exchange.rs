//! One request to the relay and its answer, as a client on this machine.

use std::sync::Arc;

use anyhow::bail;
use futures_util::StreamExt;
use orch_app::control::error::ControlError;
use orch_app::domain::directory::ProjectFacts;
use orch_app::domain::port::server_runtime::RuntimeError;
use orch_app::domain::server::Server;
use orch_app::mcp::declared::Declared;
use orch_app::mcp::error::code;
use orch_app::mcp::id::RequestId;
use orch_app::mcp::message::{MethodName, Notification, Request};
use orch_app::mcp::object;
use orch_app::mcp::raw::Raw;
use orch_app::mcp::revision::Revision;
use orch_app::relay::context::{CallContext, Client, Endpoint};
use orch_app::relay::reply::Event;
use orch_app::relay::stop::{Stop, StopReason};

use crate::console::Console;
use crate::output;

/// The project as the relay knows it.
pub(super) fn project(console: &Console, id_or_slug: &str) -> anyhow::Result<Arc<ProjectFacts>> {
    let directory = console.instance.directory.current();
    let facts = directory.project_named(id_or_slug).cloned();
    facts.ok_or_else(|| ControlError::Missing { what: "project" }.into())
}

/// The server of that alias or id.
pub(super) fn server(project: &ProjectFacts, alias_or_id: &str) -> anyhow::Result<Arc<Server>> {
    let mut servers = project.servers.values();
    let found = servers.find(|server| server.alias.as_str() == alias_or_id || server.id.to_string() == alias_or_id);
    let Some(server) = found else {
        return Err(ControlError::Missing { what: "server" }.into());
    };
    if !server.enabled {
        return Err(ControlError::from(RuntimeError::Disabled).into());
    }
    Ok(Arc::clone(server))
}

/// Sends a request and waits for its result. An interrupt from the terminal cancels it.
pub(super) async fn ask(
    console: &Console,
    project: &Arc<ProjectFacts>,
    endpoint: Endpoint,
    method: &'static str,
    params: Option<Raw>,
) -> anyhow::Result<Raw> {
    let instance = &console.instance;
    let stop = Arc::new(Stop::default());
    let cx = CallContext {
        principal: console.who.clone(),
        subject: instance.directory.current().subject(&console.who, project),
        project: Arc::clone(project),
        endpoint,
        client: Arc::new(Client::new(
            concat!("orch-admin ", env!("CARGO_PKG_VERSION")).into(),
            Revision::LATEST_LEGACY,
            Declared::nothing(),
            None,
        )),
        log_level: None,
        can_be_asked: false,
        stop: Arc::clone(&stop),
    };
    let request = Request { id: RequestId::from_number(1), method: MethodName::from_static(method), params };
    let mut reply = instance.relay.handle(&cx, request);
    let mut interrupt = std::pin::pin!(tokio::signal::ctrl_c());
    let mut interrupted = false;
    loop {
        let event = tokio::select! {
            event = reply.next() => event,
            _ = &mut interrupt, if !interrupted => {
                interrupted = true;
                stop.stop(StopReason::Cancelled);
                continue;
            }
        };
        match event {
            Some(Event::Notification(notification)) => show_progress(&notification),
            // A command has nobody to ask; the server is told so.
            Some(Event::Question(_)) => {}
            Some(Event::End(answer)) => {
                return answer.into_inner().map_err(|error| match error.code {
                    // Says no more than that it is an error.
                    code::INTERNAL => anyhow::anyhow!("{}", error.message),
                    code => anyhow::anyhow!("{} (code {code})", error.message),
                });
            }
            Some(Event::Cancelled) => bail!("cancelled"),
            None => bail!("the request ended without an answer"),
        }
    }
}

fn show_progress(notification: &Notification) {
    let Some(params) = notification.params.as_ref() else { return };
    if let Some(progress) = object::member(params, "progress") {
        let total = object::member(params, "total").map(|total| format!(" of {}", total.as_str()));
        let message = object::string(params, "message").map(|message| format!(": {message}"));
        let (total, message) = (total.unwrap_or_default(), message.unwrap_or_default());
        output::remark(&format!("progress {}{total}{message}", progress.as_str()));
    }
}
