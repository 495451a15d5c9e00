//! Rows of `users`.

use std::fmt;

use orch_domain::email::Email;
use orch_domain::error::StoreError;
use orch_domain::id::UserId;
use orch_domain::user::{Language, PasswordHash, Preferences, Theme, User};
use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::entity::{corrupt, to_signed};
use crate::timestamp::stored;
use crate::writing::all_set;

#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub email: String,
    pub name: String,
    pub password: Option<String>,
    pub instance_admin: bool,
    pub address_proven: bool,
    pub language: Option<String>,
    pub theme: Option<String>,
    pub deactivated_at: Option<OffsetDateTime>,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
    pub version: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub(crate) fn into_user(self) -> Result<User, StoreError> {
        let corrupt = corrupt("users", self.id);
        Ok(User {
            id: UserId::from_uuid(self.id),
            email: Email::parse(&self.email).map_err(|error| corrupt("email", &error))?,
            name: self.name,
            password: self.password.map(PasswordHash::from_phc),
            instance_admin: self.instance_admin,
            address_proven: self.address_proven,
            preferences: Preferences {
                // What a newer version of ours knows counts as no choice.
                language: self.language.as_deref().and_then(Language::parse),
                theme: self.theme.as_deref().and_then(Theme::parse),
            },
            deactivated_at: self.deactivated_at,
            created_at: self.created_at,
            updated_at: self.updated_at,
            version: u32::try_from(self.version).map_err(|error| corrupt("version", &error))?,
        })
    }
}

pub(crate) fn row(user: &User) -> ActiveModel {
    all_set(Model {
        id: user.id.as_uuid(),
        email: user.email.as_str().to_owned(),
        name: user.name.clone(),
        password: user.password.as_ref().map(|hash| hash.as_phc().to_owned()),
        instance_admin: user.instance_admin,
        address_proven: user.address_proven,
        language: user.preferences.language.map(|language| language.as_str().to_owned()),
        theme: user.preferences.theme.map(|theme| theme.as_str().to_owned()),
        deactivated_at: user.deactivated_at.map(stored),
        created_at: stored(user.created_at),
        updated_at: stored(user.updated_at),
        version: to_signed(user.version),
    })
}

impl fmt::Debug for Model {
    /// Without the password hash.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("users").field("id", &self.id).finish_non_exhaustive()
    }
}
