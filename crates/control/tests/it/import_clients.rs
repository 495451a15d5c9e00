//! The files of every client, as they are.

use orch_domain::port::server_repo::ServerRepo;
use orch_domain::secret::Slot;
use orch_domain::server::{Server, Transport};

use orch_control::import::ImportMode;

use crate::world::{World, plain};

/// Imports a file into an empty project; gives the servers in one line each, and the warnings.
async fn import(text: &str) -> (Vec<String>, Vec<String>) {
    let world = World::new();
    let (project, admin) = world.project().await;
    let plan = world.control.import.run(&admin, project.slug.as_str(), text, ImportMode::Apply).await.unwrap();
    let servers = ServerRepo::list(&world.store, project.id).await.unwrap();
    let notes = plan.notes.iter().map(ToString::to_string).collect();
    assert!(!format!("{plan:?} {:?}", world.audit_records().await).contains("s3cret"));
    (servers.iter().map(line).collect(), notes)
}

fn line(server: &Server) -> String {
    let mut words = vec![server.alias.to_string()];
    if !server.enabled {
        words.push("disabled".into());
    }
    match &server.transport {
        Transport::Stdio { command, cwd } => {
            words.push(command.clone());
            words.extend(cwd.as_ref().map(|cwd| format!("in {cwd}")));
        }
        Transport::StreamableHttp { url } | Transport::Sse { url } => {
            words.push(format!("{} {url}", server.transport.kind()));
        }
    }
    let mut slots: Vec<_> = server.secrets.iter().map(|secret| secret.slot.clone()).collect();
    slots.sort();
    for slot in slots {
        let value = plain(server, &slot).unwrap();
        words.push(match slot {
            Slot::Arg(_) => value,
            Slot::Env(name) => format!("{name}={value}"),
            Slot::Header(name) => format!("{name}: {value}"),
        });
    }
    if server.call_timeout != Server::DEFAULT_CALL_TIMEOUT {
        words.push(format!("{:?}", server.call_timeout));
    }
    if server.extra != "{}" {
        words.push(server.extra.clone());
    }
    words.join(" ")
}

#[tokio::test]
async fn claude_desktop() {
    let (servers, notes) = import(include_str!("../fixtures/claude-desktop.json")).await;
    assert_eq!(
        servers,
        [
            "filesystem npx -y @modelcontextprotocol/server-filesystem /home/ada/notes",
            "github docker run -i --rm -e GITHUB_PERSONAL_ACCESS_TOKEN ghcr.io/github/github-mcp-server \
             GITHUB_PERSONAL_ACCESS_TOKEN=s3cret-github",
        ]
    );
    assert_eq!(notes, ["line 2, column 3: not imported, as it is beside the servers: `globalShortcut`"]);
}

#[tokio::test]
async fn claude_code() {
    let (servers, notes) = import(include_str!("../fixtures/claude-code.json")).await;
    assert_eq!(
        servers,
        [
            "events sse https://mcp.example.com/sse x-api-key: s3cret-events",
            "local uvx mcp-server-git",
            "remote streamable-http https://mcp.example.com/mcp authorization: Bearer s3cret-remote",
        ]
    );
    assert!(notes.is_empty(), "{notes:?}");
}

#[tokio::test]
async fn cursor() {
    let (servers, notes) = import(include_str!("../fixtures/cursor.json")).await;
    assert_eq!(
        servers,
        [
            "my-server-2 node server.js API_KEY=s3cret-cursor",
            "old sse http://localhost:3001/sse",
            "web streamable-http http://localhost:3001/mcp",
        ]
    );
    assert_eq!(
        notes,
        ["line 5, column 5: mcpServers.old.url: taken for HTTP+SSE, as it ends in /sse; add \"type\" to say otherwise"]
    );
}

#[tokio::test]
async fn cline() {
    let (servers, notes) = import(include_str!("../fixtures/cline.json")).await;
    assert_eq!(
        servers,
        [
            "hub streamable-http https://hub.example.com/mcp authorization: Bearer s3cret-hub {\"alwaysAllow\":[]}",
            "weather disabled node /opt/weather/index.js OPENWEATHER_API_KEY=s3cret-weather 60s \
             {\"autoApprove\":[\"get_forecast\"]}",
        ]
    );
    assert_eq!(
        notes,
        [
            "line 8, column 7: mcpServers.weather.autoApprove: it means nothing here; it is kept, and exported again to admins",
            "line 15, column 7: mcpServers.hub.alwaysAllow: it means nothing here; it is kept, and exported again to admins",
        ]
    );
}

#[tokio::test]
async fn windsurf() {
    let (servers, _) = import(include_str!("../fixtures/windsurf.json")).await;
    assert_eq!(
        servers,
        [
            "figma streamable-http https://figma.example.com/mcp api_key: s3cret-figma",
            "local npx -y local-server {\"disabledTools\":[\"delete_all\"]}",
        ]
    );
}

#[tokio::test]
async fn gemini_cli() {
    let (servers, notes) = import(include_str!("../fixtures/gemini-cli.json")).await;
    assert_eq!(
        servers,
        [
            "python python -m my_mcp_server --port 8080 API_KEY=s3cret-gemini 15s",
            "remote streamable-http https://mcp.example.com/mcp authorization: Bearer s3cret-remote 600s \
             {\"trust\":false,\"excludeTools\":[\"drop\"]}",
        ]
    );
    let millis = "taken for milliseconds, as it would be more than an hour; write seconds to say it yourself";
    assert_eq!(notes.iter().filter(|note| note.ends_with(millis)).count(), 2, "{notes:?}");
}

#[tokio::test]
async fn vscode() {
    let (servers, notes) = import(include_str!("../fixtures/vscode.json")).await;
    assert_eq!(
        servers,
        [
            "fetch uvx mcp-server-fetch",
            "tracker streamable-http https://tracker.example.com/mcp authorization: Bearer s3cret-tracker",
        ]
    );
    assert_eq!(
        notes,
        ["line 3, column 3: inputs: these are questions that VS Code asks, and nobody is asked here; \
          write the values in place of ${input:...}"]
    );
}

#[tokio::test]
async fn vscode_settings() {
    let (servers, notes) = import(include_str!("../fixtures/vscode-settings.json")).await;
    assert_eq!(servers, ["fetch uvx mcp-server-fetch {\"envFile\":\"/home/ada/.env\"}"]);
    assert_eq!(
        notes,
        [
            "line 4, column 5: inputs: these are questions that VS Code asks, and nobody is asked here; \
             write the values in place of ${input:...}",
            "line 2, column 3: not imported, as it is beside the servers: `editor.fontSize`",
            "line 6, column 66: mcp.servers.fetch.envFile: it means nothing here; it is kept, and exported again to admins",
        ]
    );
}

#[tokio::test]
async fn zed() {
    let (servers, _) = import(include_str!("../fixtures/zed-nested.json")).await;
    assert_eq!(
        servers,
        ["postgres /usr/bin/postgres-mcp --stdio DATABASE_URL=postgres://ada:s3cret-zed@db/notes \
          {\"source\":\"custom\",\"settings\":{}}"]
    );
    let (servers, _) = import(include_str!("../fixtures/zed-flat.json")).await;
    assert_eq!(
        servers,
        [
            "local disabled local-mcp {\"source\":\"custom\"}",
            "remote streamable-http https://remote.example.com/mcp authorization: Bearer s3cret-flat",
        ]
    );
}

#[tokio::test]
async fn without_a_wrapper() {
    let (servers, _) = import(include_str!("../fixtures/bare.json")).await;
    assert_eq!(servers, ["echo echo-mcp in /srv/echo", "servers a-server-that-is-called-servers"]);
    let (servers, _) = import("{}").await;
    assert!(servers.is_empty());
    let (servers, _) = import("\u{feff}{\"mcpServers\": {}}").await;
    assert!(servers.is_empty());
}
