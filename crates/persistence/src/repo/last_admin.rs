//! The rule that a project and a team keep an active admin, for the writes that can take one away. Writes run one
//! after the other, so two who leave at once meet here one after the other.

use orch_domain::error::StoreError;
use orch_domain::id::UserId;
use orch_domain::role::Role;
use orch_domain::team::TeamRole;
use sea_orm::sea_query::{Query, SelectStatement};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::entity::{membership, project, team, team_grant, team_membership, user};
use crate::repo::ROWS_AT_ONCE;
use crate::store_error::unavailable;
use crate::writing::Writing;

const DOING: &str = "looking for the admins that remain";

/// What may be left without an active admin by a write.
#[derive(Debug, Default)]
pub(crate) struct AtRisk {
    pub(crate) projects: Vec<Uuid>,
    pub(crate) teams: Vec<Uuid>,
}

impl AtRisk {
    pub(crate) fn project(id: Uuid) -> Self {
        Self { projects: vec![id], teams: Vec::new() }
    }

    pub(crate) fn team(id: Uuid) -> Self {
        Self { projects: Vec::new(), teams: vec![id] }
    }

    /// The projects that the team is an admin of.
    pub(crate) async fn projects_of_team(writing: &Writing, team: Uuid) -> Result<Vec<Uuid>, StoreError> {
        team_grant::Entity::find()
            .select_only()
            .column(team_grant::Column::ProjectId)
            .filter(team_grant::Column::TeamId.eq(team))
            .filter(team_grant::Column::Role.eq(Role::Admin.as_str()))
            .into_tuple()
            .all(writing.conn())
            .await
            .map_err(unavailable(DOING))
    }

    /// All that the user is an admin of, directly or with a team.
    pub(crate) async fn of_user(writing: &Writing, user: UserId) -> Result<Self, StoreError> {
        let mut projects: Vec<Uuid> = membership::Entity::find()
            .select_only()
            .column(membership::Column::ProjectId)
            .filter(membership::Column::UserId.eq(user.as_uuid()))
            .filter(membership::Column::Role.eq(Role::Admin.as_str()))
            .into_tuple()
            .all(writing.conn())
            .await
            .map_err(unavailable(DOING))?;
        let own_teams = Query::select()
            .column(team_membership::Column::TeamId)
            .from(team_membership::Entity)
            .and_where(team_membership::Column::UserId.eq(user.as_uuid()))
            .take();
        let with_teams: Vec<Uuid> = team_grant::Entity::find()
            .select_only()
            .column(team_grant::Column::ProjectId)
            .filter(team_grant::Column::Role.eq(Role::Admin.as_str()))
            .filter(team_grant::Column::TeamId.in_subquery(own_teams))
            .into_tuple()
            .all(writing.conn())
            .await
            .map_err(unavailable(DOING))?;
        projects.extend(with_teams);
        let teams = team_membership::Entity::find()
            .select_only()
            .column(team_membership::Column::TeamId)
            .filter(team_membership::Column::UserId.eq(user.as_uuid()))
            .filter(team_membership::Column::Role.eq(TeamRole::Admin.as_str()))
            .into_tuple()
            .all(writing.conn())
            .await
            .map_err(unavailable(DOING))?;
        Ok(Self { projects, teams })
    }

    /// To be asked after the write: refuses it when something has no active admin any more.
    pub(crate) async fn keep_an_admin(self, writing: &Writing) -> Result<(), StoreError> {
        let mut of = Vec::new();
        for projects in self.projects.chunks(ROWS_AT_ONCE) {
            of.extend(orphaned_projects(writing, projects).await?.into_iter().map(|slug| format!("project {slug}")));
        }
        for teams in self.teams.chunks(ROWS_AT_ONCE) {
            of.extend(orphaned_teams(writing, teams).await?.into_iter().map(|slug| format!("team {slug}")));
        }
        of.dedup();
        if of.is_empty() { Ok(()) } else { Err(StoreError::LastAdmin { of }) }
    }
}

/// The slugs of those that neither a person nor a team with a person in it administers.
async fn orphaned_projects(writing: &Writing, among: &[Uuid]) -> Result<Vec<String>, StoreError> {
    let by_people = Query::select()
        .column(membership::Column::ProjectId)
        .from(membership::Entity)
        .and_where(membership::Column::Role.eq(Role::Admin.as_str()))
        .and_where(membership::Column::UserId.in_subquery(active_users()))
        .take();
    let peopled = Query::select()
        .column(team_membership::Column::TeamId)
        .from(team_membership::Entity)
        .and_where(team_membership::Column::UserId.in_subquery(active_users()))
        .take();
    let by_teams = Query::select()
        .column(team_grant::Column::ProjectId)
        .from(team_grant::Entity)
        .and_where(team_grant::Column::Role.eq(Role::Admin.as_str()))
        .and_where(team_grant::Column::TeamId.in_subquery(peopled))
        .take();
    project::Entity::find()
        .select_only()
        .column(project::Column::Slug)
        .filter(project::Column::Id.is_in(among.iter().copied()))
        .filter(project::Column::Id.not_in_subquery(by_people))
        .filter(project::Column::Id.not_in_subquery(by_teams))
        .order_by_asc(project::Column::Slug)
        .into_tuple()
        .all(writing.conn())
        .await
        .map_err(unavailable(DOING))
}

async fn orphaned_teams(writing: &Writing, among: &[Uuid]) -> Result<Vec<String>, StoreError> {
    let administered = Query::select()
        .column(team_membership::Column::TeamId)
        .from(team_membership::Entity)
        .and_where(team_membership::Column::Role.eq(TeamRole::Admin.as_str()))
        .and_where(team_membership::Column::UserId.in_subquery(active_users()))
        .take();
    team::Entity::find()
        .select_only()
        .column(team::Column::Slug)
        .filter(team::Column::Id.is_in(among.iter().copied()))
        .filter(team::Column::Id.not_in_subquery(administered))
        .order_by_asc(team::Column::Slug)
        .into_tuple()
        .all(writing.conn())
        .await
        .map_err(unavailable(DOING))
}

fn active_users() -> SelectStatement {
    Query::select().column(user::Column::Id).from(user::Entity).and_where(user::Column::DeactivatedAt.is_null()).take()
}
