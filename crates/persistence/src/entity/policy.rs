//! Rows of `policies`.

use orch_domain::error::StoreError;
use orch_domain::policy::rule::Policy;
use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use uuid::Uuid;

use crate::entity::{corrupt, document};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "policies")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub project_id: Uuid,
    pub version: i32,
    /// A JSON document, in the order in which the rules are asked.
    pub rules: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub(crate) fn into_policy(self) -> Result<Policy, StoreError> {
        let corrupt = corrupt("policies", self.project_id);
        let rules = document::read_rules(&self.rules).map_err(|error| corrupt("rules", &error))?;
        let version = u32::try_from(self.version).map_err(|error| corrupt("version", &error))?;
        Ok(Policy::new(rules, version))
    }
}
