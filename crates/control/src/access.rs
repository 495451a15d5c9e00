//! The way to a project and to the rights on the instance: finds the facts, asks [`policy::authorize`], audits what
//! was refused. Decides nothing by itself but one rule: an API key never manages.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use orch_domain::activity::InSight;
use orch_domain::audit::{AuditAction, AuditEntry, FactName, Right};
use orch_domain::directory::roster::TeamRoster;
use orch_domain::directory::{Directory, ProjectFacts, UserFacts};
use orch_domain::error::StoreError;
use orch_domain::id::{KeyId, ProjectId, TeamId, UserId};
use orch_domain::policy::decision::{Decision, decide as decide_item, is_plain};
use orch_domain::policy::hints::Hints;
use orch_domain::policy::item::{Item, ItemClass};
use orch_domain::policy::{self, Action, Asking, Denial, Permit, Subject};
use orch_domain::principal::{Credential, Principal};
use orch_domain::role::Role;
use orch_domain::server::Server;
use orch_domain::slug::Slug;
use orch_domain::team::{TeamAction, TeamRole};

use crate::audit::Trail;
use crate::error::{ControlError, Needed};
use crate::looks::{Look, Looks, Part};
use crate::ports::Ports;
use crate::refusals::{Refusals, Refused, What};

#[derive(Clone)]
pub(crate) struct Access {
    ports: Arc<Ports>,
    looks: Arc<Looks>,
    refusals: Arc<Refusals>,
}

/// A project that the principal may do the asked-for to; only inside a [`Permit`].
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    pub(crate) id: ProjectId,
    pub(crate) role: Role,
    /// The role comes from being an instance admin alone; what is done with it is audited as such.
    pub(crate) through_instance: bool,
    pub(crate) facts: Arc<ProjectFacts>,
    /// What the principal is on the project; with a key, what that reaches.
    pub(crate) subject: Subject,
}

impl Grant {
    /// What `who` is on a project of a directory; None for a stranger. For what shows many projects at once.
    pub(crate) fn on(directory: &Directory, who: &Principal, facts: &Arc<ProjectFacts>) -> Option<Self> {
        let subject = directory.subject(who, facts);
        let role = subject.role?;
        Some(Self { id: facts.project.id, role, through_instance: false, facts: Arc::clone(facts), subject })
    }

    /// Whether the server is there for the principal: a key that was made for other servers sees none but those, and
    /// what the rules hide as a whole is hidden from all but those who set them.
    pub(crate) fn sees(&self, server: &Server) -> bool {
        let item = Item {
            server: server.id,
            alias: server.alias.as_str(),
            class: ItemClass::Server,
            name: "",
            hints: Hints::UNSAID,
        };
        self.manages() || self.decide(&item).is_visible()
    }

    /// What policy says of an item toward the principal, who only looks.
    pub(crate) fn decide(&self, item: &Item<'_>) -> Decision<'_> {
        let asking = Asking { subject: &self.subject, client: None };
        decide_item(&self.facts.policy, asking, Action::View, item)
    }

    /// The servers that are there for the principal.
    pub(crate) fn in_sight(&self) -> InSight {
        let servers = || self.facts.servers.values();
        if let Some(key) = &self.subject.key
            && key.scope.servers.is_some()
        {
            return InSight::Only(servers().filter(|server| self.sees(server)).map(|server| server.id).collect());
        }
        let hidden: Vec<_> = servers().filter(|server| !self.sees(server)).map(|server| server.id).collect();
        if hidden.is_empty() { InSight::All } else { InSight::AllBut(hidden) }
    }

    /// The key that is used, if it was made for less than its creator may.
    pub(crate) fn narrow_key(&self) -> Option<KeyId> {
        self.subject.key.as_ref().filter(|key| !key.scope.is_full()).map(|key| key.id)
    }

    /// Whether nothing of what the servers offer is hidden from the principal.
    pub(crate) fn sees_every_item(&self) -> bool {
        self.manages() || is_plain(&self.facts.policy, Asking { subject: &self.subject, client: None })
    }

    /// Whether the principal sets rules, and so has to see what they hide. A key never does.
    pub(crate) fn manages(&self) -> bool {
        self.subject.key.is_none() && self.role >= Action::ManageProject.least_role()
    }
}

/// A team that the principal may do the asked-for to.
#[derive(Debug, Clone)]
pub(crate) struct TeamPass {
    pub(crate) id: TeamId,
    pub(crate) slug: Slug,
    pub(crate) role: Option<TeamRole>,
    /// The right comes from being an instance admin alone.
    pub(crate) through_instance: bool,
}

/// Proof that the principal is an instance admin or the console.
#[derive(Debug)]
pub(crate) struct InstanceGrant(());

impl Access {
    pub(crate) fn new(ports: Arc<Ports>) -> Self {
        Self { ports, looks: Arc::default(), refusals: Arc::default() }
    }

    /// Finds a project by id or slug and decides whether `who` may do `action` to it.
    ///
    /// Who looks or calls is let through by a yes of the live directory, which follows a revocation within milliseconds.
    /// A no is checked against the store, so that who has just created a project or been added to one is not turned
    /// away. Who decides what others and themselves may do is asked for in the store at once: what was just taken from
    /// somebody is not given back by them.
    pub(crate) async fn project(
        &self,
        who: &Principal,
        project: &str,
        action: Action,
    ) -> Result<Permit<Grant>, ControlError> {
        let heard = match action {
            Action::ManageProject => None,
            Action::View
            | Action::Call
            | Action::UseOwnKeys
            | Action::Inspect
            | Action::Approve
            | Action::ManageServers => self.in_live_directory(who, project, action).ok(),
        };
        let decision = match heard {
            Some(permit) => Ok(permit),
            None => self.in_store(who, project, action).await?,
        };
        match decision {
            Ok(permit) => {
                // A foreign key was hidden above; this key sees the project, and still does not manage it.
                if who.key_id().is_some() && !open_to_keys(action) {
                    return Err(self.refused(who, permit.get().id, action, Needed::Login).await?);
                }
                // What is done with a higher right is on record by itself, or by what is looked at.
                if matches!(action, Action::View | Action::Call) {
                    self.note_look(who, &permit, Part::Project).await?;
                }
                Ok(permit)
            }
            Err(Refusal { denial: Denial::NeedsRole { needed }, project: Some(id) }) => {
                let needed =
                    if who.key_id().is_some() && !open_to_keys(action) { Needed::Login } else { Needed::Role(needed) };
                Err(self.refused(who, id, action, needed).await?)
            }
            Err(refusal) => Err(ControlError::denied(refusal.denial, "project")),
        }
    }

    /// Records that an instance admin who does not belong to the project uses the right to look into it. A page that
    /// stays open reads again and again, and is one look.
    pub(crate) async fn note_look(
        &self,
        who: &Principal,
        permit: &Permit<Grant>,
        part: Part<'_>,
    ) -> Result<(), ControlError> {
        let grant = permit.get();
        if !grant.through_instance {
            return Ok(());
        }
        let now = self.ports.clock.now();
        let look = Look { user: who.user_id, project: grant.id, at: part.in_words() };
        if self.looks.is_known(&look, now) {
            return Ok(());
        }
        let slug = grant.facts.project.slug.as_str();
        let trail = Trail::new(who, now).project(permit);
        self.ports.audit.append(&inspected(&trail, grant.id, slug, part)).await?;
        self.looks.note(look, now);
        Ok(())
    }

    /// Whether `who` has a role on any project by being an instance admin.
    pub(crate) async fn is_instance_admin(&self, who: &Principal) -> Result<bool, ControlError> {
        let heard = self.ports.directory.current().user(who.user_id);
        let is_known = who.key_id().is_none() && heard.is_some_and(|facts| facts.active && facts.instance_admin);
        Ok(is_known || self.is_stored_instance_admin(who).await?)
    }

    async fn is_stored_instance_admin(&self, who: &Principal) -> Result<bool, StoreError> {
        Ok(match who.credential {
            Credential::Console => true,
            Credential::Key { .. } => false,
            Credential::Login { .. } => {
                self.fresh_user(who).await?.is_some_and(|facts| facts.active && facts.instance_admin)
            }
        })
    }

    /// Lets through instance admins with a login, as the store has them, and the console.
    pub(crate) async fn instance(&self, who: &Principal) -> Result<InstanceGrant, ControlError> {
        if self.is_stored_instance_admin(who).await? {
            return Ok(InstanceGrant(()));
        }
        let needed = if who.key_id().is_some() { Needed::Login } else { Needed::InstanceAdmin };
        // Only of somebody who has an account: what opens nothing any more is refused at the door.
        if self.ports.directory.current().user(who.user_id).is_some_and(|user| user.active) {
            let detail = format!("refused to look at or to manage the instance: it needs {needed}");
            let entry =
                Trail::new(who, self.ports.clock.now()).entry(AuditAction::AccessRefuse, "instance", "", "", detail);
            let entry = entry.with(FactName::Refused, Right::ManageInstance).with(FactName::Needs, needed.as_str());
            self.note_refusal(&Refused::to(who, What::Instance), &entry).await?;
        }
        Err(ControlError::Forbidden { needed })
    }

    /// Lets through every live account with a login, and the console.
    pub(crate) async fn login(&self, who: &Principal) -> Result<(), ControlError> {
        match who.credential {
            Credential::Console => Ok(()),
            Credential::Key { .. } => Err(ControlError::Forbidden { needed: Needed::Login }),
            Credential::Login { .. } => {
                let known = self.ports.directory.current().user(who.user_id);
                let facts = match known {
                    Some(facts) => Some(facts),
                    None => self.fresh_user(who).await?,
                };
                if facts.is_some_and(|facts| facts.active) {
                    Ok(())
                } else {
                    Err(ControlError::Missing { what: "user" })
                }
            }
        }
    }

    /// Finds a team by id or slug and decides whether `who` may do `action` to it.
    pub(crate) async fn team(&self, who: &Principal, team: &str, action: TeamAction) -> Result<TeamPass, ControlError> {
        let missing = || ControlError::Missing { what: "team" };
        let everything = self.is_instance_admin(who).await?;
        if !everything {
            self.login(who).await?;
        }
        // As with projects.
        let heard = match action {
            TeamAction::Manage => None,
            TeamAction::View => in_roster(self.ports.directory.current().teams(), who, team),
        };
        let seen = match heard {
            Some(found) if found.role >= Some(action.least_role()) => found,
            _ => in_roster(&self.ports.source.load_teams(Some(who.user_id)).await?, who, team).ok_or_else(missing)?,
        };
        match seen.role {
            Some(role) if role >= action.least_role() => Ok(seen),
            _ if everything => Ok(TeamPass { through_instance: who.credential != Credential::Console, ..seen }),
            None => Err(missing()),
            Some(_) => {
                let entry = Trail::new(who, self.ports.clock.now()).entry(
                    AuditAction::AccessRefuse,
                    "team",
                    seen.id,
                    seen.slug.as_str(),
                    format!("refused to manage the team: it needs {}", Needed::TeamAdmin),
                );
                let entry =
                    entry.with(FactName::Refused, Right::ManageTeam).with(FactName::Needs, Needed::TeamAdmin.as_str());
                self.note_refusal(&Refused::to(who, What::Team(seen.id)), &entry).await?;
                Err(ControlError::Forbidden { needed: Needed::TeamAdmin })
            }
        }
    }

    /// The effective role of a user on a project, as the store has it; without the rights of instance admins.
    pub(crate) async fn stored_role(&self, user: UserId, project: ProjectId) -> Result<Option<Role>, StoreError> {
        let Some(facts) = self.ports.source.load_project(project).await? else {
            return Ok(None);
        };
        let teams = self.ports.source.load_teams(Some(user)).await?;
        Ok(Directory::default().with_teams(teams).role_on(user, &facts))
    }

    fn in_live_directory(&self, who: &Principal, project: &str, action: Action) -> Result<Permit<Grant>, Refusal> {
        let directory = self.ports.directory.current();
        match directory.project_named(project) {
            Some(facts) => decide(&directory, who, facts, action),
            None => Err(Refusal { denial: Denial::Hidden, project: None }),
        }
    }

    async fn in_store(
        &self,
        who: &Principal,
        project: &str,
        action: Action,
    ) -> Result<Result<Permit<Grant>, Refusal>, StoreError> {
        let missing = Ok(Err(Refusal { denial: Denial::Hidden, project: None }));
        let id = match Slug::parse(project) {
            Ok(slug) => self.ports.projects.find_by_slug(&slug).await?.map(|project| project.id),
            Err(_) => project.parse().ok(),
        };
        let Some(id) = id else {
            return missing;
        };
        let Some(facts) = self.ports.source.load_project(id).await? else {
            return missing;
        };
        let users: HashMap<_, _> = self.fresh_user(who).await?.map(|facts| (who.user_id, facts)).into_iter().collect();
        let teams = self.ports.source.load_teams(Some(who.user_id)).await?;
        let directory = Directory::new(users, vec![facts]).with_teams(teams);
        Ok(match directory.project(id) {
            Some(facts) => decide(&directory, who, facts, action),
            None => Err(Refusal { denial: Denial::Hidden, project: None }),
        })
    }

    async fn fresh_user(&self, who: &Principal) -> Result<Option<UserFacts>, StoreError> {
        let user = self.ports.users.find(who.user_id).await?;
        Ok(user.map(|user| UserFacts { active: user.is_active(), instance_admin: user.instance_admin }))
    }

    /// Puts a refused action on the audit trail and makes the answer to it.
    async fn refused(
        &self,
        who: &Principal,
        project: ProjectId,
        action: Action,
        needed: Needed,
    ) -> Result<ControlError, StoreError> {
        let facts = self.ports.directory.current().project(project).cloned();
        let name = facts.map(|facts| facts.project.slug.to_string()).unwrap_or_default();
        let what = match right(action) {
            Right::ManageProject => "manage the project".to_owned(),
            right => right.as_str().replace('_', " "),
        };
        let detail = format!("refused to {what}: it needs {needed}");
        let entry = Trail::new(who, self.ports.clock.now()).project_named(project, &name).entry(
            AuditAction::AccessRefuse,
            "project",
            project,
            &name,
            detail,
        );
        let entry = entry.with(FactName::Refused, right(action)).with(FactName::Needs, needed.as_str());
        self.note_refusal(&Refused::to(who, What::Project(project, action)), &entry).await?;
        Ok(ControlError::Forbidden { needed })
    }

    /// Puts a refusal on the audit trail, unless it is there since some minutes: whoever may do least could make the
    /// trail as long as the disk by asking again and again.
    async fn note_refusal(&self, refused: &Refused, entry: &AuditEntry) -> Result<(), StoreError> {
        if !self.refusals.is_new(refused, entry.at) {
            return Ok(());
        }
        let recorded = self.ports.audit.append(entry).await;
        if recorded.is_err() {
            self.refusals.forget(refused);
        }
        recorded
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").finish_non_exhaustive()
    }
}

/// A denial with the project that the principal sees, if it sees one.
struct Refusal {
    denial: Denial,
    project: Option<ProjectId>,
}

fn in_roster(roster: &TeamRoster, who: &Principal, team: &str) -> Option<TeamPass> {
    let (id, facts) = roster.team_named(team)?;
    let role = facts.members.get(&who.user_id).copied();
    Some(TeamPass { id, slug: facts.slug.clone(), role, through_instance: false })
}

fn decide(
    directory: &Directory,
    who: &Principal,
    facts: &Arc<ProjectFacts>,
    action: Action,
) -> Result<Permit<Grant>, Refusal> {
    let subject = directory.subject(who, facts);
    let through_instance = subject.role > subject.own_role;
    let grant = Grant {
        id: facts.project.id,
        // The least role never reaches anybody: without a role there is no permit.
        role: subject.role.unwrap_or(Role::Viewer),
        through_instance,
        facts: Arc::clone(facts),
        subject: subject.clone(),
    };
    policy::authorize(&subject, action, grant).map_err(|denial| Refusal { denial, project: Some(facts.project.id) })
}

/// The rights of an API key over REST: looking and calling. Whatever its creator's role, a key never manages, so a
/// leaked key cannot make further keys, read logs or change what runs.
const fn open_to_keys(action: Action) -> bool {
    match action {
        Action::View | Action::Call => true,
        Action::UseOwnKeys | Action::Inspect | Action::Approve | Action::ManageServers | Action::ManageProject => false,
    }
}

pub(crate) fn inspected(trail: &Trail, project: ProjectId, slug: &str, part: Part<'_>) -> AuditEntry {
    let entry = trail.entry(AuditAction::ProjectInspect, "project", project, slug, part.in_words());
    let entry = entry.with(FactName::Part, part.as_str());
    if let Part::Log(server) = part { entry.with(FactName::Server, server) } else { entry }
}

const fn right(action: Action) -> Right {
    match action {
        Action::View => Right::Look,
        Action::Call => Right::Call,
        Action::UseOwnKeys => Right::UseOwnKeys,
        Action::Inspect => Right::Inspect,
        Action::Approve => Right::Approve,
        Action::ManageServers => Right::ManageServers,
        Action::ManageProject => Right::ManageProject,
    }
}
