//! API keys.

use std::time::Duration;

use orch_control::error::ControlError;
use orch_control::keys::{KeyPatch, NewKey, ScopeDraft};
use orch_control::policies::draft::{RuleDraft, WhoDraft};
use orch_domain::api_key::ApiKey;
use orch_domain::page::PageRequest;
use orch_domain::port::clock::Clock;
use orch_domain::port::key_repo::KeyRepo;
use orch_domain::role::Role;
use orch_testkit::builders::a_key;
use orch_testkit::fakes::FixedClock;
use secrecy::ExposeSecret;

use crate::policies::deny;
use crate::world::{World, console, is_conflict, is_forbidden, is_missing, login, setup_entry};

fn named(name: &str) -> NewKey {
    NewKey { name: name.into(), ..NewKey::default() }
}

#[tokio::test]
async fn belongs_to_who_creates_it() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let member = world.member(&project, Role::Member).await;
    let keys = &world.control.keys;
    let created = keys.create(&member, slug, named("agent")).await.unwrap();
    assert_eq!((created.key.creator, created.plain.expose_secret()), (member.user_id, "orch_plain_0"));
    let chosen = NewKey { creator: Some(admin.user_id.to_string()), ..named("agent") };
    assert!(matches!(keys.create(&member, slug, chosen).await, Err(ControlError::Invalid { .. })));
    // The console stands in for the first admin of the project.
    assert_eq!(keys.create(&console(), slug, named("cli")).await.unwrap().key.creator, admin.user_id);
    let page = PageRequest::default();
    assert_eq!(keys.list(&member, slug, page).await.unwrap().items.len(), 1);
    assert_eq!(keys.list(&admin, slug, page).await.unwrap().items.len(), 2);
    let viewer = world.member(&project, Role::Viewer).await;
    assert!(is_forbidden(&keys.create(&viewer, slug, named("agent")).await));
}

#[tokio::test]
async fn belongs_to_nobody_who_may_have_none() {
    let world = World::new();
    let (project, _) = world.project().await;
    let (member, viewer) = (world.member(&project, Role::Member).await, world.member(&project, Role::Viewer).await);
    let stranger = world.user(|user| user.email("eve@example.com")).await;
    let root = world.user(|user| user.instance_admin()).await;
    let create = async |user: String| {
        let new = NewKey { creator: Some(user), ..named("agent") };
        world.control.keys.create(&console(), project.slug.as_str(), new).await.map(|created| created.key.creator)
    };
    assert_eq!(create(member.user_id.to_string()).await.unwrap(), member.user_id);
    assert_eq!(create(root.id.to_string()).await.unwrap(), root.id, "an instance admin reaches every project");
    let refused = create("eve@example.com".to_owned()).await.unwrap_err();
    assert!(refused.to_string().contains("eve@example.com may have no key of the project"), "{refused}");
    for user in [stranger.id, viewer.user_id] {
        assert!(matches!(create(user.to_string()).await, Err(ControlError::Invalid { .. })));
    }
    assert_eq!(
        world.control.keys.list(&console(), project.slug.as_str(), PageRequest::default()).await.unwrap().items.len(),
        2
    );
}

#[tokio::test]
async fn says_what_its_creator_is_by_now() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let member = world.member(&project, Role::Member).await;
    let root = login(world.user(|user| user.instance_admin()).await.id);
    let keys = &world.control.keys;
    let [of_member, of_root] =
        [&member, &root].map(async |who| keys.create(who, slug, named("agent")).await.unwrap().key);
    let (of_member, of_root) = (of_member.await, of_root.await);
    assert_eq!(keys.creator_role(&of_member), Some(Role::Member));
    assert_eq!(keys.creator_role(&of_root), Some(Role::Admin), "an instance admin reaches every project");
    let user = member.user_id.to_string();
    world.control.members.update(&admin, slug, &user, Role::Viewer, None).await.unwrap();
    world.catch_up().await;
    assert_eq!(keys.creator_role(&of_member), Some(Role::Viewer));
    world.control.members.remove(&admin, slug, &user, None).await.unwrap();
    world.catch_up().await;
    assert_eq!(keys.creator_role(&of_member), None);
}

#[tokio::test]
async fn a_change_of_a_version_that_is_over_is_refused() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let keys = &world.control.keys;
    let first = keys.create(&admin, slug, named("agent")).await.unwrap().key;
    let id = first.id.to_string();
    let renamed = |name: &str| KeyPatch { name: Some(name.into()), ..KeyPatch::default() };
    let second = keys.update(&admin, slug, &id, renamed("one"), Some(first.version())).await.unwrap();
    assert_ne!(second.version(), first.version());
    let stale = keys.update(&admin, slug, &id, renamed("two"), Some(first.version())).await;
    assert!(matches!(stale, Err(ControlError::Stale { what: "key" })), "{stale:?}");
    // A rotation sets an end, which nobody who has not seen it takes away.
    keys.rotate(&admin, slug, &id, None).await.unwrap();
    let stale = keys.revoke(&admin, slug, &id, Some(second.version())).await;
    assert!(matches!(stale, Err(ControlError::Stale { what: "API key" })), "{stale:?}");
    let third = keys.update(&admin, slug, &id, renamed("three"), None).await.unwrap();
    assert!(third.expires_at.is_some(), "the rest is as it was");
    keys.revoke(&admin, slug, &id, Some(third.version())).await.unwrap();
}

#[tokio::test]
async fn those_of_all_projects_are_for_instance_admins() {
    let world = World::new();
    let root = login(world.user(|user| user.instance_admin()).await.id);
    let mut expected = Vec::new();
    for _ in 0..3 {
        let (project, admin) = world.project().await;
        let key = world.control.keys.create(&admin, project.slug.as_str(), named("agent")).await.unwrap().key;
        expected.push((key.id, project.slug, admin.user_id));
        assert!(is_forbidden(&world.control.keys.list_all(&admin, PageRequest::default()).await));
    }
    expected.reverse();
    let (mut listed, mut page) = (Vec::new(), PageRequest::new(2, None));
    loop {
        let found = world.control.keys.list_all(&root, page).await.unwrap();
        listed.extend(found.items.into_iter().map(|seen| (seen.key.id, seen.project.slug, seen.creator.id)));
        let Some(next) = found.next else { break };
        page = PageRequest::new(2, Some(next));
    }
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn is_revoked_by_its_creator_and_by_admins_alone() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let member = world.member(&project, Role::Member).await;
    let other = world.member(&project, Role::Member).await;
    let keys = &world.control.keys;
    for owner in [&member, &admin] {
        let id = keys.create(owner, slug, named("agent")).await.unwrap().key.id;
        let foreign = keys.revoke(&other, slug, &id.to_string(), None).await.unwrap_err();
        let unknown = keys.revoke(&other, slug, "no-id", None).await.unwrap_err();
        assert_eq!(foreign.to_string(), unknown.to_string());
        keys.revoke(&admin, slug, &id.to_string(), None).await.unwrap();
        assert!(world.store.find(id).await.unwrap().unwrap().revoked_at.is_some());
    }
    let (elsewhere, stranger) = world.project().await;
    let id = keys.create(&member, slug, named("agent")).await.unwrap().key.id;
    assert!(is_missing(&keys.revoke(&stranger, elsewhere.slug.as_str(), &id.to_string(), None).await));
}

#[tokio::test]
async fn rotates_with_an_overlap_and_keeps_its_length_of_life() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let member = world.member(&project, Role::Member).await;
    let keys = &world.control.keys;
    let day = Duration::from_secs(86_400);
    let new = NewKey { expires_at: Some(FixedClock::START + day * 10), ..named("agent") };
    let old = keys.create(&member, slug, new).await.unwrap().key;
    world.clock.advance(day);
    let id = old.id.to_string();
    let by_admin = keys.rotate(&admin, slug, &id, None).await;
    assert!(matches!(by_admin, Err(ControlError::Conflict { .. })), "nobody acts in another's name: {by_admin:?}");
    let rotated = keys.rotate(&member, slug, &id, Some(Duration::from_secs(60))).await.unwrap().key;
    assert_eq!(rotated.expires_at, Some(FixedClock::START + day * 11));
    assert_eq!((rotated.creator, rotated.name.as_str()), (member.user_id, "agent"));
    let stored = world.store.find(old.id).await.unwrap().unwrap();
    assert_eq!(stored.expires_at, Some(FixedClock::START + day + Duration::from_secs(60)));
    world.clock.advance(day);
    assert!(matches!(keys.rotate(&member, slug, &id, None).await, Err(ControlError::Conflict { .. })), "it is dead");
    let too_long = keys.rotate(&member, slug, &rotated.id.to_string(), Some(day * 31)).await;
    assert!(matches!(too_long, Err(ControlError::Invalid { .. })), "{too_long:?}");
}

#[tokio::test]
async fn does_not_start_its_life_in_the_past() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let new = NewKey { expires_at: Some(FixedClock::START), ..named("agent") };
    let outcome = world.control.keys.create(&admin, project.slug.as_str(), new).await.unwrap_err();
    assert_eq!(outcome.to_string(), "expires_at: it is over already; write a time in the future");
}

#[tokio::test]
async fn leaves_no_trace_of_its_plain_text() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let created = world.control.keys.create(&admin, project.slug.as_str(), named("agent")).await.unwrap();
    assert!(!format!("{created:?}").contains("orch_plain"));
    assert!(!format!("{:?}", world.audit_records().await).contains("orch_plain"));
}

#[tokio::test]
async fn are_so_many_at_most_for_one_account() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let member = world.member(&project, Role::Member).await;
    let keys = &world.control.keys;
    let a_stored_key = || a_key().in_project(project.id).by(member.user_id);
    for _ in 1..ApiKey::MAX_LIVE {
        KeyRepo::create(&world.store, &a_stored_key().build(), &setup_entry()).await.unwrap();
    }
    world.clock.advance(ApiKey::LATELY + Duration::from_secs(1));
    let last = keys.create(&member, slug, named("last")).await.unwrap().key;
    let full = keys.create(&member, slug, named("one more")).await.unwrap_err();
    assert!(full.to_string().contains("revoke one first"), "{full}");
    let rotated = keys.rotate(&member, slug, &last.id.to_string(), None).await;
    assert!(is_conflict(&rotated), "{rotated:?}");
    keys.create(&admin, slug, named("of another account")).await.unwrap();
    keys.revoke(&member, slug, &last.id.to_string(), None).await.unwrap();
    keys.create(&member, slug, named("again")).await.unwrap();

    // Dead ones are read as well, so they are not made without end.
    let ada = world.member(&project, Role::Member).await;
    for _ in 0..ApiKey::MAX_MADE {
        let dead = a_key().in_project(project.id).by(ada.user_id).revoked_at(FixedClock::START);
        let dead = ApiKey { created_at: world.clock.now(), ..dead.build() };
        KeyRepo::create(&world.store, &dead, &setup_entry()).await.unwrap();
    }
    let refused = keys.create(&ada, slug, named("one more")).await.unwrap_err();
    assert!(refused.to_string().contains("within 24 hours"), "{refused}");
}

#[tokio::test]
async fn tells_nobody_of_servers_that_are_hidden() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let (open, hidden) = (world.server(&admin, &project, "open").await, world.server(&admin, &project, "hid").await);
    let member = world.member(&project, Role::Member).await;
    let of = |server: &str| NewKey {
        scope: ScopeDraft { servers: Some(vec![server.to_owned()]), ..ScopeDraft::default() },
        ..named("probe")
    };
    let keys = &world.control.keys;
    let before = keys.create(&member, slug, of("hid")).await.unwrap().key;
    let rule = RuleDraft {
        who: WhoDraft::Role(Role::Member),
        server: Some("hid".into()),
        class: None,
        item: None,
        ..deny("*")
    };
    world.control.policies.put(&admin, slug, &[rule], None).await.unwrap();
    world.catch_up().await;
    for name in ["hid".to_owned(), hidden.server.id.to_string()] {
        let probed = keys.create(&member, slug, of(&name)).await.unwrap_err();
        let missing = keys.create(&member, slug, of("zzz")).await.unwrap_err();
        assert_eq!(probed.to_string(), missing.to_string());
    }
    keys.create(&member, slug, of("open")).await.unwrap();
    keys.create(&admin, slug, of("hid")).await.unwrap();
    // What the key has stays when something else of it is changed.
    let scope = ScopeDraft {
        servers: Some(vec![hidden.server.id.to_string(), open.server.id.to_string()]),
        ..ScopeDraft::default()
    };
    let patch = KeyPatch { scope: Some(scope), ..KeyPatch::default() };
    keys.update(&member, slug, &before.id.to_string(), patch, None).await.unwrap();

    let count = async |who| world.control.projects.get(who, slug).await.unwrap().counts.servers;
    assert_eq!((count(&member).await, count(&admin).await), (1, 2));
}

#[tokio::test]
async fn has_globs_of_a_bounded_length() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let with = |tools: Vec<String>| NewKey {
        scope: ScopeDraft { tools: Some(tools), ..ScopeDraft::default() },
        ..named("agent")
    };
    let create = async |tools| world.control.keys.create(&admin, project.slug.as_str(), with(tools)).await;
    create((0..200).map(|number| format!("a_tool_with_some_long_name_{number}")).collect()).await.unwrap();
    let refused = create(vec![format!("{}*", "a".repeat(255)); 9]).await.unwrap_err();
    assert!(refused.to_string().contains("scope.tools"), "{refused}");
}
