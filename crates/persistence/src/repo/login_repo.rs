//! Logins in `logins`, their refresh tokens in `refresh_tokens`.

use std::time::Duration;

use async_trait::async_trait;
use orch_domain::Timestamp;
use orch_domain::api_key::KeyHash;
use orch_domain::audit::AuditEntry;
use orch_domain::change::Change;
use orch_domain::error::StoreError;
use orch_domain::id::{LoginId, UserId};
use orch_domain::login::{Login, LoginFrom};
use orch_domain::port::login_repo::LoginRepo;
use orch_domain::refresh_token::{AGAIN_WITHIN, RefreshToken, Renewal, Rotation};
use orch_domain::user::PasswordHash;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::database::Database;
use crate::entity::login::{self, Column, Entity, Model};
use crate::entity::{refresh_token, storable, user};
use crate::store_error::{Refusal, unavailable};
use crate::timestamp::stored;
use crate::writing::Writing;

#[derive(Debug, Clone)]
pub struct SeaLoginRepo {
    database: Database,
}

/// A process that starts has to know the logins whose access tokens may still be running; those live a day at most.
const KEPT_AFTER_END: Duration = Duration::from_secs(25 * 60 * 60);

impl SeaLoginRepo {
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl LoginRepo for SeaLoginRepo {
    async fn open(
        &self,
        token: &RefreshToken,
        checked: Option<&PasswordHash>,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let refusal = Refusal { doing: "opening a login", taken: "a login with this token", missing: "the user" };
        let writing = self.database.write_quietly(refusal.doing).await?;
        require_unchanged(&writing, token.user_id, checked).await?;
        delete_closed(&writing, token.user_id, token.issued_at).await?;
        let inserted = Entity::insert(login::row(token)).exec_without_returning(writing.conn()).await;
        inserted.map_err(refusal.explain())?;
        insert_token(&writing, &token.hash, token.login_id.as_uuid(), (token.issued_at, token.expires_at)).await?;
        writing.audit(audit).await?;
        writing.commit().await
    }

    async fn find_token(&self, hash: &KeyHash) -> Result<Option<RefreshToken>, StoreError> {
        let doing = "finding a refresh token";
        let found = refresh_token::Entity::find_by_id(hash.as_bytes().to_vec()).one(self.database.reader()).await;
        let Some(token) = found.map_err(unavailable(doing))? else { return Ok(None) };
        let login = Entity::find_by_id(token.login_id).one(self.database.reader()).await;
        Ok(login.map_err(unavailable(doing))?.map(|login| RefreshToken {
            hash: *hash,
            login_id: LoginId::from_uuid(login.id),
            user_id: UserId::from_uuid(login.user_id),
            issued_at: token.issued_at,
            expires_at: token.expires_at,
        }))
    }

    async fn rotate(&self, renewal: Renewal, reuse: &AuditEntry) -> Result<Rotation, StoreError> {
        let Renewal { old, new, now, expires_at } = renewal;
        let doing = "rotating a refresh token";
        // Anybody may send tokens that never were; those must not take turns with real writes.
        let known = refresh_token::Entity::find_by_id(old.as_bytes().to_vec()).one(self.database.reader()).await;
        if known.map_err(unavailable(doing))?.is_none() {
            return Ok(Rotation::Unknown);
        }
        let writing = self.database.write_quietly(doing).await?;
        let Some(login_id) = find_token(&writing, &old).await?.map(|token| token.login_id) else {
            return Ok(Rotation::Unknown);
        };
        // Two rotations at once meet here: the second waits for the first, and only then looks at the token.
        let login = Entity::find_by_id(login_id).lock_exclusive().one(writing.conn()).await;
        let login = login.map_err(unavailable(doing))?.filter(|login| login.ended_at.is_none());
        let (Some(login), Some(token)) = (login, find_token(&writing, &old).await?) else {
            return Ok(Rotation::Unknown);
        };
        // Another replica may have spent it, by another clock.
        let spent_now = stored(self.database.shared_time(now));
        if let Some(spent_at) = token.spent_at {
            let next = find_token(&writing, &new).await?.filter(|next| next.login_id == login.id);
            if next.is_some_and(|next| next.spent_at.is_none()) && spent_now < spent_at + AGAIN_WITHIN {
                return Ok(Rotation::Rotated);
            }
            // What is announced is written in its turn, and holds nothing before.
            drop(writing);
            self.end_and_tell(Column::Id.eq(login.id), now, reuse).await?;
            return Ok(Rotation::Reused);
        }
        if token.expires_at <= now {
            return Ok(Rotation::Unknown);
        }
        refresh_token::Entity::update_many()
            .col_expr(refresh_token::Column::SpentAt, Expr::value(spent_now))
            .filter(refresh_token::Column::Hash.eq(token.hash))
            .exec(writing.conn())
            .await
            .map_err(unavailable(doing))?;
        insert_token(&writing, &new, login.id, (now, expires_at)).await?;
        Entity::update_many()
            .col_expr(Column::ExpiresAt, Expr::value(stored(expires_at)))
            .filter(Column::Id.eq(login.id))
            .exec(writing.conn())
            .await
            .map_err(unavailable(doing))?;
        delete_expired_tokens(&writing, login.id, now).await?;
        writing.commit().await?;
        Ok(Rotation::Rotated)
    }

    async fn end(&self, login: LoginId, now: Timestamp, audit: &AuditEntry) -> Result<(), StoreError> {
        self.end_and_tell(Column::Id.eq(login.as_uuid()), now, audit).await.map(drop)
    }

    async fn end_others(
        &self,
        user: UserId,
        keep: LoginId,
        now: Timestamp,
        audit: &AuditEntry,
    ) -> Result<Vec<LoginId>, StoreError> {
        self.end_and_tell(of_user(user, Some(keep)), now, audit).await
    }

    async fn list_open(&self, user: UserId, now: Timestamp) -> Result<Vec<Login>, StoreError> {
        let theirs = Entity::find().filter(Column::UserId.eq(user.as_uuid())).all(self.database.reader()).await;
        let theirs = theirs.map_err(unavailable("listing logins"))?;
        let mut open: Vec<_> = theirs.into_iter().filter(|login| is_open(login, now)).map(Model::into_login).collect();
        open.sort_by_key(|login| std::cmp::Reverse((login.seen_at, login.id)));
        Ok(open)
    }

    async fn note_seen(&self, login: LoginId, from: &LoginFrom, at: Timestamp) -> Result<(), StoreError> {
        let doing = "noting the use of a login";
        let writing = self.database.write_quietly(doing).await?;
        Entity::update_many()
            .col_expr(Column::Client, Expr::value(from.client.as_deref().map(storable)))
            .col_expr(Column::Address, Expr::value(from.address.map(|address| address.to_string())))
            .col_expr(Column::SeenAt, Expr::value(stored(at)))
            .filter(Column::Id.eq(login.as_uuid()))
            .exec(writing.conn())
            .await
            .map_err(unavailable(doing))?;
        writing.commit().await
    }

    async fn ended_since(&self, since: Timestamp) -> Result<Vec<LoginId>, StoreError> {
        let ended = Entity::find().filter(Column::EndedAt.is_not_null()).all(self.database.reader()).await;
        let ended = ended.map_err(unavailable("listing logins that have ended"))?;
        // Compared here: SQLite keeps times as text of varying length, which does not sort.
        let since = stored(self.database.shared_time(since));
        let lately = |login: &Model| login.ended_at.is_some_and(|at| at >= since);
        Ok(ended.into_iter().filter(lately).map(|login| LoginId::from_uuid(login.id)).collect())
    }

    async fn is_open(&self, login: LoginId, now: Timestamp) -> Result<bool, StoreError> {
        let found = Entity::find_by_id(login.as_uuid()).one(self.database.reader()).await;
        let found = found.map_err(unavailable("finding a login"))?;
        Ok(found.is_some_and(|login| is_open(&login, now)))
    }
}

impl SeaLoginRepo {
    /// Ends logins, and gives which. Writes and announces nothing when they are over already.
    async fn end_and_tell(&self, which: Expr, now: Timestamp, audit: &AuditEntry) -> Result<Vec<LoginId>, StoreError> {
        let mut writing = self.database.write("ending logins").await?;
        let ended = end_where(&mut writing, which, now).await?;
        if ended.is_empty() {
            return Ok(ended);
        }
        writing.audit(audit).await?;
        writing.commit().await?;
        Ok(ended)
    }
}

fn is_open(login: &Model, now: Timestamp) -> bool {
    login.ended_at.is_none() && now < login.expires_at
}

/// The row is held until the end of the write, so that the user is not deactivated and gets no other password, and the
/// logins ended, just before there is this one.
async fn require_unchanged(writing: &Writing, user: UserId, checked: Option<&PasswordHash>) -> Result<(), StoreError> {
    let found = user::Entity::find_by_id(user.as_uuid()).lock_shared().one(writing.conn()).await;
    match found.map_err(unavailable("finding the user of a login"))? {
        None => Err(StoreError::Missing { what: "the user" }),
        Some(user)
            if user.deactivated_at.is_some() || user.password.as_deref() != checked.map(PasswordHash::as_phc) =>
        {
            Err(StoreError::Stale { what: "the user" })
        }
        Some(_) => Ok(()),
    }
}

async fn find_token(writing: &Writing, hash: &KeyHash) -> Result<Option<refresh_token::Model>, StoreError> {
    let found = refresh_token::Entity::find_by_id(hash.as_bytes().to_vec()).one(writing.conn()).await;
    found.map_err(unavailable("finding a refresh token"))
}

async fn insert_token(
    writing: &Writing,
    hash: &KeyHash,
    login_id: Uuid,
    (issued_at, expires_at): (Timestamp, Timestamp),
) -> Result<(), StoreError> {
    let refusal = Refusal { doing: "storing a refresh token", taken: "this refresh token", missing: "the login" };
    let row = refresh_token::row(hash, login_id, issued_at, expires_at);
    let inserted = refresh_token::Entity::insert(row).exec_without_returning(writing.conn()).await;
    inserted.map(|_| ()).map_err(refusal.explain())
}

/// The logins of a user, except one.
pub(super) fn of_user(user: UserId, except: Option<LoginId>) -> Expr {
    let theirs = Column::UserId.eq(user.as_uuid());
    match except {
        Some(except) => theirs.and(Column::Id.ne(except.as_uuid())),
        None => theirs,
    }
}

/// Ends logins, and has it told if there were any; gives which those were.
pub(super) async fn end_where(writing: &mut Writing, which: Expr, now: Timestamp) -> Result<Vec<LoginId>, StoreError> {
    let doing = "ending logins";
    let open = Entity::find().select_only().column(Column::Id).filter(which).filter(Column::EndedAt.is_null());
    let open: Vec<Uuid> = open.into_tuple().all(writing.conn()).await.map_err(unavailable(doing))?;
    if open.is_empty() {
        return Ok(Vec::new());
    }
    Entity::update_many()
        .col_expr(Column::EndedAt, Expr::value(stored(writing.shared_time(now))))
        .filter(Column::Id.is_in(open.clone()))
        .exec(writing.conn())
        .await
        .map_err(unavailable(doing))?;
    writing.announce(Change::Logins);
    Ok(open.into_iter().map(LoginId::from_uuid).collect())
}

/// Housekeeping where rows arise: logins of this user that nothing can bring back, and whose end every process knows.
async fn delete_closed(writing: &Writing, user: UserId, now: Timestamp) -> Result<(), StoreError> {
    let doing = "deleting closed logins";
    let theirs = Entity::find().filter(Column::UserId.eq(user.as_uuid())).all(writing.conn()).await;
    let theirs = theirs.map_err(unavailable(doing))?;
    // Compared here: SQLite keeps times as text of varying length, which does not sort.
    let shared_now = stored(writing.shared_time(now));
    let news = |login: &Model| login.ended_at.is_some_and(|at| shared_now < at + KEPT_AFTER_END);
    let closed = theirs.iter().filter(|login| !is_open(login, now) && !news(login));
    let closed: Vec<_> = closed.map(|login| login.id).collect();
    if !closed.is_empty() {
        let deleted = Entity::delete_many().filter(Column::Id.is_in(closed)).exec(writing.conn()).await;
        deleted.map_err(unavailable(doing))?;
    }
    Ok(())
}

/// Spent tokens are kept to see their reuse, but not for longer than they would have lived.
async fn delete_expired_tokens(writing: &Writing, login: Uuid, now: Timestamp) -> Result<(), StoreError> {
    let doing = "deleting expired refresh tokens";
    let of_login = refresh_token::Column::LoginId.eq(login);
    let tokens = refresh_token::Entity::find().filter(of_login).all(writing.conn()).await;
    let tokens = tokens.map_err(unavailable(doing))?;
    let expired: Vec<_> = tokens.into_iter().filter(|token| token.expires_at <= now).map(|token| token.hash).collect();
    if !expired.is_empty() {
        let these = refresh_token::Column::Hash.is_in(expired);
        let deleted = refresh_token::Entity::delete_many().filter(these).exec(writing.conn()).await;
        deleted.map_err(unavailable(doing))?;
    }
    Ok(())
}
