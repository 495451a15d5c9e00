//! What is different between two lists of rules, in words for the audit trail.

use orch_domain::policy::rule::Rule;

/// So many rules are named one by one.
const MOST: usize = 40;

/// Rules that were added, removed, changed or moved, in this order; switches count like all others.
pub(super) fn between(before: &[Rule], after: &[Rule]) -> String {
    let find = |rules: &[Rule], rule: &Rule| rules.iter().position(|other| other.id == rule.id);
    let mut changes = Vec::new();
    for rule in after.iter().filter(|rule| find(before, rule).is_none()) {
        changes.push(format!("added {}", describe(rule)));
    }
    for rule in before.iter().filter(|rule| find(after, rule).is_none()) {
        changes.push(format!("removed {}", describe(rule)));
    }
    let kept: Vec<_> = after.iter().filter_map(|rule| Some((find(before, rule)?, rule))).collect();
    for (place, rule) in &kept {
        if before.get(*place).is_some_and(|other| other != *rule) {
            changes.push(format!("changed {}", describe(rule)));
        }
    }
    let places: Vec<_> = kept.iter().map(|(place, _)| *place).collect();
    let stayed = in_order(&places);
    for (place, rule) in kept.iter().filter(|(place, _)| !stayed.contains(place)) {
        let now = find(after, rule).map_or(0, |now| now + 1);
        changes.push(format!("moved {} from place {} to {now}", describe(rule), place + 1));
    }
    let count = changes.len();
    changes.truncate(MOST);
    if count > MOST {
        changes.push(format!("and {} more", count - MOST));
    }
    if changes.is_empty() { "nothing is different".to_owned() } else { changes.join("; ") }
}

/// A rule in a few words.
fn describe(rule: &Rule) -> String {
    let name = if rule.name.is_empty() { String::new() } else { format!(" ({})", rule.name) };
    let off = if rule.enabled { "" } else { ", disabled" };
    format!("rule {}{name}: {}{off}", rule.id, rule.effect.as_str())
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
        let [a, b, c, d] = ["a", "b", "c", ""].map(rule);
        assert_eq!(between(&[a.clone(), b.clone()], &[a.clone(), b.clone()]), "nothing is different");
        let off = Rule { enabled: false, ..b.clone() };
        let all = between(&[a.clone(), b.clone(), c.clone()], &[c.clone(), off, d.clone()]);
        let expected = format!(
            "added rule {}: deny; removed rule {} (a): deny; changed rule {} (b): deny, disabled; moved rule {} (c): deny \
             from place 3 to 1",
            d.id, a.id, b.id, c.id
        );
        assert_eq!(all, expected);
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
        assert!(between(&[], &many).ends_with("; and 2 more"));
    }
}
