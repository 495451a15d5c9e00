//! May this subject use this item of a server? One function answers for lists, calls, notifications, REST and the
//! dashboard, and says why.

use std::fmt;

use super::{Action, Asking, Denial};
use crate::id::RuleId;
use crate::policy::item::{Item, ItemClass};
use crate::policy::rule::{Effect, Policy, Rule, Terms, Uris, Who};
use crate::policy::scope::OutOfScope;
use crate::policy::spelling::{self, Spelling, Spellings};
use crate::refusal::{Reason, Refusal};
use crate::role::Role;

/// What was decided, and why. Borrows the rule, so that deciding allocates nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision<'p> {
    pub verdict: Verdict,
    pub because: Because<'p>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Allowed,
    /// It is seen, and used once somebody has agreed.
    NeedsApproval(Terms),
    /// It is as if it did not exist.
    Denied,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Because<'p> {
    /// The subject does not belong to the project, or its credential is dead.
    NoRole,
    /// The role does not reach.
    RoleNeeded(Role),
    /// The API key was made for less.
    Scope(OutOfScope),
    /// The first rule that matched, with its place from 0.
    Rule { place: usize, rule: &'p Rule },
    /// No rule is about it, so the role decides.
    Role(Role),
}

impl Decision<'_> {
    /// Whether it is shown in lists.
    #[must_use]
    pub const fn is_visible(&self) -> bool {
        !matches!(self.verdict, Verdict::Denied)
    }

    #[must_use]
    pub const fn rule_id(&self) -> Option<RuleId> {
        match self.because {
            Because::Rule { rule, .. } => Some(rule.id),
            _ => None,
        }
    }
}

impl Verdict {
    /// Higher for what leaves less.
    const fn strictness(self) -> u8 {
        match self {
            Self::Allowed => 0,
            Self::NeedsApproval(Terms { caller_may_confirm: true, .. }) => 1,
            Self::NeedsApproval(Terms { caller_may_confirm: false, .. }) => 2,
            Self::Denied => 3,
        }
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allow",
            Self::NeedsApproval(_) => "require_approval",
            Self::Denied => "deny",
        }
    }
}

/// Decides. The role comes first, then the scope of the key, then the rules in their order; the first that matches
/// wins. A key gets the stricter of what the rules say to it and what they say to its creator, and a resource the
/// strictest of what they say to the spellings of its URI. `action` is what the role has to reach: [`Action::Call`] for
/// clients, [`Action::View`] for who only looks.
///
/// A client that is not known yet is given the benefit of rules about clients: it is let in where one of them could
/// allow it, and judged by its name from then on.
#[must_use]
pub fn decide<'p>(policy: &'p Policy, asking: Asking<'_>, action: Action, item: &Item<'_>) -> Decision<'p> {
    let denied = |because| Decision { verdict: Verdict::Denied, because };
    let Some(role) = asking.subject.role else { return denied(Because::NoRole) };
    if role < action.least_role() {
        return denied(Because::RoleNeeded(action.least_role()));
    }
    if let Some(key) = &asking.subject.key
        && let Some(out) = key.scope.keeps_out(item)
    {
        return denied(Because::Scope(out));
    }
    let written = by_rules(policy, asking, role, item, Spelling::AsWritten);
    if item.class != ItemClass::Resource || policy.uris() == Uris::Unnamed {
        return written;
    }
    strictest_spelling(policy, asking, role, item, written)
}

/// What the rules say to a resource, in whatever spelling its server reads the URI. It starts from what they say to the
/// URI as it was written, so another spelling only takes away.
fn strictest_spelling<'p>(
    policy: &'p Policy,
    asking: Asking<'_>,
    role: Role,
    item: &Item<'_>,
    written: Decision<'p>,
) -> Decision<'p> {
    let is_settled = policy.uris() == Uris::Named && spelling::is_settled(item.name);
    if is_settled || written.verdict == Verdict::Denied {
        return written;
    }
    let mut strictest = written;
    for (spelling, name) in Spellings::of(item.name).each() {
        let decision = by_rules(policy, asking, role, &Item { name, ..*item }, spelling);
        if decision.verdict.strictness() > strictest.verdict.strictness() {
            strictest = decision;
        }
    }
    strictest
}

/// What the rules say, and the role where none does.
fn by_rules<'p>(
    policy: &'p Policy,
    asking: Asking<'_>,
    role: Role,
    item: &Item<'_>,
    spelling: Spelling,
) -> Decision<'p> {
    let is_about = |rule: &Rule| rule.what.is_spelled(item, spelling);
    let first = first_match(policy, asking, is_about);
    let decision = first.unwrap_or(Decision { verdict: Verdict::Allowed, because: Because::Role(role) });
    // A rule about the key itself may take from it, and never give it what its creator is not given.
    if let Because::Rule { rule: Rule { who: Who::Key(_), .. }, .. } = decision.because
        && let Some(creators) = first_match(policy, asking, |rule| !matches!(rule.who, Who::Key(_)) && is_about(rule))
        && creators.verdict.strictness() > decision.verdict.strictness()
    {
        return creators;
    }
    decision
}

fn first_match<'p>(policy: &'p Policy, asking: Asking<'_>, is_about: impl Fn(&Rule) -> bool) -> Option<Decision<'p>> {
    for (place, rule) in policy.active() {
        let could_be = asking.client.is_none() && matches!(rule.who, Who::Client(_)) && rule.effect != Effect::Deny;
        if (could_be || rule.who.is(asking)) && is_about(rule) {
            let verdict = match rule.effect {
                Effect::Allow => Verdict::Allowed,
                Effect::Deny => Verdict::Denied,
                Effect::RequireApproval(terms) => Verdict::NeedsApproval(terms),
            };
            return Some(Decision { verdict, because: Because::Rule { place, rule } });
        }
    }
    None
}

/// Leave to use one item of a server, and with it the server. Only [`clear`] and [`Held::release`] make one.
#[derive(Debug)]
pub struct Pass<T>(T);

impl<T> Pass<T> {
    pub const fn get(&self) -> &T {
        &self.0
    }

    pub fn into_inner(self) -> T {
        self.0
    }
}

/// What [`clear`] says to somebody who may.
#[derive(Debug)]
pub enum Clearance<T> {
    Granted(Pass<T>),
    /// Somebody has to agree first.
    Held(Held<T>),
}

/// A use that waits for [`Consent`].
#[derive(Debug)]
pub struct Held<T> {
    object: T,
    pub terms: Terms,
    pub rule: RuleId,
}

impl<T> Held<T> {
    pub const fn get(&self) -> &T {
        &self.object
    }

    /// What the caller's own client may be asked for; None where the rule wants somebody else.
    #[must_use]
    pub const fn confirmable(&self) -> Option<Confirmable> {
        if self.terms.caller_may_confirm { Some(Confirmable(())) } else { None }
    }

    /// The way on, where who agreed may agree under these terms; else it goes on waiting. What held the use when
    /// somebody was asked may be another rule by now, or the same one with other terms.
    pub fn release(self, consent: Consent) -> Result<Pass<T>, Self> {
        match consent.0 {
            Agreed::Approver => Ok(Pass(self.object)),
            Agreed::Caller if self.terms.caller_may_confirm => Ok(Pass(self.object)),
            Agreed::Caller => Err(self),
        }
    }
}

/// Proof that somebody has agreed to one use, and who it was.
#[derive(Debug)]
pub struct Consent(Agreed);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Agreed {
    /// Who may agree to any use in the project.
    Approver,
    /// Who makes the call, for itself.
    Caller,
}

/// Proof that the rule lets the caller confirm.
#[derive(Debug)]
pub struct Confirmable(());

impl Confirmable {
    /// The caller has said yes.
    #[must_use]
    pub fn confirmed(self) -> Consent {
        Consent(Agreed::Caller)
    }
}

/// Decides whether `approver` may agree to a use in its project. Admins may, to their own as well; nobody else.
pub fn consent(approver: &super::Subject) -> Result<Consent, Denial> {
    super::authorize(approver, Action::Approve, ()).map(|_| Consent(Agreed::Approver))
}

/// Decides whether the item may be used, and gives the way on, or why there is none. That is for the record: who asks
/// is told that there is no such thing.
pub fn clear<T>(policy: &Policy, asking: Asking<'_>, item: &Item<'_>, object: T) -> Result<Clearance<T>, Refusal> {
    let decision = decide(policy, asking, Action::Call, item);
    match (decision.verdict, decision.because) {
        (Verdict::Allowed, _) => Ok(Clearance::Granted(Pass(object))),
        (Verdict::NeedsApproval(terms), Because::Rule { rule, .. }) => {
            Ok(Clearance::Held(Held { object, terms, rule: rule.id }))
        }
        (Verdict::NeedsApproval(_) | Verdict::Denied, _) => Err(decision.because.refusal()),
    }
}

impl Because<'_> {
    /// What goes on record where this is why something was denied.
    const fn refusal(self) -> Refusal {
        match self {
            Self::NoRole | Self::RoleNeeded(_) | Self::Role(_) => Refusal { reason: Reason::Role, rule: None },
            Self::Scope(_) => Refusal { reason: Reason::KeyScope, rule: None },
            Self::Rule { rule, .. } => {
                let reason = if rule.is_switch { Reason::SwitchedOff } else { Reason::Rule };
                Refusal { reason, rule: Some(rule.id) }
            }
        }
    }
}

impl fmt::Display for Because<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRole => f.write_str("the account or key has no access to the project"),
            Self::RoleNeeded(role) => write!(f, "this needs the role {role}"),
            Self::Scope(OutOfScope::Server) => f.write_str("the API key was made for other servers"),
            Self::Scope(OutOfScope::Tool) => f.write_str("the API key was made for other tools"),
            Self::Scope(OutOfScope::NotReadOnly) => {
                f.write_str("the API key is read-only, and the tool does not say of itself that it is")
            }
            Self::Scope(OutOfScope::UnknownMethod) => {
                f.write_str("the API key was made for some tools only, and nobody knows what this method does")
            }
            Self::Rule { rule, .. } if rule.is_switch => f.write_str("it is switched off in this project"),
            Self::Rule { place, rule } if rule.name.is_empty() => {
                write!(f, "rule {} says {}", place + 1, rule.effect.as_str())
            }
            Self::Rule { place, rule } => {
                write!(f, "rule {} ({}) says {}", place + 1, rule.name, rule.effect.as_str())
            }
            Self::Role(role) => write!(f, "no rule is about it, and the role {role} may"),
        }
    }
}

/// Whether a list of this class depends on who asks.
#[must_use]
pub fn is_plain(policy: &Policy, asking: Asking<'_>) -> bool {
    policy.is_empty() && asking.subject.key.as_ref().is_none_or(|key| key.scope.is_full())
}

/// Whether [`Item::hints`] matter for the decision, so that they need to be looked up.
#[must_use]
pub fn reads_hints(policy: &Policy, asking: Asking<'_>, class: ItemClass) -> bool {
    class == ItemClass::Tool
        && (policy.reads_hints() || asking.subject.key.as_ref().is_some_and(|key| key.scope.read_only))
}
