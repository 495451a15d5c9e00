//! Tools, called in the process of the command.

use serde_json::json;

use crate::harness::Admin;

#[test]
fn calls_a_tool_and_shows_its_text() {
    let admin = Admin::with_demo();
    let call = ["tool", "call", "--project", "demo", "echo", "echo", "--arguments", r#"{"message": "you"}"#];
    // The server is started with its secrets, which are stored sealed.
    let spaced = admin.run_all(&call, "");
    assert_eq!((spaced.code, spaced.stdout.as_str()), (0, "hello \n"), "arguments are passed on as they are written");
    let call = ["tool", "call", "--project", "demo", "echo", "echo", "--arguments", r#"{"message":"you"}"#];
    assert_eq!(admin.run_all(&call, "").text(0), "hello you\n");
    let from_stdin = admin.run_with("tool call --project demo echo echo --arguments -", r#"{"message":"stdin"}"#);
    assert_eq!(from_stdin.text(0), "hello stdin\n");
}

#[test]
fn shows_the_raw_result_as_json() {
    let admin = Admin::with_demo();
    let raw = admin.run("tool call --project demo echo echo --json");
    assert_eq!(raw.stdout, "{\"content\":[{\"type\":\"text\",\"text\":\"hello \"}],\"vendor\":1.0}\n");
    raw.text(0);
}

#[test]
fn a_tool_that_reports_an_error_fails_the_command() {
    let admin = Admin::with_demo();
    let failed = admin.run("tool call --project demo echo fail");
    assert!(failed.stderr.contains("the tool reported an error"), "{failed:?}");
    assert_eq!(failed.text(1), "it failed\n");
    let unavailable = admin.run("tool call --project demo broken x");
    assert!(unavailable.stderr.contains("server broken is not available"), "{unavailable:?}");
    unavailable.text(1);
}

#[test]
fn lists_tools_and_names_servers_that_do_not_start() {
    let admin = Admin::with_demo();
    let listed = admin.run("tool list --project demo");
    assert!(listed.stderr.contains("warning: server broken is not available"), "{listed:?}");
    assert_eq!(listed.text(0), "SERVER  TOOL  DESCRIPTION\necho    echo  Says it back\necho    fail  -\n");
    // Now it is known, and the server is not started again.
    let known = admin.run("tool list --project demo echo --json").json();
    assert_eq!(known[1]["definition"], json!({ "name": "fail", "inputSchema": { "type": "object" } }));
    admin.run("server disable --project demo echo").text(0);
    admin.run("tool list --project demo echo").text(4);
}
