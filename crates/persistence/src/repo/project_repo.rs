//! Projects in `projects` and their members in `memberships`.

use std::collections::HashMap;

use async_trait::async_trait;
use orch_domain::audit::AuditEntry;
use orch_domain::change::Change;
use orch_domain::error::StoreError;
use orch_domain::id::{ProjectId, UserId};
use orch_domain::membership::Membership;
use orch_domain::page::{Page, PageRequest};
use orch_domain::port::project_repo::{ProjectFilter, ProjectRepo};
use orch_domain::project::Project;
use orch_domain::role::Role;
use orch_domain::slug::Slug;
use orch_domain::user::User;
use sea_orm::sea_query::{OnConflict, Query};
use sea_orm::{ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter};

use crate::database::Database;
use crate::entity::project::{self, Column, Entity, Model};
use crate::entity::{membership, team_grant, team_membership, to_signed, user};
use crate::paging::{containing, oldest_first};
use crate::repo::last_admin::AtRisk;
use crate::store_error::{Refusal, unavailable};
use crate::writing::{Versioned, Writing};

#[derive(Debug, Clone)]
pub struct SeaProjectRepo {
    database: Database,
}

const THE_PROJECT: &str = "the project";
const THE_USER: &str = "the user";
const THE_MEMBER: &str = "the member";
const A_PROJECT: &str = "a project with this slug";

impl SeaProjectRepo {
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl ProjectRepo for SeaProjectRepo {
    async fn find(&self, id: ProjectId) -> Result<Option<Project>, StoreError> {
        let found = Entity::find_by_id(id.as_uuid()).one(self.database.reader()).await;
        found.map_err(unavailable("finding a project"))?.map(Model::into_project).transpose()
    }

    async fn find_by_slug(&self, slug: &Slug) -> Result<Option<Project>, StoreError> {
        let found = Entity::find().filter(Column::Slug.eq(slug.as_str())).one(self.database.reader()).await;
        found.map_err(unavailable("finding a project by slug"))?.map(Model::into_project).transpose()
    }

    async fn list(&self, filter: &ProjectFilter, page: PageRequest) -> Result<Page<Project>, StoreError> {
        let mut select = oldest_first(Entity::find(), Column::Id, page);
        if let Some(member) = filter.member {
            let theirs = Query::select()
                .column(membership::Column::ProjectId)
                .from(membership::Entity)
                .and_where(membership::Column::UserId.eq(member.as_uuid()))
                .take();
            let own_teams = Query::select()
                .column(team_membership::Column::TeamId)
                .from(team_membership::Entity)
                .and_where(team_membership::Column::UserId.eq(member.as_uuid()))
                .take();
            let with_teams = Query::select()
                .column(team_grant::Column::ProjectId)
                .from(team_grant::Entity)
                .and_where(team_grant::Column::TeamId.in_subquery(own_teams))
                .take();
            select = select
                .filter(Condition::any().add(Column::Id.in_subquery(theirs)).add(Column::Id.in_subquery(with_teams)));
        }
        if let Some(search) = &filter.search {
            select = select.filter(containing(&[(Entity, Column::Slug), (Entity, Column::Name)], search));
        }
        let rows = select.all(self.database.reader()).await.map_err(unavailable("listing projects"))?;
        let projects = rows.into_iter().map(Model::into_project).collect::<Result<_, _>>()?;
        Ok(Page::cut(projects, page.limit, |project: &Project| project.id.as_uuid()))
    }

    async fn create(&self, project: &Project, admin: UserId, audit: &AuditEntry) -> Result<(), StoreError> {
        let refusal = Refusal { doing: "creating a project", taken: A_PROJECT, missing: THE_USER };
        let mut writing = self.database.write(refusal.doing).await?;
        let inserted = Entity::insert(project::row(project)).exec_without_returning(writing.conn()).await;
        inserted.map_err(refusal.explain())?;
        let first =
            Membership { project_id: project.id, user_id: admin, role: Role::Admin, created_at: project.created_at };
        let inserted = membership::Entity::insert(membership::row(&first)).exec_without_returning(writing.conn()).await;
        inserted.map_err(refusal.explain())?;
        writing.audit(audit).await?;
        writing.announce(Change::Project(project.id));
        writing.commit().await
    }

    async fn update(&self, project: &Project, audit: &AuditEntry) -> Result<(), StoreError> {
        let refusal = Refusal { doing: "updating a project", taken: A_PROJECT, missing: THE_PROJECT };
        let (id, version) = ((Column::Id, project.id.as_uuid()), (Column::Version, project.version));
        let mut writing = self.database.write(refusal.doing).await?;
        writing.update(project::row(project), Versioned { what: THE_PROJECT, id, version }, refusal).await?;
        writing.audit(audit).await?;
        writing.announce(Change::Project(project.id));
        writing.commit().await
    }

    async fn delete(&self, id: ProjectId, expected: Option<u32>, audit: &AuditEntry) -> Result<(), StoreError> {
        let doing = "deleting a project";
        let mut writing = self.database.write(doing).await?;
        let found = Entity::find_by_id(id.as_uuid()).one(writing.conn()).await.map_err(unavailable(doing))?;
        let found = found.ok_or(StoreError::Missing { what: THE_PROJECT })?;
        if expected.is_some_and(|version| to_signed(version) != found.version) {
            return Err(StoreError::Stale { what: THE_PROJECT });
        }
        Entity::delete_by_id(id.as_uuid()).exec(writing.conn()).await.map_err(unavailable(doing))?;
        writing.audit(audit).await?;
        writing.announce(Change::Project(id));
        writing.commit().await
    }

    async fn find_member(&self, project: ProjectId, user: UserId) -> Result<Option<Membership>, StoreError> {
        let key = (project.as_uuid(), user.as_uuid());
        let found = membership::Entity::find_by_id(key).one(self.database.reader()).await;
        found.map_err(unavailable("finding a member"))?.map(membership::Model::into_membership).transpose()
    }

    async fn list_members(&self, project: ProjectId) -> Result<Vec<(Membership, User)>, StoreError> {
        let doing = "listing members";
        let txn = self.database.read_snapshot(doing).await?;
        let of_project = membership::Column::ProjectId.eq(project.as_uuid());
        let rows = membership::Entity::find().filter(of_project).all(&txn).await.map_err(unavailable(doing))?;
        let theirs = Query::select()
            .column(membership::Column::UserId)
            .from(membership::Entity)
            .and_where(membership::Column::ProjectId.eq(project.as_uuid()))
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
        // Not sorted by SQLite, which keeps times as text of varying length.
        members.sort_by_key(|(member, _)| (member.created_at, member.user_id));
        Ok(members)
    }

    async fn put_member(
        &self,
        membership: &Membership,
        before: Option<Role>,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let doing = "writing a member";
        let (project, user) = (membership.project_id, membership.user_id);
        let mut writing = self.database.write(doing).await?;
        if find_role(&writing, project, user).await? != before {
            return Err(StoreError::Stale { what: THE_MEMBER });
        }
        let missing = self.missing_of_member(&writing, project).await?;
        upsert_member(&writing, membership).await.map_err(Refusal { doing, taken: THE_MEMBER, missing }.explain())?;
        if before == Some(Role::Admin) && membership.role != Role::Admin {
            AtRisk::project(project.as_uuid()).keep_an_admin(&writing).await?;
        }
        writing.audit(audit).await?;
        writing.announce(Change::Project(project));
        writing.commit().await
    }

    async fn remove_member(
        &self,
        project: ProjectId,
        user: UserId,
        before: Role,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let doing = "removing a member";
        let mut writing = self.database.write(doing).await?;
        let stored = find_role(&writing, project, user).await?.ok_or(StoreError::Missing { what: THE_MEMBER })?;
        if stored != before {
            return Err(StoreError::Stale { what: THE_MEMBER });
        }
        let key = (project.as_uuid(), user.as_uuid());
        membership::Entity::delete_by_id(key).exec(writing.conn()).await.map_err(unavailable(doing))?;
        if before == Role::Admin {
            AtRisk::project(project.as_uuid()).keep_an_admin(&writing).await?;
        }
        writing.audit(audit).await?;
        writing.announce(Change::Project(project));
        writing.commit().await
    }
}

impl SeaProjectRepo {
    /// What a foreign key of a membership would miss: a violation does not tell which of the two.
    async fn missing_of_member(&self, writing: &Writing, project: ProjectId) -> Result<&'static str, StoreError> {
        let found = Entity::find_by_id(project.as_uuid()).count(writing.conn()).await;
        let found = found.map_err(unavailable("finding a project"))?;
        Ok(if found == 0 { THE_PROJECT } else { THE_USER })
    }
}

/// Adds the member or changes the role.
pub(crate) async fn upsert_member(writing: &Writing, membership: &Membership) -> Result<(), sea_orm::DbErr> {
    let on_conflict = OnConflict::columns([membership::Column::ProjectId, membership::Column::UserId])
        .update_column(membership::Column::Role)
        .to_owned();
    membership::Entity::insert(membership::row(membership))
        .on_conflict(on_conflict)
        .exec_without_returning(writing.conn())
        .await
        .map(|_| ())
}

pub(crate) async fn find_role(writing: &Writing, project: ProjectId, user: UserId) -> Result<Option<Role>, StoreError> {
    let found = membership::Entity::find_by_id((project.as_uuid(), user.as_uuid())).one(writing.conn()).await;
    found.map_err(unavailable("finding a member"))?.map(|row| row.role()).transpose()
}
