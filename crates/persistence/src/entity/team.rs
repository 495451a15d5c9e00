//! Rows of `teams`.

use orch_domain::error::StoreError;
use orch_domain::id::TeamId;
use orch_domain::slug::Slug;
use orch_domain::team::Team;
use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::entity::{corrupt, to_signed};
use crate::timestamp::stored;
use crate::writing::all_set;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "teams")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub slug: String,
    pub name: String,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
    pub version: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub(crate) fn into_team(self) -> Result<Team, StoreError> {
        let corrupt = corrupt("teams", self.id);
        Ok(Team {
            id: TeamId::from_uuid(self.id),
            slug: Slug::parse(&self.slug).map_err(|error| corrupt("slug", &error))?,
            name: self.name,
            created_at: self.created_at,
            updated_at: self.updated_at,
            version: u32::try_from(self.version).map_err(|error| corrupt("version", &error))?,
        })
    }
}

pub(crate) fn row(team: &Team) -> ActiveModel {
    all_set(Model {
        id: team.id.as_uuid(),
        slug: team.slug.as_str().to_owned(),
        name: team.name.clone(),
        created_at: stored(team.created_at),
        updated_at: stored(team.updated_at),
        version: to_signed(team.version),
    })
}
