//! Rows of `secrets`: sealed values of servers.

use std::fmt;

use orch_domain::error::StoreError;
use orch_domain::id::{SecretId, ServerId};
use orch_domain::secret::{Sealed, Secret, Slot};
use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use uuid::Uuid;

use crate::entity::corrupt;
use crate::writing::all_set;

/// `slot_name` is empty for an argument and `slot_position` 0 for the others, so that one unique constraint over all
/// columns of the slot holds; NULL would be distinct from NULL.
#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "secrets")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub server_id: Uuid,
    pub slot_kind: String,
    pub slot_name: String,
    pub slot_position: i32,
    #[sea_orm(column_type = "Blob")]
    pub sealed: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub(crate) fn into_secret(self) -> Result<Secret, StoreError> {
        let corrupt = corrupt("secrets", self.id);
        let slot = match self.slot_kind.as_str() {
            "arg" => Slot::Arg(u16::try_from(self.slot_position).map_err(|error| corrupt("slot_position", &error))?),
            "env" => Slot::Env(self.slot_name),
            "header" => Slot::Header(self.slot_name),
            other => return Err(corrupt("slot_kind", &format_args!("`{other}` is not a slot"))),
        };
        Ok(Secret { id: SecretId::from_uuid(self.id), slot, sealed: Sealed::from_bytes(self.sealed) })
    }
}

pub(crate) fn row(server: ServerId, secret: &Secret) -> ActiveModel {
    let (kind, name, position) = match &secret.slot {
        Slot::Arg(position) => ("arg", "", *position),
        Slot::Env(name) => ("env", name.as_str(), 0),
        Slot::Header(name) => ("header", name.as_str(), 0),
    };
    all_set(Model {
        id: secret.id.as_uuid(),
        server_id: server.as_uuid(),
        slot_kind: kind.to_owned(),
        slot_name: name.to_owned(),
        slot_position: i32::from(position),
        sealed: secret.sealed.as_bytes().to_vec(),
    })
}

impl fmt::Debug for Model {
    /// Without the sealed value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("secrets").field("id", &self.id).finish_non_exhaustive()
    }
}
