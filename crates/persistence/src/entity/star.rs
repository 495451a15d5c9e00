//! Rows of `stars`.

use orch_domain::id::{ProjectId, ServerId, StarId, UserId};
use orch_domain::star::{Star, StarTarget};
use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::entity::storable;
use crate::timestamp::stored;
use crate::writing::all_set;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "stars")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub user_id: Uuid,
    pub project_id: Uuid,
    pub server_id: Option<Uuid>,
    pub tool: Option<String>,
    pub target: String,
    pub created_at: OffsetDateTime,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub(crate) fn into_star(self) -> Star {
        let project = ProjectId::from_uuid(self.project_id);
        let target = match (self.server_id.map(ServerId::from_uuid), self.tool) {
            (None, _) => StarTarget::Project(project),
            (Some(server), None) => StarTarget::Server { project, server },
            (Some(server), Some(tool)) => StarTarget::Tool { project, server, tool },
        };
        Star {
            id: StarId::from_uuid(self.id),
            user: UserId::from_uuid(self.user_id),
            target,
            created_at: self.created_at,
        }
    }
}

/// The text by which a target is unique.
pub(crate) fn target(target: &StarTarget) -> String {
    match target {
        StarTarget::Project(project) => format!("project {project}"),
        StarTarget::Server { server, .. } => format!("server {server}"),
        StarTarget::Tool { server, tool, .. } => format!("tool {server} {}", storable(tool)),
    }
}

pub(crate) fn row(star: &Star) -> ActiveModel {
    all_set(Model {
        id: star.id.as_uuid(),
        user_id: star.user.as_uuid(),
        project_id: star.target.project().as_uuid(),
        server_id: star.target.server().map(ServerId::as_uuid),
        tool: star.target.tool().map(storable),
        target: target(&star.target),
        created_at: stored(star.created_at),
    })
}
