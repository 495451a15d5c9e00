//! Rows of `personal_secrets`: sealed values of members.

use std::fmt;

use orch_domain::error::StoreError;
use orch_domain::id::{SecretId, ServerId, UserId};
use orch_domain::personal_secret::PersonalSecret;
use orch_domain::secret::{Sealed, Secret, Slot};
use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::entity::corrupt;
use crate::timestamp::stored;
use crate::writing::all_set;

#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "personal_secrets")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub server_id: Uuid,
    pub user_id: Uuid,
    pub slot_kind: String,
    pub slot_name: String,
    #[sea_orm(column_type = "Blob")]
    pub sealed: Vec<u8>,
    pub updated_at: OffsetDateTime,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub(crate) fn into_secret(self) -> Result<PersonalSecret, StoreError> {
        let slot = match self.slot_kind.as_str() {
            "env" => Slot::Env(self.slot_name),
            "header" => Slot::Header(self.slot_name),
            other => {
                let reason = format_args!("`{other}` is not a personal slot");
                return Err(corrupt("personal_secrets", self.id)("slot_kind", &reason));
            }
        };
        Ok(PersonalSecret {
            server_id: ServerId::from_uuid(self.server_id),
            user_id: UserId::from_uuid(self.user_id),
            secret: Secret { id: SecretId::from_uuid(self.id), slot, sealed: Sealed::from_bytes(self.sealed) },
            updated_at: self.updated_at,
        })
    }
}

pub(crate) fn row(own: &PersonalSecret) -> ActiveModel {
    let (kind, name) = match &own.secret.slot {
        Slot::Arg(position) => ("arg", position.to_string()),
        Slot::Env(name) => ("env", name.clone()),
        Slot::Header(name) => ("header", name.clone()),
    };
    all_set(Model {
        id: own.secret.id.as_uuid(),
        server_id: own.server_id.as_uuid(),
        user_id: own.user_id.as_uuid(),
        slot_kind: kind.to_owned(),
        slot_name: name,
        sealed: own.secret.sealed.as_bytes().to_vec(),
        updated_at: stored(own.updated_at),
    })
}

impl fmt::Debug for Model {
    /// Without the sealed value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("personal_secrets").field("id", &self.id).finish_non_exhaustive()
    }
}
