//! The record, its verification and export; keys of encryption; backups.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::daemon::Daemon;
use crate::harness::{Admin, PASSWORD, echo};

/// A value that must be nowhere in the clear.
const PLANTED: &str = "planted-value-9f31c7";

#[test]
fn verifies_and_exports_what_was_done() {
    let admin = Admin::with_demo();
    admin.run("tool call --project demo echo echo --arguments {}").text(0);
    let report = admin.run("audit verify --json").json();
    assert_eq!(report["sound"], true, "{report}");
    assert_eq!(report["calls"], 1);
    assert!(report["checkpoints"].as_u64().expect("a number") > 0, "each command leaves checkpoints: {report}");
    assert!(report["anchors"].as_u64().expect("a number") > 0, "also in the file: {report}");

    let export = admin.run("audit export").text(0);
    let lines: Vec<Value> = export.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    let records = lines.iter().map(|line| line["record"].as_str().expect("a word"));
    assert_eq!(records.collect::<BTreeSet<_>>(), ["call", "entry"].into());
    assert!(lines.iter().any(|line| line["action"] == "user.create"));
    let added = lines.iter().find(|line| line["action"] == "server.create").expect("the demo has a server");
    let named = |name: &str| added["facts"].as_array().expect("facts").iter().any(|fact| fact["name"] == name);
    assert!(named("project") && named("transport"), "{added}");
    assert!(lines.iter().all(|line| line["link"].as_str().is_some_and(|link| link.len() == 64)), "{export}");
    let of_project = admin.run("audit export --project demo").text(0);
    assert!(of_project.lines().count() < lines.len());
    assert!(!of_project.contains("user.create"));
    admin.run("audit export --project nowhere").text(3);
}

#[test]
fn keeps_arguments_where_the_project_wants_them() {
    let admin = Admin::with_demo();
    let call = format!("tool call --project demo echo echo --arguments {{\"text\":\"seen\",\"apiKey\":\"{PLANTED}\"}}");
    for choice in ["nothing", "digest", "redacted --hide *iban*"] {
        let changed = admin.run(&format!("project update demo --recorded-arguments {choice} --json")).json();
        assert_eq!(changed["recorded_arguments"]["mode"], choice.split(' ').next().unwrap_or_default());
        admin.run(&call).text(0);
    }
    let shown = admin.run("project show demo --json").json();
    assert_eq!(shown["recorded_arguments"], serde_json::json!({ "mode": "redacted", "hidden": ["*iban*"] }));
    let updated = admin.run("project update demo --name Demo").text(0);
    assert!(updated.contains("\narguments     redacted on record\nhidden        *iban*\n"), "{updated}");
    assert_eq!(admin.run("project show demo").text(0), updated);
    admin.run("project show nothing").text(3);
    admin.run("project update demo --recorded-arguments digest --hide x").text(2);
    let export = admin.run("audit export --project demo").text(0);
    let lines = export.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
    let calls: Vec<_> = lines.filter(|line| line["record"] == "call").collect();
    assert!(calls[0]["arguments"].is_null() && calls[0]["arguments_digest"].is_null(), "{}", calls[0]);
    assert_eq!(calls[1]["arguments_digest"].as_str().map(str::len), Some(64), "{}", calls[1]);
    let kept: Value = serde_json::from_str(calls[2]["arguments"].as_str().expect("arguments")).expect("JSON");
    assert_eq!(kept, serde_json::json!({ "text": "seen", "apiKey": "[redacted]" }));
    assert!(!export.contains(PLANTED));
    assert_eq!(admin.run("audit verify --json").json()["sound"], true);
    assert_eq!(files_with(&admin.path("data"), PLANTED), [""; 0]);
}

#[test]
fn tells_what_was_tampered_with() {
    let admin = Admin::with_demo();
    let database = admin.path("data/orchestrator.db");
    let bytes = std::fs::read(&database).expect("the database");
    // The log of the database is in the file once the last command has ended.
    let at = bytes.windows(11).position(|found| found == b"user.create").expect("an entry in the clear");
    let mut changed = bytes;
    changed[at..at + 11].copy_from_slice(b"user.delete");
    std::fs::write(&database, changed).expect("the database");
    let ran = admin.run("audit verify --json");
    assert_eq!(ran.code, 1, "{ran:?}");
    let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(report["findings"][0]["damage"], "changed", "{report}");
    assert_eq!(report["findings"][0]["record"], "entries");
}

#[test]
fn tells_what_is_wrong_with_the_file_of_checkpoints() {
    let admin = Admin::with_demo();
    let file = admin.path("data/audit/checkpoints");
    let good = std::fs::read_to_string(&file).expect("the file");
    std::fs::write(&file, format!("nonsense\n{good}v1 end torn by a loss of pow")).expect("the file");
    // The end of each command puts something behind what was torn.
    for _ in 0..2 {
        let ran = admin.run("audit verify --json");
        assert_eq!(ran.code, 1, "{ran:?}");
        let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
        let findings = report["findings"].as_array().expect("findings");
        assert_eq!(findings.len(), 1, "{report}");
        assert_eq!((&findings[0]["damage"], &findings[0]["number"]), (&"unreadable".into(), &1.into()), "{report}");
        admin.run("project list").text(0);
    }
    std::fs::remove_file(&file).expect("the file");
    let ran = admin.run("audit verify");
    assert!(ran.stderr.starts_with("warning: there is no checkpoint in") && !ran.stdout.contains("warning"), "{ran:?}");
    ran.text(0);
    let report = admin.run("audit verify --json").json();
    let warning = report["warnings"][0].as_str().expect("a warning");
    assert!(warning.starts_with("there is no checkpoint in"), "{report}");
    admin.run("project create Next").text(0);
    assert_eq!(admin.run("audit verify --json").json()["warnings"], serde_json::json!([]));
}

/// More than are sealed anew in one write.
const MANY: usize = 250;

#[test]
fn seals_secrets_anew_with_the_first_key_while_the_daemon_works() {
    let admin = Admin::with_demo();
    // Its script looks at none of its arguments.
    let args: Vec<_> = std::iter::once(echo().to_owned()).chain((0..MANY).map(|number| number.to_string())).collect();
    let config = json!({ "mcpServers": { "many": { "command": "sh", "args": args } } });
    admin.run_with("server import --project demo -", &config.to_string()).text(0);
    admin.run("server set --project demo many --personal GREETING").text(0);
    let daemon = Daemon::of(&admin);
    let login = json!({ "email": "ada@example.com", "password": PASSWORD });
    let login = daemon.send("POST /api/v1/auth/login", "", &login);
    let (_, token) = login.split_once(r#""access_token":""#).expect("a token");
    let (token, _) = token.split_once('"').expect("its end");
    let own = json!({ "env": { "GREETING": "my own" } });
    let stored = daemon.send("PATCH /api/v1/projects/demo/servers/many/personal-secrets", token, &own);
    assert!(stored.starts_with("HTTP/1.1 200"), "{stored}");
    drop(daemon);
    let greets = |daemon: &Daemon, server: &str, greeting: &str| {
        let call = json!({ "kind": "tool", "name": "echo", "arguments": { "message": "Ada" } });
        let answer = daemon.send(&format!("POST /api/v1/projects/demo/servers/{server}/calls"), token, &call);
        assert!(answer.contains(&format!("{greeting} Ada")), "{server}: {answer}");
    };

    let all = admin.run("encryption verify --json").json();
    assert_eq!(
        (&all["stale"], all["secrets"].as_u64().is_some_and(|count| count > MANY as u64)),
        (&Value::from(0), true),
        "{all}"
    );
    let file = admin.path("data/secrets/encryption_key");
    let old = std::fs::read_to_string(&file).expect("the key").trim().to_owned();
    let new = "ab".repeat(32);
    std::fs::write(&file, format!("{new},{old}")).expect("the keys");
    let before = admin.run("encryption verify --json").json();
    assert_eq!(before["stale"], before["secrets"]);
    let daemon = Daemon::of(&admin);
    greets(&daemon, "echo", "hello");
    let rotated = admin.run("encryption rotate --json").json();
    assert_eq!(rotated["renewed"], before["secrets"]);
    assert_eq!(admin.run("encryption rotate --json").json()["renewed"], 0, "a second run has nothing to do");
    greets(&daemon, "echo", "hello");
    greets(&daemon, "many", "my own");
    drop(daemon);
    // The old key is not needed any more, and the server starts with what was sealed anew.
    std::fs::write(&file, &new).expect("the key");
    assert_eq!(admin.run("encryption verify --json").json()["stale"], 0);
    let daemon = Daemon::of(&admin);
    greets(&daemon, "echo", "hello");
    greets(&daemon, "many", "my own");
}

#[test]
fn a_backup_comes_back_as_it_was_and_has_no_key() {
    let admin = Admin::with_demo();
    admin.run("tool call --project demo echo echo --arguments {}").text(0);
    let made = admin.run("backup saved --json").json();
    assert_eq!(made["database"], "sqlite");
    admin.run("backup saved").text(2);
    assert!(!admin.path("saved/secrets").exists());
    let key = std::fs::read_to_string(admin.path("data/secrets/encryption_key")).expect("the key");
    assert_eq!(files_with(&admin.path("saved"), key.trim()), [""; 0]);

    admin.run("restore saved").text(4);
    let other = "restore saved --data-dir other";
    admin.run_without_data_dir("restore nothing --data-dir other").text(2);
    admin.run_without_data_dir(other).text(0);
    admin.run_without_data_dir(other).text(4);
    std::fs::create_dir_all(admin.path("other/secrets")).expect("a directory");
    for name in ["encryption_key", "jwt_secret"] {
        std::fs::copy(admin.path("data/secrets").join(name), admin.path("other/secrets").join(name)).expect("a key");
    }
    let before = admin.run_without_data_dir("audit verify --json --data-dir data").json();
    let after = admin.run_without_data_dir("audit verify --json --data-dir other").json();
    assert_eq!((&after["sound"], &after["calls"]), (&Value::from(true), &before["calls"]), "{after}");
    let servers =
        |dir: &str| admin.run_without_data_dir(&format!("server list --project demo --json --data-dir {dir}")).json();
    assert_eq!(servers("other"), servers("data"));
    admin.run_without_data_dir("encryption verify --data-dir other").text(0);

    // What was altered in the backup is not brought anywhere.
    let file = admin.path("saved/database/database.sqlite");
    let mut bytes = std::fs::read(&file).expect("the copy");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&file, bytes).expect("the copy");
    let refused = admin.run_without_data_dir("restore saved --data-dir third");
    assert!(refused.code == 2 && refused.stderr.contains("not what was written"), "{refused:?}");
    assert!(!admin.path("third/orchestrator.db").exists());
}

#[test]
fn a_restore_that_fails_or_is_broken_off_is_made_again() {
    let admin = Admin::with_demo();
    admin.run("tool call --project demo echo echo --arguments {}").text(0);
    admin.run("backup saved").text(0);
    let restore = "restore saved --data-dir other";
    let left = |part: &str| std::fs::read_dir(admin.path("other").join(part)).map_or(0, Iterator::count);

    // Where the database is to come stands something that cannot be taken away.
    std::fs::create_dir_all(admin.path("other/orchestrator.db.part/held")).expect("a directory");
    let failed = admin.run_without_data_dir(restore);
    assert!(failed.code == 1 && failed.stderr.contains("cannot be removed"), "{failed:?}");
    assert_eq!((left("journal"), left("audit")), (0, 0));
    assert!(!admin.path("other/restore.unfinished").exists());
    std::fs::remove_dir_all(admin.path("other/orchestrator.db.part")).expect("the directory");

    // One that was killed before its database came.
    for file in ["restore.unfinished", "journal/of-the-backup.calls", "orchestrator.db.part"] {
        let path = admin.path("other").join(file);
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        std::fs::write(path, "").expect("a file");
    }
    for command in ["project list", "migrate up", "migrate status", "backup there", "adopt-secrets"] {
        let refused = admin.run_without_data_dir(&format!("{command} --data-dir other"));
        assert!(refused.code == 1 && refused.stderr.contains("orch-admin restore again"), "{command}: {refused:?}");
    }
    admin.run_without_data_dir(restore).text(0);
    assert!(
        !admin.path("other/restore.unfinished").exists() && !admin.path("other/journal/of-the-backup.calls").exists()
    );

    // One that was killed after that: what has come stays.
    std::fs::write(admin.path("other/restore.unfinished"), "").expect("a file");
    std::fs::write(admin.path("other/journal/of-the-backup.calls"), "").expect("a file");
    let whole = admin.run_without_data_dir(restore);
    assert!(whole.code == 4 && whole.stderr.contains("after everything had come"), "{whole:?}");
    assert!(admin.path("other/journal/of-the-backup.calls").exists());
    assert!(!admin.path("other/restore.unfinished").exists());
}

#[test]
fn no_secret_is_readable_anywhere() {
    let admin = Admin::with_demo();
    let config = serde_json::json!({ "mcpServers": {
        "secretive": { "command": "sh", "args": ["-c", "exit 1", PLANTED], "env": { "TOKEN": PLANTED } },
        "remote": { "type": "http", "url": "https://mcp.example.com/mcp", "headers": { "Authorization": PLANTED } },
    }});
    admin.run_with("server import --project demo -", &config.to_string()).text(0);
    // Arguments of a call are no secret of ours, and are not kept either.
    admin.run(&format!("tool call --project demo echo echo --arguments {{\"text\":\"{PLANTED}\"}}")).text(0);
    let failed = admin.run("tool list --project demo secretive");
    assert!(!format!("{failed:?}").contains(PLANTED), "{failed:?}");
    for command in ["server list --project demo --json", "audit export", "server export --project demo"] {
        let said = format!("{:?}", admin.run(command));
        assert!(!said.contains(PLANTED), "{command}: {said}");
    }
    admin.run("backup saved").text(0);
    for place in ["data", "saved"] {
        assert_eq!(files_with(&admin.path(place), PLANTED), [""; 0]);
    }
}

/// The files below a directory that have a text in them.
fn files_with(dir: &std::path::Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if std::fs::read(&path).expect("a file").windows(text.len()).any(|part| part == text.as_bytes()) {
            found.push(path.display().to_string());
        }
    }
    found
}
