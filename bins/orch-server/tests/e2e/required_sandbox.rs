//! An instance that starts no server without a whole sandbox: what was there before waits, what is made is confined, and
//! a machine that cannot do it serves nothing.

use std::path::Path;
use std::process::Command;

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::confined::landlock;
use crate::harness::{Daemon, alone, orch_server, run, scripted};

const REQUIRED: &str = "[servers]\nsandbox = \"required\"\n";

fn check_config(directory: &Path) -> Command {
    let mut check = orch_server("check-config", directory);
    check.args(["--config", "orch.toml"]);
    check
}

#[tokio::test]
async fn what_has_none_is_not_started_and_nothing_like_it_is_made() {
    if !landlock() {
        // Then no daemon starts: see below.
        return;
    }
    let daemon = Daemon::start().await;
    daemon.project("team", json!({ "tool": scripted(&[]) })).await;
    let path = "/projects/team/servers";
    daemon.send(Method::POST, &format!("{path}/tool/start"), None).await;
    let directory = daemon.kill();
    std::fs::write(directory.path().join("orch.toml"), REQUIRED).expect("a file of settings");
    let (code, said) = run(check_config(directory.path()));
    let waits = "these servers have no whole sandbox, so they are not started: team/tool";
    assert!(code == Some(0) && said.contains(waits), "{code:?} {said}");

    let daemon = Daemon::start_in(directory).await;
    assert!(daemon.log().contains(waits), "{}", daemon.log());
    let (status, answer) = daemon.try_send(Method::POST, &format!("{path}/tool/start"), None).await;
    assert!(!status.is_success() && answer.to_string().contains("servers.sandbox"), "{status} {answer}");
    let state = daemon.get(&format!("{path}/tool")).await["status"].clone();
    let reason = state["reason"].as_str().unwrap_or_default();
    assert!(state["state"] == "incompatible" && reason.contains("set the mode of its sandbox to on"), "{state}");

    for (change, is_refused) in [
        (json!({ "name": "Tool" }), true),
        (json!({ "enabled": false }), false),
        (json!({ "name": "Tool" }), false),
        (json!({ "enabled": true }), true),
        (json!({ "enabled": true, "sandbox": { "mode": "best_effort" } }), true),
    ] {
        let (status, answer) = daemon.try_send(Method::PATCH, &format!("{path}/tool"), Some(change.clone())).await;
        let expected = if is_refused { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        assert_eq!(status, expected, "{change}: {answer}");
        assert!(!is_refused || answer["errors"].to_string().contains("servers.sandbox"), "{change}: {answer}");
    }
    let script = scripted(&[])["args"][0].clone();
    let confined = json!({ "enabled": true, "sandbox": { "mode": "on", "read_paths": [script], "network": "none" } });
    daemon.send(Method::PATCH, &format!("{path}/tool"), Some(confined)).await;
    daemon.send(Method::POST, &format!("{path}/tool/start"), None).await;
    let servers = json!({ "mcpServers": { "silent": { "command": "echo" } } });
    daemon.post("/projects/team/import", servers).await;
    assert_eq!(daemon.get(&format!("{path}/silent")).await["sandbox"]["mode"], "on");
}

/// Refuses the system calls of Landlock, as a kernel without it does, and becomes the command. Their numbers are the
/// same on every processor.
const WITHOUT_LANDLOCK: &str = r#"
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
refused = [444, 445, 446]
program = [struct.pack("HBBI", 0x20, 0, 0, 0)]
for position, number in enumerate(refused):
    program.append(struct.pack("HBBI", 0x15, len(refused) - position, 0, number))
program.append(struct.pack("HBBI", 0x06, 0, 0, 0x7fff0000))
program.append(struct.pack("HBBI", 0x06, 0, 0, 0x00050000 | 38))
code = ctypes.create_string_buffer(b"".join(program))
class Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("program", ctypes.c_void_p)]
wanted = Filter(len(program), ctypes.addressof(code))
if libc.prctl(38, 1, 0, 0, 0) != 0 or libc.prctl(22, 2, ctypes.byref(wanted), 0, 0) != 0:
    sys.exit("no filter")
os.execv(sys.argv[1], sys.argv[1:])
"#;

#[test]
fn a_machine_that_cannot_make_one_serves_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let run = |command: &str| {
        let mut python = Command::new("python3");
        python.args(["-c", WITHOUT_LANDLOCK, env!("CARGO_BIN_EXE_orch-server"), command, "--config", "orch.toml"]);
        run(alone(python, directory.path()))
    };
    let settings = directory.path().join("orch.toml");
    std::fs::write(&settings, REQUIRED).expect("a file of settings");
    for command in ["check-config", "serve"] {
        let (code, said) = run(command);
        let why = said.contains("servers.sandbox (ORCH_SANDBOX) is required") && said.contains("has no Landlock");
        assert!(code == Some(1) && why && !said.contains("best_effort"), "{command}: {code:?} {said}");
        assert!(!directory.path().join("data").exists(), "{command}");
    }
    std::fs::write(&settings, "").expect("a file of settings");
    let (code, said) = run("check-config");
    assert_eq!(code, Some(0), "{said}");
}
