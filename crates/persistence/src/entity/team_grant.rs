//! Rows of `team_grants`.

use orch_domain::error::StoreError;
use orch_domain::id::{ProjectId, TeamId};
use orch_domain::role::Role;
use orch_domain::team::TeamGrant;
use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::entity::corrupt;
use crate::timestamp::stored;
use crate::writing::all_set;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "team_grants")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub project_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub team_id: Uuid,
    pub role: String,
    pub created_at: OffsetDateTime,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub(crate) fn role(&self) -> Result<Role, StoreError> {
        Role::parse(&self.role).ok_or_else(|| {
            corrupt("team_grants", format_args!("{}, {}", self.project_id, self.team_id))(
                "role",
                &format_args!("`{}` is not a role", self.role),
            )
        })
    }

    pub(crate) fn into_grant(self) -> Result<TeamGrant, StoreError> {
        Ok(TeamGrant {
            role: self.role()?,
            project_id: ProjectId::from_uuid(self.project_id),
            team_id: TeamId::from_uuid(self.team_id),
            created_at: self.created_at,
        })
    }
}

pub(crate) fn row(grant: &TeamGrant) -> ActiveModel {
    all_set(Model {
        project_id: grant.project_id.as_uuid(),
        team_id: grant.team_id.as_uuid(),
        role: grant.role.as_str().to_owned(),
        created_at: stored(grant.created_at),
    })
}
