//! Teams in `teams`, who is in them in `team_memberships`, what they were granted in `team_grants`.

use std::collections::HashMap;

use async_trait::async_trait;
use orch_domain::audit::AuditEntry;
use orch_domain::change::Change;
use orch_domain::error::StoreError;
use orch_domain::id::{ProjectId, TeamId, UserId};
use orch_domain::page::{Page, PageRequest};
use orch_domain::port::team_repo::{TeamFilter, TeamRepo};
use orch_domain::project::Project;
use orch_domain::role::Role;
use orch_domain::slug::Slug;
use orch_domain::team::{Team, TeamGrant, TeamMembership, TeamRole};
use orch_domain::user::User;
use sea_orm::sea_query::{OnConflict, Query};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::database::Database;
use crate::entity::team::{self, Column, Entity, Model};
use crate::entity::{project, team_grant, team_membership, to_signed, user};
use crate::paging::{containing, oldest_first};
use crate::repo::last_admin::AtRisk;
use crate::store_error::{Refusal, unavailable};
use crate::writing::{Versioned, Writing};

#[derive(Debug, Clone)]
pub struct SeaTeamRepo {
    database: Database,
}

const THE_TEAM: &str = "the team";
const THE_USER: &str = "the user";
const THE_MEMBER: &str = "the member";
const THE_PROJECT: &str = "the project";
const THE_GRANT: &str = "the grant";
const A_TEAM: &str = "a team with this slug";

impl SeaTeamRepo {
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl TeamRepo for SeaTeamRepo {
    async fn find(&self, id: TeamId) -> Result<Option<Team>, StoreError> {
        let found = Entity::find_by_id(id.as_uuid()).one(self.database.reader()).await;
        found.map_err(unavailable("finding a team"))?.map(Model::into_team).transpose()
    }

    async fn find_by_slug(&self, slug: &Slug) -> Result<Option<Team>, StoreError> {
        let found = Entity::find().filter(Column::Slug.eq(slug.as_str())).one(self.database.reader()).await;
        found.map_err(unavailable("finding a team by slug"))?.map(Model::into_team).transpose()
    }

    async fn list(&self, filter: &TeamFilter, page: PageRequest) -> Result<Page<Team>, StoreError> {
        let mut select = oldest_first(Entity::find(), Column::Id, page);
        if let Some(member) = filter.member {
            let theirs = Query::select()
                .column(team_membership::Column::TeamId)
                .from(team_membership::Entity)
                .and_where(team_membership::Column::UserId.eq(member.as_uuid()))
                .take();
            select = select.filter(Column::Id.in_subquery(theirs));
        }
        if let Some(search) = &filter.search {
            select = select.filter(containing(&[(Entity, Column::Slug), (Entity, Column::Name)], search));
        }
        let rows = select.all(self.database.reader()).await.map_err(unavailable("listing teams"))?;
        let teams = rows.into_iter().map(Model::into_team).collect::<Result<_, _>>()?;
        Ok(Page::cut(teams, page.limit, |team: &Team| team.id.as_uuid()))
    }

    async fn create(&self, team: &Team, admin: UserId, audit: &AuditEntry) -> Result<(), StoreError> {
        let refusal = Refusal { doing: "creating a team", taken: A_TEAM, missing: THE_USER };
        let mut writing = self.database.write(refusal.doing).await?;
        let inserted = Entity::insert(team::row(team)).exec_without_returning(writing.conn()).await;
        inserted.map_err(refusal.explain())?;
        let first =
            TeamMembership { team_id: team.id, user_id: admin, role: TeamRole::Admin, created_at: team.created_at };
        let row = team_membership::row(&first);
        let inserted = team_membership::Entity::insert(row).exec_without_returning(writing.conn()).await;
        inserted.map_err(refusal.explain())?;
        writing.audit(audit).await?;
        writing.announce(Change::Teams);
        writing.commit().await
    }

    async fn update(&self, team: &Team, audit: &AuditEntry) -> Result<(), StoreError> {
        let refusal = Refusal { doing: "updating a team", taken: A_TEAM, missing: THE_TEAM };
        let (id, version) = ((Column::Id, team.id.as_uuid()), (Column::Version, team.version));
        let mut writing = self.database.write(refusal.doing).await?;
        writing.update(team::row(team), Versioned { what: THE_TEAM, id, version }, refusal).await?;
        writing.audit(audit).await?;
        writing.announce(Change::Teams);
        writing.commit().await
    }

    async fn delete(&self, id: TeamId, expected: Option<u32>, audit: &AuditEntry) -> Result<(), StoreError> {
        let doing = "deleting a team";
        let mut writing = self.database.write(doing).await?;
        let found = Entity::find_by_id(id.as_uuid()).one(writing.conn()).await.map_err(unavailable(doing))?;
        let found = found.ok_or(StoreError::Missing { what: THE_TEAM })?;
        if expected.is_some_and(|version| to_signed(version) != found.version) {
            return Err(StoreError::Stale { what: THE_TEAM });
        }
        let projects = AtRisk::projects_of_team(&writing, id.as_uuid()).await?;
        let granted = granted_projects(&writing, id).await?;
        Entity::delete_by_id(id.as_uuid()).exec(writing.conn()).await.map_err(unavailable(doing))?;
        AtRisk { projects, teams: Vec::new() }.keep_an_admin(&writing).await?;
        writing.audit(audit).await?;
        writing.announce(Change::Teams);
        for project in granted {
            writing.announce(Change::Project(ProjectId::from_uuid(project)));
        }
        writing.commit().await
    }

    async fn find_member(&self, team: TeamId, user: UserId) -> Result<Option<TeamMembership>, StoreError> {
        let key = (team.as_uuid(), user.as_uuid());
        let found = team_membership::Entity::find_by_id(key).one(self.database.reader()).await;
        let found = found.map_err(unavailable("finding a member of a team"))?;
        found.map(team_membership::Model::into_membership).transpose()
    }

    async fn list_members(&self, team: TeamId) -> Result<Vec<(TeamMembership, User)>, StoreError> {
        let doing = "listing the members of a team";
        let txn = self.database.read_snapshot(doing).await?;
        let of_team = team_membership::Column::TeamId.eq(team.as_uuid());
        let rows = team_membership::Entity::find().filter(of_team).all(&txn).await.map_err(unavailable(doing))?;
        let theirs = Query::select()
            .column(team_membership::Column::UserId)
            .from(team_membership::Entity)
            .and_where(team_membership::Column::TeamId.eq(team.as_uuid()))
            .take();
        let users = user::Entity::find().filter(user::Column::Id.in_subquery(theirs)).all(&txn).await;
        let users = users.map_err(unavailable(doing))?;
        let mut users: HashMap<_, _> = users.into_iter().map(|user| (user.id, user)).collect();
        let mut members = Vec::with_capacity(rows.len());
        for row in rows {
            // The foreign key makes sure that there is one.
            if let Some(user) = users.remove(&row.user_id) {
                members.push((row.into_membership()?, user.into_user()?));
            }
        }
        members.sort_by_key(|(member, _)| (member.created_at, member.user_id));
        Ok(members)
    }

    async fn put_member(
        &self,
        membership: &TeamMembership,
        before: Option<TeamRole>,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let mut writing = self.database.write("writing a member of a team").await?;
        if find_team_role(&writing, membership.team_id, membership.user_id).await? != before {
            return Err(StoreError::Stale { what: THE_MEMBER });
        }
        put_member(&writing, membership, before).await?;
        writing.audit(audit).await?;
        writing.announce(Change::Teams);
        writing.commit().await
    }

    async fn remove_member(
        &self,
        team: TeamId,
        user: UserId,
        before: TeamRole,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let doing = "removing a member of a team";
        let mut writing = self.database.write(doing).await?;
        let stored = find_team_role(&writing, team, user).await?.ok_or(StoreError::Missing { what: THE_MEMBER })?;
        if stored != before {
            return Err(StoreError::Stale { what: THE_MEMBER });
        }
        let key = (team.as_uuid(), user.as_uuid());
        team_membership::Entity::delete_by_id(key).exec(writing.conn()).await.map_err(unavailable(doing))?;
        let teams = if before == TeamRole::Admin { vec![team.as_uuid()] } else { Vec::new() };
        let projects = AtRisk::projects_of_team(&writing, team.as_uuid()).await?;
        AtRisk { projects, teams }.keep_an_admin(&writing).await?;
        writing.audit(audit).await?;
        writing.announce(Change::Teams);
        writing.commit().await
    }

    async fn list_grants(&self, team: TeamId) -> Result<Vec<(TeamGrant, Project)>, StoreError> {
        let doing = "listing what a team was granted";
        let txn = self.database.read_snapshot(doing).await?;
        let of_team = team_grant::Column::TeamId.eq(team.as_uuid());
        let rows = team_grant::Entity::find().filter(of_team).all(&txn).await.map_err(unavailable(doing))?;
        let granted = Query::select()
            .column(team_grant::Column::ProjectId)
            .from(team_grant::Entity)
            .and_where(team_grant::Column::TeamId.eq(team.as_uuid()))
            .take();
        let projects = project::Entity::find().filter(project::Column::Id.in_subquery(granted)).all(&txn).await;
        let projects = projects.map_err(unavailable(doing))?;
        let mut projects: HashMap<_, _> = projects.into_iter().map(|project| (project.id, project)).collect();
        let mut grants = Vec::with_capacity(rows.len());
        for row in rows {
            if let Some(project) = projects.remove(&row.project_id) {
                grants.push((row.into_grant()?, project.into_project()?));
            }
        }
        grants.sort_by(|(_, one), (_, other)| one.slug.cmp(&other.slug));
        Ok(grants)
    }

    async fn list_teams_on(&self, project: ProjectId) -> Result<Vec<(TeamGrant, Team)>, StoreError> {
        let doing = "listing the teams on a project";
        let txn = self.database.read_snapshot(doing).await?;
        let on_project = team_grant::Column::ProjectId.eq(project.as_uuid());
        let rows = team_grant::Entity::find().filter(on_project).all(&txn).await.map_err(unavailable(doing))?;
        let granted = Query::select()
            .column(team_grant::Column::TeamId)
            .from(team_grant::Entity)
            .and_where(team_grant::Column::ProjectId.eq(project.as_uuid()))
            .take();
        let teams = Entity::find().filter(Column::Id.in_subquery(granted)).all(&txn).await;
        let teams = teams.map_err(unavailable(doing))?;
        let mut teams: HashMap<_, _> = teams.into_iter().map(|team| (team.id, team)).collect();
        let mut grants = Vec::with_capacity(rows.len());
        for row in rows {
            if let Some(team) = teams.remove(&row.team_id) {
                grants.push((row.into_grant()?, team.into_team()?));
            }
        }
        grants.sort_by(|(_, one), (_, other)| one.slug.cmp(&other.slug));
        Ok(grants)
    }

    async fn put_grant(&self, grant: &TeamGrant, before: Option<Role>, audit: &AuditEntry) -> Result<(), StoreError> {
        let doing = "granting a project to a team";
        let project = grant.project_id.as_uuid();
        let mut writing = self.database.write(doing).await?;
        if find_grant(&writing, grant.project_id, grant.team_id).await? != before {
            return Err(StoreError::Stale { what: THE_GRANT });
        }
        let found = project::Entity::find_by_id(project).count(writing.conn()).await.map_err(unavailable(doing))?;
        let missing = if found == 0 { THE_PROJECT } else { THE_TEAM };
        let on_conflict = OnConflict::columns([team_grant::Column::ProjectId, team_grant::Column::TeamId])
            .update_column(team_grant::Column::Role)
            .to_owned();
        team_grant::Entity::insert(team_grant::row(grant))
            .on_conflict(on_conflict)
            .exec_without_returning(writing.conn())
            .await
            .map_err(Refusal { doing, taken: THE_GRANT, missing }.explain())?;
        if before == Some(Role::Admin) && grant.role != Role::Admin {
            AtRisk::project(project).keep_an_admin(&writing).await?;
        }
        writing.audit(audit).await?;
        writing.announce(Change::Project(grant.project_id));
        writing.commit().await
    }

    async fn remove_grant(
        &self,
        project: ProjectId,
        team: TeamId,
        before: Role,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let doing = "taking a project from a team";
        let mut writing = self.database.write(doing).await?;
        let stored = find_grant(&writing, project, team).await?.ok_or(StoreError::Missing { what: THE_GRANT })?;
        if stored != before {
            return Err(StoreError::Stale { what: THE_GRANT });
        }
        let key = (project.as_uuid(), team.as_uuid());
        team_grant::Entity::delete_by_id(key).exec(writing.conn()).await.map_err(unavailable(doing))?;
        if before == Role::Admin {
            AtRisk::project(project.as_uuid()).keep_an_admin(&writing).await?;
        }
        writing.audit(audit).await?;
        writing.announce(Change::Project(project));
        writing.commit().await
    }
}

/// Adds the member, or changes the role of one whose stored role is `before`.
pub(crate) async fn put_member(
    writing: &Writing,
    membership: &TeamMembership,
    before: Option<TeamRole>,
) -> Result<(), StoreError> {
    let doing = "writing a member of a team";
    let team = membership.team_id;
    let found = Entity::find_by_id(team.as_uuid()).count(writing.conn()).await.map_err(unavailable(doing))?;
    let missing = if found == 0 { THE_TEAM } else { THE_USER };
    let on_conflict = OnConflict::columns([team_membership::Column::TeamId, team_membership::Column::UserId])
        .update_column(team_membership::Column::Role)
        .to_owned();
    team_membership::Entity::insert(team_membership::row(membership))
        .on_conflict(on_conflict)
        .exec_without_returning(writing.conn())
        .await
        .map_err(Refusal { doing, taken: THE_MEMBER, missing }.explain())?;
    if before == Some(TeamRole::Admin) && membership.role != TeamRole::Admin {
        AtRisk::team(team.as_uuid()).keep_an_admin(writing).await?;
    }
    Ok(())
}

pub(crate) async fn find_team_role(
    writing: &Writing,
    team: TeamId,
    user: UserId,
) -> Result<Option<TeamRole>, StoreError> {
    let found = team_membership::Entity::find_by_id((team.as_uuid(), user.as_uuid())).one(writing.conn()).await;
    found.map_err(unavailable("finding a member of a team"))?.map(|row| row.role()).transpose()
}

async fn find_grant(writing: &Writing, project: ProjectId, team: TeamId) -> Result<Option<Role>, StoreError> {
    let found = team_grant::Entity::find_by_id((project.as_uuid(), team.as_uuid())).one(writing.conn()).await;
    found.map_err(unavailable("finding what a team was granted"))?.map(|row| row.role()).transpose()
}

async fn granted_projects(writing: &Writing, team: TeamId) -> Result<Vec<Uuid>, StoreError> {
    team_grant::Entity::find()
        .select_only()
        .column(team_grant::Column::ProjectId)
        .filter(team_grant::Column::TeamId.eq(team.as_uuid()))
        .into_tuple()
        .all(writing.conn())
        .await
        .map_err(unavailable("finding what a team was granted"))
}
