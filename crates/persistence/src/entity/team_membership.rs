//! Rows of `team_memberships`.

use orch_domain::error::StoreError;
use orch_domain::id::{TeamId, UserId};
use orch_domain::team::{TeamMembership, TeamRole};
use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::entity::corrupt;
use crate::timestamp::stored;
use crate::writing::all_set;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "team_memberships")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub team_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    pub role: String,
    pub created_at: OffsetDateTime,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub(crate) fn role(&self) -> Result<TeamRole, StoreError> {
        TeamRole::parse(&self.role).ok_or_else(|| {
            corrupt("team_memberships", format_args!("{}, {}", self.team_id, self.user_id))(
                "role",
                &format_args!("`{}` is not a team role", self.role),
            )
        })
    }

    pub(crate) fn into_membership(self) -> Result<TeamMembership, StoreError> {
        Ok(TeamMembership {
            role: self.role()?,
            team_id: TeamId::from_uuid(self.team_id),
            user_id: UserId::from_uuid(self.user_id),
            created_at: self.created_at,
        })
    }
}

pub(crate) fn row(membership: &TeamMembership) -> ActiveModel {
    all_set(Model {
        team_id: membership.team_id.as_uuid(),
        user_id: membership.user_id.as_uuid(),
        role: membership.role.as_str().to_owned(),
        created_at: stored(membership.created_at),
    })
}
