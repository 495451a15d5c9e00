//! All open subscriptions, and which news concern which. Called by the owners of servers; must not block.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use orch_domain::catalog::ItemKind;
use orch_domain::directory::Directory;
use orch_domain::id::{ProjectId, ServerId};
use orch_domain::policy::item::ItemClass;
use orch_domain::server::Server;
use orch_mcp::level::LogLevel;
use orch_mcp::message::Notification;
use orch_mcp::peer::Topic;
use orch_mcp::question::Question;
use orch_mcp::raw::Raw;
use orch_mcp::revision::Revision;
use orch_mcp::{meta, object};

use super::USUAL;
use super::mailbox::Mailbox;
use super::sight::Sight;
use crate::context::{CallContext, Endpoint, SessionKey};
use crate::fleet::ListChange;
use crate::outward::{Outward, Shape};
use crate::{questions, uris};

/// Where a subscription listens, and what it may hear of.
#[derive(Debug, Clone)]
pub(crate) struct Audience {
    pub(super) project: ProjectId,
    /// None for the unified endpoint.
    pub(super) server: Option<ServerId>,
    session: Option<SessionKey>,
    revision: Revision,
    sight: Arc<Sight>,
}

impl Audience {
    pub(crate) fn of(cx: &CallContext) -> Self {
        let server = match &cx.endpoint {
            Endpoint::Server(server) => Some(server.id),
            Endpoint::Unified => None,
        };
        Self {
            project: cx.project.project.id,
            server,
            session: cx.client.session,
            revision: cx.client.revision,
            sight: Arc::new(Sight::of(cx)),
        }
    }

    fn hears(&self, project: ProjectId, server: ServerId) -> bool {
        self.project == project
            && self.server.is_none_or(|own| own == server)
            && self.sight.sees(server, ItemClass::Server, "")
    }
}

#[derive(Debug, Default)]
pub(crate) struct Registry {
    /// By the address of the mailbox, which is unique while it is in here.
    open: RwLock<HashMap<usize, (Audience, Arc<Mailbox>)>>,
    sessions: RwLock<HashMap<SessionKey, (Audience, Arc<Mailbox>)>>,
}

impl Registry {
    pub(super) fn add(&self, audience: Audience, mailbox: &Arc<Mailbox>) {
        if let Some(session) = audience.session {
            self.sessions
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(session, (audience.clone(), Arc::clone(mailbox)));
        }
        let entry = (audience, Arc::clone(mailbox));
        self.open.write().unwrap_or_else(PoisonError::into_inner).insert(address(mailbox), entry);
    }

    pub(super) fn remove(&self, mailbox: &Arc<Mailbox>) {
        let removed = self.open.write().unwrap_or_else(PoisonError::into_inner).remove(&address(mailbox));
        if let Some((Audience { session: Some(session), .. }, _)) = removed {
            self.sessions.write().unwrap_or_else(PoisonError::into_inner).remove(&session);
        }
    }

    pub(crate) fn list_changed(&self, change: ListChange) {
        self.each(change.project, change.server, |_, mailbox| mailbox.list_changed(change.kind));
    }

    /// `params` are those of the server's notification. `only` names the session that the connection belongs to, if
    /// it is not everybody's; what is followed on such a one is heard there and nowhere else.
    pub(crate) fn resource_updated(&self, server: &Server, params: &Raw, only: Option<SessionKey>) {
        let Some(uri) = object::string(params, "uri") else { return };
        let (params, _) = meta::take_hop(params.clone());
        self.each(server.project_id, server.id, |audience, mailbox| {
            if !audience.sight.sees(server.id, ItemClass::Resource, &uri)
                || (only.is_some() && audience.session != only)
            {
                return;
            }
            mailbox.updated(server.id, &uri, only.is_some(), || {
                if audience.server.is_some() {
                    return Some((uri.clone(), params.clone()));
                }
                let shown = uris::expose(server.alias.as_str(), &uri);
                let params = object::with(&params, "uri", &Raw::serialize(&shown).ok()?).ok()?;
                Some((shown, params))
            });
        });
    }

    /// `params` are those of the server's notification: the whole task.
    pub(crate) fn task_changed(&self, server: &Arc<Server>, params: &Raw) {
        let Some(id) = object::string(params, "taskId") else { return };
        let (params, _) = meta::take_hop(params.clone());
        self.each(server.project_id, server.id, |audience, mailbox| {
            mailbox.task_changed(server.id, &id, || {
                if audience.server.is_some() {
                    return Some((id.clone(), params.clone()));
                }
                let outward = Outward::Namespaced { server: Arc::clone(server), shape: Shape::Task };
                let shown = outward.result(params.clone());
                Some((object::string(&shown, "taskId")?, shown))
            });
        });
    }

    /// Looks again at what everybody may hear of. Who may see another part now hears that its lists are others.
    pub(crate) fn refresh(&self, directory: &Directory) {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        for (audience, mailbox) in open.values() {
            let Some(project) = directory.project(audience.project) else { continue };
            if audience.sight.refresh(directory, project) {
                for kind in [ItemKind::Tool, ItemKind::Prompt, ItemKind::Resource] {
                    mailbox.list_changed(kind);
                }
            }
        }
    }

    /// Something that a server said on a session's own connection. False when the session is over.
    pub(crate) fn tell_session(&self, session: SessionKey, notification: Notification) -> bool {
        let Some((audience, mailbox)) = self.session(session) else { return false };
        if audience.revision.may_hear(notification.method.as_str()) {
            mailbox.notification(notification);
        }
        true
    }

    /// A question of a server that belongs to no request. On the unified endpoint it says who asks.
    pub(crate) fn ask_session(&self, session: SessionKey, server: &Server, mut question: Question) {
        let Some((audience, mailbox)) = self.session(session) else { return };
        if audience.server.is_none() && question.method.as_str() == questions::ELICITATION {
            question.params = question.params.map(|params| questions::with_sender(&server.name, params));
        }
        mailbox.question(question);
    }

    /// The level of the most curious of those who hear a server, with what running `requests` want; None when nobody has
    /// said. When somebody has, the sessions that have not are to hear what is usual and not what the others want.
    pub(crate) fn most_verbose(
        &self,
        project: ProjectId,
        server: ServerId,
        requests: Option<LogLevel>,
    ) -> Option<LogLevel> {
        let sessions = self.sessions.read().unwrap_or_else(PoisonError::into_inner);
        let concerned = sessions.values().filter(|(audience, _)| audience.hears(project, server));
        let (mut said, mut silent) = (requests, None);
        for (_, mailbox) in concerned {
            match mailbox.level() {
                Some(level) => said = Some(said.map_or(level, |said| said.min(level))),
                None => silent = Some(USUAL),
            }
        }
        said.into_iter().chain(silent.filter(|_| said.is_some())).min()
    }

    /// What a session follows of a server on a connection of its own.
    pub(crate) fn followed_on_own(&self, session: SessionKey, server: ServerId) -> Vec<Topic> {
        self.session(session).map(|(_, mailbox)| mailbox.followed_on_own(server)).unwrap_or_default()
    }

    /// Whether that is anything.
    pub(crate) fn follows_on_own(&self, session: SessionKey, server: ServerId) -> bool {
        !self.followed_on_own(session, server).is_empty()
    }

    pub(crate) fn is_open(&self, session: SessionKey) -> bool {
        self.session(session).is_some()
    }

    fn session(&self, session: SessionKey) -> Option<(Audience, Arc<Mailbox>)> {
        self.sessions.read().unwrap_or_else(PoisonError::into_inner).get(&session).cloned()
    }

    fn each(&self, project: ProjectId, server: ServerId, tell: impl Fn(&Audience, &Mailbox)) {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        for (audience, mailbox) in open.values().filter(|(audience, _)| audience.hears(project, server)) {
            tell(audience, mailbox);
        }
    }
}

fn address(mailbox: &Arc<Mailbox>) -> usize {
    Arc::as_ptr(mailbox).addr()
}
