//! Teams: who is in them, as what, and what they were granted. People come in by invitation alone.

use std::fmt;
use std::sync::Arc;

use orch_domain::audit::{AuditAction, ChangedPart, FactName};
use orch_domain::id::TeamId;
use orch_domain::page::{Page, PageRequest};
use orch_domain::port::team_repo::TeamFilter;
use orch_domain::principal::{Credential, Principal};
use orch_domain::project::Project;
use orch_domain::team::{Team, TeamAction, TeamGrant, TeamMembership, TeamRole};
use orch_domain::user::User;

use crate::access::{Access, TeamPass};
use crate::audit::Trail;
use crate::changes::Changes;
use crate::display_name;
use crate::error::ControlError;
use crate::ports::Ports;
use crate::projects::{name_and_slug, parse_slug};
use crate::{retry, users};

#[derive(Clone)]
pub struct Teams {
    ports: Arc<Ports>,
    access: Access,
}

/// A team with what the principal is in it.
#[derive(Debug, Clone)]
pub struct TeamSeen {
    pub team: Team,
    /// None for an instance admin who is not in it.
    pub role: Option<TeamRole>,
    /// How many are in it.
    pub members: usize,
}

#[derive(Debug, Clone, Default)]
pub struct NewTeam {
    pub name: String,
    /// Derived from the name when absent.
    pub slug: Option<String>,
    /// Id or e-mail address of the first admin: the principal when absent.
    pub admin: Option<String>,
}

/// What to change; None leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct TeamPatch {
    pub name: Option<String>,
    pub slug: Option<String>,
}

/// A membership with the account behind it.
#[derive(Debug, Clone)]
pub struct TeamMember {
    pub membership: TeamMembership,
    pub user: User,
}

/// What a team was granted, with the project.
#[derive(Debug, Clone)]
pub struct GrantedProject {
    pub grant: TeamGrant,
    pub project: Project,
}

impl Teams {
    pub(crate) fn new(ports: Arc<Ports>, access: Access) -> Self {
        Self { ports, access }
    }

    /// The teams of the principal, oldest first; all of them for instance admins and the console. `search` looks into
    /// slugs and names.
    pub async fn list(
        &self,
        who: &Principal,
        search: Option<String>,
        page: PageRequest,
    ) -> Result<Page<TeamSeen>, ControlError> {
        let everything = self.access.is_instance_admin(who).await?;
        if !everything {
            self.access.login(who).await?;
        }
        let filter = TeamFilter { member: (!everything).then_some(who.user_id), search };
        let teams = self.ports.teams.list(&filter, page).await?;
        Ok(teams.map(|team| self.seen(who, team)))
    }

    pub async fn get(&self, who: &Principal, team: &str) -> Result<TeamSeen, ControlError> {
        let grant = self.access.team(who, team, TeamAction::View).await?;
        Ok(self.seen(who, self.stored(grant.id).await?))
    }

    /// Instance admins make teams: a team's name is what others trust when they grant it something.
    pub async fn create(&self, who: &Principal, new: NewTeam) -> Result<TeamSeen, ControlError> {
        self.access.instance(who).await?;
        let admin = self.first_admin(who, new.admin.as_deref()).await?;
        let (name, slug) = name_and_slug(&new.name, new.slug.as_deref())?;
        let now = self.ports.clock.now();
        let team = Team { id: TeamId::new(), slug, name, created_at: now, updated_at: now, version: 1 };
        let detail = format!("first admin is {}", admin.email);
        let entry = Trail::new(who, now).entry(AuditAction::TeamCreate, "team", team.id, team.slug.as_str(), detail);
        let entry = entry.with(FactName::Admin, &admin.email);
        self.ports.teams.create(&team, admin.id, &entry).await.map_err(ControlError::taken("slug"))?;
        self.ports.written_teams().await;
        Ok(self.seen(who, team))
    }

    /// Changes a team. `expected` is the version that the caller has seen.
    pub async fn update(
        &self,
        who: &Principal,
        team: &str,
        patch: TeamPatch,
        expected: Option<u32>,
    ) -> Result<TeamSeen, ControlError> {
        let grant = self.access.team(who, team, TeamAction::Manage).await?;
        retry::unless_expected(expected, || self.try_update(who, &grant, &patch, expected)).await
    }

    async fn try_update(
        &self,
        who: &Principal,
        grant: &TeamPass,
        patch: &TeamPatch,
        expected: Option<u32>,
    ) -> Result<TeamSeen, ControlError> {
        let before = self.stored(grant.id).await?;
        if expected.is_some_and(|version| version != before.version) {
            return Err(ControlError::Stale { what: "team" });
        }
        let mut after = before.clone();
        if let Some(name) = &patch.name {
            after.name = display_name::parse_required("name", name)?;
        }
        if let Some(slug) = &patch.slug {
            after.slug = parse_slug(slug)?;
        }
        let mut changes = Changes::default();
        changes.note(ChangedPart::Name, after.name != before.name);
        changes
            .tell(ChangedPart::Slug, after.slug != before.slug, || format!("from {} to {}", before.slug, after.slug));
        if changes.is_empty() {
            return Ok(self.seen(who, before));
        }
        after.version = before.version.saturating_add(1);
        after.updated_at = self.ports.clock.now();
        let entry = Trail::new(who, after.updated_at).team(grant).entry(
            AuditAction::TeamUpdate,
            "team",
            after.id,
            after.slug.as_str(),
            changes.detail(),
        );
        let renamed = if after.slug == before.slug { "" } else { before.slug.as_str() };
        let entry = changes.on(entry).with(FactName::Before, renamed);
        self.ports.teams.update(&after, &entry).await.map_err(ControlError::taken("slug"))?;
        self.ports.written_teams().await;
        Ok(self.seen(who, after))
    }

    /// Deletes a team; what it was granted ends for everybody in it at once.
    pub async fn delete(&self, who: &Principal, team: &str, expected: Option<u32>) -> Result<(), ControlError> {
        let grant = self.access.team(who, team, TeamAction::Manage).await?;
        let team = self.stored(grant.id).await?;
        let granted = self.ports.teams.list_grants(team.id).await?;
        let entry = Trail::new(who, self.ports.clock.now()).team(&grant).entry(
            AuditAction::TeamDelete,
            "team",
            team.id,
            team.slug.as_str(),
            String::new(),
        );
        self.ports.teams.delete(team.id, expected, &entry).await?;
        self.ports.written_teams().await;
        for (grant, _) in granted {
            self.ports.written(grant.project_id).await;
        }
        Ok(())
    }

    /// Everybody in the team, in the order of joining.
    pub async fn list_members(&self, who: &Principal, team: &str) -> Result<Vec<TeamMember>, ControlError> {
        let grant = self.access.team(who, team, TeamAction::View).await?;
        let members = self.ports.teams.list_members(grant.id).await?;
        Ok(members.into_iter().map(|(membership, user)| TeamMember { membership, user }).collect())
    }

    /// Changes what somebody in the team is there. `expected` is the version that the caller has seen.
    pub async fn update_member(
        &self,
        who: &Principal,
        team: &str,
        id_or_email: &str,
        role: TeamRole,
        expected: Option<u32>,
    ) -> Result<TeamMember, ControlError> {
        retry::unless_expected(expected, || self.try_update_member(who, team, id_or_email, role, expected)).await
    }

    async fn try_update_member(
        &self,
        who: &Principal,
        team: &str,
        id_or_email: &str,
        role: TeamRole,
        expected: Option<u32>,
    ) -> Result<TeamMember, ControlError> {
        let grant = self.access.team(who, team, TeamAction::Manage).await?;
        let (before, user) = self.member(grant.id, id_or_email).await?;
        check_version(before.role, expected)?;
        // The right may rest on what is changed, so both are of one moment.
        if who.is_login_of(user.id) && grant.role != Some(before.role) {
            return Err(ControlError::Stale { what: "member" });
        }
        if before.role == role {
            return Ok(TeamMember { membership: before, user });
        }
        let was = before.role;
        let detail = format!("from {} to {role} in the team {}", before.role, grant.slug);
        let entry = Trail::new(who, self.ports.clock.now()).team(&grant).entry(
            AuditAction::TeamMemberUpdate,
            "team_member",
            user.id,
            user.email.as_str(),
            detail,
        );
        let entry = entry.with(FactName::Before, was).with(FactName::Now, role);
        let membership = TeamMembership { role, ..before };
        self.ports.teams.put_member(&membership, Some(was), &entry).await?;
        self.ports.written_teams().await;
        Ok(TeamMember { membership, user })
    }

    /// Takes somebody out of the team. Everybody may leave. `expected` is the version that the caller has seen.
    pub async fn remove_member(
        &self,
        who: &Principal,
        team: &str,
        id_or_email: &str,
        expected: Option<u32>,
    ) -> Result<(), ControlError> {
        retry::unless_expected(expected, || self.try_remove_member(who, team, id_or_email, expected)).await
    }

    async fn try_remove_member(
        &self,
        who: &Principal,
        team: &str,
        id_or_email: &str,
        expected: Option<u32>,
    ) -> Result<(), ControlError> {
        let user = users::find(&self.ports, id_or_email).await?;
        let leaves = user.as_ref().is_some_and(|user| who.is_login_of(user.id));
        let action = if leaves { TeamAction::View } else { TeamAction::Manage };
        let grant = self.access.team(who, team, action).await?;
        let missing = || ControlError::Missing { what: "member" };
        let user = user.ok_or_else(missing)?;
        let before = self.ports.teams.find_member(grant.id, user.id).await?.ok_or_else(missing)?;
        check_version(before.role, expected)?;
        let entry = Trail::new(who, self.ports.clock.now()).team(&grant).entry(
            AuditAction::TeamMemberDelete,
            "team_member",
            user.id,
            user.email.as_str(),
            format!("was {} in the team {}", before.role, grant.slug),
        );
        let entry = entry.with(FactName::Before, before.role);
        self.ports.teams.remove_member(grant.id, user.id, before.role, &entry).await?;
        self.ports.written_teams().await;
        Ok(())
    }

    /// What the team was granted, by slug of the project.
    pub async fn list_projects(&self, who: &Principal, team: &str) -> Result<Vec<GrantedProject>, ControlError> {
        let grant = self.access.team(who, team, TeamAction::View).await?;
        let grants = self.ports.teams.list_grants(grant.id).await?;
        Ok(grants.into_iter().map(|(grant, project)| GrantedProject { grant, project }).collect())
    }

    async fn member(&self, team: TeamId, id_or_email: &str) -> Result<(TeamMembership, User), ControlError> {
        let missing = || ControlError::Missing { what: "member" };
        let user = users::find(&self.ports, id_or_email).await?.ok_or_else(missing)?;
        let membership = self.ports.teams.find_member(team, user.id).await?.ok_or_else(missing)?;
        Ok((membership, user))
    }

    async fn stored(&self, id: TeamId) -> Result<Team, ControlError> {
        self.ports.teams.find(id).await?.ok_or(ControlError::Missing { what: "team" })
    }

    fn seen(&self, who: &Principal, team: Team) -> TeamSeen {
        let directory = self.ports.directory.current();
        let facts = directory.teams().team(team.id);
        TeamSeen {
            role: facts.and_then(|facts| facts.members.get(&who.user_id).copied()),
            members: facts.map_or(0, |facts| facts.members.len()),
            team,
        }
    }

    async fn first_admin(&self, who: &Principal, chosen: Option<&str>) -> Result<User, ControlError> {
        let user = match (chosen, who.credential) {
            (Some(chosen), _) => users::find(&self.ports, chosen).await?,
            (None, Credential::Console) => {
                return Err(ControlError::invalid("admin", "it is missing", "name an account by e-mail address"));
            }
            (None, Credential::Login { .. } | Credential::Key { .. }) => self.ports.users.find(who.user_id).await?,
        };
        user.filter(User::is_active).ok_or_else(|| {
            ControlError::invalid("admin", "there is no such active user", "name an existing account by e-mail address")
        })
    }
}

impl TeamMember {
    /// A number that is another one when the membership is another; what an `ETag` is made of.
    #[must_use]
    pub const fn version(&self) -> u32 {
        version(self.membership.role)
    }
}

/// The role is all that can be changed of a membership.
const fn version(role: TeamRole) -> u32 {
    match role {
        TeamRole::Member => 1,
        TeamRole::Admin => 2,
    }
}

fn check_version(now: TeamRole, expected: Option<u32>) -> Result<(), ControlError> {
    if expected.is_some_and(|expected| expected != version(now)) {
        return Err(ControlError::Stale { what: "member" });
    }
    Ok(())
}

impl fmt::Debug for Teams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Teams").finish_non_exhaustive()
    }
}
