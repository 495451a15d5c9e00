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
fn says_which_file_which_line_and_what_to_write() {
    let admin = Admin::with_demo();
    let text = "{ \"mcpServers\": {\n  \"a\": { \"url\": 5 },\n  \"b\": { \"command\": [\"x\", \"y\"] }\n} }\n";
    let file = admin.file("mine.json", text);
    let refused = admin.run(&format!("server import --project demo {file}"));
    let command = "write the first of them as \"command\": \"...\", and the others as \"args\": [\"...\"]";
    assert_eq!(
        refused.stderr,
        format!(
            "error: {file}: line 2, column 17: mcpServers.a.url: expected a string, found a number; \
             write \"https://...\"\n\
             {file}: line 3, column 21: mcpServers.b.command: expected a string, found an array; {command}\n"
        )
    );
    refused.text(2);
    let piped = admin.run_with("server import --project demo -", "{");
    assert!(piped.stderr.starts_with("error: standard input: line 1, column 1: this is not JSON"), "{piped:?}");
}

#[test]
fn a_remote_server_takes_no_limits_of_a_process() {
    let admin = Admin::with_demo();
    let config = json!({ "mcpServers": { "far": { "url": "https://example.com/mcp" } } }).to_string();
    admin.run_with("server import --project demo -", &config).text(0);
    for (arguments, said) in [
        ("limits --project demo far --set memory_mib=512", "error: --set memory_mib: it means nothing for a remote"),
        ("sandbox --project demo far --network none", "error: --network: it means nothing for a remote"),
        ("sandbox --project demo far on", "error: MODE: only a server that is a process of ours"),
    ] {
        let refused = admin.run(&format!("server {arguments}"));
        assert!(refused.stderr.starts_with(said), "{refused:?}");
        refused.text(2);
    }
    let table = admin.run("server limits --project demo far --set log_kib=512").text(0);
    assert_eq!(table, "LIMIT     OWN  EFFECTIVE\nline_kib  -    -\nlog_kib   512  512\n");
}

#[test]
fn switches_servers() {
    let admin = Admin::with_demo();
    assert_eq!(admin.run("server disable --project demo echo --json").json()["enabled"], false);
    assert_eq!(admin.run("server enable --project demo echo --json").json()["enabled"], true);
    let text = admin.run("server restart --project demo echo").text(0);
    assert_eq!(text, "asked for a restart of echo\n");
    let table = admin.run("server list --project demo").text(0);
    let head = "ALIAS   NAME    TRANSPORT  ENABLED  STATE  LISTS READ  TARGET           FAILURE\n";
    let row = "broken  broken  stdio      yes      -      never       /does/not/exist  -\n";
    assert!(table.starts_with(&format!("{head}{row}")), "{table}");
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
