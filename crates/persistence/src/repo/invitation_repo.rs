//! Invitations in `invitations`.

use async_trait::async_trait;
use orch_domain::Timestamp;
use orch_domain::api_key::KeyHash;
use orch_domain::audit::AuditEntry;
use orch_domain::change::Change;
use orch_domain::error::StoreError;
use orch_domain::id::{InvitationId, ProjectId, TeamId, UserId};
use orch_domain::invitation::{Invitation, InvitationTarget, MailState};
use orch_domain::membership::Membership;
use orch_domain::page::{Page, PageRequest};
use orch_domain::port::invitation_repo::{Accepting, InvitationFilter, InvitationRepo};
use orch_domain::role::Role;
use orch_domain::team::{TeamMembership, TeamRole};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter};
use uuid::Uuid;

use crate::database::Database;
use crate::entity::invitation::{self, ACCEPTED, Column, DECLINED, Entity, Model, PENDING, REVOKED};
use crate::entity::{project, user};
use crate::paging::newest_first;
use crate::repo::{project_repo, team_repo};
use crate::store_error::{Refusal, unavailable};
use crate::timestamp::stored;
use crate::writing::Writing;

#[derive(Debug, Clone)]
pub struct SeaInvitationRepo {
    database: Database,
}

const THE_INVITATION: &str = "the invitation";
const THE_USER: &str = "the user";
const A_USER: &str = "a user with this e-mail address";

impl SeaInvitationRepo {
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }

    async fn end(
        &self,
        id: InvitationId,
        state: &'static str,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let mut writing = self.database.write("ending an invitation").await?;
        if !end(&writing, Condition::all().add(Column::Id.eq(id.as_uuid())), state, (at, None)).await? {
            return Err(StoreError::Stale { what: THE_INVITATION });
        }
        writing.audit(audit).await?;
        writing.announce_entries();
        writing.commit().await
    }

    async fn note(&self, which: Expr, mail: &MailState) -> Result<u64, StoreError> {
        let doing = "noting what became of a mail";
        let (mail, at, error) = invitation::mail_columns(mail);
        let writing = self.database.write_quietly(doing).await?;
        let noted = Entity::update_many()
            .col_expr(Column::Mail, Expr::value(mail))
            .col_expr(Column::MailAt, Expr::value(at))
            .col_expr(Column::MailError, Expr::value(error))
            .filter(which)
            .exec(writing.conn())
            .await
            .map_err(unavailable(doing))?;
        writing.commit().await?;
        Ok(noted.rows_affected)
    }
}

#[async_trait]
impl InvitationRepo for SeaInvitationRepo {
    async fn find(&self, id: InvitationId) -> Result<Option<Invitation>, StoreError> {
        let found = Entity::find_by_id(id.as_uuid()).one(self.database.reader()).await;
        found.map_err(unavailable("finding an invitation"))?.map(Model::into_invitation).transpose()
    }

    async fn find_by_hash(&self, hash: &KeyHash) -> Result<Option<Invitation>, StoreError> {
        let found = Entity::find().filter(Column::Hash.eq(hash.as_bytes().to_vec())).one(self.database.reader()).await;
        found.map_err(unavailable("finding an invitation by its link"))?.map(Model::into_invitation).transpose()
    }

    async fn list(&self, filter: &InvitationFilter, page: PageRequest) -> Result<Page<Invitation>, StoreError> {
        let doing = "listing invitations";
        let mut which = filter.place.as_ref().map_or_else(Condition::all, at_place);
        if let Some(email) = &filter.email {
            which = which.add(Column::Email.eq(email.as_str()));
        }
        if filter.open_at.is_some() {
            which = which.add(Column::State.eq(PENDING));
        }
        // Compared here: SQLite keeps times as text of varying length, which does not sort. So one page of rows may
        // give less than a page of open ones, and the next is read.
        let mut items: Vec<Invitation> = Vec::new();
        let mut next = page;
        loop {
            let rows = newest_first(Entity::find().filter(which.clone()), Column::Id, next).all(self.database.reader());
            let rows = rows.await.map_err(unavailable(doing))?;
            let invitations = rows.into_iter().map(Model::into_invitation).collect::<Result<Vec<_>, _>>()?;
            let read = Page::cut(invitations, page.limit, |invitation: &Invitation| invitation.id.as_uuid());
            items.extend(read.items.into_iter().filter(|item| filter.open_at.is_none_or(|now| item.is_open(now))));
            match read.next {
                Some(after) if items.len() <= page.limit as usize => next.after = Some(after),
                _ => break,
            }
        }
        Ok(Page::cut(items, page.limit, |invitation| invitation.id.as_uuid()))
    }

    async fn create(&self, invitation: &Invitation, audit: &AuditEntry) -> Result<(), StoreError> {
        let (doing, taken) = ("storing an invitation", "this link");
        let missing = match invitation.target {
            InvitationTarget::Instance { .. } => THE_INVITATION,
            InvitationTarget::Project { .. } => "the project",
            InvitationTarget::Team { .. } => "the team",
        };
        let mut writing = self.database.write(doing).await?;
        let earlier = at_place(&invitation.target).add(Column::Email.eq(invitation.email.as_str()));
        end(&writing, earlier, REVOKED, (invitation.created_at, None)).await?;
        let inserted = Entity::insert(invitation::row(invitation)).exec_without_returning(writing.conn()).await;
        inserted.map_err(Refusal { doing, taken, missing }.explain())?;
        writing.audit(audit).await?;
        writing.announce_entries();
        writing.commit().await
    }

    async fn accept(
        &self,
        id: InvitationId,
        by: Accepting<'_>,
        at: Timestamp,
        audits: &[AuditEntry],
    ) -> Result<(), StoreError> {
        let doing = "accepting an invitation";
        let stale = || StoreError::Stale { what: THE_INVITATION };
        let mut writing = self.database.write(doing).await?;
        // Writes run one after the other, so the second of two at once sees what the first has done.
        let found = Entity::find_by_id(id.as_uuid()).one(writing.conn()).await.map_err(unavailable(doing))?;
        let invitation = found.ok_or_else(stale)?.into_invitation()?;
        if !invitation.is_open(at) {
            return Err(stale());
        }
        let user = match by {
            Accepting::Account(user) => {
                let found = user::Entity::find_by_id(user.as_uuid()).one(writing.conn()).await;
                let found = found.map_err(unavailable(doing))?.ok_or(StoreError::Missing { what: THE_USER })?;
                if found.deactivated_at.is_some() {
                    return Err(StoreError::Stale { what: THE_USER });
                }
                user
            }
            Accepting::New(user) => {
                let refusal = Refusal { doing, taken: A_USER, missing: THE_USER };
                let inserted = user::Entity::insert(user::row(user)).exec_without_returning(writing.conn()).await;
                inserted.map_err(refusal.explain())?;
                writing.announce(Change::Users);
                user.id
            }
        };
        let this = Condition::all().add(Column::Id.eq(id.as_uuid()));
        end(&writing, this, ACCEPTED, (at, Some(user.as_uuid()))).await?;
        admit(&mut writing, invitation.target, user, at).await?;
        for audit in audits {
            writing.audit(audit).await?;
        }
        writing.announce_entries();
        writing.commit().await
    }

    async fn decline(&self, id: InvitationId, at: Timestamp, audit: &AuditEntry) -> Result<(), StoreError> {
        self.end(id, DECLINED, at, audit).await
    }

    async fn revoke(&self, id: InvitationId, at: Timestamp, audit: &AuditEntry) -> Result<(), StoreError> {
        self.end(id, REVOKED, at, audit).await
    }

    async fn note_mail(&self, id: InvitationId, mail: &MailState) -> Result<(), StoreError> {
        self.note(Column::Id.eq(id.as_uuid()), mail).await.map(drop)
    }

    async fn note_queued(&self, mail: &MailState) -> Result<u64, StoreError> {
        let (queued, ..) = invitation::mail_columns(&MailState::Queued);
        self.note(Column::Mail.eq(queued), mail).await
    }
}

/// Invitations to the same place, whatever the role.
fn at_place(target: &InvitationTarget) -> Condition {
    let all = Condition::all();
    match target {
        InvitationTarget::Instance { .. } => all.add(Column::Kind.eq(invitation::INSTANCE)),
        InvitationTarget::Project { id, .. } => all.add(Column::ProjectId.eq(id.as_uuid())),
        InvitationTarget::Team { id, .. } => all.add(Column::TeamId.eq(id.as_uuid())),
    }
}

/// Ends those that are pending; gives whether there was one.
async fn end(
    writing: &Writing,
    which: Condition,
    state: &'static str,
    (at, by): (Timestamp, Option<Uuid>),
) -> Result<bool, StoreError> {
    let ended = Entity::update_many()
        .col_expr(Column::State, Expr::value(state))
        .col_expr(Column::EndedAt, Expr::value(stored(at)))
        .col_expr(Column::AcceptedBy, Expr::value(by))
        .filter(which)
        .filter(Column::State.eq(PENDING))
        .exec(writing.conn())
        .await;
    ended.map(|ended| ended.rows_affected > 0).map_err(unavailable("ending invitations"))
}

/// Adds the account to the place; a higher role that it has there already stays.
async fn admit(writing: &mut Writing, target: InvitationTarget, user: UserId, at: Timestamp) -> Result<(), StoreError> {
    match target {
        InvitationTarget::Instance { admin: false } => {}
        InvitationTarget::Instance { admin: true } => {
            user::Entity::update_many()
                .col_expr(user::Column::InstanceAdmin, Expr::value(true))
                .col_expr(user::Column::UpdatedAt, Expr::value(stored(at)))
                .col_expr(user::Column::Version, Expr::col(user::Column::Version).add(1))
                .filter(user::Column::Id.eq(user.as_uuid()))
                .filter(user::Column::InstanceAdmin.eq(false))
                .exec(writing.conn())
                .await
                .map_err(unavailable("making an instance admin"))?;
            writing.announce(Change::Users);
        }
        InvitationTarget::Project { id, role } => {
            admit_to_project(writing, id, user, (role, at)).await?;
            writing.announce(Change::Project(id));
        }
        InvitationTarget::Team { id, role } => {
            admit_to_team(writing, id, user, (role, at)).await?;
            writing.announce(Change::Teams);
        }
    }
    Ok(())
}

async fn admit_to_project(
    writing: &Writing,
    id: ProjectId,
    user: UserId,
    (role, at): (Role, Timestamp),
) -> Result<(), StoreError> {
    let doing = "adding who was invited to a project";
    let found = project::Entity::find_by_id(id.as_uuid()).one(writing.conn()).await.map_err(unavailable(doing))?;
    found.ok_or(StoreError::Missing { what: "the project" })?;
    let before = project_repo::find_role(writing, id, user).await?;
    if before >= Some(role) {
        return Ok(());
    }
    let membership = Membership { project_id: id, user_id: user, role, created_at: at };
    let refusal = Refusal { doing, taken: "the member", missing: THE_USER };
    project_repo::upsert_member(writing, &membership).await.map_err(refusal.explain())
}

async fn admit_to_team(
    writing: &Writing,
    id: TeamId,
    user: UserId,
    (role, at): (TeamRole, Timestamp),
) -> Result<(), StoreError> {
    let before = team_repo::find_team_role(writing, id, user).await?;
    if before >= Some(role) {
        return Ok(());
    }
    let membership = TeamMembership { team_id: id, user_id: user, role, created_at: at };
    team_repo::put_member(writing, &membership, before).await
}
