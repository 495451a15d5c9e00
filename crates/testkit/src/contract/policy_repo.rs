//! The contract of [`PolicyRepo`](orch_domain::port::policy_repo::PolicyRepo).

use std::time::Duration;

use orch_domain::error::StoreError;
use orch_domain::id::{KeyId, ProjectId, RuleId, ServerId, TeamId, UserId};
use orch_domain::policy::hints::Hint;
use orch_domain::policy::item::ItemClass;
use orch_domain::policy::pattern::Pattern;
use orch_domain::policy::rule::{Effect, Policy, Rule, ServerMatch, Terms, What, Who};
use orch_domain::role::Role;

use super::{TestStore, a_stored_project, an_entry, is_on_record};

pub async fn policy_repo(store: &dyn TestStore) {
    let policies = store.policies();
    let (project, _) = a_stored_project(store).await;
    assert_eq!(policies.find(project.id).await.expect("an answer"), Policy::default());
    assert_eq!(policies.find(ProjectId::new()).await.expect("an answer"), Policy::default());

    let (first, entry) = (Policy::new(one_of_each(), 1), an_entry());
    policies.put(project.id, &first, &entry).await.expect("rules can be written");
    assert_eq!(policies.find(project.id).await.expect("an answer"), first);
    assert!(is_on_record(store, entry.id).await);
    let facts = store.directory().load_project(project.id).await.expect("an answer").expect("the project");
    assert_eq!(*facts.policy, first, "the directory has them");

    let second = Policy::new(first.rules()[1..].to_vec(), 2);
    policies.put(project.id, &second, &an_entry()).await.expect("rules can be replaced");
    assert_eq!(policies.find(project.id).await.expect("an answer"), second);
    let entry = an_entry();
    for version in [1, 2, 4] {
        let outcome = policies.put(project.id, &Policy::new(Vec::new(), version), &entry).await;
        assert!(matches!(outcome, Err(StoreError::Stale { what: "the policy" })), "{version}: {outcome:?}");
    }
    let outcome = policies.put(ProjectId::new(), &first, &entry).await;
    assert!(matches!(outcome, Err(StoreError::Missing { what: "the project" })), "{outcome:?}");
    assert!(!is_on_record(store, entry.id).await, "nothing of a refused write stays");

    store.projects().delete(project.id, &an_entry()).await.expect("a project can be deleted");
    assert_eq!(policies.find(project.id).await.expect("an answer"), Policy::default());
}

/// Rules with everything that a rule can have.
fn one_of_each() -> Vec<Rule> {
    let pattern = |text| Pattern::parse(text).expect("a pattern");
    let whos = [
        Who::Anybody,
        Who::Role(Role::Member),
        Who::Team(TeamId::new()),
        Who::User(UserId::new()),
        Who::Key(KeyId::new()),
        Who::Client(Pattern::parse_client("Claude*").expect("a pattern")),
    ];
    let terms = Terms { caller_may_confirm: true, within: Duration::from_secs(77) };
    let whats = [
        What::default(),
        What { server: ServerMatch::One(ServerId::new()), class: Some(ItemClass::Prompt), ..What::default() },
        What { server: ServerMatch::Named(pattern("git*")), class: Some(ItemClass::Resource), ..What::default() },
        What {
            class: Some(ItemClass::Tool),
            name: Some(Pattern::literal("a*[b]{c}\\ü").expect("a literal")),
            hints: vec![(Hint::ReadOnly, false), (Hint::Destructive, true)],
            ..What::default()
        },
    ];
    let effects = [Effect::Allow, Effect::Deny, Effect::RequireApproval(terms)];
    let effects = effects.into_iter().cycle();
    whos.into_iter()
        .zip(whats.into_iter().cycle())
        .zip(effects)
        .enumerate()
        .map(|(place, ((who, what), effect))| Rule {
            id: RuleId::new(),
            name: format!("rule \"{place}\" ✓"),
            enabled: place != 2,
            is_switch: place == 0,
            who,
            what,
            effect,
        })
        .collect()
}
