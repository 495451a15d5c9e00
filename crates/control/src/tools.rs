//! What a server offers: tools, prompts, resources and templates, as last seen.

use std::fmt;
use std::sync::Arc;

use orch_domain::Timestamp;
use orch_domain::catalog::{CatalogItem, ItemKind, PastDefinition};
use orch_domain::id::RuleId;
use orch_domain::policy::Action;
use orch_domain::policy::decision::{Because, Verdict};
use orch_domain::policy::hints::Hints;
use orch_domain::policy::item::{Item, ItemClass};
use orch_domain::port::server_runtime::Offers;
use orch_domain::principal::Principal;

use crate::access::Access;
use crate::error::ControlError;
use crate::ports::Ports;
use crate::servers;

/// What a server offers, as the principal sees it.
#[derive(Debug, Clone)]
pub struct OffersSeen {
    pub items: Vec<ItemSeen>,
    /// None when the lists were never fetched.
    pub fetched_at: Option<Timestamp>,
    /// The server could not be asked since it last failed or was changed: the list is the last good one.
    pub stale: bool,
    /// Why there is nothing to see for the principal, where that has a reason.
    pub lacking: Option<String>,
}

#[derive(Debug, Clone)]
pub struct ItemSeen {
    pub item: CatalogItem,
    /// What policy says of it toward the principal.
    pub verdict: Verdict,
    /// The rule that says so, if one does.
    pub rule: Option<RuleId>,
    pub is_switched_off: bool,
    /// What a tool says of itself; of others, nothing.
    pub hints: Hints,
    /// What strict clients would refuse of it.
    pub flaw: Option<String>,
}

#[derive(Clone)]
pub struct Tools {
    ports: Arc<Ports>,
    access: Access,
}

impl Tools {
    pub(crate) fn new(ports: Arc<Ports>, access: Access) -> Self {
        Self { ports, access }
    }

    /// In the upstream's order: what the principal may know of. Who sets the rules sees what they hide as well.
    pub async fn list(
        &self,
        who: &Principal,
        project: &str,
        server: &str,
        kind: ItemKind,
    ) -> Result<OffersSeen, ControlError> {
        let permit = self.access.project(who, project, Action::View).await?;
        let server = servers::find(&self.ports, &permit, server).await?;
        let grant = permit.get();
        let offers = self.ports.runtime.offers(server.id, who.user_id, kind).await;
        let Offers { items, mut flaws, fetched_at, stale, lacking } = offers;
        let class = ItemClass::from(kind);
        let seen = |item: CatalogItem| {
            let hints = match kind {
                ItemKind::Tool => self.ports.runtime.hints(server.id, who.user_id, &item.name),
                ItemKind::Prompt | ItemKind::Resource | ItemKind::Template => Hints::UNSAID,
            };
            let asked = Item { server: server.id, alias: server.alias.as_str(), class, name: &item.name, hints };
            let decision = grant.decide(&asked);
            let is_switched_off = matches!(decision.because, Because::Rule { rule, .. } if rule.is_switch);
            (decision.is_visible() || grant.manages()).then(|| ItemSeen {
                verdict: decision.verdict,
                rule: decision.rule_id(),
                is_switched_off,
                hints,
                flaw: flaws.remove(&item.name),
                item,
            })
        };
        Ok(OffersSeen { items: items.into_iter().filter_map(seen).collect(), fetched_at, stale, lacking })
    }

    /// What an item was in the course of time, latest first.
    pub async fn history(
        &self,
        who: &Principal,
        project: &str,
        server: &str,
        kind: ItemKind,
        name: &str,
    ) -> Result<Vec<PastDefinition>, ControlError> {
        let permit = self.access.project(who, project, Action::View).await?;
        let server = servers::find(&self.ports, &permit, server).await?;
        let class = ItemClass::from(kind);
        let hints = self.ports.runtime.hints(server.id, who.user_id, name);
        let asked = Item { server: server.id, alias: server.alias.as_str(), class, name, hints };
        // What a server offers to single members only has no common past.
        let is_common = server.lacks_shared_values().is_none();
        let may_know = is_common && (permit.get().decide(&asked).is_visible() || permit.get().manages());
        let history = if may_know { self.ports.catalogs.history(server.id, kind, name).await? } else { Vec::new() };
        if history.is_empty() {
            return Err(ControlError::Missing { what: kind.as_str() });
        }
        Ok(history)
    }
}

impl fmt::Debug for Tools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tools").finish_non_exhaustive()
    }
}
