//! Rows of `api_keys`.

use std::fmt;

use orch_domain::api_key::{ApiKey, KeyHash, KeyPublicId};
use orch_domain::error::StoreError;
use orch_domain::id::{KeyId, ProjectId, UserId};
use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::entity::{corrupt, document, storable};
use crate::timestamp::stored;
use crate::writing::all_set;

#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "api_keys")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub project_id: Uuid,
    pub creator: Uuid,
    pub name: String,
    pub public_id: String,
    #[sea_orm(column_type = "Blob")]
    pub hash: Vec<u8>,
    pub expires_at: Option<OffsetDateTime>,
    pub revoked_at: Option<OffsetDateTime>,
    pub last_used_at: Option<OffsetDateTime>,
    pub created_at: OffsetDateTime,
    /// JSON documents; None for what is not restricted.
    pub scope: Option<String>,
    pub allowance: Option<String>,
    pub last_used_from: Option<String>,
    pub last_used_by: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub(crate) fn into_key(self) -> Result<ApiKey, StoreError> {
        let corrupt = corrupt("api_keys", self.id);
        Ok(ApiKey {
            id: KeyId::from_uuid(self.id),
            project_id: ProjectId::from_uuid(self.project_id),
            creator: UserId::from_uuid(self.creator),
            name: self.name,
            public_id: KeyPublicId::parse(&self.public_id)
                .ok_or_else(|| corrupt("public_id", &"it is not a public id"))?,
            hash: self
                .hash
                .try_into()
                .map(KeyHash::from_bytes)
                .map_err(|_| corrupt("hash", &"it is not 32 bytes long"))?,
            scope: document::read_scope(self.scope.as_deref()).map_err(|error| corrupt("scope", &error))?,
            allowance: document::read_allowance(self.allowance.as_deref())
                .map_err(|error| corrupt("allowance", &error))?,
            expires_at: self.expires_at,
            revoked_at: self.revoked_at,
            last_used_at: self.last_used_at,
            // What cannot be read any more is of no use to anybody.
            last_used_from: self.last_used_from.and_then(|address| address.parse().ok()),
            last_used_by: self.last_used_by,
            created_at: self.created_at,
        })
    }
}

pub(crate) fn row(key: &ApiKey) -> ActiveModel {
    all_set(Model {
        id: key.id.as_uuid(),
        project_id: key.project_id.as_uuid(),
        creator: key.creator.as_uuid(),
        name: key.name.clone(),
        public_id: key.public_id.as_str().to_owned(),
        hash: key.hash.as_bytes().to_vec(),
        expires_at: key.expires_at.map(stored),
        revoked_at: key.revoked_at.map(stored),
        last_used_at: key.last_used_at.map(stored),
        created_at: stored(key.created_at),
        scope: document::write_scope(&key.scope),
        allowance: document::write_allowance(key.allowance),
        last_used_from: key.last_used_from.map(|address| address.to_string()),
        last_used_by: key.last_used_by.as_deref().map(storable),
    })
}

impl fmt::Debug for Model {
    /// Without the hash.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("api_keys").field("id", &self.id).finish_non_exhaustive()
    }
}
