//! Events on the wire.

use orch_control::events::News;
use orch_domain::event::bus::EventId;
use orch_domain::event::{Event, Fact};
use orch_domain::id::{ProjectId, UserId};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// What an event of the stream says. Facts that tell where to look again.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schema(as = EventView)]
pub(crate) enum EventView {
    /// The stream is open.
    Hello,
    /// Events were missed: whatever the client knows may be out of date.
    Reset,
    /// The caller's projects, roles, teams or own invitations changed.
    Access,
    ServerState(ServerStateEvent),
    Catalog(CatalogEvent),
    Change(ChangeEvent),
    Calls(CallsEvent),
}

/// A server is in another state.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ServerStateEvent {
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    /// Whose server.
    project_id: Uuid,
    /// The server.
    server_id: Uuid,
    /// As in the status of a server.
    state: &'static str,
    /// The failure in plain words, if it is one.
    #[schema(required = true)]
    reason: Option<String>,
}

/// What a server offers has changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CatalogEvent {
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    /// Whose server.
    project_id: Uuid,
    /// The server.
    server_id: Uuid,
    /// `tool`, `prompt`, `resource` or `template`.
    kind: &'static str,
}

/// Somebody changed something: members, invitations, teams, keys, policy, approvals, settings, servers, ...
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangeEvent {
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    /// Null for what concerns the instance.
    #[schema(required = true)]
    project_id: Option<Uuid>,
    /// The first word of the action, such as `member` or `key`.
    noun: String,
    /// `<noun>.<verb>` as on the audit trail, such as `member.update`.
    action: String,
    /// What it was done to.
    target: EventTarget,
    /// The account that did it; null for the command line and the daemon itself.
    #[schema(required = true)]
    actor_id: Option<Uuid>,
}

/// What something was done to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventTarget {
    /// Such as `member` or `server`.
    kind: String,
    /// Its id, of what has one.
    id: String,
    /// What it was called then.
    name: String,
}

/// Calls were recorded since the last such event of the project: those of the servers that the caller sees.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallsEvent {
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    /// Whose calls.
    project_id: Uuid,
    /// How many.
    calls: u32,
    /// How many of them did not end well.
    failed: u32,
    /// The servers that were called.
    server_ids: Vec<Uuid>,
}

impl EventView {
    pub(crate) fn of(news: News) -> (Option<EventId>, Self) {
        match news {
            News::Access => (None, Self::Access),
            News::Reset { id } => (Some(id), Self::Reset),
            News::Event { id, event } => (Some(id), Self::of_event(&event)),
        }
    }

    fn of_event(event: &Event) -> Self {
        let (at, project) = (event.at, event.project.map(ProjectId::as_uuid));
        // Only a change may be of no project.
        let project_id = project.unwrap_or_default();
        match &event.fact {
            Fact::ServerState { server, state, reason } => Self::ServerState(ServerStateEvent {
                at,
                project_id,
                server_id: server.as_uuid(),
                state,
                reason: reason.clone(),
            }),
            Fact::Catalog { server, kind } => {
                Self::Catalog(CatalogEvent { at, project_id, server_id: server.as_uuid(), kind: kind.as_str() })
            }
            Fact::Changed { action, target_kind, target_id, target_name, actor } => Self::Change(ChangeEvent {
                at,
                project_id: project,
                noun: action.split('.').next().unwrap_or_default().to_owned(),
                action: action.clone(),
                target: EventTarget { kind: target_kind.clone(), id: target_id.clone(), name: target_name.clone() },
                actor_id: actor.map(UserId::as_uuid),
            }),
            Fact::Calls { calls, failed, servers } => Self::Calls(CallsEvent {
                at,
                project_id,
                calls: *calls,
                failed: *failed,
                server_ids: servers.iter().map(|one| one.server.as_uuid()).collect(),
            }),
        }
    }
}
