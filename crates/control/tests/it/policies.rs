//! Rules of projects, scopes of keys, limits.

use std::time::Duration;

use orch_control::error::ControlError;
use orch_control::keys::{KeyPatch, NewKey, ScopeDraft};
use orch_control::policies::draft::{EffectDraft, RuleDraft, WhoDraft};
use orch_control::policies::explain::{Question, Unlike};
use orch_control::policies::{Position, SwitchTarget};
use orch_control::teams::NewTeam;
use orch_domain::id::{KeyId, RuleId, TeamId};
use orch_domain::policy::decision::Verdict;
use orch_domain::policy::hints::Hint;
use orch_domain::policy::item::ItemClass;
use orch_domain::policy::rule::{Policy, Rule, ServerMatch, Who};
use orch_domain::port::call_log::CallRepo;
use orch_domain::quota::{Allowance, Limits};
use orch_domain::role::Role;
use orch_testkit::builders::a_call;
use orch_testkit::fakes::FixedClock;

use crate::world::{World, console, is_forbidden, is_missing};

pub(crate) fn deny(item: &str) -> RuleDraft {
    RuleDraft {
        id: None,
        name: String::new(),
        enabled: true,
        who: WhoDraft::Anybody,
        server: None,
        class: Some(ItemClass::Tool),
        item: Some(item.to_owned()),
        hints: Vec::new(),
        effect: EffectDraft::Deny,
    }
}

fn items(policy: &Policy) -> Vec<String> {
    policy.rules().iter().filter_map(|rule| Some(rule.what.name.as_ref()?.to_string())).collect()
}

fn fields(error: ControlError) -> Vec<String> {
    match error {
        ControlError::Invalid { problems } => problems.into_iter().map(|problem| problem.field).collect(),
        error => panic!("{error}"),
    }
}

fn question(name: &str) -> Question {
    Question { user: None, key: None, client: None, server: "fs".into(), class: ItemClass::Tool, name: name.into() }
}

#[tokio::test]
async fn rules_are_added_moved_and_taken_away() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    world.server(&admin, &project, "fs").await;
    let policies = &world.control.policies;
    let mut ids: Vec<RuleId> = Vec::new();
    for (item, place) in [("a", None), ("b", None), ("c", Some(1))] {
        ids.push(policies.add(&admin, slug, &deny(item), place).await.unwrap().1);
    }
    let switch = SwitchTarget { server: "fs".into(), class: ItemClass::Tool, name: "s*".into() };
    let policy = policies.switch(&admin, slug, &switch, Position::Off).await.unwrap();
    assert_eq!(items(&policy), ["s\\*", "c", "a", "b"], "switches come first");
    assert_eq!(policy.version, 4);
    let same = policies.switch(&admin, slug, &switch, Position::Off).await.unwrap();
    assert_eq!(same.version, 4, "what is off already changes nothing");
    let policy = policies.move_to(&admin, slug, &ids[2].to_string(), 3).await.unwrap();
    assert_eq!(items(&policy), ["s\\*", "a", "b", "c"]);
    let policy = policies.remove(&admin, slug, &ids[0].to_string()).await.unwrap();
    assert_eq!(items(&policy), ["s\\*", "b", "c"]);
    let policy = policies.put(&admin, slug, &[deny("x")], Some(policy.version)).await.unwrap();
    assert_eq!(items(&policy), ["s\\*", "x"], "switches stay");
    let stale = policies.put(&admin, slug, &[], Some(policy.version - 1)).await;
    assert!(matches!(stale, Err(ControlError::Stale { .. })));
    let policy = policies.switch(&admin, slug, &switch, Position::On).await.unwrap();
    assert_eq!(items(&policy), ["x"]);
    assert!(is_missing(&policies.remove(&admin, slug, "nothing").await));

    let member = world.member(&project, Role::Member).await;
    assert!(is_forbidden(&policies.get(&member, slug).await));
    assert!(is_forbidden(&policies.add(&member, slug, &deny("a"), None).await));
    let trail = world.audit().await;
    for action in ["policy.add", "policy.switch_off", "policy.move", "policy.remove", "policy.update"] {
        assert!(trail.iter().any(|line| line.contains(action)), "{action}: {trail:?}");
    }
}

#[tokio::test]
async fn everything_that_is_wrong_with_rules_is_said_at_once() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let drafts = [
        RuleDraft { item: Some("[a".into()), who: WhoDraft::User("nobody@example.com".into()), ..deny("x") },
        RuleDraft { class: None, hints: vec![(Hint::ReadOnly, true)], ..deny("x") },
        RuleDraft { server: Some("0190b6a4-0000-7000-8000-000000000000".into()), ..deny("x") },
        RuleDraft { who: WhoDraft::Key(KeyId::new().to_string()), ..deny("x") },
        RuleDraft {
            effect: EffectDraft::RequireApproval { caller_may_confirm: true, within: Some(Duration::from_secs(1)) },
            ..deny("x")
        },
        RuleDraft { who: WhoDraft::Team(TeamId::new().to_string()), ..deny("x") },
        RuleDraft { who: WhoDraft::Team("platform".into()), ..deny("x") },
    ];
    let error = world.control.policies.put(&admin, project.slug.as_str(), &drafts, None).await.unwrap_err();
    let expected = [
        "rules[0].subject.user",
        "rules[0].object.name",
        "rules[1].object.annotations",
        "rules[2].object.server",
        "rules[3].subject.key",
        "rules[4].approval.timeout_seconds",
        "rules[5].subject.team",
        "rules[6].subject.team",
    ];
    assert_eq!(fields(error), expected);
    let many = vec![deny("x"); Policy::MAX_RULES + 1];
    let error = world.control.policies.put(&admin, project.slug.as_str(), &many, None).await.unwrap_err();
    assert_eq!(fields(error), ["rules"]);
}

#[tokio::test]
async fn each_decision_is_explained() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    world.server(&admin, &project, "fs").await;
    let member = world.member(&project, Role::Member).await;
    let policies = &world.control.policies;
    let only_admins = RuleDraft { who: WhoDraft::Role(Role::Admin), effect: EffectDraft::Allow, ..deny("wipe") };
    let drafts = [deny("other"), only_admins, RuleDraft { name: "no wiping".into(), ..deny("w*") }];
    policies.put(&admin, slug, &drafts, None).await.unwrap();
    world.catch_up().await;

    let told = policies.explain(&member, slug, &question("wipe")).await.unwrap();
    assert_eq!(told.verdict, Verdict::Denied);
    // What rules are called, and how many there are, tells of what they hide.
    assert_eq!((told.reason.as_str(), told.rule, told.steps.len()), ("a rule of the project says deny", None, 0));
    let of_member = Question { user: Some(member.user_id.to_string()), ..question("wipe") };
    let told = policies.explain(&admin, slug, &of_member).await.unwrap();
    assert_eq!(told.verdict, Verdict::Denied);
    assert!(told.rule.is_some() && told.reason.contains("no wiping"), "{}", told.reason);
    let unlike: Vec<_> = told.steps.iter().map(|step| step.unlike).collect();
    assert_eq!(unlike, [Some(Unlike::Name), Some(Unlike::Subject), None]);
    let told = policies.explain(&admin, slug, &question("wipe")).await.unwrap();
    assert_eq!((told.verdict, told.steps.len()), (Verdict::Allowed, 2));

    assert!(is_forbidden(&policies.explain(&member, slug, &of_member).await), "members ask about themselves");
    let viewer = world.member(&project, Role::Viewer).await;
    let told = policies.explain(&viewer, slug, &question("look")).await.unwrap();
    assert!(told.reason.contains("role member"), "{}", told.reason);
    let nowhere = Question { server: "nowhere".into(), ..question("look") };
    assert!(is_missing(&policies.explain(&member, slug, &nowhere).await));
}

/// Who has an account elsewhere on the instance is no business of a project's admin.
#[tokio::test]
async fn rules_and_questions_tell_of_no_account_that_does_not_reach_the_project() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    world.server(&admin, &project, "fs").await;
    let member = world.member(&project, Role::Member).await;
    let elsewhere = world.user(|user| user.email("elsewhere@example.com")).await;
    let policies = &world.control.policies;
    let by = |user: &str| RuleDraft { who: WhoDraft::User(user.to_owned()), ..deny("x") };
    let put = async |user: &str| policies.put(&admin, slug, &[by(user)], None).await.map(drop);
    let ask = async |user: &str| {
        let question = Question { user: Some(user.to_owned()), ..question("x") };
        policies.explain(&admin, slug, &question).await.map(drop)
    };
    let (known, unknown) = (put("elsewhere@example.com").await, put("nobody@example.com").await);
    assert_eq!(known.unwrap_err().to_string(), unknown.unwrap_err().to_string());
    let nobody = uuid::Uuid::nil().to_string();
    let (known, unknown) = (put(&elsewhere.id.to_string()).await, put(&nobody).await);
    assert_eq!(known.unwrap_err().to_string(), unknown.unwrap_err().to_string());
    assert!(is_missing(&ask("elsewhere@example.com").await) && is_missing(&ask("nobody@example.com").await));

    // Whom a rule is about already stays nameable, also after leaving.
    let id = member.user_id.to_string();
    put(&id).await.unwrap();
    ask(&id).await.unwrap();
    world.control.members.remove(&admin, slug, &id, None).await.unwrap();
    world.catch_up().await;
    put(&id).await.unwrap();
    policies.put(&admin, slug, &[], None).await.unwrap();
    world.catch_up().await;
    assert!(put(&id).await.is_err());
}

/// Rules as they are read, to be written.
fn drafts_of(policy: &Policy) -> Vec<RuleDraft> {
    let draft = |rule: &Rule| RuleDraft {
        id: Some(rule.id),
        who: match &rule.who {
            Who::Team(id) => WhoDraft::Team(id.to_string()),
            _ => WhoDraft::Anybody,
        },
        server: match &rule.what.server {
            ServerMatch::One(id) => Some(id.to_string()),
            _ => None,
        },
        ..deny(rule.what.name.as_ref().unwrap().as_str())
    };
    policy.rules().iter().map(draft).collect()
}

#[tokio::test]
async fn what_is_gone_may_stay_in_the_rules_that_name_it() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let server = world.server(&admin, &project, "fs").await.server;
    let new = NewTeam { name: "Core".into(), slug: None, admin: Some(admin.user_id.to_string()) };
    let team = world.control.teams.create(&console(), new).await.unwrap().team.id;
    world.catch_up().await;
    let policies = &world.control.policies;
    let of_team = RuleDraft { who: WhoDraft::Team(team.to_string()), ..deny("a") };
    let of_server = RuleDraft { server: Some(server.id.to_string()), ..deny("b") };
    let drafts = [of_team.clone(), of_server.clone()];
    let refused = policies.put(&admin, slug, &drafts, None).await;
    assert_eq!(fields(refused.unwrap_err()), ["rules[0].subject.team"], "a team that is not on the project");

    world.control.members.put_team(&admin, slug, "core", Role::Member).await.unwrap();
    world.catch_up().await;
    let policy = policies.put(&admin, slug, &drafts, None).await.unwrap();
    world.control.members.remove_team(&admin, slug, "core").await.unwrap();
    world.control.servers.delete(&admin, slug, "fs", None).await.unwrap();
    world.catch_up().await;
    let mut again = drafts_of(&policy);
    again.push(deny("c"));
    assert_eq!(policies.put(&admin, slug, &again, None).await.unwrap().rules().len(), 3);

    policies.put(&admin, slug, &[], None).await.unwrap();
    world.catch_up().await;
    let refused = policies.put(&admin, slug, &drafts, None).await;
    assert_eq!(fields(refused.unwrap_err()), ["rules[0].subject.team", "rules[1].object.server"]);
}

#[tokio::test]
async fn the_same_rules_again_change_nothing() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let policies = &world.control.policies;
    let drafts = [deny("a"), deny("b"), deny("a")];
    let first = policies.put(&admin, slug, &drafts, None).await.unwrap();
    world.catch_up().await;
    let entries = world.audit().await.len();
    for again in [&drafts_of(&first)[..], &drafts] {
        let same = policies.put(&admin, slug, again, Some(first.version)).await.unwrap();
        assert_eq!(same, first);
    }
    let moved = policies.move_to(&admin, slug, &first.rules()[1].id.to_string(), 2).await.unwrap();
    assert_eq!(moved, first, "where it is already");
    assert_eq!(world.audit().await.len(), entries, "nothing was written");

    let turned = policies.put(&admin, slug, &[deny("b"), deny("a")], None).await.unwrap();
    let ids = |places: [usize; 2], policy: &Policy| places.map(|place| policy.rules()[place].id);
    assert_eq!((turned.version, ids([0, 1], &turned)), (first.version + 1, ids([1, 0], &first)));
    let stale = policies.put(&admin, slug, &[deny("b"), deny("a")], Some(first.version)).await;
    assert!(matches!(stale, Err(ControlError::Stale { .. })), "also when nothing would change");
}

#[tokio::test]
async fn the_trail_says_which_rules_became_what() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let policies = &world.control.policies;
    policies.add(&admin, slug, &RuleDraft { name: "one".into(), ..deny("a") }, None).await.unwrap();
    let (_, second) = policies.add(&admin, slug, &deny("b"), None).await.unwrap();
    policies.move_to(&admin, slug, &second.to_string(), 1).await.unwrap();
    let changed = RuleDraft { id: Some(second), enabled: false, ..deny("b") };
    policies.put(&admin, slug, &[changed], None).await.unwrap();
    policies.remove(&admin, slug, &second.to_string()).await.unwrap();
    let trail: Vec<_> = world.audit_records().await.into_iter().rev().map(|record| record.detail).collect();
    let trail: Vec<_> = trail.iter().filter(|detail| detail.contains("rule ")).collect();
    let expected = [
        "added rule one: deny tool a",
        "added rule deny tool b",
        "moved rule deny tool b from place 2 to 1",
        "removed rule one: deny tool a; changed rule deny tool b, disabled",
        "removed rule deny tool b, disabled",
    ];
    assert_eq!(trail, expected);
}

#[tokio::test]
async fn rules_are_tried_on_the_calls_of_the_past() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let server = world.server(&admin, &project, "fs").await.server.id;
    world.catch_up().await;
    let call = || a_call().in_project(project.id).by(admin.user_id).on(server);
    let calls: Vec<_> = (0..4).map(|_| call().build()).collect();
    CallRepo::insert(&world.store, &calls).await.unwrap();
    let long_ago = call().at(FixedClock::START - Duration::from_secs(10 * 24 * 3600)).build();
    CallRepo::insert(&world.store, &[long_ago]).await.unwrap();

    let policies = &world.control.policies;
    let outcome = policies.try_out(&admin, slug, &[deny("create_*")], 7).await.unwrap();
    assert_eq!((outcome.calls, outcome.changed_calls, outcome.changes.len()), (4, 4, 1));
    let change = &outcome.changes[0];
    assert_eq!((change.before, change.after, change.calls), (Verdict::Allowed, Verdict::Denied, 4));
    let outcome = policies.try_out(&admin, slug, &[deny("other")], 30).await.unwrap();
    assert_eq!((outcome.calls, outcome.changed_calls), (5, 0));
    assert_eq!(fields(policies.try_out(&admin, slug, &[], 0).await.unwrap_err()), ["days"]);
    assert_eq!(policies.get(&admin, slug).await.unwrap(), Policy::default(), "nothing was saved");
}

#[tokio::test]
async fn a_scope_names_what_is_there() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let server = world.server(&admin, &project, "fs").await.server.id;
    world.server(&admin, &project, "git").await;
    world.catch_up().await;
    let keys = &world.control.keys;
    let scope = ScopeDraft { servers: Some(vec!["fs".into(), server.to_string()]), ..ScopeDraft::default() };
    let new = NewKey { name: "x".into(), scope, ..NewKey::default() };
    let key = keys.create(&admin, slug, new).await.unwrap().key;
    assert_eq!(key.scope.servers, Some(vec![server]));
    let wrong = ScopeDraft {
        servers: Some(vec!["fs".into(), "none".into()]),
        tools: Some(vec!["ok_*".into(), "[".into()]),
        read_only: false,
    };
    let allowance = Allowance { per_minute: Some(0), ..Allowance::default() };
    let new = NewKey { name: "x".into(), scope: wrong, ..NewKey::default() };
    assert_eq!(fields(keys.create(&admin, slug, new).await.unwrap_err()), ["scope.servers[1]", "scope.tools[1]"]);
    let new = NewKey { name: "x".into(), allowance, ..NewKey::default() };
    assert_eq!(fields(keys.create(&admin, slug, new).await.unwrap_err()), ["limits.per_minute"]);

    let other = world.member(&project, Role::Admin).await;
    let patch =
        KeyPatch { scope: Some(ScopeDraft { read_only: true, ..ScopeDraft::default() }), ..KeyPatch::default() };
    let id = key.id.to_string();
    let foreign = keys.update(&other, slug, &id, patch.clone(), None).await;
    assert!(matches!(foreign, Err(ControlError::Conflict { .. })), "nobody widens the key of somebody else");
    let changed = keys.update(&admin, slug, &id, patch, None).await.unwrap();
    assert!(changed.scope.read_only && changed.scope.servers.is_none());
    keys.revoke(&admin, slug, &id, None).await.unwrap();
    let late = keys.update(&admin, slug, &id, KeyPatch { name: Some("y".into()), ..KeyPatch::default() }, None).await;
    assert!(matches!(late, Err(ControlError::Conflict { .. })));
}

#[tokio::test]
async fn limits_of_a_project_go_before_those_of_the_instance() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let root = crate::world::login(world.user(|user| user.instance_admin()).await.id);
    let limits = &world.control.limits;
    let key = |per_minute| Allowance { per_minute, ..Allowance::default() };
    let instance = Limits { key: key(Some(60)), server_concurrent: Some(3), ..Limits::default() };
    assert!(is_forbidden(&limits.put_instance(&admin, instance, None).await));
    limits.put_instance(&root, instance, Some(0)).await.unwrap();
    world.catch_up().await;
    let own = Limits { key: key(Some(5)), ..Limits::default() };
    let seen = limits.put(&admin, slug, own, Some(0)).await.unwrap();
    assert_eq!((seen.effective.key.per_minute, seen.effective.server_concurrent), (Some(5), Some(3)));
    assert_eq!((seen.stored.limits, seen.stored.version), (own, 1));
    assert!(matches!(limits.put(&admin, slug, own, Some(0)).await, Err(ControlError::Stale { .. })));
    let member = world.member(&project, Role::Member).await;
    assert_eq!(limits.get(&member, slug).await.unwrap().effective.key.per_minute, Some(5));
    assert!(is_forbidden(&limits.put(&member, slug, own, None).await));
    let wrong = Limits { key: key(Some(0)), server_concurrent: Some(1_000_000), ..Limits::default() };
    let error = limits.put(&admin, slug, wrong, None).await.unwrap_err();
    assert_eq!(fields(error), ["key.per_minute", "server_concurrent"]);
}
