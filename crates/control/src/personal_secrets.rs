//! Values that members bring along for a server: each sees and writes the own ones only, and nobody reads them back.

use std::fmt;
use std::sync::Arc;

use orch_domain::Timestamp;
use orch_domain::audit::{AuditAction, FactName};
use orch_domain::personal_secret::PersonalSecret;
use orch_domain::policy::{Action, Permit};
use orch_domain::port::server_repo::Forgetting;
use orch_domain::principal::{Credential, Principal};
use orch_domain::run_settings::PersonalValue;
use orch_domain::secret::{Secret, Slot};
use orch_domain::server::Server;
use secrecy::{ExposeSecret, SecretString};

use crate::access::{Access, Grant};
use crate::audit::Trail;
use crate::error::{ControlError, Needed};
use crate::ports::Ports;
use crate::problem::Problem;
use crate::servers::blueprint::check_value;
use crate::servers::moved;
use crate::{retry, servers};

#[derive(Clone)]
pub struct PersonalSecrets {
    ports: Arc<Ports>,
    access: Access,
}

/// A value that a server takes from each member, as one member sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonalSeen {
    pub slot: Slot,
    pub about: PersonalValue,
    /// When the member last stored one; None when there is none.
    pub stored_at: Option<Timestamp>,
}

impl PersonalSecrets {
    pub(crate) fn new(ports: Arc<Ports>, access: Access) -> Self {
        Self { ports, access }
    }

    /// What the server takes from each member, and what the principal has stored.
    pub async fn list(&self, who: &Principal, project: &str, server: &str) -> Result<Vec<PersonalSeen>, ControlError> {
        let (_, server) = self.find(who, project, server).await?;
        self.seen(who, &server).await
    }

    /// Sets values of the principal's own, and removes those that are None; the others stay.
    pub async fn update(
        &self,
        who: &Principal,
        project: &str,
        server: &str,
        values: Vec<(Slot, Option<SecretString>)>,
    ) -> Result<Vec<PersonalSeen>, ControlError> {
        let (permit, seen) = self.find(who, project, server).await?;
        retry::unless_expected(None, || async {
            let server = self.again(&permit, &seen).await?;
            if moved::leaves_members_behind(&seen.transport, &server.transport) {
                let problem = "the server leads elsewhere since a moment ago: look at it, and store the values again";
                return Err(ControlError::Conflict { problem: problem.to_owned() });
            }
            self.update_at(who, &permit, server, &values).await
        })
        .await
    }

    async fn update_at(
        &self,
        who: &Principal,
        permit: &Permit<Grant>,
        server: Server,
        values: &[(Slot, Option<SecretString>)],
    ) -> Result<Vec<PersonalSeen>, ControlError> {
        let problems: Vec<Problem> = values.iter().filter_map(|(slot, value)| problem(&server, slot, value)).collect();
        if !problems.is_empty() {
            return Err(ControlError::Invalid { problems });
        }
        let now = self.ports.clock.now();
        let (mut set, mut remove, mut words) = (Vec::new(), Vec::new(), Vec::new());
        let (mut stored, mut removed) = (Vec::new(), Vec::new());
        for (slot, value) in values {
            let Some(value) = value else {
                words.push(format!("removed {}", name(slot)));
                removed.push(name(slot));
                remove.push(slot.clone());
                continue;
            };
            words.push(format!("set {}", name(slot)));
            stored.push(name(slot));
            let id = PersonalSecret::id_of(server.id, who.user_id, slot);
            let sealed = self.ports.vault.seal(Secret::place(id), value)?;
            let secret = Secret { id, slot: slot.clone(), sealed };
            set.push(PersonalSecret { server_id: server.id, user_id: who.user_id, secret, updated_at: now });
        }
        if !words.is_empty() {
            let trail = Trail::new(who, now).project(permit);
            let alias = server.alias.as_str();
            let entry = trail.entry(AuditAction::PersonalSecretUpdate, "server", server.id, alias, words.join(", "));
            let entry = entry.with_all(FactName::Stored, stored).with_all(FactName::Removed, removed);
            self.ports.personal.write(&server, who.user_id, &set, &remove, &entry).await?;
            self.ports.written(server.project_id).await;
        }
        self.seen(who, &server).await
    }

    /// Removes all values of the principal's own.
    pub async fn delete(&self, who: &Principal, project: &str, server: &str) -> Result<(), ControlError> {
        let (permit, seen) = self.find(who, project, server).await?;
        retry::unless_expected(None, || async {
            let server = self.again(&permit, &seen).await?;
            self.delete_at(who, &permit, &server).await
        })
        .await
    }

    async fn delete_at(&self, who: &Principal, permit: &Permit<Grant>, server: &Server) -> Result<(), ControlError> {
        let stored = self.ports.personal.list(server.id, who.user_id).await?;
        let slots: Vec<Slot> = stored.into_iter().map(|own| own.secret.slot).collect();
        if slots.is_empty() {
            return Ok(());
        }
        let trail = Trail::new(who, self.ports.clock.now()).project(permit);
        let alias = server.alias.as_str();
        let entry = trail.entry(AuditAction::PersonalSecretDelete, "server", server.id, alias, String::new());
        self.ports.personal.write(server, who.user_id, &[], &slots, &entry).await?;
        self.ports.written(server.project_id).await;
        Ok(())
    }

    async fn find(
        &self,
        who: &Principal,
        project: &str,
        server: &str,
    ) -> Result<(Permit<Grant>, Server), ControlError> {
        let permit = self.access.project(who, project, Action::UseOwnKeys).await?;
        if who.credential == Credential::Console {
            // The console is nobody in particular, and so has nothing of its own.
            return Err(ControlError::Forbidden { needed: Needed::Login });
        }
        let server = servers::find(&self.ports, &permit, server).await?;
        Ok((permit, server))
    }

    /// The server as it is now, whatever it is called.
    async fn again(&self, permit: &Permit<Grant>, seen: &Server) -> Result<Server, ControlError> {
        servers::find(&self.ports, permit, &seen.id.to_string()).await
    }

    async fn seen(&self, who: &Principal, server: &Server) -> Result<Vec<PersonalSeen>, ControlError> {
        let stored = self.ports.personal.list(server.id, who.user_id).await?;
        let stored_at = |slot: &Slot| stored.iter().find(|own| own.secret.slot == *slot).map(|own| own.updated_at);
        let seen = server.run.personal.iter().map(|(slot, about)| PersonalSeen {
            slot: slot.clone(),
            about: about.clone(),
            stored_at: stored_at(slot),
        });
        Ok(seen.collect())
    }
}

/// How to put on record that what members have stored for a server does not follow it; None when it stays. See
/// [`moved::leaves_members_behind`].
pub(crate) fn forgetting(trail: &Trail, before: &Server, after: &Server) -> Option<Forgetting> {
    if !moved::leaves_members_behind(&before.transport, &after.transport) {
        return None;
    }
    let (alias, detail) = (before.alias.as_str(), "the server leads elsewhere now".to_owned());
    let entry = trail.entry(AuditAction::PersonalSecretDelete, "server", before.id, alias, detail);
    Some(Forgetting::new(entry.with(FactName::Reason, "server_moved")))
}

impl fmt::Debug for PersonalSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PersonalSecrets").finish_non_exhaustive()
    }
}

/// What is wrong with one value. A value may always be removed, also when it is not asked for any more.
fn problem(server: &Server, slot: &Slot, value: &Option<SecretString>) -> Option<Problem> {
    let value = value.as_ref()?;
    let field = match slot {
        Slot::Arg(position) => format!("args[{position}]"),
        Slot::Env(name) => format!("env.{name}"),
        Slot::Header(name) => format!("headers.{name}"),
    };
    if !server.run.personal.contains_key(slot) {
        let hint = match server.run.personal.keys().map(name).collect::<Vec<_>>().join(", ") {
            all if all.is_empty() => "this server takes no personal values".to_owned(),
            all => format!("this server takes {all}"),
        };
        return Some(Problem::new(field, "it is not personal", hint));
    }
    check_value(slot, value.expose_secret()).map(|(problem, hint)| Problem::new(field, problem, hint))
}

fn name(slot: &Slot) -> String {
    match slot {
        Slot::Arg(position) => format!("argument {}", position + 1),
        Slot::Env(name) => format!("env {name}"),
        Slot::Header(name) => format!("header {name}"),
    }
}
