//! What is different between two lists of rules, in words for the audit trail.

use orch_domain::audit::FactName;
use orch_domain::policy::rule::Rule;

/// So many rules are named one by one.
const MOST: usize = 40;

/// What became of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change<'a> {
    Added(&'a Rule),
    Removed(&'a Rule),
    Changed(&'a Rule),
    /// Places are counted from 1.
    Moved {
        rule: &'a Rule,
        from: usize,
        to: usize,
    },
}

/// The first changes in the order of [`between`], and how many there are beyond.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Changes<'a> {
    pub(super) named: Vec<Change<'a>>,
    pub(super) more: usize,
}

/// Rules that were added, removed, changed or moved, in this order; switches count like all others.
pub(super) fn between<'a>(before: &'a [Rule], after: &'a [Rule]) -> Changes<'a> {
    let find = |rules: &[Rule], rule: &Rule| rules.iter().position(|other| other.id == rule.id);
    let mut named = Vec::new();
    named.extend(after.iter().filter(|rule| find(before, rule).is_none()).map(Change::Added));
    named.extend(before.iter().filter(|rule| find(after, rule).is_none()).map(Change::Removed));
    let kept: Vec<_> = after.iter().filter_map(|rule| Some((find(before, rule)?, rule))).collect();
    let differs = |(place, rule): &&(usize, &Rule)| before.get(*place).is_some_and(|other| other != *rule);
    named.extend(kept.iter().filter(differs).map(|(_, rule)| Change::Changed(rule)));
    let places: Vec<_> = kept.iter().map(|(place, _)| *place).collect();
    let stayed = in_order(&places);
    for (place, rule) in kept.iter().filter(|(place, _)| !stayed.contains(place)) {
        let to = find(after, rule).map_or(0, |now| now + 1);
        named.push(Change::Moved { rule, from: place + 1, to });
    }
    let more = named.len().saturating_sub(MOST);
    named.truncate(MOST);
    Changes { named, more }
}

impl<'a> Changes<'a> {
    pub(super) fn rules(&self) -> impl Iterator<Item = &'a Rule> {
        self.named.iter().map(|change| change.rule())
    }

    /// In words, with what each rule is called.
    pub(super) fn in_words(&self, label: impl Fn(&Rule) -> String) -> String {
        if self.named.is_empty() {
            return "nothing is different".to_owned();
        }
        let mut words: Vec<_> = self.named.iter().map(|change| change.in_words(&label)).collect();
        if self.more > 0 {
            words.push(format!("and {} more", self.more));
        }
        words.join("; ")
    }
}

impl<'a> Change<'a> {
    const fn rule(self) -> &'a Rule {
        match self {
            Self::Added(rule) | Self::Removed(rule) | Self::Changed(rule) | Self::Moved { rule, .. } => rule,
        }
    }

    /// The fact that tells it.
    pub(super) fn fact(self, label: impl Fn(&Rule) -> String) -> (FactName, String) {
        match self {
            Self::Added(rule) => (FactName::Added, label(rule)),
            Self::Removed(rule) => (FactName::Removed, label(rule)),
            Self::Changed(rule) => (FactName::Changed, label(rule)),
            Self::Moved { rule, from, to } => (FactName::Moved, format!("{} ({from} → {to})", label(rule))),
        }
    }

    fn in_words(self, label: impl Fn(&Rule) -> String) -> String {
        match self {
            Self::Added(rule) => format!("added rule {}", label(rule)),
            Self::Removed(rule) => format!("removed rule {}", label(rule)),
            Self::Changed(rule) => format!("changed rule {}", label(rule)),
            Self::Moved { rule, from, to } => format!("moved rule {} from place {from} to {to}", label(rule)),
        }
    }
}

/// The most places that can stay while the others move around them: a longest ascending part.
fn in_order(places: &[usize]) -> Vec<usize> {
    let mut best: Vec<Vec<usize>> = Vec::with_capacity(places.len());
    for (at, place) in places.iter().enumerate() {
        let before = best.iter().take(at).filter(|run| run.last().is_some_and(|last| last < place));
        let mut run = before.max_by_key(|run| run.len()).cloned().unwrap_or_default();
        run.push(*place);
        best.push(run);
    }
    best.into_iter().max_by_key(Vec::len).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use orch_domain::id::RuleId;
    use orch_domain::policy::rule::{Effect, Rule, What, Who};

    use super::{MOST, between, in_order};

    fn rule(name: &str) -> Rule {
        Rule {
            id: RuleId::new(),
            name: name.to_owned(),
            enabled: true,
            is_switch: false,
            who: Who::Anybody,
            what: What::default(),
            effect: Effect::Deny,
        }
    }

    #[test]
    fn names_each_rule_that_is_another_or_elsewhere() {
        let [a, b, c, d] = ["a", "b", "c", "d"].map(rule);
        let label = |rule: &Rule| format!("{}{}", rule.name, if rule.enabled { "" } else { ", disabled" });
        let words = |before: &[Rule], after: &[Rule]| between(before, after).in_words(label);
        assert_eq!(words(&[a.clone(), b.clone()], &[a.clone(), b.clone()]), "nothing is different");
        let off = Rule { enabled: false, ..b.clone() };
        let (before, after) = ([a.clone(), b, c.clone()], [c, off, d]);
        assert_eq!(
            words(&before, &after),
            "added rule d; removed rule a; changed rule b, disabled; moved rule c from place 3 to 1"
        );
        let facts = between(&before, &after).named.into_iter().map(|change| change.fact(label));
        let facts: Vec<_> = facts.map(|(name, value)| format!("{name} {value}")).collect();
        assert_eq!(facts, ["added d", "removed a", "changed b, disabled", "moved c (3 → 1)"]);
    }

    #[test]
    fn moves_as_few_as_can_be() {
        for (places, stayed) in [
            (vec![], vec![]),
            (vec![0, 1, 2], vec![0, 1, 2]),
            (vec![3, 0, 1, 2], vec![0, 1, 2]),
            (vec![1, 2, 3, 0], vec![1, 2, 3]),
        ] {
            assert_eq!(in_order(&places), stayed, "{places:?}");
        }
    }

    #[test]
    fn does_not_fill_the_trail() {
        let many: Vec<_> = (0..MOST + 2).map(|_| rule("x")).collect();
        let changes = between(&[], &many);
        assert_eq!((changes.named.len(), changes.more), (MOST, 2));
        assert!(changes.in_words(|rule| rule.name.clone()).ends_with("; and 2 more"));
    }
}
