//! The audit entries of logins. Decides nothing and never sees a password or a token.

use std::net::IpAddr;

use orch_domain::Timestamp;
use orch_domain::audit::{AuditEntry, AuditTarget};
use orch_domain::id::{AuditId, LoginId, UserId};
use orch_domain::principal::{Credential, Principal};
use orch_domain::user::User;

use crate::logins::throttle::Attempt;
use crate::logins::{PasswordChange, Refused};

pub(super) fn opened(user: &User, login: LoginId, address: Option<IpAddr>, now: Timestamp) -> AuditEntry {
    let detail = format!("login {login}{}", from(address));
    entry("login.open", actor(user.id, login), target(Some(user.id), user.email.to_string()), detail, now)
}

pub(super) fn failed(refused: &Refused, attempt: &Attempt, now: Timestamp) -> AuditEntry {
    let detail = format!("{}{}", refused.why, from(attempt.address));
    entry("login.fail", None, target(refused.user, attempt.account.clone()), detail, now)
}

pub(super) fn ended(user: UserId, email: String, login: LoginId, now: Timestamp) -> AuditEntry {
    entry("login.end", actor(user, login), target(Some(user), email), format!("login {login}"), now)
}

pub(super) fn others_ended(user: UserId, email: String, keep: LoginId, now: Timestamp) -> AuditEntry {
    let detail = format!("all but login {keep}");
    entry("login.end_others", actor(user, keep), target(Some(user), email), detail, now)
}

/// Nobody in particular did it: it may have been the owner or a thief.
pub(super) fn reused(user: UserId, email: String, login: LoginId, now: Timestamp) -> AuditEntry {
    let detail = format!("a refresh token was used twice, login {login} was ended");
    entry("login.reuse", None, target(Some(user), email), detail, now)
}

pub(super) fn password_changed(user: &User, login: Option<LoginId>, now: Timestamp) -> AuditEntry {
    let actor = login.and_then(|login| actor(user.id, login));
    let detail = "changed by the user; the other logins were ended".to_owned();
    entry("user.change_password", actor, target(Some(user.id), user.email.to_string()), detail, now)
}

/// Somebody who is logged in does not know the password.
pub(super) fn password_refused(user: &User, change: &PasswordChange<'_>, now: Timestamp) -> AuditEntry {
    let actor = change.login.and_then(|login| actor(user.id, login));
    let detail = format!("not changed: the current password was wrong{}", from(change.address));
    entry("user.refuse_password", actor, target(Some(user.id), user.email.to_string()), detail, now)
}

fn entry(
    action: &'static str,
    actor: Option<Principal>,
    target: AuditTarget,
    detail: String,
    at: Timestamp,
) -> AuditEntry {
    AuditEntry { id: AuditId::new(), at, project_id: None, actor, action, target, detail }
}

const fn actor(user_id: UserId, login_id: LoginId) -> Option<Principal> {
    Some(Principal { user_id, credential: Credential::Login { login_id } })
}

fn target(user: Option<UserId>, name: String) -> AuditTarget {
    AuditTarget { kind: "user", id: user.map_or_else(String::new, |user| user.to_string()), name }
}

fn from(address: Option<IpAddr>) -> String {
    address.map_or_else(String::new, |address| format!(", from {address}"))
}
