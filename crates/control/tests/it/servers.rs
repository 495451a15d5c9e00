//! Servers.

use std::time::Duration;

use orch_control::error::ControlError;
use orch_control::servers::blueprint::NewTransport;
use orch_control::servers::confinement::{LimitsPatch, SandboxPatch};
use orch_control::servers::run_patch::RunPatch;
use orch_control::servers::transport_patch::{TransportKind, TransportPatch};
use orch_control::servers::{NewServer, ServerPatch};
use orch_domain::dialect::Dialect;
use orch_domain::port::server_logs::LogQuery;
use orch_domain::role::Role;
use orch_domain::secret::Slot;
use orch_domain::server::Transport;
use orch_domain::server_state::ServerState;

use crate::world::{World, is_forbidden, is_missing, plain};

fn http(url: &str, headers: &[(&str, &str)]) -> NewTransport {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    NewTransport::StreamableHttp { url: url.into(), headers }
}

fn a_new(alias: &str, transport: NewTransport) -> NewServer {
    NewServer {
        alias: alias.into(),
        name: None,
        enabled: true,
        call_timeout: None,
        dialect: Dialect::default(),
        run: RunPatch::default(),
        transport,
        limits: LimitsPatch::default(),
        sandbox: SandboxPatch::default(),
    }
}

fn of_transport(transport: TransportPatch) -> ServerPatch {
    ServerPatch { transport: Some(transport), ..ServerPatch::default() }
}

#[tokio::test]
async fn seals_every_secret() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let server = world.server(&admin, &project, "echo").await.server;
    assert_eq!(plain(&server, &Slot::Arg(1)).as_deref(), Some("secret-arg"));
    assert_eq!(plain(&server, &Slot::Env("TOKEN".into())).as_deref(), Some("secret-token"));
    assert!(!format!("{server:?}").contains("secret-"));
    assert!(!format!("{:?}", world.audit_records().await).contains("secret-"));
}

#[tokio::test]
async fn names_every_problem_and_no_value() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let check = async |transport| {
        let outcome = world.control.servers.create(&admin, project.slug.as_str(), a_new("x", transport)).await;
        outcome.unwrap_err().to_string()
    };
    let stdio = NewTransport::Stdio {
        command: " ".into(),
        args: vec!["a".into(), "secret\0".into()],
        env: vec![("A=B".into(), "secret".into())],
        cwd: Some(String::new()),
    };
    assert_eq!(
        check(stdio).await,
        "transport.command: it is empty; write the program, such as npx\n\
         transport.cwd: it is empty; write a directory or leave the field out\n\
         transport.args[1]: it holds a NUL character; remove it\n\
         transport.env.A=B: it is not the name of a variable; use letters, digits and _"
    );
    assert_eq!(
        check(http("https://ada:secret@example.com", &[])).await,
        "transport.url: it holds credentials, and URLs are not secret here; \
         put them into the header Authorization instead, as Basic and the base64 of name:password"
    );
    assert_eq!(
        check(http("ftp://x", &[("Host", "x"), ("X-A", "secret\r\nX-B: 1"), ("a b", "x"), ("x-a", "twice")])).await,
        "transport.url: it is not an HTTP URL; write it as https://host/path\n\
         transport.headers.host: this header is written by the daemon; leave it out\n\
         transport.headers.x-a: the value holds a line break or control character; remove it\n\
         transport.headers.a b: it is not the name of a header; use letters, digits and -\n\
         transport.headers.x-a: it is there twice; leave one of them out"
    );
}

#[tokio::test]
async fn suggests_an_alias() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let new = a_new("My Server", http("https://example.com/mcp", &[]));
    let outcome = world.control.servers.create(&admin, project.slug.as_str(), new).await.unwrap_err();
    assert!(outcome.to_string().ends_with("such as my-server"), "{outcome}");
}

#[tokio::test]
async fn replaces_single_secrets() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let before = world.server(&admin, &project, "echo").await.server;
    let patch = TransportPatch {
        args: Some(vec![None, Some("new-arg".into()), Some("third".into())]),
        env: Some(vec![("OTHER".into(), Some("new".into()))]),
        ..TransportPatch::default()
    };
    let after = world.control.servers.update(&admin, slug, "echo", of_transport(patch), None).await.unwrap().server;
    let value = |slot| plain(&after, &slot);
    assert_eq!(value(Slot::Arg(0)).as_deref(), Some("-y"));
    assert_eq!(value(Slot::Arg(1)).as_deref(), Some("new-arg"));
    assert_eq!(value(Slot::Arg(2)).as_deref(), Some("third"));
    assert_eq!(value(Slot::Env("TOKEN".into())).as_deref(), Some("secret-token"));
    assert_eq!(value(Slot::Env("OTHER".into())).as_deref(), Some("new"));
    assert_eq!((after.version, after.generation), (before.version + 1, before.generation + 1));
    let patch = TransportPatch { env: Some(vec![("TOKEN".into(), None)]), ..TransportPatch::default() };
    let after = world.control.servers.update(&admin, slug, "echo", of_transport(patch), None).await.unwrap().server;
    assert_eq!(plain(&after, &Slot::Env("TOKEN".into())), None);
    let patch = TransportPatch { args: Some(vec![None, None, None, None]), ..TransportPatch::default() };
    let outcome = world.control.servers.update(&admin, slug, "echo", of_transport(patch), None).await.unwrap_err();
    assert!(outcome.to_string().starts_with("transport.args[3]: null keeps a stored argument"), "{outcome}");
    assert_eq!(world.audit().await.last().map(String::as_str), Some("login server.update echo env TOKEN"));
}

#[tokio::test]
async fn drops_the_secrets_of_a_process_when_it_becomes_a_connection() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    world.server(&admin, &project, "echo").await;
    let servers = &world.control.servers;
    let kind = |kind| TransportPatch { kind: Some(kind), ..TransportPatch::default() };
    let outcome = servers.update(&admin, slug, "echo", of_transport(kind(TransportKind::Sse)), None).await;
    assert_eq!(outcome.unwrap_err().to_string(), "transport.url: it is missing; write it as https://host/path");
    let patch = TransportPatch {
        url: Some("https://example.com/sse".into()),
        headers: Some(vec![("Authorization".into(), Some("Bearer x".into()))]),
        ..kind(TransportKind::Sse)
    };
    let after = servers.update(&admin, slug, "echo", of_transport(patch), None).await.unwrap().server;
    assert_eq!(after.transport, Transport::Sse { url: "https://example.com/sse".into() });
    assert_eq!(
        after.secrets.iter().map(|secret| secret.slot.clone()).collect::<Vec<_>>(),
        [Slot::Header("authorization".into())]
    );
    let patch = of_transport(kind(TransportKind::StreamableHttp));
    let after = servers.update(&admin, slug, "echo", patch, None).await.unwrap().server;
    assert_eq!(after.secrets.len(), 1, "the two ways of dialling have the same secrets");
    let foreign = TransportPatch { command: Some("npx".into()), ..TransportPatch::default() };
    let outcome = servers.update(&admin, slug, "echo", of_transport(foreign), None).await.unwrap_err();
    assert!(outcome.to_string().starts_with("transport.command: it does not belong"), "{outcome}");
}

#[tokio::test]
async fn leaves_what_runs_alone_unless_the_launch_changes() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    world.server(&admin, &project, "echo").await;
    let servers = &world.control.servers;
    let patch = ServerPatch {
        name: Some("Echo".into()),
        call_timeout: Some(Duration::from_secs(5)),
        run: RunPatch::default(),
        enabled: Some(false),
        ..ServerPatch::default()
    };
    let after = servers.update(&admin, slug, "echo", patch, Some(1)).await.unwrap().server;
    assert_eq!((after.version, after.generation, after.enabled), (2, 1, false));
    let same = TransportPatch { command: Some("npx".into()), ..TransportPatch::default() };
    let after = servers.update(&admin, slug, "echo", of_transport(same), Some(2)).await.unwrap().server;
    assert_eq!((after.version, after.generation), (2, 1));
    let refused = servers.restart(&admin, slug, "echo").await.unwrap_err();
    assert_eq!(refused.to_string(), "the server is disabled: enable it first");
    servers.enable(&admin, slug, "echo").await.unwrap();
    let after = servers.restart(&admin, slug, "echo").await.unwrap().server;
    assert_eq!((after.version, after.generation), (4, 2));
    let trail = world.audit().await;
    assert_eq!(
        trail[1..],
        [
            "login server.update echo name, timeout, disabled",
            "login server.enable echo enabled",
            "login server.restart echo"
        ]
    );
    for seconds in [0, 3601] {
        let patch = ServerPatch { call_timeout: Some(Duration::from_secs(seconds)), ..ServerPatch::default() };
        assert!(servers.update(&admin, slug, "echo", patch, None).await.is_err(), "{seconds}");
    }
}

#[tokio::test]
async fn starts_stops_and_reports_failures() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let slug = project.slug.as_str();
    let id = world.server(&admin, &project, "echo").await.server.id;
    let servers = &world.control.servers;
    assert_eq!(servers.start(&admin, slug, "echo").await.unwrap().status.state, ServerState::Ready);
    assert_eq!(servers.stop(&admin, slug, &id.to_string()).await.unwrap().status.state, ServerState::Stopped);
    world.runtime.failing.lock().unwrap().push(id);
    let outcome = servers.start(&admin, slug, "echo").await;
    assert!(matches!(outcome, Err(ControlError::Runtime { .. })), "{outcome:?}");
    assert_eq!(servers.logs(&admin, slug, "echo", &LogQuery::tail(2)).await.unwrap().len(), 2);
}

#[tokio::test]
async fn is_managed_by_admins_and_found_in_its_own_project_alone() {
    let world = World::new();
    let (project, admin) = world.project().await;
    let (other, other_admin) = world.project().await;
    let id = world.server(&admin, &project, "echo").await.server.id.to_string();
    let servers = &world.control.servers;
    let slug = project.slug.as_str();
    for role in [Role::Viewer, Role::Member] {
        let who = world.member(&project, role).await;
        assert!(servers.get(&who, slug, "echo").await.is_ok());
        assert!(is_forbidden(&servers.delete(&who, slug, "echo", None).await));
        assert!(is_forbidden(&servers.logs(&who, slug, "echo", &LogQuery::tail(1)).await));
        assert!(is_forbidden(&servers.start(&who, slug, "echo").await));
    }
    assert!(is_missing(&servers.get(&other_admin, other.slug.as_str(), &id).await));
    assert!(is_missing(&servers.delete(&other_admin, other.slug.as_str(), &id, None).await));
    servers.delete(&admin, slug, &id, Some(1)).await.unwrap();
    assert!(is_missing(&servers.get(&admin, slug, "echo").await));
}
