//! The use that instance admins make, by that right alone, of the endpoints of projects: noticed where a request is let
//! in, and put on the audit trail by whoever is told. Asks no database.

use std::fmt;
use std::sync::Arc;

use orch_domain::audit::AuditEntry;
use orch_domain::directory::ProjectFacts;
use orch_domain::policy::{Action, Subject};
use orch_domain::port::clock::Clock;
use orch_domain::principal::Principal;

use crate::access::inspected;
use crate::audit::Trail;
use crate::looks::{Look, Looks, Part};

pub struct InstanceUses {
    looks: Looks,
    clock: Arc<dyn Clock>,
    tell: Box<dyn Fn(AuditEntry) + Send + Sync>,
}

impl InstanceUses {
    /// `tell` must not block.
    pub fn new(clock: Arc<dyn Clock>, tell: impl Fn(AuditEntry) + Send + Sync + 'static) -> Self {
        Self { looks: Looks::default(), clock, tell: Box::new(tell) }
    }

    /// A request of `subject`, which is what `who` is on the project, was let in. Those that come one after the other
    /// are one use.
    pub fn note(&self, who: &Principal, subject: &Subject, project: &ProjectFacts) {
        if subject.own_role >= Some(Action::Call.least_role()) {
            return;
        }
        let (now, id, slug) = (self.clock.now(), project.project.id, project.project.slug.as_str());
        let look = Look { user: subject.user, project: id, at: Part::Servers.in_words() };
        if self.looks.is_first(look, now) {
            let trail = Trail::new(who, now).project_named(id, slug).through_instance();
            (self.tell)(inspected(&trail, id, slug, Part::Servers));
        }
    }
}

impl fmt::Debug for InstanceUses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InstanceUses").finish_non_exhaustive()
    }
}
