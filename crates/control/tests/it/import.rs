//! Import: plans, problems, names, placeholders.

use orch_control::error::ControlError;
use orch_control::import::ImportMode;
use orch_control::import::plan::ImportVerb;
use orch_domain::port::server_repo::ServerRepo;
use orch_domain::principal::Principal;
use orch_domain::project::Project;
use orch_domain::role::Role;
use orch_domain::secret::Slot;
use serde_json::Value;

use crate::world::{World, is_forbidden, plain};

async fn setup() -> (World, Project, Principal) {
    let world = World::new();
    let (project, admin) = world.project().await;
    (world, project, admin)
}

/// The problems of a file, in one line each.
async fn problems(text: &str) -> Vec<String> {
    let (world, project, admin) = setup().await;
    let slug = project.slug.as_str();
    let plan = world.control.import.run(&admin, slug, text, ImportMode::DryRun).await.unwrap();
    let lines: Vec<_> = plan.problems.iter().map(ToString::to_string).collect();
    match world.control.import.run(&admin, slug, text, ImportMode::Apply).await {
        Err(ControlError::Invalid { problems }) => assert_eq!(problems, plan.problems),
        outcome => panic!("it was imported all the same: {outcome:?}"),
    }
    assert!(ServerRepo::list(&world.store, project.id).await.unwrap().is_empty(), "all or nothing");
    lines
}

#[tokio::test]
async fn says_where_and_what_to_write() {
    let text = r#"{
  "mcpServers": {
    "good": { "command": "npx" },
    "github": {
      "command": "npx",
      "args": ["-y", 8080, true, null],
      "env": { "A": 1, "B": ["x"] },
      "timeout": "30",
      "disabled": "no"
    }
  }
}"#;
    assert_eq!(
        problems(text).await,
        [
            "line 6, column 22: mcpServers.github.args[1]: expected a string, found a number; put it into double quotes",
            "line 6, column 28: mcpServers.github.args[2]: expected a string, found true or false; put it into double quotes",
            "line 6, column 34: mcpServers.github.args[3]: expected a string, found null; write \"...\"",
            "line 7, column 21: mcpServers.github.env.A: expected a string, found a number; put it into double quotes",
            "line 7, column 29: mcpServers.github.env.B: expected a string, found an array; write \"...\"",
            "line 8, column 18: mcpServers.github.timeout: expected a number, found a string; \
             write seconds without quotes, such as 30",
            "line 9, column 19: mcpServers.github.disabled: expected true or false, found a string; \
             write it without quotes",
        ]
    );
}

#[tokio::test]
async fn says_what_a_server_is_started_or_reached_with() {
    let text = r#"{ "mcpServers": {
  "one": { "url": 5 },
  "two": { "command": ["npx", "-y"] },
  "three": { "type": "stdio", "command": ["npx"] },
  "four": { "command": "npx", "args": "x" },
  "five": { "type": "http", "url": ["https://example.com"] },
  "six": { "type": "http" },
  "seven": { "command": 7 }
} }"#;
    let command = "expected a string, found an array; \
                   write the first of them as \"command\": \"...\", and the others as \"args\": [\"...\"]";
    let url = "write \"https://...\"";
    assert_eq!(
        problems(text).await,
        [
            &format!("line 2, column 19: mcpServers.one.url: expected a string, found a number; {url}"),
            &format!("line 3, column 23: mcpServers.two.command: {command}"),
            &format!("line 4, column 42: mcpServers.three.command: {command}"),
            "line 5, column 39: mcpServers.four.args: expected an array, found a string; put it into [ ]",
            &format!("line 6, column 36: mcpServers.five.url: expected a string, found an array; {url}"),
            "line 7, column 3: mcpServers.six.url: it is missing; write it, or change the type",
            "line 8, column 25: mcpServers.seven.command: expected a string, found a number; \
             write the program, such as \"npx\"",
        ]
    );
}

#[tokio::test]
async fn says_nothing_again_that_may_be_a_secret() {
    let text = r#"{ "mcpServers": { "a": { "command": "x", "args": [31337], "env": { "PIN": 31337 } } } }"#;
    let said = problems(text).await;
    assert_eq!(said.len(), 2);
    assert!(!said.join(" ").contains("31337"), "{said:?}");
}

#[tokio::test]
async fn explains_broken_json() {
    let table = [
        ("", "line 1, column 1: the file is empty; write {\"mcpServers\": {}}"),
        (
            "{\n  \"a\": 1\n  \"b\": 2\n}",
            "line 2, column 9: this is not JSON: expected comma; put a comma between the two",
        ),
        ("{'a': 1}", "line 1, column 2: this is not JSON: single-quoted strings are not allowed; use double quotes"),
        ("{\"a\": {", "line 1, column 7: this is not JSON: unterminated object; a } is missing"),
        (
            "[]",
            "line 1, column 1: expected an object; write {\"mcpServers\": {\"name\": {\"command\": \"npx\", \"args\": []}}}",
        ),
        (
            "{\"a\": 1}",
            "line 1, column 1: there are no servers in this file; \
                       write {\"mcpServers\": {\"name\": {\"command\": \"npx\", \"args\": []}}}",
        ),
        (
            "{\"command\": \"npx\"}",
            "line 1, column 1: this is one server without a name; \
                                    put it under a name: {\"mcpServers\": {\"name\": { ... }}}",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(problems(text).await, [expected], "{text}");
    }
}

#[tokio::test]
async fn survives_deep_nesting() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(problems(&deep).await.len(), 1);
    let deep = format!(
        "{{\"mcpServers\": {{\"a\": {{\"command\": \"x\", \"b\": {}1{}}}}}}}",
        "[".repeat(400),
        "]".repeat(400)
    );
    let (world, project, admin) = setup().await;
    assert!(world.control.import.run(&admin, project.slug.as_str(), &deep, ImportMode::Apply).await.is_ok());
}

#[tokio::test]
async fn is_quick_with_hostile_files() {
    let members = |count: usize, text: &str| {
        (0..count).map(|number| text.replace('#', &number.to_string())).collect::<Vec<_>>().join(",")
    };
    let files = [
        // Many members, values, servers, problems, and very long names, in some megabytes each.
        format!(r#"{{"x": {{"command": "x", {}}}}}"#, members(100_000, r##""m#": 1"##)),
        format!(r#"{{"x": {{"command": "x", "env": {{{}}}}}}}"#, members(100_000, r##""E#": "v""##)),
        format!(r#"{{"x": {{"command": "x", "args": [{}]}}}}"#, members(100_000, r##""#""##)),
        format!(r#"{{"x": {{"command": "x", "args": [{}]}}}}"#, members(100_000, "#")),
        format!(r#"{{{}}}"#, members(50_000, r##""s#": {"command": "x"}"##)),
        format!(r#"{{{}}}"#, members(50_000, r##""s#": {"command": 1, "args": "x"}"##)),
        format!(r#"{{"{}": {{"command": "x", {}}}}}"#, "k".repeat(1_000_000), members(100_000, r##""m#": 1"##)),
    ];
    let (world, project, admin) = setup().await;
    for file in files {
        // Not timed: what grows with the square of these would take hours, and the runner ends it.
        let plan = world.control.import.run(&admin, project.slug.as_str(), &file, ImportMode::DryRun).await.unwrap();
        assert!(plan.problems.len() <= 200 && plan.notes.len() <= 101, "{}", plan.problems.len());
    }
}

#[tokio::test]
async fn names_servers_that_are_there_twice() {
    assert_eq!(
        problems(r#"{"mcpServers": {"a": {"command": "1"}, "a": {"command": "2"}}}"#).await,
        ["line 1, column 40: mcpServers: two servers have the same name; rename or remove one of them"]
    );
}

#[tokio::test]
async fn refuses_what_makes_no_server() {
    let check = async |entry: &str| problems(&format!("{{\"mcpServers\": {{\"x\": {entry}}}}}")).await.join("\n");
    let table = [
        ("{}", "x: it has neither command nor url; write one of them"),
        ("[]", "x: expected an object, found an array; write { ... }"),
        (
            r#"{"command": "a", "url": "https://b"}"#,
            "x: it has a command and a url; leave one of them out, or add \"type\"",
        ),
        (r#"{"type": "stdio"}"#, "x.command: it is missing; write it, or change the type"),
        (
            r#"{"type": "http", "command": "a", "url": "https://b"}"#,
            "x: a remote server has no command, args, env and cwd; leave them out, or change the type",
        ),
        (
            r#"{"type": "ws", "url": "wss://b"}"#,
            "x.type: this transport is not known; write \"stdio\", \"streamable-http\" or \"sse\"",
        ),
        (
            r#"{"url": "https://ada:pw@b/mcp"}"#,
            "x.url: it holds credentials, and URLs are not secret here; put them into the header Authorization instead, as Basic and the base64 of name:password",
        ),
        (r#"{"url": "nonsense"}"#, "x.url: it is not a URL; write it as https://host/path"),
        (
            r#"{"url": "https://b", "headers": {"A": "1", "a": "2"}}"#,
            "x.headers.a: it is there twice; leave one of them out",
        ),
        (r#"{"command": "a", "command": "b"}"#, "x.command: it is there twice; leave one of them out"),
        (
            r#"{"command": "a", "timeout": 3600001}"#,
            "x.timeout: it is out of range; write seconds, more than 0 and at most 3600: 30 for half a minute",
        ),
        (r#"{"command": "a", "args": "-y"}"#, "x.args: expected an array, found a string; put it into [ ]"),
        (
            r#"{"command": "a", "env": {"A=B": "1"}}"#,
            "x.env[\"A=B\"]: it is not the name of a variable; use letters, digits and _",
        ),
        (
            r#"{"url": "https://b", "headers": {"Authorization": "Bearer ${TOKEN}"}}"#,
            "x.headers.Authorization: nothing is stored for this placeholder; write the value in place of ${TOKEN}",
        ),
    ];
    for (entry, expected) in table {
        let found = check(entry).await;
        let found = found.split_once(": ").map_or(found.as_str(), |(_, rest)| rest);
        assert_eq!(found, format!("mcpServers.{expected}"), "{entry}");
    }
}

#[tokio::test]
async fn explains_what_vs_code_would_ask() {
    let text = r#"{
  "inputs": [{ "id": "token", "description": "Token of the tracker" }],
  "servers": { "t": { "url": "https://b", "headers": { "Authorization": "Bearer ${input:token}" } } }
}"#;
    assert_eq!(
        problems(text).await,
        ["line 3, column 73: servers.t.headers.Authorization: VS Code would ask for it, and nobody is asked here; \
          write the value in place of ${input:token}: Token of the tracker"]
    );
}

#[tokio::test]
async fn numbers_names_that_fall_together() {
    let (world, project, admin) = setup().await;
    let slug = project.slug.as_str();
    let text =
        r#"{"A B": {"command": "1"}, "a-b": {"command": "2"}, "서버": {"command": "3"}, "123": {"command": "4"}}"#;
    let plan = world.control.import.run(&admin, slug, text, ImportMode::Apply).await.unwrap();
    let aliases: Vec<_> = plan.servers.iter().map(|server| server.alias.to_string()).collect();
    assert_eq!(aliases, ["a-b", "a-b-2", "server", "server-2"]);
    assert_eq!(
        plan.notes.iter().map(|note| note.problem.as_str()).collect::<Vec<_>>(),
        [
            "the alias a-b is taken; it is called a-b-2",
            "no alias can be made of this name; it is called server",
            "no alias can be made of this name; it is called server-2",
        ]
    );
    let again = world.control.import.run(&admin, slug, text, ImportMode::Apply).await.unwrap();
    assert!(again.servers.iter().all(|server| server.verb == ImportVerb::Unchanged), "{again:?}");
}

#[tokio::test]
async fn changes_nothing_on_a_dry_run() {
    let (world, project, admin) = setup().await;
    let text = r#"{"a": {"command": "1"}}"#;
    let plan = world.control.import.run(&admin, project.slug.as_str(), text, ImportMode::DryRun).await.unwrap();
    assert_eq!(plan.servers[0].verb, ImportVerb::Create);
    assert!(ServerRepo::list(&world.store, project.id).await.unwrap().is_empty());
    assert!(world.audit().await.is_empty());
}

#[tokio::test]
async fn updates_what_is_there_and_leaves_the_rest() {
    let (world, project, admin) = setup().await;
    let slug = project.slug.as_str();
    world.server(&admin, &project, "echo").await;
    world.server(&admin, &project, "other").await;
    let text = r#"{"echo": {"command": "npx", "args": ["new", "${ECHO_ARG_1}"], "env": {"TOKEN": "${TOKEN}"}, "disabled": true}}"#;
    let plan = world.control.import.run(&admin, slug, text, ImportMode::Apply).await.unwrap();
    assert_eq!(plan.servers[0].verb, ImportVerb::Update);
    assert_eq!(plan.servers[0].changes.lines().collect::<Vec<_>>(), ["args", "disabled"]);
    let servers = ServerRepo::list(&world.store, project.id).await.unwrap();
    assert_eq!(servers.len(), 2);
    let echo = &servers[0];
    assert_eq!(plain(echo, &Slot::Arg(0)).as_deref(), Some("new"));
    assert_eq!(plain(echo, &Slot::Arg(1)).as_deref(), Some("-y"), "a placeholder brings its argument along");
    assert_eq!(plain(echo, &Slot::Env("TOKEN".into())).as_deref(), Some("secret-token"));
    assert_eq!((echo.version, echo.generation, echo.enabled), (2, 2, false));
    assert_eq!(
        world.audit().await.last().map(String::as_str),
        Some("login server.update echo imported: args, disabled")
    );
}

#[tokio::test]
async fn keeps_no_secret_where_it_could_be_read_back() {
    let (world, project, admin) = setup().await;
    let slug = project.slug.as_str();
    let text = r#"{"a": {"url": "https://b", "auth": {"CLIENT_ID": "id", "CLIENT_SECRET": "s3cret"},
        "requestInit": {"headers": {"Authorization": "s3cret"}}, "apiKey": "s3cret", "tokens": ["s3cret"], "note": "fine"}}"#;
    let plan = world.control.import.run(&admin, slug, text, ImportMode::Apply).await.unwrap();
    let file = world.control.export.get(&admin, slug).await.unwrap().to_string();
    assert!(!file.contains("s3cret") && !format!("{plan:?}").contains("s3cret"), "{file}");
    assert!(file.contains(r#""note":"fine""#));
    assert_eq!(plan.notes.iter().filter(|note| note.problem.contains("left out")).count(), 4);
}

#[tokio::test]
async fn is_for_admins() {
    let (world, project, _) = setup().await;
    for role in [Role::Viewer, Role::Member] {
        let who = world.member(&project, role).await;
        let outcome = world.control.import.run(&who, project.slug.as_str(), "{}", ImportMode::DryRun).await;
        assert!(is_forbidden(&outcome), "{role}");
    }
}

#[tokio::test]
async fn exports_placeholders_only() {
    let (world, project, admin) = setup().await;
    let slug = project.slug.as_str();
    let text = r#"{"my-hub": {"command": "npx", "args": ["-y", "s3cret"], "env": {"TOKEN": "s3cret"}, "timeout": 60, "cwd": "/x"},
        "Remote": {"type": "sse", "url": "https://b/sse", "headers": {"X-Api-Key": "s3cret"}, "disabled": true, "autoApprove": ["a"]}}"#;
    world.control.import.run(&admin, slug, text, ImportMode::Apply).await.unwrap();
    let viewer = world.member(&project, Role::Viewer).await;
    let file = world.control.export.get(&viewer, slug).await.unwrap();
    assert_eq!(file["mcpServers"]["Remote"]["autoApprove"], Value::Null, "what is not understood may be anything");
    let file = world.control.export.get(&admin, slug).await.unwrap();
    let expected = r#"{"mcpServers":{"my-hub":{"command":"npx","args":["${MY_HUB_ARG_1}","${MY_HUB_ARG_2}"],"env":{"TOKEN":"${TOKEN}"},"cwd":"/x","timeout":60},"Remote":{"type":"sse","url":"https://b/sse","headers":{"X-Api-Key":"${REMOTE_X_API_KEY}"},"disabled":true,"autoApprove":["a"]}}}"#;
    assert_eq!(file.to_string(), expected);
}
