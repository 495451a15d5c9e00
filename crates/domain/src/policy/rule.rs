//! The rules of a project: an ordered list of who, what and whether. The first rule that matches decides; where none
//! does, the role has decided already.

use std::time::Duration;

use crate::id::{KeyId, RuleId, ServerId, TeamId, UserId};
use crate::policy::hints::Hint;
use crate::policy::item::{Item, ItemClass};
use crate::policy::pattern::Pattern;
use crate::policy::spelling::Spelling;
use crate::policy::{Asking, Subject};
use crate::role::Role;

/// The rules of a project as one snapshot, ready to be asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    rules: Vec<Rule>,
    /// Counts the changes; what an `ETag` is made of. Zero while the project never had a rule.
    pub version: u32,
    uris: Uris,
}

/// What the rules have to do with URIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Uris {
    /// None of them goes by the name of a resource.
    #[default]
    Unnamed,
    Named,
    /// One of them does, and can be spelled otherwise itself.
    Respelled,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub id: RuleId,
    /// For people; may be empty.
    pub name: String,
    pub enabled: bool,
    /// A switch of one item, made and taken away as such. Switches come before all other rules.
    pub is_switch: bool,
    pub who: Who,
    pub what: What,
    pub effect: Effect,
}

/// Whom a rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    Anybody,
    /// Whose effective role on the project is exactly this.
    Role(Role),
    Team(TeamId),
    /// With every login and key.
    User(UserId),
    Key(KeyId),
    /// By what the client calls itself, name and version. It is the client's own word.
    Client(Pattern),
}

/// What a rule is about. Everything that is given has to match.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct What {
    pub server: ServerMatch,
    /// None for everything that a server has, unknown methods and the server itself included.
    pub class: Option<ItemClass>,
    pub name: Option<Pattern>,
    /// Hints that a tool has to have, or must not have; only with the class of tools.
    pub hints: Vec<(Hint, bool)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ServerMatch {
    #[default]
    Any,
    One(ServerId),
    Named(Pattern),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Allow,
    Deny,
    RequireApproval(Terms),
}

/// How a call may be approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Whether the caller's own client may be asked to confirm; without it only an admin of the project approves.
    pub caller_may_confirm: bool,
    /// Without an answer for this long the call is refused.
    pub within: Duration,
}

impl Terms {
    pub const DEFAULT_WITHIN: Duration = Duration::from_secs(300);
    pub const MIN_WITHIN: Duration = Duration::from_secs(5);
    pub const MAX_WITHIN: Duration = Duration::from_secs(3600);
}

impl Effect {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::RequireApproval(_) => "require_approval",
        }
    }
}

impl Policy {
    /// Rules that are not switches.
    pub const MAX_RULES: usize = 200;
    pub const MAX_SWITCHES: usize = 2000;

    /// Puts the switches in front and keeps the order otherwise.
    #[must_use]
    pub fn new(mut rules: Vec<Rule>, version: u32) -> Self {
        rules.sort_by_key(|rule| !rule.is_switch);
        let uris = rules.iter().map(Rule::uris).max().unwrap_or_default();
        Self { rules, version, uris }
    }

    /// In the order in which they are asked.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rules but for switches of servers that do not exist.
    #[must_use]
    pub fn rules_for(&self, exists: impl Fn(ServerId) -> bool) -> Vec<Rule> {
        let is_left = |rule: &&Rule| match rule.what.server {
            ServerMatch::One(server) if rule.is_switch => exists(server),
            ServerMatch::Any | ServerMatch::One(_) | ServerMatch::Named(_) => true,
        };
        self.rules.iter().filter(is_left).cloned().collect()
    }

    pub(super) fn active(&self) -> impl Iterator<Item = (usize, &Rule)> {
        self.rules.iter().enumerate().filter(|(_, rule)| rule.enabled)
    }

    /// Whether it decides anything at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.active().next().is_none()
    }

    pub(super) const fn uris(&self) -> Uris {
        self.uris
    }

    /// Whether the hints of tools matter.
    #[must_use]
    pub fn reads_hints(&self) -> bool {
        self.active().any(|(_, rule)| !rule.what.hints.is_empty())
    }

    /// The places of the rules about somebody in particular that are about this one. Who shares them sees the same.
    pub(super) fn particular(&self, asking: Asking<'_>) -> Vec<usize> {
        let about = |(_, rule): &(usize, &Rule)| rule.who != Who::Anybody && rule.who.is(asking);
        self.active().filter(about).map(|(place, _)| place).collect()
    }
}

impl Rule {
    fn uris(&self) -> Uris {
        let is_about_resources = self.enabled && self.what.class.is_none_or(|class| class == ItemClass::Resource);
        match &self.what.name {
            Some(name) if is_about_resources && name.has_spellings() => Uris::Respelled,
            Some(_) if is_about_resources => Uris::Named,
            _ => Uris::Unnamed,
        }
    }
}

impl Who {
    /// A client that is not known is no client that a rule names.
    #[must_use]
    pub fn is(&self, asking: Asking<'_>) -> bool {
        let Subject { role, own_role: _, user, teams, key } = asking.subject;
        match self {
            Self::Anybody => true,
            Self::Role(named) => *role == Some(*named),
            Self::Team(team) => teams.contains(team),
            Self::User(named) => user == named,
            Self::Key(named) => key.as_ref().is_some_and(|key| key.id == *named),
            Self::Client(pattern) => asking.client.is_some_and(|client| pattern.matches(client)),
        }
    }
}

impl What {
    #[must_use]
    pub fn is(&self, item: &Item<'_>) -> bool {
        self.is_spelled(item, Spelling::AsWritten)
    }

    /// Whether it is about an item whose name is in this spelling.
    pub(super) fn is_spelled(&self, item: &Item<'_>, spelling: Spelling) -> bool {
        let is_named = |name: &Pattern| item.class != ItemClass::Server && name.matches_spelled(item.name, spelling);
        self.server.is(item.server, item.alias)
            && self.class.is_none_or(|class| class == item.class)
            && self.name.as_ref().is_none_or(is_named)
            && self.hints.iter().all(|(hint, wanted)| item.hints.has(*hint) == *wanted)
    }
}

impl ServerMatch {
    #[must_use]
    pub fn is(&self, server: ServerId, alias: &str) -> bool {
        match self {
            Self::Any => true,
            Self::One(id) => *id == server,
            Self::Named(pattern) => pattern.matches(alias),
        }
    }
}
