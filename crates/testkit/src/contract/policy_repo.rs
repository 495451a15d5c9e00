//! The contract of [`PolicyRepo`](orch_domain::port::policy_repo::PolicyRepo).

use std::time::Duration;

use orch_domain::error::StoreError;
use orch_domain::id::{KeyId, ProjectId, RuleId, ServerId, TeamId, UserId};
use orch_domain::policy::hints::Hint;
use orch_domain::policy::item::ItemClass;
use orch_domain::policy::pattern::Pattern;
use orch_domain::policy::rule::{Effect, Policy, Rule, ServerMatch, Terms, What, Who};
use orch_domain::role::Role;

use super::{TestStore, a_stored_project, a_stored_server, an_entry, is_on_record};

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

    store.projects().delete(project.id, None, &an_entry()).await.expect("a project can be deleted");
    assert_eq!(policies.find(project.id).await.expect("an answer"), Policy::default());
    loses_the_switches_of_servers_that_go(store).await;
}

async fn loses_the_switches_of_servers_that_go(store: &dyn TestStore) {
    let policies = store.policies();
    let ((project, _), (elsewhere, _)) = (a_stored_project(store).await, a_stored_project(store).await);
    let (gone, left) = (a_stored_server(store, project.id).await, a_stored_server(store, project.id).await);
    let foreign = a_stored_server(store, elsewhere.id).await;
    let stored = async || policies.find(project.id).await.expect("an answer");
    let rule = |server: ServerId, is_switch: bool| Rule {
        id: RuleId::new(),
        name: String::new(),
        enabled: true,
        is_switch,
        who: Who::Anybody,
        what: What { server: ServerMatch::One(server), ..What::default() },
        effect: Effect::Deny,
    };
    let all = [rule(gone.id, true), rule(left.id, true), rule(foreign.id, true), rule(gone.id, false)];
    policies.put(project.id, &Policy::new(all.to_vec(), 1), &an_entry()).await.expect("rules can be written");
    let [of_gone, of_left, _, own] = all;
    assert_eq!(stored().await, Policy::new(vec![of_gone, of_left.clone(), own.clone()], 1), "no switch of no server");

    // With the server, and as another version: who has seen the switch has seen other rules.
    store.servers().delete(gone.id, None, &an_entry()).await.expect("a deletion");
    let expected = Policy::new(vec![of_left.clone(), own.clone()], 2);
    assert_eq!(stored().await, expected);
    let facts = store.directory().load_project(project.id).await.expect("an answer").expect("the project");
    assert_eq!(*facts.policy, expected, "the directory has it so");

    // By who has still seen the server.
    let late = Policy::new(vec![rule(gone.id, true), of_left.clone(), own.clone()], 3);
    policies.put(project.id, &late, &an_entry()).await.expect("rules can be written");
    assert_eq!(stored().await, Policy::new(vec![of_left, own.clone()], 3));

    // A server without switches leaves the rules as they are.
    let plain = a_stored_server(store, project.id).await;
    store.servers().delete(plain.id, None, &an_entry()).await.expect("a deletion");
    assert_eq!(stored().await.version, 3);
    store.servers().delete(left.id, None, &an_entry()).await.expect("a deletion");
    assert_eq!(stored().await, Policy::new(vec![own], 4));
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
