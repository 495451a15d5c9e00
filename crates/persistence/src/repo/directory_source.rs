//! Reads the snapshot that the data plane decides by. Every load is one consistent view.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use orch_domain::api_key::ApiKey;
use orch_domain::directory::roster::TeamRoster;
use orch_domain::directory::{Directory, ProjectFacts, UserFacts};
use orch_domain::error::StoreError;
use orch_domain::id::{ProjectId, TeamId, UserId};
use orch_domain::policy::rule::Policy;
use orch_domain::port::directory_source::DirectorySource;
use orch_domain::quota::Limits;
use orch_domain::role::Role;
use orch_domain::server::Server;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::database::Database;
use crate::database::patient::Patient;
use crate::entity::{
    api_key, membership, policy, project, project_limits, server, team, team_grant, team_membership, user,
};
use crate::repo::{limits_repo, personal_secret_repo, server_repo};
use crate::store_error::unavailable;

#[derive(Debug, Clone)]
pub struct SeaDirectorySource {
    database: Database,
    reader: Patient,
}

const DOING: &str = "reading the directory";

impl SeaDirectorySource {
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { reader: database.reader().clone(), database }
    }

    /// For the one task that follows changes; over connections that nobody else takes.
    #[must_use]
    pub fn for_following(database: Database) -> Self {
        Self { reader: database.followers().clone(), database }
    }
}

#[async_trait]
impl DirectorySource for SeaDirectorySource {
    async fn load(&self) -> Result<Directory, StoreError> {
        let txn = self.database.snapshot_over(&self.reader, DOING).await?;
        let users = load_users(&txn).await?;
        let projects = load_projects(&txn, None).await?;
        let limits = limits_repo::find(&txn, None).await?.limits;
        let teams = load_teams(&txn, None).await?;
        Ok(Directory::new(users, projects).with_teams(teams).with_limits(limits))
    }

    async fn load_users(&self) -> Result<HashMap<UserId, UserFacts>, StoreError> {
        load_users(&self.reader).await
    }

    async fn load_teams(&self, only: Option<UserId>) -> Result<TeamRoster, StoreError> {
        let txn = self.database.snapshot_over(&self.reader, DOING).await?;
        load_teams(&txn, only).await
    }

    async fn load_project(&self, id: ProjectId) -> Result<Option<ProjectFacts>, StoreError> {
        let txn = self.database.snapshot_over(&self.reader, DOING).await?;
        Ok(load_projects(&txn, Some(id)).await?.pop())
    }
}

async fn load_users(conn: &impl ConnectionTrait) -> Result<HashMap<UserId, UserFacts>, StoreError> {
    let rows: Vec<(Uuid, bool, Option<OffsetDateTime>)> = user::Entity::find()
        .select_only()
        .columns([user::Column::Id, user::Column::InstanceAdmin, user::Column::DeactivatedAt])
        .into_tuple()
        .all(conn)
        .await
        .map_err(unavailable(DOING))?;
    let facts = |(id, instance_admin, deactivated_at): (Uuid, bool, Option<OffsetDateTime>)| {
        (UserId::from_uuid(id), UserFacts { active: deactivated_at.is_none(), instance_admin })
    };
    Ok(rows.into_iter().map(facts).collect())
}

async fn load_teams(conn: &impl ConnectionTrait, only: Option<UserId>) -> Result<TeamRoster, StoreError> {
    let teams = team::Entity::find().all(conn).await.map_err(unavailable(DOING))?;
    let mut select = team_membership::Entity::find();
    if let Some(user) = only {
        select = select.filter(team_membership::Column::UserId.eq(user.as_uuid()));
    }
    let members = select.all(conn).await.map_err(unavailable(DOING))?;
    let teams = teams.into_iter().map(team::Model::into_team).collect::<Result<Vec<_>, _>>()?;
    let members = members.into_iter().map(team_membership::Model::into_membership).collect::<Result<Vec<_>, _>>()?;
    Ok(TeamRoster::new(teams, members))
}

/// All projects, or the one.
async fn load_projects(conn: &impl ConnectionTrait, only: Option<ProjectId>) -> Result<Vec<ProjectFacts>, StoreError> {
    let rows = project::Entity::find().filter(of(project::Column::Id, only)).all(conn).await;
    let rows = rows.map_err(unavailable(DOING))?;
    let mut members = load_members(conn, only).await?;
    let mut teams = load_grants(conn, only).await?;
    let mut servers = load_servers(conn, only).await?;
    let mut keys = load_keys(conn, only).await?;
    let mut policies = load_policies(conn, only).await?;
    let mut limits = load_limits(conn, only).await?;
    let mut personal = personal_secret_repo::load_all(conn, of(server::Column::ProjectId, only)).await?;
    let facts = |row: project::Model| {
        let id = ProjectId::from_uuid(row.id);
        let servers = servers.remove(&id).unwrap_or_default();
        let personal = servers.iter().filter_map(|server| personal.remove_entry(&server.id)).collect();
        Ok(ProjectFacts {
            project: row.into_project()?,
            members: members.remove(&id).unwrap_or_default(),
            teams: teams.remove(&id).unwrap_or_default(),
            servers: servers.into_iter().map(by_alias).collect(),
            personal,
            keys: keys.remove(&id).unwrap_or_default(),
            policy: Arc::new(policies.remove(&id).unwrap_or_default()),
            limits: limits.remove(&id).unwrap_or_default(),
        })
    };
    rows.into_iter().map(facts).collect()
}

async fn load_members(
    conn: &impl ConnectionTrait,
    only: Option<ProjectId>,
) -> Result<HashMap<ProjectId, HashMap<UserId, Role>>, StoreError> {
    let rows = membership::Entity::find().filter(of(membership::Column::ProjectId, only)).all(conn).await;
    let mut members: HashMap<_, HashMap<_, _>> = HashMap::new();
    for row in rows.map_err(unavailable(DOING))? {
        let row = row.into_membership()?;
        members.entry(row.project_id).or_default().insert(row.user_id, row.role);
    }
    Ok(members)
}

async fn load_grants(
    conn: &impl ConnectionTrait,
    only: Option<ProjectId>,
) -> Result<HashMap<ProjectId, HashMap<TeamId, Role>>, StoreError> {
    let rows = team_grant::Entity::find().filter(of(team_grant::Column::ProjectId, only)).all(conn).await;
    let mut grants: HashMap<_, HashMap<_, _>> = HashMap::new();
    for row in rows.map_err(unavailable(DOING))? {
        let row = row.into_grant()?;
        grants.entry(row.project_id).or_default().insert(row.team_id, row.role);
    }
    Ok(grants)
}

async fn load_servers(
    conn: &impl ConnectionTrait,
    only: Option<ProjectId>,
) -> Result<HashMap<ProjectId, Vec<Server>>, StoreError> {
    let mut servers: HashMap<_, Vec<_>> = HashMap::new();
    for server in server_repo::load_where(conn, of(server::Column::ProjectId, only)).await? {
        servers.entry(server.project_id).or_default().push(server);
    }
    Ok(servers)
}

async fn load_keys(
    conn: &impl ConnectionTrait,
    only: Option<ProjectId>,
) -> Result<HashMap<ProjectId, Vec<Arc<ApiKey>>>, StoreError> {
    let rows = api_key::Entity::find().filter(of(api_key::Column::ProjectId, only)).all(conn).await;
    let mut keys: HashMap<_, Vec<_>> = HashMap::new();
    for row in rows.map_err(unavailable(DOING))? {
        let key = row.into_key()?;
        keys.entry(key.project_id).or_default().push(Arc::new(key));
    }
    Ok(keys)
}

async fn load_policies(
    conn: &impl ConnectionTrait,
    only: Option<ProjectId>,
) -> Result<HashMap<ProjectId, Policy>, StoreError> {
    let rows = policy::Entity::find().filter(of(policy::Column::ProjectId, only)).all(conn).await;
    let rows = rows.map_err(unavailable(DOING))?;
    rows.into_iter().map(|row| Ok((ProjectId::from_uuid(row.project_id), row.into_policy()?))).collect()
}

async fn load_limits(
    conn: &impl ConnectionTrait,
    only: Option<ProjectId>,
) -> Result<HashMap<ProjectId, Limits>, StoreError> {
    let rows = project_limits::Entity::find().filter(of(project_limits::Column::ProjectId, only)).all(conn).await;
    let rows = rows.map_err(unavailable(DOING))?;
    rows.into_iter().map(|row| Ok((ProjectId::from_uuid(row.project_id), row.into_limits()?.limits))).collect()
}

fn of(column: impl ColumnTrait, only: Option<ProjectId>) -> Condition {
    let all = Condition::all();
    match only {
        Some(id) => all.add(column.eq(id.as_uuid())),
        None => all,
    }
}

fn by_alias(server: Server) -> (orch_domain::alias::Alias, Arc<Server>) {
    (server.alias.clone(), Arc::new(server))
}
