//! Rows of `invitations`.

use std::fmt;

use orch_domain::api_key::KeyHash;
use orch_domain::email::Email;
use orch_domain::error::StoreError;
use orch_domain::id::{InvitationId, ProjectId, TeamId, UserId};
use orch_domain::invitation::{Invitation, InvitationOrigin, InvitationState, InvitationTarget, MailState};
use orch_domain::role::Role;
use orch_domain::team::TeamRole;
use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::entity::{corrupt, storable};
use crate::timestamp::stored;
use crate::writing::all_set;

#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "invitations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub email: String,
    /// `instance`, `project` or `team`.
    pub kind: String,
    pub project_id: Option<Uuid>,
    pub team_id: Option<Uuid>,
    /// On the instance `admin` or `user`, else the role there.
    pub role: String,
    pub inviter_id: Option<Uuid>,
    pub origin: String,
    #[sea_orm(column_type = "Blob")]
    pub hash: Vec<u8>,
    pub created_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
    pub state: String,
    /// When it was accepted, declined or revoked.
    pub ended_at: Option<OffsetDateTime>,
    pub accepted_by: Option<Uuid>,
    pub mail: String,
    pub mail_at: Option<OffsetDateTime>,
    pub mail_error: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

pub(crate) const INSTANCE: &str = "instance";
pub(crate) const PROJECT: &str = "project";
pub(crate) const TEAM: &str = "team";
pub(crate) const PENDING: &str = "pending";
pub(crate) const ACCEPTED: &str = "accepted";
pub(crate) const DECLINED: &str = "declined";
pub(crate) const REVOKED: &str = "revoked";

const INSTANCE_ADMIN: &str = "admin";
const INSTANCE_USER: &str = "user";

impl Model {
    pub(crate) fn into_invitation(self) -> Result<Invitation, StoreError> {
        let corrupt = corrupt("invitations", self.id);
        let target = match (self.kind.as_str(), self.project_id, self.team_id) {
            (INSTANCE, _, _) => InvitationTarget::Instance { admin: self.role == INSTANCE_ADMIN },
            (PROJECT, Some(id), _) => InvitationTarget::Project {
                id: ProjectId::from_uuid(id),
                role: Role::parse(&self.role)
                    .ok_or_else(|| corrupt("role", &format_args!("`{}` is not a role", self.role)))?,
            },
            (TEAM, _, Some(id)) => InvitationTarget::Team {
                id: TeamId::from_uuid(id),
                role: TeamRole::parse(&self.role)
                    .ok_or_else(|| corrupt("role", &format_args!("`{}` is not a team role", self.role)))?,
            },
            _ => return Err(corrupt("kind", &"it names no place")),
        };
        let state = match (self.state.as_str(), self.ended_at, self.accepted_by) {
            (PENDING, _, _) => InvitationState::Pending,
            (ACCEPTED, Some(at), Some(by)) => InvitationState::Accepted { at, by: UserId::from_uuid(by) },
            (DECLINED, Some(at), _) => InvitationState::Declined { at },
            (REVOKED, Some(at), _) => InvitationState::Revoked { at },
            _ => return Err(corrupt("state", &"it is none that we know")),
        };
        let mail = match (self.mail.as_str(), self.mail_at) {
            ("not_sent", _) => MailState::NotSent,
            ("queued", _) => MailState::Queued,
            ("sent", Some(at)) => MailState::Sent { at },
            ("failed", Some(at)) => MailState::Failed { at, reason: self.mail_error.unwrap_or_default() },
            _ => return Err(corrupt("mail", &"it is none that we know")),
        };
        let origin = match self.origin.as_str() {
            "person" => InvitationOrigin::Person,
            "console" => InvitationOrigin::Console,
            "sign_up" => InvitationOrigin::SignUp,
            _ => return Err(corrupt("origin", &"it is none that we know")),
        };
        let hash = <[u8; 32]>::try_from(self.hash).map_err(|_| corrupt("hash", &"it is not 32 bytes long"))?;
        Ok(Invitation {
            id: InvitationId::from_uuid(self.id),
            email: Email::parse(&self.email).map_err(|error| corrupt("email", &error))?,
            target,
            inviter: self.inviter_id.map(UserId::from_uuid),
            origin,
            hash: KeyHash::from_bytes(hash),
            created_at: self.created_at,
            expires_at: self.expires_at,
            state,
            mail,
        })
    }
}

pub(crate) fn row(invitation: &Invitation) -> ActiveModel {
    let (kind, project_id, team_id, role) = match invitation.target {
        InvitationTarget::Instance { admin: true } => (INSTANCE, None, None, INSTANCE_ADMIN),
        InvitationTarget::Instance { admin: false } => (INSTANCE, None, None, INSTANCE_USER),
        InvitationTarget::Project { id, role } => (PROJECT, Some(id.as_uuid()), None, role.as_str()),
        InvitationTarget::Team { id, role } => (TEAM, None, Some(id.as_uuid()), role.as_str()),
    };
    let (state, ended_at, accepted_by) = match invitation.state {
        InvitationState::Pending => (PENDING, None, None),
        InvitationState::Accepted { at, by } => (ACCEPTED, Some(stored(at)), Some(by.as_uuid())),
        InvitationState::Declined { at } => (DECLINED, Some(stored(at)), None),
        InvitationState::Revoked { at } => (REVOKED, Some(stored(at)), None),
    };
    let origin = match invitation.origin {
        InvitationOrigin::Person => "person",
        InvitationOrigin::Console => "console",
        InvitationOrigin::SignUp => "sign_up",
    };
    let (mail, mail_at, mail_error) = mail_columns(&invitation.mail);
    all_set(Model {
        id: invitation.id.as_uuid(),
        email: invitation.email.as_str().to_owned(),
        kind: kind.to_owned(),
        project_id,
        team_id,
        role: role.to_owned(),
        inviter_id: invitation.inviter.map(UserId::as_uuid),
        origin: origin.to_owned(),
        hash: invitation.hash.as_bytes().to_vec(),
        created_at: stored(invitation.created_at),
        expires_at: stored(invitation.expires_at),
        state: state.to_owned(),
        ended_at,
        accepted_by,
        mail: mail.to_owned(),
        mail_at,
        mail_error,
    })
}

/// What `mail`, `mail_at` and `mail_error` say.
pub(crate) fn mail_columns(mail: &MailState) -> (&'static str, Option<OffsetDateTime>, Option<String>) {
    match mail {
        MailState::NotSent => ("not_sent", None, None),
        MailState::Queued => ("queued", None, None),
        MailState::Sent { at } => ("sent", Some(stored(*at)), None),
        MailState::Failed { at, reason } => ("failed", Some(stored(*at)), Some(storable(reason))),
    }
}

impl fmt::Debug for Model {
    /// Without the hash.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("invitations").field("id", &self.id).finish_non_exhaustive()
    }
}
