//! Members: people and teams on a project, and what each is altogether.

use orch_control::error::ControlError;
use orch_control::teams::NewTeam;
use orch_domain::port::project_repo::ProjectRepo;
use orch_domain::port::team_repo::TeamRepo;
use orch_domain::role::Role;
use orch_domain::team::{TeamMembership, TeamRole};
use orch_testkit::builders::an_audit_entry;
use orch_testkit::fakes::FixedClock;

use crate::world::{World, console, is_forbidden, is_missing, login};

/// A team of these people, made by the console; the first is its admin.
async fn a_team(world: &World, slug: &str, people: &[orch_domain::id::UserId]) -> orch_domain::id::TeamId {
    let admin = Some(people[0].to_string());
    let new = NewTeam { name: slug.to_owned(), slug: Some(slug.to_owned()), admin };
    let team_id = world.control.teams.create(&console(), new).await.unwrap().team.id;
    for user_id in &people[1..] {
        let member =
            TeamMembership { team_id, user_id: *user_id, role: TeamRole::Member, created_at: FixedClock::START };
        TeamRepo::put_member(&world.store, &member, None, &an_audit_entry().build()).await.unwrap();
    }
    world.catch_up().await;
    team_id
}

#[tokio::test]
async fn changes_and_removes_by_address_and_id() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let ada = world.member(&project, Role::Viewer).await;
    let email = world.control.users.find(&console(), &ada.user_id.to_string()).await.unwrap().email;
    let members = &world.control.members;
    members.update(&admin, slug, email.as_str(), Role::Member, None).await.unwrap();
    members.update(&admin, slug, &ada.user_id.to_string(), Role::Member, None).await.unwrap();
    members.remove(&admin, slug, email.as_str(), None).await.unwrap();
    assert_eq!(
        world.audit().await,
        [
            format!("login member.update {email} from viewer to member"),
            format!("login member.delete {email} was member"),
        ]
    );
    assert_eq!(members.list(&admin, slug).await.unwrap().len(), 1);
}

#[tokio::test]
async fn adds_nobody_who_has_not_accepted() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let ada = world.user(|user| user.email("ada@example.com")).await;
    let members = &world.control.members;
    let known = members.update(&admin, slug, "ada@example.com", Role::Viewer, None).await;
    let unknown = members.update(&admin, slug, "nobody@example.com", Role::Viewer, None).await;
    assert!(is_missing(&known) && is_missing(&unknown));
    let root = login(world.user(|user| user.instance_admin()).await.id);
    assert!(is_missing(&members.update(&root, slug, "ada@example.com", Role::Viewer, None).await));
    assert_eq!(members.list(&admin, slug).await.unwrap().len(), 1);

    // Who is here with a team has accepted that.
    a_team(&world, "core", &[ada.id]).await;
    members.put_team(&root, slug, "core", Role::Viewer).await.unwrap();
    world.catch_up().await;
    let member = members.update(&admin, slug, "ada@example.com", Role::Member, None).await.unwrap();
    assert_eq!((member.role, member.direct), (Role::Member, Some(Role::Member)));
    // An instance admin may join what it manages anyway.
    let own = members.update(&root, slug, &root.user_id.to_string(), Role::Viewer, None).await.unwrap();
    assert_eq!(own.role, Role::Viewer);
}

#[tokio::test]
async fn shows_what_everybody_is_through_whatever() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let both = world.member(&project, Role::Viewer).await;
    let only = world.user(|user| user).await;
    a_team(&world, "core", &[both.user_id, only.id]).await;
    a_team(&world, "extra", &[both.user_id]).await;
    let members = &world.control.members;
    members.put_team(&console(), slug, "core", Role::Member).await.unwrap();
    members.put_team(&console(), slug, "extra", Role::Viewer).await.unwrap();
    world.catch_up().await;
    let seen: Vec<_> = members
        .list(&admin, slug)
        .await
        .unwrap()
        .into_iter()
        .map(|member| {
            let teams = member.teams.iter().map(|(team, role)| format!("{} {role}", team.slug)).collect::<Vec<_>>();
            (member.user.id, member.role, member.direct, teams.join(", "))
        })
        .collect();
    assert_eq!(seen.len(), 3);
    assert!(seen.contains(&(admin.user_id, Role::Admin, Some(Role::Admin), String::new())), "{seen:?}");
    let of_both = (both.user_id, Role::Member, Some(Role::Viewer), "core member, extra viewer".to_owned());
    assert!(seen.contains(&of_both), "{seen:?}");
    assert!(seen.contains(&(only.id, Role::Member, None, "core member".to_owned())), "{seen:?}");

    // What somebody has through a team cannot be taken at the project alone, and the answer says where.
    let outcome = members.remove(&admin, slug, &only.id.to_string(), None).await;
    assert!(
        matches!(&outcome, Err(ControlError::Conflict { problem }) if problem.contains("team core")),
        "{outcome:?}"
    );
    members.remove_team(&admin, slug, "core").await.unwrap();
    world.catch_up().await;
    assert!(is_missing(&members.list(&login(only.id), slug).await));
    assert_eq!(members.list_teams(&admin, slug).await.unwrap().len(), 1);
}

#[tokio::test]
async fn grants_only_teams_that_the_admin_sees() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let other = world.user(|user| user).await;
    a_team(&world, "hidden", &[other.id]).await;
    a_team(&world, "own", &[other.id, admin.user_id]).await;
    let members = &world.control.members;
    let hidden = members.put_team(&admin, slug, "hidden", Role::Viewer).await.unwrap_err();
    let missing = members.put_team(&admin, slug, "nothing", Role::Viewer).await.unwrap_err();
    assert_eq!(hidden.to_string(), missing.to_string());
    members.put_team(&admin, slug, "own", Role::Viewer).await.unwrap();
    // On the project already, it is no secret there.
    members.put_team(&console(), slug, "hidden", Role::Viewer).await.unwrap();
    members.put_team(&admin, slug, "hidden", Role::Member).await.unwrap();
    let viewer = world.member(&project, Role::Viewer).await;
    assert_eq!(members.list_teams(&viewer, slug).await.unwrap().len(), 2);
    assert!(is_forbidden(&members.put_team(&viewer, slug, "own", Role::Admin).await));
    assert!(is_forbidden(&members.remove_team(&viewer, slug, "own").await));
}

#[tokio::test]
async fn keeps_one_admin_and_says_of_what() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let own = admin.user_id.to_string();
    let expected = [format!("project {slug}")];
    let is_last = |outcome: &Result<(), ControlError>| {
        assert!(matches!(outcome, Err(ControlError::LastAdmin { of }) if *of == expected), "{outcome:?}");
    };
    is_last(&world.control.members.update(&admin, slug, &own, Role::Viewer, None).await.map(|_| ()));
    is_last(&world.control.members.remove(&admin, slug, &own, None).await);
    let deactivated = world.control.users.deactivate(&console(), &own).await.map(|_| ());
    is_last(&deactivated);
    assert_eq!(
        deactivated.unwrap_err().to_string(),
        format!("the last active admin of project {slug} stays: make somebody else an admin there first")
    );

    // A team with somebody active in it is enough.
    let other = world.user(|user| user).await;
    a_team(&world, "core", &[other.id]).await;
    world.control.members.put_team(&console(), slug, "core", Role::Admin).await.unwrap();
    world.control.users.deactivate(&console(), &own).await.unwrap();
}

#[tokio::test]
async fn lets_a_viewer_leave_and_do_nothing_else() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let viewer = world.member(&project, Role::Viewer).await;
    let members = &world.control.members;
    assert!(is_forbidden(&members.update(&viewer, slug, &viewer.user_id.to_string(), Role::Admin, None).await));
    assert!(is_forbidden(&members.remove(&viewer, slug, &admin.user_id.to_string(), None).await));
    members.remove(&viewer, slug, &viewer.user_id.to_string(), None).await.unwrap();
    world.catch_up().await;
    assert!(is_missing(&members.list(&viewer, slug).await));
    assert!(ProjectRepo::find_member(&world.store, project.id, viewer.user_id).await.unwrap().is_none());
}
