//! One daemon on a data directory, with the secrets that belong to it, and with somebody who may manage it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::harness::{Daemon, orch_server, run};

fn serve(directory: &Path) -> Command {
    let mut serve = orch_server("serve", directory);
    serve.args(["--host", "127.0.0.1", "--port", "0"]);
    serve
}

#[tokio::test]
async fn a_second_daemon_is_refused() {
    let daemon = Daemon::start().await;
    let (code, said) = run(serve(daemon.data.path()));
    let holder = format!("another daemon (process {}) serves the data directory", daemon.pid());
    assert!(code == Some(1) && said.contains(&holder), "{code:?} {said}");
    // One that was killed is not in the way.
    Daemon::start_in(daemon.kill()).await;
}

#[tokio::test]
async fn a_second_daemon_on_the_same_file_is_refused_whatever_its_directory() {
    let daemon = Daemon::start().await;
    let folder = daemon.data.path();
    std::os::unix::fs::symlink("data/orchestrator.db", folder.join("linked.db")).expect("a link");
    let second = |command: &str, name: &str| {
        let mut second = orch_server(command, folder);
        second.env("ORCH_DATA_DIR", folder.join("other")).env("DATABASE_URL", format!("sqlite://{name}"));
        // Those of the instance.
        for (variable, file) in [("JWT_SECRET", "jwt_secret"), ("MCP_ENCRYPTION_KEY", "encryption_key")] {
            let secret = std::fs::read_to_string(folder.join("data/secrets").join(file)).expect("a secret");
            second.env(variable, secret.trim());
        }
        if command == "serve" {
            second.args(["--host", "127.0.0.1", "--port", "0"]);
        }
        run(second)
    };
    for name in ["data/orchestrator.db", "linked.db"] {
        let (code, said) = second("serve", name);
        let holder = format!("another daemon (process {}) serves the database {name}", daemon.pid());
        assert!(code == Some(1) && said.contains(&holder), "{code:?} {said}");
        // Who serves nothing may open it.
        let (code, said) = second("check-config", name);
        assert!(code == Some(0) && said.contains("every stored secret opens"), "{code:?} {said}");
    }
    // One that was killed is not in the way.
    Daemon::start_in(daemon.kill()).await;
}

#[tokio::test]
async fn starts_with_no_other_secrets() {
    let directory = Daemon::start().await.kill();
    for variable in ["JWT_SECRET", "MCP_ENCRYPTION_KEY"] {
        let mut other = serve(directory.path());
        other.env(variable, "5d".repeat(32));
        let (code, said) = run(other);
        let refusal = format!("{variable} is not the one of this instance");
        assert!(code == Some(1) && said.contains(&refusal) && said.contains("/data/secrets/"), "{code:?} {said}");
        let mut other = orch_server("check-config", directory.path());
        other.env(variable, "5d".repeat(32));
        let (code, said) = run(other);
        assert!(code == Some(1) && said.contains(&refusal), "{code:?} {said}");
    }
    // Those of the instance are not made up anew.
    std::fs::remove_file(directory.path().join("data/secrets/jwt_secret")).expect("a secret");
    let (code, said) = run(serve(directory.path()));
    assert!(code == Some(1) && said.contains("JWT_SECRET is not set, and"), "{code:?} {said}");
    assert!(!directory.path().join("data/secrets/jwt_secret").exists());
}

#[tokio::test]
async fn a_database_that_is_gone_is_not_made_anew() {
    let directory = Daemon::start().await.kill();
    let data = directory.path().join("data");
    for end in ["", "-wal", "-shm"] {
        // The companions are there when the daemon was killed.
        let _ = std::fs::remove_file(data.join(format!("orchestrator.db{end}")));
    }
    let place = data.join("audit/checkpoints");
    std::fs::create_dir_all(data.join("audit")).expect("a directory");
    std::fs::write(&place, "one\n").expect("a checkpoint");
    let refused = || {
        for command in [serve(directory.path()), orch_server("check-config", directory.path())] {
            let (code, said) = run(command);
            let expected = ["checkpoints of its audit trail", "there was an instance here", "orch-admin restore"];
            assert!(code == Some(1) && expected.iter().all(|part| said.contains(part)), "{code:?} {said}");
        }
    };
    refused();
    assert!(!data.join("orchestrator.db").exists(), "what was lost may still come back");
    std::fs::write(data.join("orchestrator.db"), "").expect("an empty file");
    refused();
    // Secrets alone are no instance.
    std::fs::remove_dir_all(data.join("audit")).expect("no checkpoints");
    std::fs::remove_dir_all(data.join("journal")).expect("no journal");
    Daemon::start_in(directory).await;
}

#[tokio::test]
async fn says_that_nobody_may_manage_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut daemon = serve(directory.path()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    let log = BufReader::new(daemon.stderr.take().expect("its log"));
    let daemon = Ended(daemon);
    let mut start = Vec::new();
    for line in log.lines().map_while(Result::ok) {
        let listening = line.contains("listening");
        start.push(line);
        if listening {
            break;
        }
    }
    drop(daemon);
    let warning = start.iter().find(|line| line.contains("WARN") && line.contains("there is no instance admin"));
    assert!(warning.is_some_and(|line| line.contains("user create EMAIL --admin")), "{start:#?}");
    let daemon = Daemon::start().await;
    assert!(!daemon.log().contains("there is no instance admin"), "{}", daemon.log());
}

#[test]
fn a_check_of_the_configuration_makes_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let (code, said) = run(orch_server("check-config", directory.path()));
    assert!(code == Some(0) && said.contains("a start generates: ") && said.contains("a start makes it"), "{said}");
    assert!(!directory.path().join("data").exists());
}

#[test]
fn a_restore_that_was_broken_off_is_no_good_configuration() {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(directory.path().join("data")).expect("a directory");
    std::fs::write(directory.path().join("data/restore.unfinished"), "").expect("a file");
    for command in [orch_server("check-config", directory.path()), serve(directory.path())] {
        let (code, said) = run(command);
        assert!(code == Some(1) && said.contains("orch-admin restore again"), "{code:?} {said}");
    }
}

/// Ended when it is dropped, also by a test that fails.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}
