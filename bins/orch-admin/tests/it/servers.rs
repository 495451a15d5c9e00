//! Servers: import, export and switches.

use serde_json::json;

use crate::harness::Admin;

#[test]
fn imports_what_a_client_has() {
    let admin = Admin::with_demo();
    let config = json!({ "mcpServers": {
        "My Server": { "command": "run", "args": ["--token", "s3cr3t"], "disabled": true, "autoApprove": ["x"] },
        "remote": { "type": "http", "url": "https://example.com/mcp", "headers": { "Authorization": "Bearer s3cr3t" } },
    }})
    .to_string();
    let planned = admin.run_with("server import --project demo - --dry-run --json", &config).json();
    assert_eq!(planned["dry_run"], true);
    assert_eq!(planned["servers"][0]["alias"], "my-server");
    assert_eq!(planned["servers"][0]["action"], "create");
    assert_eq!(admin.run("server list --project demo --json").json().as_array().map(Vec::len), Some(2));

    admin.run_with("server import --project demo -", &config).text(0);
    let again = admin.run_with("server import --project demo - --json", &config).json();
    assert_eq!(again["servers"][0]["action"], "unchanged", "a second import changes nothing");

    let exported = admin.run("server export --project demo");
    assert!(!exported.stdout.contains("s3cr3t"), "{exported:?}");
    let exported = exported.json();
    assert_eq!(exported["mcpServers"]["My Server"]["autoApprove"], json!(["x"]));
    assert_eq!(exported["mcpServers"]["My Server"]["disabled"], true);
    let back = admin.run_with("server import --project demo - --json", &exported.to_string()).json();
    assert_eq!(back["servers"].as_array().map(Vec::len), Some(4));
    assert_eq!(back["servers"][0]["action"], "unchanged", "an exported file imports: {back}");
}

#[test]
fn a_file_with_a_problem_imports_nothing() {
    let admin = Admin::with_demo();
    let config = json!({ "mcpServers": { "good": { "command": "x" }, "bad": { "args": ["y"] } } }).to_string();
    let refused = admin.run_with("server import --project demo -", &config);
    assert!(refused.stderr.contains("mcpServers.bad"), "{refused:?}");
    refused.text(2);
    let planned = admin.run_with("server import --project demo - --dry-run --json", &config);
    assert!(planned.stdout.contains("\"problems\": [\n    {"), "{planned:?}");
    planned.text(2);
    assert_eq!(admin.run("server list --project demo --json").json().as_array().map(Vec::len), Some(2));
}

#[test]
fn switches_servers() {
    let admin = Admin::with_demo();
    assert_eq!(admin.run("server disable --project demo echo --json").json()["enabled"], false);
    assert_eq!(admin.run("server enable --project demo echo --json").json()["enabled"], true);
    let text = admin.run("server restart --project demo echo").text(0);
    assert_eq!(text, "asked for a restart of echo\n");
    let table = admin.run("server list --project demo").text(0);
    assert!(table.starts_with("ALIAS   NAME    TRANSPORT  ENABLED  TARGET\nbroken  broken  stdio      yes"), "{table}");
}

#[test]
fn exports_the_settings_of_clients() {
    let admin = Admin::with_demo();
    let key = "orch_AbCdEfGhIjKl_secret_check1";
    let text = admin.run_with("server export --project demo --client codex --key -", key).text(0);
    assert!(
        text.starts_with("[mcp_servers.\"demo\"]\nurl = \"http://localhost:8000/projects/demo/unified/mcp\""),
        "{text}"
    );
    assert!(text.contains(key), "{text}");
    let one = admin.run("server export --project demo --client cursor --server echo --json").json();
    assert_eq!(one["url"], "http://localhost:8000/projects/demo/servers/echo/mcp");
    assert!(one["text"].as_str().is_some_and(|text| text.contains("YOUR_API_KEY")), "{one}");
    assert!(one["install_link"].as_str().is_some_and(|link| link.starts_with("cursor://")), "{one}");
    admin.run("server export --project demo --client emacs").text(2);
    admin.run_with("server export --project demo --client zed --key -", "not a key").text(2);
    admin.run("server export --project demo --client zed --server nothing").text(3);
}
