//! The audit entries of logins. Decides nothing and never sees a password or a token.

use std::net::IpAddr;

use orch_domain::Timestamp;
use orch_domain::audit::{AuditAction, AuditEntry, AuditTarget, FactName};
use orch_domain::id::{AuditId, LoginId, UserId};
use orch_domain::principal::{Credential, Principal};
use orch_domain::user::User;

use crate::logins::throttle::Attempt;
use crate::logins::{PasswordChange, Refused};

/// Why a login is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    NoAccount,
    WrongPassword,
    Deactivated,
    Changed,
}

impl Why {
    pub(super) const fn in_words(self) -> &'static str {
        match self {
            Self::NoAccount => "there is no such account",
            Self::WrongPassword => "the password is wrong",
            Self::Deactivated => "the account is deactivated",
            Self::Changed => "the account was changed in this moment",
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::NoAccount => "no_account",
            Self::WrongPassword => "wrong_password",
            Self::Deactivated => "deactivated",
            Self::Changed => "changed",
        }
    }
}

pub(super) fn opened(user: &User, login: LoginId, address: Option<IpAddr>, now: Timestamp) -> AuditEntry {
    let detail = format!("login {login}{}", from(address));
    let target = target(Some(user.id), user.email.to_string());
    let entry = entry(AuditAction::LoginOpen, actor(user.id, login), target, detail, now);
    entry.with(FactName::Address, shown(address)).with(FactName::Login, login)
}

pub(super) fn failed(refused: &Refused, attempt: &Attempt, now: Timestamp) -> AuditEntry {
    let detail = format!("{}{}", refused.why.in_words(), from(attempt.address));
    let entry = entry(AuditAction::LoginFail, None, target(refused.user, attempt.account.clone()), detail, now);
    entry.with(FactName::Reason, refused.why.as_str()).with(FactName::Address, shown(attempt.address))
}

pub(super) fn ended(user: UserId, email: String, login: LoginId, now: Timestamp) -> AuditEntry {
    let target = target(Some(user), email);
    let entry = entry(AuditAction::LoginEnd, actor(user, login), target, format!("login {login}"), now);
    entry.with(FactName::Login, login)
}

pub(super) fn others_ended(user: UserId, email: String, keep: LoginId, now: Timestamp) -> AuditEntry {
    let detail = format!("all but login {keep}");
    entry(AuditAction::LoginEndOthers, actor(user, keep), target(Some(user), email), detail, now)
}

/// Nobody in particular did it: it may have been the owner or a thief.
pub(super) fn reused(user: UserId, email: String, login: LoginId, now: Timestamp) -> AuditEntry {
    let detail = format!("a refresh token was used twice, login {login} was ended");
    entry(AuditAction::LoginReuse, None, target(Some(user), email), detail, now).with(FactName::Login, login)
}

pub(super) fn password_changed(user: &User, login: Option<LoginId>, now: Timestamp) -> AuditEntry {
    let actor = login.and_then(|login| actor(user.id, login));
    let detail = "changed by the user; the other logins were ended".to_owned();
    entry(AuditAction::UserChangePassword, actor, target(Some(user.id), user.email.to_string()), detail, now)
}

/// Somebody who is logged in does not know the password.
pub(super) fn password_refused(user: &User, change: &PasswordChange<'_>, now: Timestamp) -> AuditEntry {
    let actor = change.login.and_then(|login| actor(user.id, login));
    let detail = format!("not changed: the current password was wrong{}", from(change.address));
    let target = target(Some(user.id), user.email.to_string());
    entry(AuditAction::UserRefusePassword, actor, target, detail, now).with(FactName::Address, shown(change.address))
}

fn entry(
    action: AuditAction,
    actor: Option<Principal>,
    target: AuditTarget,
    detail: String,
    at: Timestamp,
) -> AuditEntry {
    AuditEntry { id: AuditId::new(), at, project_id: None, actor, action, target, detail, facts: Vec::new() }
}

const fn actor(user_id: UserId, login_id: LoginId) -> Option<Principal> {
    Some(Principal { user_id, credential: Credential::Login { login_id } })
}

fn target(user: Option<UserId>, name: String) -> AuditTarget {
    AuditTarget { kind: "user", id: user.map_or_else(String::new, |user| user.to_string()), name }
}

fn shown(address: Option<IpAddr>) -> String {
    address.map(|address| address.to_string()).unwrap_or_default()
}

fn from(address: Option<IpAddr>) -> String {
    address.map_or_else(String::new, |address| format!(", from {address}"))
}
