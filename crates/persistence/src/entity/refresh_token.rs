//! Rows of `refresh_tokens`.

use std::fmt;

use orch_domain::Timestamp;
use orch_domain::api_key::KeyHash;
use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::timestamp::stored;
use crate::writing::all_set;

#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "refresh_tokens")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Blob")]
    pub hash: Vec<u8>,
    pub login_id: Uuid,
    pub issued_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
    /// Set when another token was given out in its place.
    pub spent_at: Option<OffsetDateTime>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

pub(crate) fn row(hash: &KeyHash, login_id: Uuid, issued_at: Timestamp, expires_at: Timestamp) -> ActiveModel {
    all_set(Model {
        hash: hash.as_bytes().to_vec(),
        login_id,
        issued_at: stored(issued_at),
        expires_at: stored(expires_at),
        spent_at: None,
    })
}

impl fmt::Debug for Model {
    /// Without the hash.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("refresh_tokens").field("login_id", &self.login_id).finish_non_exhaustive()
    }
}
