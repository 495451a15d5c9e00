//! Servers in `servers`, their sealed values in `secrets`.

use std::collections::HashMap;

use async_trait::async_trait;
use orch_domain::alias::Alias;
use orch_domain::audit::AuditEntry;
use orch_domain::change::Change;
use orch_domain::error::StoreError;
use orch_domain::id::{ProjectId, ServerId};
use orch_domain::port::server_repo::{ServerRepo, ServerUpdate, ServerWrite};
use orch_domain::secret::Secret;
use orch_domain::server::Server;
use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::database::Database;
use crate::entity::server::{self, Column, Entity, Model};
use crate::entity::{secret, to_signed};
use crate::repo::{ROWS_AT_ONCE, personal_secret_repo, policy_repo};
use crate::store_error::{Refusal, unavailable};
use crate::writing::{Versioned, Writing};

#[derive(Debug, Clone)]
pub struct SeaServerRepo {
    database: Database,
}

const THE_SERVER: &str = "the server";
const A_SERVER: &str = "a server with this alias";
const THE_PROJECT: &str = "the project";

impl SeaServerRepo {
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }

    async fn find_where(&self, which: Condition) -> Result<Option<Server>, StoreError> {
        let doing = "finding a server";
        let txn = self.database.read_snapshot(doing).await?;
        Ok(load_where(&txn, which).await?.pop())
    }
}

#[async_trait]
impl ServerRepo for SeaServerRepo {
    async fn find(&self, id: ServerId) -> Result<Option<Server>, StoreError> {
        self.find_where(Condition::all().add(Column::Id.eq(id.as_uuid()))).await
    }

    async fn find_by_alias(&self, project: ProjectId, alias: &Alias) -> Result<Option<Server>, StoreError> {
        let of_project = Column::ProjectId.eq(project.as_uuid());
        self.find_where(Condition::all().add(of_project).add(Column::Alias.eq(alias.as_str()))).await
    }

    async fn list(&self, project: ProjectId) -> Result<Vec<Server>, StoreError> {
        let txn = self.database.read_snapshot("listing servers").await?;
        load_where(&txn, Condition::all().add(Column::ProjectId.eq(project.as_uuid()))).await
    }

    async fn create(&self, server: &Server, audit: &AuditEntry) -> Result<(), StoreError> {
        let mut writing = self.database.write("creating a server").await?;
        create(&mut writing, server, audit).await?;
        writing.commit().await
    }

    async fn update(&self, change: &ServerUpdate) -> Result<(), StoreError> {
        let mut writing = self.database.write("updating a server").await?;
        update(&mut writing, change).await?;
        writing.commit().await
    }

    async fn put_all(&self, writes: &[ServerWrite]) -> Result<(), StoreError> {
        let mut writing = self.database.write("writing servers").await?;
        for write in writes {
            match write {
                ServerWrite::Create { server, audit } => create(&mut writing, server, audit).await?,
                ServerWrite::Update(change) => update(&mut writing, change).await?,
            }
        }
        writing.commit().await
    }

    async fn delete(&self, id: ServerId, expected: Option<u32>, audit: &AuditEntry) -> Result<(), StoreError> {
        let doing = "deleting a server";
        let mut writing = self.database.write(doing).await?;
        let found = Entity::find_by_id(id.as_uuid()).one(writing.conn()).await.map_err(unavailable(doing))?;
        let found = found.ok_or(StoreError::Missing { what: THE_SERVER })?;
        if expected.is_some_and(|version| to_signed(version) != found.version) {
            return Err(StoreError::Stale { what: THE_SERVER });
        }
        let project = ProjectId::from_uuid(found.project_id);
        Entity::delete_by_id(id.as_uuid()).exec(writing.conn()).await.map_err(unavailable(doing))?;
        policy_repo::forget_switches(&writing, project).await?;
        writing.audit(audit).await?;
        writing.announce(Change::Project(project));
        writing.commit().await
    }
}

async fn create(writing: &mut Writing, server: &Server, audit: &AuditEntry) -> Result<(), StoreError> {
    let refusal = Refusal { doing: "creating a server", taken: A_SERVER, missing: THE_PROJECT };
    let inserted = Entity::insert(server::row(server)).exec_without_returning(writing.conn()).await;
    inserted.map_err(refusal.explain())?;
    write_secrets(writing, server).await?;
    writing.audit(audit).await?;
    writing.announce(Change::Project(server.project_id));
    Ok(())
}

async fn update(writing: &mut Writing, change: &ServerUpdate) -> Result<(), StoreError> {
    let ServerUpdate { server, audit, forgets } = change;
    let refusal = Refusal { doing: "updating a server", taken: A_SERVER, missing: THE_PROJECT };
    let id = server.id.as_uuid();
    let of = Versioned { what: THE_SERVER, id: (Column::Id, id), version: (Column::Version, server.version) };
    writing.update(server::row(server), of, refusal).await?;
    let old = secret::Entity::delete_many().filter(secret::Column::ServerId.eq(id));
    old.exec(writing.conn()).await.map_err(unavailable("replacing the secrets of a server"))?;
    write_secrets(writing, server).await?;
    writing.audit(audit).await?;
    if let Some(forgetting) = forgets {
        personal_secret_repo::forget(writing, server.id, forgetting).await?;
    }
    writing.announce(Change::Project(server.project_id));
    Ok(())
}

async fn write_secrets(writing: &Writing, server: &Server) -> Result<(), StoreError> {
    let refusal = Refusal { doing: "writing secrets", taken: "a secret in this place", missing: THE_SERVER };
    for chunk in server.secrets.chunks(ROWS_AT_ONCE) {
        let rows = chunk.iter().map(|secret| secret::row(server.id, secret));
        let inserted = secret::Entity::insert_many(rows).exec_without_returning(writing.conn()).await;
        inserted.map_err(refusal.explain())?;
    }
    Ok(())
}

/// Servers with their secrets, by alias. `conn` should be a snapshot.
pub(crate) async fn load_where(conn: &impl ConnectionTrait, which: Condition) -> Result<Vec<Server>, StoreError> {
    let doing = "reading servers";
    let rows = Entity::find().filter(which.clone()).all(conn).await.map_err(unavailable(doing))?;
    let these = Query::select().column(Column::Id).from(Entity).cond_where(which).take();
    let secrets = secret::Entity::find().filter(secret::Column::ServerId.in_subquery(these)).all(conn).await;
    let mut by_server: HashMap<Uuid, Vec<Secret>> = HashMap::new();
    for row in secrets.map_err(unavailable(doing))? {
        by_server.entry(row.server_id).or_default().push(row.into_secret()?);
    }
    let mut servers = Vec::with_capacity(rows.len());
    for row in rows {
        let mut secrets = by_server.remove(&row.id).unwrap_or_default();
        secrets.sort_by(|a, b| a.slot.cmp(&b.slot));
        servers.push(Model::into_server(row, secrets)?);
    }
    // Not by the database: PostgreSQL's collation may differ from the order of bytes.
    servers.sort_by(|a, b| a.alias.cmp(&b.alias));
    Ok(servers)
}
