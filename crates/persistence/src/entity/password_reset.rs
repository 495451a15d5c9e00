//! Rows of `password_resets`.

use std::fmt;

use orch_domain::api_key::KeyHash;
use orch_domain::error::StoreError;
use orch_domain::id::UserId;
use orch_domain::password_reset::PasswordReset;
use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::entity::corrupt;
use crate::timestamp::stored;
use crate::writing::all_set;

#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "password_resets")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Blob")]
    pub hash: Vec<u8>,
    pub user_id: Uuid,
    pub created_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub(crate) fn into_reset(self) -> Result<PasswordReset, StoreError> {
        let corrupt = corrupt("password_resets", self.user_id);
        let hash = <[u8; 32]>::try_from(self.hash).map_err(|_| corrupt("hash", &"it is not 32 bytes long"))?;
        Ok(PasswordReset {
            hash: KeyHash::from_bytes(hash),
            user_id: UserId::from_uuid(self.user_id),
            created_at: self.created_at,
            expires_at: self.expires_at,
        })
    }
}

pub(crate) fn row(reset: &PasswordReset) -> ActiveModel {
    all_set(Model {
        hash: reset.hash.as_bytes().to_vec(),
        user_id: reset.user_id.as_uuid(),
        created_at: stored(reset.created_at),
        expires_at: stored(reset.expires_at),
    })
}

impl fmt::Debug for Model {
    /// Without the hash.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("password_resets").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}
