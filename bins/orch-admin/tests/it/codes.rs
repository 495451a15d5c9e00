//! Exit codes and where things are said.

use crate::harness::{Admin, Ran};

#[test]
fn gives_the_documented_exit_codes() {
    let admin = Admin::with_demo();
    for (arguments, code) in [
        ("user list", 0),
        ("tool call --project demo echo echo --arguments [1]", 2),
        ("user create nobody", 2),
        ("user frobnicate", 2),
        ("server import --project demo /does/not/exist.json", 2),
        ("key create --project demo name --expires soon", 2),
        ("server list --project nowhere", 3),
        ("server enable --project demo nothing", 3),
        ("tool call --project demo nothing x", 3),
        ("user deactivate nobody@example.com", 3),
        ("key revoke --project demo nothing", 3),
        // Also as the value of a flag.
        ("user promote nobody@example.com", 3),
        ("project create x --admin nobody@example.com", 3),
        ("key create --project demo x --creator nobody@example.com", 3),
        ("key create --project demo x --server nothing", 3),
        ("policy add --project demo allow --for user:nobody@example.com", 3),
        ("policy add --project demo allow --for key:nothing", 3),
        ("policy add --project demo allow --for team:nothing", 3),
        ("policy explain --project demo echo echo --user nobody@example.com", 3),
        ("audit export --output data", 2),
        ("backup data", 2),
        ("restore nothing", 2),
        ("project create x --separator -", 2),
        ("project create Demo", 4),
        ("user create ada@example.com", 4),
        ("user deactivate ada@example.com", 4),
    ] {
        let ran = admin.run(arguments);
        assert_eq!(ran.code, code, "{arguments}: {ran:?}");
        assert!(code == 0 || (ran.stdout.is_empty() && !ran.stderr.is_empty()), "{arguments}: {ran:?}");
    }
}

#[test]
fn a_setting_that_cannot_be_used_is_wrong_usage() {
    let admin = Admin::with_demo();
    for (variable, value) in [
        ("LOG_FORMAT", "loud"),
        ("DATABASE_URL", "mysql://localhost/orch"),
        ("JWT_SECRET", "short"),
        ("MCP_ENCRYPTION_KEY", "zzz"),
    ] {
        let mut command = admin.command(&["user", "list", "--data-dir", "data"]);
        let ran = Ran::to_its_end(command.env(variable, value).spawn().expect("the command starts"));
        assert!(ran.stderr.contains(variable), "{ran:?}");
        ran.text(2);
    }
    let loud = admin.run("user list --log-level loud");
    assert!(loud.stderr.starts_with("error: --log-level: \"loud\" is no level; use error, warn,"), "{loud:?}");
    loud.text(2);
}

#[test]
fn a_database_that_is_away_has_a_code_of_its_own() {
    let admin = Admin::empty();
    let config = "database_url = \"postgresql://nobody@127.0.0.1:1/none\"\n";
    let path = admin.file("away.toml", config);
    let away = admin.run(&format!("user list --config {path}"));
    assert!(away.stderr.contains("hint: check that the database runs"), "{away:?}");
    away.text(5);
    assert!(!admin.path("data").exists(), "nothing is made for a command that does nothing");
}

#[test]
fn prints_the_openapi_document() {
    let admin = Admin::empty();
    let document = admin.run("openapi").json();
    assert!(document["paths"]["/api/v1/projects"].is_object(), "{document}");
    assert!(!admin.run("--help").text(0).is_empty());
}
