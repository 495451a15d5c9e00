//! Rows of `calls_before`: calls as they were stored before they became links of chains.

use std::time::Duration;

use orch_domain::call::{Call, CallKind, Outcome, OutcomeKind};
use orch_domain::error::StoreError;
use orch_domain::id::{CallId, KeyId, ProjectId, ServerId, UserId};
use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::entity::corrupt;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "calls_before")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub at: OffsetDateTime,
    pub project_id: Uuid,
    pub user_id: Uuid,
    pub key_id: Option<Uuid>,
    pub client: String,
    pub server_id: Option<Uuid>,
    pub server: String,
    pub kind: String,
    pub target: String,
    pub duration_us: i64,
    pub outcome: String,
    pub code: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub(crate) fn into_call(self) -> Result<Call, StoreError> {
        let corrupt = corrupt("calls_before", self.id);
        let kind = CallKind::parse(&self.kind);
        let duration = u64::try_from(self.duration_us).map_err(|error| corrupt("duration_us", &error))?;
        Ok(Call {
            id: CallId::from_uuid(self.id),
            at: self.at,
            project_id: ProjectId::from_uuid(self.project_id),
            user_id: UserId::from_uuid(self.user_id),
            key_id: self.key_id.map(KeyId::from_uuid),
            client: self.client.into(),
            server_id: self.server_id.map(ServerId::from_uuid),
            server: self.server.into(),
            kind: kind.ok_or_else(|| corrupt("kind", &"it is not a kind of call"))?,
            target: self.target,
            duration: Duration::from_micros(duration),
            waited: Duration::ZERO,
            outcome: OutcomeKind::parse(&self.outcome)
                .and_then(|kind| Outcome::of(kind, self.code))
                .ok_or_else(|| corrupt("outcome", &"it is not an outcome"))?,
            refusal: None,
            arguments: None,
        })
    }
}
