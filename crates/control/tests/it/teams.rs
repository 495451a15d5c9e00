//! Teams.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use futures_core::Stream;
use orch_control::error::{ControlError, Needed};
use orch_control::events::{News, Watch};
use orch_control::invitations::{InvitedTo, NewInvitation};
use orch_control::teams::{NewTeam, TeamPatch};
use orch_domain::page::PageRequest;
use orch_domain::principal::Principal;
use orch_domain::team::TeamRole;
use secrecy::ExposeSecret;

use crate::world::{World, console, is_forbidden, is_missing, login, token_of};

async fn a_team(world: &World, name: &str, admin: &Principal) {
    let new = NewTeam { name: name.into(), slug: None, admin: Some(admin.user_id.to_string()) };
    world.control.teams.create(&console(), new).await.unwrap();
    world.catch_up().await;
}

/// Has somebody join by invitation of `admin`.
async fn join(world: &World, admin: &Principal, team: &str, role: TeamRole) -> Principal {
    let user = world.user(|user| user).await;
    let to = InvitedTo::Team { team, role };
    let new = NewInvitation { email: user.email.as_str(), to, good_for: None };
    let issued = world.control.invitations.create(admin, new).await.unwrap();
    let token = token_of(issued.link.unwrap().expose_secret());
    world.control.invitations.accept(&login(user.id), &token).await.unwrap();
    world.catch_up().await;
    login(user.id)
}

#[tokio::test]
async fn are_made_by_instance_admins_and_run_by_their_own() {
    let world = World::new();
    let ada = login(world.user(|user| user).await.id);
    let refused = world.control.teams.create(&ada, NewTeam { name: "Core".into(), ..NewTeam::default() }).await;
    assert!(matches!(refused, Err(ControlError::Forbidden { needed: Needed::InstanceAdmin })), "{refused:?}");
    a_team(&world, "Core", &ada).await;
    let bob = join(&world, &ada, "core", TeamRole::Member).await;
    let teams = &world.control.teams;
    assert!(is_forbidden(&teams.update(&bob, "core", TeamPatch::default(), None).await));
    assert!(is_forbidden(&teams.delete(&bob, "core", None).await));
    assert!(is_forbidden(&teams.remove_member(&bob, "core", &ada.user_id.to_string(), None).await));
    let refusals = world.audit().await.into_iter().filter(|line| line.starts_with("login access.refuse core")).count();
    assert_eq!(refusals, 1, "again at once is the same");
    assert_eq!(teams.list_members(&bob, "core").await.unwrap().len(), 2);

    let patch = TeamPatch { name: Some("Kern".into()), slug: Some("kern".into()) };
    let stale = teams.update(&ada, "core", patch.clone(), Some(7)).await;
    assert!(matches!(stale, Err(ControlError::Stale { what: "team" })), "{stale:?}");
    let seen = teams.update(&ada, "core", patch, Some(1)).await.unwrap();
    assert_eq!((seen.team.slug.as_str(), seen.team.version, seen.role), ("kern", 2, Some(TeamRole::Admin)));
    world.catch_up().await;
    teams.update_member(&ada, "kern", &bob.user_id.to_string(), TeamRole::Admin, None).await.unwrap();
    teams.remove_member(&ada, "kern", &ada.user_id.to_string(), None).await.unwrap();
    world.catch_up().await;
    assert!(is_missing(&teams.get(&ada, "kern").await));
    let last = teams.remove_member(&bob, "kern", &bob.user_id.to_string(), None).await;
    assert!(matches!(&last, Err(ControlError::LastAdmin { of }) if *of == ["team kern"]), "{last:?}");
    teams.delete(&bob, "kern", None).await.unwrap();
}

#[tokio::test]
async fn are_hidden_from_who_is_not_in_them() {
    let world = World::new();
    let ada = login(world.user(|user| user).await.id);
    a_team(&world, "Core", &ada).await;
    let stranger = login(world.user(|user| user).await.id);
    let teams = &world.control.teams;
    let hidden = teams.get(&stranger, "core").await.unwrap_err().to_string();
    assert_eq!(hidden, teams.get(&stranger, "nothing").await.unwrap_err().to_string());
    assert!(is_missing(&teams.delete(&stranger, "core", None).await));
    assert!(is_missing(&teams.list_projects(&stranger, "core").await));
    let listed = teams.list(&stranger, None, PageRequest::default()).await.unwrap();
    assert!(listed.items.is_empty());
    let root = login(world.user(|user| user.instance_admin()).await.id);
    let listed = teams.list(&root, Some("COR".into()), PageRequest::default()).await.unwrap();
    assert_eq!(listed.items.iter().map(|seen| (seen.role, seen.members)).collect::<Vec<_>>(), [(None, 1)]);
    let (project, owner) = world.project().await;
    let key = world.key_of(&owner, &project).await;
    assert!(matches!(teams.get(&key, "core").await, Err(ControlError::Forbidden { needed: Needed::Login })));
}

#[tokio::test]
async fn audits_what_an_instance_admin_does_as_such() {
    let world = World::new();
    let ada = login(world.user(|user| user).await.id);
    a_team(&world, "Core", &ada).await;
    let root = login(world.user(|user| user.instance_admin()).await.id);
    let patch = TeamPatch { name: Some("Kern".into()), slug: None };
    world.control.teams.update(&root, "core", patch, None).await.unwrap();
    let trail = world.audit().await;
    assert_eq!(trail.last().unwrap(), "login team.update core name (as instance admin)");
}

/// What the watcher is told by now.
async fn told(watch: &mut Watch) -> Option<News> {
    poll_fn(|cx| match Pin::new(&mut *watch).poll_next(cx) {
        Poll::Ready(news) => Poll::Ready(news),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

#[tokio::test]
async fn tell_their_members_that_something_is_another_and_nobody_else() {
    let world = World::new();
    let ada = login(world.user(|user| user).await.id);
    a_team(&world, "Core", &ada).await;
    let bob = join(&world, &ada, "core", TeamRole::Member).await;
    let cem = join(&world, &ada, "core", TeamRole::Member).await;
    let stranger = login(world.user(|user| user).await.id);
    let mut of_ada = world.control.events.watch(&ada, None, None).await.unwrap();
    let mut of_bob = world.control.events.watch(&bob, None, None).await.unwrap();
    let mut of_stranger = world.control.events.watch(&stranger, None, None).await.unwrap();
    let teams = &world.control.teams;
    let mut changes = 0;
    loop {
        let id_of_cem = cem.user_id.to_string();
        match changes {
            0 => drop(
                teams.update(&ada, "core", TeamPatch { name: Some("Kern".into()), slug: None }, None).await.unwrap(),
            ),
            1 => drop(teams.update_member(&ada, "core", &id_of_cem, TeamRole::Admin, None).await.unwrap()),
            2 => teams.remove_member(&ada, "core", &id_of_cem, None).await.unwrap(),
            3 => teams.delete(&ada, "core", None).await.unwrap(),
            _ => break,
        }
        world.catch_up().await;
        assert_eq!(told(&mut of_ada).await, Some(News::Access), "after change {changes}");
        assert_eq!(told(&mut of_bob).await, Some(News::Access), "after change {changes}");
        assert_eq!(told(&mut of_bob).await, None, "once");
        assert_eq!(told(&mut of_stranger).await, None, "after change {changes}");
        changes += 1;
    }
}
