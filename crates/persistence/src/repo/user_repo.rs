//! Accounts in `users`.

use async_trait::async_trait;
use orch_domain::audit::AuditEntry;
use orch_domain::change::Change;
use orch_domain::email::Email;
use orch_domain::error::StoreError;
use orch_domain::id::{LoginId, UserId};
use orch_domain::page::{Page, PageRequest};
use orch_domain::port::user_repo::UserRepo;
use orch_domain::user::User;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};

use crate::database::Database;
use crate::entity::user::{self, Column, Entity, Model};
use crate::paging::{containing, oldest_first};
use crate::repo::last_admin::AtRisk;
use crate::repo::login_repo;
use crate::store_error::{Refusal, unavailable};
use crate::writing::Versioned;

#[derive(Debug, Clone)]
pub struct SeaUserRepo {
    database: Database,
}

const THE_USER: &str = "the user";

impl SeaUserRepo {
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl UserRepo for SeaUserRepo {
    async fn find(&self, id: UserId) -> Result<Option<User>, StoreError> {
        let found = Entity::find_by_id(id.as_uuid()).one(self.database.reader()).await;
        found.map_err(unavailable("finding a user"))?.map(Model::into_user).transpose()
    }

    async fn find_by_email(&self, email: &Email) -> Result<Option<User>, StoreError> {
        let found = Entity::find().filter(Column::Email.eq(email.as_str())).one(self.database.reader()).await;
        found.map_err(unavailable("finding a user by e-mail address"))?.map(Model::into_user).transpose()
    }

    async fn list(&self, search: Option<&str>, page: PageRequest) -> Result<Page<User>, StoreError> {
        let mut select = oldest_first(Entity::find(), Column::Id, page);
        if let Some(search) = search {
            select = select.filter(containing(&[(Entity, Column::Email), (Entity, Column::Name)], search));
        }
        let rows = select.all(self.database.reader()).await;
        let rows = rows.map_err(unavailable("listing users"))?;
        let users = rows.into_iter().map(Model::into_user).collect::<Result<_, _>>()?;
        Ok(Page::cut(users, page.limit, |user: &User| user.id.as_uuid()))
    }

    async fn has_instance_admin(&self) -> Result<bool, StoreError> {
        has_active_instance_admin(self.database.reader()).await
    }

    async fn create(&self, user: &User, audit: &AuditEntry) -> Result<(), StoreError> {
        let refusal = Refusal { doing: "creating a user", taken: "a user with this e-mail address", missing: THE_USER };
        let mut writing = self.database.write(refusal.doing).await?;
        let inserted = Entity::insert(user::row(user)).exec_without_returning(writing.conn()).await;
        inserted.map_err(refusal.explain())?;
        writing.audit(audit).await?;
        writing.announce(Change::Users);
        writing.commit().await
    }

    async fn update(&self, user: &User, audit: &AuditEntry) -> Result<(), StoreError> {
        self.write(user, None, audit).await.map(drop)
    }

    async fn change_password(
        &self,
        user: &User,
        keep: Option<LoginId>,
        audit: &AuditEntry,
    ) -> Result<Vec<LoginId>, StoreError> {
        self.write(user, Some(login_repo::of_user(user.id, keep)), audit).await
    }
}

impl SeaUserRepo {
    /// Writes `user` over the row of the version before, and ends these logins; gives which those were.
    async fn write(&self, user: &User, over: Option<Expr>, audit: &AuditEntry) -> Result<Vec<LoginId>, StoreError> {
        let refusal = Refusal { doing: "updating a user", taken: "a user with this e-mail address", missing: THE_USER };
        let id = user.id.as_uuid();
        let mut writing = self.database.write(refusal.doing).await?;
        let before = Entity::find_by_id(id).one(writing.conn()).await.map_err(unavailable(refusal.doing))?;
        let before = before.ok_or(StoreError::Missing { what: THE_USER })?;

        let of = Versioned { what: THE_USER, id: (Column::Id, id), version: (Column::Version, user.version) };
        writing.update(user::row(user), of, refusal).await?;

        let was_admin = before.instance_admin && before.deactivated_at.is_none();
        let is_admin = user.instance_admin && user.is_active();
        if was_admin && !is_admin && !has_active_instance_admin(writing.conn()).await? {
            return Err(StoreError::LastInstanceAdmin);
        }
        if before.deactivated_at.is_none() && !user.is_active() {
            AtRisk::of_user(&writing, user.id).await?.keep_an_admin(&writing).await?;
        }
        if let Some(at) = user.deactivated_at {
            login_repo::end_where(&mut writing, login_repo::of_user(user.id, None), at).await?;
        }
        let ended = match over {
            Some(over) => login_repo::end_where(&mut writing, over, user.updated_at).await?,
            None => Vec::new(),
        };
        writing.audit(audit).await?;
        writing.announce(Change::Users);
        writing.commit().await?;
        Ok(ended)
    }
}

async fn has_active_instance_admin(conn: &impl ConnectionTrait) -> Result<bool, StoreError> {
    let admins = Entity::find().filter(Column::InstanceAdmin.eq(true)).filter(Column::DeactivatedAt.is_null());
    admins.count(conn).await.map(|count| count > 0).map_err(unavailable("looking for an instance admin"))
}
