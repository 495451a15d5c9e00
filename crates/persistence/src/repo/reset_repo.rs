//! Resets of passwords in `password_resets`: a row is a link that works until it expires.

use async_trait::async_trait;
use orch_domain::Timestamp;
use orch_domain::api_key::KeyHash;
use orch_domain::audit::AuditEntry;
use orch_domain::change::Change;
use orch_domain::error::StoreError;
use orch_domain::id::{LoginId, UserId};
use orch_domain::password_reset::PasswordReset;
use orch_domain::port::reset_repo::ResetRepo;
use orch_domain::user::PasswordHash;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter};
use uuid::Uuid;

use crate::database::Database;
use crate::entity::password_reset::{self, Column, Entity, Model};
use crate::entity::user;
use crate::repo::login_repo;
use crate::store_error::{Refusal, unavailable};
use crate::timestamp::stored;
use crate::writing::Writing;

#[derive(Debug, Clone)]
pub struct SeaResetRepo {
    database: Database,
}

impl SeaResetRepo {
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl ResetRepo for SeaResetRepo {
    async fn create(&self, reset: &PasswordReset, audit: &AuditEntry) -> Result<(), StoreError> {
        let refusal = Refusal { doing: "storing a password reset", taken: "this link", missing: "the user" };
        let writing = self.database.write(refusal.doing).await?;
        delete_of(&writing, reset.user_id.as_uuid()).await?;
        let inserted = Entity::insert(password_reset::row(reset)).exec_without_returning(writing.conn()).await;
        inserted.map_err(refusal.explain())?;
        writing.audit(audit).await?;
        writing.commit().await
    }

    async fn find(&self, hash: &KeyHash) -> Result<Option<PasswordReset>, StoreError> {
        let found = Entity::find_by_id(hash.as_bytes().to_vec()).one(self.database.reader()).await;
        found.map_err(unavailable("finding a password reset"))?.map(Model::into_reset).transpose()
    }

    async fn latest_of(&self, user: UserId) -> Result<Option<PasswordReset>, StoreError> {
        let found = Entity::find().filter(Column::UserId.eq(user.as_uuid())).one(self.database.reader()).await;
        found.map_err(unavailable("finding the password reset of a user"))?.map(Model::into_reset).transpose()
    }

    async fn redeem(
        &self,
        hash: &KeyHash,
        password: &PasswordHash,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<Vec<LoginId>, StoreError> {
        let doing = "redeeming a password reset";
        let stale = || StoreError::Stale { what: "the link" };
        let mut writing = self.database.write(doing).await?;
        // Writes run one after the other, so the second of two at once finds nothing.
        let found = Entity::find_by_id(hash.as_bytes().to_vec()).one(writing.conn()).await;
        let reset = found.map_err(unavailable(doing))?.ok_or_else(stale)?.into_reset()?;
        if reset.expires_at <= at {
            return Err(stale());
        }
        let updated = user::Entity::update_many()
            .col_expr(user::Column::Password, Expr::value(password.as_phc()))
            .col_expr(user::Column::UpdatedAt, Expr::value(stored(at)))
            .col_expr(user::Column::Version, Expr::col(user::Column::Version).add(1))
            .filter(user::Column::Id.eq(reset.user_id.as_uuid()))
            .filter(user::Column::DeactivatedAt.is_null())
            .exec(writing.conn())
            .await
            .map_err(unavailable(doing))?;
        if updated.rows_affected == 0 {
            return Err(stale());
        }
        delete_of(&writing, reset.user_id.as_uuid()).await?;
        let ended = login_repo::end_where(&mut writing, login_repo::of_user(reset.user_id, None), at).await?;
        writing.audit(audit).await?;
        writing.announce(Change::Users);
        writing.commit().await?;
        Ok(ended)
    }
}

async fn delete_of(writing: &Writing, user: Uuid) -> Result<(), StoreError> {
    let deleted = Entity::delete_many().filter(Column::UserId.eq(user)).exec(writing.conn()).await;
    deleted.map(|_| ()).map_err(unavailable("deleting password resets"))
}
