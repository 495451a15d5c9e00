//! What somebody who listens may hear of. Looked at again whenever the directory changes.

use std::sync::Arc;

use arc_swap::ArcSwap;
use orch_domain::directory::{Directory, ProjectFacts};
use orch_domain::id::ServerId;
use orch_domain::policy::decision::decide;
use orch_domain::policy::fingerprint::Fingerprint;
use orch_domain::policy::hints::Hints;
use orch_domain::policy::item::{Item, ItemClass};
use orch_domain::policy::scope::Scope;
use orch_domain::policy::{Action, Asking, Subject};
use orch_domain::principal::Principal;

use crate::context::CallContext;

#[derive(Debug)]
pub(super) struct Sight {
    principal: Principal,
    client: Arc<str>,
    now: ArcSwap<Facts>,
}

#[derive(Debug)]
struct Facts {
    project: Arc<ProjectFacts>,
    subject: Subject,
}

impl Sight {
    pub(super) fn of(cx: &CallContext) -> Self {
        let facts = Facts { project: Arc::clone(&cx.project), subject: cx.subject.clone() };
        Self { principal: cx.principal.clone(), client: Arc::clone(&cx.client.name), now: ArcSwap::from_pointee(facts) }
    }

    pub(super) fn sees(&self, server: ServerId, class: ItemClass, name: &str) -> bool {
        let facts = self.now.load();
        // Of a server that is gone only its end is told.
        let alias = facts.project.server(server).map_or("", |server| server.alias.as_str());
        let item = Item { server, alias, class, name, hints: Hints::UNSAID };
        decide(&facts.project.policy, facts.asking(&self.client), Action::Call, &item).is_visible()
    }

    /// Takes over how things are now, and tells whether another part may be seen.
    pub(super) fn refresh(&self, directory: &Directory, project: &Arc<ProjectFacts>) -> bool {
        let subject = directory.subject(&self.principal, project);
        let new = Facts { project: Arc::clone(project), subject };
        let old = self.now.load();
        let changed = new.project.policy != old.project.policy
            || new.scope() != old.scope()
            || new.fingerprint(&self.client) != old.fingerprint(&self.client);
        self.now.store(Arc::new(new));
        changed
    }
}

impl Facts {
    const fn asking<'a>(&'a self, client: &'a str) -> Asking<'a> {
        Asking { subject: &self.subject, client: Some(client) }
    }

    fn scope(&self) -> Option<&Scope> {
        self.subject.key.as_ref().map(|key| &key.scope)
    }

    fn fingerprint(&self, client: &str) -> Fingerprint {
        Fingerprint::of(&self.project.policy, self.asking(client))
    }
}
