//! Rows of `memberships`.

use orch_domain::error::StoreError;
use orch_domain::id::{ProjectId, UserId};
use orch_domain::membership::Membership;
use orch_domain::role::Role;
use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::entity::corrupt;
use crate::timestamp::stored;
use crate::writing::all_set;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "memberships")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub project_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    pub role: String,
    pub created_at: OffsetDateTime,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub(crate) fn role(&self) -> Result<Role, StoreError> {
        Role::parse(&self.role).ok_or_else(|| {
            corrupt("memberships", format_args!("{}, {}", self.project_id, self.user_id))(
                "role",
                &format_args!("`{}` is not a role", self.role),
            )
        })
    }

    pub(crate) fn into_membership(self) -> Result<Membership, StoreError> {
        Ok(Membership {
            role: self.role()?,
            project_id: ProjectId::from_uuid(self.project_id),
            user_id: UserId::from_uuid(self.user_id),
            created_at: self.created_at,
        })
    }
}

pub(crate) fn row(membership: &Membership) -> ActiveModel {
    all_set(Model {
        project_id: membership.project_id.as_uuid(),
        user_id: membership.user_id.as_uuid(),
        role: membership.role.as_str().to_owned(),
        created_at: stored(membership.created_at),
    })
}
