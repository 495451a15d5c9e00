//! Runs `orch-admin` on a fresh instance and holds what it said.

use std::io::Write;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// A server that echoes, fails or says what it was started with; see the script.
const ECHO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/echo.sh");

pub(crate) struct Admin {
    data: TempDir,
}

/// Where the script of that server is.
pub(crate) const fn echo() -> &'static str {
    ECHO
}

/// One run of the command.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn to_its_end(child: Child) -> Self {
        let output = child.wait_with_output().expect("its end");
        Self {
            code: output.status.code().expect("an exit code"),
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// Checks the exit code and gives what was said on standard output.
    pub(crate) fn text(self, code: i32) -> String {
        assert_eq!(self.code, code, "{self:?}");
        self.stdout
    }

    /// Checks that it went well and that standard output is one JSON document.
    pub(crate) fn json(self) -> Value {
        assert_eq!(self.code, 0, "{self:?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Admin {
    /// A data directory with nothing in it.
    pub(crate) fn empty() -> Self {
        Self { data: tempfile::tempdir().expect("a directory") }
    }

    /// An instance with an admin, and the project `demo` with two servers.
    pub(crate) fn with_demo() -> Self {
        let admin = Self::empty();
        admin.run("migrate up").text(0);
        admin.run_with("user create --admin ada@example.com --password-stdin", PASSWORD).text(0);
        admin.run("project create Demo").text(0);
        let config = serde_json::json!({ "mcpServers": {
            "echo": { "command": "sh", "args": [ECHO], "env": { "GREETING": "hello" } },
            "broken": { "command": "/does/not/exist" },
        }});
        admin.run_with("server import --project demo -", &config.to_string()).text(0);
        admin
    }

    /// Runs with arguments that hold no space.
    pub(crate) fn run(&self, arguments: &str) -> Ran {
        self.run_with(arguments, "")
    }

    pub(crate) fn run_with(&self, arguments: &str, stdin: &str) -> Ran {
        self.run_all(&arguments.split(' ').collect::<Vec<_>>(), stdin)
    }

    pub(crate) fn run_all(&self, arguments: &[&str], stdin: &str) -> Ran {
        self.start(&[arguments, &["--data-dir", "data"]].concat(), stdin)
    }

    /// A path beside the data directory `data`, or in it.
    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.data.path().join(name)
    }

    pub(crate) fn run_without_data_dir(&self, arguments: &str) -> Ran {
        self.start(&arguments.split(' ').collect::<Vec<_>>(), "")
    }

    /// Writes a file beside the data directory and gives its path.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.data.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    }

    /// The command, yet to be started, with its streams piped.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        #[expect(clippy::disallowed_methods, reason = "a test of a command runs the command")]
        let mut command = Command::new(env!("CARGO_BIN_EXE_orch-admin"));
        // No setting of this machine counts, and no .env file of a folder above.
        command
            .args(arguments)
            .current_dir(self.data.path())
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn start(&self, arguments: &[&str], stdin: &str) -> Ran {
        let mut child = self.command(arguments).spawn().expect("the command starts");
        // A command that reads nothing may be gone already.
        let _ = child.stdin.take().expect("its input").write_all(stdin.as_bytes());
        Ran::to_its_end(child)
    }
}
