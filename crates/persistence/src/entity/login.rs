//! Rows of `logins`.

use orch_domain::id::{LoginId, UserId};
use orch_domain::login::{Login, LoginFrom};
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
    pub client: Option<String>,
    pub address: Option<String>,
    pub seen_at: Option<OffsetDateTime>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub(crate) fn into_login(self) -> Login {
        Login {
            id: LoginId::from_uuid(self.id),
            user_id: UserId::from_uuid(self.user_id),
            opened_at: self.opened_at,
            expires_at: self.expires_at,
            seen_at: self.seen_at.unwrap_or(self.opened_at),
            from: LoginFrom { client: self.client, address: self.address.and_then(|text| text.parse().ok()) },
        }
    }
}

/// The login that begins with `token`.
pub(crate) fn row(token: &RefreshToken) -> ActiveModel {
    all_set(Model {
        id: token.login_id.as_uuid(),
        user_id: token.user_id.as_uuid(),
        opened_at: stored(token.issued_at),
        expires_at: stored(token.expires_at),
        ended_at: None,
        client: None,
        address: None,
        seen_at: None,
    })
}
