//! An instance on which no server runs without a whole sandbox: what may be made, changed and imported.

use orch_control::error::ControlError;
use orch_control::import::ImportMode;
use orch_control::servers::blueprint::NewTransport;
use orch_control::servers::confinement::{LimitsPatch, SandboxPatch};
use orch_control::servers::run_patch::RunPatch;
use orch_control::servers::transport_patch::{TransportKind, TransportPatch};
use orch_control::servers::{NewServer, ServerPatch};
use orch_domain::dialect::Dialect;
use orch_domain::limits::Limit;
use orch_domain::port::server_repo::ServerRepo;
use orch_domain::principal::Principal;
use orch_domain::project::Project;
use orch_domain::sandbox::SandboxMode;
use orch_domain::server::Server;
use orch_testkit::builders::a_server;

use crate::world::{World, setup_entry};

const RULE: &str = "this instance starts no server without a whole sandbox (its setting servers.sandbox)";

async fn setup() -> (World, Project, Principal) {
    let world = World::requiring_sandboxes();
    let (project, admin) = world.project().await;
    (world, project, admin)
}

fn of_mode(mode: Option<SandboxMode>) -> SandboxPatch {
    SandboxPatch { mode, ..SandboxPatch::default() }
}

fn a_new(alias: &str, mode: Option<SandboxMode>, transport: NewTransport) -> NewServer {
    NewServer {
        alias: alias.into(),
        name: None,
        enabled: true,
        call_timeout: None,
        dialect: Dialect::default(),
        run: RunPatch::default(),
        transport,
        limits: LimitsPatch::default(),
        sandbox: of_mode(mode),
    }
}

fn echo() -> NewTransport {
    NewTransport::Stdio { command: "echo".into(), args: Vec::new(), env: Vec::new(), cwd: None }
}

fn remote() -> NewTransport {
    NewTransport::StreamableHttp { url: "https://a.example/".into(), headers: Vec::new() }
}

#[track_caller]
fn is_refused<T: std::fmt::Debug>(outcome: Result<T, ControlError>) {
    let Err(ControlError::Invalid { problems }) = outcome else { panic!("it was let through: {outcome:?}") };
    let [problem] = problems.as_slice() else { panic!("{problems:?}") };
    assert!(problem.field.ends_with("sandbox.mode"), "{problem}");
    assert_eq!((problem.problem.as_str(), problem.hint.as_str()), (RULE, "set the mode to on"));
}

/// As it was made before the rule.
async fn stored(world: &World, project: &Project, server: Server) -> Server {
    let server = Server { project_id: project.id, ..server };
    ServerRepo::create(&world.store, &server, &setup_entry()).await.unwrap();
    world.catch_up().await;
    server
}

#[tokio::test]
async fn nothing_is_made_without_one() {
    let (world, project, admin) = setup().await;
    let create = async |new| world.control.servers.create(&admin, project.slug.as_str(), new).await;
    for mode in [SandboxMode::Off, SandboxMode::BestEffort] {
        is_refused(create(a_new("refused", Some(mode), echo())).await);
        // Not in the hope that nobody enables it, either.
        is_refused(create(NewServer { enabled: false, ..a_new("refused", Some(mode), echo()) }).await);
    }
    assert_eq!(create(a_new("silent", None, echo())).await.unwrap().server.sandbox.mode, SandboxMode::On);
    assert_eq!(
        create(a_new("said", Some(SandboxMode::On), echo())).await.unwrap().server.sandbox.mode,
        SandboxMode::On
    );
    assert_eq!(create(a_new("remote", None, remote())).await.unwrap().server.sandbox.mode, SandboxMode::Off);
}

#[tokio::test]
async fn what_was_made_before_can_be_confined_or_put_away_and_nothing_else() {
    let (world, project, admin) = setup().await;
    stored(&world, &project, a_server().named("old").stdio("echo").build()).await;
    let slug = project.slug.as_str();
    let update = async |patch| world.control.servers.update(&admin, slug, "old", patch, None).await;
    let named = ServerPatch { name: Some("Old".into()), ..ServerPatch::default() };
    is_refused(update(named.clone()).await);
    world.control.servers.disable(&admin, slug, "old").await.unwrap();
    update(named).await.unwrap();
    is_refused(update(ServerPatch { sandbox: of_mode(Some(SandboxMode::BestEffort)), ..ServerPatch::default() }).await);
    is_refused(world.control.servers.enable(&admin, slug, "old").await);
    let confined =
        ServerPatch { sandbox: of_mode(Some(SandboxMode::On)), enabled: Some(true), ..ServerPatch::default() };
    assert!(update(confined).await.unwrap().server.enabled);
    let off = ServerPatch { sandbox: of_mode(Some(SandboxMode::Off)), ..ServerPatch::default() };
    is_refused(update(off.clone()).await);
    is_refused(update(ServerPatch { enabled: Some(false), ..off }).await);
}

#[tokio::test]
async fn what_becomes_a_process_is_confined() {
    let (world, project, admin) = setup().await;
    let slug = project.slug.as_str();
    world.control.servers.create(&admin, slug, a_new("there", None, remote())).await.unwrap();
    let to = |kind, command: Option<&str>, url: Option<&str>| ServerPatch {
        transport: Some(TransportPatch {
            kind: Some(kind),
            command: command.map(str::to_owned),
            url: url.map(str::to_owned),
            ..TransportPatch::default()
        }),
        ..ServerPatch::default()
    };
    let update = async |patch| world.control.servers.update(&admin, slug, "there", patch, None).await;
    let process = to(TransportKind::Stdio, Some("echo"), None);
    is_refused(update(ServerPatch { sandbox: of_mode(Some(SandboxMode::Off)), ..process.clone() }).await);
    assert_eq!(update(process).await.unwrap().server.sandbox.mode, SandboxMode::On);
    // And back, where a sandbox means nothing.
    let back = update(to(TransportKind::StreamableHttp, None, Some("https://a.example/"))).await.unwrap();
    assert_eq!(back.server.sandbox.mode, SandboxMode::Off);
}

#[tokio::test]
async fn nothing_is_imported_without_one() {
    let (world, project, admin) = setup().await;
    let slug = project.slug.as_str();
    let import = async |sandbox: &str, mode| {
        let text = format!(r#"{{"mcpServers": {{"tool": {{"command": "echo"{sandbox}}}}}}}"#);
        world.control.import.run(&admin, slug, &text, mode).await
    };
    let with = |sandbox: &str| format!(r#", "x-orchestrator": {{"sandbox": {sandbox}}}"#);
    for refused in [with(r#"{"mode": "off"}"#), with(r#"{"mode": "best_effort"}"#)] {
        is_refused(import(&refused, ImportMode::Apply).await);
    }
    let mode = async || ServerRepo::list(&world.store, project.id).await.unwrap()[0].sandbox.mode;
    import("", ImportMode::Apply).await.unwrap();
    assert_eq!(mode().await, SandboxMode::On);
    // A profile that leaves its mode to the instance.
    import(&with(r#"{"network": "none"}"#), ImportMode::Apply).await.unwrap();
    assert_eq!(mode().await, SandboxMode::On);
}

#[tokio::test]
async fn a_file_that_says_nothing_does_not_bring_back_what_was_made_before() {
    let (world, project, admin) = setup().await;
    stored(&world, &project, a_server().named("tool").stdio("echo").build()).await;
    let slug = project.slug.as_str();
    let silent = r#"{"mcpServers": {"tool": {"command": "cat"}}}"#;
    is_refused(world.control.import.run(&admin, slug, silent, ImportMode::Apply).await);
    let put_away = r#"{"mcpServers": {"tool": {"command": "cat", "disabled": true}}}"#;
    world.control.import.run(&admin, slug, put_away, ImportMode::Apply).await.unwrap();
}

#[tokio::test]
async fn a_limit_that_was_allowed_once_is_no_reason_to_change_nothing() {
    let world = World::new();
    let (project, admin) = world.project().await;
    stored(&world, &project, a_server().named("large").stdio("echo").limit(Limit::Memory, 9000).build()).await;
    let slug = project.slug.as_str();
    world.control.servers.disable(&admin, slug, "large").await.unwrap();
    let more = ServerPatch { limits: LimitsPatch(vec![(Limit::Memory, Some(9001))]), ..ServerPatch::default() };
    let refused = world.control.servers.update(&admin, slug, "large", more, None).await.unwrap_err();
    assert!(refused.to_string().contains("the most that this instance allows"), "{refused}");
}
