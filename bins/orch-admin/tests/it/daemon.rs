//! Beside a running daemon: it has followed when a command ends, and says what its servers are doing.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Admin, echo};

/// Longer than anything takes on a busy machine; reaching it is a failure.
const DEADLINE: Duration = Duration::from_secs(60);

/// The daemon of an instance; killed when it is dropped.
pub(crate) struct Daemon {
    child: Child,
    address: String,
}

impl Daemon {
    pub(crate) fn of(admin: &Admin) -> Self {
        let server = Path::new(env!("CARGO_BIN_EXE_orch-admin")).with_file_name("orch-server");
        assert!(server.exists(), "{} is not built; run: cargo build -p orch-server", server.display());
        #[expect(clippy::disallowed_methods, reason = "a test of what runs beside the daemon runs the daemon")]
        let mut serve = Command::new(server);
        let mut child = serve
            .args(["serve", "--host", "127.0.0.1", "--port", "0", "--data-dir", "data"])
            .current_dir(admin.path(""))
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("LOG_FORMAT", "json")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the daemon starts");
        let mut log = BufReader::new(child.stderr.take().expect("its log")).lines().map_while(Result::ok);
        let mut entries = log.by_ref().filter_map(|line| serde_json::from_str::<Value>(&line).ok());
        let listening =
            entries.find(|entry| entry.get("message").is_some_and(|said| said == "listening")).expect("it listens");
        let address = listening.get("address").and_then(Value::as_str).expect("an address").to_owned();
        // Somebody has to read it, or the daemon would wait.
        std::thread::spawn(move || log.for_each(drop));
        Self { child, address }
    }

    /// The status of a `ping` without a session: 400 for who is let in, 401 for who is not.
    fn ping(&self, key: &str) -> String {
        let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
        let answer = self.send("POST /projects/demo/unified/mcp", key, &ping);
        answer.split(' ').nth(1).expect("a status").to_owned()
    }

    /// A request, such as `POST /path`, and the answer to it as it comes.
    pub(crate) fn send(&self, request: &str, credential: &str, body: &Value) -> String {
        let body = body.to_string();
        let mut stream = TcpStream::connect(&self.address).expect("the daemon");
        write!(
            stream,
            "{request} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {credential}\r\n\
             content-type: application/json\r\naccept: application/json, text/event-stream\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
        .expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn what_a_command_has_done_holds_when_it_ends() {
    let admin = Admin::with_demo();
    let daemon = Daemon::of(&admin);
    for name in ["one", "two", "three", "four", "five"] {
        let made = admin.run(&format!("key create --project demo {name} --json")).json();
        let key = made["key"].as_str().expect("a key");
        assert_eq!(daemon.ping(key), "400", "{name} is let in");
        let revoked = admin.run(&format!("key revoke --project demo {name}"));
        assert_eq!((revoked.code, revoked.stderr.as_str()), (0, ""));
        assert_eq!(daemon.ping(key), "401", "{name} is not let in any more");
    }
}

#[test]
fn the_daemon_says_what_its_servers_are_doing() {
    let admin = Admin::with_demo();
    let show = |server: &str| admin.run(&format!("server show --project demo {server} --json")).json();
    let broken = show("broken");
    assert_eq!((&broken["status"], &broken["last_note"]), (&Value::Null, &Value::Null));
    let daemon = Daemon::of(&admin);
    assert_eq!(show("echo")["status"]["state"], "stopped");
    admin.run("server set --project demo broken --always-on true").text(0);
    admin.run("server set --project demo echo --always-on true").text(0);
    let until = |server: &str, enough: &dyn Fn(&Value) -> bool| {
        let since = Instant::now();
        loop {
            let seen = show(server);
            if enough(&seen["status"]) {
                return seen;
            }
            assert!(since.elapsed() < DEADLINE, "{seen}");
        }
    };
    let broken = until("broken", &|status| status["failing"]["failures"].as_u64().is_some_and(|count| count > 0));
    let reason = "the command `/does/not/exist` was not found";
    assert_eq!(broken["status"]["last_failure"], reason);
    let echo = until("echo", &|status| status["state"] == "ready");
    assert!(echo["status"]["pid"].is_u64() && echo["lists_read"].is_string(), "{echo}");
    assert_eq!((&echo["status"]["failing"], &echo["status"]["lists_stale"]), (&Value::Null, &json!(false)));
    let list = admin.run("server list --project demo");
    assert_eq!(list.stderr, "");
    let row = |alias: &str| list.stdout.lines().find(|line| line.starts_with(alias)).expect("a row").to_owned();
    assert!(row("broken").ends_with(reason) && row("broken").contains("  never  "), "{list:?}");
    assert!(row("echo").contains("  ready ") && row("echo").contains(" ago  "), "{list:?}");
    let text = admin.run("server show --project demo broken").text(0);
    assert!(text.contains(&format!("\nlast failure  {reason}\nnext step     ")), "{text}");

    drop(daemon);
    // What is on disk is known without it.
    let broken = show("broken");
    assert_eq!(broken["status"], Value::Null);
    assert!(broken["last_note"]["text"].is_string(), "{broken}");
    assert!(show("echo")["lists_read"].is_string());
    let list = admin.run("server list --project demo");
    assert_eq!(list.stderr, "no daemon runs on this data directory, so the states of servers are not known\n");
    admin.run("key create --project demo later").text(0);
}

#[test]
fn lists_that_are_stored_were_read_whoever_read_them() {
    let admin = Admin::with_demo();
    let daemon = Daemon::of(&admin);
    let show = || admin.run("server show --project demo echo --json").json();
    assert_eq!(show()["lists_read"], Value::Null);
    admin.run("tool list --project demo echo").text(0);
    let seen = show();
    assert_eq!(seen["status"]["state"], "stopped", "the daemon has read none: {seen}");
    assert!(seen["lists_read"].is_string(), "{seen}");
    let list = admin.run("server list --project demo").text(0);
    assert!(list.lines().any(|line| line.starts_with("echo") && line.contains(" ago ")), "{list}");
    drop(daemon);
}

#[test]
fn follows_the_log_of_the_daemon_s_server_and_of_no_other() {
    let admin = Admin::with_demo();
    let script = format!("echo I am $$ >&2; exec sh {}", echo());
    let config = json!({ "mcpServers": { "loud": { "command": "sh", "args": ["-c", script] } } });
    admin.run_with("server import --project demo -", &config.to_string()).text(0);
    admin.run("server set --project demo loud --always-on true").text(0);
    let _daemon = Daemon::of(&admin);

    let following = ["server", "logs", "--project", "demo", "loud", "-f", "--json", "--data-dir", "data"];
    let mut child = admin.command(&following).spawn().expect("the command starts");
    let out = BufReader::new(child.stdout.take().expect("its output"));
    let (sender, lines) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let lines = out.lines().map_while(Result::ok).filter_map(|line| serde_json::from_str::<Value>(&line).ok());
        lines.map_while(|line| sender.send(line).ok()).for_each(drop);
    });
    let next = || loop {
        let line = lines.recv_timeout(DEADLINE).expect("a line of the log");
        if line["text"].as_str().is_some_and(|text| text.starts_with("I am ")) {
            return line;
        }
    };
    let first = next();
    admin.run("server restart --project demo loud").text(0);
    let second = next();
    let written = admin.run("server logs --project demo loud --source stderr --json").json();
    assert_eq!(written, json!([first, second]));
    child.kill().ok();
    child.wait().ok();
}

#[test]
fn a_daemon_that_does_not_answer_is_said_so_of() {
    let admin = Admin::with_demo();
    // Nothing that a daemon of this instance would say.
    let socket = std::os::unix::net::UnixListener::bind(admin.path("data/daemon.sock")).expect("a socket");
    std::thread::spawn(move || socket.incoming().for_each(drop));
    let created = admin.run("key create --project demo laptop");
    assert!(created.stderr.contains("warning: the change is made, and the daemon may follow it"), "{created:?}");
    created.text(0);
    let list = admin.run("server list --project demo");
    assert!(list.stderr.starts_with("warning: the states of servers are not known: "), "{list:?}");
    list.text(0);
}
