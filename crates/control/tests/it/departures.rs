//! Changes that meet the end of what they change, or what it has become: what has ended stays so, and a version that is
//! expected is compared as it is written.

use orch_control::error::ControlError;
use orch_control::import::ImportMode;
use orch_control::import::plan::ImportVerb;
use orch_control::invitations::{InvitedTo, NewInvitation};
use orch_control::keys::NewKey;
use orch_control::policies::{Position, SwitchTarget};
use orch_control::teams::NewTeam;
use orch_domain::api_key::ApiKey;
use orch_domain::id::{KeyId, ProjectId, TeamId, UserId};
use orch_domain::membership::Membership;
use orch_domain::policy::item::ItemClass;
use orch_domain::policy::scope::Scope;
use orch_domain::port::key_repo::KeyRepo;
use orch_domain::port::policy_repo::PolicyRepo;
use orch_domain::port::project_repo::ProjectRepo;
use orch_domain::port::server_repo::{ServerRepo, ServerUpdate};
use orch_domain::port::team_repo::TeamRepo;
use orch_domain::port::user_repo::UserRepo;
use orch_domain::project::Project;
use orch_domain::role::Role;
use orch_domain::server::Server;
use orch_domain::team::{Team, TeamGrant, TeamMembership, TeamRole};
use orch_testkit::builders::a_server;
use orch_testkit::fakes::{FixedClock, MemoryStore};

use crate::world::{World, console, is_conflict, is_forbidden, is_missing, login, setup_entry};

fn is_stale<T>(outcome: &Result<T, ControlError>) -> bool {
    matches!(outcome, Err(ControlError::Stale { .. }))
}

async fn set_role(store: MemoryStore, project: ProjectId, user: UserId, role: Role) {
    let before = ProjectRepo::find_member(&store, project, user).await.unwrap().unwrap();
    let was = Some(before.role);
    ProjectRepo::put_member(&store, &Membership { role, ..before }, was, &setup_entry()).await.unwrap();
}

async fn take_off(store: MemoryStore, project: ProjectId, user: UserId) {
    let before = ProjectRepo::find_member(&store, project, user).await.unwrap().unwrap();
    ProjectRepo::remove_member(&store, project, user, before.role, &setup_entry()).await.unwrap();
}

#[tokio::test]
async fn of_a_member() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let (slug, id) = (project.slug.as_str(), project.id);
    let members = &world.control.members;
    let meet = |role: Option<Role>, user: UserId| {
        let store = world.store.clone();
        world.rivals.then(async move || match role {
            Some(role) => set_role(store, id, user, role).await,
            None => take_off(store, id, user).await,
        });
    };
    let role = async |user| ProjectRepo::find_member(&world.store, id, user).await.unwrap().map(|member| member.role);
    let ada = world.member(&project, Role::Viewer).await.user_id;
    let name = ada.to_string();

    // Who expects no version changes what is there now, and the record says what that was.
    meet(Some(Role::Admin), ada);
    members.update(&admin, slug, &name, Role::Member, None).await.unwrap();
    assert_eq!((world.rivals.left(), role(ada).await), (0, Some(Role::Member)));
    let told = world.audit().await;
    assert!(told.last().unwrap().ends_with("from admin to member"), "{told:?}");
    // Who expects one is told, of two the second.
    meet(Some(Role::Viewer), ada);
    assert!(is_stale(&members.update(&admin, slug, &name, Role::Admin, Some(2)).await));
    meet(Some(Role::Admin), ada);
    assert!(is_stale(&members.remove(&admin, slug, &name, Some(1)).await));
    assert_eq!((world.rivals.left(), role(ada).await), (0, Some(Role::Admin)));
    // Who is taken off meanwhile stays away.
    meet(None, ada);
    assert!(is_missing(&members.update(&admin, slug, &name, Role::Viewer, None).await));
    assert_eq!((world.rivals.left(), role(ada).await), (0, None));

    let bob = world.member(&project, Role::Viewer).await.user_id;
    meet(None, bob);
    assert!(is_stale(&members.update(&admin, slug, &bob.to_string(), Role::Admin, Some(1)).await));
    assert_eq!((world.rivals.left(), role(bob).await), (0, None));
    let cleo = world.member(&project, Role::Viewer).await.user_id;
    meet(Some(Role::Member), cleo);
    members.remove(&admin, slug, &cleo.to_string(), None).await.unwrap();
    assert_eq!((world.rivals.left(), role(cleo).await), (0, None));
    let told = world.audit().await;
    assert!(told.last().unwrap().ends_with("was member"), "{told:?}");
}

/// Nobody gives themselves back what somebody else has just taken away: neither on a second try, nor by a directory that
/// has not heard of it.
#[tokio::test]
async fn of_ones_own_place() {
    let world = World::new();
    let (project, _) = world.project().await;
    let (slug, id) = (project.slug.as_str(), project.id);
    let role = async |user| ProjectRepo::find_member(&world.store, id, user).await.unwrap().map(|member| member.role);
    for met in [true, false] {
        for left in [None, Some(Role::Viewer)] {
            let who = world.member(&project, Role::Admin).await;
            let (store, user) = (world.store.clone(), who.user_id);
            let take = async move || match left {
                Some(role) => set_role(store, id, user, role).await,
                None => take_off(store, id, user).await,
            };
            if met {
                world.rivals.then(take);
            } else {
                take().await;
            }
            let outcome = world.control.members.update(&who, slug, &user.to_string(), Role::Member, None).await;
            let is_refused = if left.is_some() { is_forbidden(&outcome) } else { is_missing(&outcome) };
            assert!(is_refused, "{met} {left:?}: {outcome:?}");
            assert_eq!((world.rivals.left(), role(user).await), (0, left));
        }
    }
    // The instance's right is not the project's to take.
    let root = world.user(|user| user.instance_admin()).await.id;
    let own = world.control.members.update(&login(root), slug, &root.to_string(), Role::Viewer, None).await.unwrap();
    assert_eq!(own.direct, Some(Role::Viewer));

    let admin = world.user(|user| user).await.id;
    let team = a_team(&world, "core", admin).await;
    let lowered =
        TeamMembership { team_id: team, user_id: admin, role: TeamRole::Member, created_at: FixedClock::START };
    let other = TeamMembership { user_id: root, role: TeamRole::Admin, ..lowered.clone() };
    TeamRepo::put_member(&world.store, &other, None, &setup_entry()).await.unwrap();
    TeamRepo::put_member(&world.store, &lowered, Some(TeamRole::Admin), &setup_entry()).await.unwrap();
    let outcome =
        world.control.teams.update_member(&login(admin), "core", &admin.to_string(), TeamRole::Admin, None).await;
    assert!(is_forbidden(&outcome), "{outcome:?}");
}

/// The same of what comes with a team, of invitations and of the instance.
#[tokio::test]
async fn of_the_ways_back() {
    let world = World::new();
    let (project, _) = world.project().await;
    let (slug, id) = (project.slug.as_str(), project.id);
    let user = world.user(|user| user).await.id;
    let (who, team) = (login(user), a_team(&world, "core", user).await);
    for met in [true, false] {
        world.control.members.put_team(&console(), slug, "core", Role::Admin).await.unwrap();
        world.catch_up().await;
        let store = world.store.clone();
        let take = async move || TeamRepo::remove_grant(&store, id, team, Role::Admin, &setup_entry()).await.unwrap();
        if met {
            world.rivals.then(take);
        } else {
            take().await;
        }
        let outcome = world.control.members.put_team(&who, slug, "core", Role::Member).await;
        assert!(is_missing(&outcome), "{met}: {outcome:?}");
        assert_eq!(world.rivals.left(), 0);
        assert_eq!(TeamRepo::list_teams_on(&world.store, id).await.unwrap(), []);
        world.catch_up().await;
    }

    let ada = world.member(&project, Role::Admin).await;
    take_off(world.store.clone(), id, ada.user_id).await;
    let to = InvitedTo::Project { project: slug, role: Role::Admin };
    let new = NewInvitation { to, email: "ada@example.com", good_for: None };
    assert!(is_missing(&world.control.invitations.create(&ada, new).await));

    let root = world.user(|user| user.instance_admin()).await;
    world.user(|user| user.instance_admin()).await;
    let (store, mut less) = (world.store.clone(), root.clone());
    less.instance_admin = false;
    less.version += 1;
    UserRepo::update(&store, &less, &setup_entry()).await.unwrap();
    let outcome = world.control.users.promote(&login(root.id), &root.id.to_string()).await;
    assert!(is_forbidden(&outcome), "{outcome:?}");
}

/// A team whose admin is this account.
async fn a_team(world: &World, slug: &str, admin: UserId) -> TeamId {
    let new = NewTeam { name: slug.into(), slug: Some(slug.into()), admin: Some(admin.to_string()) };
    let id = world.control.teams.create(&console(), new).await.unwrap().team.id;
    world.catch_up().await;
    id
}

#[tokio::test]
async fn of_a_grant() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let (slug, id) = (project.slug.as_str(), project.id);
    let team = a_team(&world, "core", world.user(|user| user).await.id).await;
    let members = &world.control.members;
    members.put_team(&console(), slug, "core", Role::Viewer).await.unwrap();
    world.catch_up().await;
    let role = async || {
        let grants = TeamRepo::list_teams_on(&world.store, id).await.unwrap();
        grants.first().map(|(grant, _)| grant.role)
    };
    let put = |before: Role, role: Role| {
        let store = world.store.clone();
        let grant = TeamGrant { project_id: id, team_id: team, role, created_at: FixedClock::START };
        world.rivals.then(async move || {
            TeamRepo::put_grant(&store, &grant, Some(before), &setup_entry()).await.unwrap();
        });
    };
    put(Role::Viewer, Role::Member);
    members.put_team(&admin, slug, "core", Role::Admin).await.unwrap();
    assert_eq!((world.rivals.left(), role().await), (0, Some(Role::Admin)));
    put(Role::Admin, Role::Viewer);
    members.remove_team(&admin, slug, "core").await.unwrap();
    assert_eq!((world.rivals.left(), role().await), (0, None));
    let told = world.audit().await;
    assert!(told.last().unwrap().ends_with("was viewer"), "{told:?}");

    // A team that the admin does not see is not let in again by who has still seen it on the project.
    members.put_team(&console(), slug, "core", Role::Viewer).await.unwrap();
    let store = world.store.clone();
    world.rivals.then(async move || {
        TeamRepo::remove_grant(&store, id, team, Role::Viewer, &setup_entry()).await.unwrap();
    });
    assert!(is_missing(&members.put_team(&admin, slug, "core", Role::Admin).await));
    assert_eq!((world.rivals.left(), role().await), (0, None));
}

#[tokio::test]
async fn of_a_member_of_a_team() {
    let world = World::new();
    let admin = world.user(|user| user).await.id;
    let team = a_team(&world, "core", admin).await;
    let (who, teams) = (login(admin), &world.control.teams);
    let role = async |user| TeamRepo::find_member(&world.store, team, user).await.unwrap().map(|member| member.role);
    let set = |user_id: UserId, before: Option<TeamRole>, role: TeamRole| {
        let member = TeamMembership { team_id: team, user_id, role, created_at: FixedClock::START };
        let store = world.store.clone();
        async move { TeamRepo::put_member(&store, &member, before, &setup_entry()).await.unwrap() }
    };
    let take_out = |user: UserId| {
        let store = world.store.clone();
        world.rivals.then(async move || {
            TeamRepo::remove_member(&store, team, user, TeamRole::Member, &setup_entry()).await.unwrap();
        });
    };
    let ada = world.user(|user| user).await.id;
    let name = ada.to_string();
    set(ada, None, TeamRole::Member).await;
    take_out(ada);
    assert!(is_missing(&teams.update_member(&who, "core", &name, TeamRole::Admin, None).await));
    assert_eq!((world.rivals.left(), role(ada).await), (0, None), "who is taken out stays out");
    set(ada, None, TeamRole::Member).await;
    take_out(ada);
    assert!(is_stale(&teams.update_member(&who, "core", &name, TeamRole::Admin, Some(1)).await));
    assert_eq!((world.rivals.left(), role(ada).await), (0, None));

    set(ada, None, TeamRole::Member).await;
    let raise = set(ada, Some(TeamRole::Member), TeamRole::Admin);
    world.rivals.then(move || raise);
    assert!(is_stale(&teams.remove_member(&who, "core", &name, Some(1)).await));
    assert_eq!((world.rivals.left(), role(ada).await), (0, Some(TeamRole::Admin)));
    let lower = set(ada, Some(TeamRole::Admin), TeamRole::Member);
    world.rivals.then(move || lower);
    teams.remove_member(&who, "core", &name, None).await.unwrap();
    assert_eq!((world.rivals.left(), role(ada).await), (0, None));
}

#[tokio::test]
async fn of_what_is_deleted_as_it_was_seen() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let control = &world.control;
    let server = world.server(&admin, &project, "web").await.server;
    let team = a_team(&world, "core", admin.user_id).await;
    let key =
        control.keys.create(&admin, slug, NewKey { name: "agent".into(), ..NewKey::default() }).await.unwrap().key;
    world.catch_up().await;

    let (store, id) = (world.store.clone(), server.id);
    world.rivals.then(async move || {
        let server = ServerRepo::find(&store, id).await.unwrap().unwrap();
        let server = Server { name: "theirs".into(), version: server.version + 1, ..server };
        ServerRepo::update(&store, &ServerUpdate::new(server, setup_entry())).await.unwrap();
    });
    assert!(is_stale(&control.servers.delete(&admin, slug, "web", Some(1)).await));
    let store = world.store.clone();
    world.rivals.then(async move || {
        let team = TeamRepo::find(&store, team).await.unwrap().unwrap();
        let team = Team { name: "theirs".into(), version: team.version + 1, ..team };
        TeamRepo::update(&store, &team, &setup_entry()).await.unwrap();
    });
    assert!(is_stale(&control.teams.delete(&admin, "core", Some(1)).await));
    let (store, seen) = (world.store.clone(), key.clone());
    world.rivals.then(async move || narrow(&store, seen.id).await);
    assert!(is_stale(&control.keys.revoke(&admin, slug, &key.id.to_string(), Some(key.version())).await));
    let (store, id) = (world.store.clone(), project.id);
    world.rivals.then(async move || {
        let project = ProjectRepo::find(&store, id).await.unwrap().unwrap();
        let project = Project { name: "theirs".into(), version: project.version + 1, ..project };
        ProjectRepo::update(&store, &project, &setup_entry()).await.unwrap();
    });
    assert!(is_stale(&control.projects.delete(&admin, slug, Some(1)).await));
    assert_eq!(world.rivals.left(), 0);

    // All of it is still there, and goes for who has seen it, and for who does not mind.
    assert!(KeyRepo::find(&world.store, key.id).await.unwrap().unwrap().revoked_at.is_none());
    control.keys.revoke(&admin, slug, &key.id.to_string(), None).await.unwrap();
    control.servers.delete(&admin, slug, "web", Some(2)).await.unwrap();
    control.teams.delete(&admin, "core", Some(2)).await.unwrap();
    control.projects.delete(&admin, slug, None).await.unwrap();
}

async fn narrow(store: &MemoryStore, id: KeyId) {
    let key = KeyRepo::find(store, id).await.unwrap().unwrap();
    let narrow = ApiKey { scope: Scope { read_only: true, ..Scope::default() }, ..key.clone() };
    KeyRepo::update(store, &key, &narrow, &setup_entry()).await.unwrap();
}

#[tokio::test]
async fn of_a_key_that_is_narrowed_as_it_is_rotated() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let id = world.key_of(&admin, &project).await.key_id().unwrap();
    let store = world.store.clone();
    world.rivals.then(async move || narrow(&store, id).await);
    let rotate = async || world.control.keys.rotate(&admin, project.slug.as_str(), &id.to_string(), None).await;
    // Who has not seen it looks again.
    assert!(is_conflict(&rotate().await));
    assert_eq!(world.rivals.left(), 0);
    let rotated = rotate().await.unwrap().key;
    assert!(rotated.scope.read_only, "the new key may no more than the old one");
    assert_eq!(KeyRepo::find(&world.store, rotated.id).await.unwrap(), Some(rotated));
}

#[tokio::test]
async fn of_a_file_that_is_imported_twice_at_once() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let (slug, id) = (project.slug.as_str(), project.id);
    let import = &world.control.import;
    let file = r#"{"mcpServers":{"web":{"command":"npx"}}}"#;
    let create = || {
        let store = world.store.clone();
        let server = a_server().in_project(id).named("web").build();
        world.rivals.then(async move || ServerRepo::create(&store, &server, &setup_entry()).await.unwrap());
    };
    create();
    let plan = import.run(&admin, slug, file, ImportMode::Apply).await.unwrap();
    assert_eq!(world.rivals.left(), 0);
    assert_ne!(plan.servers[0].verb, ImportVerb::Create, "it is there already");
    assert_eq!(ServerRepo::list(&world.store, id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn of_a_switch_and_its_server() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let (slug, id) = (project.slug.as_str(), project.id);
    let (control, target) = (&world.control, |server: &str| SwitchTarget {
        server: server.into(),
        class: ItemClass::Tool,
        name: "t".into(),
    });
    for alias in ["gone", "left"] {
        world.server(&admin, &project, alias).await;
        world.catch_up().await;
        control.policies.switch(&admin, slug, &target(alias), Position::Off).await.unwrap();
    }
    control.servers.delete(&admin, slug, "gone", None).await.unwrap();
    let policy = PolicyRepo::find(&world.store, id).await.unwrap();
    assert_eq!((policy.rules().len(), policy.version), (1, 3));

    // By who has still seen the server.
    let server = ServerRepo::list(&world.store, id).await.unwrap().remove(0);
    control.policies.switch(&admin, slug, &target("left"), Position::On).await.unwrap();
    let store = world.store.clone();
    world.rivals.then(async move || ServerRepo::delete(&store, server.id, None, &setup_entry()).await.unwrap());
    let told = control.policies.switch(&admin, slug, &target("left"), Position::Off).await.unwrap();
    assert_eq!(world.rivals.left(), 0);
    assert!(told.is_empty(), "what is stored is what is told");
    assert!(PolicyRepo::find(&world.store, id).await.unwrap().is_empty());
}
