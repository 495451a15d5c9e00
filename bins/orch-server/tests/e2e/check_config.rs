//! `check-config` says what a start would fail of.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::json;

use crate::harness::{Daemon, scripted};

fn check(data: &Path, variables: &[(&str, &str)], settings: &str) -> (Option<i32>, String) {
    let file = data.join("check.toml");
    std::fs::write(&file, settings).expect("a file of settings");
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_orch-server"))
        .arg("check-config")
        .arg("--config")
        .arg(&file)
        .current_dir(data)
        .env("ORCH_DATA_DIR", data.join("data"))
        .env_remove("DATABASE_URL")
        .envs(variables.iter().copied())
        .output()
        .expect("the command runs");
    (status.code(), format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr)))
}

#[tokio::test]
async fn says_what_a_start_would_fail_of() {
    let daemon = Daemon::start().await;
    let mut server = scripted(&[]);
    server["env"] = json!({ "TOKEN": "a secret" });
    daemon.project("checked", json!({ "s": server })).await;
    let data = daemon.kill();
    let (code, said) = check(data.path(), &[], "");
    assert!(code == Some(0) && said.contains("every stored secret opens"), "{said}");
    let other_key = "ab".repeat(32);
    let no_certificate = format!("[upstream.tls]\nca_file = {:?}", data.path().join("check.toml"));
    for (variables, settings, expected) in [
        (&[("MCP_ENCRYPTION_KEY", other_key.as_str())][..], "", "does not open with MCP_ENCRYPTION_KEY"),
        (&[("LOG_LEVEL", "loud")], "", "LOG_LEVEL"),
        (&[("ORCH_TRUSTED_PROXIES", "not-an-address")], "", "not-an-address"),
        (&[], no_certificate.as_str(), "has no certificate in PEM"),
        (&[], "[auth]\naccess_token_seconds = 86401", "an access token lives a day at most"),
    ] {
        let (code, said) = check(data.path(), variables, settings);
        assert!(code == Some(1) && said.contains(expected), "{expected}: {code:?} {said}");
    }
}
