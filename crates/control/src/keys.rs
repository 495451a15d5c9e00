//! API keys: made, listed, revoked and rotated by people, never by another key. A key never may more than its
//! creator may at that moment; the directory sees to it.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use orch_domain::Timestamp;
use orch_domain::api_key::{ApiKey, KeyUse};
use orch_domain::audit::{AuditAction, AuditEntry, ChangedPart, FactName};
use orch_domain::error::StoreError;
use orch_domain::id::{KeyId, ProjectId, UserId};
use orch_domain::page::{Page, PageRequest};
use orch_domain::policy::pattern::Pattern;
use orch_domain::policy::scope::Scope;
use orch_domain::policy::{Action, Permit};
use orch_domain::principal::{Credential, Principal};
use orch_domain::project::Project;
use orch_domain::quota::Allowance;
use orch_domain::role::Role;
use orch_domain::user::User;
use secrecy::SecretString;

use crate::access::{Access, Grant};
use crate::audit::Trail;
use crate::changes::Changes;
use crate::display_name;
use crate::error::ControlError;
use crate::limits::check_allowance;
use crate::looks::Part;
use crate::policies::explain::subject_of;
use crate::ports::Ports;
use crate::problem::{MAX_REPORTED, Problem};
use crate::{retry, users};

#[derive(Clone)]
pub struct Keys {
    ports: Arc<Ports>,
    access: Access,
}

#[derive(Debug, Clone, Default)]
pub struct NewKey {
    pub name: String,
    pub expires_at: Option<Timestamp>,
    pub scope: ScopeDraft,
    /// Where it says nothing, the project's limits for keys hold.
    pub allowance: Allowance,
    /// Id or e-mail address of the account that answers for the key; only the console chooses one, and without a
    /// choice takes the first active admin of the project.
    pub creator: Option<String>,
}

/// What a key may of what its creator may, as people write it.
#[derive(Debug, Clone, Default)]
pub struct ScopeDraft {
    /// Aliases or ids; None for all servers of the project, also those that come later.
    pub servers: Option<Vec<String>>,
    /// Names or globs over the tools' own names; None for all.
    pub tools: Option<Vec<String>>,
    pub read_only: bool,
}

/// What to change; None leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct KeyPatch {
    pub name: Option<String>,
    /// Some(None) for a key that never expires.
    pub expires_at: Option<Option<Timestamp>>,
    pub scope: Option<ScopeDraft>,
    pub allowance: Option<Allowance>,
}

/// A key with where and whose it is.
#[derive(Debug, Clone)]
pub struct KeySeen {
    pub key: ApiKey,
    pub project: Project,
    pub creator: User,
}

/// A key with its plain text, which is shown this once and stored nowhere.
#[derive(Debug)]
pub struct CreatedKey {
    pub key: ApiKey,
    pub plain: SecretString,
}

impl Keys {
    /// How long the old key lives on when nobody says.
    pub const DEFAULT_OVERLAP: Duration = Duration::from_secs(24 * 60 * 60);
    pub const MAX_OVERLAP: Duration = Duration::from_secs(30 * 24 * 60 * 60);

    pub(crate) fn new(ports: Arc<Ports>, access: Access) -> Self {
        Self { ports, access }
    }

    /// Newest first: the own keys for members, all keys of the project for admins.
    pub async fn list(&self, who: &Principal, project: &str, page: PageRequest) -> Result<Page<ApiKey>, ControlError> {
        let permit = self.access.project(who, project, Action::UseOwnKeys).await?;
        let grant = permit.get();
        let all = grant.role >= Action::Inspect.least_role();
        if all {
            self.access.note_look(who, &permit, Part::Keys).await?;
        }
        Ok(self.ports.keys.list(grant.id, (!all).then_some(who.user_id), page).await?)
    }

    /// The keys of all projects, newest first. For instance admins.
    pub async fn list_all(&self, who: &Principal, page: PageRequest) -> Result<Page<KeySeen>, ControlError> {
        self.access.instance(who).await?;
        let keys = self.ports.keys.list_all(page).await?;
        let directory = self.ports.directory.current();
        let mut creators: HashMap<UserId, Option<User>> = HashMap::new();
        let mut items = Vec::with_capacity(keys.items.len());
        for key in keys.items {
            let creator = match creators.get(&key.creator) {
                Some(known) => known.clone(),
                None => {
                    let found = self.ports.users.find(key.creator).await?;
                    creators.insert(key.creator, found.clone());
                    found
                }
            };
            let project = match directory.project(key.project_id) {
                Some(facts) => Some(facts.project.clone()),
                None => self.ports.projects.find(key.project_id).await?,
            };
            // What goes with its project or its creator while we look is left out.
            if let (Some(creator), Some(project)) = (creator, project) {
                items.push(KeySeen { key, project, creator });
            }
        }
        Ok(Page { items, next: keys.next })
    }

    pub async fn create(&self, who: &Principal, project: &str, new: NewKey) -> Result<CreatedKey, ControlError> {
        let permit = self.access.project(who, project, Action::UseOwnKeys).await?;
        let name = display_name::parse_required("name", &new.name)?;
        let now = self.ports.clock.now();
        if new.expires_at.is_some_and(|end| end <= now) {
            return Err(ControlError::invalid("expires_at", "it is over already", "write a time in the future"));
        }
        let scope = scope(&permit, None, &new.scope)?;
        check_key_allowance(new.allowance)?;
        let creator = self.creator(who, &permit, new.creator.as_deref()).await?;
        self.check_number(permit.get().id, creator, now).await?;
        let minted = self.ports.minter.mint();
        let key = ApiKey {
            id: KeyId::new(),
            project_id: permit.get().id,
            creator,
            name,
            public_id: minted.public_id,
            hash: minted.hash,
            scope,
            allowance: new.allowance,
            expires_at: new.expires_at,
            revoked_at: None,
            last_used_at: None,
            last_used_from: None,
            last_used_by: None,
            created_at: now,
        };
        let entry = self.entry(who, &permit, AuditAction::KeyCreate, &key).await?;
        self.ports.keys.create(&key, &entry).await?;
        self.ports.written(key.project_id).await;
        Ok(CreatedKey { key, plain: minted.plain })
    }

    /// A key of the project: the own ones for members, all for admins.
    pub async fn get(&self, who: &Principal, project: &str, key: &str) -> Result<ApiKey, ControlError> {
        let permit = self.access.project(who, project, Action::UseOwnKeys).await?;
        self.visible(who, &permit, key).await
    }

    /// Changes what a key may; it holds for the very next request. Only the creator does, and the console: who could
    /// widen the key of somebody else would act in another's name. Admins revoke. `expected` is the version that the
    /// caller has seen.
    pub async fn update(
        &self,
        who: &Principal,
        project: &str,
        key: &str,
        patch: KeyPatch,
        expected: Option<u32>,
    ) -> Result<ApiKey, ControlError> {
        let permit = self.access.project(who, project, Action::UseOwnKeys).await?;
        retry::unless_expected(expected, || async {
            let before = self.visible(who, &permit, key).await?;
            check_version(&before, expected)?;
            self.update_from(who, &permit, before, &patch).await
        })
        .await
    }

    async fn update_from(
        &self,
        who: &Principal,
        permit: &Permit<Grant>,
        before: ApiKey,
        patch: &KeyPatch,
    ) -> Result<ApiKey, ControlError> {
        if before.creator != who.user_id && who.credential != Credential::Console {
            return Err(ControlError::Conflict {
                problem: "only its creator changes a key: revoke it instead".to_owned(),
            });
        }
        let now = self.ports.clock.now();
        if !before.is_live(now) {
            return Err(ControlError::Conflict {
                problem: "the key is revoked or expired: create a new one".to_owned(),
            });
        }
        let mut after = before.clone();
        if let Some(name) = &patch.name {
            after.name = display_name::parse_required("name", name)?;
        }
        if let Some(expires_at) = patch.expires_at {
            if expires_at.is_some_and(|end| end <= now) {
                return Err(ControlError::invalid("expires_at", "it is over already", "write a time in the future"));
            }
            after.expires_at = expires_at;
        }
        if let Some(draft) = &patch.scope {
            after.scope = scope(permit, Some(&before.scope), draft)?;
        }
        if let Some(allowance) = patch.allowance {
            check_key_allowance(allowance)?;
            after.allowance = allowance;
        }
        if after == before {
            return Ok(before);
        }
        let entry = self.entry(who, permit, AuditAction::KeyUpdate, &after).await?;
        let entry = changes(&before, &after).on(entry);
        self.ports.keys.update(&before, &after, &entry).await?;
        self.ports.written(after.project_id).await;
        Ok(after)
    }

    /// Makes a key dead at once. Admins revoke any key of the project, members their own. `expected` is the version that
    /// the caller has seen.
    pub async fn revoke(
        &self,
        who: &Principal,
        project: &str,
        key: &str,
        expected: Option<u32>,
    ) -> Result<(), ControlError> {
        let permit = self.access.project(who, project, Action::UseOwnKeys).await?;
        let key = self.visible(who, &permit, key).await?;
        let entry = self.entry(who, &permit, AuditAction::KeyRevoke, &key).await?;
        self.ports.keys.revoke(key.id, expected, self.ports.clock.now(), &entry).await?;
        self.ports.written(key.project_id).await;
        Ok(())
    }

    /// Makes a new key of the same name and length of life; the old one lives on for `overlap`.
    ///
    /// Only the creator rotates a key, and the console: the new key acts in the creator's name, so an admin who
    /// could rotate it would act in the name of somebody else. Who meets a change of the key is told, and looks again:
    /// what it may and how long it lives goes over to the new one.
    pub async fn rotate(
        &self,
        who: &Principal,
        project: &str,
        key: &str,
        overlap: Option<Duration>,
    ) -> Result<CreatedKey, ControlError> {
        let permit = self.access.project(who, project, Action::UseOwnKeys).await?;
        let old = self.visible(who, &permit, key).await?;
        if old.creator != who.user_id && who.credential != Credential::Console {
            return Err(ControlError::Conflict {
                problem: "only its creator rotates a key: revoke it instead".to_owned(),
            });
        }
        let overlap = overlap.unwrap_or(Self::DEFAULT_OVERLAP);
        if overlap > Self::MAX_OVERLAP {
            return Err(ControlError::invalid(
                "overlap_seconds",
                "it is too long",
                "use at most 30 days, 2592000 seconds",
            ));
        }
        let now = self.ports.clock.now();
        if !old.is_live(now) {
            return Err(ControlError::Conflict {
                problem: "the key is revoked or expired: create a new one".to_owned(),
            });
        }
        self.check_number(old.project_id, old.creator, now).await?;
        let minted = self.ports.minter.mint();
        let new = ApiKey {
            id: KeyId::new(),
            public_id: minted.public_id,
            hash: minted.hash,
            expires_at: old.expires_at.map(|end| now.checked_add(end - old.created_at).unwrap_or(end)),
            last_used_at: None,
            last_used_from: None,
            last_used_by: None,
            created_at: now,
            ..old.clone()
        };
        let end = now + overlap;
        let old_expires_at = old.expires_at.map_or(end, |expiry| expiry.min(end));
        let entry = self.entry(who, &permit, AuditAction::KeyRotate, &old).await?;
        // Not tried again: the key's new end may be that of another rotation, and the new key would only last so long.
        self.ports.keys.rotate(&old, old_expires_at, &new, &entry).await.map_err(|error| match error {
            StoreError::Stale { .. } => ControlError::Conflict {
                problem: "the key was changed or rotated just now: look at it before you rotate it again".to_owned(),
            },
            error => error.into(),
        })?;
        self.ports.written(new.project_id).await;
        Ok(CreatedKey { key: new, plain: minted.plain })
    }

    /// Notes who used keys last. Of the daemon itself, which has let them in.
    pub async fn note_uses(&self, uses: &[(KeyId, KeyUse)]) -> Result<(), ControlError> {
        Ok(self.ports.keys.note_used(uses).await?)
    }

    /// What its creator is on the project now, from the snapshot; None for nobody there, and then the key opens nothing.
    #[must_use]
    pub fn creator_role(&self, key: &ApiKey) -> Option<Role> {
        let directory = self.ports.directory.current();
        subject_of(&directory, directory.project(key.project_id)?, key.creator, None).role
    }

    /// Whether the account may have one more. Keys that are made at one moment may be a few too many.
    async fn check_number(&self, project: ProjectId, creator: UserId, now: Timestamp) -> Result<(), ControlError> {
        let tally = self.ports.keys.tally(project, creator, now, now - ApiKey::LATELY).await?;
        let problem = if tally.live >= ApiKey::MAX_LIVE {
            format!("an account has at most {} live keys on a project: revoke one first", ApiKey::MAX_LIVE)
        } else if tally.made >= ApiKey::MAX_MADE {
            format!("an account makes at most {} keys on a project within 24 hours: try again later", ApiKey::MAX_MADE)
        } else {
            return Ok(());
        };
        Err(ControlError::Conflict { problem })
    }

    /// A key of the project that the principal may see: the own ones, all for admins.
    async fn visible(&self, who: &Principal, permit: &Permit<Grant>, key: &str) -> Result<ApiKey, ControlError> {
        let missing = ControlError::Missing { what: "key" };
        let Ok(id) = key.parse() else {
            return Err(missing);
        };
        let found = self.ports.keys.find(id).await?;
        let all = permit.get().role >= Action::Inspect.least_role();
        found.filter(|key| key.project_id == permit.get().id && (all || key.creator == who.user_id)).ok_or(missing)
    }

    async fn creator(
        &self,
        who: &Principal,
        permit: &Permit<Grant>,
        chosen: Option<&str>,
    ) -> Result<UserId, ControlError> {
        if who.credential != Credential::Console {
            return match chosen {
                None => Ok(who.user_id),
                Some(_) => {
                    Err(ControlError::invalid("creator", "a key belongs to who creates it", "leave the field out"))
                }
            };
        }
        let hint = "name an active account that is a member or an admin of the project, by e-mail address";
        match chosen {
            Some(chosen) => {
                let user = users::find(&self.ports, chosen).await?.filter(User::is_active);
                let user =
                    user.ok_or_else(|| ControlError::invalid("creator", "there is no such active user", hint))?;
                // A key of somebody who may have none could do nothing, and would begin to when they are let in.
                let subject = subject_of(&self.ports.directory.current(), &permit.get().facts, user.id, None);
                if subject.role.is_none_or(|role| role < Action::UseOwnKeys.least_role()) {
                    let problem = format!("{} may have no key of the project", user.email);
                    return Err(ControlError::invalid("creator", problem, hint));
                }
                Ok(user.id)
            }
            None => {
                let members = self.ports.projects.list_members(permit.get().id).await?;
                members
                    .into_iter()
                    .find(|(membership, user)| membership.role == Role::Admin && user.is_active())
                    .map(|(_, user)| user.id)
                    .ok_or_else(|| ControlError::invalid("creator", "the project has no active admin", hint))
            }
        }
    }

    async fn entry(
        &self,
        who: &Principal,
        permit: &Permit<Grant>,
        action: AuditAction,
        key: &ApiKey,
    ) -> Result<AuditEntry, ControlError> {
        let detail = format!("orch_{}", key.public_id);
        let trail = Trail::new(who, self.ports.clock.now()).project(permit);
        let entry = trail.entry(action, "key", key.id, &key.name, detail.clone()).with(FactName::PublicId, detail);
        if key.creator == who.user_id {
            return Ok(entry);
        }
        Ok(entry.with(FactName::User, users::address(&self.ports, key.creator).await?))
    }
}

/// The words of what an update changes.
fn changes(before: &ApiKey, after: &ApiKey) -> Changes {
    let mut changes = Changes::default();
    changes.note(ChangedPart::Name, before.name != after.name);
    changes.note(ChangedPart::Expiry, before.expires_at != after.expires_at);
    changes.note(ChangedPart::Scope, before.scope != after.scope);
    changes.note(ChangedPart::Allowance, before.allowance != after.allowance);
    changes
}

fn check_version(key: &ApiKey, expected: Option<u32>) -> Result<(), ControlError> {
    if expected.is_some_and(|version| version != key.version()) {
        return Err(ControlError::Stale { what: "key" });
    }
    Ok(())
}

/// Checks a scope against what the project has.
/// `before` is what the key may until now.
fn scope(permit: &Permit<Grant>, before: Option<&Scope>, draft: &ScopeDraft) -> Result<Scope, ControlError> {
    let mut problems = Vec::new();
    let facts = &permit.get().facts;
    let has = before.and_then(|scope| scope.servers.as_deref()).unwrap_or_default();
    let servers = draft.servers.as_ref().map(|named| {
        if named.is_empty() || named.len() > Scope::MAX_SERVERS {
            let hint = format!("name 1 to {}, or leave it out for all", Scope::MAX_SERVERS);
            problems.push(Problem::new("scope.servers", "the number of servers is wrong", hint));
        }
        let mut ids = Vec::with_capacity(named.len());
        for (place, name) in named.iter().enumerate() {
            let found = facts.servers.get(name.as_str()).or_else(|| facts.server(name.parse().ok()?));
            // What is hidden is as what is not there. What the key has already may stay.
            match found.filter(|server| permit.get().sees(server) || has.contains(&server.id)) {
                Some(server) if !ids.contains(&server.id) => ids.push(server.id),
                Some(_) => {}
                None => problems.push(Problem::new(
                    format!("scope.servers[{place}]"),
                    "the project has no such server",
                    "write an alias or an id",
                )),
            }
        }
        ids
    });
    let tools = draft.tools.as_ref().map(|named| {
        if named.is_empty() || named.len() > Scope::MAX_TOOLS {
            let hint = format!("name 1 to {}, or leave it out for all", Scope::MAX_TOOLS);
            problems.push(Problem::new("scope.tools", "the number of tools is wrong", hint));
        }
        let mut patterns = Vec::with_capacity(named.len());
        for (place, text) in named.iter().enumerate() {
            let field = format!("scope.tools[{place}]");
            if text.len() > Pattern::MAX_LEN {
                problems.push(Problem::new(field, "it is too long", "use at most 256 bytes"));
                continue;
            }
            match Pattern::parse(text) {
                Ok(pattern) => patterns.push(pattern),
                Err(error) => problems.push(Problem::new(field, error.reason, "write a name or a glob such as get_*")),
            }
        }
        let globs = patterns.iter().filter(|pattern| pattern.is_glob()).map(|glob| glob.as_str().len()).sum::<usize>();
        if globs > Scope::MAX_GLOBS {
            let hint = format!("use globs of at most {} bytes altogether, and names for the rest", Scope::MAX_GLOBS);
            problems.push(Problem::new("scope.tools", "the globs are too long together", hint));
        }
        patterns
    });
    problems.truncate(MAX_REPORTED);
    if problems.is_empty() {
        Ok(Scope { servers, tools, read_only: draft.read_only })
    } else {
        Err(ControlError::Invalid { problems })
    }
}

fn check_key_allowance(allowance: Allowance) -> Result<(), ControlError> {
    let problems: Vec<_> = check_allowance(allowance).into_iter().map(|problem| problem.below("limits")).collect();
    if problems.is_empty() { Ok(()) } else { Err(ControlError::Invalid { problems }) }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}
