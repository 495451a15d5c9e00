//! `check-config` says what a start would fail of.

use std::path::Path;

use serde_json::json;

use crate::harness::{Daemon, orch_server, run, scripted};

fn check(data: &Path, variables: &[(&str, &str)], settings: &str) -> (Option<i32>, String) {
    let file = data.join("check.toml");
    std::fs::write(&file, settings).expect("a file of settings");
    let mut check = orch_server("check-config", data);
    check.arg("--config").arg(&file).envs(variables.iter().copied());
    run(check)
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
        (&[("JWT_SECRET", "a"), ("AUTH_SECRET", "b")], "", "JWT_SECRET and AUTH_SECRET are two names of one setting"),
        (&[("ORCH_SANDBOX", "yes")], "", "ORCH_SANDBOX: \"yes\" is none of optional, required"),
        (&[("ORCH_TRUSTED_PROXIES", "0.0.0.0/0")], "", "everybody could say where a request comes from"),
        (&[("ORCH_TRUSTED_PROXIES", "not-an-address")], "", "not-an-address"),
        (&[("ORCH_ALLOWED_HOSTS", "https://orch.internal")], "", "ORCH_ALLOWED_HOSTS"),
        (&[("INITIAL_ADMIN_EMAIL", "nobody")], "", "INITIAL_ADMIN_EMAIL"),
        (&[("SMTP_URL", "mail.example.com"), ("SMTP_FROM", "a@example.com")], "", "SMTP_URL"),
        (&[("ORCH_ENV", "prod")], "", "ORCH_ENV: \"prod\" is none of development, production"),
        (&[], no_certificate.as_str(), "upstream.tls.ca_file"),
        (&[], "[upstream.proxy]\ndirect = [\"*.internal\"]", "upstream.proxy.direct: \"*.internal\" can match nothing"),
        (&[], "[upstream.addresses]\nallow_hosts = [\"a.internal:80\"]", "can match nothing; write a.internal"),
        (&[], "[upstream.addresses]\nallow_networks = [\"224.0.0.0/4\"]", "it is never allowed"),
        (&[], "auto_migrat = false", "auto_migrate is meant, perhaps"),
        (&[], "[relay]\npage_items = 0", "relay.page_items: 0 is not"),
        (&[], "[auth]\naccess_token_seconds = 86401", "an access token lives a day at most, 86400 (in"),
        (&[], "log.level = \"loud\"", "log.level: \"loud\" is no level"),
        (&[("HOST", "localhost")], "", "HOST: \"localhost\" is no address such as 127.0.0.1 or 0.0.0.0"),
        (&[("PORT", "9464")], "", "metrics.port: 9464 is the port of the daemon itself"),
        (&[("ORCH_DATA_DIR", "/proc/self/data")], "", "the data directory /proc/self/data cannot be written"),
        (
            &[("MCP_SERVER_BASE_URL", "https://example.com/mcp")],
            "",
            "has a path, under which the dashboard does not work",
        ),
    ] {
        let (code, said) = check(data.path(), variables, settings);
        assert!(code == Some(1) && said.contains(expected), "{expected}: {code:?} {said}");
    }
}

/// A start with these settings that is to fail: what it said.
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let mut serve = orch_server("serve", folder);
    serve.args(["--port", "0"]).args(arguments);
    let (code, said) = run(serve);
    assert_eq!(code, Some(1), "{arguments:?}: {said}");
    said
}

#[test]
fn a_start_refuses_the_same_before_it_makes_anything() {
    let folder = tempfile::tempdir().expect("a directory");
    let file = folder.path().join("orch.toml");
    for (settings, expected) in [
        ("base_url = \"mcp.example.com\"", "base_url: `mcp.example.com`"),
        ("allowed_origins = [\"mcp.example.com\"]", "allowed_origins: `mcp.example.com`"),
        ("trusted_proxies = [\"proxy\"]", "trusted_proxies: `proxy`"),
        ("[initial_admin]\nemail = \"a@example.com\"\npassword = \"short\"", "initial_admin.password: "),
        ("[mail]\nsmtp_url = \"smtps://mail.example.com\"\nfrom = \"nobody\"", "mail.from: `nobody`"),
        ("[upstream.tls]\nca_file = \"gone.pem\"", "upstream.tls.ca_file"),
        ("[upstream.proxy]\nhttp = \"socks5://proxy\"", "upstream.proxy.http"),
    ] {
        std::fs::write(&file, settings).expect("a file of settings");
        let said = refused(folder.path(), &["--config", "orch.toml"]);
        assert!(said.contains(expected), "{settings}: {said}");
        assert!(!folder.path().join("data").exists(), "{settings}");
    }
    assert!(refused(folder.path(), &["--config", "."]).contains(". is a directory"));
    assert!(refused(folder.path(), &["--config", "gone.toml"]).contains("gone.toml does not exist"));
}

#[test]
fn says_in_which_file_a_value_is_wrong() {
    let folder = tempfile::tempdir().expect("a directory");
    std::fs::write(folder.path().join(".env"), "LOG_LEVEL=loud\n").expect("a file of variables");
    let (code, said) = check(folder.path(), &[], "");
    assert!(code == Some(1) && said.contains("LOG_LEVEL: \"loud\" is no level"), "{said}");
    assert!(said.trim_end().ends_with("(in .env)"), "{said}");
    // The environment wins, so the file has no part in it.
    let (_, said) = check(folder.path(), &[("LOG_LEVEL", "noisy")], "");
    assert!(said.contains("LOG_LEVEL: \"noisy\"") && !said.contains("(in"), "{said}");
    let (code, said) = check(folder.path(), &[("LOG_LEVEL", "info")], "");
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn a_schema_that_is_not_to_be_migrated_is_not() {
    let folder = tempfile::tempdir().expect("a directory");
    std::fs::write(folder.path().join("orch.toml"), "auto_migrate = false").expect("a file of settings");
    let said = refused(folder.path(), &["--config", "orch.toml"]);
    assert!(said.contains("orch-admin migrate up"), "{said}");
}

#[test]
fn a_misspelled_variable_is_told_and_a_file_is_named_by_one() {
    let folder = tempfile::tempdir().expect("a directory");
    std::fs::write(folder.path().join(".env"), "ORCH_CONFIG=named.toml\n").expect("a file of variables");
    std::fs::write(folder.path().join("named.toml"), "port = 9123").expect("a file of settings");
    let (code, said) = check(folder.path(), &[("ORCH_ALLOWED_HOST", "orch.internal")], "");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("warning: ORCH_ALLOWED_HOST is no setting"), "{said}");
    assert!(said.contains("http://localhost:8000"), "the flag wins: {said}");
    let (_, said) = run(orch_server("check-config", folder.path()));
    assert!(said.contains("http://localhost:9123"), "{said}");
}

#[test]
fn says_who_else_reads_and_changes_the_files_of_settings() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a directory");
    let secret = "4f".repeat(32);
    // Whatever the umask of who runs this takes away.
    let stand = |name: &str, text: &str, mode| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
    };
    let variables = format!("JWT_SECRET={secret}\n");
    stand(".env", &variables, 0o666);
    stand("check.toml", "", 0o644);
    let settings = format!("encryption_key = \"{secret}\"");
    let (code, said) = check(folder.path(), &[], &settings);
    let remarks = [
        "warning: the file .env can be changed by everybody",
        "warning: the file .env can be read by everybody on this machine, and has JWT_SECRET",
        "check.toml can be read by everybody on this machine, and has encryption_key",
    ];
    assert!(code == Some(0) && remarks.iter().all(|remark| said.contains(remark)), "{said}");
    assert!(!said.contains(&secret), "{said}");
    stand(".env", &variables, 0o600);
    let (_, said) = check(folder.path(), &[], "");
    assert!(!said.contains("everybody"), "{said}");
}
