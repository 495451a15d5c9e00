//! Rows of `projects`.

use orch_domain::error::StoreError;
use orch_domain::id::ProjectId;
use orch_domain::project::{FlawedTools, Project, Separator};
use orch_domain::slug::Slug;
use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::entity::{corrupt, to_signed};
use crate::timestamp::stored;
use crate::writing::all_set;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "projects")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub slug: String,
    pub name: String,
    pub separator: String,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
    pub version: i32,
    pub flawed_tools: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub(crate) fn into_project(self) -> Result<Project, StoreError> {
        let corrupt = corrupt("projects", self.id);
        Ok(Project {
            id: ProjectId::from_uuid(self.id),
            slug: Slug::parse(&self.slug).map_err(|error| corrupt("slug", &error))?,
            name: self.name,
            separator: Separator::parse(&self.separator).map_err(|error| corrupt("separator", &error))?,
            created_at: self.created_at,
            updated_at: self.updated_at,
            flawed_tools: FlawedTools::parse(&self.flawed_tools)
                .ok_or_else(|| corrupt("flawed_tools", &"it is no choice"))?,
            version: u32::try_from(self.version).map_err(|error| corrupt("version", &error))?,
        })
    }
}

pub(crate) fn row(project: &Project) -> ActiveModel {
    all_set(Model {
        id: project.id.as_uuid(),
        slug: project.slug.as_str().to_owned(),
        name: project.name.clone(),
        separator: project.separator.as_str().to_owned(),
        created_at: stored(project.created_at),
        updated_at: stored(project.updated_at),
        version: to_signed(project.version),
        flawed_tools: project.flawed_tools.as_str().to_owned(),
    })
}
