//! Rows of `logins`.

use orch_domain::refresh_token::RefreshToken;
use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::timestamp::stored;
use crate::writing::all_set;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "logins")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub user_id: Uuid,
    pub opened_at: OffsetDateTime,
    /// When its newest refresh token expires.
    pub expires_at: OffsetDateTime,
    pub ended_at: Option<OffsetDateTime>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The login that begins with `token`.
pub(crate) fn row(token: &RefreshToken) -> ActiveModel {
    all_set(Model {
        id: token.login_id.as_uuid(),
        user_id: token.user_id.as_uuid(),
        opened_at: stored(token.issued_at),
        expires_at: stored(token.expires_at),
        ended_at: None,
    })
}
