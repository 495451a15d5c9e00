//! Decisions as tables, and against a model that is as simple as it can be.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use uuid::Uuid;

use super::decision::{Because, Clearance, Verdict, clear, consent, decide};
use super::fingerprint::Fingerprint;
use super::hints::{Hint, Hints};
use super::item::{Item, ItemClass};
use super::pattern::Pattern;
use super::rule::{Effect, Policy, Rule, ServerMatch, Terms, What, Who};
use super::scope::Scope;
use super::{Action, Asking, Denial, Subject, authorize};
use crate::api_key::{ApiKey, KeyHash, KeyPublicId};
use crate::id::{KeyId, ProjectId, RuleId, ServerId, TeamId, UserId};
use crate::quota::Allowance;
use crate::role::Role;

#[test]
fn decides_as_the_table_of_permissions_says() {
    let table = [
        (Action::View, [true, true, true]),
        (Action::Call, [false, true, true]),
        (Action::UseOwnKeys, [false, true, true]),
        (Action::Inspect, [false, false, true]),
        (Action::Approve, [false, false, true]),
        (Action::ManageServers, [false, false, true]),
        (Action::ManageProject, [false, false, true]),
    ];
    assert_eq!(table.len(), Action::ALL.len());
    for (action, allowed) in table {
        for (role, allowed) in Role::ALL.into_iter().zip(allowed) {
            let answer = authorize(&Subject::of(user(1), Some(role)), action, ());
            assert_eq!(answer.is_ok(), allowed, "{role} {action:?}");
        }
    }
}

#[test]
fn hides_everything_from_strangers() {
    for action in Action::ALL {
        let answer = authorize(&Subject::stranger(user(1)), action, ()).map(|_| ());
        assert_eq!(answer, Err(Denial::Hidden));
    }
}

fn id(number: u8) -> Uuid {
    Uuid::from_u128(u128::from(number))
}

fn user(number: u8) -> UserId {
    UserId::from_uuid(id(number))
}

fn server(number: u8) -> ServerId {
    ServerId::from_uuid(id(number))
}

fn pattern(text: &str) -> Pattern {
    Pattern::parse(text).expect(text)
}

fn rule(who: Who, what: What, effect: Effect) -> Rule {
    Rule { id: RuleId::from_uuid(id(1)), name: String::new(), enabled: true, is_switch: false, who, what, effect }
}

fn named(name: &str) -> What {
    What { name: Some(pattern(name)), ..What::default() }
}

fn tool(name: &str, hints: Hints) -> Item<'_> {
    Item { server: server(1), alias: "github", class: ItemClass::Tool, name, hints }
}

fn member() -> Subject {
    Subject::of(user(1), Some(Role::Member))
}

fn key_with(scope: Scope) -> Arc<ApiKey> {
    Arc::new(ApiKey {
        id: KeyId::from_uuid(id(7)),
        project_id: ProjectId::from_uuid(id(1)),
        creator: user(1),
        name: String::new(),
        public_id: KeyPublicId::parse("abcdefghijkl").expect("a public id"),
        hash: KeyHash::from_bytes([0; 32]),
        scope,
        allowance: Allowance::default(),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
        last_used_from: None,
        last_used_by: None,
        created_at: crate::Timestamp::UNIX_EPOCH,
    })
}

const READS: fn() -> Hints = || Hints::read(|hint| (hint == Hint::ReadOnly).then_some(true));

#[test]
fn the_first_rule_that_matches_decides() {
    let policy = Policy::new(
        vec![
            rule(Who::Role(Role::Admin), named("delete_*"), Effect::Allow),
            rule(Who::Anybody, named("delete_*"), Effect::Deny),
            rule(Who::Anybody, named("*"), Effect::Allow),
        ],
        1,
    );
    let verdict = |role, name| {
        let subject = Subject::of(user(1), Some(role));
        let asking = Asking { subject: &subject, client: Some("x") };
        let decision = decide(&policy, asking, Action::Call, &tool(name, Hints::UNSAID));
        let place = match decision.because {
            Because::Rule { place, .. } => Some(place),
            _ => None,
        };
        (decision.verdict, place)
    };
    assert_eq!(verdict(Role::Member, "delete_repo"), (Verdict::Denied, Some(1)));
    assert_eq!(verdict(Role::Admin, "delete_repo"), (Verdict::Allowed, Some(0)));
    assert_eq!(verdict(Role::Member, "get_repo"), (Verdict::Allowed, Some(2)));
    assert_eq!(verdict(Role::Viewer, "get_repo"), (Verdict::Denied, None), "no rule gives what the role does not");
}

#[test]
fn switches_come_before_all_rules() {
    let off = Rule { is_switch: true, ..rule(Who::Anybody, named("x"), Effect::Deny) };
    let policy = Policy::new(vec![rule(Who::Anybody, What::default(), Effect::Allow), off], 1);
    let subject = member();
    let asking = Asking { subject: &subject, client: None };
    assert!(!decide(&policy, asking, Action::Call, &tool("x", Hints::UNSAID)).is_visible());
    assert!(decide(&policy, asking, Action::Call, &tool("y", Hints::UNSAID)).is_visible());
}

#[test]
fn rules_may_go_by_what_tools_say_of_themselves() {
    let destructive = What { class: Some(ItemClass::Tool), hints: vec![(Hint::Destructive, true)], ..What::default() };
    let policy = Policy::new(vec![rule(Who::Anybody, destructive, Effect::Deny)], 1);
    let subject = member();
    let asking = Asking { subject: &subject, client: None };
    let sees = |hints| decide(&policy, asking, Action::Call, &tool("x", hints)).is_visible();
    assert!(!sees(Hints::UNSAID), "who says nothing is taken for the worst");
    assert!(sees(READS()));
    assert!(sees(Hints::read(|hint| (hint == Hint::Destructive).then_some(false))));
}

#[test]
fn a_key_is_never_wider_than_its_scope() {
    let scope = Scope { servers: Some(vec![server(1)]), tools: Some(vec![pattern("get_*")]), read_only: true };
    let subject = Subject { key: Some(key_with(scope)), ..member() };
    let policy = Policy::new(vec![rule(Who::Anybody, What::default(), Effect::Allow)], 1);
    let asking = Asking { subject: &subject, client: None };
    let sees = |item: Item<'_>| decide(&policy, asking, Action::Call, &item).is_visible();
    assert!(sees(tool("get_x", READS())));
    assert!(!sees(tool("get_x", Hints::UNSAID)));
    assert!(!sees(tool("set_x", READS())));
    assert!(!sees(Item { server: server(2), ..tool("get_x", READS()) }));
    assert!(sees(Item { class: ItemClass::Prompt, ..tool("p", Hints::UNSAID) }));
    assert!(!sees(Item { class: ItemClass::Method, ..tool("vendor/x", Hints::UNSAID) }));
}

#[test]
fn a_rule_about_a_key_only_takes_from_it() {
    let scope = Scope::default();
    let key = Who::Key(KeyId::from_uuid(id(7)));
    let subject = Subject { key: Some(key_with(scope)), ..member() };
    let policy = Policy::new(
        vec![
            rule(key.clone(), named("get_*"), Effect::Allow),
            rule(key.clone(), named("set_*"), Effect::Deny),
            rule(Who::Role(Role::Member), named("get_secret"), Effect::Deny),
        ],
        1,
    );
    let asking = Asking { subject: &subject, client: None };
    let sees = |name| decide(&policy, asking, Action::Call, &tool(name, Hints::UNSAID)).is_visible();
    assert!(sees("get_issue"));
    assert!(!sees("set_issue"));
    assert!(!sees("get_secret"), "its creator may not, so it may not");
}

#[test]
fn a_client_that_has_not_said_who_it_is_gets_the_benefit_of_the_doubt() {
    let claude = Who::Client(Pattern::parse_client("claude*").expect("a pattern"));
    let policy = Policy::new(
        vec![rule(claude, What::default(), Effect::Allow), rule(Who::Anybody, What::default(), Effect::Deny)],
        1,
    );
    let subject = member();
    let sees = |client| {
        let item = Item { class: ItemClass::Server, name: "", ..tool("", Hints::UNSAID) };
        decide(&policy, Asking { subject: &subject, client }, Action::Call, &item).is_visible()
    };
    assert!(sees(None));
    assert!(sees(Some("Claude Code 2")));
    assert!(!sees(Some("cursor 1")));
}

#[test]
fn what_needs_approval_is_seen_and_held() {
    let terms = Terms { caller_may_confirm: false, within: Duration::from_secs(60) };
    let policy = Policy::new(vec![rule(Who::Anybody, named("x"), Effect::RequireApproval(terms))], 1);
    let subject = member();
    let asking = Asking { subject: &subject, client: None };
    let item = tool("x", Hints::UNSAID);
    assert!(decide(&policy, asking, Action::Call, &item).is_visible());
    let Ok(Clearance::Held(held)) = clear(&policy, asking, &item, 5) else { panic!("not held") };
    assert!(held.confirmable().is_none());
    assert!(consent(&subject).is_err(), "a member does not agree to its own call");
    let admin = Subject::of(user(2), Some(Role::Admin));
    let pass = held.release(consent(&admin).expect("an admin agrees")).expect("enough under all terms");
    assert_eq!(pass.into_inner(), 5);
}

#[test]
fn the_word_of_the_caller_is_enough_only_while_the_rule_lets_it_confirm() {
    let subject = member();
    let asking = Asking { subject: &subject, client: None };
    let hold = |caller_may_confirm| {
        let terms = Terms { caller_may_confirm, within: Duration::from_secs(60) };
        let policy = Policy::new(vec![rule(Who::Anybody, named("x"), Effect::RequireApproval(terms))], 1);
        match clear(&policy, asking, &tool("x", Hints::UNSAID), ()) {
            Ok(Clearance::Held(held)) => held,
            other => panic!("not held: {other:?}"),
        }
    };
    let said = || hold(true).confirmable().expect("the caller may").confirmed();
    assert!(hold(true).release(said()).is_ok());
    let held = hold(false).release(said()).expect_err("an admin has to agree by now");
    assert!(held.confirmable().is_none());
}

/// A small world, so that rules and items meet often.
fn whos() -> impl Strategy<Value = Who> {
    prop_oneof![
        Just(Who::Anybody),
        prop_oneof![Just(Role::Viewer), Just(Role::Member), Just(Role::Admin)].prop_map(Who::Role),
        (0..3_u8).prop_map(|n| Who::User(user(n))),
        (0..3_u8).prop_map(|n| Who::Team(TeamId::from_uuid(id(n)))),
        (6..9_u8).prop_map(|n| Who::Key(KeyId::from_uuid(id(n)))),
        prop_oneof![Just("a*"), Just("b")].prop_map(|text| Who::Client(Pattern::parse_client(text).expect(text))),
    ]
}

fn classes() -> impl Strategy<Value = ItemClass> {
    prop_oneof![
        Just(ItemClass::Tool),
        Just(ItemClass::Prompt),
        Just(ItemClass::Resource),
        Just(ItemClass::Method),
        Just(ItemClass::Server),
    ]
}

fn hint_sets() -> impl Strategy<Value = Hints> {
    any::<[Option<bool>; 4]>().prop_map(|said| {
        Hints::read(|hint| Hint::ALL.into_iter().zip(said).find(|(known, _)| *known == hint).and_then(|(_, said)| said))
    })
}

fn whats() -> impl Strategy<Value = What> {
    let servers = prop_oneof![
        Just(ServerMatch::Any),
        (0..3_u8).prop_map(|n| ServerMatch::One(server(n))),
        prop_oneof![Just("s1"), Just("s*"), Just("?2")].prop_map(|text| ServerMatch::Named(pattern(text))),
    ];
    let names = proptest::option::of(prop_oneof![Just("a"), Just("a*"), Just("*"), Just("?b")].prop_map(pattern));
    let hints =
        proptest::collection::vec((prop_oneof![Just(Hint::ReadOnly), Just(Hint::Destructive)], any::<bool>()), 0..2);
    (servers, proptest::option::of(classes()), names, hints).prop_map(|(server, class, name, hints)| What {
        server,
        class,
        name,
        hints,
    })
}

fn policies() -> impl Strategy<Value = Policy> {
    let effects = prop_oneof![
        Just(Effect::Allow),
        Just(Effect::Deny),
        Just(Effect::RequireApproval(Terms { caller_may_confirm: true, within: Duration::from_secs(9) })),
    ];
    let rules = (whos(), whats(), effects, any::<bool>(), any::<bool>())
        .prop_map(|(who, what, effect, enabled, is_switch)| Rule { enabled, is_switch, ..rule(who, what, effect) });
    proptest::collection::vec(rules, 0..8).prop_map(|rules| Policy::new(rules, 1))
}

fn subjects() -> impl Strategy<Value = Subject> {
    let scopes = (proptest::option::of(proptest::collection::vec(0..3_u8, 0..2)), any::<bool>(), any::<bool>());
    let keys = proptest::option::of(scopes.prop_map(|(servers, tools, read_only)| {
        key_with(Scope {
            servers: servers.map(|servers| servers.into_iter().map(server).collect()),
            tools: tools.then(|| vec![pattern("a*")]),
            read_only,
        })
    }));
    let roles = prop_oneof![Just(None), Just(Some(Role::Viewer)), Just(Some(Role::Member)), Just(Some(Role::Admin))];
    (roles, 0..3_u8, proptest::collection::vec(0..3_u8, 0..3), keys).prop_map(|(role, number, teams, key)| Subject {
        role,
        own_role: role,
        user: user(number),
        teams: teams.into_iter().map(|team| TeamId::from_uuid(id(team))).collect(),
        key,
    })
}

/// The same question, answered without any of the code above: word by word from the definition.
fn model(policy: &Policy, subject: &Subject, client: &str, item: &Item<'_>) -> Verdict {
    if !matches!(subject.role, Some(Role::Member | Role::Admin)) {
        return Verdict::Denied;
    }
    if let Some(key) = &subject.key {
        let scope = &key.scope;
        if let Some(servers) = &scope.servers
            && !servers.contains(&item.server)
        {
            return Verdict::Denied;
        }
        let is_tool = item.class == ItemClass::Tool;
        if is_tool && scope.tools.is_some() && !item.name.starts_with('a') {
            return Verdict::Denied;
        }
        if is_tool && scope.read_only && !item.hints.has(Hint::ReadOnly) {
            return Verdict::Denied;
        }
        if item.class == ItemClass::Method && (scope.read_only || scope.tools.is_some()) {
            return Verdict::Denied;
        }
    }
    let of_key = by_rules(policy, subject, client, item);
    let of_creator = by_rules(policy, &Subject { key: None, ..subject.clone() }, client, item);
    if matches!(&of_key, Some((Who::Key(_), _))) && rank(&of_creator) > rank(&of_key) {
        return of_creator.map_or(Verdict::Allowed, |(_, verdict)| verdict);
    }
    of_key.map_or(Verdict::Allowed, |(_, verdict)| verdict)
}

fn rank(said: &Option<(Who, Verdict)>) -> u8 {
    match said {
        None | Some((_, Verdict::Allowed)) => 0,
        Some((_, Verdict::NeedsApproval(terms))) if terms.caller_may_confirm => 1,
        Some((_, Verdict::NeedsApproval(_))) => 2,
        Some((_, Verdict::Denied)) => 3,
    }
}

fn by_rules(policy: &Policy, subject: &Subject, client: &str, item: &Item<'_>) -> Option<(Who, Verdict)> {
    let (switches, others): (Vec<&Rule>, Vec<&Rule>) = policy.rules().iter().partition(|rule| rule.is_switch);
    for rule in switches.into_iter().chain(others) {
        let who = match &rule.who {
            Who::Anybody => true,
            Who::Role(role) => subject.role == Some(*role),
            Who::Team(team) => subject.teams.iter().any(|own| own == team),
            Who::User(user) => subject.user == *user,
            Who::Key(key) => subject.key.as_ref().map(|own| own.id) == Some(*key),
            Who::Client(pattern) => match pattern.as_str() {
                "a*" => client.starts_with('a'),
                exact => client == exact,
            },
        };
        let on = match &rule.what.server {
            ServerMatch::Any => true,
            ServerMatch::One(id) => item.server == *id,
            ServerMatch::Named(pattern) => match pattern.as_str() {
                "s*" => item.alias.starts_with('s'),
                "?2" => item.alias.len() == 2 && item.alias.ends_with('2'),
                exact => item.alias == exact,
            },
        };
        let name = match rule.what.name.as_ref().map(Pattern::as_str) {
            None => true,
            Some(_) if item.class == ItemClass::Server => false,
            Some("*") => true,
            Some("a*") => item.name.starts_with('a'),
            Some("?b") => item.name.len() == 2 && item.name.ends_with('b'),
            Some(exact) => item.name == exact,
        };
        let mut class_and_hints = rule.what.class.is_none() || rule.what.class == Some(item.class);
        for (hint, wanted) in &rule.what.hints {
            class_and_hints = class_and_hints && item.hints.has(*hint) == *wanted;
        }
        if rule.enabled && who && on && name && class_and_hints {
            let verdict = match rule.effect {
                Effect::Allow => Verdict::Allowed,
                Effect::Deny => Verdict::Denied,
                Effect::RequireApproval(terms) => Verdict::NeedsApproval(terms),
            };
            return Some((rule.who.clone(), verdict));
        }
    }
    None
}

proptest! {
    #[test]
    fn agrees_with_the_model(
        policy in policies(),
        subject in subjects(),
        client in prop_oneof![Just("ab"), Just("b"), Just("c")],
        place in 0..3_u8,
        class in classes(),
        name in prop_oneof![Just("a"), Just("ab"), Just("b")],
        hints in hint_sets(),
    ) {
        let alias = format!("s{place}");
        let item = Item { server: server(place), alias: &alias, class, name, hints };
        let asking = Asking { subject: &subject, client: Some(client) };
        let verdict = decide(&policy, asking, Action::Call, &item).verdict;
        assert_eq!(verdict, model(&policy, &subject, client, &item));
        // What is let through is what is shown; nothing else is.
        let cleared = clear(&policy, asking, &item, ());
        match verdict {
            Verdict::Allowed => assert!(matches!(cleared, Ok(Clearance::Granted(_)))),
            Verdict::NeedsApproval(_) => assert!(matches!(cleared, Ok(Clearance::Held(_)))),
            Verdict::Denied => assert!(cleared.is_err()),
        }
    }

    #[test]
    fn the_same_fingerprint_means_the_same_answers(
        policy in policies(),
        one in subjects(),
        two in subjects(),
        class in classes(),
        name in prop_oneof![Just("a"), Just("ab"), Just("b")],
        hints in hint_sets(),
    ) {
        let (one, two) = (Asking { subject: &one, client: Some("ab") }, Asking { subject: &two, client: Some("b") });
        // All keys of this test have one id, so only their scopes tell them apart.
        let scope = |asking: Asking<'_>| asking.subject.key.as_ref().map(|key| key.scope.clone()).filter(|s| !s.is_full());
        if Fingerprint::of(&policy, one) == Fingerprint::of(&policy, two) && scope(one) == scope(two) {
            let item = Item { server: server(1), alias: "s1", class, name, hints };
            let verdict = |asking| decide(&policy, asking, Action::Call, &item).verdict;
            assert_eq!(verdict(one), verdict(two));
        }
    }

    #[test]
    fn a_key_never_gets_more_than_its_creator(
        policy in policies(),
        subject in subjects(),
        class in classes(),
        hints in hint_sets(),
    ) {
        let creator = Subject { key: None, ..subject.clone() };
        let item = Item { server: server(1), alias: "s1", class, name: "ab", hints };
        let left = |subject: &Subject| {
            let verdict = decide(&policy, Asking { subject, client: Some("c") }, Action::Call, &item).verdict;
            rank(&Some((Who::Anybody, verdict)))
        };
        assert!(left(&subject) >= left(&creator));
    }
}

fn resource(name: &str) -> Item<'_> {
    Item { class: ItemClass::Resource, ..tool(name, Hints::UNSAID) }
}

const OTHER_SPELLINGS: [&str; 12] = [
    "file:///%73ecret/b",
    "file:///pub/../secret/b",
    "file:///pub/%2e%2e/secret/b",
    "file:///pub/..%2fsecret/b",
    "file:///pub/..%252fsecret/b",
    "FILE:///secret/b",
    "file:////secret/b",
    "file:///./secret//b",
    "file:/secret/b",
    "file://localhost/secret/b",
    r"file:///pub\..\secret\b",
    " file:///secret/b",
];

#[test]
fn a_resource_is_denied_and_held_in_every_spelling() {
    let subject = member();
    let asking = Asking { subject: &subject, client: None };
    let terms = Terms { caller_may_confirm: false, within: Duration::from_secs(60) };
    for (effect, verdict) in
        [(Effect::Deny, Verdict::Denied), (Effect::RequireApproval(terms), Verdict::NeedsApproval(terms))]
    {
        for written in ["file:///secret/*", "FILE:///secret/*", "file:///%73ecret/*", "file:////secret/*"] {
            for class in [None, Some(ItemClass::Resource)] {
                let policy = Policy::new(vec![rule(Who::Anybody, What { class, ..named(written) }, effect)], 1);
                let decided = |uri| decide(&policy, asking, Action::Call, &resource(uri));
                for uri in OTHER_SPELLINGS.into_iter().chain(["file:///secret/b", "file:///secret/b#x"]) {
                    let decision = decided(uri);
                    assert_eq!(decision.verdict, verdict, "{written} {uri}");
                    assert!(matches!(decision.because, Because::Rule { place: 0, .. }), "{written} {uri}");
                }
                for uri in ["file:///pub/b", "file:///secret/../pub", "file:///secrets/b", "x:///secret/b"] {
                    let expected = if uri.starts_with("file:///secret/") && written == "file:///secret/*" {
                        // As it was written it is inside.
                        verdict
                    } else {
                        Verdict::Allowed
                    };
                    assert_eq!(decided(uri).verdict, expected, "{written} {uri}");
                }
            }
        }
    }
}

#[test]
fn the_stricter_of_two_spellings_holds_and_no_spelling_opens_anything() {
    let subject = member();
    let asking = Asking { subject: &subject, client: None };
    let resources = |name| What { class: Some(ItemClass::Resource), ..named(name) };
    let policy = Policy::new(
        vec![
            rule(Who::Anybody, resources("file:///pub/*"), Effect::Allow),
            rule(Who::Anybody, resources("file:///My%20Docs/*"), Effect::Allow),
            rule(Who::Anybody, resources("db://Host//a/*"), Effect::Allow),
            rule(Who::Anybody, resources("*"), Effect::Deny),
        ],
        1,
    );
    let sees = |name| decide(&policy, asking, Action::Call, &resource(name)).is_visible();
    for uri in ["file:///pub/b", "file:///pub/./a%20b", "file:///My%20Docs/a", "db://Host//a/B", "file:///pub/{x}"] {
        assert!(sees(uri), "{uri}");
    }
    for uri in [
        // As they are written, no rule lets them through.
        "FILE:///pub/b",
        "file:///%70ub/b",
        "file:///secret/../pub/b",
        "file:///My Docs/a",
        "db://host/a/B",
        // And of these only the way they are written is let through.
        "file:///pub/../secret/b",
        "file:///pub/..%2fsecret/b",
    ] {
        assert!(!sees(uri), "{uri}");
    }
    assert!(
        decide(&policy, asking, Action::Call, &tool("file:///%70ub/b", Hints::UNSAID)).is_visible(),
        "a tool's name is no URI"
    );
}

#[test]
fn what_is_no_resource_is_its_name_as_it_is_written() {
    let subject = member();
    let asking = Asking { subject: &subject, client: None };
    let policy = Policy::new(vec![rule(Who::Anybody, named("a/b"), Effect::Deny)], 1);
    let sees = |item: Item<'_>| decide(&policy, asking, Action::Call, &item).is_visible();
    assert!(sees(tool("a//b", Hints::UNSAID)));
    assert!(!sees(tool("a/b", Hints::UNSAID)));
    assert!(!sees(resource("a//b")));
}
