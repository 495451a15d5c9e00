//! Rows of `project_limits`.

use orch_domain::error::StoreError;
use orch_domain::quota::StoredLimits;
use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use uuid::Uuid;

use crate::entity::{corrupt, document};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "project_limits")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub project_id: Uuid,
    pub version: i32,
    /// A JSON document.
    pub limits: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub(crate) fn into_limits(self) -> Result<StoredLimits, StoreError> {
        let corrupt = corrupt("project_limits", self.project_id);
        Ok(StoredLimits {
            limits: document::read_limits(&self.limits).map_err(|error| corrupt("limits", &error))?,
            version: u32::try_from(self.version).map_err(|error| corrupt("version", &error))?,
        })
    }
}
