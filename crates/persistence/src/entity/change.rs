//! Rows of `changes`: the news that daemons follow.

use orch_domain::change::Change;
use orch_domain::id::ProjectId;
use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use uuid::Uuid;

use sea_orm::ActiveValue::{NotSet, Set};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "changes")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub seq: i64,
    pub kind: String,
    pub project_id: Option<Uuid>,
    /// The audit entry, for a row of the kind [`ENTRY`].
    pub entry_id: Option<Uuid>,
}

/// What a row is that tells no change but an audit entry.
const ENTRY: &str = "entry";

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// What a newer version of ours wrote and this one does not know counts as everything.
    pub(crate) fn to_change(&self) -> Change {
        match (self.kind.as_str(), self.project_id) {
            ("users", _) => Change::Users,
            ("teams", _) => Change::Teams,
            ("logins", _) => Change::Logins,
            ("project", Some(id)) => Change::Project(ProjectId::from_uuid(id)),
            _ => Change::Everything,
        }
    }
}

pub(crate) fn row(change: Change) -> ActiveModel {
    let (kind, project_id) = match change {
        Change::Users => ("users", None),
        Change::Teams => ("teams", None),
        Change::Logins => ("logins", None),
        Change::Project(id) => ("project", Some(id.as_uuid())),
        Change::Everything => ("everything", None),
    };
    ActiveModel { seq: NotSet, kind: Set(kind.to_owned()), project_id: Set(project_id), entry_id: Set(None) }
}

/// Tells that this audit entry was committed.
pub(crate) fn entry_row(entry: Uuid) -> ActiveModel {
    ActiveModel { seq: NotSet, kind: Set(ENTRY.to_owned()), project_id: Set(None), entry_id: Set(Some(entry)) }
}
