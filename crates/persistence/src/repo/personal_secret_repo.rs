//! Values that members brought along, in `personal_secrets`.

use std::collections::HashMap;

use async_trait::async_trait;
use orch_domain::audit::AuditEntry;
use orch_domain::change::Change;
use orch_domain::error::StoreError;
use orch_domain::id::{ProjectId, ServerId, UserId};
use orch_domain::personal_secret::PersonalSecret;
use orch_domain::port::personal_secret_repo::PersonalSecretRepo;
use orch_domain::port::server_repo::Forgetting;
use orch_domain::secret::{Secret, Slot};
use orch_domain::server::Server;
use sea_orm::sea_query::{OnConflict, Query};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::database::Database;
use crate::entity::personal_secret::{self, Column, Entity};
use crate::entity::{server, to_signed, user};
use crate::store_error::{Refusal, unavailable};
use crate::writing::Writing;

const THE_SERVER: &str = "the server";

#[derive(Debug, Clone)]
pub struct SeaPersonalSecretRepo {
    database: Database,
}

impl SeaPersonalSecretRepo {
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl PersonalSecretRepo for SeaPersonalSecretRepo {
    async fn list(&self, server: ServerId, user: UserId) -> Result<Vec<PersonalSecret>, StoreError> {
        let own = Condition::all().add(Column::ServerId.eq(server.as_uuid())).add(Column::UserId.eq(user.as_uuid()));
        load_where(self.database.reader(), own).await
    }

    async fn write(
        &self,
        seen: &Server,
        user: UserId,
        set: &[PersonalSecret],
        remove: &[Slot],
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let doing = "writing personal secrets";
        let mut writing = self.database.write(doing).await?;
        let found = server::Entity::find_by_id(seen.id.as_uuid()).one(writing.conn()).await;
        let found = found.map_err(unavailable(doing))?.ok_or(StoreError::Missing { what: THE_SERVER })?;
        if found.version != to_signed(seen.version) {
            return Err(StoreError::Stale { what: THE_SERVER });
        }
        let gone = remove.iter().map(|slot| PersonalSecret::id_of(seen.id, user, slot).as_uuid());
        let removed = Entity::delete_many().filter(Column::Id.is_in(gone)).exec(writing.conn()).await;
        removed.map_err(unavailable(doing))?;
        let refusal = Refusal { doing, taken: "a value in this place", missing: "the account" };
        for own in set {
            let again = OnConflict::column(Column::Id).update_columns([Column::Sealed, Column::UpdatedAt]).to_owned();
            let written = Entity::insert(personal_secret::row(own)).on_conflict(again);
            written.exec_without_returning(writing.conn()).await.map_err(refusal.explain())?;
        }
        writing.audit(audit).await?;
        writing.announce(Change::Project(ProjectId::from_uuid(found.project_id)));
        writing.commit().await
    }
}

/// Removes what members have stored for a server, as a part of the write after which it leads elsewhere.
pub(crate) async fn forget(writing: &Writing, server: ServerId, how: &Forgetting) -> Result<(), StoreError> {
    let doing = "removing personal secrets";
    let of_server = Column::ServerId.eq(server.as_uuid());
    let theirs = Query::select().column(Column::UserId).from(Entity).and_where(of_server.clone()).take();
    let owners = user::Entity::find().filter(user::Column::Id.in_subquery(theirs)).order_by_asc(user::Column::Id);
    let owners = owners.all(writing.conn()).await.map_err(unavailable(doing))?;
    Entity::delete_many().filter(of_server).exec(writing.conn()).await.map_err(unavailable(doing))?;
    for owner in owners {
        writing.audit(&how.entry_of(&owner.into_user()?.email)).await?;
    }
    Ok(())
}

/// By slot.
async fn load_where(conn: &impl ConnectionTrait, which: Condition) -> Result<Vec<PersonalSecret>, StoreError> {
    let rows = Entity::find().filter(which).all(conn).await.map_err(unavailable("reading personal secrets"))?;
    let mut own = rows.into_iter().map(personal_secret::Model::into_secret).collect::<Result<Vec<_>, _>>()?;
    own.sort_by(|a, b| a.secret.slot.cmp(&b.secret.slot));
    Ok(own)
}

/// All that there are, or those of one project, for the directory.
pub(crate) async fn load_all(
    conn: &impl ConnectionTrait,
    servers: Condition,
) -> Result<HashMap<ServerId, HashMap<UserId, Vec<Secret>>>, StoreError> {
    let these = Query::select().column(server::Column::Id).from(server::Entity).cond_where(servers).take();
    let mut by_server: HashMap<ServerId, HashMap<UserId, Vec<Secret>>> = HashMap::new();
    for own in load_where(conn, Condition::all().add(Column::ServerId.in_subquery(these))).await? {
        by_server.entry(own.server_id).or_default().entry(own.user_id).or_default().push(own.secret);
    }
    Ok(by_server)
}
