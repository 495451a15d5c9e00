//! Rows of `audit_entries`.

use orch_domain::audit::{AuditEntry, AuditRecord, FactName};
use orch_domain::id::{AuditId, KeyId, ProjectId, UserId};
use orch_domain::principal::{Credential, Principal};
use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::entity::storable;
use crate::timestamp::stored;
use crate::writing::all_set;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_entries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub at: OffsetDateTime,
    pub project_id: Option<Uuid>,
    pub user_id: Option<Uuid>,
    pub key_id: Option<Uuid>,
    pub via: String,
    pub action: String,
    pub target_kind: String,
    pub target_id: String,
    pub target_name: String,
    pub detail: String,
    /// Names and values as JSON; None for none, and in entries of a version before there were any.
    pub facts: Option<String>,
    /// Its place in a chain; None in entries of a version before chains, until they are taken in.
    pub chain: Option<i64>,
    pub seq: Option<i64>,
    pub link: Option<Vec<u8>>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub(crate) fn into_record(self) -> AuditRecord {
        AuditRecord {
            id: AuditId::from_uuid(self.id),
            at: self.at,
            project_id: self.project_id.map(ProjectId::from_uuid),
            user_id: self.user_id.map(UserId::from_uuid),
            user_email: None,
            key_id: self.key_id.map(KeyId::from_uuid),
            via: self.via,
            action: self.action,
            target_kind: self.target_kind,
            target_id: self.target_id,
            target_name: self.target_name,
            detail: self.detail,
            // What no version has written is told by the verification of the chain, and hides no entry.
            facts: self.facts.and_then(|facts| serde_json::from_str(&facts).ok()).unwrap_or_default(),
        }
    }
}

/// The row without its place in a chain.
pub(crate) fn model(entry: &AuditEntry) -> Model {
    let actor = entry.actor.as_ref();
    Model {
        id: entry.id.as_uuid(),
        at: stored(entry.at),
        project_id: entry.project_id.map(ProjectId::as_uuid),
        // The console acts for nobody in particular: its user may be the nil id.
        user_id: actor.map(|actor| actor.user_id.as_uuid()).filter(|id| !id.is_nil()),
        key_id: actor.and_then(Principal::key_id).map(KeyId::as_uuid),
        via: match actor.map(|actor| actor.credential) {
            None => "system",
            Some(Credential::Login { .. }) => "login",
            Some(Credential::Key { .. }) => "key",
            Some(Credential::Console) => "console",
        }
        .to_owned(),
        action: entry.action.as_str().to_owned(),
        target_kind: entry.target.kind.to_owned(),
        target_id: storable(&entry.target.id),
        target_name: storable(&entry.target.name),
        detail: storable(&entry.detail),
        facts: written(&entry.facts),
        chain: None,
        seq: None,
        link: None,
    }
}

fn written(facts: &[(FactName, String)]) -> Option<String> {
    let facts: Vec<_> = facts.iter().map(|(name, value)| (name.as_str(), storable(value))).collect();
    // Texts are always JSON.
    (!facts.is_empty()).then(|| serde_json::to_string(&facts).ok()).flatten()
}

pub(crate) fn row(model: Model) -> ActiveModel {
    all_set(model)
}
