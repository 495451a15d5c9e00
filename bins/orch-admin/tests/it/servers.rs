//! Servers: import, export and switches.

use serde_json::json;

use crate::harness::{Admin, echo};

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
        ("limits --project demo far --set memory_mib=5", "error: --set memory_mib: it means nothing for a remote"),
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
    for command in ["server restart --project demo echo", "tool call --project demo echo echo"] {
        let refused = admin.run(command);
        assert_eq!(refused.stderr, "error: the server is disabled: enable it first\n", "{command}");
        refused.text(4);
    }
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
    let key = admin.run("key create --project demo laptop --json").json();
    let key = key["key"].as_str().expect("a key");
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
    let claude = admin.run_with("server export --project demo --client claude-code --key -", key);
    let url = "http://localhost:8000/projects/demo/unified/mcp";
    let command = format!("claude mcp add --transport http demo {url} --header 'Authorization: Bearer {key}'");
    assert!(claude.stderr.ends_with(&format!("or run:\n{command}\n")), "{claude:?}");
    assert_eq!(claude.json()["mcpServers"]["demo"]["url"], url, "standard output is the file and nothing else");
    admin.run("server export --project demo --client emacs").text(2);
    admin.run_with("server export --project demo --client zed --key -", "not a key").text(2);
    admin.run("server export --project demo --client zed --server nothing").text(3);

    let of = |project: &str, key: &str| {
        admin.run_with(&format!("server export --project {project} --client zed --key -"), key)
    };
    let last = if key.ends_with('x') { 'y' } else { 'x' };
    let mistyped = of("demo", &format!("{}{last}", &key[..key.len() - 1]));
    assert!(mistyped.stderr.starts_with("error: --key: it is no API key of ours"), "{mistyped:?}");
    mistyped.text(2);
    admin.run("project create Other").text(0);
    of("other", key).text(3);
    of("demo", key).text(0);
    admin.run("key revoke --project demo laptop").text(0);
    of("demo", key).text(3);
}

#[test]
fn starts_no_server_but_for_a_call() {
    let admin = Admin::with_demo();
    let marker = admin.path("marker");
    let script = format!("echo ran >> {}; exec sh {}", marker.display(), echo());
    let config = json!({ "mcpServers": { "kept": { "command": "sh", "args": ["-c", script] } } });
    admin.run_with("server import --project demo -", &config.to_string()).text(0);
    for command in [
        "server set --project demo kept --always-on true",
        "user list",
        "server restart --project demo kept",
        "server limits --project demo kept --set open_files=64",
        "server show --project demo kept",
        "project list",
    ] {
        admin.run(command).text(0);
        assert!(!marker.exists(), "{command}");
    }
    admin.run("tool call --project demo kept echo").text(0);
    assert_eq!(std::fs::read_to_string(&marker).expect("it ran"), "ran\n");
}

#[test]
fn shows_what_was_set() {
    let admin = Admin::with_demo();
    let set = "--idle-stop 60 --max-in-flight 3 --max-connections 2 --tool-timeout echo=5 --personal TOKEN";
    admin.run(&format!("server set --project demo echo {set}")).text(0);
    let shown = admin.run("server show --project demo echo --json").json();
    let run = json!({
        "isolation": "shared", "always_on": false, "idle_stop": 60.0, "tool_timeouts": { "echo": 5.0 },
        "max_in_flight": 3, "max_connections": 2, "personal_headers": {},
        "personal_env": { "TOKEN": { "required": true, "description": "" } },
    });
    assert_eq!(shown["run"], run);
    let text = admin.run("server show --project demo echo").text(0);
    for line in
        ["idle stop     60 s", "max in flight 3", "connections   2", "tool timeout  echo: 5 s", "personal      TOKEN"]
    {
        assert!(text.contains(&format!("\n{line}\n")), "{line}: {text}");
    }
    admin.run("server set --project demo echo --idle-stop default --not-personal TOKEN").text(0);
    let text = admin.run("server show --project demo echo").text(0);
    assert!(text.contains("\nidle stop     default\n") && !text.contains("TOKEN"), "{text}");
}

#[test]
fn sets_and_clears_what_a_sandbox_opens() {
    let admin = Admin::with_demo();
    let sandbox = |arguments: &str| admin.run(&format!("server sandbox --project demo echo {arguments}"));
    let opened = admin.file("opened", "");
    let set = sandbox(&format!("on --read {opened} --write {opened} --network 443,8443")).text(0);
    assert_eq!(set, format!("mode on, network 443,8443\nread  {opened}\nwrite {opened}\n"));
    let seen = sandbox("--json").json();
    assert_eq!((&seen["network"], &seen["ports"]), (&json!("ports"), &json!([443, 8443])));
    assert_eq!(sandbox("--read none").text(0), format!("mode on, network 443,8443\nread  -\nwrite {opened}\n"));
    assert_eq!(sandbox("--write  --network none").text(0), "mode on, network none\nread  -\nwrite -\n");

    for (arguments, said) in [
        ("--network foo", "--network: \"foo\" is no network access; use full, none, or ports such as 443,8443"),
        ("--network ports", "--network: \"ports\" is no network access"),
    ] {
        let refused = sandbox(arguments);
        assert!(refused.stderr.starts_with(&format!("error: {said}")), "{arguments}: {refused:?}");
        refused.text(2);
    }
}
