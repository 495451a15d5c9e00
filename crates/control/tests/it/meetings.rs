//! Changes that meet by chance, of everything that has a version.

use std::fmt::Debug;

use orch_control::accounts::ProfilePatch;
use orch_control::error::ControlError;
use orch_control::import::ImportMode;
use orch_control::keys::KeyPatch;
use orch_control::projects::ProjectPatch;
use orch_control::servers::ServerPatch;
use orch_control::teams::{NewTeam, TeamPatch};
use orch_control::users::UserPatch;
use orch_domain::api_key::ApiKey;
use orch_domain::id::{KeyId, ProjectId, ServerId, TeamId, UserId};
use orch_domain::policy::rule::Policy;
use orch_domain::port::key_repo::KeyRepo;
use orch_domain::port::limits_repo::LimitsRepo;
use orch_domain::port::policy_repo::PolicyRepo;
use orch_domain::port::project_repo::ProjectRepo;
use orch_domain::port::server_repo::{ServerRepo, ServerUpdate};
use orch_domain::port::team_repo::TeamRepo;
use orch_domain::port::user_repo::UserRepo;
use orch_domain::project::Project;
use orch_domain::quota::{Allowance, Limits, StoredLimits};
use orch_domain::server::Server;
use orch_domain::team::Team;
use orch_domain::user::User;
use orch_testkit::fakes::MemoryStore;

use crate::policies::deny;
use crate::world::{World, console, is_conflict, login, setup_entry};

/// `change` is made while `rival` writes twice, and is made all the same; who expects a version is told.
async fn check<T: Debug, R: Future<Output = ()>>(
    world: &World,
    rival: impl Fn(MemoryStore) -> R + Copy + Send + 'static,
    change: impl AsyncFn(&str, Option<u32>) -> Result<T, ControlError>,
    version: impl AsyncFn() -> u32,
) {
    let meet = || {
        let store = world.store.clone();
        world.rivals.then(move || rival(store));
    };
    meet();
    meet();
    // It is made on what is there now.
    change("ours", None).await.unwrap();
    assert_eq!(world.rivals.left(), 0, "they met");

    let seen = version().await;
    meet();
    let outcome = change("other", Some(seen)).await;
    assert!(matches!(outcome, Err(ControlError::Stale { .. })), "{outcome:?}");
    assert_eq!(world.rivals.left(), 0, "they met");
}

async fn touch_user(store: MemoryStore, id: UserId) {
    let user = UserRepo::find(&store, id).await.unwrap().unwrap();
    let user = User { name: "theirs".into(), version: user.version + 1, ..user };
    UserRepo::update(&store, &user, &setup_entry()).await.unwrap();
}

#[tokio::test]
async fn of_a_user() {
    let world = World::new();
    let id = world.user(|user| user).await.id;
    let version = async || UserRepo::find(&world.store, id).await.unwrap().unwrap().version;
    let change = async |name: &str, expected| {
        let patch = UserPatch { name: Some(name.into()), ..UserPatch::default() };
        world.control.users.update(&console(), &id.to_string(), patch, expected).await
    };
    check(&world, move |store| touch_user(store, id), change, version).await;
}

#[tokio::test]
async fn of_the_own_account() {
    let world = World::new();
    let id = world.user(|user| user).await.id;
    let version = async || UserRepo::find(&world.store, id).await.unwrap().unwrap().version;
    let change = async |name: &str, expected| {
        let patch = ProfilePatch { name: Some(name.into()), ..ProfilePatch::default() };
        world.control.accounts.update_profile(&login(id), patch, expected).await
    };
    check(&world, move |store| touch_user(store, id), change, version).await;
}

#[tokio::test]
async fn of_a_forgotten_password() {
    let world = World::new();
    let id = world.user(|user| user).await.id;
    // At the second reading: the first is when it happens, and before it is looked.
    let store = world.store.clone();
    world.rivals.pass().then(async move || touch_user(store, id).await);
    world.control.users.reset_password(&console(), &id.to_string(), None).await.unwrap();
    assert_eq!(world.rivals.left(), 0);
}

async fn touch_project(store: MemoryStore, id: ProjectId) {
    let project = ProjectRepo::find(&store, id).await.unwrap().unwrap();
    let project = Project { name: "theirs".into(), version: project.version + 1, ..project };
    ProjectRepo::update(&store, &project, &setup_entry()).await.unwrap();
}

#[tokio::test]
async fn of_a_project() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let (id, slug) = (project.id, project.slug.as_str());
    let change = async |name: &str, expected| {
        let patch = ProjectPatch { name: Some(name.into()), ..ProjectPatch::default() };
        world.control.projects.update(&admin, slug, patch, expected).await
    };
    let version = async || ProjectRepo::find(&world.store, id).await.unwrap().unwrap().version;
    check(&world, move |store| touch_project(store, id), change, version).await;
}

async fn touch_team(store: MemoryStore, id: TeamId) {
    let team = TeamRepo::find(&store, id).await.unwrap().unwrap();
    let team = Team { name: "theirs".into(), version: team.version + 1, ..team };
    TeamRepo::update(&store, &team, &setup_entry()).await.unwrap();
}

#[tokio::test]
async fn of_a_team() {
    let world = World::new();
    let admin = world.user(|user| user).await;
    let new = NewTeam { name: "Core".into(), admin: Some(admin.id.to_string()), ..NewTeam::default() };
    let id = world.control.teams.create(&console(), new).await.unwrap().team.id;
    world.catch_up().await;
    let change = async |name: &str, expected| {
        let patch = TeamPatch { name: Some(name.into()), ..TeamPatch::default() };
        world.control.teams.update(&login(admin.id), "core", patch, expected).await
    };
    let version = async || TeamRepo::find(&world.store, id).await.unwrap().unwrap().version;
    check(&world, move |store| touch_team(store, id), change, version).await;
}

async fn touch_server(store: MemoryStore, id: ServerId) {
    let server = ServerRepo::find(&store, id).await.unwrap().unwrap();
    let server = Server { name: "theirs".into(), version: server.version + 1, ..server };
    ServerRepo::update(&store, &ServerUpdate::new(server, setup_entry())).await.unwrap();
}

#[tokio::test]
async fn of_a_server() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let id = world.server(&admin, &project, "web").await.server.id;
    world.catch_up().await;
    let change = async |name: &str, expected| {
        let patch = ServerPatch { name: Some(name.into()), ..ServerPatch::default() };
        world.control.servers.update(&admin, slug, "web", patch, expected).await
    };
    let version = async || ServerRepo::find(&world.store, id).await.unwrap().unwrap().version;
    check(&world, move |store| touch_server(store, id), change, version).await;
}

#[tokio::test]
async fn of_a_server_that_is_restarted() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let id = world.server(&admin, &project, "web").await.server.id;
    world.catch_up().await;
    let generation = async || ServerRepo::find(&world.store, id).await.unwrap().unwrap().generation;
    let before = generation().await;
    let store = world.store.clone();
    world.rivals.then(async move || touch_server(store, id).await);
    world.control.servers.restart(&admin, slug, "web").await.unwrap();
    assert_eq!((world.rivals.left(), generation().await), (0, before + 1));
}

#[tokio::test]
async fn of_a_server_that_is_imported() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let id = world.server(&admin, &project, "web").await.server.id;
    world.catch_up().await;
    let store = world.store.clone();
    world.rivals.then(async move || touch_server(store, id).await);
    let file = r#"{"mcpServers":{"web":{"command":"uvx"}}}"#;
    world.control.import.run(&admin, slug, file, ImportMode::Apply).await.unwrap();
    assert_eq!(world.rivals.left(), 0);
}

async fn touch_limits(store: MemoryStore, project: Option<ProjectId>) {
    let StoredLimits { limits, version } = LimitsRepo::find(&store, project).await.unwrap();
    LimitsRepo::put(&store, project, &StoredLimits { limits, version: version + 1 }, &setup_entry()).await.unwrap();
}

/// Others for each name.
fn limits(name: &str) -> Limits {
    Limits { server_concurrent: u32::try_from(name.len()).ok(), ..Limits::default() }
}

#[tokio::test]
async fn of_the_limits_of_a_project() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let (id, slug) = (project.id, project.slug.as_str());
    let change = async |name: &str, expected| world.control.limits.put(&admin, slug, limits(name), expected).await;
    let version = async || LimitsRepo::find(&world.store, Some(id)).await.unwrap().version;
    check(&world, move |store| touch_limits(store, Some(id)), change, version).await;
}

#[tokio::test]
async fn of_the_limits_of_the_instance() {
    let world = World::new();
    let change =
        async |name: &str, expected| world.control.limits.put_instance(&console(), limits(name), expected).await;
    let version = async || LimitsRepo::find(&world.store, None).await.unwrap().version;
    check(&world, |store| touch_limits(store, None), change, version).await;
}

async fn touch_policy(store: MemoryStore, project: ProjectId) {
    let policy = PolicyRepo::find(&store, project).await.unwrap();
    let policy = Policy::new(policy.rules().to_vec(), policy.version + 1);
    PolicyRepo::put(&store, project, &policy, &setup_entry()).await.unwrap();
}

#[tokio::test]
async fn of_a_policy() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let (id, slug) = (project.id, project.slug.as_str());
    let change = async |name: &str, expected| world.control.policies.put(&admin, slug, &[deny(name)], expected).await;
    let version = async || PolicyRepo::find(&world.store, id).await.unwrap().version;
    check(&world, move |store| touch_policy(store, id), change, version).await;
}

async fn touch_key(store: MemoryStore, id: KeyId) {
    let key = KeyRepo::find(&store, id).await.unwrap().unwrap();
    let per_minute = Some(key.allowance.per_minute.unwrap_or_default() + 1);
    let after = ApiKey { allowance: Allowance { per_minute, ..key.allowance }, ..key.clone() };
    KeyRepo::update(&store, &key, &after, &setup_entry()).await.unwrap();
}

#[tokio::test]
async fn of_a_key() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let id = world.key_of(&admin, &project).await.key_id().unwrap();
    let change = async |name: &str, expected| {
        let patch = KeyPatch { name: Some(name.into()), ..KeyPatch::default() };
        world.control.keys.update(&admin, slug, &id.to_string(), patch, expected).await
    };
    let version = async || KeyRepo::find(&world.store, id).await.unwrap().unwrap().version();
    check(&world, move |store| touch_key(store, id), change, version).await;
}

/// Who is always second is told in the end.
#[tokio::test]
async fn without_end_are_given_up() {
    let world = World::new();
    let id = world.user(|user| user).await.id;
    for _ in 0..100 {
        let store = world.store.clone();
        world.rivals.then(async move || touch_user(store, id).await);
    }
    let patch = UserPatch { name: Some("ours".into()), ..UserPatch::default() };
    let outcome = world.control.users.update(&console(), &id.to_string(), patch, None).await;
    assert!(is_conflict(&outcome), "{outcome:?}");
}
