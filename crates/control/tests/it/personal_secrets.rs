//! Values that members bring along, and how servers are run.

use std::collections::BTreeMap;
use std::time::Duration;

use orch_control::error::ControlError;
use orch_control::import::ImportMode;
use orch_control::servers::blueprint::NewTransport;
use orch_control::servers::confinement::{LimitsPatch, SandboxPatch};
use orch_control::servers::run_patch::RunPatch;
use orch_control::servers::transport_patch::{TransportKind, TransportPatch};
use orch_control::servers::{NewServer, ServerPatch};
use orch_domain::dialect::Dialect;
use orch_domain::id::ServerId;
use orch_domain::personal_secret::PersonalSecret;
use orch_domain::port::personal_secret_repo::PersonalSecretRepo;
use orch_domain::port::server_repo::{ServerRepo, ServerUpdate};
use orch_domain::port::user_repo::UserRepo;
use orch_domain::principal::{Credential, Principal};
use orch_domain::project::Project;
use orch_domain::role::Role;
use orch_domain::run_settings::{Isolation, PersonalValue};
use orch_domain::secret::Slot;
use orch_domain::server::{Server, Transport};
use orch_testkit::fakes::MemoryStore;

use crate::world::{World, is_forbidden, is_missing, setup_entry};

fn token() -> Slot {
    Slot::Env("TOKEN".to_owned())
}

/// A server that takes a token from each member.
async fn setup() -> (World, Project, Principal, Server) {
    let world = World::new();
    let (project, admin) = world.project().await;
    world.server(&admin, &project, "echo").await;
    let about = PersonalValue { required: true, description: "your token".to_owned() };
    let run = RunPatch { personal_env: [("TOKEN".to_owned(), Some(about))].into(), ..RunPatch::default() };
    let patch = ServerPatch { run, ..ServerPatch::default() };
    let server = world.control.servers.update(&admin, project.slug.as_str(), "echo", patch, None).await.unwrap().server;
    (world, project, admin, server)
}

#[tokio::test]
async fn each_member_writes_own_values_and_nobody_reads_any() {
    let (world, project, admin, server) = setup().await;
    let slug = project.slug.as_str();
    let member = world.member(&project, Role::Member).await;
    let own = &world.control.personal_secrets;
    let seen = own.list(&member, slug, "echo").await.unwrap();
    assert_eq!((seen.len(), &seen[0].slot, seen[0].stored_at), (1, &token(), None));
    let seen = own.update(&member, slug, "echo", vec![(token(), Some("s3cret".into()))]).await.unwrap();
    assert!(seen[0].stored_at.is_some());
    assert_eq!(own.list(&admin, slug, "echo").await.unwrap()[0].stored_at, None, "an admin has own values or none");

    let stored = PersonalSecretRepo::list(&world.store, server.id, member.user_id).await.unwrap();
    assert_eq!(stored[0].secret.id, PersonalSecret::id_of(server.id, member.user_id, &token()));
    assert!(!format!("{stored:?} {:?}", world.audit_records().await).contains("s3cret"));
    let audit = world.audit().await;
    assert_eq!(audit.last().map(String::as_str), Some("login personal_secret.update echo set env TOKEN"));

    own.delete(&member, slug, "echo").await.unwrap();
    own.delete(&member, slug, "echo").await.unwrap();
    assert_eq!(own.list(&member, slug, "echo").await.unwrap()[0].stored_at, None);
}

/// A server over HTTP that takes a key from each member, and a member with one.
async fn remote() -> (World, Project, Principal, Principal, Server) {
    let world = World::new();
    let (project, admin) = world.project().await;
    let run = RunPatch {
        personal_headers: [("x-key".to_owned(), Some(PersonalValue::default()))].into(),
        ..RunPatch::default()
    };
    let new = NewServer {
        alias: "far".into(),
        name: None,
        enabled: true,
        call_timeout: None,
        dialect: Dialect::default(),
        run,
        transport: NewTransport::StreamableHttp { url: "https://good.example/mcp".into(), headers: Vec::new() },
        limits: LimitsPatch::default(),
        sandbox: SandboxPatch::default(),
    };
    let slug = project.slug.as_str();
    let server = world.control.servers.create(&admin, slug, new).await.unwrap().server;
    let member = world.member(&project, Role::Member).await;
    store_key(&world, &member, slug).await;
    (world, project, admin, member, server)
}

async fn store_key(world: &World, member: &Principal, slug: &str) {
    let values = vec![(Slot::Header("x-key".to_owned()), Some("s3cret".into()))];
    world.control.personal_secrets.update(member, slug, "far", values).await.unwrap();
}

fn to(url: &str) -> ServerPatch {
    let transport = TransportPatch {
        kind: Some(TransportKind::StreamableHttp),
        url: Some(url.to_owned()),
        ..TransportPatch::default()
    };
    ServerPatch { transport: Some(transport), ..ServerPatch::default() }
}

#[tokio::test]
async fn values_do_not_follow_a_server_to_another_host() {
    let (world, project, admin, member, server) = remote().await;
    let slug = project.slug.as_str();
    let stored = async || PersonalSecretRepo::list(&world.store, server.id, member.user_id).await.unwrap().len();
    let servers = &world.control.servers;
    servers.update(&admin, slug, "far", to("https://good.example/other"), None).await.unwrap();
    assert_eq!(stored().await, 1, "it is the same host");
    servers.update(&admin, slug, "far", to("https://evil.example/mcp"), None).await.unwrap();
    assert_eq!(stored().await, 0);
    let seen = world.control.personal_secrets.list(&member, slug, "far").await.unwrap();
    assert_eq!((seen.len(), seen[0].stored_at), (1, None), "the member is asked for it again");
    let audit = world.audit().await;
    let owner = UserRepo::find(&world.store, member.user_id).await.unwrap().unwrap();
    let forgotten = format!("login personal_secret.delete far of {}: the server leads elsewhere now", owner.email);
    assert_eq!(audit[audit.len() - 2..], ["login server.update far url, values of members removed".into(), forgotten]);

    // Nor by way of a process.
    store_key(&world, &member, slug).await;
    let transport = TransportPatch {
        kind: Some(TransportKind::Stdio),
        command: Some("npx".to_owned()),
        ..TransportPatch::default()
    };
    let patch = ServerPatch { transport: Some(transport), ..ServerPatch::default() };
    servers.update(&admin, slug, "far", patch, None).await.unwrap();
    assert_eq!(stored().await, 0);
}

#[tokio::test]
async fn values_do_not_follow_a_server_that_a_file_moves() {
    let (world, project, admin, member, server) = remote().await;
    let slug = project.slug.as_str();
    let stored = async || PersonalSecretRepo::list(&world.store, server.id, member.user_id).await.unwrap().len();
    let import = async |url: &str, mode| {
        let text = format!(r#"{{"far": {{"type": "http", "url": "{url}"}}}}"#);
        world.control.import.run(&admin, slug, &text, mode).await.unwrap().servers[0]
            .changes
            .lines()
            .collect::<Vec<_>>()
    };
    assert_eq!(import("https://good.example/other", ImportMode::Apply).await, ["url"]);
    assert_eq!(stored().await, 1);
    let said = ["url", "values of members removed"];
    assert_eq!(import("https://evil.example/mcp", ImportMode::DryRun).await, said);
    assert_eq!(stored().await, 1, "nothing was done");
    assert_eq!(import("https://evil.example/mcp", ImportMode::Apply).await, said);
    assert_eq!(stored().await, 0);
}

/// The address that they were written for is still there.
#[tokio::test]
async fn values_stay_when_a_change_is_refused() {
    let (world, project, admin, member, server) = remote().await;
    let slug = project.slug.as_str();
    let servers = &world.control.servers;
    let stored = async || PersonalSecretRepo::list(&world.store, server.id, member.user_id).await.unwrap().len();
    let before = world.audit().await;
    let elsewhere = || to("https://evil.example/mcp");
    let stale = servers.update(&admin, slug, "far", elsewhere(), Some(7)).await;
    assert!(matches!(stale, Err(ControlError::Stale { .. })), "{stale:?}");
    world.server(&admin, &project, "taken").await;
    let renamed = ServerPatch { alias: Some("taken".into()), ..elsewhere() };
    let taken = servers.update(&admin, slug, "far", renamed, None).await;
    assert!(matches!(taken, Err(ControlError::Taken(_))), "{taken:?}");
    // By a rival that a version was expected of, as late as can be.
    let (store, id) = (world.store.clone(), server.id);
    world.rivals.then(async move || rename(&store, id).await);
    let stale = servers.update(&admin, slug, "far", elsewhere(), Some(server.version)).await;
    assert!(matches!(stale, Err(ControlError::Stale { .. })), "{stale:?}");
    assert_eq!((world.rivals.left(), stored().await), (0, 1));
    let audit = world.audit().await;
    assert!(!audit[before.len()..].iter().any(|entry| entry.contains("personal_secret")), "{audit:?}");
}

async fn rename(store: &MemoryStore, id: ServerId) {
    let server = ServerRepo::find(store, id).await.unwrap().unwrap();
    let server = Server { name: "theirs".into(), version: server.version + 1, ..server };
    ServerRepo::update(store, &ServerUpdate::new(server, setup_entry())).await.unwrap();
}

/// A value is written for the place that the member has seen.
#[tokio::test]
async fn values_are_not_stored_for_a_place_that_nobody_has_seen() {
    let (world, project, _, member, server) = remote().await;
    let slug = project.slug.as_str();
    let value = |text: &str| vec![(Slot::Header("x-key".to_owned()), Some(text.into()))];
    let own = &world.control.personal_secrets;
    let sealed = async || PersonalSecretRepo::list(&world.store, server.id, member.user_id).await.unwrap();
    // Another name is the same place.
    let (store, id) = (world.store.clone(), server.id);
    world.rivals.then(async move || rename(&store, id).await);
    let before = sealed().await;
    own.update(&member, slug, "far", value("other")).await.unwrap();
    let after = sealed().await;
    assert_eq!(world.rivals.left(), 0);
    assert_ne!(after, before);

    let store = world.store.clone();
    world.rivals.then(async move || {
        let server = ServerRepo::find(&store, id).await.unwrap().unwrap();
        let transport = Transport::StreamableHttp { url: "https://evil.example/mcp".into() };
        let server = Server { transport, version: server.version + 1, ..server };
        ServerRepo::update(&store, &ServerUpdate::new(server, setup_entry())).await.unwrap();
    });
    let refused = own.update(&member, slug, "far", value("third")).await;
    assert!(matches!(refused, Err(ControlError::Conflict { .. })), "{refused:?}");
    assert_eq!((world.rivals.left(), sealed().await), (0, after), "nothing was written");
}

/// Who may change the command reads what the program is started with anyway.
#[tokio::test]
async fn values_stay_with_a_process_whatever_its_command() {
    let (world, project, admin, server) = setup().await;
    let slug = project.slug.as_str();
    let values = vec![(token(), Some("s3cret".into()))];
    world.control.personal_secrets.update(&admin, slug, "echo", values).await.unwrap();
    let transport = TransportPatch { command: Some("uvx".to_owned()), ..TransportPatch::default() };
    let patch = ServerPatch { transport: Some(transport), ..ServerPatch::default() };
    world.control.servers.update(&admin, slug, "echo", patch, None).await.unwrap();
    assert_eq!(PersonalSecretRepo::list(&world.store, server.id, admin.user_id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn only_members_with_a_login_have_values_of_their_own() {
    let (world, project, _, _) = setup().await;
    let slug = project.slug.as_str();
    let viewer = world.member(&project, Role::Viewer).await;
    let own = &world.control.personal_secrets;
    assert!(is_forbidden(&own.list(&viewer, slug, "echo").await));
    let console = Principal { credential: Credential::Console, ..viewer.clone() };
    assert!(is_forbidden(&own.update(&console, slug, "echo", vec![(token(), Some("x".into()))]).await));
    let stranger = world.project().await.1;
    assert!(is_missing(&own.list(&stranger, slug, "echo").await));
}

#[tokio::test]
async fn what_is_not_personal_is_refused_by_name() {
    let (world, project, admin, _) = setup().await;
    let values = vec![(Slot::Env("PATH".to_owned()), Some("/evil".into()))];
    let outcome = world.control.personal_secrets.update(&admin, project.slug.as_str(), "echo", values).await;
    let Err(ControlError::Invalid { problems }) = outcome else { panic!("{outcome:?}") };
    assert_eq!(problems[0].to_string(), "env.PATH: it is not personal; this server takes env TOKEN");
}

#[tokio::test]
async fn how_a_server_is_run_goes_out_and_comes_back_with_a_file() {
    let (world, project, admin, before) = setup().await;
    let slug = project.slug.as_str();
    let run = RunPatch {
        isolation: Some(Isolation::PerSession),
        always_on: Some(true),
        idle_stop: Some(Some(Duration::from_millis(2500))),
        tool_timeouts: BTreeMap::from([("slow".to_owned(), Some(Duration::from_secs(300)))]),
        max_in_flight: Some(Some(5)),
        max_connections: Some(Some(7)),
        ..RunPatch::default()
    };
    let patch = ServerPatch { run, ..ServerPatch::default() };
    let server = world.control.servers.update(&admin, slug, "echo", patch, None).await.unwrap().server;
    assert_eq!(server.generation, before.generation + 1, "another isolation replaces what runs");
    let file = world.control.export.get(&admin, slug).await.unwrap();
    let expected = r#"{"isolation":"per_session","alwaysOn":true,"idleStop":2.5,"maxInFlight":5,"maxConnections":7,"toolTimeouts":{"slow":300},"personalEnv":{"TOKEN":{"required":true,"description":"your token"}}}"#;
    assert_eq!(file["mcpServers"]["echo"]["x-orchestrator"].to_string(), expected);

    let text = format!(r#"{{"again": {{"command": "npx", "x-orchestrator": {expected}}}}}"#);
    world.control.import.run(&admin, slug, &text, ImportMode::Apply).await.unwrap();
    let again = world.control.servers.get(&admin, slug, "again").await.unwrap().server;
    assert_eq!(again.run, server.run);
    // A file of another client, which knows nothing of it, changes nothing of it.
    let plan =
        world.control.import.run(&admin, slug, r#"{"again": {"command": "npx"}}"#, ImportMode::Apply).await.unwrap();
    assert_eq!(plan.servers[0].changes.lines().collect::<Vec<_>>(), Vec::<String>::new());
    let again = world.control.servers.get(&admin, slug, "again").await.unwrap().server;
    assert_eq!(again.run, server.run);
}

#[tokio::test]
async fn a_file_with_a_wrong_setting_says_where() {
    let (world, project, admin, _) = setup().await;
    for (member, expected) in [
        (
            r#"{"isolation": "mine"}"#,
            r#"x.x-orchestrator.isolation: it is not understood; write "shared", "per_principal" or "per_session""#,
        ),
        (
            r#"{"alwaysOff": true}"#,
            "x.x-orchestrator.alwaysOff: it is not understood; leave it out: it is not known here",
        ),
        (r#"{"maxInFlight": 0}"#, "x.run.max_in_flight: it is out of range; write 1 to 65536"),
        ("7", "x.x-orchestrator: it is not understood; write an object"),
    ] {
        let text = format!(r#"{{"x": {{"command": "a", "x-orchestrator": {member}}}}}"#);
        let plan = world.control.import.run(&admin, project.slug.as_str(), &text, ImportMode::DryRun).await.unwrap();
        let problems: Vec<_> = plan.problems.iter().map(ToString::to_string).collect();
        assert!(problems.iter().any(|problem| problem.ends_with(expected)), "{expected} in {problems:?}");
    }
}
