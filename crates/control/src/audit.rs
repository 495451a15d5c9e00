//! The audit trail: reading it, and the making of its entries. Never holds a secret.

use std::fmt::{self, Display};
use std::sync::Arc;

use orch_domain::Timestamp;
use orch_domain::activity::{EntryFilter, EntrySearch, InSight, SearchedBy};
use orch_domain::audit::{AuditAction, AuditEntry, AuditRecord, AuditTarget, FactName};
use orch_domain::id::{AuditId, ProjectId, UserId};
use orch_domain::page::{Page, PageRequest};
use orch_domain::policy::{Action, Permit};
use orch_domain::principal::Principal;
use orch_domain::slug::Slug;

use crate::access::{Access, Grant, TeamPass};
use crate::error::ControlError;
use crate::looks::Part;
use crate::ports::Ports;

/// A text that is searched for has at most so many bytes.
const MAX_SEARCH: usize = 200;

#[derive(Clone)]
pub struct Audit {
    ports: Arc<Ports>,
    access: Access,
}

impl Audit {
    pub(crate) fn new(ports: Arc<Ports>, access: Access) -> Self {
        Self { ports, access }
    }

    /// The trail of one project, newest first.
    pub async fn list(
        &self,
        who: &Principal,
        project: &str,
        filter: TrailFilter,
        page: PageRequest,
    ) -> Result<Page<AuditRecord>, ControlError> {
        let filter = filter.check()?;
        let permit = self.access.project(who, project, Action::Inspect).await?;
        self.access.note_look(who, &permit, Part::Audit).await?;
        Ok(self.ports.audit.list(Some(permit.get().id), &filter, page).await?)
    }

    /// The trail of the instance with all its projects, newest first; or of one of them, by id or slug. A project that is
    /// gone has left its trail, and is found by its id.
    pub async fn list_all(
        &self,
        who: &Principal,
        project: Option<&str>,
        filter: TrailFilter,
        page: PageRequest,
    ) -> Result<Page<AuditRecord>, ControlError> {
        let filter = filter.check()?;
        self.access.instance(who).await?;
        let project = match project {
            Some(project) => Some(self.project(project).await?),
            None => None,
        };
        Ok(self.ports.audit.list(project, &filter, page).await?)
    }

    async fn project(&self, id_or_slug: &str) -> Result<ProjectId, ControlError> {
        if let Ok(id) = id_or_slug.parse() {
            return Ok(id);
        }
        let found = match Slug::parse(id_or_slug) {
            Ok(slug) => self.ports.projects.find_by_slug(&slug).await?,
            Err(_) => None,
        };
        let hint = "write the id or slug of a project; of one that is gone, the id";
        let missing = || ControlError::invalid("project", "there is no such project", hint);
        found.map(|project| project.id).ok_or_else(missing)
    }
}

/// Which entries are asked for. What is None does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrailFilter {
    pub user: Option<UserId>,
    /// An action such as `server.update`, or its noun.
    pub action: Option<String>,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// A part of the target's name, the action, the detail or the e-mail address of who did it.
    pub search: Option<String>,
}

impl TrailFilter {
    /// For who reads the whole trail and may know everybody on it.
    pub(crate) fn check(self) -> Result<EntryFilter, ControlError> {
        check_search(self.search.as_deref(), self.from, self.until)?;
        Ok(EntryFilter {
            user: self.user,
            action: self.action,
            actions: None,
            servers: InSight::All,
            from: self.from,
            until: self.until,
            search: self.search.map(|text| EntrySearch { text, by: SearchedBy::WhatAndWho }),
        })
    }
}

/// The same rules for every list of what happened.
pub(crate) fn check_search(
    search: Option<&str>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
) -> Result<(), ControlError> {
    if search.is_some_and(|text| text.len() > MAX_SEARCH) {
        let hint = format!("search for at most {MAX_SEARCH} bytes");
        return Err(ControlError::invalid("search", "it is too long", hint));
    }
    if let (Some(from), Some(until)) = (from, until)
        && from >= until
    {
        return Err(ControlError::invalid("from", "it is not before `until`", "swap the two"));
    }
    Ok(())
}

impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audit").finish_non_exhaustive()
    }
}

/// Makes entries of one actor at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Trail {
    actor: Option<Principal>,
    at: Timestamp,
    /// With its slug, which says what is meant when the project is gone.
    project: Option<(ProjectId, String)>,
    /// Slug of the team.
    team: Option<String>,
    through_instance: bool,
}

impl Trail {
    pub(crate) fn new(who: &Principal, at: Timestamp) -> Self {
        Self { actor: Some(who.clone()), at, project: None, team: None, through_instance: false }
    }

    /// For what nobody in particular did.
    pub(crate) const fn of_the_system(at: Timestamp) -> Self {
        Self { actor: None, at, project: None, team: None, through_instance: false }
    }

    pub(crate) fn project(self, permit: &Permit<Grant>) -> Self {
        let grant = permit.get();
        let through_instance = grant.through_instance;
        Self { through_instance, ..self.project_named(grant.id, grant.facts.project.slug.as_str()) }
    }

    pub(crate) fn team(self, grant: &TeamPass) -> Self {
        let through_instance = grant.through_instance;
        Self { through_instance, ..self.team_named(grant.slug.as_str()) }
    }

    /// Also for a project that is not known any more; then its slug is empty.
    pub(crate) fn project_named(self, id: ProjectId, slug: &str) -> Self {
        Self { project: Some((id, slug.to_owned())), ..self }
    }

    pub(crate) fn team_named(self, slug: &str) -> Self {
        Self { team: Some(slug.to_owned()), ..self }
    }

    /// What somebody does only by being an instance admin.
    pub(crate) fn through_instance(self) -> Self {
        Self { through_instance: true, ..self }
    }

    pub(crate) fn entry(
        &self,
        action: AuditAction,
        kind: &'static str,
        id: impl Display,
        name: &str,
        mut detail: String,
    ) -> AuditEntry {
        let project = self.project.as_ref().map(|(_, slug)| (FactName::Project, slug));
        let team = self.team.as_ref().map(|slug| (FactName::Team, slug));
        let places = [project, team].into_iter().flatten();
        // The target says itself what it is; a policy is called as its project.
        let says = |place: &FactName| place.as_str() == kind || (*place == FactName::Project && kind == "policy");
        let mut facts: Vec<_> = places
            .filter(|(place, slug)| !slug.is_empty() && (!says(place) || *slug != name))
            .map(|(place, slug)| (place, slug.clone()))
            .collect();
        if self.through_instance {
            detail.push_str(if detail.is_empty() { "as instance admin" } else { " (as instance admin)" });
            facts.push((FactName::As, "instance_admin".to_owned()));
        }
        AuditEntry {
            id: AuditId::new(),
            at: self.at,
            project_id: self.project.as_ref().map(|(id, _)| *id),
            actor: self.actor.clone(),
            action,
            target: AuditTarget { kind, id: id.to_string(), name: name.to_owned() },
            detail,
            facts,
        }
    }
}
