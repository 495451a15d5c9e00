//! Owns the daemon under test: how it is started, set up over REST, and found ready.
//! The only file that knows the daemon's settings and interface. Never measures a call.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use crate::child::{self, Guarded, free_port};
use crate::client;
use crate::endpoint::Endpoint;
use crate::load::{Dialect, Session, Shape, Target};

const READY_LIMIT: Duration = Duration::from_secs(20);
const CALL_LIMIT: Duration = Duration::from_secs(20);
const EMAIL: &str = "bench@example.com";
/// How much of the daemon's own words is worth showing when it fails.
const LOG_SHOWN: usize = 1500;

/// A daemon that may be started many times on the same data.
pub(crate) struct Installation {
    program: PathBuf,
    password: String,
    port: u16,
    folder: TempDir,
}

pub(crate) struct Daemon {
    process: Guarded,
    /// From just before it was started until it said that it is ready.
    pub(crate) ready_after: Duration,
}

/// The daemon's two MCP endpoints and the key to them.
pub(crate) struct Access {
    pub(crate) http: Target,
    pub(crate) stdio: Target,
    /// The server behind `http`, over HTTP+SSE.
    pub(crate) sse: Target,
}

impl Installation {
    pub(crate) fn new(program: &Path) -> Result<Self> {
        let program = program.canonicalize().with_context(|| format!("no daemon at {}", program.display()))?;
        let folder = tempfile::Builder::new().prefix("orch-bench-daemon").tempdir()?;
        // Mixed characters, in case the daemon asks for some.
        let password = format!("Aa1-{}", Uuid::new_v4().simple());
        Ok(Self { program, password, port: free_port()?, folder })
    }

    /// Starts the daemon and returns once it is ready.
    pub(crate) async fn start(&self) -> Result<Daemon> {
        let log = File::create(self.log_file()).context("create the daemon's log")?;
        let mut command = child::command(&self.program);
        // Nothing of the caller's own settings, also no .env file, may change what is measured.
        command
            .args(["serve", "--host", "127.0.0.1", "--port", &self.port.to_string()])
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", child::search_path())
            .env("HOME", self.folder.path())
            .env("ORCH_DATA_DIR", self.folder.path().join("data"))
            .env("INITIAL_ADMIN_EMAIL", EMAIL)
            .env("INITIAL_ADMIN_PASSWORD", &self.password)
            .env("LOG_LEVEL", "warn")
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("share the daemon's log")?)
            .stderr(log);
        let started = Instant::now();
        let process = Guarded::start(&mut command)?;
        let mut daemon = Daemon { process, ready_after: Duration::ZERO };
        match self.await_ready(&mut daemon, started).await {
            Ok(()) => Ok(daemon),
            Err(error) => bail!("{error:#}; it said: {}", self.log()),
        }
    }

    /// Ends the daemon and starts it anew on its data.
    pub(crate) async fn restart(&self, daemon: &mut Daemon) -> Result<()> {
        daemon.process.end();
        *daemon = self.start().await?;
        Ok(())
    }

    /// Creates project, servers and key.
    pub(crate) async fn set_up(&self, upstream: &Endpoint) -> Result<Access> {
        let outcome = self.set_up_over_rest(upstream).await;
        outcome.with_context(|| format!("set the daemon up; it said: {}", self.log()))
    }

    async fn await_ready(&self, daemon: &mut Daemon, started: Instant) -> Result<()> {
        let request = self.request("GET", "/health/ready", None, None);
        let address = Endpoint::local(self.port, "").address();
        loop {
            if let Ok((200, _)) = client::once(address, &request).await {
                daemon.ready_after = started.elapsed();
                return Ok(());
            }
            ensure!(daemon.process.is_running(), "the daemon ended while it started");
            ensure!(started.elapsed() < READY_LIMIT, "not ready after {READY_LIMIT:?}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn set_up_over_rest(&self, upstream: &Endpoint) -> Result<Access> {
        let login = json!({"email": EMAIL, "password": self.password});
        let answer = self.post("/api/v1/auth/login", None, &login).await?;
        let token = text(&answer, "access_token")?;
        let create = async |path: &str, body: Value| self.post(path, Some(token), &body).await;
        create("/api/v1/projects", json!({"name": "Bench", "slug": "bench"})).await?;
        let servers = "/api/v1/projects/bench/servers";
        let http = json!({"type": "streamable-http", "url": upstream.to_string(), "headers": {}});
        create(servers, json!({"alias": "http", "transport": http})).await?;
        let program = std::env::current_exe().context("find this program")?;
        let stdio = json!({"type": "stdio", "command": program, "args": ["upstream-stdio"],
            "env": {}});
        create(servers, json!({"alias": "stdio", "transport": stdio})).await?;
        let keys = "/api/v1/projects/bench/keys";
        let answer = create(keys, json!({"name": "bench"})).await?;
        let bearer = text(&answer, "key")?;
        let target = |alias: &str| Target {
            endpoint: Endpoint::local(self.port, &format!("/projects/bench/servers/{alias}/mcp")),
            bearer: Some(bearer.to_owned()),
            dialect: Dialect::Session,
        };
        let sse = Endpoint::local(self.port, "/projects/bench/servers/http/sse");
        let sse = Target { endpoint: sse, dialect: Dialect::Sse, ..target("http") };
        let access = Access { http: target("http"), stdio: target("stdio"), sse };
        await_call(&access.http).await.context("call through the http server")?;
        await_call(&access.stdio).await.context("call through the stdio server")?;
        Ok(access)
    }

    async fn post(&self, path: &str, token: Option<&str>, body: &Value) -> Result<Value> {
        let request = self.request("POST", path, token, Some(body));
        let address = Endpoint::local(self.port, "").address();
        let (status, answer) = client::once(address, &request).await.with_context(|| format!("POST {path}"))?;
        ensure!((200..300).contains(&status), "POST {path}: status {status} with {}", String::from_utf8_lossy(&answer));
        serde_json::from_slice(&answer).with_context(|| format!("POST {path}: read the answer"))
    }

    fn request(&self, method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Vec<u8> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{}\r\n", self.port);
        head += "accept: application/json\r\nconnection: close\r\n";
        if let Some(token) = token {
            head += &format!("authorization: Bearer {token}\r\n");
        }
        let body = body.map(Value::to_string).unwrap_or_default();
        if !body.is_empty() {
            head += &format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
        }
        format!("{head}\r\n{body}").into_bytes()
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("daemon.log")
    }

    fn log(&self) -> String {
        let bytes = std::fs::read(self.log_file()).unwrap_or_default();
        let end = bytes.get(bytes.len().saturating_sub(LOG_SHOWN)..).unwrap_or_default();
        String::from_utf8_lossy(end).trim().to_owned()
    }
}

impl Daemon {
    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }
}

/// An upstream may need a moment after it was added; then a whole session must work.
pub(crate) async fn await_call(target: &Target) -> Result<()> {
    let started = Instant::now();
    loop {
        let Err(error) = call_once(target).await else { return Ok(()) };
        if started.elapsed() > CALL_LIMIT {
            return Err(error.context(format!("no call came through within {CALL_LIMIT:?}")));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn call_once(target: &Target) -> Result<()> {
    let shape = Shape { tool: "echo".to_owned(), payload: 16 };
    let mut session = Session::open(target, &shape, 0).await?;
    let called = tokio::time::timeout(Duration::from_secs(5), session.call()).await;
    called.context("no answer within 5 s")??;
    session.close().await.context("close the session")
}

fn text<'v>(answer: &'v Value, member: &str) -> Result<&'v str> {
    answer.get(member).and_then(Value::as_str).with_context(|| format!("no {member} in an answer"))
}
