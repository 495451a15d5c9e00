//! A daemon of its own for each test, with an admin, a project and a key.

use std::fmt::Debug;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rmcp::ServiceExt;
use rmcp::service::{RoleClient, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const EMAIL: &str = "admin@example.com";
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// Longer than anything takes on a busy machine; reaching it is a failure.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// The daemon's program, to be run in a directory, with the data directory `data` in it.
pub(crate) fn orch_server(command: &str, directory: &Path) -> Command {
    let mut server = Command::new(env!("CARGO_BIN_EXE_orch-server"));
    server.arg(command);
    alone(server, directory)
}

/// The same of a command that becomes the program. Nothing of the environment of the tests is for it, but where programs
/// are found.
pub(crate) fn alone(mut command: Command, directory: &Path) -> Command {
    command.current_dir(directory).env_clear();
    for variable in ["PATH", "HOME"] {
        if let Some(value) = std::env::var_os(variable) {
            command.env(variable, value);
        }
    }
    command.env("ORCH_DATA_DIR", directory.join("data")).env("LOG_FORMAT", "text").stdin(Stdio::null());
    command
}

/// Runs what ends by itself, and gives its exit code with all that it said.
pub(crate) fn run(mut command: Command) -> (Option<i32>, String) {
    let output = command.output().expect("the command runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

pub(crate) struct Daemon {
    child: Child,
    /// Writes the log down, to its end.
    scribe: Option<JoinHandle<()>>,
    pub(crate) base: String,
    pub(crate) data: TempDir,
    pub(crate) http: reqwest::Client,
    pub(crate) token: String,
}

impl Daemon {
    pub(crate) async fn start() -> Self {
        Self::start_in(tempfile::tempdir().expect("a data directory")).await
    }

    /// Starts with settings of its own.
    pub(crate) async fn configured(settings: &str) -> Self {
        let data = tempfile::tempdir().expect("a data directory");
        std::fs::write(data.path().join("orch.toml"), settings).expect("a file of settings");
        Self::start_in(data).await
    }

    /// Starts on a data directory that may have been used before, and with the file of settings that may be there.
    pub(crate) async fn start_in(data: TempDir) -> Self {
        Self::start_with(data, &[]).await
    }

    /// Starts with further arguments.
    pub(crate) async fn start_with(data: TempDir, more: &[&str]) -> Self {
        Self::run(Command::new(env!("CARGO_BIN_EXE_orch-server")), data, more).await
    }

    /// Starts a daemon that is not ended by the signal for a file that would be larger than [`Self::limit_files`] lets it.
    pub(crate) async fn start_on_small_disk() -> Self {
        Self::start_ignoring("XFSZ").await
    }

    /// As `nohup` does.
    pub(crate) async fn start_without_a_terminal() -> Self {
        Self::start_ignoring("HUP").await
    }

    async fn start_ignoring(signal: &str) -> Self {
        let mut shell = Command::new("sh");
        let ignoring = format!(r#"trap '' {signal}; exec "$0" "$@""#);
        shell.args(["-c", &ignoring, env!("CARGO_BIN_EXE_orch-server")]);
        Self::run(shell, tempfile::tempdir().expect("a data directory"), &[]).await
    }

    /// From now on no file of the daemon grows beyond this many bytes, or `unlimited`; those that have stay.
    pub(crate) fn limit_files(&self, bytes: &str) {
        let mut prlimit = Command::new("prlimit");
        prlimit.arg(format!("--fsize={bytes}:")).args(["--pid", &self.pid().to_string()]);
        assert!(prlimit.status().expect("prlimit").success());
    }

    async fn run(command: Command, data: TempDir, more: &[&str]) -> Self {
        let settings = data.path().join("orch.toml");
        let config = if settings.exists() { vec!["--config".into(), settings.into_os_string()] } else { Vec::new() };
        let mut child = alone(command, data.path())
            .args(["serve", "--host", "127.0.0.1", "--port", "0"])
            .args(more)
            .args(config)
            .env("INITIAL_ADMIN_EMAIL", EMAIL)
            .env("INITIAL_ADMIN_PASSWORD", PASSWORD)
            .env("LOG_FORMAT", "json")
            .env("LOG_LEVEL", "info")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the daemon starts");
        let stderr = child.stderr.take().expect("its log");
        let (found, address) = mpsc::channel();
        let seen = data.path().join("daemon.log");
        let scribe = std::thread::spawn(move || {
            let mut kept = std::fs::File::create(&seen).expect("a file for the log");
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if let Ok(entry) = serde_json::from_str::<Value>(&line)
                    && entry["message"] == "listening"
                {
                    // The test may have given up waiting.
                    let _ = found.send(entry["address"].as_str().expect("an address").to_owned());
                }
                // Line by line, so that a reader never finds a part of what was there before.
                writeln!(kept, "{line}").ok();
            }
        });
        let Ok(address) = address.recv_timeout(DEADLINE) else {
            let log = std::fs::read_to_string(data.path().join("daemon.log")).unwrap_or_default();
            panic!("the daemon did not start listening:\n{log}");
        };
        let scribe = Some(scribe);
        let mut daemon = Self {
            child,
            scribe,
            base: format!("http://{address}"),
            data,
            http: reqwest::Client::new(),
            token: String::new(),
        };
        let login = daemon.post("/auth/login", json!({ "email": EMAIL, "password": PASSWORD })).await;
        daemon.token = login["access_token"].as_str().expect("a token").to_owned();
        daemon
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.data.path().join("daemon.log")).unwrap_or_default()
    }

    /// Ends the daemon with a signal that it cannot catch, and gives back its data.
    pub(crate) fn kill(mut self) -> TempDir {
        self.child.kill().expect("kill -9");
        self.child.wait().expect("its end");
        if let Some(scribe) = self.scribe.take() {
            scribe.join().expect("the whole log");
        }
        std::mem::replace(&mut self.data, tempfile::tempdir().expect("a directory"))
    }

    /// Waits until the daemon has ended by itself or by a signal, and gives how, with its data.
    pub(crate) fn wait(mut self) -> (std::process::ExitStatus, TempDir) {
        let status = self.child.wait().expect("its end");
        (status, std::mem::replace(&mut self.data, tempfile::tempdir().expect("a directory")))
    }

    /// A call of the REST API that must succeed.
    pub(crate) async fn send(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.try_send(method.clone(), path, body).await;
        assert!(status.is_success(), "{method} {path}: {status} {answer}\n{}", self.log());
        answer
    }

    pub(crate) async fn try_send(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Option<Value>,
    ) -> (reqwest::StatusCode, Value) {
        let mut request =
            self.http.request(method, format!("{}/api/v1{path}", self.base)).timeout(DEADLINE).bearer_auth(&self.token);
        if self.token.is_empty() {
            request = self.http.post(format!("{}/api/v1{path}", self.base));
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.expect("an answer");
        let status = response.status();
        let text = response.text().await.expect("a body");
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.send(reqwest::Method::POST, path, Some(body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.send(reqwest::Method::GET, path, None).await
    }

    /// The same project, to be used with something else in it, or at another daemon.
    pub(crate) fn same(&self, project: &Project<'_>) -> Project<'_> {
        Project { daemon: self, slug: project.slug.clone(), key: project.key.clone(), key_id: project.key_id.clone() }
    }

    /// Creates a project with the servers of a configuration, and a key for it.
    pub(crate) async fn project(&self, slug: &str, servers: Value) -> Project<'_> {
        self.post("/projects", json!({ "name": slug, "slug": slug })).await;
        self.post(&format!("/projects/{slug}/import"), json!({ "mcpServers": servers })).await;
        let key = self.post(&format!("/projects/{slug}/keys"), json!({ "name": "test" })).await;
        Project {
            daemon: self,
            slug: slug.to_owned(),
            key: key["key"].as_str().expect("the key").to_owned(),
            key_id: key["id"].as_str().expect("its id").to_owned(),
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Gone already after `kill`.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) type Client = RunningService<RoleClient, ()>;

pub(crate) struct Project<'a> {
    pub(crate) daemon: &'a Daemon,
    pub(crate) slug: String,
    pub(crate) key: String,
    pub(crate) key_id: String,
}

impl Project<'_> {
    pub(crate) fn url(&self, endpoint: &str) -> String {
        format!("{}/projects/{}/{endpoint}", self.daemon.base, self.slug)
    }

    /// The official SDK as client of `unified/mcp` or `servers/<alias>/mcp`.
    pub(crate) async fn client(&self, endpoint: &str) -> Client {
        let config = StreamableHttpClientTransportConfig::with_uri(self.url(endpoint)).auth_header(self.key.clone());
        let transport = StreamableHttpClientTransport::from_config(config);
        let client = tokio::time::timeout(DEADLINE, ().serve(transport)).await.expect("a handshake in time");
        client.unwrap_or_else(|error| panic!("no handshake: {error}\n{}", self.daemon.log()))
    }

    /// Starts servers and waits for what they offer: a list under one roof goes without whoever takes long to start.
    pub(crate) async fn started(self, aliases: &[&str]) -> Self {
        for alias in aliases {
            self.daemon.post(&format!("/projects/{}/servers/{alias}/start", self.slug), json!({})).await;
        }
        self
    }

    pub(crate) async fn calls(&self) -> Vec<Value> {
        let mut calls = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.daemon.get(&format!("/projects/{}/calls?limit=200{cursor}", self.slug)).await;
            calls.extend(page["items"].as_array().expect("items").iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return calls,
            }
        }
    }

    /// The record reaches the database in batches, a moment after the answers have left.
    pub(crate) async fn calls_when(&self, enough: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        until("the record is complete", async || {
            let calls = self.calls().await;
            if enough(&calls) { Ok(calls) } else { Err(format!("{} calls", calls.len())) }
        })
        .await
    }
}

/// Where `scripts/test.sh` has installed the MCP servers, and the SDKs.
pub(crate) fn servers() -> PathBuf {
    let folder = std::env::var_os("ORCH_TEST_MCP_SERVERS")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/mcp-servers"));
    assert!(
        folder.join("node_modules").is_dir(),
        "the MCP servers are not installed in {}: run scripts/test.sh, or set ORCH_TEST_MCP_SERVERS",
        folder.display()
    );
    folder
}

/// The configuration of a server from npm, run by Node.js without going to a registry.
pub(crate) fn npm_server(name: &str, args: &[&str]) -> Value {
    let script = servers().join(format!("node_modules/@modelcontextprotocol/{name}/dist/index.js"));
    let mut all = vec![script.display().to_string()];
    all.extend(args.iter().map(|arg| (*arg).to_owned()));
    json!({ "command": "node", "args": all })
}

pub(crate) fn time_server() -> Value {
    let command = servers().join("venv/bin/mcp-server-time");
    json!({ "command": command.display().to_string(), "args": ["--local-timezone", "UTC"] })
}

pub(crate) fn git_server(repository: &str) -> Value {
    let command = servers().join("venv/bin/mcp-server-git");
    json!({ "command": command.display().to_string(), "args": ["--repository", repository] })
}

/// The server of ours that does as it is told.
pub(crate) fn scripted(args: &[&str]) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers/scripted.mjs");
    let mut all = vec![script.display().to_string()];
    all.extend(args.iter().map(|arg| (*arg).to_owned()));
    json!({ "command": "node", "args": all })
}

/// The server of ours that offers everything, in either era, and checks what it gets.
pub(crate) fn everything(args: &[&str]) -> Value {
    let mut all = vec![everything_script()];
    all.extend(args.iter().map(|arg| (*arg).to_owned()));
    json!({ "command": "node", "args": all })
}

pub(crate) fn everything_script() -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/testkit/everything/main.mjs");
    script.display().to_string()
}

/// The server of ours that speaks the modern revision only.
pub(crate) fn modern() -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers/modern.mjs");
    json!({ "command": "node", "args": [script.display().to_string()] })
}

/// The processes that descend from `pid`, by what the kernel says now.
pub(crate) fn descendants(pid: u32) -> Vec<u32> {
    let mut found = Vec::new();
    let mut open = vec![pid];
    while let Some(parent) = open.pop() {
        let Ok(tasks) = std::fs::read_dir(format!("/proc/{parent}/task")) else { continue };
        for task in tasks.flatten() {
            let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
            for child in children.split_whitespace().filter_map(|child| child.parse().ok()) {
                found.push(child);
                open.push(child);
            }
        }
    }
    found
}

/// Whether the process exists and is not merely waiting to be collected.
pub(crate) fn runs(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z'))
}

/// Polls until the condition holds.
pub(crate) async fn eventually(what: &str, holds: impl Fn() -> bool) {
    until(what, async || if holds() { Ok(()) } else { Err("it does not hold") }).await;
}

/// Polls until there is what is waited for; until then, what there is in its place.
pub(crate) async fn until<T, E: Debug>(what: &str, look: impl AsyncFn() -> Result<T, E>) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        match look().await {
            Ok(found) => return found,
            Err(instead) => assert!(Instant::now() < end, "{what}: not within {DEADLINE:?}: {instead:?}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
