//! Projects: everybody with an account may make one and is its first admin.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use orch_domain::arguments::RecordedArguments;
use orch_domain::audit::{AuditAction, ChangedPart, FactName};
use orch_domain::id::ProjectId;
use orch_domain::page::{Page, PageRequest};
use orch_domain::policy::pattern::Pattern;
use orch_domain::policy::{Action, Permit};
use orch_domain::port::project_repo::ProjectFilter;
use orch_domain::principal::{Credential, Principal};
use orch_domain::project::{FlawedTools, Project, Separator};
use orch_domain::role::Role;
use orch_domain::server::Server;
use orch_domain::slug::Slug;
use orch_domain::user::User;

use crate::access::{Access, Grant};
use crate::audit::Trail;
use crate::changes::Changes;
use crate::display_name;
use crate::error::{ControlError, Needed, both};
use crate::ports::Ports;
use crate::problem::{MAX_REPORTED, Problem};
use crate::{retry, users};

#[derive(Clone)]
pub struct Projects {
    ports: Arc<Ports>,
    access: Access,
}

/// A project with what the principal is on it.
#[derive(Debug, Clone)]
pub struct ProjectSeen {
    pub project: Project,
    pub role: Role,
    pub counts: ProjectCounts,
}

/// How much there is in a project, as the live directory has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProjectCounts {
    /// People who reach it, directly or with a team.
    pub members: usize,
    pub teams: usize,
    pub servers: usize,
    /// Keys that open something.
    pub keys: usize,
}

#[derive(Debug, Clone, Default)]
pub struct NewProject {
    pub name: String,
    /// Derived from the name when absent.
    pub slug: Option<String>,
    pub separator: Option<String>,
    pub flawed_tools: FlawedTools,
    pub recorded_arguments: RecordedArgumentsDraft,
    /// Id or e-mail address of the first admin: the principal when absent; for the console, the oldest instance
    /// admin. Only instance admins choose somebody else.
    pub admin: Option<String>,
}

/// What to change; None leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct ProjectPatch {
    pub name: Option<String>,
    pub slug: Option<String>,
    pub separator: Option<String>,
    pub flawed_tools: Option<FlawedTools>,
    pub recorded_arguments: Option<RecordedArgumentsDraft>,
}

/// What of the arguments of calls is to go on record, as people write it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RecordedArgumentsDraft {
    #[default]
    Nothing,
    Digest,
    /// All but the values of members whose names match one of these globs, and of what is always hidden.
    Redacted {
        hidden: Vec<String>,
    },
}

impl RecordedArgumentsDraft {
    fn check(&self) -> Result<RecordedArguments, ControlError> {
        let texts = match self {
            Self::Nothing => return Ok(RecordedArguments::Nothing),
            Self::Digest => return Ok(RecordedArguments::Digest),
            Self::Redacted { hidden } => hidden,
        };
        if texts.len() > RecordedArguments::MAX_HIDDEN {
            let hint = format!("write at most {}", RecordedArguments::MAX_HIDDEN);
            return Err(ControlError::invalid("recorded_arguments.hidden", "there are too many names", hint));
        }
        let (mut hidden, mut problems) = (Vec::with_capacity(texts.len()), Vec::new());
        for (place, text) in texts.iter().enumerate() {
            let field = format!("recorded_arguments.hidden[{place}]");
            if text.len() > Pattern::MAX_LEN {
                problems.push(Problem::new(field, "it is too long", format!("use at most {} bytes", Pattern::MAX_LEN)));
                continue;
            }
            match Pattern::parse_member(text) {
                Ok(pattern) => hidden.push(pattern),
                Err(error) => {
                    problems.push(Problem::new(field, error.reason, "use a name, with * and ? for what varies"))
                }
            }
        }
        problems.truncate(MAX_REPORTED);
        if problems.is_empty() {
            Ok(RecordedArguments::Redacted { hidden })
        } else {
            Err(ControlError::Invalid { problems })
        }
    }
}

impl Projects {
    pub(crate) fn new(ports: Arc<Ports>, access: Access) -> Self {
        Self { ports, access }
    }

    /// The projects of the principal, oldest first; all of them for instance admins and the console; the one that
    /// it belongs to for an API key. `search` looks into slugs and names.
    pub async fn list(
        &self,
        who: &Principal,
        search: Option<String>,
        page: PageRequest,
    ) -> Result<Page<ProjectSeen>, ControlError> {
        if let Credential::Key { project_id, .. } = who.credential {
            let items = match self.get(who, &project_id.to_string()).await {
                Ok(seen) if page.after.is_none() => vec![seen],
                Ok(_) | Err(ControlError::Missing { .. }) => Vec::new(),
                Err(error) => return Err(error),
            };
            return Ok(Page { items, next: None });
        }
        if self.access.is_instance_admin(who).await? {
            let projects = self.ports.projects.list(&ProjectFilter { member: None, search }, page).await?;
            return Ok(projects.map(|project| self.seen_whole(project)));
        }
        self.access.login(who).await?;
        let filter = ProjectFilter { member: Some(who.user_id), search };
        let projects = self.ports.projects.list(&filter, page).await?;
        let mut items = Vec::with_capacity(projects.items.len());
        for project in projects.items {
            // One that vanishes while we look is left out.
            if let Ok(permit) = self.access.project(who, &project.id.to_string(), Action::View).await {
                items.push(self.seen(project, permit.get()));
            }
        }
        Ok(Page { items, next: projects.next })
    }

    pub async fn get(&self, who: &Principal, project: &str) -> Result<ProjectSeen, ControlError> {
        let permit = self.access.project(who, project, Action::View).await?;
        let project = self.stored(permit.get().id).await?;
        Ok(self.seen(project, permit.get()))
    }

    pub async fn create(&self, who: &Principal, new: NewProject) -> Result<ProjectSeen, ControlError> {
        // An admin of a project decides which commands run as the daemon, so the instance decides who becomes one.
        self.access.instance(who).await?;
        let admin = self.first_admin(who, new.admin.as_deref()).await?;
        let (name, slug) = name_and_slug(&new.name, new.slug.as_deref())?;
        let separator = new.separator.as_deref().map(parse_separator).transpose()?.unwrap_or_default();
        let recorded_arguments = new.recorded_arguments.check()?;
        let now = self.ports.clock.now();
        let project = Project {
            id: ProjectId::new(),
            slug,
            name,
            separator,
            flawed_tools: new.flawed_tools,
            recorded_arguments,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let detail = format!("first admin is {}", admin.email);
        let entry = Trail::new(who, now).project_named(project.id, project.slug.as_str()).entry(
            AuditAction::ProjectCreate,
            "project",
            project.id,
            project.slug.as_str(),
            detail,
        );
        let entry = entry.with(FactName::Admin, &admin.email);
        self.ports.projects.create(&project, admin.id, &entry).await.map_err(ControlError::taken("slug"))?;
        self.ports.written(project.id).await;
        Ok(self.seen_whole(project))
    }

    /// Changes a project. `expected` is the version that the caller has seen.
    pub async fn update(
        &self,
        who: &Principal,
        project: &str,
        patch: ProjectPatch,
        expected: Option<u32>,
    ) -> Result<ProjectSeen, ControlError> {
        let permit = self.access.project(who, project, Action::ManageProject).await?;
        retry::unless_expected(expected, || self.try_update(who, &permit, &patch, expected)).await
    }

    async fn try_update(
        &self,
        who: &Principal,
        permit: &Permit<Grant>,
        patch: &ProjectPatch,
        expected: Option<u32>,
    ) -> Result<ProjectSeen, ControlError> {
        let before = self.stored(permit.get().id).await?;
        if expected.is_some_and(|version| version != before.version) {
            return Err(ControlError::Stale { what: "project" });
        }
        let mut after = before.clone();
        if let Some(name) = &patch.name {
            after.name = display_name::parse_required("name", name)?;
        }
        if let Some(slug) = &patch.slug {
            after.slug = parse_slug(slug)?;
        }
        if let Some(separator) = &patch.separator {
            after.separator = parse_separator(separator)?;
        }
        after.flawed_tools = patch.flawed_tools.unwrap_or(after.flawed_tools);
        if let Some(draft) = &patch.recorded_arguments {
            after.recorded_arguments = draft.check()?;
        }
        let mut changes = Changes::default();
        changes.note(ChangedPart::Name, after.name != before.name);
        changes
            .tell(ChangedPart::Slug, after.slug != before.slug, || format!("from {} to {}", before.slug, after.slug));
        changes.note(ChangedPart::Separator, after.separator != before.separator);
        let flawed = after.flawed_tools;
        changes.tell(ChangedPart::FlawedTools, flawed != before.flawed_tools, || format!("to {}", flawed.as_str()));
        let recorded = &after.recorded_arguments;
        let differs = *recorded != before.recorded_arguments;
        changes.tell(ChangedPart::RecordedArguments, differs, || format!("to {}", recorded.as_str()));
        if changes.is_empty() {
            return Ok(self.seen(before, permit.get()));
        }
        after.version = before.version.saturating_add(1);
        after.updated_at = self.ports.clock.now();
        let entry = Trail::new(who, after.updated_at).project(permit).entry(
            AuditAction::ProjectUpdate,
            "project",
            after.id,
            after.slug.as_str(),
            changes.detail(),
        );
        let renamed = if after.slug == before.slug { "" } else { before.slug.as_str() };
        let entry = changes.on(entry).with(FactName::Before, renamed);
        self.ports.projects.update(&after, &entry).await.map_err(ControlError::taken("slug"))?;
        self.ports.written(after.id).await;
        Ok(self.seen(after, permit.get()))
    }

    /// Deletes a project with all that belongs to it. Its calls and its audit trail stay.
    pub async fn delete(&self, who: &Principal, project: &str, expected: Option<u32>) -> Result<(), ControlError> {
        let permit = self.access.project(who, project, Action::ManageProject).await?;
        let project = self.stored(permit.get().id).await?;
        let entry = Trail::new(who, self.ports.clock.now()).project(&permit).entry(
            AuditAction::ProjectDelete,
            "project",
            project.id,
            project.slug.as_str(),
            String::new(),
        );
        self.ports.projects.delete(project.id, expected, &entry).await?;
        self.ports.written(project.id).await;
        Ok(())
    }

    /// As it is to who has this grant on it.
    fn seen(&self, project: Project, grant: &Grant) -> ProjectSeen {
        self.counted(project, grant.role, |server| grant.sees(server))
    }

    /// As it is to an admin.
    fn seen_whole(&self, project: Project) -> ProjectSeen {
        self.counted(project, Role::Admin, |_| true)
    }

    fn counted(&self, project: Project, role: Role, sees: impl Fn(&Server) -> bool) -> ProjectSeen {
        let now = self.ports.clock.now();
        let directory = self.ports.directory.current();
        let counts = directory.project(project.id).map_or_else(ProjectCounts::default, |facts| {
            let teams = facts.teams.keys().filter_map(|team| directory.teams().team(*team));
            let with_teams = teams.flat_map(|team| team.members.keys());
            let people: BTreeSet<_> = facts.members.keys().chain(with_teams).collect();
            ProjectCounts {
                members: people.len(),
                teams: facts.teams.len(),
                servers: facts.servers.values().filter(|server| sees(server)).count(),
                keys: facts.keys.iter().filter(|key| key.is_live(now)).count(),
            }
        });
        ProjectSeen { project, role, counts }
    }

    async fn stored(&self, id: ProjectId) -> Result<Project, ControlError> {
        self.ports.projects.find(id).await?.ok_or(ControlError::Missing { what: "project" })
    }

    async fn first_admin(&self, who: &Principal, chosen: Option<&str>) -> Result<User, ControlError> {
        let user = match (chosen, who.credential) {
            (Some(chosen), _) => {
                let user = users::find(&self.ports, chosen).await?;
                let own = user.as_ref().is_some_and(|user| user.id == who.user_id);
                if !own && !self.access.is_instance_admin(who).await? {
                    return Err(ControlError::Forbidden { needed: Needed::InstanceAdmin });
                }
                user
            }
            (None, Credential::Console) => {
                let admin = self.oldest_instance_admin().await?;
                return admin.ok_or_else(|| ControlError::Conflict {
                    problem: "there is no instance admin yet: orch-admin user create EMAIL --admin, \
                              or name a project admin with --admin"
                        .to_owned(),
                });
            }
            (None, Credential::Login { .. } | Credential::Key { .. }) => self.ports.users.find(who.user_id).await?,
        };
        user.filter(User::is_active).ok_or_else(|| {
            ControlError::invalid("admin", "there is no such active user", "name an existing account by e-mail address")
        })
    }

    async fn oldest_instance_admin(&self) -> Result<Option<User>, ControlError> {
        let mut page = PageRequest::new(PageRequest::MAX_LIMIT, None);
        loop {
            let users = self.ports.users.list(None, page).await?;
            if let Some(admin) = users.items.into_iter().find(|user| user.instance_admin && user.is_active()) {
                return Ok(Some(admin));
            }
            if users.next.is_none() {
                return Ok(None);
            }
            page.after = users.next;
        }
    }
}

impl fmt::Debug for Projects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Projects").finish_non_exhaustive()
    }
}

/// Of something new; a slug that is not given is made of the name.
pub(crate) fn name_and_slug(name: &str, slug: Option<&str>) -> Result<(String, Slug), ControlError> {
    let name = display_name::parse_required("name", name);
    if let Some(slug) = slug {
        return both(name, parse_slug(slug));
    }
    let name = name?;
    let slug = Slug::derive(&name).ok_or_else(|| {
        ControlError::invalid("slug", "no slug can be made of the name", "write one, such as my-team")
    })?;
    Ok((name, slug))
}

pub(crate) fn parse_slug(text: &str) -> Result<Slug, ControlError> {
    Slug::parse(text).map_err(|_| {
        ControlError::invalid(
            "slug",
            "it is not a slug",
            "use 1 to 40 of a-z, 0-9 and -, starting with a letter and not ending in -",
        )
    })
}

fn parse_separator(text: &str) -> Result<Separator, ControlError> {
    Separator::parse(text).map_err(|_| {
        ControlError::invalid("separator", "it is not a separator", "use 1 to 4 of _ and -, with at least one _")
    })
}
