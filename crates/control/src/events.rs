//! Live events: what one principal may see of them, decided for each anew, as rights change while somebody watches.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use futures_core::Stream;
use orch_domain::activity::InSight;
use orch_domain::directory::Directory;
use orch_domain::directory::live::LiveDirectory;
use orch_domain::directory::roster::TeamFacts;
use orch_domain::email::Email;
use orch_domain::error::WithCauses;
use orch_domain::event::bus::{EventId, EventStream, Told};
use orch_domain::event::{CallsOf, Event, Fact};
use orch_domain::id::{ProjectId, ServerId, TeamId};
use orch_domain::policy::Action;
use orch_domain::principal::Principal;
use orch_domain::role::Role;

use crate::access::{Access, Grant};
use crate::error::ControlError;
use crate::ports::Ports;

#[derive(Clone)]
pub struct Events {
    ports: Arc<Ports>,
    access: Access,
}

impl Events {
    pub(crate) fn new(ports: Arc<Ports>, access: Access) -> Self {
        Self { ports, access }
    }

    /// Everything that `who` may see, or that of one project; from after `last`, or from now on.
    pub async fn watch(
        &self,
        who: &Principal,
        project: Option<&str>,
        last: Option<EventId>,
    ) -> Result<Watch, ControlError> {
        self.access.login(who).await?;
        let only = match project {
            Some(project) => Some(self.access.project(who, project, Action::View).await?.get().id),
            None => None,
        };
        let address = if only.is_none() { self.own_address(who).await } else { None };
        let directory = Arc::clone(&self.ports.directory);
        let seen = Arc::downgrade(&directory.current());
        let rights = Rights::of(&directory.current(), who);
        let latest = self.ports.events.latest();
        let stream = self.ports.events.subscribe(Some(last.unwrap_or(latest)));
        // Who resumes knows where it is, and must not be told of a place beyond what it is about to get.
        let begin = last.is_none().then_some(latest);
        Ok(Watch { stream, begin, who: who.clone(), address, only, directory, seen, rights })
    }
}

impl Events {
    /// Read once: an account keeps its address. One that may not be its own gets no word of what is sent there; and
    /// without the database there is the rest to be told.
    async fn own_address(&self, who: &Principal) -> Option<Email> {
        match self.ports.users.find(who.user_id).await {
            Ok(account) => account.filter(|user| user.address_proven).map(|user| user.email),
            Err(error) => {
                tracing::warn!(error = %WithCauses(&error), "somebody who watches is not told of invitations");
                None
            }
        }
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").finish_non_exhaustive()
    }
}

/// What is told to who watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    Event {
        id: EventId,
        event: Arc<Event>,
    },
    /// What the watcher may see is another than before: projects came or went, a role changed, one of the watcher's teams
    /// is another, or something became of an invitation to the watcher's address.
    Access,
    /// Events were missed; everything is to be read again.
    Reset {
        id: EventId,
    },
}

/// One principal's view of the events. Ends when the daemon stops, and when the one project that is watched is out of
/// sight.
pub struct Watch {
    stream: EventStream,
    begin: Option<EventId>,
    who: Principal,
    /// The account's own address, if it is proven to be.
    address: Option<Email>,
    only: Option<ProjectId>,
    directory: Arc<LiveDirectory>,
    /// The directory that `rights` were last read from.
    seen: Weak<Directory>,
    rights: Rights,
}

impl Watch {
    /// The latest event at the start, of who does not resume.
    #[must_use]
    pub const fn begin(&self) -> Option<EventId> {
        self.begin
    }

    /// Has the next poll look at the rights again. True when there is news for the watcher.
    fn look_again(&mut self) -> bool {
        let directory = self.directory.current();
        if std::ptr::eq(self.seen.as_ptr(), Arc::as_ptr(&directory)) {
            return false;
        }
        self.seen = Arc::downgrade(&directory);
        let rights = Rights::of(&directory, &self.who);
        let changed = rights != self.rights;
        self.rights = rights;
        changed
    }

    fn is_over(&self) -> bool {
        self.only.is_some_and(|project| self.rights.role_on(project).is_none())
    }

    /// Whether an invitation to the watcher was made, taken back or answered. The event tells of a place that does not
    /// exist for the watcher yet: that there is something is all that is told.
    fn is_own_invitation(&self, event: &Event) -> bool {
        let Fact::Changed { target_kind, target_name, .. } = &event.fact else { return false };
        self.only.is_none()
            && target_kind == "invitation"
            && self.address.as_ref().is_some_and(|address| address.as_str() == target_name)
    }

    /// The event as the watcher may see it; None when it is not for the watcher at all.
    fn as_seen(&self, event: &Arc<Event>) -> Option<Arc<Event>> {
        let of_instance = || self.rights.instance_admin.then(|| Arc::clone(event));
        let Some(project) = event.project else {
            if self.only.is_some() {
                return None;
            }
            return (event.concerns == Some(self.who.user_id)).then(|| Arc::clone(event)).or_else(of_instance);
        };
        if self.only.is_some_and(|only| only != project) {
            return None;
        }
        let directory = self.directory.current();
        // Without the project it has just been deleted; who saw it before learns so by the change of the rights.
        let Some(facts) = directory.project(project) else { return of_instance() };
        let grant = Grant::on(&directory, &self.who, facts).filter(|grant| event.is_visible(&grant.subject))?;
        let in_sight = |id: ServerId| facts.server(id).is_none_or(|server| grant.sees(server));
        if server_of(event).is_some_and(|server| !in_sight(server)) {
            return None;
        }
        match &event.fact {
            // Numbers tell of what is hidden as well.
            Fact::Calls { servers, .. } if grant.in_sight() != InSight::All => {
                let seen: Vec<_> = servers.iter().copied().filter(|one| in_sight(one.server)).collect();
                let sum = |count: fn(&CallsOf) -> u32| seen.iter().map(count).fold(0, u32::saturating_add);
                let (calls, failed) = (sum(|one| one.calls), sum(|one| one.failed));
                let fact = Fact::Calls { calls, failed, servers: seen };
                (calls > 0).then(|| Arc::new(Event { fact, ..Event::clone(event) }))
            }
            _ => Some(Arc::clone(event)),
        }
    }
}

/// The one server that an event is about.
fn server_of(event: &Event) -> Option<ServerId> {
    match &event.fact {
        Fact::ServerState { server, .. } | Fact::Catalog { server, .. } => Some(*server),
        Fact::Changed { target_kind, target_id, .. } if target_kind == "server" => target_id.parse().ok(),
        Fact::Changed { .. } | Fact::Calls { .. } => None,
    }
}

impl Stream for Watch {
    type Item = News;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<News>> {
        let this = &mut *self;
        loop {
            if this.look_again() {
                return Poll::Ready(Some(News::Access));
            }
            if this.is_over() {
                return Poll::Ready(None);
            }
            match std::task::ready!(Pin::new(&mut this.stream).poll_next(cx)) {
                None => return Poll::Ready(None),
                Some(Told::Reset { id }) => return Poll::Ready(Some(News::Reset { id })),
                Some(Told::Event { id, event }) => {
                    if let Some(event) = this.as_seen(&event) {
                        return Poll::Ready(Some(News::Event { id, event }));
                    }
                    if this.is_own_invitation(&event) {
                        return Poll::Ready(Some(News::Access));
                    }
                }
            }
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("who", &self.who).field("only", &self.only).finish_non_exhaustive()
    }
}

/// What a principal is, on the instance and on each project, in the order of the projects' ids; and the own teams as they
/// are. What happens in a team belongs to no project, so that no event tells its members.
#[derive(Debug, PartialEq, Eq)]
struct Rights {
    instance_admin: bool,
    roles: Vec<(ProjectId, Role)>,
    teams: Vec<(TeamId, TeamFacts)>,
}

impl Rights {
    fn of(directory: &Directory, who: &Principal) -> Self {
        let instance_admin = directory.user(who.user_id).is_some_and(|user| user.active && user.instance_admin);
        let mut roles: Vec<_> = directory
            .projects()
            .filter_map(|facts| Some((facts.project.id, directory.subject(who, facts).role?)))
            .collect();
        roles.sort_by_key(|(id, _)| *id);
        let teams = directory.teams_of(who.user_id).iter();
        let teams = teams.filter_map(|&id| Some((id, directory.teams().team(id)?.clone()))).collect();
        Self { instance_admin, roles, teams }
    }

    fn role_on(&self, project: ProjectId) -> Option<Role> {
        let at = self.roles.binary_search_by_key(&project, |(id, _)| *id).ok()?;
        self.roles.get(at).map(|(_, role)| *role)
    }
}
