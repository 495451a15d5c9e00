//! Projects.

use orch_control::error::{ControlError, Needed};
use orch_control::projects::{NewProject, ProjectPatch};
use orch_domain::page::PageRequest;
use orch_domain::port::clock::Clock;
use orch_domain::port::project_repo::ProjectRepo;
use orch_domain::role::Role;

use crate::world::{World, console, is_conflict, is_missing, login};

fn named(name: &str) -> NewProject {
    NewProject { name: name.into(), ..NewProject::default() }
}

#[tokio::test]
async fn makes_a_slug_of_the_name_and_the_creator_an_admin() {
    let world = World::new();
    let user = world.user(|user| user.email("ada@example.com").instance_admin()).await;
    let seen = world.control.projects.create(&login(user.id), named(" My Tools! ")).await.unwrap();
    assert_eq!((seen.project.slug.as_str(), seen.project.name.as_str()), ("my-tools", "My Tools!"));
    let member = world.store.find_member(seen.project.id, user.id).await.unwrap().unwrap();
    assert_eq!(member.role, Role::Admin);
    assert_eq!(world.audit().await, ["login project.create my-tools first admin is ada@example.com"]);
}

#[tokio::test]
async fn lets_only_the_instance_decide_who_runs_commands() {
    let world = World::new();
    let user = world.user(|user| user).await;
    let refused = world.control.projects.create(&login(user.id), named("Mine")).await.unwrap_err();
    assert!(matches!(refused, ControlError::Forbidden { needed: Needed::InstanceAdmin }), "{refused}");
}

#[tokio::test]
async fn says_what_to_write_when_it_cannot_be_created() {
    let world = World::new();
    let who = login(world.user(|user| user.instance_admin()).await.id);
    let check = async |new: NewProject| world.control.projects.create(&who, new).await.unwrap_err().to_string();
    assert_eq!(check(named("  ")).await, "name: it is empty; write a name");
    assert_eq!(check(named("도구")).await, "slug: no slug can be made of the name; write one, such as my-team");
    let slug = NewProject { slug: Some("A B".into()), ..named("x") };
    assert!(check(slug).await.starts_with("slug: it is not a slug; use 1 to 40"));
    let both = NewProject { slug: Some("A B".into()), ..named(&"x".repeat(1000)) };
    let Err(ControlError::Invalid { problems }) = world.control.projects.create(&who, both).await else {
        panic!("both are wrong")
    };
    assert_eq!(problems.iter().map(|problem| problem.field.as_str()).collect::<Vec<_>>(), ["name", "slug"]);
    let separator = NewProject { separator: Some(".".into()), ..named("x") };
    assert_eq!(check(separator).await, "separator: it is not a separator; use 1 to 4 of _ and -, with at least one _");
}

#[tokio::test]
async fn lets_only_instance_admins_choose_another_admin() {
    let world = World::new();
    let user = world.user(|user| user).await;
    let root = world.user(|user| user.instance_admin()).await;
    let new = || NewProject { admin: Some(user.email.to_string()), ..named("Given") };
    let stranger = login(world.user(|user| user).await.id);
    let outcome = world.control.projects.create(&stranger, new()).await;
    assert!(matches!(outcome, Err(ControlError::Forbidden { needed: Needed::InstanceAdmin })), "{outcome:?}");
    let seen = world.control.projects.create(&login(root.id), new()).await.unwrap();
    assert!(world.store.find_member(seen.project.id, user.id).await.unwrap().is_some());
    // The console has no account: the oldest instance admin stands in.
    let seen = world.control.projects.create(&console(), named("Console")).await.unwrap();
    assert!(world.store.find_member(seen.project.id, root.id).await.unwrap().is_some());
}

#[tokio::test]
async fn the_console_is_told_that_there_is_no_instance_admin() {
    let world = World::new();
    let user = world.user(|user| user).await;
    world.user(|user| user.instance_admin().deactivated(world.clock.now())).await;
    let refused = world.control.projects.create(&console(), named("Console")).await;
    assert!(is_conflict(&refused), "{refused:?}");
    assert_eq!(
        refused.unwrap_err().to_string(),
        "there is no instance admin yet: orch-admin user create EMAIL --admin, or name a project admin with --admin"
    );
    let named_admin = NewProject { admin: Some(user.email.to_string()), ..named("Console") };
    let seen = world.control.projects.create(&console(), named_admin).await.unwrap();
    assert!(world.store.find_member(seen.project.id, user.id).await.unwrap().is_some());
}

#[tokio::test]
async fn lists_the_own_projects_and_all_for_instance_admins() {
    let world = World::new();
    let (one, admin) = world.project().await;
    let (two, _) = world.project().await;
    let root = login(world.user(|user| user.instance_admin()).await.id);
    let list = async |who| {
        let page = world.control.projects.list(who, None, PageRequest::default()).await.unwrap();
        page.items.into_iter().map(|seen| (seen.project.id, seen.role)).collect::<Vec<_>>()
    };
    assert_eq!(list(&admin).await, [(one.id, Role::Admin)]);
    assert_eq!(list(&root).await, [(one.id, Role::Admin), (two.id, Role::Admin)]);
}

#[tokio::test]
async fn changes_and_deletes_only_what_the_caller_has_seen() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let id = project.id.to_string();
    let patch = ProjectPatch { slug: Some("renamed".into()), ..ProjectPatch::default() };
    let stale = world.control.projects.update(&admin, &id, patch.clone(), Some(9)).await;
    assert!(matches!(stale, Err(ControlError::Stale { what: "project" })), "{stale:?}");
    let seen = world.control.projects.update(&admin, &id, patch, Some(1)).await.unwrap();
    assert_eq!((seen.project.slug.as_str(), seen.project.version), ("renamed", 2));
    let stale = world.control.projects.delete(&admin, &id, Some(1)).await;
    assert!(matches!(stale, Err(ControlError::Stale { .. })), "{stale:?}");
    world.control.projects.delete(&admin, &id, Some(2)).await.unwrap();
    world.catch_up().await;
    assert!(is_missing(&world.control.projects.get(&admin, &id).await));
}
