//! Who belongs to a project, and as what.

use std::fmt;
use std::sync::Arc;

use orch_domain::membership::Membership;
use orch_domain::policy::Action;
use orch_domain::principal::{Credential, Principal};
use orch_domain::role::Role;
use orch_domain::user::User;

use crate::access::Access;
use crate::audit::Trail;
use crate::error::ControlError;
use crate::ports::Ports;
use crate::users;

#[derive(Clone)]
pub struct Members {
    ports: Arc<Ports>,
    access: Access,
}

/// A membership with the account behind it.
#[derive(Debug, Clone)]
pub struct Member {
    pub membership: Membership,
    pub user: User,
}

impl Members {
    pub(crate) fn new(ports: Arc<Ports>, access: Access) -> Self {
        Self { ports, access }
    }

    /// All members, in the order of joining.
    pub async fn list(&self, who: &Principal, project: &str) -> Result<Vec<Member>, ControlError> {
        let permit = self.access.project(who, project, Action::View).await?;
        let members = self.ports.projects.list_members(permit.get().id).await?;
        Ok(members.into_iter().map(|(membership, user)| Member { membership, user }).collect())
    }

    /// Adds an account by id or e-mail address, or changes its role.
    pub async fn put(
        &self,
        who: &Principal,
        project: &str,
        id_or_email: &str,
        role: Role,
    ) -> Result<Member, ControlError> {
        let permit = self.access.project(who, project, Action::ManageProject).await?;
        let user = users::find(&self.ports, id_or_email).await?.ok_or(ControlError::Missing { what: "user" })?;
        let id = permit.get().id;
        let before = self.ports.projects.find_member(id, user.id).await?;
        if before.is_none() && !user.is_active() {
            return Err(ControlError::Conflict { problem: "the account is deactivated".to_owned() });
        }
        let now = self.ports.clock.now();
        let (membership, action, detail) = match before {
            Some(before) if before.role == role => return Ok(Member { membership: before, user }),
            Some(before) => {
                let detail = format!("from {} to {role}", before.role);
                (Membership { role, ..before }, "member.update", detail)
            }
            None => {
                let membership = Membership { project_id: id, user_id: user.id, role, created_at: now };
                (membership, "member.create", format!("as {role}"))
            }
        };
        let entry = Trail::new(who, now).project(&permit).entry(action, "member", user.id, user.email.as_str(), detail);
        self.ports.projects.put_member(&membership, &entry).await?;
        self.ports.written(id).await;
        Ok(Member { membership, user })
    }

    /// Takes an account off the project. Everybody may take off the own one.
    pub async fn remove(&self, who: &Principal, project: &str, id_or_email: &str) -> Result<(), ControlError> {
        let user = users::find(&self.ports, id_or_email).await?;
        let leaves = matches!(who.credential, Credential::Login { .. })
            && user.as_ref().is_some_and(|user| user.id == who.user_id);
        let action = if leaves { Action::View } else { Action::ManageProject };
        let permit = self.access.project(who, project, action).await?;
        let user = user.ok_or(ControlError::Missing { what: "member" })?;
        let id = permit.get().id;
        let member = self.ports.projects.find_member(id, user.id).await?;
        let member = member.ok_or(ControlError::Missing { what: "member" })?;
        let entry = Trail::new(who, self.ports.clock.now()).project(&permit).entry(
            "member.delete",
            "member",
            user.id,
            user.email.as_str(),
            format!("was {}", member.role),
        );
        self.ports.projects.remove_member(id, user.id, &entry).await?;
        self.ports.written(id).await;
        Ok(())
    }
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Members").finish_non_exhaustive()
    }
}
