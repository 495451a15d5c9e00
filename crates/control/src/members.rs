//! Who reaches a project, as what, and through what: people directly, and teams. People come in by invitation alone.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use orch_domain::Timestamp;
use orch_domain::audit::{AuditAction, FactName};
use orch_domain::id::{ProjectId, UserId};
use orch_domain::membership::Membership;
use orch_domain::policy::Action;
use orch_domain::principal::Principal;
use orch_domain::role::Role;
use orch_domain::team::{Team, TeamAction, TeamGrant};
use orch_domain::user::User;

use crate::access::Access;
use crate::audit::Trail;
use crate::error::ControlError;
use crate::ports::Ports;
use crate::{retry, users};

#[derive(Clone)]
pub struct Members {
    ports: Arc<Ports>,
    access: Access,
}

/// An account that reaches the project.
#[derive(Debug, Clone)]
pub struct Member {
    pub user: User,
    /// The effective role: the highest of the two below.
    pub role: Role,
    /// The own membership.
    pub direct: Option<Role>,
    /// Teams that the account is in and that were granted the project, with what they were granted.
    pub teams: Vec<(Team, Role)>,
    /// When the account first got here.
    pub since: Timestamp,
}

/// A team on the project.
#[derive(Debug, Clone)]
pub struct TeamOnProject {
    pub team: Team,
    pub grant: TeamGrant,
    /// How many are in it.
    pub members: usize,
}

impl Members {
    pub(crate) fn new(ports: Arc<Ports>, access: Access) -> Self {
        Self { ports, access }
    }

    /// Everybody who reaches the project, directly or with a team, in the order of getting here.
    pub async fn list(&self, who: &Principal, project: &str) -> Result<Vec<Member>, ControlError> {
        let permit = self.access.project(who, project, Action::View).await?;
        self.all(permit.get().id).await
    }

    /// Changes the own role of somebody who reaches the project already; others are to be invited. Somebody who has
    /// come with a team gets a role of their own by it. `expected` is the version that the caller has seen.
    pub async fn update(
        &self,
        who: &Principal,
        project: &str,
        id_or_email: &str,
        role: Role,
        expected: Option<u32>,
    ) -> Result<Member, ControlError> {
        retry::unless_expected(expected, || self.try_update(who, project, id_or_email, role, expected)).await
    }

    async fn try_update(
        &self,
        who: &Principal,
        project: &str,
        id_or_email: &str,
        role: Role,
        expected: Option<u32>,
    ) -> Result<Member, ControlError> {
        let permit = self.access.project(who, project, Action::ManageProject).await?;
        let user = users::find(&self.ports, id_or_email).await?.ok_or(ControlError::Missing { what: "member" })?;
        let id = permit.get().id;
        let before = self.ports.projects.find_member(id, user.id).await?;
        check_version(before.as_ref(), expected)?;
        let now = self.ports.clock.now();
        let was = before.as_ref().map(|before| before.role);
        // The right may rest on what is changed, so both are of one moment.
        if permit.get().facts.members.get(&user.id).copied() != was {
            return Err(ControlError::Stale { what: "member" });
        }
        let (membership, detail) = match before {
            Some(before) if before.role == role => return self.one(id, user.id).await,
            Some(before) => {
                let detail = format!("from {} to {role}", before.role);
                (Membership { role, ..before }, detail)
            }
            None => {
                self.require_reach(who, id, &user).await?;
                let membership = Membership { project_id: id, user_id: user.id, role, created_at: now };
                (membership, format!("to {role}, besides what teams give"))
            }
        };
        let entry = Trail::new(who, now).project(&permit).entry(
            AuditAction::MemberUpdate,
            "member",
            user.id,
            user.email.as_str(),
            detail,
        );
        let entry = entry.with(FactName::Before, was.map_or("", Role::as_str)).with(FactName::Now, role);
        self.ports.projects.put_member(&membership, was, &entry).await?;
        self.ports.written(id).await;
        self.one(id, user.id).await
    }

    /// Takes the own membership of an account off the project; what it has through teams stays. Everybody may leave.
    /// `expected` is the version that the caller has seen.
    pub async fn remove(
        &self,
        who: &Principal,
        project: &str,
        id_or_email: &str,
        expected: Option<u32>,
    ) -> Result<(), ControlError> {
        retry::unless_expected(expected, || self.try_remove(who, project, id_or_email, expected)).await
    }

    async fn try_remove(
        &self,
        who: &Principal,
        project: &str,
        id_or_email: &str,
        expected: Option<u32>,
    ) -> Result<(), ControlError> {
        let user = users::find(&self.ports, id_or_email).await?;
        let leaves = user.as_ref().is_some_and(|user| who.is_login_of(user.id));
        let action = if leaves { Action::View } else { Action::ManageProject };
        let permit = self.access.project(who, project, action).await?;
        let user = user.ok_or(ControlError::Missing { what: "member" })?;
        let id = permit.get().id;
        let Some(member) = self.ports.projects.find_member(id, user.id).await? else {
            return Err(self.only_with_teams(id, user.id).await?);
        };
        check_version(Some(&member), expected)?;
        let entry = Trail::new(who, self.ports.clock.now()).project(&permit).entry(
            AuditAction::MemberDelete,
            "member",
            user.id,
            user.email.as_str(),
            format!("was {}", member.role),
        );
        let entry = entry.with(FactName::Before, member.role);
        self.ports.projects.remove_member(id, user.id, member.role, &entry).await?;
        self.ports.written(id).await;
        Ok(())
    }

    /// The teams on the project, by slug.
    pub async fn list_teams(&self, who: &Principal, project: &str) -> Result<Vec<TeamOnProject>, ControlError> {
        let permit = self.access.project(who, project, Action::View).await?;
        let grants = self.ports.teams.list_teams_on(permit.get().id).await?;
        Ok(grants.into_iter().map(|(grant, team)| self.on_project(grant, team)).collect())
    }

    /// Grants the project to a team or changes the role of the grant. The principal has to see the team: to be in it,
    /// or an instance admin. For a team that is on the project already, seeing the project is enough.
    pub async fn put_team(
        &self,
        who: &Principal,
        project: &str,
        team: &str,
        role: Role,
    ) -> Result<TeamOnProject, ControlError> {
        retry::unless_expected(None, || self.try_put_team(who, project, team, role)).await
    }

    async fn try_put_team(
        &self,
        who: &Principal,
        project: &str,
        team: &str,
        role: Role,
    ) -> Result<TeamOnProject, ControlError> {
        let permit = self.access.project(who, project, Action::ManageProject).await?;
        let id = permit.get().id;
        let granted = self.granted(id, team).await?;
        let now = self.ports.clock.now();
        let (grant, team, action, detail, was) = match granted {
            Some((before, team)) if before.role == role => return Ok(self.on_project(before, team)),
            Some((before, team)) => {
                let detail = format!("from {} to {role}", before.role);
                let was = Some(before.role);
                (TeamGrant { role, ..before }, team, AuditAction::ProjectTeamUpdate, detail, was)
            }
            None => {
                let found = self.access.team(who, team, TeamAction::View).await?;
                let team = self.ports.teams.find(found.id).await?.ok_or(ControlError::Missing { what: "team" })?;
                let grant = TeamGrant { project_id: id, team_id: team.id, role, created_at: now };
                (grant, team, AuditAction::ProjectTeamCreate, format!("as {role}"), None)
            }
        };
        // As with members.
        if permit.get().facts.teams.get(&team.id).copied() != was {
            return Err(ControlError::Stale { what: "team on this project" });
        }
        let entry = Trail::new(who, now).project(&permit).entry(action, "team", team.id, team.slug.as_str(), detail);
        let entry = entry.with(FactName::Before, was.map_or("", Role::as_str)).with(FactName::Now, role);
        self.ports.teams.put_grant(&grant, was, &entry).await?;
        self.ports.written(id).await;
        Ok(self.on_project(grant, team))
    }

    /// Takes the project from a team.
    pub async fn remove_team(&self, who: &Principal, project: &str, team: &str) -> Result<(), ControlError> {
        retry::unless_expected(None, || self.try_remove_team(who, project, team)).await
    }

    async fn try_remove_team(&self, who: &Principal, project: &str, team: &str) -> Result<(), ControlError> {
        let permit = self.access.project(who, project, Action::ManageProject).await?;
        let id = permit.get().id;
        let found = self.granted(id, team).await?;
        let (grant, team) = found.ok_or(ControlError::Missing { what: "team on this project" })?;
        let entry = Trail::new(who, self.ports.clock.now()).project(&permit).entry(
            AuditAction::ProjectTeamDelete,
            "team",
            team.id,
            team.slug.as_str(),
            format!("was {}", grant.role),
        );
        let entry = entry.with(FactName::Before, grant.role);
        self.ports.teams.remove_grant(id, team.id, grant.role, &entry).await?;
        self.ports.written(id).await;
        Ok(())
    }

    async fn all(&self, project: ProjectId) -> Result<Vec<Member>, ControlError> {
        let mut members: BTreeMap<UserId, Member> = BTreeMap::new();
        for (membership, user) in self.ports.projects.list_members(project).await? {
            let Membership { role, created_at, .. } = membership;
            members.insert(user.id, Member { user, role, direct: Some(role), teams: Vec::new(), since: created_at });
        }
        for (grant, team) in self.ports.teams.list_teams_on(project).await? {
            for (membership, user) in self.ports.teams.list_members(team.id).await? {
                let since = membership.created_at.max(grant.created_at);
                let member = members.entry(user.id).or_insert(Member {
                    user,
                    role: grant.role,
                    direct: None,
                    teams: Vec::new(),
                    since,
                });
                member.role = member.role.max(grant.role);
                member.since = member.since.min(since);
                member.teams.push((team.clone(), grant.role));
            }
        }
        let mut members: Vec<_> = members.into_values().collect();
        members.sort_by_key(|member| (member.since, member.user.id));
        Ok(members)
    }

    async fn one(&self, project: ProjectId, user: UserId) -> Result<Member, ControlError> {
        let members = self.all(project).await?;
        members.into_iter().find(|member| member.user.id == user).ok_or(ControlError::Missing { what: "member" })
    }

    /// Nobody is added who is not here already, with a team or as the instance admin who asks.
    async fn require_reach(&self, who: &Principal, project: ProjectId, user: &User) -> Result<(), ControlError> {
        // It is the instance's right where there is no other.
        if who.is_login_of(user.id) {
            return Ok(());
        }
        // The same words as for an address without an account.
        self.one(project, user.id).await.map(drop)
    }

    /// Why an account without an own membership cannot be taken off.
    async fn only_with_teams(&self, project: ProjectId, user: UserId) -> Result<ControlError, ControlError> {
        let found = self.all(project).await?.into_iter().find(|member| member.user.id == user);
        Ok(found.map_or(ControlError::Missing { what: "member" }, |member| {
            let teams: Vec<_> = member.teams.iter().map(|(team, _)| team.slug.as_str()).collect();
            let problem = format!(
                "the account is here only with the team {}: take it out of the team, or the team off the project",
                teams.join(", ")
            );
            ControlError::Conflict { problem }
        }))
    }

    async fn granted(&self, project: ProjectId, id_or_slug: &str) -> Result<Option<(TeamGrant, Team)>, ControlError> {
        let grants = self.ports.teams.list_teams_on(project).await?;
        let is_named = |team: &Team| team.slug.as_str() == id_or_slug || team.id.to_string() == id_or_slug;
        Ok(grants.into_iter().find(|(_, team)| is_named(team)))
    }

    fn on_project(&self, grant: TeamGrant, team: Team) -> TeamOnProject {
        let directory = self.ports.directory.current();
        let members = directory.teams().team(team.id).map_or(0, |facts| facts.members.len());
        TeamOnProject { team, grant, members }
    }
}

impl Member {
    /// A number that is another one when the own membership is another; what an `ETag` is made of.
    #[must_use]
    pub fn version(&self) -> u32 {
        version(self.direct)
    }
}

/// The role is all that can be changed of a membership.
const fn version(role: Option<Role>) -> u32 {
    match role {
        None => 0,
        Some(Role::Viewer) => 1,
        Some(Role::Member) => 2,
        Some(Role::Admin) => 3,
    }
}

fn check_version(membership: Option<&Membership>, expected: Option<u32>) -> Result<(), ControlError> {
    let now = version(membership.map(|membership| membership.role));
    if expected.is_some_and(|expected| expected != now) {
        return Err(ControlError::Stale { what: "member" });
    }
    Ok(())
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Members").finish_non_exhaustive()
    }
}
